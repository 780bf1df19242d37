//! `/api/campaigns/{id}/buyers`: who takes a campaign's calls.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use callcore::model::{Assignment, Buyer, Campaign, Stored};
use callcore::vocabulary::{BuyerId, CampaignId, Problem};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::resource::{self, Resource};
use crate::auth::Principal;
use crate::http::problem::ProblemDocument;
use crate::http::{Document, Failure, Id, JsonBody, Listing};
use crate::state::App;

impl Document for Assignment {
    const READ_ONLY: &'static [&'static str] =
        &["id", "createdAt", "updatedAt", "buyerId", "campaignId", "buyer"];

    fn check(&self) -> Vec<Problem> {
        Self::check(self)
    }
}

/// A buyer in a campaign.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AssignmentResource {
    /// The buyer's id, which names the assignment inside the campaign.
    pub id: Uuid,
    /// The buyer.
    pub buyer_id: Uuid,
    /// The campaign.
    pub campaign_id: Uuid,
    /// When the buyer was assigned.
    pub created_at: DateTime<Utc>,
    /// When the assignment was last changed.
    pub updated_at: DateTime<Utc>,
    /// What differs from the buyer's own settings.
    #[serde(flatten)]
    pub assignment: Assignment,
    /// The buyer, in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub buyer: Option<Resource<Buyer>>,
}

impl AssignmentResource {
    fn new(campaign_id: Uuid, stored: &Stored<Assignment>, buyer: Option<Stored<Buyer>>) -> Self {
        Self {
            id: stored.id,
            buyer_id: stored.id,
            campaign_id,
            created_at: stored.created_at,
            updated_at: stored.updated_at,
            assignment: stored.value,
            buyer: buyer.map(Resource::from),
        }
    }
}

/// The resource's paths.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(assign, unassign))
}

/// Lists the buyers of a campaign, in the order of their assignment.
#[utoipa::path(get, path = "/api/campaigns/{id}/buyers", tag = "campaigns", params(("id" = Uuid, Path)), responses(
    (status = 200, body = Listing<AssignmentResource>), (status = 401, body = ProblemDocument),
    (status = 404, body = ProblemDocument)))]
async fn list(
    State(app): State<App>,
    principal: Principal,
    Id(id): Id<Uuid>,
) -> Result<Json<Listing<AssignmentResource>>, Failure> {
    let source = super::campaigns::source(&app, principal.tenant, id).await?;
    let show = |assigned: callcore::port::AssignedBuyer| {
        AssignmentResource::new(id, &assigned.assignment, Some(assigned.buyer))
    };
    Ok(Json(Listing::whole(source.buyers.into_iter().map(show).collect())))
}

/// Assigns a buyer, or replaces the assignment.
#[utoipa::path(put, path = "/api/campaigns/{id}/buyers/{buyerId}", tag = "campaigns",
    params(("id" = Uuid, Path), ("buyerId" = Uuid, Path)), request_body = Assignment, responses(
    (status = 200, body = AssignmentResource), (status = 401, body = ProblemDocument),
    (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument),
    (status = 422, body = ProblemDocument)))]
async fn assign(
    State(app): State<App>,
    principal: Principal,
    Id((campaign, buyer)): Id<(Uuid, Uuid)>,
    JsonBody(assignment): JsonBody<Assignment>,
) -> Result<Json<AssignmentResource>, Failure> {
    let tenant = principal.tenant;
    let current: Stored<Campaign> = resource::read(&app, tenant, campaign).await?;
    super::campaigns::refuse_completed(&current.value)?;
    let (id, buyer) = (CampaignId::from_uuid(campaign), BuyerId::from_uuid(buyer));
    let now = app.clock.now();
    let stored = app.stores.registry.assign(tenant, id, buyer, assignment, now).await?;
    Ok(Json(AssignmentResource::new(campaign, &stored, None)))
}

/// Takes a buyer out of a campaign.
#[utoipa::path(delete, path = "/api/campaigns/{id}/buyers/{buyerId}", tag = "campaigns",
    params(("id" = Uuid, Path), ("buyerId" = Uuid, Path)), responses(
    (status = 204), (status = 401, body = ProblemDocument), (status = 404, body = ProblemDocument),
    (status = 409, body = ProblemDocument)))]
async fn unassign(
    State(app): State<App>,
    principal: Principal,
    Id((campaign, buyer)): Id<(Uuid, Uuid)>,
) -> Result<StatusCode, Failure> {
    let tenant = principal.tenant;
    let current: Stored<Campaign> = resource::read(&app, tenant, campaign).await?;
    super::campaigns::refuse_completed(&current.value)?;
    let (campaign, buyer) = (CampaignId::from_uuid(campaign), BuyerId::from_uuid(buyer));
    app.stores.registry.unassign(tenant, campaign, buyer).await?;
    Ok(StatusCode::NO_CONTENT)
}
