//! A caller who hangs up while the bidders of the first step are asked: the voice webhook is at one
//! server, the news of the end comes to another, and both wait for each other no longer than they must.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use callcore::auction::Verdict;
use callcore::call::{CallStatus, FinalReason};
use callcore::memory::{MemoryStore, Offline};
use callcore::model::{
    AuctionSettings, Campaign, CampaignStatus, Caps, Number, RoutingType, Target, TargetAssignment,
};
use callcore::port::{
    Auctions, Calls, Capacity, Clock, Egress, Http, HttpError, HttpRequest, HttpResponse, Registry,
};
use callcore::vocabulary::{CallId, CampaignId, NumberId, TargetId, TenantId};
use callcore_server::clock::SystemClock;
use callcore_server::config::Settings;
use callcore_server::state::Stores;
use callcore_server::{app, start};
use callcore_twiml::Form;
use callcore_twiml::signature::{self, Body as Signed};
use callcore_twiml::webhook::CARRIER;
use http_body_util::BodyExt;
use tokio::sync::Semaphore;
use tower::ServiceExt;
use uuid::Uuid;

const TOKEN: &str = "token";
const PUBLIC_URL: &str = "https://calls.example.com";
const CALLED: &str = "+18005550199";
const TENANT: TenantId = TenantId::from_uuid(Uuid::from_u128(1));
/// How much longer than it must anything may take on a busy machine.
const GUARD: Duration = Duration::from_secs(8);

/// A bidder that answers when it may.
#[derive(Clone, Debug)]
struct Bidder {
    asked: Arc<Semaphore>,
    may: Arc<Semaphore>,
}

impl Egress for Bidder {
    fn tenant(&self, _: TenantId) -> Arc<dyn Http> {
        Arc::new(self.clone())
    }
}

#[async_trait]
impl Http for Bidder {
    async fn send(&self, _: HttpRequest) -> Result<HttpResponse, HttpError> {
        self.asked.add_permits(1);
        self.may.acquire().await.unwrap().forget();
        let body = br#"{"accepted":true,"bidAmount":9,"destinationNumber":"+12125550001"}"#;
        Ok(HttpResponse { status: 200, headers: Vec::new(), body: body.to_vec() })
    }
}

/// A store with a campaign that sells its calls to one target, which takes one call a day.
async fn store() -> Arc<MemoryStore> {
    let (store, now) = (Arc::new(MemoryStore::new()), SystemClock::default().now());
    let [number, campaign, target] = [2, 3, 4].map(Uuid::from_u128);
    let tracking = Number::new(CALLED.parse().unwrap());
    store.create(TENANT, number, tracking.into(), now).await.unwrap();
    let sales = Campaign {
        status: CampaignStatus::Active,
        phone_number_id: Some(NumberId::from_uuid(number)),
        auction: Some(AuctionSettings { timeout_ms: 8_000, ..AuctionSettings::default() }),
        ..Campaign::new("Sales", RoutingType::Rtb)
    };
    store.create(TENANT, campaign, sales.into(), now).await.unwrap();
    let mut bidder = Target::new("a", "https://a".to_owned());
    bidder.timeout_ms = 8_000;
    bidder.caps = Some(Caps { concurrent: Some(1), daily: Some(1), ..Caps::default() });
    store.create(TENANT, target, bidder.into(), now).await.unwrap();
    let (campaign, target) = (CampaignId::from_uuid(campaign), TargetId::from_uuid(target));
    let assignment = TargetAssignment::default();
    store.assign_target(TENANT, campaign, target, assignment, now).await.unwrap();
    store
}

/// A server on this store.
fn server(store: &Arc<MemoryStore>, bidder: &Bidder) -> axum::Router {
    let settings = Settings {
        public_url: Some(PUBLIC_URL.into()),
        session_secret: Some("s".repeat(32)),
        encryption_key: Some("e".repeat(32)),
        twilio_auth_token: Some(TOKEN.into()),
        ..Settings::default()
    };
    let (config, clock) = (settings.check().unwrap(), Arc::new(SystemClock::default()));
    let (egress, script) = (Arc::new(bidder.clone()), Arc::new(Offline));
    app::router(&start::shared(config, Stores::of(store), clock, egress, script))
}

/// Posts a signed webhook of a call and answers the status and the body.
async fn webhook(
    router: axum::Router,
    path: &str,
    call: &str,
    more: &[(&str, &str)],
) -> (StatusCode, String) {
    let always =
        [("CallSid", call), ("AccountSid", "AC1"), ("From", "+14155550100"), ("To", CALLED)];
    let form: Form = always.iter().chain(more).copied().collect();
    let url = format!("{PUBLIC_URL}{path}");
    let request = Request::post(path)
        .header("X-Twilio-Signature", signature::sign(TOKEN, &url, Signed::Form(&form)))
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(form.encode()))
        .unwrap();
    let response = router.oneshot(request).await.unwrap();
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

const OVER: [(&str, &str); 1] = [("CallStatus", "completed")];

#[tokio::test]
async fn a_caller_who_hangs_up_in_the_first_auction_costs_the_bidder_nothing() {
    let store = store().await;
    let bidder = Bidder { asked: Arc::new(Semaphore::new(0)), may: Arc::new(Semaphore::new(0)) };
    let (one, other) = (server(&store, &bidder), server(&store, &bidder));
    let voice = tokio::spawn(webhook(one.clone(), "/api/webhooks/voice", "CA1", &[]));
    tokio::time::timeout(GUARD, bidder.asked.acquire()).await.unwrap().unwrap().forget();
    let status = tokio::spawn(webhook(other.clone(), "/api/webhooks/status", "CA1", &OVER));
    // Nobody waits for a call that nobody works on.
    let begun = Instant::now();
    let (unknown, _) = webhook(other, "/api/webhooks/status", "CA9", &OVER).await;
    assert_eq!(unknown, StatusCode::NO_CONTENT);
    tokio::time::sleep(Duration::from_millis(300).saturating_sub(begun.elapsed())).await;
    assert!(!voice.is_finished() && !status.is_finished(), "both wait for the bidder");
    bidder.may.add_permits(1);
    let (_, told) = tokio::time::timeout(GUARD, voice).await.unwrap().unwrap();
    assert!(told.contains("+12125550001"), "which nobody hears: {told}");
    let (status, _) = tokio::time::timeout(GUARD, status).await.unwrap().unwrap();
    assert_eq!(status, StatusCode::NO_CONTENT);

    let id = CallId::derive(CARRIER, "AC1", "CA1");
    let call = Calls::read(&*store, TENANT, id).await.unwrap().unwrap().call;
    assert_eq!(call.status, CallStatus::Completed);
    assert_eq!(call.final_reason(), Some(FinalReason::CallerHungUp));
    assert_eq!(store.held(TENANT, SystemClock::default().now()).await.unwrap(), 0);
    let auction = Auctions::of_call(&*store, TENANT, id).await.unwrap().remove(0);
    assert_eq!(auction.request.winner, None);
    assert_eq!(auction.responses[0].verdict, Verdict::Lost);
    // The bidder takes one call a day, and it still has that one to take.
    bidder.may.add_permits(1);
    let (_, told) = webhook(one, "/api/webhooks/voice", "CA2", &[]).await;
    assert!(told.contains("+12125550001"), "{told}");
}
