//! Which buyer gets the call. Eligibility first: an ordered list of filters, and each refused
//! candidate carries exactly one typed reason with its evidence. Then ranking. Everything is a
//! function of its arguments, so a recorded decision runs again to the same bytes.
//!
//! ```text
//! candidates ──▶ filter/* ──▶ eligible ──▶ rank ──▶ chosen + ranked
//!                   └──▶ refused: reason, evidence, counterfactual
//! ```

mod candidate;
mod claim;
mod counterfactual;
mod decision;
mod eligibility;
mod filter;
mod observed;
mod rank;
mod refusal;
pub mod rotation;

#[cfg(test)]
mod tests;

pub use candidate::Candidate;
pub use claim::{Cap, CapKey, CapScope, Claim};
pub use counterfactual::{Change, Counterfactual};
pub use decision::{Decision, RankedCandidate, RefusedCandidate, decide};
pub use eligibility::{Eligibility, Rotation};
pub use observed::{Activity, Observed, Turn};
pub use refusal::Refusal;

use crate::call::Caller;
use crate::model::Strategy;
use crate::vocabulary::CampaignId;
use std::collections::BTreeMap;

/// What is to be decided.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// The campaign that decides.
    pub campaign: CampaignId,
    /// The revision of the tenant's configuration that the candidates come from.
    pub revision: u64,
    /// How eligible candidates are ranked.
    pub strategy: Strategy,
    /// Skills that a candidate must have, with their lowest proficiency.
    pub required_skills: &'a BTreeMap<String, u8>,
    /// Whether a converted call counts as a success, or an answered one.
    pub counts_conversions: bool,
    /// Who calls.
    pub caller: &'a Caller,
}
