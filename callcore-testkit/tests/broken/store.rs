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
    /// Bids hold for ever.
    BidsForEver,
    /// The last cap of each claim is not looked at.
    CapIgnored,
    /// A refused claim keeps the places that it found.
    ClaimTakenInPart,
    /// The last claim goes first.
    ClaimsBackwards,
    /// Usage is read first, and places are taken later.
    CountsThenTakes,
    /// Every page is the first.
    CursorIgnored,
    /// Each draw is a new one.
    DrawForgets,
    /// All calls share a turn.
    DrawRepeats,
    /// Calls that are over still reserve.
    EndedCallsDial,
    /// Leases hold their places until somebody sweeps.
    ExpiredCounts,
    /// Auctions are listed whatever verdicts were in them.
    FilterCutShort,
    /// Counters do not grow.
    GrowthForgotten,
    /// What is in use is said to be deleted.
    InUseIgnored,
    /// A repeated reservation makes its lease longer.
    LeaseRenewed,
    /// Whoever began a step works on it for ever.
    NeverAbandoned,
    /// The campaign that was created last answers a number.
    NewestAnswers,
    /// Usage includes what the call itself holds.
    OwnUsageCounted,
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
    /// Nothing is swept.
    SweepForgotten,
    /// Targets stand in a campaign in the order of their ids.
    TargetsSorted,
    /// Everybody is tenant 1.
    TenantIgnored,
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
