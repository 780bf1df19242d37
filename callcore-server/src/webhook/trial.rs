//! The webhook that begins a test call: the phone that we rang was answered.

use axum::extract::{Request, State};
use axum::response::Response;
use callcore::vocabulary::{TenantId, TrialId};
use callcore_twiml::webhook::Webhook;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::answer;
use crate::http::Id;
use crate::http::problem::ProblemDocument;
use crate::state::App;

/// The path of test calls.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(trial))
}

/// A phone that was rung for a test call was answered. Whoever answered is the caller, and the call
/// runs what was to be tested.
#[utoipa::path(post, path = "/api/webhooks/trial/{tenant}/{trial}", tag = "webhooks",
    params(("tenant" = Uuid, Path), ("trial" = Uuid, Path)),
    request_body(content = HashMap<String, String>, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, content_type = "text/xml", body = String), (status = 403, body = ProblemDocument)))]
async fn trial(
    State(app): State<App>,
    Id((tenant, trial)): Id<(Uuid, Uuid)>,
    request: Request,
) -> Response {
    let (tenant, trial) = (TenantId::from_uuid(tenant), TrialId::from_uuid(trial));
    answer::with_twiml(app, Webhook::Trial { tenant, trial }, request).await
}
