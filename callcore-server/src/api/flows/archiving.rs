//! Flows that are put away, and taken back.

use axum::Json;
use axum::extract::State;
use callcore::vocabulary::FlowId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::shown::{FlowResource, shown};
use crate::auth::Principal;
use crate::http::problem::ProblemDocument;
use crate::http::{Failure, Id, NoBody};
use crate::state::App;

/// The resource's paths.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(archive)).routes(routes!(restore))
}

/// Archives a flow that no active campaign names: it is not published any more, and no campaign takes
/// it up. Calls that are in it stay in it.
#[utoipa::path(post, path = "/api/flows/{id}/archive", tag = "flows", params(("id" = Uuid, Path)), responses(
    (status = 200, body = FlowResource), (status = 401, body = ProblemDocument),
    (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument),
    (status = 422, body = ProblemDocument)))]
async fn archive(
    State(app): State<App>,
    principal: Principal,
    Id(id): Id<Uuid>,
    _: NoBody,
) -> Result<Json<FlowResource>, Failure> {
    let (tenant, flow) = (principal.tenant, FlowId::from_uuid(id));
    app.stores.flows.archive(tenant, flow, app.clock.now()).await?;
    shown(&app, tenant, id).await.map(Json)
}

/// Takes an archived flow back: it is a draft again, or published, as it was before.
#[utoipa::path(post, path = "/api/flows/{id}/restore", tag = "flows", params(("id" = Uuid, Path)), responses(
    (status = 200, body = FlowResource), (status = 401, body = ProblemDocument),
    (status = 404, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
async fn restore(
    State(app): State<App>,
    principal: Principal,
    Id(id): Id<Uuid>,
    _: NoBody,
) -> Result<Json<FlowResource>, Failure> {
    let tenant = principal.tenant;
    app.stores.flows.restore(tenant, FlowId::from_uuid(id)).await?;
    shown(&app, tenant, id).await.map(Json)
}
