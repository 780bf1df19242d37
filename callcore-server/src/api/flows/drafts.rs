//! The drafts of flows: any document of the right outer shape is kept, and answered with everything
//! that is wrong with it.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use callcore::model::FlowDefinition;
use callcore::port::FlowStage;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::draft::Draft;
use super::problems::Inspector;
use super::shown::{FlowResource, FlowState, shown};
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

/// The query parameters of the list, for the OpenAPI document.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "read by name in `stage`")]
struct FlowParameters {
    /// Flows that stand here.
    status: Option<FlowState>,
}

/// Lists flows, newest first. Their problems are told but for those of custom code.
#[utoipa::path(get, path = "/api/flows", tag = "flows", params(PagingParameters, FlowParameters), responses(
    (status = 200, body = Listing<FlowResource>), (status = 401, body = ProblemDocument),
    (status = 422, body = ProblemDocument)))]
async fn list(
    State(app): State<App>,
    principal: Principal,
    paging: Paging,
) -> Result<Json<Listing<FlowResource>>, Failure> {
    let tenant = principal.tenant;
    let stage = stage(&paging)?;
    let page = app.stores.flows.records(tenant, stage, paging.page).await?;
    let flows = page.items.iter().map(|record| &record.draft.value);
    let mut inspector = Inspector::of(&app, tenant, flows).await?;
    let mut items = Vec::with_capacity(page.items.len());
    for record in page.items {
        let problems = inspector.problems_in_short(&record.draft.value).await?;
        items.push(FlowResource::new(record, problems));
    }
    Ok(Json(Listing { items, next_cursor: page.next.map(|cursor| cursor.to_string()) }))
}

/// The stage that is asked for.
fn stage(paging: &Paging) -> Result<Option<FlowStage>, Failure> {
    match paging.query.get("status").map(String::as_str) {
        None => Ok(None),
        Some("draft") => Ok(Some(FlowStage::Draft)),
        Some("published") => Ok(Some(FlowStage::Published)),
        Some("archived") => Ok(Some(FlowStage::Archived)),
        Some(_) => {
            let message = "one of draft, published, archived is expected";
            Err(Failure::invalid("/status", "unknown_word", message))
        }
    }
}

/// Keeps a document as the draft of a new flow.
#[utoipa::path(post, path = "/api/flows", tag = "flows", request_body = FlowDefinition, responses(
    (status = 201, body = FlowResource), (status = 401, body = ProblemDocument),
    (status = 413, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
async fn create(
    State(app): State<App>,
    principal: Principal,
    JsonBody(flow): JsonBody<FlowDefinition>,
) -> Result<(StatusCode, Json<FlowResource>), Failure> {
    let tenant = principal.tenant;
    let created = resource::create(&app, tenant, Uuid::new_v4(), Draft(flow)).await?;
    Ok((StatusCode::CREATED, Json(shown(&app, tenant, created.id).await?)))
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
    shown(&app, principal.tenant, id).await.map(Json)
}

/// Replaces the draft of a flow. What is published stays as it is.
#[utoipa::path(put, path = "/api/flows/{id}", tag = "flows", params(("id" = Uuid, Path)), request_body = FlowDefinition, responses(
    (status = 200, body = FlowResource), (status = 401, body = ProblemDocument),
    (status = 404, body = ProblemDocument), (status = 413, body = ProblemDocument),
    (status = 422, body = ProblemDocument)))]
async fn replace(
    State(app): State<App>,
    principal: Principal,
    Id(id): Id<Uuid>,
    JsonBody(flow): JsonBody<FlowDefinition>,
) -> Result<Json<FlowResource>, Failure> {
    let tenant = principal.tenant;
    let written = resource::change(&app, tenant, id, |_| Ok(Draft(flow.clone()))).await?;
    Ok(Json(shown(&app, tenant, written.id).await?))
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
