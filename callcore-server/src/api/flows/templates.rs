//! `/api/flows/templates`: flows that others are begun from, those that come with the program and the
//! tenant's own.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use callcore::flow;
use callcore::model::{FlowDefinition, Kind, Stored};
use callcore::vocabulary::{Cursor, PageRequest};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::draft::Template;
use crate::api::resource;
use crate::auth::Principal;
use crate::http::page::PagingParameters;
use crate::http::problem::ProblemDocument;
use crate::http::{Failure, Id, JsonBody, Listing, Paging};
use crate::state::App;

/// A template of flows.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct TemplateResource {
    /// Its id: a word for one that comes with the program, a UUID for one of the tenant's own.
    id: String,
    /// Whether it comes with the program.
    built_in: bool,
    /// When it was saved; absent for one that comes with the program.
    #[serde(skip_serializing_if = "Option::is_none")]
    created_at: Option<DateTime<Utc>>,
    /// When it was last changed; absent for one that comes with the program.
    #[serde(skip_serializing_if = "Option::is_none")]
    updated_at: Option<DateTime<Utc>>,
    /// The flow.
    #[serde(flatten)]
    definition: FlowDefinition,
}

impl From<Stored<Template>> for TemplateResource {
    fn from(stored: Stored<Template>) -> Self {
        Self {
            id: stored.id.to_string(),
            built_in: false,
            created_at: Some(stored.created_at),
            updated_at: Some(stored.updated_at),
            definition: stored.value.0,
        }
    }
}

/// The resource's paths.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(read, replace, delete))
}

/// Lists templates: the tenant's own, newest first, then those that come with the program.
#[utoipa::path(get, path = "/api/flows/templates", tag = "flows", params(PagingParameters), responses(
    (status = 200, body = Listing<TemplateResource>), (status = 401, body = ProblemDocument),
    (status = 422, body = ProblemDocument)))]
async fn list(
    State(app): State<App>,
    principal: Principal,
    paging: Paging,
) -> Result<Json<Listing<TemplateResource>>, Failure> {
    let page = paging.page;
    let own = app.stores.registry.list(principal.tenant, Kind::FlowTemplate, page).await?;
    let mut items = Vec::with_capacity(own.items.len());
    for item in own.items {
        items.push(TemplateResource::from(item.of::<Template>()?));
    }
    let next = match own.next {
        Some(next) => Some(next),
        None => append_built_in(&mut items, page),
    };
    Ok(Json(Listing { items, next_cursor: next.map(|cursor| cursor.to_string()) }))
}

/// Saves a flow as a template.
#[utoipa::path(post, path = "/api/flows/templates", tag = "flows", request_body = FlowDefinition, responses(
    (status = 201, body = TemplateResource), (status = 401, body = ProblemDocument),
    (status = 413, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
async fn create(
    State(app): State<App>,
    principal: Principal,
    JsonBody(flow): JsonBody<FlowDefinition>,
) -> Result<(StatusCode, Json<TemplateResource>), Failure> {
    let id = Uuid::new_v4();
    let created = resource::create(&app, principal.tenant, id, Template(flow)).await?;
    Ok((StatusCode::CREATED, Json(created.into())))
}

/// Reads a template.
#[utoipa::path(get, path = "/api/flows/templates/{id}", tag = "flows", params(("id" = String, Path)), responses(
    (status = 200, body = TemplateResource), (status = 401, body = ProblemDocument),
    (status = 404, body = ProblemDocument)))]
async fn read(
    State(app): State<App>,
    principal: Principal,
    Id(id): Id<String>,
) -> Result<Json<TemplateResource>, Failure> {
    if let Some(template) = built_in().into_iter().find(|template| template.id == id) {
        return Ok(Json(template));
    }
    let id = id.parse().map_err(|_| Failure::NotFound)?;
    let template: Stored<Template> = resource::read(&app, principal.tenant, id).await?;
    Ok(Json(template.into()))
}

/// Replaces a template. Flows that were begun from it stay as they are.
#[utoipa::path(put, path = "/api/flows/templates/{id}", tag = "flows", params(("id" = String, Path)), request_body = FlowDefinition, responses(
    (status = 200, body = TemplateResource), (status = 401, body = ProblemDocument),
    (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument),
    (status = 413, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
async fn replace(
    State(app): State<App>,
    principal: Principal,
    Id(id): Id<String>,
    JsonBody(flow): JsonBody<FlowDefinition>,
) -> Result<Json<TemplateResource>, Failure> {
    let id = own(&id)?;
    let written =
        resource::change(&app, principal.tenant, id, |_| Ok(Template(flow.clone()))).await?;
    Ok(Json(written.into()))
}

/// Deletes a template. Flows that were begun from it stay.
#[utoipa::path(delete, path = "/api/flows/templates/{id}", tag = "flows", params(("id" = String, Path)), responses(
    (status = 204), (status = 401, body = ProblemDocument), (status = 404, body = ProblemDocument),
    (status = 409, body = ProblemDocument)))]
async fn delete(
    State(app): State<App>,
    principal: Principal,
    Id(id): Id<String>,
) -> Result<StatusCode, Failure> {
    resource::delete::<Template>(&app, principal.tenant, own(&id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The id of what can be one of the tenant's own.
fn own(id: &str) -> Result<Uuid, Failure> {
    if flow::templates().iter().any(|template| template.id == id) {
        let message = "this template comes with the program and cannot be changed: save a copy of \
                       it, which can";
        return Err(Failure::conflict("", "built_in", message));
    }
    id.parse().map_err(|_| Failure::NotFound)
}

/// Fills a page up with what comes with the program, as if it were older than everything that tenants
/// save. Answers the cursor of the next page, if there is more.
fn append_built_in(items: &mut Vec<TemplateResource>, page: PageRequest) -> Option<Cursor> {
    let built_in = built_in();
    let was_shown = |index: &usize| {
        page.after.is_some_and(|after| behind(*index + 1) >= (after.created_at, after.id))
    };
    let shown_before = (0..built_in.len()).filter(was_shown).count();
    let room = page.limit.saturating_sub(items.len());
    let shown = shown_before.saturating_add(room);
    let is_more = shown < built_in.len();
    items.extend(built_in.into_iter().skip(shown_before).take(room));
    let (created_at, id) = behind(shown);
    is_more.then_some(Cursor { created_at, id })
}

/// A place in the list behind so many of the templates that come with the program.
fn behind(shown: usize) -> (DateTime<Utc>, Uuid) {
    (DateTime::UNIX_EPOCH, Uuid::from_u128(u128::MAX - shown as u128))
}

/// The templates that come with the program.
fn built_in() -> Vec<TemplateResource> {
    let shown = |template: &flow::Template| TemplateResource {
        id: template.id.to_owned(),
        built_in: true,
        created_at: None,
        updated_at: None,
        definition: template.definition.clone(),
    };
    flow::templates().iter().map(shown).collect()
}
