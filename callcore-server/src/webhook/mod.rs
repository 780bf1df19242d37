//! The carrier's webhooks. Whatever happens, a caller hears something within ten seconds: every
//! webhook runs in a task of its own, which a dropped connection cannot cut short, races a deadline,
//! and a panic in it gives the same fallback as a deadline that passed. One more is a bidder's, who
//! reports what became of a call.

mod answer;
mod flow;
pub(crate) mod invited;
mod report;
mod report_proof;
#[cfg(test)]
mod report_tests;
mod trial;
mod verify;

use axum::extract::{Request, State};
use axum::response::Response;
use callcore::vocabulary::TenantId;
use callcore_twiml::webhook::Webhook;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::http::Id;
use crate::http::problem::ProblemDocument;
use crate::state::App;

/// The webhooks. The continuations are named by our own TwiML only.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(voice))
        .routes(routes!(pool_voice))
        .routes(routes!(status))
        .routes(routes!(fallback))
        .routes(routes!(dial_result))
        .routes(routes!(leg))
        .routes(routes!(recording))
        .merge(flow::routes())
        .merge(invited::routes())
        .merge(report::routes())
        .merge(trial::routes())
}

/// A call came in.
#[utoipa::path(post, path = "/api/webhooks/voice", tag = "webhooks",
    request_body(content = HashMap<String, String>, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, content_type = "text/xml", body = String), (status = 403, body = ProblemDocument)))]
async fn voice(State(app): State<App>, request: Request) -> Response {
    answer::with_twiml(app, Webhook::Voice, request).await
}

/// A call came in on a number of a pool. The number says which campaign answers it.
#[utoipa::path(post, path = "/api/webhooks/pool/{poolId}/voice", tag = "webhooks", params(("poolId" = Uuid, Path)),
    request_body(content = HashMap<String, String>, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, content_type = "text/xml", body = String), (status = 403, body = ProblemDocument)))]
async fn pool_voice(State(app): State<App>, request: Request) -> Response {
    answer::with_twiml(app, Webhook::Voice, request).await
}

/// The carrier could not use an answer of ours.
#[utoipa::path(post, path = "/api/webhooks/fallback", tag = "webhooks",
    request_body(content = HashMap<String, String>, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, content_type = "text/xml", body = String), (status = 403, body = ProblemDocument)))]
async fn fallback(State(app): State<App>, request: Request) -> Response {
    answer::after_failure(app, request).await
}

/// A dial is over, and the caller waits for what comes next.
#[utoipa::path(post, path = "/api/webhooks/dial/{tenant}/{attempt}", tag = "webhooks",
    params(("tenant" = Uuid, Path), ("attempt" = u32, Path)),
    request_body(content = HashMap<String, String>, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, content_type = "text/xml", body = String), (status = 403, body = ProblemDocument)))]
async fn dial_result(
    State(app): State<App>,
    Id((tenant, attempt)): Id<(Uuid, u32)>,
    request: Request,
) -> Response {
    let tenant = TenantId::from_uuid(tenant);
    answer::with_twiml(app, Webhook::DialResult { tenant, attempt }, request).await
}

/// The caller's call moved.
#[utoipa::path(post, path = "/api/webhooks/status", tag = "webhooks",
    request_body(content = HashMap<String, String>, content_type = "application/x-www-form-urlencoded"),
    responses((status = 204), (status = 403, body = ProblemDocument)))]
async fn status(State(app): State<App>, request: Request) -> Response {
    answer::with_nothing(app, Webhook::Status, request).await
}

/// The leg to a buyer moved.
#[utoipa::path(post, path = "/api/webhooks/leg/{tenant}/{attempt}", tag = "webhooks",
    params(("tenant" = Uuid, Path), ("attempt" = u32, Path)),
    request_body(content = HashMap<String, String>, content_type = "application/x-www-form-urlencoded"),
    responses((status = 204), (status = 403, body = ProblemDocument)))]
async fn leg(
    State(app): State<App>,
    Id((tenant, attempt)): Id<(Uuid, u32)>,
    request: Request,
) -> Response {
    let tenant = TenantId::from_uuid(tenant);
    answer::with_nothing(app, Webhook::Leg { tenant, attempt }, request).await
}

/// A recording can be fetched.
#[utoipa::path(post, path = "/api/webhooks/recording/{tenant}", tag = "webhooks", params(("tenant" = Uuid, Path)),
    request_body(content = HashMap<String, String>, content_type = "application/x-www-form-urlencoded"),
    responses((status = 204), (status = 403, body = ProblemDocument)))]
async fn recording(State(app): State<App>, Id(tenant): Id<Uuid>, request: Request) -> Response {
    let webhook = Webhook::Recording { tenant: TenantId::from_uuid(tenant) };
    answer::with_nothing(app, webhook, request).await
}
