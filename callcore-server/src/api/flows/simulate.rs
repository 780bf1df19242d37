//! `/api/flows/{id}/simulate`: plays a call through a flow without a phone. Nobody is dialled or asked,
//! and nothing is stored.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use callcore::flow::{
    Answer, Context, EntryKind, Need, SimulatedInput, Simulation, SimulationOutcome,
    SimulationStep, TakenExit, Transcript, TranscriptEntry,
};
use callcore::model::{Campaign, FlowDefinition, NoRoute};
use callcore::plan::{FlowPlan, PinnedFlow, Plan};
use callcore::vocabulary::{CallId, FlowId, PhoneNumber, Tags, TenantId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::code;
use super::draft::Draft;
use super::dry_route::{DecisionOfNode, DryRoutes, source};
use super::problems::{Inspector, passing};
use super::sample;
use crate::api::resource;
use crate::auth::Principal;
use crate::http::problem::ProblemDocument;
use crate::http::{Document, Failure, Fault, Id, OptionalBody};
use crate::state::App;

/// The call that is played.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct SimulationRequest {
    /// Who calls; a sample number where absent.
    caller: Option<PhoneNumber>,
    /// What is dialled; a sample number where absent.
    called: Option<PhoneNumber>,
    /// Key-value facts on the call.
    tags: BTreeMap<String, String>,
    /// When the call comes in; now where absent.
    at: Option<DateTime<Utc>>,
    /// What the caller does and what becomes of dials, in order: a text (keys, or words where the
    /// question takes words), null for silence, or one of `{"digits"}`, `{"speech"}`,
    /// `{"dial": "answered"|"busy"|"no-answer"|"failed", "talk"}`, `{"record"}`, `{"hangup": true}`.
    #[schema(max_items = 200)]
    inputs: Vec<Value>,
    /// Whether the draft is played instead of the published version.
    draft: bool,
    /// The call's turn in every rotation and split, from 0.
    ordinal: u32,
    /// The campaign whose buyers and settings are used; without one there are none.
    campaign_id: Option<Uuid>,
}

impl Document for SimulationRequest {}

/// How the call ended.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SimulatedOutcome {
    /// How it ended.
    #[serde(flatten)]
    outcome: SimulationOutcome,
    /// What differs from a real call; null where nothing does.
    note: Option<String>,
}

/// A call that was played.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SimulatedCall {
    /// What was heard, said and done, in order.
    transcript: Vec<TranscriptEntry>,
    /// The exits that were taken, in order.
    exits: Vec<TakenExit>,
    /// How it ended.
    outcome: SimulatedOutcome,
    /// Who would have been dialled and why the others not, for each node that routed the call.
    decisions: Vec<DecisionOfNode>,
    /// How many inputs were left over because nothing asked for them.
    unused_inputs: usize,
}

/// The resource's paths.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(simulate))
}

