//! What a target's report is answered, through the router.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Request, header};
use axum::response::IntoResponse;
use callcore::memory::{MemoryStore, Offline};
use callcore::model::{Target, TargetAuth};
use callcore::switchboard::ReportOutcome;
use callcore::vocabulary::TenantId;
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;
use uuid::Uuid;

use super::report::kept;
use crate::clock::SystemClock;
use crate::config::Settings;
use crate::directory::place_of_target;
use crate::state::{App, Stores};

const TARGET: Uuid = Uuid::from_u128(7);
const NOBODY: Uuid = Uuid::from_u128(8);

/// A server with one target, which proves itself by `Bearer hunter2`.
async fn app() -> App {
    let settings = Settings {
        session_secret: Some("s".repeat(32)),
        encryption_key: Some("e".repeat(32)),
        ..Settings::default()
    };
    let stores = Stores::of(&Arc::new(MemoryStore::default()));
    let (config, clock) = (settings.check().unwrap(), Arc::new(SystemClock::default()));
    let app = crate::start::shared(config, stores, clock, Arc::new(Offline), Arc::new(Offline));
    let sealer = app.sealer.as_deref().unwrap();
    let mut target = Target::new("Acme", "https://bid.example.com/");
    let token = sealer.seal("hunter2", &place_of_target(TARGET));
    target.auth = Some(TargetAuth::Bearer { token });
    let tenant = TenantId::from_uuid(Uuid::from_u128(1));
    app.stores.registry.create(tenant, TARGET, target.into(), app.clock.now()).await.unwrap();
    app
}

/// The status and the problem's places and codes.
async fn told(app: &App, from: &str, target: Uuid, secret: &str, body: &str) -> (u16, Vec<String>) {
    let mut request = Request::post(format!("/api/rtb/webhook/{target}"))
        .header(header::AUTHORIZATION, format!("Bearer {secret}"))
        .body(Body::from(body.to_owned()))
        .unwrap();
    let peer: SocketAddr = format!("{from}:4711").parse().unwrap();
    request.extensions_mut().insert(ConnectInfo(peer));
    let response = crate::app::router(app).oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    let body: Value = serde_json::from_slice(&bytes).unwrap();
    let text = |fault: &Value| format!("{} {}", fault["path"], fault["code"]).replace('"', "");
    let errors = body["errors"].as_array().map(|errors| errors.iter().map(text).collect());
    (status, errors.unwrap_or_default())
}

fn report_of(call: Uuid) -> String {
    format!(r#"{{"callId":"{call}","status":"sold"}}"#)
}

#[tokio::test]
async fn what_is_wrong_with_a_report_is_told_to_its_target_and_to_nobody_else() {
    let app = app().await;
    for (body, status, errors) in [
        ("{", 400, &[][..]),
        ("", 400, &[]),
        (r#"{"status":"sold"}"#, 422, &["/callId missing"]),
        (
            r#"{"callId":"x","status":"splendid","x":1}"#,
            422,
            &["/callId ", "/status ", "/x unknown_field"],
        ),
        (&report_of(NOBODY), 404, &[]),
    ] {
        let (found, told_of) = told(&app, "192.0.2.1", TARGET, "hunter2", body).await;
        assert_eq!(found, status, "{body}");
        assert_eq!(told_of.len(), errors.len(), "{told_of:?}");
        for (told, error) in told_of.iter().zip(errors) {
            assert!(told.starts_with(error), "{told_of:?}");
        }
        for (target, secret) in [(TARGET, "hunter3"), (NOBODY, "hunter2")] {
            let refused = told(&app, "192.0.2.1", target, secret, body).await;
            assert_eq!(refused, (403, Vec::new()), "{body}");
        }
    }
}

#[tokio::test]
async fn who_guesses_secrets_is_not_listened_to_for_a_while() {
    let app = app().await;
    let from = async |address: &str, secret: &str| {
        told(&app, address, TARGET, secret, &report_of(NOBODY)).await.0
    };
    for _ in 0..9 {
        assert_eq!(from("192.0.2.1", "hunter3").await, 403);
    }
    // Whoever knows the secret has only been clumsy.
    assert_eq!(from("192.0.2.1", "hunter2").await, 404);
    for _ in 0..10 {
        assert_eq!(from("192.0.2.1", "hunter3").await, 403);
    }
    assert_eq!(from("192.0.2.1", "hunter2").await, 429);
    assert_eq!(from("192.0.2.2", "hunter2").await, 404);
}

#[tokio::test]
async fn a_report_that_cannot_be_kept_says_why() {
    for (outcome, status, code) in [
        (ReportOutcome::NotDialled, 404, ""),
        (ReportOutcome::NotConnected, 409, "not_connected"),
        (ReportOutcome::Full, 409, "journal_full"),
        (ReportOutcome::TooMany, 409, "too_many_reports"),
    ] {
        let response = kept(outcome).unwrap_err().into_response();
        assert_eq!(response.status().as_u16(), status);
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        let body: Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(body["errors"][0]["code"].as_str().unwrap_or_default(), code);
    }
}
