//! Calls between webhooks, and their records.

use std::collections::BTreeMap;
use std::fmt::Debug;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::{AuctionRecord, Release, StoreError};
use crate::auction::{AuctionLog, Bid};
use crate::call::{
    Call, CallStatus, Contact, Delivery, Directive, Fact, FlowStatus, Growth, Passage, StepKey,
};
use crate::routing::{Activity, Cap, CapKey, Decision};
use crate::vocabulary::{
    BuyerId, CallId, CampaignId, CandidateId, FlowId, Page, PageRequest, PhoneNumber, TargetId,
    TenantId,
};

/// What one look asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ask {
    /// The step that is being handled.
    pub step: Option<StepKey>,
    /// Caps whose usage is wanted.
    pub caps: Vec<Cap>,
    /// Whose earlier contacts are wanted.
    pub caller: Option<PhoneNumber>,
    /// Which earlier bids are wanted, as far as they still hold.
    pub bids: Option<EarlierBids>,
    /// Candidates whose activity is wanted, and in which campaign it counts.
    pub activity: Option<(CampaignId, Vec<CandidateId>)>,
}

/// Which earlier bids are wanted. A bid is for one campaign: it was made for that campaign's id, and
/// for the tags that its calls have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EarlierBids {
    /// The campaign whose auctions count.
    pub campaign: CampaignId,
    /// Whose calls they were.
    pub caller: PhoneNumber,
    /// Who made them.
    pub targets: Vec<TargetId>,
}

/// A bid that was made for an earlier call of the same caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EarlierBid {
    /// The bid.
    pub bid: Bid,
    /// When the auction was opened in which it was made, to the microsecond.
    pub made_at: DateTime<Utc>,
}

/// What a look saw, all at one instant.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Look {
    /// The call with its version, if it is known.
    pub call: Option<(Call, u64)>,
    /// The stored reply of the step, if it was handled before.
    pub reply: Option<Vec<Directive>>,
    /// Places taken under the caps that were asked for, without those that this call holds. Caps
    /// with none taken may be absent.
    pub usage: BTreeMap<CapKey, u32>,
    /// Whom the caller reached, in any campaign.
    pub contacts: Vec<Contact>,
    /// What the candidates did. Counts are the campaign's; the last conversation is any campaign's.
    pub activity: BTreeMap<CandidateId, Activity>,
    /// The newest bid of each target on the caller in the campaign, if it still holds: a bidder is not
    /// asked twice for one caller while its bid stands. Bids in other campaigns neither count nor
    /// replace one. A bid that names no end holds for its own call only, and replaces an older one all
    /// the same: so is a bid kept that was taken back. How old a bid may be is for the reader to say.
    pub bids: BTreeMap<TargetId, EarlierBid>,
    /// The log of the call's newest auction, if there was one.
    pub auction: Option<AuctionLog>,
}

/// What one save writes.
#[derive(Clone, Debug)]
pub struct Save {
    /// The call after the step.
    pub call: Call,
    /// The version that the step started from; `None` where the call is new.
    pub expected: Option<u64>,
    /// The journal's line, with the reply.
    pub fact: Fact,
    /// The decision that was made, if one was.
    pub decision: Option<Decision>,
    /// What the counters grow by.
    pub growth: Growth,
    /// What attempts of the call give back, of which it is now known how they ended.
    pub releases: Vec<Release>,
    /// The auction of the call, new or with what became of it since: it replaces what was saved of
    /// the same auction before, except for what was said to targets, which it adds to.
    pub auction: Option<AuctionRecord>,
    /// What is to be sent once this is saved. A delivery whose id is known already stays as it is.
    pub outbox: Vec<Delivery>,
}

/// Who may work on a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begun {
    /// Whoever asked: nobody else works on it until the instant that was named.
    Fresh,
    /// Somebody else, until then.
    Busy {
        /// When the work is taken to be abandoned.
        until: DateTime<Utc>,
    },
    /// Nobody any more: this is the stored reply.
    Stored(Vec<Directive>),
}

/// Why a save did not take place.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SaveError {
    /// Another delivery saved first: look again.
    #[error("another delivery saved this call first")]
    Conflict,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A call with everything that is known of its way.
#[derive(Clone, Debug, PartialEq)]
pub struct Journey {
    /// The call.
    pub call: Call,
    /// Its journal in the order in which it was written.
    pub facts: Vec<Fact>,
    /// Its decisions in the order in which they were made, each with its step.
    pub decisions: Vec<(StepKey, Decision)>,
}

