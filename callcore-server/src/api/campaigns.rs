//! `/api/campaigns` and the actions that move a campaign.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use callcore::model::{Campaign, CampaignStatus, Kind, Number, Router, Stored};
use callcore::plan::{self, FlowSource, PinnedFlow};
use callcore::port::{FlowStage, RegistryError, Source};
use callcore::vocabulary::{CampaignId, FlowId, Problem, RouterId, TenantId, limits};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::resource::{self, Resource};
use crate::auth::Principal;
use crate::http::page::PagingParameters;
use crate::http::problem::{ProblemDocument, unknown_reference};
use crate::http::{Document, Failure, Fault, Id, JsonBody, Listing, NoBody, Paging};
use crate::secrets::NO_ENCRYPTION_KEY;
use crate::state::App;

impl Document for Campaign {
    const READ_ONLY: &'static [&'static str] = &["id", "createdAt", "updatedAt", "status"];

    fn check(&self) -> Vec<Problem> {
        let mut problems = Self::check(self);
        // Pools come with a later version, so no tenant has one.
        if self.pool_id.is_some() {
            let message = "there is no pool with this id";
            problems.push(Problem::error("unknown_reference", "/poolId", message));
        }
        problems
    }
}

/// What a check found.
#[derive(Debug, Serialize, ToSchema)]
pub struct Problems {
    /// Errors first, then warnings.
    pub problems: Vec<Problem>,
}

/// What an activation answers.
#[derive(Debug, Serialize, ToSchema)]
pub struct Activated {
    /// The campaign, now active.
    pub campaign: Resource<Campaign>,
    /// Warnings.
    pub problems: Vec<Problem>,
}

/// The resource's paths.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(read, replace, delete))
        .routes(routes!(validate))
        .routes(routes!(activate))
        .routes(routes!(pause))
        .routes(routes!(complete))
}

/// A campaign as it is shown: secrets never are.
fn shown(mut stored: Stored<Campaign>) -> Resource<Campaign> {
    for webhook in &mut stored.value.webhooks {
        webhook.secret = None;
    }
    stored.into()
}

/// Seals new secrets; an absent one keeps what was set before for the same URL.
fn seal(
    app: &App,
    id: Uuid,
    campaign: &mut Campaign,
    before: Option<&Campaign>,
) -> Result<(), Failure> {
    let mut faults = Vec::new();
    for (n, webhook) in campaign.webhooks.iter_mut().enumerate() {
        let kept = before.and_then(|campaign| {
            campaign.webhooks.iter().find(|known| known.url == webhook.url)?.secret.clone()
        });
        let place = format!("campaign/{id}");
        webhook.secret = match webhook.secret.as_deref() {
            Some(secret) => match &app.sealer {
                Some(sealer) => Some(sealer.seal(secret, &place)),
                None => {
                    let path = format!("/webhooks/{n}/secret");
                    faults.push(Fault::new(path, "no_encryption_key", NO_ENCRYPTION_KEY));
                    None
                }
            },
            None => kept,
        };
    }
    if faults.is_empty() { Ok(()) } else { Err(Failure::Invalid(faults)) }
}

/// Lists campaigns, newest first.
#[utoipa::path(get, path = "/api/campaigns", tag = "campaigns", params(PagingParameters), responses(
    (status = 200, body = Listing<Resource<Campaign>>), (status = 401, body = ProblemDocument),
    (status = 422, body = ProblemDocument)))]
async fn list(
    State(app): State<App>,
    principal: Principal,
    paging: Paging,
) -> Result<Json<Listing<Resource<Campaign>>>, Failure> {
    resource::list(&app, principal.tenant, paging.page, shown).await.map(Json)
}

/// Creates a campaign, as a draft.
#[utoipa::path(post, path = "/api/campaigns", tag = "campaigns", request_body = Campaign, responses(
    (status = 201, body = Resource<Campaign>), (status = 401, body = ProblemDocument),
    (status = 409, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
async fn create(
    State(app): State<App>,
    principal: Principal,
    JsonBody(mut campaign): JsonBody<Campaign>,
) -> Result<(StatusCode, Json<Resource<Campaign>>), Failure> {
    let id = Uuid::new_v4();
    seal(&app, id, &mut campaign, None)?;
    let created = resource::create(&app, principal.tenant, id, campaign).await?;
    Ok((StatusCode::CREATED, Json(shown(created))))
}

/// Reads a campaign.
#[utoipa::path(get, path = "/api/campaigns/{id}", tag = "campaigns", params(("id" = Uuid, Path)), responses(
    (status = 200, body = Resource<Campaign>), (status = 401, body = ProblemDocument),
    (status = 404, body = ProblemDocument)))]
