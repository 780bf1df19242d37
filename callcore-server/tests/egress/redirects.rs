//! Redirects are answers like any other.

use super::listener::Listener;
use super::{fresh, get, post};

#[tokio::test]
async fn redirects_are_not_followed() {
    let target = Listener::friendly().await;
    for status in [300, 301, 302, 303, 305, 307, 308] {
        for location in [target.url(), "http://169.254.169.254/".into(), "/elsewhere".into()] {
            let bidder = Listener::saying(format!(
                "HTTP/1.1 {status} Elsewhere\r\nLocation: {location}\r\nRefresh: 0; url={location}\r\n\
                 Content-Length: 0\r\n\r\n"
            ))
            .await;
            for request in [get(bidder.url()), post(bidder.url(), "{}")] {
                let response = fresh().send(request).await.unwrap();
                assert_eq!(response.status, status);
                assert_eq!(response.header("location"), Some(location.as_str()));
            }
            assert_eq!(bidder.accepts(), 2, "{status} to {location}");
        }
    }
    assert_eq!(target.accepts(), 0);
}
