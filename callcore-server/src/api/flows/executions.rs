//! `/api/flows/{id}/executions`: the log of what the nodes of a flow did, newest calls first. Sensitive
//! answers are masked.

use std::collections::HashMap;
use std::str::FromStr;

use axum::Json;
use axum::extract::State;
use callcore::call::Passage;
use callcore::flow::{Ending, Visit, visits};
use callcore::vocabulary::{Cursor, InvalidCursor, PageRequest, TenantId, limits};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::period::{Period, PeriodParameters};
use crate::auth::Principal;
use crate::http::page::{PagingParameters, Parameters, limit};
use crate::http::problem::ProblemDocument;
use crate::http::{Failure, Fault, Id, Listing};
use crate::state::App;

/// The calls that one answer looks at.
const MOST_CALLS: usize = 5_000;

/// One execution of one node: everything from entering it to leaving it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Execution {
    /// The call.
    call_id: Uuid,
    /// The version that the call ran.
    version: u32,
    /// The node.
    node_id: String,
    /// Its type.
    #[serde(rename = "type")]
    kind: String,
    /// When it was entered.
    at: DateTime<Utc>,
    /// When it was left, or when the call ended in it; null while that is not known.
    left_at: Option<DateTime<Utc>>,
    /// How long the call was in it, in milliseconds, with the conversation where it connected the call.
    duration_ms: Option<u64>,
    /// How it ended.
    ending: ExecutionEnding,
    /// The exit that was taken; null where there was none.
    exit: Option<String>,
    /// What the caller did in it, in order; masked where it is sensitive.
    inputs: Vec<String>,
    /// What else is worth knowing.
    notes: Vec<String>,
}

/// How the execution of a node ended.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ExecutionEnding {
    /// The call did not come any further: the caller hung up, the flow failed or its session expired.
    DroppedOff,
    /// The flow came to its end in it.
    Ended,
    /// It was left by an exit.
    Exit,
    /// It could not take the call, and a splitter before it sent the call elsewhere.
    FailedOver,
    /// The call is in it.
    Waiting,
}

/// The query parameters beside those of lists and periods, for the OpenAPI document.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[expect(dead_code, reason = "read by name in `Asked`, which reports every problem at once")]
struct ExecutionParameters {
    /// Executions of this node.
    node_id: Option<String>,
}

/// What is asked for.
struct Asked {
    period: Period,
    node: Option<String>,
    limit: usize,
    after: Option<Place>,
}

/// Where a page ended: at a call, of which so many executions are left to tell, the oldest ones. A call
/// that goes on gets more at the other end, so the place stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    call: Cursor,
    left: usize,
}

/// The resource's path.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(executions))
}

