//! The caller always hears something: the store panics, fails or hangs, and the answer is TwiML.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use callcore::call::{Call, Passage, StepKey};
use callcore::memory::{MemoryStore, Offline};
use callcore::model::{Campaign, CampaignStatus, Number, RoutingType};
use callcore::port::{
    Ask, Begun, CallFilter, Calls, Clock, Journey, Look, PassageFilter, Registry, Save, SaveError,
    StoreError,
};
use callcore::vocabulary::{CallId, NumberId, Page, PageRequest, TenantId};
use callcore_server::clock::SystemClock;
use callcore_server::config::Settings;
use callcore_server::state::Stores;
use callcore_server::{app, start};
use callcore_twiml::render::FALLBACK_TWIML;
use callcore_twiml::signature::{self, Body as Signed};
use callcore_twiml::{Form, Response};
use chrono::{DateTime, Utc};
use http_body_util::BodyExt;
use tower::ServiceExt;
use uuid::Uuid;

const TOKEN: &str = "token";
const PUBLIC_URL: &str = "https://calls.example.com";
const CALLED: &str = "+18005550199";
const TENANT: TenantId = TenantId::from_uuid(Uuid::from_u128(1));

/// How the store breaks.
#[derive(Clone, Copy, Debug)]
enum Fault {
    None,
    Panics,
    Fails,
    Hangs,
}

/// A store whose calls break.
#[derive(Debug)]
struct Broken {
    inner: Arc<MemoryStore>,
    fault: Fault,
}

impl Broken {
    async fn strike(&self) -> Result<(), StoreError> {
        match self.fault {
            Fault::None => Ok(()),
            Fault::Panics => panic!("planted"),
            Fault::Fails => Err(StoreError::unavailable("planted")),
            Fault::Hangs => std::future::pending().await,
        }
    }
}

#[async_trait]
impl Calls for Broken {
    async fn look(
        &self,
        tenant: TenantId,
        call: CallId,
        ask: &Ask,
        now: DateTime<Utc>,
    ) -> Result<Look, StoreError> {
        self.strike().await?;
        self.inner.look(tenant, call, ask, now).await
    }

    async fn begin(
        &self,
        tenant: TenantId,
        call: CallId,
        step: &StepKey,
        until: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Begun, StoreError> {
        self.inner.begin(tenant, call, step, until, now).await
    }

    async fn draw(
        &self,
        tenant: TenantId,
        call: CallId,
        rotation: &str,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        self.inner.draw(tenant, call, rotation, now).await
    }

    async fn save(&self, tenant: TenantId, save: Save) -> Result<(), SaveError> {
        self.inner.save(tenant, save).await
    }

    async fn read(&self, tenant: TenantId, call: CallId) -> Result<Option<Journey>, StoreError> {
        Calls::read(&*self.inner, tenant, call).await
    }

    async fn list(
        &self,
        tenant: TenantId,
        filter: &CallFilter,
        page: PageRequest,
    ) -> Result<Page<Call>, StoreError> {
        Calls::list(&*self.inner, tenant, filter, page).await
    }

    async fn passages(
        &self,
        tenant: TenantId,
        filter: &PassageFilter,
        page: PageRequest,
    ) -> Result<Page<Passage>, StoreError> {
        self.inner.passages(tenant, filter, page).await
    }
}

async fn router(fault: Fault) -> axum::Router {
    let inner = Arc::new(MemoryStore::new());
    let clock = Arc::new(SystemClock::default());
    let (number, now) = (Uuid::from_u128(2), clock.now());
    let tracking = Number::new(CALLED.parse().unwrap());
    inner.create(TENANT, number, tracking.into(), now).await.unwrap();
    let campaign = Campaign {
        status: CampaignStatus::Active,
        phone_number_id: Some(NumberId::from_uuid(number)),
        ..Campaign::new("Sales", RoutingType::Direct)
    };
    inner.create(TENANT, Uuid::from_u128(3), campaign.into(), now).await.unwrap();
    let settings = Settings {
        public_url: Some(PUBLIC_URL.into()),
        session_secret: Some("s".repeat(32)),
        encryption_key: Some("e".repeat(32)),
        twilio_auth_token: Some(TOKEN.into()),
        ..Settings::default()
    };
    let calls: Arc<dyn Calls> = Arc::new(Broken { inner: Arc::clone(&inner), fault });
    let stores = Stores { calls, ..Stores::of(&inner) };
    let (config, offline) = (settings.check().unwrap(), Arc::new(Offline));
    app::router(&start::shared(config, stores, clock, Arc::clone(&offline) as _, offline))
}

/// Posts a signed webhook and answers the status and the body.
async fn webhook(router: &axum::Router, path: &str, more: &[(&str, &str)]) -> (StatusCode, String) {
    let always =
        [("CallSid", "CA1"), ("AccountSid", "AC1"), ("From", "+14155550100"), ("To", CALLED)];
    let form: Form = always.iter().chain(more).copied().collect();
    let url = format!("{PUBLIC_URL}{path}");
    let request = Request::post(path)
        .header("X-Twilio-Signature", signature::sign(TOKEN, &url, Signed::Form(&form)))
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(form.encode()))
        .unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test(start_paused = true)]
