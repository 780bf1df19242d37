//! `/api/flows/{id}/stats`: what calls did in a flow, from recorded facts only.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use axum::Json;
use axum::extract::State;
use callcore::flow::{FlowStatistics, Layout};
use callcore::port::PassageFilter;
use callcore::vocabulary::{PageRequest, TenantId};
use chrono::TimeDelta;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::figures::FlowStats;
use super::period::{Period, PeriodParameters};
use crate::auth::Principal;
use crate::http::page::Parameters;
use crate::http::problem::ProblemDocument;
use crate::http::{Failure, Id};
use crate::state::App;

/// The newest calls that one answer looks at.
const MOST_CALLS: usize = 50_000;
/// How far an answer looks back where nothing is said.
const USUAL_DAYS: TimeDelta = TimeDelta::days(7);

/// The resource's path.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(stats))
}

/// Tells what calls did in a flow: how often each node was executed, completed and left for good, how
/// long it took, which exits and branches were taken, when calls came, and the commonest paths. The
/// last 7 days where nothing is said.
#[utoipa::path(get, path = "/api/flows/{id}/stats", tag = "flows", params(("id" = Uuid, Path), PeriodParameters), responses(
    (status = 200, body = FlowStats), (status = 401, body = ProblemDocument),
    (status = 404, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
async fn stats(
    State(app): State<App>,
    principal: Principal,
    Id(id): Id<Uuid>,
    Parameters(query): Parameters,
) -> Result<Json<FlowStats>, Failure> {
    let mut faults = Vec::new();
    let mut period = Period::read(&query, &mut faults);
    if !faults.is_empty() {
        return Err(Failure::Invalid(faults));
    }
    let until = period.to.unwrap_or_else(|| app.clock.now());
    let from = period.from.or_else(|| until.checked_sub_signed(USUAL_DAYS));
    period.from = from;
    let tenant = principal.tenant;
    let filter = period.filter(&app, tenant, id).await?;
    let (counted, truncated) = fold(&app, tenant, &filter, period).await?;
    Ok(Json(FlowStats::new((id, period.version), (from, until), &counted, truncated)))
}

async fn fold(
    app: &App,
    tenant: TenantId,
    filter: &PassageFilter,
    period: Period,
) -> Result<(FlowStatistics, bool), Failure> {
    let mut counted = FlowStatistics::default();
    let mut layouts: BTreeMap<u32, Layout> = BTreeMap::new();
    let mut page = PageRequest::LARGEST;
    let mut looked_at = 0;
    loop {
        let passages = app.stores.calls.passages(tenant, filter, page).await?;
        looked_at += passages.items.len();
        for passage in passages.items.iter().filter(|passage| period.has(passage.version)) {
            let layout = match layouts.entry(passage.version) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(unknown) => {
                    let (flow, number) = (filter.flow, passage.version);
                    let version = app.stores.flows.version(tenant, flow, number).await?;
                    let layout = version.map(|version| Layout::of(&version.definition));
                    unknown.insert(layout.unwrap_or_default())
                }
            };
            counted.add(passage, layout);
        }
        page.after = passages.next;
        if page.after.is_none() || looked_at >= MOST_CALLS {
            return Ok((counted, page.after.is_some()));
        }
    }
}
