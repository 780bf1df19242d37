//! `/api/flow-sessions`: calls that ran a flow, where they stand in it, and the log of what each node
//! did. Sensitive answers are masked.

use std::collections::{BTreeMap, HashMap};

use axum::Json;
use axum::extract::State;
use callcore::call::{Call, Fact, FlowStatus, NodeRun};
use callcore::port::{CallFilter, DeliveryRecord, DeliveryStatus, FlowFilter};
use callcore::vocabulary::{CallId, FlowId, PageRequest};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::api::calls;
use crate::auth::Principal;
use crate::http::page::PagingParameters;
use crate::http::problem::ProblemDocument;
use crate::http::{Failure, Fault, Id, Listing, Paging};
use crate::state::App;

/// How often one request looks for more sessions that stand as asked. A page may be short and still
/// have another after it.
const MOST_LOOKS: u32 = 20;

/// A call in a flow.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct FlowSessionSummary {
    /// Its id, which is the call's: a call runs at most one flow.
    id: Uuid,
    /// The call.
    call_id: Uuid,
    /// The campaign that routed it.
    campaign_id: Uuid,
    /// The flow.
    flow_id: Uuid,
    /// The version that the call stays on; of a test call, the number of its trial.
    version: u32,
    /// Whether the call is a test (`POST /api/flows/{id}/test-call`).
    test: bool,
    /// How it stands.
    status: FlowStatus,
    /// The node that the call is in, or was in at the end.
    node_id: String,
    /// What the caller entered, by the names that the flow gives it; sensitive values are masked.
    variables: BTreeMap<String, String>,
    /// When it began.
    started_at: DateTime<Utc>,
    /// When it began, as every resource says it.
    created_at: DateTime<Utc>,
    /// When it last moved.
    updated_at: DateTime<Utc>,
    /// When it ends if nothing comes before.
    expires_at: DateTime<Utc>,
    /// Why it failed; null where it did not.
    failure: Option<String>,
}

/// A call in a flow with everything that happened in it.
#[derive(Debug, Serialize, ToSchema)]
struct FlowSessionLog {
    /// The session in short.
    #[serde(flatten)]
    summary: FlowSessionSummary,
    /// What each node did, in order.
    nodes: Vec<NodeEntry>,
    /// What was sent on behalf of the call.
    deliveries: Vec<DeliveryEntry>,
}

/// One execution of one node.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct NodeEntry {
    /// The node.
    node_id: String,
    /// Its type.
    #[serde(rename = "type")]
    kind: String,
    /// When it was entered, or went on after the caller's answer.
    at: DateTime<Utc>,
    /// How long the caller took, in milliseconds; null where it was entered.
    waited_ms: Option<u64>,
    /// What the caller did; masked where it is sensitive.
    input: Option<String>,
    /// The exit that was taken; null where the node waits, or where the flow ended in it.
    exit: Option<String>,
    /// What else is worth knowing.
    note: Option<String>,
    /// The step of the call's journey.
    step: String,
}

/// Something that was sent on behalf of a call, without its address and contents.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct DeliveryEntry {
    /// Its id, by which who receives it tells repetitions.
    id: Uuid,
    /// What people call it.
    name: String,
    /// How it stands: `waiting`, `delivered` or `given_up`.
    #[schema(value_type = String)]
    status: DeliveryStatus,
    /// How often it was tried.
    attempts: u32,
    /// Why the last try failed; null where it did not.
    reason: Option<String>,
    /// When it was written.
    created_at: DateTime<Utc>,
    /// When it was last tried.
    updated_at: DateTime<Utc>,
}

/// The query parameters of the list, for the OpenAPI document.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[expect(dead_code, reason = "read by name in `filter`, which reports every problem at once")]
struct SessionParameters {
    /// Calls that ran this flow, in any version.
    flow_id: Option<Uuid>,
    /// Sessions that stand or ended like this.
    status: Option<FlowStatus>,
    /// Calls of this campaign.
    campaign_id: Option<Uuid>,
    /// Calls that came in at this time or later.
    from: Option<DateTime<Utc>>,
    /// Calls that came in before this time.
    to: Option<DateTime<Utc>>,
}

/// The resource's paths.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(read))
}

/// Lists calls that ran a flow, newest first.
#[utoipa::path(get, path = "/api/flow-sessions", tag = "flows", params(PagingParameters, SessionParameters), responses(
    (status = 200, body = Listing<FlowSessionSummary>), (status = 401, body = ProblemDocument),
    (status = 422, body = ProblemDocument)))]
