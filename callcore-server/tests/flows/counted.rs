//! What flows do is counted: nodes by type and outcome, deliveries by what came of them.

use callcore::model::HttpMethod;
use callcore::port::{Http, HttpRequest};
use callcore_server::client::HttpClient;
use serde_json::json;

use crate::flow::flow;
use crate::office::{Office, PATIENCE, configure, settings, settled};
use crate::receiver::Receiver;

#[tokio::test]
async fn nodes_and_deliveries_are_counted_without_names_that_tenants_give() {
    let receiver = Receiver::answering(&[404]).await;
    let folder = tempfile::tempdir().unwrap();
    let office = Office::open(settings(&folder)).await;
    let splits = json!({ "strategy": "percentage", "splits": [
        { "id": "our-best-branch", "percentage": 100 } ] });
    let flow = flow(
        &[
            ("pixel", "tracking_pixel", json!({ "pixelUrl": receiver.url, "retries": 0 })),
            ("ab", "traffic_splitter", splits),
            ("bye", "end", json!({ "message": "Goodbye." })),
        ],
        &[("pixel", "next", "ab"), ("ab", "our-best-branch", "bye")],
    );
    configure(&office.app.stores, flow).await;
    office.line.voice("CA1").await;
    settled(&office.app.stores, "CA1").await;
    let request = HttpRequest {
        method: HttpMethod::Get,
        url: office.line.url("/metrics"),
        headers: Vec::new(),
        body: Vec::new(),
        timeout: PATIENCE,
        most_body_bytes: 1_000_000,
    };
    let answer = HttpClient::default().send(request).await.unwrap();
    let text = String::from_utf8(answer.body).unwrap();
    for series in [
        r#"callcore_deliveries_total{kind="http",outcome="given_up"}"#,
        r#"callcore_flow_nodes_total{type="tracking_pixel",outcome="next"}"#,
        r#"callcore_flow_nodes_total{type="traffic_splitter",outcome="other"}"#,
        r#"callcore_flow_nodes_total{type="end",outcome="stayed"}"#,
        r#"callcore_webhooks_total{webhook="voice",outcome="answered"}"#,
    ] {
        assert!(text.contains(series), "{series} in\n{text}");
    }
    assert!(!text.contains("our-best-branch"), "{text}");
    office.close().await;
}