async fn a_store_that_panics_fails_or_hangs_gives_the_fallback_within_ten_seconds() {
    for fault in [Fault::Panics, Fault::Fails, Fault::Hangs] {
        let router = router(fault).await;
        let dial = format!("/api/webhooks/dial/{TENANT}/1");
        for (path, more) in [
            ("/api/webhooks/voice", &[][..]),
            (dial.as_str(), &[("DialCallStatus", "busy")][..]),
            ("/api/webhooks/fallback", &[("ErrorCode", "11200")][..]),
        ] {
            let began = tokio::time::Instant::now();
            let (status, body) = webhook(&router, path, more).await;
            assert_eq!(
                (status, body.as_str()),
                (StatusCode::OK, FALLBACK_TWIML),
                "{fault:?} {path}"
            );
            assert!(began.elapsed() <= Duration::from_secs(10), "{fault:?} {path}");
        }
        // Nobody waits for an answer to news; the carrier learns that it was not taken.
        let leg = format!("/api/webhooks/leg/{TENANT}/1");
        let news = [("ParentCallSid", "CA0"), ("CallStatus", "ringing")];
        let (status, _) = webhook(&router, &leg, &news).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{fault:?}");
    }
}

#[tokio::test]
async fn the_fallback_tries_a_call_that_never_began_again_and_ends_one_that_did() {
    let router = router(Fault::None).await;
    let voice = format!("{PUBLIC_URL}/api/webhooks/voice");
    let error = [("ErrorCode", "11200"), ("ErrorUrl", voice.as_str())];
    let (_, answered) = webhook(&router, "/api/webhooks/fallback", &error).await;
    assert_ne!(answered, FALLBACK_TWIML);
    // It was handled under the voice webhook's own key.
    assert_eq!(webhook(&router, "/api/webhooks/voice", &[]).await.1, answered);
    let dial = format!("{PUBLIC_URL}/api/webhooks/dial/{TENANT}/1");
    let error = [("ErrorCode", "11200"), ("ErrorUrl", dial.as_str())];
    let (status, body) = webhook(&router, "/api/webhooks/fallback", &error).await;
    assert_eq!((status, body.as_str()), (StatusCode::OK, FALLBACK_TWIML));
}

#[tokio::test]
async fn a_signed_webhook_that_makes_no_sense_is_answered_with_twiml_too() {
    let router = router(Fault::None).await;
    let form = Form::new();
    let url = format!("{PUBLIC_URL}/api/webhooks/voice");
    let request = Request::post("/api/webhooks/voice")
        .header("X-Twilio-Signature", signature::sign(TOKEN, &url, Signed::Form(&form)))
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::empty())
        .unwrap();
    let response = router.oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let body = response.into_body().collect().await.unwrap().to_bytes();
    Response::parse(std::str::from_utf8(&body).unwrap()).unwrap();
}
