//! Call routing inside a web server of your own: one route for the carrier's voice webhook and one
//! for dial results, with the signature checked before anything else.
//!
//! Run it: `TWILIO_AUTH_TOKEN=secret cargo run -p examples --example embed_in_axum`
//!
//! In a second terminal, drive it with the simulated phone:
//! `TWILIO_AUTH_TOKEN=secret cargo run -- phone --url http://127.0.0.1:8081/voice`

use std::error::Error;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use callcore::memory::{MemoryStore, Offline};
use callcore::model::{Assignment, Buyer, Campaign, CampaignStatus, Number, RoutingType};
use callcore::port::{Clock, Registry};
use callcore::switchboard::{Ports, Settings, Switchboard};
use callcore::vocabulary::{BuyerId, CampaignId, NumberId, TenantId};
use callcore_twiml::Form;
use callcore_twiml::render::{FALLBACK_TWIML, Renderer};
use callcore_twiml::signature::{self, Body};
use callcore_twiml::webhook::{self, Webhook};
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// Your clock. The core never asks the machine.
#[derive(Debug)]
struct MachineClock(tokio::time::Instant);

#[async_trait::async_trait]
impl Clock for MachineClock {
    fn now(&self) -> DateTime<Utc> {
        std::time::SystemTime::now().into()
    }

    fn monotonic(&self) -> std::time::Duration {
        self.0.elapsed()
    }

    async fn sleep_until(&self, deadline: std::time::Duration) {
        tokio::time::sleep_until(self.0 + deadline).await;
    }
}

struct Desk {
    /// Under which the carrier reaches this server; signatures cover it.
    public_url: String,
    switchboard: Switchboard,
    renderer: Renderer,
    auth_token: String,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let auth_token = std::env::var("TWILIO_AUTH_TOKEN")
        .map_err(|_| "set TWILIO_AUTH_TOKEN: without it anybody could send webhooks")?;
    let store = Arc::new(MemoryStore::new());
    configure(&store).await?;
    let ports = Ports {
        directory: store.clone(),
        system: store.clone(),
        calls: store.clone(),
        capacity: store,
        egress: Arc::new(Offline),
        script: Arc::new(Offline),
        clock: Arc::new(MachineClock(tokio::time::Instant::now())),
    };
    let address = std::env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:8081".into());
    let listener = tokio::net::TcpListener::bind(&address).await?;
    let public_url = format!("http://{}", listener.local_addr()?);
    println!("call {public_url}/voice");
    let desk = Arc::new(Desk {
        switchboard: Switchboard::new(ports, Settings::default()),
        renderer: Renderer::new(&public_url),
        public_url,
        auth_token,
    });
    // The renderer names these paths in its TwiML.
    let router = Router::new()
        .route("/voice", post(voice))
        .route("/api/webhooks/dial/{tenant}/{attempt}", post(dial_result))
        .route("/api/webhooks/leg/{tenant}/{attempt}", post(leg))
        .with_state(desk);
    axum::serve(listener, router).await?;
    Ok(())
}

async fn voice(
    State(desk): State<Arc<Desk>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    answer(&desk, Webhook::Voice, &uri, &headers, &body).await
}

async fn dial_result(
    State(desk): State<Arc<Desk>>,
    Path((tenant, attempt)): Path<(Uuid, u32)>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let tenant = TenantId::from_uuid(tenant);
    answer(&desk, Webhook::DialResult { tenant, attempt }, &uri, &headers, &body).await
}

async fn leg(
    State(desk): State<Arc<Desk>>,
    Path((tenant, attempt)): Path<(Uuid, u32)>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let tenant = TenantId::from_uuid(tenant);
    answer(&desk, Webhook::Leg { tenant, attempt }, &uri, &headers, &body).await
}

/// Verify, parse, handle, render. Whatever fails after the signature, the caller hears something.
async fn answer(
    desk: &Desk,
    webhook: Webhook,
    uri: &Uri,
    headers: &HeaderMap,
    body: &[u8],
) -> Response {
    let Ok(form) = Form::parse(body) else { return StatusCode::BAD_REQUEST.into_response() };
    let signature = headers.get("X-Twilio-Signature").and_then(|value| value.to_str().ok());
    let url = format!("{}{uri}", desk.public_url);
    let body = Body::Form(&form);
    if signature::verify(&desk.auth_token, &url, body, signature.unwrap_or_default()).is_err() {
        return StatusCode::FORBIDDEN.into_response();
    }
    let twiml = match webhook::event(webhook, &form) {
        Ok(event) => desk.switchboard.handle(&event).await.ok().and_then(|reply| {
            desk.renderer.response(reply.call, reply.tenant, &reply.directives).to_xml().ok()
        }),
        Err(_) => None,
    };
    let twiml = twiml.unwrap_or_else(|| FALLBACK_TWIML.to_owned());
    ([(header::CONTENT_TYPE, "text/xml; charset=utf-8")], twiml).into_response()
}

async fn configure(store: &MemoryStore) -> Result<(), Box<dyn Error>> {
    let now = std::time::SystemTime::now().into();
    let tenant = TenantId::from_uuid(Uuid::from_u128(1));
    let [number, buyer, campaign] = [2, 3, 4].map(Uuid::from_u128);
    store.create(tenant, number, Number::new("+18005550199".parse()?).into(), now).await?;
    store.create(tenant, buyer, Buyer::new("Sales", "+12125550111".parse()?).into(), now).await?;
    let active = Campaign {
        status: CampaignStatus::Active,
        phone_number_id: Some(NumberId::from_uuid(number)),
        ..Campaign::new("Sales line", RoutingType::Direct)
    };
    store.create(tenant, campaign, active.into(), now).await?;
    let (campaign, buyer) = (CampaignId::from_uuid(campaign), BuyerId::from_uuid(buyer));
    store.assign(tenant, campaign, buyer, Assignment::default(), now).await?;
    Ok(())
}
