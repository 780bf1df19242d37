//! What auctions leave behind: who was asked, what they bid, and the log that tells it all.

use std::fmt::Debug;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::StoreError;
use crate::auction::{AuctionLog, Bid, Exchange, Verdict};
use crate::vocabulary::{
    AuctionId, CallId, CampaignId, Money, Page, PageRequest, PhoneNumber, TargetId, TenantId,
};

/// One auction as it is listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BidRequestRecord {
    /// The auction.
    pub id: AuctionId,
    /// The call that was auctioned.
    pub call: CallId,
    /// The campaign that it is a call of.
    pub campaign: CampaignId,
    /// When the auction was opened.
    pub opened_at: DateTime<Utc>,
    /// How long it took, in milliseconds.
    pub duration_ms: u32,
    /// Targets that were considered.
    pub considered: u32,
    /// Targets that were asked.
    pub asked: u32,
    /// Valid bids.
    pub bids: u32,
    /// Who won, if anybody did.
    pub winner: Option<TargetId>,
    /// What the winner was called at the time.
    #[serde(default)]
    pub winner_name: Option<String>,
    /// What the winner pays.
    pub price: Option<Money>,
}

/// What became of one target in an auction, asked or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BidResponseRecord {
    /// Its id, unique inside the tenant.
    pub id: Uuid,
    /// The auction.
    pub auction: AuctionId,
    /// The call that was auctioned.
    pub call: CallId,
    /// The campaign that it is a call of.
    pub campaign: CampaignId,
    /// The target.
    pub target: TargetId,
    /// What the target was called at the time.
    pub target_name: String,
    /// What became of it.
    pub verdict: Verdict,
    /// What it bid, in its own currency.
    pub bid: Option<Money>,
    /// Its place among the valid bids, from 1.
    pub rank: Option<u32>,
    /// How long it took to answer, in milliseconds; `None` where it was not asked or did not answer.
    pub response_time_ms: Option<u32>,
    /// The reason in its own words, or ours.
    pub detail: String,
    /// When the auction was opened.
    pub opened_at: DateTime<Utc>,
    /// Its bid, which is taken again for the same caller while it holds. One that was taken back, since
    /// it was not confirmed, stands here without its end.
    pub offer: Option<Bid>,
}

/// Everything that is kept of one auction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuctionRecord {
    /// The auction as it is listed.
    pub request: BidRequestRecord,
    /// Whose call it was, for bids that are taken again.
    pub caller: Option<PhoneNumber>,
    /// One row per target that was considered.
    pub responses: Vec<BidResponseRecord>,
    /// The log: it alone derives the winner again.
    pub log: AuctionLog,
    /// What was said to targets and what they answered, by target and purpose. Where a record is
    /// saved these are the exchanges that the step made, and those that were saved before stay.
    pub exchanges: Vec<Exchange>,
}

/// What became of one target, with everything that was said to it and back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BidResponseDetail {
    /// What became of it.
    pub response: BidResponseRecord,
    /// What was said, by purpose; nothing where it was not asked.
    pub exchanges: Vec<Exchange>,
}

/// Which auctions or responses a list shows; everything that is set must fit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuctionFilter {
    /// Of this call.
    pub call: Option<CallId>,
    /// Of this campaign.
    pub campaign: Option<CampaignId>,
    /// Of this target; auctions in which it was considered.
    pub target: Option<TargetId>,
    /// With this verdict; auctions in which anybody got it, or where a target is named, that target.
    pub verdict: Option<Verdict>,
}

/// Reads what auctions left behind; [`Calls::save`](super::Calls::save) writes it.
#[async_trait]
pub trait Auctions: Debug + Send + Sync {
    /// Lists auctions.
    ///
    /// **Ordering**: newest first, by the time they were opened and then by id, both descending.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn requests(
        &self,
        tenant: TenantId,
        filter: &AuctionFilter,
        page: PageRequest,
    ) -> Result<Page<BidRequestRecord>, StoreError>;

    /// Lists what became of targets, one row per target considered.
    ///
    /// **Ordering**: newest auctions first, and inside an auction by id, both descending.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn responses(
        &self,
        tenant: TenantId,
        filter: &AuctionFilter,
        page: PageRequest,
    ) -> Result<Page<BidResponseRecord>, StoreError>;

    /// Reads one auction.
    ///
    /// # Errors
    /// [`StoreError`]; an unknown auction, or another tenant's, is `None`.
    async fn auction(
        &self,
        tenant: TenantId,
        auction: AuctionId,
    ) -> Result<Option<AuctionRecord>, StoreError>;

    /// Reads what became of one target, by the id of its row.
    ///
    /// # Errors
    /// [`StoreError`]; an unknown id, or another tenant's, is `None`.
    async fn response(
        &self,
        tenant: TenantId,
        id: Uuid,
    ) -> Result<Option<BidResponseDetail>, StoreError>;

    /// The auctions of a call, in the order in which they were opened.
    ///
    /// # Errors
    /// [`StoreError`]; a call without auctions, or another tenant's, has none.
    async fn of_call(
        &self,
        tenant: TenantId,
        call: CallId,
    ) -> Result<Vec<AuctionRecord>, StoreError>;
}