async fn read(
    State(app): State<App>,
    principal: Principal,
    Id(id): Id<Uuid>,
) -> Result<Json<Resource<Campaign>>, Failure> {
    Ok(Json(shown(resource::read(&app, principal.tenant, id).await?)))
}

/// Replaces a campaign. One that is active stays fit to be active.
#[utoipa::path(put, path = "/api/campaigns/{id}", tag = "campaigns", params(("id" = Uuid, Path)), request_body = Campaign, responses(
    (status = 200, body = Resource<Campaign>), (status = 401, body = ProblemDocument),
    (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument),
    (status = 422, body = ProblemDocument)))]
async fn replace(
    State(app): State<App>,
    principal: Principal,
    Id(id): Id<Uuid>,
    JsonBody(campaign): JsonBody<Campaign>,
) -> Result<Json<Resource<Campaign>>, Failure> {
    let tenant = principal.tenant;
    let mut source = source(&app, tenant, id).await?;
    if source.campaign.value.status == CampaignStatus::Active {
        source.number = match campaign.phone_number_id {
            Some(number) => resource::read::<Number>(&app, tenant, number.uuid()).await.ok(),
            None => None,
        };
        if campaign.rtb_router_id != source.campaign.value.rtb_router_id {
            with_router(&app, tenant, &mut source, campaign.rtb_router_id).await;
        }
        if campaign.flow_id != source.campaign.value.flow_id {
            source.flow = with_flow(&app, tenant, campaign.flow_id).await?;
        }
        let status = source.campaign.value.status;
        source.campaign.value = Campaign { status, ..campaign.clone() };
        blocking(&plan::check(&source))?;
    }
    let written = resource::change(&app, tenant, id, |current: &Stored<Campaign>| {
        refuse_completed(&current.value)?;
        let mut next = Campaign { status: current.value.status, ..campaign.clone() };
        seal(&app, id, &mut next, Some(&current.value))?;
        Ok(next)
    });
    Ok(Json(shown(written.await?)))
}

/// Deletes a campaign with its assignments. Its calls stay.
#[utoipa::path(delete, path = "/api/campaigns/{id}", tag = "campaigns", params(("id" = Uuid, Path)), responses(
    (status = 204), (status = 401, body = ProblemDocument), (status = 404, body = ProblemDocument)))]
async fn delete(
    State(app): State<App>,
    principal: Principal,
    Id(id): Id<Uuid>,
) -> Result<StatusCode, Failure> {
    resource::delete::<Campaign>(&app, principal.tenant, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Checks everything that activation would check.
#[utoipa::path(post, path = "/api/campaigns/{id}/validate", tag = "campaigns", params(("id" = Uuid, Path)), responses(
    (status = 200, body = Problems), (status = 401, body = ProblemDocument),
    (status = 404, body = ProblemDocument)))]
async fn validate(
    State(app): State<App>,
    principal: Principal,
    Id(id): Id<Uuid>,
    _: NoBody,
) -> Result<Json<Problems>, Failure> {
    let source = source(&app, principal.tenant, id).await?;
    Ok(Json(Problems { problems: problems(&app, &source).await? }))
}

/// Everything that activation checks: errors, then warnings.
async fn problems(app: &App, source: &Source) -> Result<Vec<Problem>, Failure> {
    let mut problems = plan::check(source);
    if let Some(flow) = source.campaign.value.flow_id
        && let Some(record) = app.stores.flows.record(source.tenant, flow).await?
        && record.stage() == FlowStage::Archived
    {
        let message = "the flow is archived: restore it first, or name another one";
        problems.insert(0, Problem::error("flow_archived", "/flowId", message));
    }
    Ok(problems)
}

/// Activates a campaign: from now on it routes calls.
#[utoipa::path(post, path = "/api/campaigns/{id}/activate", tag = "campaigns", params(("id" = Uuid, Path)), responses(
    (status = 200, body = Activated), (status = 401, body = ProblemDocument),
    (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument),
    (status = 422, body = ProblemDocument)))]