async fn list(
    State(app): State<App>,
    principal: Principal,
    paging: Paging,
) -> Result<Json<Listing<FlowSessionSummary>>, Failure> {
    let mut filter = filter(&paging.query)?;
    let wanted = filter.flow_status;
    // The store knows nothing of a session that came to its end while nobody looked.
    filter.flow_status = wanted.filter(|status| *status != FlowStatus::Expired);
    let (now, mut after, mut looks) = (app.clock.now(), paging.page.after, 0);
    let mut items: Vec<FlowSessionSummary> = Vec::new();
    loop {
        // As many as are still wanted, so that the next page begins where this one ends.
        let page = PageRequest { limit: paging.page.limit - items.len(), after };
        let page = app.stores.calls.list(principal.tenant, &filter, page).await?;
        (looks, after) = (looks + 1, page.next);
        let sessions = page.items.iter().filter_map(|call| FlowSessionSummary::of(call, now));
        items.extend(sessions.filter(|one| wanted.is_none_or(|status| one.status == status)));
        if after.is_none() || items.len() >= paging.page.limit || looks >= MOST_LOOKS {
            let next_cursor = after.map(|cursor| cursor.to_string());
            return Ok(Json(Listing { items, next_cursor }));
        }
    }
}

/// Reads the filters of the list, those that calls have too in the same way.
///
/// # Errors
/// [`Failure::Invalid`] with everything that is wrong.
fn filter(query: &HashMap<String, String>) -> Result<CallFilter, Failure> {
    let mut faults = Vec::new();
    let shared = ["campaignId", "from", "to"].iter().filter_map(|name| query.get_key_value(*name));
    let shared = shared.map(|(name, value)| (name.clone(), value.clone())).collect();
    let mut filter = calls::filter(&shared).or_else(|failure| match failure {
        Failure::Invalid(found) => {
            faults.extend(found);
            Ok(CallFilter::default())
        }
        other => Err(other),
    })?;
    filter.flow = Some(FlowFilter::Any);
    if let Some(id) = query.get("flowId") {
        match id.parse() {
            Ok(id) => filter.flow = Some(FlowFilter::Flow(FlowId::from_uuid(id))),
            Err(_) => faults.push(Fault::new("/flowId", "bad_format", "a UUID is expected")),
        }
    }
    if let Some(status) = query.get("status") {
        filter.flow_status = FlowStatus::from_name(status);
        if filter.flow_status.is_none() {
            let message =
                format!("one of {} is expected", FlowStatus::ALL.map(FlowStatus::name).join(", "));
            faults.push(Fault::new("/status", "unknown_word", message));
        }
    }
    if faults.is_empty() { Ok(filter) } else { Err(Failure::Invalid(faults)) }
}

/// Reads a call's way through its flow.
#[utoipa::path(get, path = "/api/flow-sessions/{id}", tag = "flows", params(("id" = Uuid, Path)), responses(
    (status = 200, body = FlowSessionLog), (status = 401, body = ProblemDocument),
    (status = 404, body = ProblemDocument)))]
async fn read(
    State(app): State<App>,
    principal: Principal,
    Id(id): Id<Uuid>,
) -> Result<Json<FlowSessionLog>, Failure> {
    let (tenant, id) = (principal.tenant, CallId::from_uuid(id));
    let journey = app.stores.calls.read(tenant, id).await?.ok_or(Failure::NotFound)?;
    let summary =
        FlowSessionSummary::of(&journey.call, app.clock.now()).ok_or(Failure::NotFound)?;
    let deliveries = app.stores.outbox.of_call(tenant, id).await?;
    Ok(Json(FlowSessionLog {
        summary,
        nodes: journey.facts.into_iter().flat_map(entries).collect(),
        deliveries: deliveries.into_iter().map(DeliveryEntry::from).collect(),
    }))
}

fn entries(fact: Fact) -> impl Iterator<Item = NodeEntry> {
    let step = fact.step.to_string();
    fact.nodes.into_iter().map(move |run| NodeEntry::new(run, step.clone()))
}

impl FlowSessionSummary {
    /// The session of a call that ran a flow, as it stands now.
    fn of(call: &Call, now: DateTime<Utc>) -> Option<Self> {
        let session = call.flow.as_ref()?;
        Some(Self {
            id: call.id.uuid(),
            call_id: call.id.uuid(),
            campaign_id: call.campaign.uuid(),
            flow_id: session.flow.uuid(),
            version: session.version,
            test: session.is_trial(),
            status: session.status_at(now),
            node_id: session.node.clone(),
            variables: session.shown_variables(),
            started_at: session.started_at,
            created_at: session.started_at,
            updated_at: session.updated_at,
            expires_at: session.expires_at,
            failure: session.failure.clone(),
        })
    }
}

impl NodeEntry {
    fn new(run: NodeRun, step: String) -> Self {
        Self {
            node_id: run.node,
            kind: run.kind,
            at: run.at,
            waited_ms: run.waited_ms,
            input: run.input,
            exit: run.exit,
            note: run.note,
            step,
        }
    }
}

impl From<DeliveryRecord> for DeliveryEntry {
    fn from(record: DeliveryRecord) -> Self {
        Self {
            id: record.delivery.id,
            name: record.delivery.name,
            status: record.status,
            attempts: record.attempts,
            reason: record.reason,
            created_at: record.created_at,
            updated_at: record.updated_at,
        }
    }
}
