//! The carrier's webhooks. Whatever happens, a caller hears something within ten seconds: every
//! webhook runs in a task of its own, which a dropped connection cannot cut short, races a deadline,
//! and a panic in it gives the same fallback as a deadline that passed.

mod answer;
mod verify;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::post;
use callcore::vocabulary::TenantId;
use callcore_twiml::webhook::Webhook;
use uuid::Uuid;

use crate::http::Id;
use crate::state::App;

/// The webhooks. The continuations are named by our own TwiML only.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/api/webhooks/voice", post(voice))
        .route("/api/webhooks/pool/{pool}/voice", post(voice))
        .route("/api/webhooks/status", post(status))
        .route("/api/webhooks/fallback", post(fallback))
        .route("/api/webhooks/dial/{tenant}/{attempt}", post(dial_result))
        .route("/api/webhooks/leg/{tenant}/{attempt}", post(leg))
        .route("/api/webhooks/recording/{tenant}", post(recording))
}

async fn voice(State(app): State<App>, request: Request) -> Response {
    answer::with_twiml(app, Webhook::Voice, request).await
}

async fn fallback(State(app): State<App>, request: Request) -> Response {
    answer::after_failure(app, request).await
}

async fn dial_result(
    State(app): State<App>,
    Id((tenant, attempt)): Id<(Uuid, u32)>,
    request: Request,
) -> Response {
    let tenant = TenantId::from_uuid(tenant);
    answer::with_twiml(app, Webhook::DialResult { tenant, attempt }, request).await
}

async fn status(State(app): State<App>, request: Request) -> Response {
    answer::with_nothing(app, Webhook::Status, request).await
}

async fn leg(
    State(app): State<App>,
    Id((tenant, attempt)): Id<(Uuid, u32)>,
    request: Request,
) -> Response {
    let tenant = TenantId::from_uuid(tenant);
    answer::with_nothing(app, Webhook::Leg { tenant, attempt }, request).await
}

async fn recording(
    State(app): State<App>,
    Id(tenant): Id<Uuid>,
    request: Request,
) -> Response {
    let webhook = Webhook::Recording { tenant: TenantId::from_uuid(tenant) };
    answer::with_nothing(app, webhook, request).await
}
