//! The published versions of a flow, which never change.

use axum::Json;
use axum::extract::State;
use callcore::model::FlowDefinition;
use callcore::port::FlowVersionSummary;
use callcore::vocabulary::{Cursor, FlowId, InvalidCursor, Page, TenantId};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::auth::Principal;
use crate::http::page::PagingParameters;
use crate::http::problem::ProblemDocument;
use crate::http::{Failure, Id, Listing, Paging};
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
#[utoipa::path(get, path = "/api/flows/{id}/versions", tag = "flows",
    params(("id" = Uuid, Path), PagingParameters), responses(
    (status = 200, body = Listing<VersionSummary>), (status = 401, body = ProblemDocument),
    (status = 404, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
async fn list(
    State(app): State<App>,
    principal: Principal,
    Id(id): Id<Uuid>,
    paging: Paging,
) -> Result<Json<Listing<VersionSummary>>, Failure> {
    let (tenant, page) = (principal.tenant, paging.page);
    let newest = newest(&app, tenant, id).await?;
    let before = page.after.map(before).transpose()?;
    let (flow, surplus) = (FlowId::from_uuid(id), page.limit + 1);
    let found = app.stores.flows.versions(tenant, flow, before, surplus).await?;
    let found = Page::from_surplus(found, page.limit, behind);
    let summary = |version: FlowVersionSummary| VersionSummary {
        version: version.number,
        published_at: version.published_at,
        status: state(version.number, newest),
        name: version.name,
    };
    Ok(Json(found.map(summary).into()))
}

/// The place behind a version, which its number is.
fn behind(version: &FlowVersionSummary) -> Cursor {
    let id = Uuid::from_u128(version.number.into());
    Cursor { created_at: version.published_at, id }
}

/// The number that a page goes on from.
fn before(cursor: Cursor) -> Result<u32, Failure> {
    let wrong = |_| Failure::invalid("/cursor", "bad_cursor", InvalidCursor.to_string());
    u32::try_from(cursor.id.as_u128()).map_err(wrong)
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
    let tenant = principal.tenant;
    let newest = newest(&app, tenant, id).await?;
    let version = app.stores.flows.version(tenant, FlowId::from_uuid(id), n).await?;
    let version = version.ok_or(Failure::NotFound)?;
    Ok(Json(VersionDocument {
        version: version.number,
        published_at: version.published_at,
        status: state(version.number, newest),
        definition: version.definition,
    }))
}

/// The number of the newest version of a flow that exists.
async fn newest(app: &App, tenant: TenantId, id: Uuid) -> Result<Option<u32>, Failure> {
    let record = app.stores.flows.record(tenant, FlowId::from_uuid(id)).await?;
    Ok(record.ok_or(Failure::NotFound)?.published)
}

fn state(number: u32, newest: Option<u32>) -> VersionState {
    // One that was published in between is newer than the newest was.
    if newest.is_none_or(|newest| number >= newest) {
        VersionState::Published
    } else {
        VersionState::Archived
    }
}
