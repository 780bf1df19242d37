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
    /// Counters do not grow.
    GrowthForgotten,
    /// A repeated reservation makes its lease longer.
    LeaseRenewed,
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
