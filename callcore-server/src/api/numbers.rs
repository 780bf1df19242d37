//! `/api/numbers`.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use callcore::model::Number;
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

impl Document for Number {
    const READ_ONLY: &'static [&'static str] = &["id", "createdAt", "updatedAt"];

    fn check(&self) -> Vec<Problem> {
        Self::check(self)
    }
}

/// The resource's paths.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(read, replace, delete))
}

/// Lists numbers, newest first.
#[utoipa::path(get, path = "/api/numbers", tag = "numbers", params(PagingParameters), responses(
    (status = 200, body = Listing<Resource<Number>>), (status = 401, body = ProblemDocument),
    (status = 422, body = ProblemDocument)))]
async fn list(
    State(app): State<App>,
    principal: Principal,
    paging: Paging,
) -> Result<Json<Listing<Resource<Number>>>, Failure> {
    resource::list(&app, principal.tenant, paging.page, Resource::from).await.map(Json)
}

/// Registers a number that the tenant owns already; the carrier is not asked.
#[utoipa::path(post, path = "/api/numbers", tag = "numbers", request_body = Number, responses(
    (status = 201, body = Resource<Number>), (status = 401, body = ProblemDocument),
    (status = 409, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
async fn create(
    State(app): State<App>,
    principal: Principal,
    JsonBody(number): JsonBody<Number>,
) -> Result<(StatusCode, Json<Resource<Number>>), Failure> {
    let created = resource::create(&app, principal.tenant, Uuid::new_v4(), number).await?;
    Ok((StatusCode::CREATED, Json(created.into())))
}

/// Reads a number.
#[utoipa::path(get, path = "/api/numbers/{id}", tag = "numbers", params(("id" = Uuid, Path)), responses(
    (status = 200, body = Resource<Number>), (status = 401, body = ProblemDocument),
    (status = 404, body = ProblemDocument)))]
async fn read(
    State(app): State<App>,
    principal: Principal,
    Id(id): Id<Uuid>,
) -> Result<Json<Resource<Number>>, Failure> {
    Ok(Json(resource::read::<Number>(&app, principal.tenant, id).await?.into()))
}

/// Replaces a number.
#[utoipa::path(put, path = "/api/numbers/{id}", tag = "numbers", params(("id" = Uuid, Path)), request_body = Number, responses(
    (status = 200, body = Resource<Number>), (status = 401, body = ProblemDocument),
    (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument),
    (status = 422, body = ProblemDocument)))]
async fn replace(
    State(app): State<App>,
    principal: Principal,
    Id(id): Id<Uuid>,
    JsonBody(number): JsonBody<Number>,
) -> Result<Json<Resource<Number>>, Failure> {
    let written = resource::change(&app, principal.tenant, id, |_| Ok(number.clone())).await?;
    Ok(Json(written.into()))
}

/// Deletes a number that no campaign names.
#[utoipa::path(delete, path = "/api/numbers/{id}", tag = "numbers", params(("id" = Uuid, Path)), responses(
    (status = 204), (status = 401, body = ProblemDocument), (status = 404, body = ProblemDocument),
    (status = 409, body = ProblemDocument)))]
async fn delete(
    State(app): State<App>,
    principal: Principal,
    Id(id): Id<Uuid>,
) -> Result<StatusCode, Failure> {
    resource::delete::<Number>(&app, principal.tenant, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
