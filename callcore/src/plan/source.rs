//! The configuration rows that plans are compiled from.

use chrono::{DateTime, Utc};

use crate::model::{
    Assignment, Buyer, Campaign, CampaignStatus, FlowDefinition, Number, Router, Stored, Target,
    TargetAssignment,
};
use crate::vocabulary::{CampaignId, FlowId, NumberId, TenantId, TrialId, limits};

/// A buyer with its assignment to a campaign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssignedBuyer {
    /// The assignment; its id is the buyer's.
    pub assignment: Stored<Assignment>,
    /// The buyer.
    pub buyer: Stored<Buyer>,
}

/// A target with its assignment to a campaign, directly or by the campaign's router.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssignedTarget {
    /// The assignment; its id is the target's.
    pub assignment: Stored<TargetAssignment>,
    /// The target.
    pub target: Stored<Target>,
}

/// A campaign that names a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberUse {
    /// Which campaign.
    pub campaign: CampaignId,
    /// What people call it.
    pub name: String,
    /// Where it stands.
    pub status: CampaignStatus,
}

/// One version of a flow, which never changes: a published one, or a trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PinnedFlow {
    /// The flow.
    pub flow: FlowId,
    /// The version, from 1; from [`limits::FIRST_TRIAL`] it is the number of a trial.
    pub version: u32,
}

impl PinnedFlow {
    /// Whether it is a trial.
    pub const fn is_trial(self) -> bool {
        self.version >= limits::FIRST_TRIAL
    }
}

/// A copy of a flow's document that one test call runs. No campaign takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trial {
    /// Its id.
    pub id: TrialId,
    /// The campaign whose call it runs in.
    pub campaign: CampaignId,
    /// The flow, and the number of the trial.
    pub pinned: PinnedFlow,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// A published flow with what it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowSource {
    /// Which flow, in which version.
    pub pinned: PinnedFlow,
    /// The document of that version.
    pub definition: FlowDefinition,
    /// The buyers that it names and that exist, ordered by id.
    pub buyers: Vec<Stored<Buyer>>,
    /// The routers that it names and that exist, ordered by id.
    pub routers: Vec<Stored<Router>>,
    /// The targets that these routers name and that exist, each once, ordered by id.
    pub router_targets: Vec<Stored<Target>>,
}

/// Everything that a campaign's plan is compiled from, as of one revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Whose it is.
    pub tenant: TenantId,
    /// The revision of the tenant's configuration.
    pub revision: u64,
    /// The campaign.
    pub campaign: Stored<Campaign>,
    /// Its number, where it names one that exists.
    pub number: Option<Stored<Number>>,
    /// Other campaigns that name the same number.
    pub number_also_used_by: Vec<NumberUse>,
    /// Its buyers, in the order of their assignment.
    pub buyers: Vec<AssignedBuyer>,
    /// Its own targets, in the order of their assignment.
    pub targets: Vec<AssignedTarget>,
    /// Its router, where it names one that exists.
    pub router: Option<Stored<Router>>,
    /// The targets that the router names and that exist, in the router's order.
    pub router_targets: Vec<Stored<Target>>,
    /// The flow that runs before plain routing: the version or trial that was asked for, else the newest
    /// published one of the flow that the campaign names. `None` where there is no such version.
    pub flow: Option<FlowSource>,
}

/// Who holds a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NumberHolder {
    /// The tenant.
    pub tenant: TenantId,
    /// The number in its inventory.
    pub number: NumberId,
    /// The campaign that answers it: the active one; else the one that was changed last among those
    /// that are not completed; else the completed one that was changed last.
    pub campaign: Option<CampaignId>,
}