/// Calls that ran a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlowFilter {
    /// Any flow.
    Any,
    /// This one, in any version.
    Flow(FlowId),
}

/// Which calls a list shows; everything that is set must fit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallFilter {
    /// Calls of this campaign.
    pub campaign: Option<CampaignId>,
    /// Calls that this buyer has, as [`Call::buyer`] tells.
    pub buyer: Option<BuyerId>,
    /// Calls that stand here.
    pub status: Option<CallStatus>,
    /// Calls that came in at this instant or later.
    pub from: Option<DateTime<Utc>>,
    /// Calls that came in before this instant.
    pub to: Option<DateTime<Utc>>,
    /// Calls of this caller, as the carrier writes the address.
    pub caller: Option<String>,
    /// Calls that ran a flow.
    pub flow: Option<FlowFilter>,
    /// Calls whose flow stands or ended like this; calls without a flow do not fit.
    pub flow_status: Option<FlowStatus>,
    /// Calls with these tags.
    pub tags: BTreeMap<String, String>,
}

/// Calls of one flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PassageFilter {
    /// The flow, in any version.
    pub flow: FlowId,
    /// Calls that came in at this instant or later.
    pub from: Option<DateTime<Utc>>,
    /// Calls that came in before this instant.
    pub to: Option<DateTime<Utc>>,
}

/// Keeps calls.
#[async_trait]
pub trait Calls: Debug + Send + Sync {
    /// Reads everything that one step needs.
    ///
    /// **Atomicity**: one instant. **Ordering**: sees every acknowledged save, reservation and
    /// release.
    ///
    /// # Errors
    /// [`StoreError`]; an unknown call is not an error.
    async fn look(
        &self,
        tenant: TenantId,
        call: CallId,
        ask: &Ask,
        now: DateTime<Utc>,
    ) -> Result<Look, StoreError>;

    /// Takes a step on, before others are asked who must not be asked twice.
    ///
    /// **Atomicity**: of several at once exactly one is [`Begun::Fresh`]. **Idempotency**: none: the
    /// second to ask is [`Begun::Busy`] until the first saves the step or its time is over; then one
    /// of those that ask again is fresh. **Ordering**: sees every acknowledged save.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn begin(
        &self,
        tenant: TenantId,
        call: CallId,
        step: &StepKey,
        until: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Begun, StoreError>;

    /// Draws the call's turn of a rotation.
    ///
    /// **Atomicity**: of several calls at once each gets a turn of its own, and the turns of a
    /// rotation are 0, 1, 2, … without a gap. **Idempotency**: per call and rotation; drawing again
    /// answers the same turn.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn draw(
        &self,
        tenant: TenantId,
        call: CallId,
        rotation: &str,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError>;

    /// Writes the outcome of one step: call, fact with its reply, decision, counters, releases and
    /// deliveries.
    ///
    /// A call that is over holds nothing: its save also gives back what all of its attempts still
    /// hold, as [`Capacity::release`](super::Capacity::release) does; those that the saved call does
    /// not know, by attempt and lease, never dialled and are refunded.
    ///
    /// **Atomicity**: everything or nothing; compare and set by the call's version, and once per
    /// step key. **Idempotency**: a second save of a step is a conflict and changes nothing.
    /// **Ordering**: when it returns, the reply is durable.
    ///
    /// # Errors
    /// [`SaveError::Conflict`] where the version moved or the step was saved; [`SaveError::Store`].
    async fn save(&self, tenant: TenantId, save: Save) -> Result<(), SaveError>;

    /// Reads a call with its journey.
    ///
    /// # Errors
    /// [`StoreError`]; an unknown call, or another tenant's, is `None`.
    async fn read(&self, tenant: TenantId, call: CallId) -> Result<Option<Journey>, StoreError>;

    /// Lists calls.
    ///
    /// **Ordering**: newest first, by the time they came in and then by id, both descending.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn list(
        &self,
        tenant: TenantId,
        filter: &CallFilter,
        page: PageRequest,
    ) -> Result<Page<Call>, StoreError>;

    /// Reads the ways of calls through a flow, a page of calls at a time.
    ///
    /// **Atomicity**: a page is of one instant. **Ordering**: calls newest first, by the time they came
    /// in and then by id, both descending; what the nodes of each did in the order in which it was
    /// written. Sees every acknowledged save.
    ///
    /// # Errors
    /// [`StoreError`]; no call ran an unknown flow, or another tenant's.
    async fn passages(
        &self,
        tenant: TenantId,
        filter: &PassageFilter,
        page: PageRequest,
    ) -> Result<Page<Passage>, StoreError>;
}
