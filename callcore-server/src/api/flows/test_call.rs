//! `/api/flows/{id}/test-call`: the carrier rings a real phone, and whoever answers is the caller of the
//! draft.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use callcore::flow::{FlowProblem, check};
use callcore::model::{Campaign, CampaignStatus, FlowDefinition, Kind, Number, Object, Stored};
use callcore::port::{NewTrial, TrialError};
use callcore::vocabulary::{
    CallId, CampaignId, FlowId, PageRequest, PhoneNumber, TenantId, TrialId, limits,
};
use callcore_twiml::webhook::CARRIER;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::draft::Draft;
use super::problems::{Inspector, passing};
use crate::api::campaigns::refuse_completed;
use crate::api::resource;
use crate::auth::Principal;
use crate::http::problem::{ProblemDocument, unknown_reference};
use crate::http::{Document, Failure, Fault, Id, JsonBody};
use crate::state::App;
use crate::twilio::{ActError, Ring};

/// The call that is to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct TestCallRequest {
    /// Whom to ring: the caller of the test.
    to: PhoneNumber,
    /// The number that the phone shows, which is what the caller has called. One of the tenant's
    /// numbers; the campaign's own where absent.
    #[serde(default)]
    from: Option<PhoneNumber>,
    /// The campaign whose call it is. Where absent, the active campaign that names the flow, else the
    /// only one that does.
    #[serde(default)]
    campaign_id: Option<Uuid>,
    /// Whether the draft is tested, and not the published version.
    #[serde(default = "by_default")]
    draft: bool,
}

const fn by_default() -> bool {
    true
}

impl Document for TestCallRequest {}

/// A test call whose phone is about to ring.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct TestCall {
    /// The id of the test.
    test_id: Uuid,
    /// The id of the call, which is in `/api/calls` and `/api/flow-sessions` once somebody answers. A
    /// phone that nobody answers leaves no call.
    call_id: Uuid,
    /// The carrier's id of the call.
    carrier_call_id: String,
    /// The campaign whose call it is.
    campaign_id: Uuid,
    /// The number that the phone shows.
    #[schema(value_type = String)]
    from: PhoneNumber,
    /// The published version that is tested; null where it is the draft.
    version: Option<u32>,
    /// What is wrong with what is tested. A draft has warnings only.
    problems: Vec<FlowProblem>,
}

/// What is tested.
struct Tested {
    definition: FlowDefinition,
    version: Option<u32>,
    problems: Vec<FlowProblem>,
}

/// The resource's path.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(test_call))
}

/// Rings a phone, and has whoever answers go through the draft as a caller, or through the published
/// version. What is tested is copied: edits change the next test, and no other call runs the copy.
///
/// It is a real call. Buyers whom the flow routes it to are rung, bidders are asked and pixels are
/// sent; the campaign need not be active. The call is in the journal, marked by `test`. It never
/// converts and earns nothing, whatever a bidder reports; no statistics, rules for repeated callers or
/// track records count it; and it takes places under caps only while somebody is rung or talks. A tenant
/// makes 5 test calls a minute at the most. A request that is sent again is another call.
#[utoipa::path(post, path = "/api/flows/{id}/test-call", tag = "flows", params(("id" = Uuid, Path)), request_body = TestCallRequest, responses(
    (status = 201, body = TestCall), (status = 401, body = ProblemDocument),
    (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument),
    (status = 422, body = ProblemDocument), (status = 429, body = ProblemDocument),
    (status = 502, body = ProblemDocument)))]
async fn test_call(
    State(app): State<App>,
    principal: Principal,
    Id(id): Id<Uuid>,
    JsonBody(request): JsonBody<TestCallRequest>,
) -> Result<(StatusCode, Json<TestCall>), Failure> {
    let tenant = principal.tenant;
    let draft: Stored<Draft> = resource::read(&app, tenant, id).await?;
    let account = app.config.twilio_account_sid.as_deref();
    let account = account.filter(|_| app.config.twilio_auth_token.is_some());
    let account = account.ok_or_else(no_account)?;
    let tested = tested(&app, tenant, id, draft.value.0, request.draft).await?;
    let campaign = campaign(&app, tenant, id, request.campaign_id).await?;
    let from = from(&app, tenant, &campaign.value, request.from.as_ref()).await?;
    if request.to == from {
        let message = "a phone cannot be rung from its own number";
        return Err(Failure::invalid("/to", "same_number", message));
    }
    let trial = NewTrial {
        // All of a random UUID but six bits is random, and the address is all that it opens.
        id: TrialId::from_uuid(Uuid::new_v4()),
        flow: FlowId::from_uuid(id),
        campaign: CampaignId::from_uuid(campaign.id),
        definition: tested.definition,
    };
    let trial = app.stores.flows.try_out(tenant, trial, app.clock.now()).await.map_err(refused)?;
    let ring = Ring {
        to: request.to.as_str(),
        from: from.as_str(),
        answer_url: app.renderer.trial_url(tenant, trial.id),
        fallback_url: app.renderer.fallback_url(),
        status_url: app.renderer.status_url(),
    };
    let carrier_call_id =
        app.carrier.ring(account, &ring).await.map_err(|error| not_rung(&error))?;
    let call = CallId::derive(CARRIER, account, &carrier_call_id);
    tracing::info!(%tenant, flow = %id, %call, trial = %trial.id, "a phone is rung for a test call");
    let made = TestCall {
        test_id: trial.id.uuid(),
        call_id: call.uuid(),
        carrier_call_id,
        campaign_id: campaign.id,
        from,
        version: tested.version,
        problems: tested.problems,
    };
    Ok((StatusCode::CREATED, Json(made)))
}

