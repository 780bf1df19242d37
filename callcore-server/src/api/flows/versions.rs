//! The published versions of a flow, which never change.

use axum::Json;
use axum::extract::State;
use callcore::model::FlowDefinition;
use callcore::port::FlowVersion;
use callcore::vocabulary::{FlowId, TenantId};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::draft::Draft;
use crate::api::resource;
use crate::auth::Principal;
use crate::http::problem::ProblemDocument;
use crate::http::{Failure, Id, Listing};
use crate::state::App;

/// Whether new calls run a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum VersionState {
    /// New calls run it.
    Published,
    /// A newer one took its place; only calls that began in it run it.
    Archived,
}

/// A version in short.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct VersionSummary {
    /// Its number, from 1.
    version: u32,
    /// When it was published.
    published_at: DateTime<Utc>,
    /// Whether new calls run it.
    status: VersionState,
    /// What the flow was called.
    name: String,
}

/// A version with its document.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct VersionDocument {
    /// Its number, from 1.
    version: u32,
    /// When it was published.
    published_at: DateTime<Utc>,
    /// Whether new calls run it.
    status: VersionState,
    /// The flow as it was published.
    #[serde(flatten)]
    definition: FlowDefinition,
}

/// The resource's paths.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(read))
}

/// Lists the versions of a flow, newest first.
#[utoipa::path(get, path = "/api/flows/{id}/versions", tag = "flows", params(("id" = Uuid, Path)), responses(
    (status = 200, body = Listing<VersionSummary>), (status = 401, body = ProblemDocument),
    (status = 404, body = ProblemDocument)))]
async fn list(
    State(app): State<App>,
    principal: Principal,
    Id(id): Id<Uuid>,
) -> Result<Json<Listing<VersionSummary>>, Failure> {
    let versions = versions(&app, principal.tenant, id).await?;
    let summary = |(place, version): (usize, FlowVersion)| VersionSummary {
        version: version.number,
        published_at: version.published_at,
        status: state(place),
        name: version.definition.name,
    };
    Ok(Json(Listing::whole(versions.into_iter().enumerate().map(summary).collect())))
}

/// Reads a version of a flow.
#[utoipa::path(get, path = "/api/flows/{id}/versions/{n}", tag = "flows",
    params(("id" = Uuid, Path), ("n" = u32, Path)), responses(
    (status = 200, body = VersionDocument), (status = 401, body = ProblemDocument),
    (status = 404, body = ProblemDocument)))]
async fn read(
    State(app): State<App>,
    principal: Principal,
    Id((id, n)): Id<(Uuid, u32)>,
) -> Result<Json<VersionDocument>, Failure> {
    let versions = versions(&app, principal.tenant, id).await?;
    let found = versions.into_iter().enumerate().find(|(_, version)| version.number == n);
    let (place, version) = found.ok_or(Failure::NotFound)?;
    Ok(Json(VersionDocument {
        version: version.number,
        published_at: version.published_at,
        status: state(place),
        definition: version.definition,
    }))
}

/// The versions of a flow that exists, newest first.
async fn versions(app: &App, tenant: TenantId, id: Uuid) -> Result<Vec<FlowVersion>, Failure> {
    resource::read::<Draft>(app, tenant, id).await?;
    Ok(app.stores.flows.versions(tenant, FlowId::from_uuid(id)).await?)
}

const fn state(place: usize) -> VersionState {
    if place == 0 { VersionState::Published } else { VersionState::Archived }
}
