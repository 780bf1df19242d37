//! Webhooks of calls in flows: steps that go on, and what was said in a recording.

use axum::extract::{Request, State};
use axum::response::Response;
use callcore::vocabulary::TenantId;
use callcore_twiml::webhook::Webhook;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::answer;
use crate::http::Id;
use crate::http::problem::ProblemDocument;
use crate::state::App;

/// The paths of flows.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(step)).routes(routes!(transcription))
}

/// What the caller did at a step of a flow.
#[utoipa::path(post, path = "/api/webhooks/flow/{tenant}/{step}", tag = "webhooks",
    params(("tenant" = Uuid, Path), ("step" = u32, Path)),
    request_body(content = HashMap<String, String>, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, content_type = "text/xml", body = String), (status = 403, body = ProblemDocument)))]
async fn step(
    State(app): State<App>,
    Id((tenant, step)): Id<(Uuid, u32)>,
    request: Request,
) -> Response {
    let tenant = TenantId::from_uuid(tenant);
    answer::with_twiml(app, Webhook::FlowStep { tenant, step }, request).await
}

/// What was said in a recording. The newest recording's words are kept with the call.
#[utoipa::path(post, path = "/api/webhooks/transcription/{tenant}", tag = "webhooks", params(("tenant" = Uuid, Path)),
    request_body(content = HashMap<String, String>, content_type = "application/x-www-form-urlencoded"),
    responses((status = 204), (status = 403, body = ProblemDocument)))]
async fn transcription(State(app): State<App>, Id(tenant): Id<Uuid>, request: Request) -> Response {
    let webhook = Webhook::Transcription { tenant: TenantId::from_uuid(tenant) };
    answer::with_nothing(app, webhook, request).await
}