/// Plays a call through the published version, or the draft. Nobody is dialled, no bidder is asked,
/// and nothing is stored.
#[utoipa::path(post, path = "/api/flows/{id}/simulate", tag = "flows", params(("id" = Uuid, Path)), request_body = Option<SimulationRequest>, responses(
    (status = 200, body = SimulatedCall), (status = 401, body = ProblemDocument),
    (status = 404, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
async fn simulate(
    State(app): State<App>,
    principal: Principal,
    Id(id): Id<Uuid>,
    OptionalBody(request): OptionalBody<SimulationRequest>,
) -> Result<Json<SimulatedCall>, Failure> {
    let tenant = principal.tenant;
    let (inputs, tags) = given(&request)?;
    let (version, definition) = chosen(&app, tenant, id, request.draft).await?;
    let pinned = PinnedFlow { flow: FlowId::from_uuid(id), version };
    let plan = Plan::compile(&source(&app, tenant, request.campaign_id, pinned, definition).await?);
    let Some(flow) = &plan.flow else {
        let message = "this version cannot be run any more: publish the flow again";
        return Err(Failure::invalid("", "not_runnable", message));
    };
    let caller = match &request.caller {
        Some(number) => sample::caller_of(number.as_str()),
        None => sample::caller(),
    };
    let now = request.at.unwrap_or_else(|| app.clock.now());
    let called = request.called.as_ref().map_or(sample::CALLED, PhoneNumber::as_str);
    let context = Context {
        tenant,
        call: CallId::from_uuid(Uuid::nil()),
        campaign: plan.id,
        flow: pinned.flow,
        version,
        caller: &caller,
        called,
        tags: &tags,
        now,
    };
    let simulation = Simulation::new(&flow.program, context, inputs);
    let mut routes = DryRoutes::new(&app, flow, &caller, request.ordinal.into());
    let ordinal = request.ordinal.into();
    let transcript = play(&app, tenant, flow, simulation, &mut routes, ordinal).await?;
    let Transcript { mut entries, exits, outcome, unused_inputs } = transcript;
    explain(&mut entries, request.campaign_id.and(Some(&plan.campaign)));
    let (decisions, note) = routes.finish();
    let outcome = SimulatedOutcome { outcome, note };
    Ok(Json(SimulatedCall { transcript: entries, exits, outcome, decisions, unused_inputs }))
}

/// Plays the call to its end.
async fn play(
    app: &App,
    tenant: TenantId,
    flow: &FlowPlan,
    mut simulation: Simulation<'_>,
    routes: &mut DryRoutes<'_>,
    ordinal: u64,
) -> Result<Transcript, Failure> {
    loop {
        let need = match simulation.step() {
            SimulationStep::Done(transcript) => return Ok(transcript),
            SimulationStep::Need(need) => need,
        };
        let answer = match need {
            Need::Script { code, call } => {
                let answer = code::run(app, tenant, &code, &call).await;
                Answer::Scripted(answer.map_err(|error| error.to_string()))
            }
            Need::Ordinal { .. } => Answer::Ordinal(ordinal),
            Need::Route | Need::Dial { .. } | Need::Confer { .. } => {
                let place = simulation.place();
                let place = place.and_then(|(node, at)| Some((node, flow.route(node)?, at)));
                routes.answer(place).await?
            }
        };
        simulation.answer(answer);
    }
}

/// The document to play, with its version; 0 is the draft.
async fn chosen(
    app: &App,
    tenant: TenantId,
    id: Uuid,
    draft: bool,
) -> Result<(u32, FlowDefinition), Failure> {
    let stored = resource::read::<Draft>(app, tenant, id).await?;
    if draft {
        let flow = stored.value.0;
        passing(Inspector::of(app, tenant, [&flow]).await?.problems(&flow).await?)?;
        return Ok((0, flow));
    }
    let newest = app.stores.flows.newest(tenant, FlowId::from_uuid(id)).await?;
    let newest = newest.ok_or_else(|| {
        let message =
            "the flow was never published: publish it, or play its draft with draft: true";
        Failure::invalid("/draft", "not_published", message)
    })?;
    Ok((newest.number, newest.definition))
}

/// Says where the call goes that the flow let go of: into the campaign's plain routing, or to its
/// no-route treatment. Without a campaign it is not known which.
fn explain(entries: &mut [TranscriptEntry], campaign: Option<&Campaign>) {
    let Some(last) = entries.last_mut() else { return };
    let treatment = campaign.map(|campaign| &campaign.no_route);
    match last.kind {
        EntryKind::PlainRouting => {
            let text = match campaign {
                Some(campaign) => format!("the plain routing of the campaign {:?}", campaign.name),
                None => "the plain routing of the campaign".to_owned(),
            };
            last.text = Some(text);
        }
        EntryKind::NoRoute => {
            last.destination =
                treatment.and_then(|treatment| Some(treatment.number.as_ref()?.to_string()));
            last.text = Some(match treatment {
                None => "the no-route treatment of the campaign".to_owned(),
                Some(NoRoute { number: Some(_), .. }) => "the no-route number".to_owned(),
                Some(NoRoute { message: Some(message), .. }) => message.clone(),
                Some(_) => "the no-route message, and a hang-up".to_owned(),
            });
        }
        _ => {}
    }
}

/// What the caller does, and the tags of the call.
fn given(request: &SimulationRequest) -> Result<(Vec<SimulatedInput>, Tags), Failure> {
    let mut faults = Vec::new();
    let inputs = inputs(&request.inputs, &mut faults);
    let mut tags = Tags::default();
    for (name, value) in &request.tags {
        if let Err(error) = tags.set(name, value) {
            let place = name.replace('~', "~0").replace('/', "~1");
            faults.push(Fault::new(format!("/tags/{place}"), "bad_tag", error.to_string()));
        }
    }
    if faults.is_empty() { Ok((inputs, tags)) } else { Err(Failure::Invalid(faults)) }
}

fn inputs(values: &[Value], faults: &mut Vec<Fault>) -> Vec<SimulatedInput> {
    let mut inputs = Vec::new();
    for (n, value) in values.iter().enumerate() {
        match SimulatedInput::try_from(value.clone()) {
            Ok(input) => inputs.push(input),
            Err(error) => {
                faults.push(Fault::new(format!("/inputs/{n}"), "bad_input", error.to_string()));
            }
        }
    }
    inputs
}

#[cfg(test)]
mod tests {
    use callcore::vocabulary::limits;

    use super::*;

    #[test]
    fn the_schema_allows_as_many_inputs_as_are_used() {
        let schema = serde_json::to_value(<SimulationRequest as utoipa::PartialSchema>::schema());
        let most = schema.unwrap()["properties"]["inputs"]["maxItems"].clone();
        assert_eq!(most, limits::SIMULATED_INPUTS);
    }

    #[test]
    fn every_input_that_is_none_is_told_with_its_place() {
        let values = [Value::from("1"), Value::from(1), Value::Null, Value::from(true)];
        let mut faults = Vec::new();
        inputs(&values, &mut faults);
        let paths: Vec<_> = faults.iter().map(|fault| fault.path.as_str()).collect();
        assert_eq!(paths, ["/inputs/1", "/inputs/3"]);
    }
}
