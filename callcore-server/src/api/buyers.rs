//! `/api/buyers`.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use callcore::model::Buyer;
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

impl Document for Buyer {
    const READ_ONLY: &'static [&'static str] = &["id", "createdAt", "updatedAt"];

    fn check(&self) -> Vec<Problem> {
        let mut problems = Self::check(self);
        if self.group_id.is_some() {
            // Groups come with a later version, so no tenant has one.
            problems.push(Problem::error(
                "unknown_reference",
                "/groupId",
                "there is no buyer group with this id",
            ));
        }
        problems
    }
}

/// The resource's paths.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(read, replace, delete))
}

/// Lists buyers, newest first.
#[utoipa::path(get, path = "/api/buyers", tag = "buyers", params(PagingParameters), responses(
    (status = 200, body = Listing<Resource<Buyer>>), (status = 401, body = ProblemDocument),
    (status = 422, body = ProblemDocument)))]
async fn list(
    State(app): State<App>,
    principal: Principal,
    paging: Paging,
) -> Result<Json<Listing<Resource<Buyer>>>, Failure> {
    resource::list(&app, principal.tenant, paging.page, Resource::from).await.map(Json)
}

/// Creates a buyer.
#[utoipa::path(post, path = "/api/buyers", tag = "buyers", request_body = Buyer, responses(
    (status = 201, body = Resource<Buyer>), (status = 401, body = ProblemDocument),
    (status = 422, body = ProblemDocument)))]
async fn create(
    State(app): State<App>,
    principal: Principal,
    JsonBody(buyer): JsonBody<Buyer>,
) -> Result<(StatusCode, Json<Resource<Buyer>>), Failure> {
    let created = resource::create(&app, principal.tenant, Uuid::new_v4(), buyer).await?;
    Ok((StatusCode::CREATED, Json(created.into())))
}

/// Reads a buyer.
#[utoipa::path(get, path = "/api/buyers/{id}", tag = "buyers", params(("id" = Uuid, Path)), responses(
    (status = 200, body = Resource<Buyer>), (status = 401, body = ProblemDocument),
    (status = 404, body = ProblemDocument)))]
async fn read(
    State(app): State<App>,
    principal: Principal,
    Id(id): Id<Uuid>,
) -> Result<Json<Resource<Buyer>>, Failure> {
    Ok(Json(resource::read::<Buyer>(&app, principal.tenant, id).await?.into()))
}

/// Replaces a buyer.
#[utoipa::path(put, path = "/api/buyers/{id}", tag = "buyers", params(("id" = Uuid, Path)), request_body = Buyer, responses(
    (status = 200, body = Resource<Buyer>), (status = 401, body = ProblemDocument),
    (status = 404, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
async fn replace(
    State(app): State<App>,
    principal: Principal,
    Id(id): Id<Uuid>,
    JsonBody(buyer): JsonBody<Buyer>,
) -> Result<Json<Resource<Buyer>>, Failure> {
    let written = resource::change(&app, principal.tenant, id, |_| Ok(buyer.clone())).await?;
    Ok(Json(written.into()))
}

/// Deletes a buyer that no campaign has.
#[utoipa::path(delete, path = "/api/buyers/{id}", tag = "buyers", params(("id" = Uuid, Path)), responses(
    (status = 204), (status = 401, body = ProblemDocument), (status = 404, body = ProblemDocument),
    (status = 409, body = ProblemDocument)))]
async fn delete(
    State(app): State<App>,
    principal: Principal,
    Id(id): Id<Uuid>,
) -> Result<StatusCode, Failure> {
    resource::delete::<Buyer>(&app, principal.tenant, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