/// The document that is tested, which can be run.
async fn tested(
    app: &App,
    tenant: TenantId,
    id: Uuid,
    draft: FlowDefinition,
    is_draft: bool,
) -> Result<Tested, Failure> {
    if is_draft {
        let problems = Inspector::of(app, tenant, [&draft]).await?.problems(&draft).await?;
        let problems = passing(problems)?;
        return Ok(Tested { definition: draft, version: None, problems });
    }
    let newest =
        app.stores.flows.newest(tenant, FlowId::from_uuid(id)).await?.ok_or_else(|| {
            let message = "the flow was never published: publish it, or test its draft";
            Failure::invalid("/draft", "not_published", message)
        })?;
    if check(&newest.definition, None).program.is_none() {
        let message = "this version cannot be run any more: publish the flow again";
        return Err(Failure::invalid("", "not_runnable", message));
    }
    // It is tested as it is, with everything that came to be wrong with it since.
    let definition = newest.definition;
    let problems = Inspector::of(app, tenant, [&definition]).await?.problems(&definition).await?;
    Ok(Tested { definition, version: Some(newest.number), problems })
}

/// The campaign whose call the test is.
async fn campaign(
    app: &App,
    tenant: TenantId,
    flow: Uuid,
    named: Option<Uuid>,
) -> Result<Stored<Campaign>, Failure> {
    if let Some(id) = named {
        let row = app.stores.registry.read(tenant, Kind::Campaign, id).await?;
        let row = row.ok_or_else(|| unknown_reference("/campaignId", Kind::Campaign))?;
        let campaign: Stored<Campaign> = row.of()?;
        refuse_completed(&campaign.value)?;
        return Ok(campaign);
    }
    let (mut active, mut others) = (Vec::new(), Vec::new());
    for campaign in campaigns_of(app, tenant, flow).await? {
        match campaign.value.status {
            CampaignStatus::Active => active.push(campaign),
            CampaignStatus::Draft | CampaignStatus::Paused => others.push(campaign),
            CampaignStatus::Completed => {}
        }
    }
    let candidates = if active.is_empty() { others } else { active };
    match <[Stored<Campaign>; 1]>::try_from(candidates) {
        Ok([campaign]) => Ok(campaign),
        Err(none) if none.is_empty() => {
            let message = "no campaign names this flow: name the campaign to test it in";
            Err(Failure::invalid("/campaignId", "no_campaign", message))
        }
        Err(several) => {
            let message = format!("{} campaigns name this flow: name one", several.len());
            Err(Failure::invalid("/campaignId", "several_campaigns", message))
        }
    }
}

/// Every campaign that names the flow.
async fn campaigns_of(
    app: &App,
    tenant: TenantId,
    flow: Uuid,
) -> Result<Vec<Stored<Campaign>>, Failure> {
    let mut found = Vec::new();
    let mut page = PageRequest { limit: limits::PAGE_ITEMS, after: None };
    loop {
        let campaigns = app.stores.registry.list(tenant, Kind::Campaign, page).await?;
        for row in campaigns.items {
            let named = match &row.value {
                Object::Campaign(campaign) => campaign.flow_id,
                _ => None,
            };
            if named == Some(FlowId::from_uuid(flow)) {
                found.push(row.of()?);
            }
        }
        let Some(next) = campaigns.next else { return Ok(found) };
        page.after = Some(next);
    }
}

/// The number that is shown: never another tenant's.
async fn from(
    app: &App,
    tenant: TenantId,
    campaign: &Campaign,
    named: Option<&PhoneNumber>,
) -> Result<PhoneNumber, Failure> {
    if let Some(number) = named {
        let holder = app.stores.system.number(number).await?;
        if holder.is_some_and(|holder| holder.tenant == tenant) {
            return Ok(number.clone());
        }
        let message = "a number of your own inventory is expected";
        return Err(Failure::invalid("/from", "unknown_number", message));
    }
    if let Some(own) = campaign.phone_number_id
        && let Some(row) = app.stores.registry.read(tenant, Kind::Number, own.uuid()).await?
    {
        let own: Stored<Number> = row.of()?;
        return Ok(own.value.number);
    }
    let message = "the campaign has no number: name the number to ring from";
    Err(Failure::invalid("/from", "no_number", message))
}

fn no_account() -> Failure {
    let message =
        "there is no account at the carrier: set TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN";
    Failure::conflict("", "no_carrier_account", message)
}

fn refused(error: TrialError) -> Failure {
    match error {
        TrialError::TooMany => Failure::TooOften {
            message: format!("At most {} test calls a minute are made.", limits::TRIALS_PER_MINUTE),
            retry_after_secs: 60,
        },
        TrialError::Store(error) => error.into(),
        _ => Failure::Bug("an error of trials that this server does not know"),
    }
}

/// The carrier's own code where it has one, such as `21219`.
fn not_rung(error: &ActError) -> Failure {
    let code = match error {
        ActError::NoToken => return no_account(),
        ActError::Refused { code: Some(code), .. } => code.to_string(),
        ActError::Refused { code: None, .. } | ActError::NoCall => "carrier_refused".to_owned(),
        ActError::Unreachable(_) => "carrier_unreachable".to_owned(),
    };
    Failure::Carrier(Fault::new("", code, error.to_string()))
}
