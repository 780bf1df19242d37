//! `/api/rtb/routers`: groups of targets that campaigns share.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use callcore::model::Router;
use callcore::vocabulary::Problem;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::resource::{self, Resource};
use crate::auth::Principal;
use crate::http::page::PagingParameters;
use crate::http::problem::ProblemDocument;
use crate::http::{Document, Failure, Id, JsonBody, Listing, Paging};
use crate::state::App;

impl Document for Router {
    const READ_ONLY: &'static [&'static str] = &["id", "createdAt", "updatedAt"];

    fn check(&self) -> Vec<Problem> {
        Self::check(self)
    }
}

/// The resource's paths.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(read, replace, delete))
}

/// Lists routers, newest first.
#[utoipa::path(get, path = "/api/rtb/routers", tag = "rtb", params(PagingParameters), responses(
    (status = 200, body = Listing<Resource<Router>>), (status = 401, body = ProblemDocument),
    (status = 422, body = ProblemDocument)))]
async fn list(
    State(app): State<App>,
    principal: Principal,
    paging: Paging,
) -> Result<Json<Listing<Resource<Router>>>, Failure> {
    resource::list(&app, principal.tenant, paging.page, Resource::from).await.map(Json)
}

/// Creates a router.
#[utoipa::path(post, path = "/api/rtb/routers", tag = "rtb", request_body = Router, responses(
    (status = 201, body = Resource<Router>), (status = 401, body = ProblemDocument),
    (status = 422, body = ProblemDocument)))]
async fn create(
    State(app): State<App>,
    principal: Principal,
    JsonBody(router): JsonBody<Router>,
) -> Result<(StatusCode, Json<Resource<Router>>), Failure> {
    let created = resource::create(&app, principal.tenant, Uuid::new_v4(), router).await?;
    Ok((StatusCode::CREATED, Json(created.into())))
}

/// Reads a router.
#[utoipa::path(get, path = "/api/rtb/routers/{id}", tag = "rtb", params(("id" = Uuid, Path)), responses(
    (status = 200, body = Resource<Router>), (status = 401, body = ProblemDocument),
    (status = 404, body = ProblemDocument)))]
async fn read(
    State(app): State<App>,
    principal: Principal,
    Id(id): Id<Uuid>,
) -> Result<Json<Resource<Router>>, Failure> {
    Ok(Json(resource::read::<Router>(&app, principal.tenant, id).await?.into()))
}

/// Replaces a router.
#[utoipa::path(put, path = "/api/rtb/routers/{id}", tag = "rtb", params(("id" = Uuid, Path)), request_body = Router, responses(
    (status = 200, body = Resource<Router>), (status = 401, body = ProblemDocument),
    (status = 404, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
async fn replace(
    State(app): State<App>,
    principal: Principal,
    Id(id): Id<Uuid>,
    JsonBody(router): JsonBody<Router>,
) -> Result<Json<Resource<Router>>, Failure> {
    let written = resource::change(&app, principal.tenant, id, |_| Ok(router.clone())).await?;
    Ok(Json(written.into()))
}

/// Deletes a router that no campaign names.
#[utoipa::path(delete, path = "/api/rtb/routers/{id}", tag = "rtb", params(("id" = Uuid, Path)), responses(
    (status = 204), (status = 401, body = ProblemDocument), (status = 404, body = ProblemDocument),
    (status = 409, body = ProblemDocument)))]
async fn delete(
    State(app): State<App>,
    principal: Principal,
    Id(id): Id<Uuid>,
) -> Result<StatusCode, Failure> {
    resource::delete::<Router>(&app, principal.tenant, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
