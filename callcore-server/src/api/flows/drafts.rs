//! The drafts of flows: any document of the right outer shape is kept, and answered with everything
//! that is wrong with it.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use callcore::model::{FlowDefinition, Kind, Stored};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::draft::Draft;
use super::problems::Inspector;
use super::shown::{FlowResource, shown, shown_by};
use crate::api::resource;
use crate::auth::Principal;
use crate::http::page::PagingParameters;
use crate::http::problem::ProblemDocument;
use crate::http::{Failure, Id, JsonBody, Listing, Paging};
use crate::state::App;

/// The resource's paths.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(read, replace, delete))
}

/// Lists flows, newest first.
#[utoipa::path(get, path = "/api/flows", tag = "flows", params(PagingParameters), responses(
    (status = 200, body = Listing<FlowResource>), (status = 401, body = ProblemDocument),
    (status = 422, body = ProblemDocument)))]
async fn list(
    State(app): State<App>,
    principal: Principal,
    paging: Paging,
) -> Result<Json<Listing<FlowResource>>, Failure> {
    let tenant = principal.tenant;
    let page = app.stores.registry.list(tenant, Kind::Flow, paging.page).await?;
    let mut drafts: Vec<Stored<Draft>> = Vec::with_capacity(page.items.len());
    for item in page.items {
        drafts.push(item.of()?);
    }
    let flows = drafts.iter().map(|draft| &draft.value.0);
    let mut inspector = Inspector::of(&app, tenant, flows).await?;
    let mut items = Vec::with_capacity(drafts.len());
    for draft in drafts {
        items.push(shown_by(&mut inspector, draft).await?);
    }
    Ok(Json(Listing { items, next_cursor: page.next.map(|cursor| cursor.to_string()) }))
}

/// Keeps a document as the draft of a new flow.
#[utoipa::path(post, path = "/api/flows", tag = "flows", request_body = FlowDefinition, responses(
    (status = 201, body = FlowResource), (status = 401, body = ProblemDocument),
    (status = 422, body = ProblemDocument)))]
async fn create(
    State(app): State<App>,
    principal: Principal,
    JsonBody(flow): JsonBody<FlowDefinition>,
) -> Result<(StatusCode, Json<FlowResource>), Failure> {
    let tenant = principal.tenant;
    let created = resource::create(&app, tenant, Uuid::new_v4(), Draft(flow)).await?;
    Ok((StatusCode::CREATED, Json(shown(&app, tenant, created).await?)))
}

/// Reads a flow.
#[utoipa::path(get, path = "/api/flows/{id}", tag = "flows", params(("id" = Uuid, Path)), responses(
    (status = 200, body = FlowResource), (status = 401, body = ProblemDocument),
    (status = 404, body = ProblemDocument)))]
async fn read(
    State(app): State<App>,
    principal: Principal,
    Id(id): Id<Uuid>,
) -> Result<Json<FlowResource>, Failure> {
    let stored = resource::read(&app, principal.tenant, id).await?;
    Ok(Json(shown(&app, principal.tenant, stored).await?))
}

/// Replaces the draft of a flow. What is published stays as it is.
#[utoipa::path(put, path = "/api/flows/{id}", tag = "flows", params(("id" = Uuid, Path)), request_body = FlowDefinition, responses(
    (status = 200, body = FlowResource), (status = 401, body = ProblemDocument),
    (status = 404, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
async fn replace(
    State(app): State<App>,
    principal: Principal,
    Id(id): Id<Uuid>,
    JsonBody(flow): JsonBody<FlowDefinition>,
) -> Result<Json<FlowResource>, Failure> {
    let tenant = principal.tenant;
    let written = resource::change(&app, tenant, id, |_| Ok(Draft(flow.clone()))).await?;
    Ok(Json(shown(&app, tenant, written).await?))
}

/// Deletes a flow that no campaign names. Calls that are in it stay in it.
#[utoipa::path(delete, path = "/api/flows/{id}", tag = "flows", params(("id" = Uuid, Path)), responses(
    (status = 204), (status = 401, body = ProblemDocument), (status = 404, body = ProblemDocument),
    (status = 409, body = ProblemDocument)))]
async fn delete(
    State(app): State<App>,
    principal: Principal,
    Id(id): Id<Uuid>,
) -> Result<StatusCode, Failure> {
    resource::delete::<Draft>(&app, principal.tenant, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