async fn activate(
    State(app): State<App>,
    principal: Principal,
    Id(id): Id<Uuid>,
    _: NoBody,
) -> Result<Json<Activated>, Failure> {
    let tenant = principal.tenant;
    for _ in 0..limits::RESTEPS {
        let source = source(&app, tenant, id).await?;
        refuse_completed(&source.campaign.value)?;
        let problems = problems(&app, &source).await?;
        blocking(&problems)?;
        let next = Campaign { status: CampaignStatus::Active, ..source.campaign.value };
        let version = source.campaign.version;
        let written =
            app.stores.registry.replace(tenant, id, version, next.into(), app.clock.now()).await;
        match written {
            Err(RegistryError::VersionConflict) => {}
            Err(RegistryError::NumberInUse(holder)) => {
                // Another campaign was activated on the number since the check.
                let message = format!("the campaign {:?} uses the same number", holder.name);
                return Err(Failure::invalid("/phoneNumberId", "number_in_use", message));
            }
            written => {
                let campaign = shown(written?.of()?);
                return Ok(Json(Activated { campaign, problems }));
            }
        }
    }
    Err(RegistryError::VersionConflict.into())
}

/// Pauses a campaign: callers hear its no-route message.
#[utoipa::path(post, path = "/api/campaigns/{id}/pause", tag = "campaigns", params(("id" = Uuid, Path)), responses(
    (status = 200, body = Resource<Campaign>), (status = 401, body = ProblemDocument),
    (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument)))]
async fn pause(
    State(app): State<App>,
    principal: Principal,
    Id(id): Id<Uuid>,
    _: NoBody,
) -> Result<Json<Resource<Campaign>>, Failure> {
    move_to(&app, principal.tenant, id, CampaignStatus::Paused).await.map(Json)
}

/// Completes a campaign: it is archived and read-only from now on.
#[utoipa::path(post, path = "/api/campaigns/{id}/complete", tag = "campaigns", params(("id" = Uuid, Path)), responses(
    (status = 200, body = Resource<Campaign>), (status = 401, body = ProblemDocument),
    (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument)))]
async fn complete(
    State(app): State<App>,
    principal: Principal,
    Id(id): Id<Uuid>,
    _: NoBody,
) -> Result<Json<Resource<Campaign>>, Failure> {
    move_to(&app, principal.tenant, id, CampaignStatus::Completed).await.map(Json)
}

async fn move_to(
    app: &App,
    tenant: TenantId,
    id: Uuid,
    status: CampaignStatus,
) -> Result<Resource<Campaign>, Failure> {
    let written = resource::change(app, tenant, id, |current: &Stored<Campaign>| {
        if current.value.status != status {
            refuse_completed(&current.value)?;
        }
        Ok(Campaign { status, ..current.value.clone() })
    });
    Ok(shown(written.await?))
}

/// A completed campaign is read-only.
pub(super) fn refuse_completed(campaign: &Campaign) -> Result<(), Failure> {
    if campaign.status == CampaignStatus::Completed {
        let message = "a completed campaign is archived and read-only";
        return Err(Failure::conflict("/status", "campaign_completed", message));
    }
    Ok(())
}

pub(super) async fn source(app: &App, tenant: TenantId, id: Uuid) -> Result<Source, Failure> {
    let source = app.stores.directory.source(tenant, CampaignId::from_uuid(id), None).await?;
    source.ok_or(Failure::NotFound)
}

/// The source as it is with another router.
async fn with_router(app: &App, tenant: TenantId, source: &mut Source, router: Option<RouterId>) {
    source.router = match router {
        Some(id) => resource::read::<Router>(app, tenant, id.uuid()).await.ok(),
        None => None,
    };
    source.router_targets.clear();
    let named = source.router.iter().flat_map(|router| &router.value.assignments);
    for named in named.map(|named| named.target_id.uuid()) {
        if let Ok(target) = super::targets::opened(app, tenant, named).await {
            source.router_targets.push(target);
        }
    }
}

/// The newest version of another flow, for the check of a campaign: what it names was checked when it
/// was published.
async fn with_flow(
    app: &App,
    tenant: TenantId,
    flow: Option<FlowId>,
) -> Result<Option<FlowSource>, Failure> {
    let Some(flow) = flow else { return Ok(None) };
    if app.stores.registry.read(tenant, Kind::Flow, flow.uuid()).await?.is_none() {
        return Err(unknown_reference("/flowId", Kind::Flow));
    }
    let newest = app.stores.flows.newest(tenant, flow).await?;
    Ok(newest.map(|newest| FlowSource {
        pinned: PinnedFlow { flow, version: newest.number },
        definition: newest.definition,
        buyers: Vec::new(),
        routers: Vec::new(),
        router_targets: Vec::new(),
    }))
}

fn blocking(problems: &[Problem]) -> Result<(), Failure> {
    if problems.iter().any(Problem::blocks) {
        let errors = problems.iter().filter(|problem| problem.blocks());
        return Err(Failure::Invalid(errors.cloned().map(Fault::from).collect()));
    }
    Ok(())
}
