//! The faults, and the store that has one of them.

use std::sync::Arc;

use callcore::memory::MemoryStore;
use callcore::vocabulary::{CallId, TenantId};
use callcore_testkit::fixtures;
use uuid::Uuid;

/// What is wrong with a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing.
    None,
    /// Whoever begins a step is the first.
    AlwaysFresh,
    /// What an auction was is not kept.
    AuctionForgotten,
    /// An auction stays what it was when it was first saved.
    AuctionNotReplaced,
    /// Lists of auctions begin with the oldest.
    AuctionsBackwards,
    /// A step that was saved can be begun again.
    BeginForgetsSaves,
    /// A bid is told as if it had been made just now.
    BidsAlwaysNew,
    /// Bids hold for ever.
    BidsForEver,
    /// A bid is taken in every campaign.
    BidsOfAnyCampaign,
    /// The last cap of each claim is not looked at.
    CapIgnored,
    /// A refused claim keeps the places that it found.
    ClaimTakenInPart,
    /// The last claim goes first.
    ClaimsBackwards,
    /// Usage is read first, and places are taken later.
    CountsThenTakes,
    /// A claimed delivery stays with whoever claimed it.
    ClaimsForEver,
    /// A claimed delivery is due at once.
    ClaimsLeak,
    /// Claims begin with what waits the least.
    ClaimsNewestFirst,
    /// Claims take all that is due.
    ClaimsWithoutLimit,
    /// Every page is the first.
    CursorIgnored,
    /// The deliveries of a call stand in the order of their ids.
    DeliveriesSorted,
    /// What is to be sent is sent although the save was refused.
    DeliveriesWithoutSave,
    /// What is to be sent is not.
    DeliveryForgotten,
    /// Each draw is a new one.
    DrawForgets,
    /// All calls share a turn.
    DrawRepeats,
    /// Calls that are over still reserve.
    EndedCallsDial,
    /// What was said to targets is not kept.
    ExchangesForgotten,
    /// Leases hold their places until somebody sweeps.
    ExpiredCounts,
    /// Auctions are listed whatever verdicts were in them.
    FilterCutShort,
    /// Lists of calls pass over which flow is asked for.
    FlowFilterIgnored,
    /// A campaign names any flow.
    FlowUnchecked,
    /// The newest version is the first one.
    NewestIsFirst,
    /// A record never tells of a change.
    ChangesUnseen,
    /// Lists of flows pass over which stage is asked for.
    StageIgnored,
    /// Archiving again moves when it was.
    ArchivedAnew,
    /// A flow in use is said to be archived.
    ArchivedInUse,
    /// An archived flow is published and thereby restored.
    ArchivedPublished,
    /// Whatever a flow names is known.
    EverythingKnown,
    /// Counters do not grow.
    GrowthForgotten,
    /// What is in use is said to be deleted.
    InUseIgnored,
    /// A known delivery that is written again is another one.
    KnownDeliverySentAgain,
    /// Claims take from both lanes.
    LanesMixed,
    /// A repeated reservation makes its lease longer.
    LeaseRenewed,
    /// Whoever began a step works on it for ever.
    NeverAbandoned,
    /// The campaign that was created last answers a number.
    NewestAnswers,
    /// What nodes did stands backwards.
    NodesBackwards,
    /// Nothing is forgotten that is over.
    NothingForgotten,
    /// Of several settlements one is noted.
    OneSettled,
    /// Usage includes what the call itself holds.
    OwnUsageCounted,
    /// Pinned calls get the newest version.
    PinIgnored,
    /// A draft that is published is published again.
    PublishRepeats,
    /// Any draft is published.
    PublishWithoutCompare,
    /// Every release is a refund.
    RefundAlways,
    /// No release is a refund.
    RefundForgotten,
    /// Nothing is released.
    ReleaseForgotten,
    /// A repeated reservation takes another place.
    RepetitionTakes,
    /// Any version is replaced.
    ReplaceWithoutCompare,
    /// Revisions do not rise.
    RevisionStands,
    /// Any version is saved over.
    SaveWithoutCompare,
    /// Sessions do not age.
    SessionsForEver,
    /// What is settled is due again.
    SettledAgain,
    /// Whoever settles a delivery is heard, whichever try that was.
    SettledByAnybody,
    /// Calls of a flow are read whenever they came in.
    SpanIgnored,
    /// Nothing is swept.
    SweepForgotten,
    /// Targets stand in a campaign in the order of their ids.
    TargetsSorted,
    /// Everybody is tenant 1.
    TenantIgnored,
    /// A known trial is made again.
    TrialRepeats,
    /// What is underway takes nobody's room.
    UnderwayIgnored,
    /// Versions are listed oldest first.
    VersionsBackwards,
    /// Versions are gone with their draft.
    VersionsGoWithDrafts,
    /// Conversions are counted and never taken back.
    WithdrawalsForgotten,
}

/// A store in memory with a fault.
#[derive(Debug)]
pub(crate) struct Faulty {
    pub(crate) inner: Arc<MemoryStore>,
    fault: Fault,
}

impl Faulty {
    pub(crate) fn new(fault: Fault) -> Self {
        Self { inner: Arc::default(), fault }
    }

    pub(crate) fn has(&self, fault: Fault) -> bool {
        self.fault == fault
    }

    pub(crate) fn tenant(&self, tenant: TenantId) -> TenantId {
        if self.has(Fault::TenantIgnored) { fixtures::tenant(1) } else { tenant }
    }
}

/// Another call, told by this one and a number.
pub(crate) fn alias(call: CallId, n: u64) -> CallId {
    CallId::from_uuid(Uuid::new_v5(&call.uuid(), &n.to_be_bytes()))
}
