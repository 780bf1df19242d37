//! `/api/campaigns/{id}/targets`: who bids for a campaign's calls.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use callcore::model::{Campaign, Stored, Target, TargetAssignment};
use callcore::vocabulary::{CampaignId, Problem, TargetId};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::resource::{self, Resource};
use super::targets;
use crate::auth::Principal;
use crate::http::problem::ProblemDocument;
use crate::http::{Document, Failure, Fault, Id, JsonBody, Listing};
use crate::state::App;

impl Document for TargetAssignment {
    const READ_ONLY: &'static [&'static str] =
        &["id", "createdAt", "updatedAt", "targetId", "campaignId", "target"];

    fn check(&self) -> Vec<Problem> {
        Self::check(self)
    }
}

/// A target in a campaign.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TargetAssignmentResource {
    /// The target's id, which names the assignment inside the campaign.
    pub id: Uuid,
    /// The target.
    pub target_id: Uuid,
    /// The campaign.
    pub campaign_id: Uuid,
    /// When the target was assigned.
    pub created_at: DateTime<Utc>,
    /// When the assignment was last changed.
    pub updated_at: DateTime<Utc>,
    /// What differs from the target's own settings.
    #[serde(flatten)]
    pub assignment: TargetAssignment,
    /// The target, in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<Resource<Target>>,
}

impl TargetAssignmentResource {
    fn new(
        campaign_id: Uuid,
        stored: &Stored<TargetAssignment>,
        target: Option<Stored<Target>>,
    ) -> Self {
        Self {
            id: stored.id,
            target_id: stored.id,
            campaign_id,
            created_at: stored.created_at,
            updated_at: stored.updated_at,
            assignment: stored.value.clone(),
            target: target.map(targets::shown),
        }
    }
}

/// The resource's paths.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(assign, unassign))
}

/// Lists the targets of a campaign, in the order of their assignment.
#[utoipa::path(get, path = "/api/campaigns/{id}/targets", tag = "campaigns", params(("id" = Uuid, Path)), responses(
    (status = 200, body = Listing<TargetAssignmentResource>), (status = 401, body = ProblemDocument),
    (status = 404, body = ProblemDocument)))]
async fn list(
    State(app): State<App>,
    principal: Principal,
    Id(id): Id<Uuid>,
) -> Result<Json<Listing<TargetAssignmentResource>>, Failure> {
    let (tenant, registry) = (principal.tenant, &app.stores.registry);
    let assignments = registry.target_assignments(tenant, CampaignId::from_uuid(id)).await?;
    let mut items = Vec::with_capacity(assignments.len());
    for stored in assignments {
        // One that was deleted since is gone from the campaign as well.
        match resource::read::<Target>(&app, tenant, stored.id).await {
            Ok(target) => items.push(TargetAssignmentResource::new(id, &stored, Some(target))),
            Err(Failure::NotFound) => {}
            Err(failure) => return Err(failure),
        }
    }
    Ok(Json(Listing::whole(items)))
}

/// Assigns a target, or replaces the assignment.
#[utoipa::path(put, path = "/api/campaigns/{id}/targets/{targetId}", tag = "campaigns",
    params(("id" = Uuid, Path), ("targetId" = Uuid, Path)), request_body = TargetAssignment, responses(
    (status = 200, body = TargetAssignmentResource), (status = 401, body = ProblemDocument),
    (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument),
    (status = 422, body = ProblemDocument)))]
async fn assign(
    State(app): State<App>,
    principal: Principal,
    Id((campaign, target)): Id<(Uuid, Uuid)>,
    JsonBody(assignment): JsonBody<TargetAssignment>,
) -> Result<Json<TargetAssignmentResource>, Failure> {
    let tenant = principal.tenant;
    let current: Stored<Campaign> = resource::read(&app, tenant, campaign).await?;
    super::campaigns::refuse_completed(&current.value)?;
    let known: Stored<Target> = resource::read(&app, tenant, target).await?;
    same_currency(&known.value, &assignment)?;
    let (id, target) = (CampaignId::from_uuid(campaign), TargetId::from_uuid(target));
    let now = app.clock.now();
    let stored = app.stores.registry.assign_target(tenant, id, target, assignment, now).await?;
    Ok(Json(TargetAssignmentResource::new(campaign, &stored, None)))
}

/// Bounds are in the target's currency, as its own are.
fn same_currency(target: &Target, assignment: &TargetAssignment) -> Result<(), Failure> {
    let bounds = [("/minBid", assignment.min_bid), ("/maxBid", assignment.max_bid)];
    let wrong = bounds.into_iter().filter_map(|(path, bound)| {
        let bound = bound.filter(|bound| bound.currency != target.currency)?;
        let message = format!("the target bids in {}, not in {}", target.currency, bound.currency);
        Some(Fault::new(format!("{path}/currency"), "wrong_currency", message))
    });
    let faults: Vec<Fault> = wrong.collect();
    if faults.is_empty() { Ok(()) } else { Err(Failure::Invalid(faults)) }
}

/// Takes a target out of a campaign.
#[utoipa::path(delete, path = "/api/campaigns/{id}/targets/{targetId}", tag = "campaigns",
    params(("id" = Uuid, Path), ("targetId" = Uuid, Path)), responses(
    (status = 204), (status = 401, body = ProblemDocument), (status = 404, body = ProblemDocument),
    (status = 409, body = ProblemDocument)))]
async fn unassign(
    State(app): State<App>,
    principal: Principal,
    Id((campaign, target)): Id<(Uuid, Uuid)>,
) -> Result<StatusCode, Failure> {
    let tenant = principal.tenant;
    let current: Stored<Campaign> = resource::read(&app, tenant, campaign).await?;
    super::campaigns::refuse_completed(&current.value)?;
    let (campaign, target) = (CampaignId::from_uuid(campaign), TargetId::from_uuid(target));
    app.stores.registry.unassign_target(tenant, campaign, target).await?;
    Ok(StatusCode::NO_CONTENT)
}
