//! Requests that another site makes a browser send.

use axum::extract::{Request, State};
use axum::http::header::ORIGIN;
use axum::http::{HeaderMap, Method};
use axum::middleware::Next;
use axum::response::Response;

use super::principal::bearer;
use crate::http::Failure;
use crate::state::App;

/// Refuses requests that change something and that a browser sends for another site.
///
/// # Errors
/// [`Failure::Forbidden`].
pub async fn refuse_cross_site(
    State(app): State<App>,
    request: Request,
    next: Next,
) -> Result<Response, Failure> {
    if is_cross_site(request.method(), request.headers(), app.guard.origin.as_deref()) {
        let method = request.method();
        tracing::warn!(
            target: "security", event = "cross_site", %method, "a cross-site request was refused"
        );
        return Err(Failure::Forbidden("A browser sent this for another site."));
    }
    Ok(next.run(request).await)
}

/// A request with a Bearer token passes, because no browser adds one by itself; it is then never
/// answered for the cookie's user. A client that sends neither header is no browser.
fn is_cross_site(method: &Method, headers: &HeaderMap, ours: Option<&str>) -> bool {
    let safe = matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
    if safe || bearer(headers).is_some() {
        return false;
    }
    let mut sites = headers.get_all("sec-fetch-site").iter().peekable();
    if sites.peek().is_some() {
        return !sites.all(|site| site == "same-origin" || site == "none");
    }
    let mut origins = headers.get_all(ORIGIN).iter();
    !origins.all(|origin| ours.is_some_and(|ours| origin == ours))
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    const OURS: &str = "https://calls.example.com";

    fn refused(method: &Method, pairs: &[(&'static str, &'static str)]) -> bool {
        let pairs = pairs.iter();
        let headers = pairs
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect();
        is_cross_site(method, &headers, Some(OURS))
    }

    #[test]
    fn unsafe_methods_are_refused_by_the_table() {
        let site = |value| ("sec-fetch-site", value);
        let origin = |value| ("origin", value);
        let evil = origin("https://evil.example");
        let table = [
            (vec![], false),
            (vec![site("same-origin")], false),
            (vec![site("none")], false),
            (vec![site("same-origin"), evil], false),
            (vec![site("same-site")], true),
            (vec![site("cross-site")], true),
            (vec![site("cross-site"), origin(OURS)], true),
            (vec![site("")], true),
            (vec![site("Same-Origin")], true),
            (vec![site("same-origin"), site("cross-site")], true),
            (vec![origin(OURS)], false),
            (vec![evil], true),
            (vec![origin("null")], true),
            (vec![origin("")], true),
            (vec![origin("http://calls.example.com")], true),
            (vec![origin("https://calls.example.com.evil.example")], true),
            (vec![origin("https://calls.example.com:8443")], true),
            (vec![origin(OURS), evil], true),
            (vec![site("cross-site"), evil, ("authorization", "Bearer ck_x")], false),
            (vec![evil, ("authorization", "bearer ck_x")], false),
            (vec![evil, ("authorization", "Basic b3duZXI6eA==")], true),
            (vec![evil, ("authorization", "Bearerck_x")], true),
        ];
        for (pairs, expected) in table {
            for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH, Method::TRACE]
            {
                assert_eq!(refused(&method, &pairs), expected, "{method} {pairs:?}");
            }
        }
    }

    #[test]
    fn safe_methods_pass() {
        for method in [Method::GET, Method::HEAD, Method::OPTIONS] {
            assert!(!refused(&method, &[("sec-fetch-site", "cross-site")]));
        }
    }

    #[test]
    fn without_an_origin_of_our_own_no_origin_is_ours() {
        let headers = HeaderMap::from_iter([(ORIGIN, HeaderValue::from_static("null"))]);
        assert!(is_cross_site(&Method::POST, &headers, None));
        assert!(!is_cross_site(&Method::POST, &HeaderMap::new(), None));
    }
}
