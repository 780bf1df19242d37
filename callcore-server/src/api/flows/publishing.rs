//! From a draft to a version that calls run, and from a flow to a new draft.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use callcore::flow::FlowProblem;
use callcore::model::{FlowDefinition, Stored};
use callcore::port::{FlowStage, RegistryError};
use callcore::vocabulary::{FlowId, limits};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::draft::Draft;
use super::problems::{Inspector, passing};
use super::shown::{FlowResource, shown};
use crate::api::resource;
use crate::auth::Principal;
use crate::http::problem::ProblemDocument;
use crate::http::{Failure, Id, NoBody};
use crate::state::App;

/// What the copy of a flow is called after the flow's own name.
const COPY: &str = " (copy)";

/// What a check of a flow found.
#[derive(Debug, Serialize, ToSchema)]
struct FlowProblems {
    /// Errors, which forbid publishing, then warnings.
    problems: Vec<FlowProblem>,
}

/// What publishing answers.
#[derive(Debug, Serialize, ToSchema)]
struct PublishedFlow {
    /// The version that new calls run from now on.
    version: u32,
    /// Warnings.
    problems: Vec<FlowProblem>,
}

/// The resource's paths.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(validate))
        .routes(routes!(publish))
        .routes(routes!(duplicate))
}

/// Checks everything that publishing would check.
#[utoipa::path(post, path = "/api/flows/{id}/validate", tag = "flows", params(("id" = Uuid, Path)), responses(
    (status = 200, body = FlowProblems), (status = 401, body = ProblemDocument),
    (status = 404, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
async fn validate(
    State(app): State<App>,
    principal: Principal,
    Id(id): Id<Uuid>,
    _: NoBody,
) -> Result<Json<FlowProblems>, Failure> {
    let draft: Stored<Draft> = resource::read(&app, principal.tenant, id).await?;
    let flow = &draft.value.0;
    let problems = Inspector::of(&app, principal.tenant, [flow]).await?.problems(flow).await?;
    Ok(Json(FlowProblems { problems }))
}

/// Publishes the draft: new calls run it from now on, calls that are in a flow stay in their version.
/// Publishing what is published already answers the version that there is.
#[utoipa::path(post, path = "/api/flows/{id}/publish", tag = "flows", params(("id" = Uuid, Path)), responses(
    (status = 200, body = PublishedFlow), (status = 401, body = ProblemDocument),
    (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument),
    (status = 422, body = ProblemDocument)))]
async fn publish(
    State(app): State<App>,
    principal: Principal,
    Id(id): Id<Uuid>,
    _: NoBody,
) -> Result<Json<PublishedFlow>, Failure> {
    let tenant = principal.tenant;
    for _ in 0..limits::RESTEPS {
        let record = app.stores.flows.record(tenant, FlowId::from_uuid(id)).await?;
        let record = record.ok_or(Failure::NotFound)?;
        if record.stage() == FlowStage::Archived {
            return Err(archived());
        }
        let flow = &record.draft.value;
        let problems = Inspector::of(&app, tenant, [flow]).await?.problems(flow).await?;
        let problems = passing(problems)?;
        // A draft that was written again without a change is no new version.
        if let Some(version) = record.published.filter(|_| !record.changed) {
            return Ok(Json(PublishedFlow { version, problems }));
        }
        let (flow, now) = (FlowId::from_uuid(id), app.clock.now());
        match app.stores.flows.publish(tenant, flow, record.draft.version, now).await {
            Err(RegistryError::VersionConflict) => {}
            Err(RegistryError::FlowArchived) => return Err(archived()),
            published => {
                let version = published?.number;
                return Ok(Json(PublishedFlow { version, problems }));
            }
        }
    }
    Err(RegistryError::VersionConflict.into())
}

/// 409 for publishing an archived flow.
fn archived() -> Failure {
    Failure::conflict("/status", "flow_archived", "the flow is archived: restore it first")
}

/// Begins a new flow with the draft of this one.
#[utoipa::path(post, path = "/api/flows/{id}/duplicate", tag = "flows", params(("id" = Uuid, Path)), responses(
    (status = 201, body = FlowResource), (status = 401, body = ProblemDocument),
    (status = 404, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
async fn duplicate(
    State(app): State<App>,
    principal: Principal,
    Id(id): Id<Uuid>,
    _: NoBody,
) -> Result<(StatusCode, Json<FlowResource>), Failure> {
    let tenant = principal.tenant;
    let draft: Stored<Draft> = resource::read(&app, tenant, id).await?;
    let flow = draft.value.0;
    let copy = FlowDefinition { name: name_of_copy(&flow.name), ..flow };
    let created = resource::create(&app, tenant, Uuid::new_v4(), Draft(copy)).await?;
    Ok((StatusCode::CREATED, Json(shown(&app, tenant, created.id).await?)))
}

/// The name, shortened where the copy's would be too long.
fn name_of_copy(name: &str) -> String {
    let room = limits::NAME_CHARACTERS - COPY.chars().count();
    name.chars().take(room).chain(COPY.chars()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_copy_is_never_too_long() {
        assert_eq!(name_of_copy("Sales line"), "Sales line (copy)");
        let longest = "ä".repeat(limits::NAME_CHARACTERS);
        let name = name_of_copy(&longest);
        assert_eq!(name.chars().count(), limits::NAME_CHARACTERS);
        assert!(name.ends_with("ä (copy)"), "{name}");
    }
}
