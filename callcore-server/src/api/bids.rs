//! `/api/rtb/bid-requests` and `/api/rtb/bid-responses`: what auctions left behind.

use std::collections::HashMap;

use axum::Json;
use axum::extract::State;
use callcore::auction::{AuctionLog, Verdict};
use callcore::port::{AuctionFilter, AuctionRecord, BidRequestRecord, BidResponseRecord};
use callcore::vocabulary::{CallId, CampaignId, Money, TargetId};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::auth::Principal;
use crate::http::page::PagingParameters;
use crate::http::problem::ProblemDocument;
use crate::http::{Failure, Fault, Listing, Paging};
use crate::state::App;

/// One auction.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BidRequest {
    /// The auction's id.
    pub id: Uuid,
    /// The call that was auctioned.
    pub call_id: Uuid,
    /// The campaign that it is a call of.
    pub campaign_id: Uuid,
    /// When the auction was opened.
    pub created_at: DateTime<Utc>,
    /// How long it took.
    pub duration_ms: u32,
    /// Targets that were considered.
    pub considered: u32,
    /// Targets that were asked.
    pub asked: u32,
    /// Valid bids.
    pub bids: u32,
    /// Who won; null where nobody did.
    pub winner_target_id: Option<Uuid>,
    /// What the winner was called at the time; null where nobody won.
    pub winner_name: Option<String>,
    /// What the winner pays.
    pub price: Option<Money>,
}

impl From<BidRequestRecord> for BidRequest {
    fn from(record: BidRequestRecord) -> Self {
        Self {
            id: record.id.uuid(),
            call_id: record.call.uuid(),
            campaign_id: record.campaign.uuid(),
            created_at: record.opened_at,
            duration_ms: record.duration_ms,
            considered: record.considered,
            asked: record.asked,
            bids: record.bids,
            winner_target_id: record.winner.map(TargetId::uuid),
            winner_name: record.winner_name,
            price: record.price,
        }
    }
}

/// What became of one target in an auction, asked or not.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BidResponse {
    /// Its id.
    pub id: Uuid,
    /// The auction, as `/api/rtb/bid-requests` lists it.
    pub auction_id: Uuid,
    /// The call that was auctioned.
    pub call_id: Uuid,
    /// The campaign that it is a call of.
    pub campaign_id: Uuid,
    /// The target.
    pub target_id: Uuid,
    /// What the target was called at the time.
    pub target_name: String,
    /// What became of it.
    pub verdict: Verdict,
    /// What it bid; null where it made no bid that can be read.
    pub bid: Option<Money>,
    /// Its place among the valid bids, from 1.
    pub rank: Option<u32>,
    /// How long it took to answer; null where it was not asked or did not answer.
    pub response_time_ms: Option<u32>,
    /// The reason in its own words, or ours.
    pub detail: String,
    /// When the auction was opened.
    pub created_at: DateTime<Utc>,
}

impl From<BidResponseRecord> for BidResponse {
    fn from(record: BidResponseRecord) -> Self {
        Self {
            id: record.id,
            auction_id: record.auction.uuid(),
            call_id: record.call.uuid(),
            campaign_id: record.campaign.uuid(),
            target_id: record.target.uuid(),
            target_name: record.target_name,
            verdict: record.verdict,
            bid: record.bid,
            rank: record.rank,
            response_time_ms: record.response_time_ms,
            detail: record.detail,
            created_at: record.opened_at,
        }
    }
}

/// An auction as a call's journey shows it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuctionOfCall {
    /// The auction in short.
    #[serde(flatten)]
    pub request: BidRequest,
    /// Every target that was considered.
    pub entries: Vec<BidResponse>,
    /// Everything that its result follows from, and from nothing else.
    #[schema(value_type = Object)]
    pub log: AuctionLog,
}

impl From<AuctionRecord> for AuctionOfCall {
    fn from(record: AuctionRecord) -> Self {
        Self {
            request: record.request.into(),
            entries: record.responses.into_iter().map(BidResponse::from).collect(),
            log: record.log,
        }
    }
}

/// The query parameters of both lists, for the OpenAPI document.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[expect(dead_code, reason = "read by name in `filter`, which reports every problem at once")]
struct BidParameters {
    /// Of this call.
    call_id: Option<Uuid>,
    /// Of this campaign.
    campaign_id: Option<Uuid>,
    /// Of this target; auctions in which it was considered.
    target_id: Option<Uuid>,
    /// With this verdict; auctions in which anybody got it, or where a target is named, that target.
    verdict: Option<Verdict>,
}

/// The resource's paths.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(requests)).routes(routes!(responses))
}

/// Lists auctions, newest first.
#[utoipa::path(get, path = "/api/rtb/bid-requests", tag = "rtb", params(PagingParameters, BidParameters), responses(
    (status = 200, body = Listing<BidRequest>), (status = 401, body = ProblemDocument),
    (status = 422, body = ProblemDocument)))]
async fn requests(
    State(app): State<App>,
    principal: Principal,
    paging: Paging,
) -> Result<Json<Listing<BidRequest>>, Failure> {
    let filter = filter(&paging.query)?;
    let page = app.stores.auctions.requests(principal.tenant, &filter, paging.page).await?;
    Ok(Json(page.map(BidRequest::from).into()))
}

/// Lists what became of each target that was considered, newest auctions first.
#[utoipa::path(get, path = "/api/rtb/bid-responses", tag = "rtb", params(PagingParameters, BidParameters), responses(
    (status = 200, body = Listing<BidResponse>), (status = 401, body = ProblemDocument),
    (status = 422, body = ProblemDocument)))]
async fn responses(
    State(app): State<App>,
    principal: Principal,
    paging: Paging,
) -> Result<Json<Listing<BidResponse>>, Failure> {
    let filter = filter(&paging.query)?;
    let page = app.stores.auctions.responses(principal.tenant, &filter, paging.page).await?;
    Ok(Json(page.map(BidResponse::from).into()))
}

/// Reads the filters of both lists.
fn filter(query: &HashMap<String, String>) -> Result<AuctionFilter, Failure> {
    let mut faults = Vec::new();
    let mut id = |name: &str| {
        let text = query.get(name)?;
        let id = text.parse::<Uuid>().ok();
        if id.is_none() {
            faults.push(Fault::new(format!("/{name}"), "bad_format", "a UUID is expected"));
        }
        id
    };
    let mut filter = AuctionFilter {
        call: id("callId").map(CallId::from_uuid),
        campaign: id("campaignId").map(CampaignId::from_uuid),
        target: id("targetId").map(TargetId::from_uuid),
        verdict: None,
    };
    if let Some(word) = query.get("verdict") {
        filter.verdict = Verdict::ALL.iter().copied().find(|verdict| verdict.name() == word);
        if filter.verdict.is_none() {
            let words: Vec<&str> = Verdict::ALL.iter().map(|verdict| verdict.name()).collect();
            let message = format!("one of {} is expected", words.join(", "));
            faults.push(Fault::new("/verdict", "unknown_word", message));
        }
    }
    if faults.is_empty() { Ok(filter) } else { Err(Failure::Invalid(faults)) }
}
