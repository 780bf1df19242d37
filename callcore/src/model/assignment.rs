//! The assignments of buyers and targets to a campaign (spec CAM-2, RTB-6).

use serde::{Deserialize, Serialize};

use super::modifier::check_modifiers;
use super::{BidModifier, Caps, check};
use crate::vocabulary::{Money, Problem, limits};

/// A buyer in a campaign, with what differs from the buyer's own settings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Assignment {
    /// Its priority here; the buyer's own where absent.
    #[cfg_attr(feature = "schema", schema(minimum = 1, maximum = 10))]
    pub priority: Option<u8>,
    /// Its weight here; the buyer's own where absent.
    #[cfg_attr(feature = "schema", schema(minimum = 1, maximum = 1000))]
    pub weight: Option<u32>,
    /// Caps on the calls from this campaign. The buyer's own hold as well, so these can only
    /// tighten.
    pub caps: Option<Caps>,
}

impl Assignment {
    /// All problems of this assignment.
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if let Some(priority) = self.priority {
            check::range(&mut problems, "/priority", priority, &(1..=10));
        }
        if let Some(weight) = self.weight {
            check::range(&mut problems, "/weight", weight, &(1..=limits::WEIGHT));
        }
        problems.extend(self.caps.iter().flat_map(|caps| caps.check("/caps")));
        problems
    }
}

/// A target in a campaign, with what differs from the target's own settings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct TargetAssignment {
    /// Decides between equal bids: 1 is first, 10 is last; 5 where absent.
    #[cfg_attr(feature = "schema", schema(minimum = 1, maximum = 10))]
    pub priority: Option<u8>,
    /// Its share among equal bids of one priority; 1 where absent.
    #[cfg_attr(feature = "schema", schema(minimum = 1, maximum = 1000))]
    pub weight: Option<u32>,
    /// The lowest bid that is taken from it here. The target's own holds as well.
    pub min_bid: Option<Money>,
    /// The highest bid that is believed here. The target's own holds as well.
    pub max_bid: Option<Money>,
    /// Caps on the calls from this campaign. The target's own hold as well, so these can only
    /// tighten.
    pub caps: Option<Caps>,
    /// What this target's bids are worth here by the call's tags: rows that act after those of the
    /// campaign's auction and of its router.
    #[cfg_attr(feature = "schema", schema(max_items = 100))]
    pub modifiers: Vec<BidModifier>,
}

impl TargetAssignment {
    /// All problems of this assignment by itself.
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if let Some(priority) = self.priority {
            check::range(&mut problems, "/priority", priority, &(1..=10));
        }
        if let Some(weight) = self.weight {
            check::range(&mut problems, "/weight", weight, &(1..=limits::WEIGHT));
        }
        for (path, bound) in [("/minBid", self.min_bid), ("/maxBid", self.max_bid)] {
            if bound.is_some_and(|bound| bound.is_negative()) {
                let path = format!("{path}/amount");
                problems.push(Problem::error("negative_money", path, "a bid is 0 or more"));
            }
        }
        if let (Some(least), Some(most)) = (self.min_bid, self.max_bid)
            && least.currency == most.currency
            && least.amount > most.amount
        {
            let message = "maxBid is below minBid: no bid could be taken";
            problems.push(Problem::error("out_of_range", "/maxBid/amount", message));
        }
        problems.extend(self.caps.iter().flat_map(|caps| caps.check("/caps")));
        check_modifiers("/modifiers", &self.modifiers, &mut problems);
        problems
    }
}