/// Lists what the nodes of a flow did: newest calls first, of each call the last execution first. Where
/// few calls match, a page may be short or empty and still have a `nextCursor`.
#[utoipa::path(get, path = "/api/flows/{id}/executions", tag = "flows",
    params(("id" = Uuid, Path), PagingParameters, PeriodParameters, ExecutionParameters), responses(
    (status = 200, body = Listing<Execution>), (status = 401, body = ProblemDocument),
    (status = 404, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
async fn executions(
    State(app): State<App>,
    principal: Principal,
    Id(id): Id<Uuid>,
    Parameters(query): Parameters,
) -> Result<Json<Listing<Execution>>, Failure> {
    let asked = Asked::read(&query)?;
    let (items, next) = asked.find(&app, principal.tenant, id).await?;
    Ok(Json(Listing { items, next_cursor: next.map(|place| place.to_string()) }))
}

impl Asked {
    fn read(query: &HashMap<String, String>) -> Result<Self, Failure> {
        let mut faults = Vec::new();
        let limit = limit(query, &mut faults);
        let after: Option<Result<Place, InvalidCursor>> =
            query.get("cursor").map(|text| text.parse());
        if let Some(Err(error)) = &after {
            faults.push(Fault::new("/cursor", "bad_cursor", error.to_string()));
        }
        let after = after.and_then(Result::ok);
        let period = Period::read(query, &mut faults);
        let asked = Self { period, node: query.get("nodeId").cloned(), limit, after };
        if faults.is_empty() { Ok(asked) } else { Err(Failure::Invalid(faults)) }
    }

    async fn find(
        &self,
        app: &App,
        tenant: TenantId,
        id: Uuid,
    ) -> Result<(Vec<Execution>, Option<Place>), Failure> {
        let filter = self.period.filter(app, tenant, id).await?;
        let mut found = Vec::new();
        let (mut looked_at, mut last) = (0, self.after);
        loop {
            let page = PageRequest { limit: self.calls(), after: last.map(Place::before) };
            let passages = app.stores.calls.passages(tenant, &filter, page).await?;
            looked_at += passages.items.len();
            for passage in &passages.items {
                let room = self.limit - found.len();
                let (more, place) = self.of_call(passage, last, room);
                found.extend(more);
                last = Some(place);
                if place.left > 0 {
                    return Ok((found, last));
                }
            }
            if passages.next.is_none() {
                return Ok((found, None));
            }
            if found.len() >= self.limit || looked_at >= MOST_CALLS {
                return Ok((found, last));
            }
        }
    }

    /// As many calls as a page may need: each has several executions, if all of them are wanted.
    fn calls(&self) -> usize {
        let all = self.node.is_none() && self.period.version.is_none();
        if all { self.limit.div_ceil(4).max(10) } else { limits::PAGE_ITEMS }
    }

    /// Executions of a call, the last first, and where they end.
    fn of_call(
        &self,
        passage: &Passage,
        begun: Option<Place>,
        room: usize,
    ) -> (Vec<Execution>, Place) {
        let call = Cursor { created_at: passage.started_at, id: passage.call.uuid() };
        if !self.period.has(passage.version) {
            return (Vec::new(), Place { call, left: 0 });
        }
        let mut visits = visits(passage);
        if let Some(place) = begun.filter(|place| place.call.id == call.id) {
            visits.truncate(place.left);
        }
        let wanted = |visit: &Visit| self.node.as_ref().is_none_or(|node| visit.node == *node);
        let mut found = Vec::new();
        while let Some(visit) = visits.pop_if(|_| found.len() < room) {
            if wanted(&visit) {
                found.push(Execution::of(passage, visit));
            }
        }
        // What is left is told only where something of it is wanted.
        let left = if visits.iter().any(wanted) { visits.len() } else { 0 };
        (found, Place { call, left })
    }
}

impl Place {
    /// What a page of calls comes after, so that it begins with this call if anything of it is left.
    fn before(self) -> Cursor {
        let Self { call, left } = self;
        let next = Uuid::from_u128(call.id.as_u128().saturating_add(1));
        if left > 0 { Cursor { id: next, ..call } } else { call }
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.call, self.left)
    }
}

impl FromStr for Place {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<Self, InvalidCursor> {
        let (call, left) = text.rsplit_once('-').ok_or(InvalidCursor)?;
        Ok(Self { call: call.parse()?, left: left.parse().map_err(|_| InvalidCursor)? })
    }
}

impl Execution {
    fn of(passage: &Passage, visit: Visit) -> Self {
        Self {
            call_id: passage.call.uuid(),
            version: passage.version,
            duration_ms: visit.duration_ms(),
            node_id: visit.node,
            kind: visit.kind,
            at: visit.at,
            left_at: visit.left_at,
            ending: match visit.ending {
                Ending::DropOff => ExecutionEnding::DroppedOff,
                Ending::Exit => ExecutionEnding::Exit,
                Ending::FailedOver => ExecutionEnding::FailedOver,
                Ending::Flow => ExecutionEnding::Ended,
                Ending::Waiting => ExecutionEnding::Waiting,
            },
            exit: visit.exit,
            inputs: visit.inputs,
            notes: visit.notes,
        }
    }
}
