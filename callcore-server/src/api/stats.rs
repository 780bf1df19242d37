//! `/api/stats/campaign/{id}`: how well a campaign's calls are routed, from recorded facts only.

use axum::Json;
use axum::extract::State;
use callcore::call::RoutingMetrics;
use callcore::plan::Plan;
use callcore::port::{Ask, CallFilter};
use callcore::schedule::CapWindow;
use callcore::vocabulary::{CallId, CampaignId, PageRequest, TenantId};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::calls;
use crate::auth::Principal;
use crate::http::problem::ProblemDocument;
use crate::http::{Failure, Id, Paging};
use crate::state::App;

/// The newest calls that one answer looks at.
const MOST_CALLS: u64 = 10_000;

/// How well a campaign's calls are routed.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CampaignStats {
    /// The campaign.
    pub campaign_id: Uuid,
    /// Calls that came in; at most the newest 10,000 of the period are looked at.
    pub calls: u64,
    /// Whether there are older calls in the period that were not looked at.
    pub truncated: bool,
    /// Calls that a buyer answered.
    pub answered: u64,
    /// Calls that converted.
    pub converted: u64,
    /// The share of calls that a buyer answered; null where there is no call.
    pub answer_rate: Option<f64>,
    /// The share of calls that converted.
    pub success_rate: Option<f64>,
    /// The share of dialled calls in which more than one buyer was dialled.
    pub fallback_rate: Option<f64>,
    /// Seconds of conversation with buyers.
    pub talk_seconds: u64,
    /// From the voice webhook to its TwiML.
    pub response_time_ms: Quantiles,
    /// From dialling to the answer.
    pub time_to_connect_ms: Quantiles,
    /// How much of the buyers' concurrency is in use right now.
    pub utilisation: Vec<BuyerUtilisation>,
}

/// A distribution in short; null where nothing was measured.
#[derive(Debug, Serialize, ToSchema)]
pub struct Quantiles {
    /// Half of the values are at most this.
    pub p50: Option<u64>,
    /// 95 % of the values are at most this.
    pub p95: Option<u64>,
}

/// How much of a buyer's concurrency is in use.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BuyerUtilisation {
    /// The buyer.
    pub buyer_id: Uuid,
    /// What people call it.
    pub name: String,
    /// Calls it has right now.
    pub concurrent: u32,
    /// Its cap.
    pub limit: u32,
    /// The share that is in use.
    pub utilisation: Option<f64>,
}

#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(
    dead_code,
    reason = "read by name in `calls::filter`, which reports every problem at once"
)]
struct Period {
    /// Calls that came in at this time or later.
    from: Option<DateTime<Utc>>,
    /// Calls that came in before this time.
    to: Option<DateTime<Utc>>,
}

/// The resource's path.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(campaign))
}

/// Tells how well a campaign's calls are routed.
#[utoipa::path(get, path = "/api/stats/campaign/{id}", tag = "calls", params(("id" = Uuid, Path), Period), responses(
    (status = 200, body = CampaignStats), (status = 401, body = ProblemDocument),
    (status = 404, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
async fn campaign(
    State(app): State<App>,
    principal: Principal,
    Id(id): Id<Uuid>,
    paging: Paging,
) -> Result<Json<CampaignStats>, Failure> {
    let tenant = principal.tenant;
    let plan = Plan::compile(&super::campaigns::source(&app, tenant, id).await?);
    let filter =
        CallFilter { campaign: Some(CampaignId::from_uuid(id)), ..calls::filter(&paging.query)? };
    let (metrics, truncated) = fold(&app, tenant, &filter).await?;
    let quantiles = |at: &dyn Fn(u64) -> Option<u64>| Quantiles { p50: at(50), p95: at(95) };
    Ok(Json(CampaignStats {
        campaign_id: id,
        calls: metrics.calls,
        truncated,
        answered: metrics.answered,
        converted: metrics.converted,
        answer_rate: share(metrics.answered, metrics.calls),
        success_rate: share(metrics.converted, metrics.calls),
        fallback_rate: share(metrics.fell_back, metrics.offered),
        talk_seconds: metrics.talk_secs,
        response_time_ms: quantiles(&|percent| metrics.response_ms(percent)),
        time_to_connect_ms: quantiles(&|percent| metrics.connect_ms(percent)),
        utilisation: utilisation(&app, tenant, &plan).await?,
    }))
}

async fn fold(
    app: &App,
    tenant: TenantId,
    filter: &CallFilter,
) -> Result<(RoutingMetrics, bool), Failure> {
    let mut metrics = RoutingMetrics::default();
    let mut page = PageRequest::LARGEST;
    loop {
        let calls = app.stores.calls.list(tenant, filter, page).await?;
        calls.items.iter().for_each(|call| metrics.add(call));
        page.after = calls.next;
        if page.after.is_none() || metrics.calls >= MOST_CALLS {
            return Ok((metrics, page.after.is_some()));
        }
    }
}

async fn utilisation(
    app: &App,
    tenant: TenantId,
    plan: &Plan,
) -> Result<Vec<BuyerUtilisation>, Failure> {
    let concurrent = plan.candidates.iter().filter_map(|candidate| {
        let cap = candidate.caps.iter().find(|cap| cap.key.window == CapWindow::Concurrent)?;
        Some((candidate, *cap))
    });
    let concurrent: Vec<_> = concurrent.collect();
    let ask = Ask { caps: concurrent.iter().map(|(_, cap)| *cap).collect(), ..Ask::default() };
    // No call has the nil id, so nothing is taken off for a call's own places.
    let nobody = CallId::from_uuid(Uuid::nil());
    let look = app.stores.calls.look(tenant, nobody, &ask, app.clock.now()).await?;
    let shown = concurrent.into_iter().map(|(candidate, cap)| {
        let used = look.usage.get(&cap.key).copied().unwrap_or(0);
        BuyerUtilisation {
            buyer_id: candidate.buyer.uuid(),
            name: candidate.name.clone(),
            concurrent: used,
            limit: cap.limit,
            utilisation: share(used.into(), cap.limit.into()),
        }
    });
    Ok(shown.collect())
}

/// A share to four decimals. It is shown and never decided by.
#[expect(clippy::float_arithmetic, reason = "JSON has no other fractions")]
pub(super) fn share(part: u64, of: u64) -> Option<f64> {
    (of > 0).then(|| ((part as f64 / of as f64) * 10_000.0).round() / 10_000.0)
}
