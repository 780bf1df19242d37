//! Routers: reusable groups of targets with auction settings of their own (spec RTB-6).

use serde::{Deserialize, Serialize};

use super::modifier::check_modifiers;
use super::{BidModifier, BidRanking, Pricing, check};
use crate::vocabulary::{Problem, TargetId, limits};

/// A target in a router.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RouterAssignment {
    /// The target.
    pub target_id: TargetId,
    /// 1 is first, 10 is last; decides between equal bids.
    #[serde(default = "middle_priority")]
    #[cfg_attr(feature = "schema", schema(minimum = 1, maximum = 10))]
    pub priority: u8,
    /// Its share among equal bids of one priority.
    #[serde(default = "one")]
    #[cfg_attr(feature = "schema", schema(minimum = 1, maximum = 1000))]
    pub weight: u32,
    /// What this target's bids are worth by the call's tags: rows that act after those of the
    /// campaign's auction and of the router. Amounts are in the currency of the campaign that sells.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schema(max_items = 100))]
    pub modifiers: Vec<BidModifier>,
}

/// A group of targets that campaigns share. In a campaign that names it, its `timeoutMs`, `minBidders`
/// and `pricing` count in the place of those of the campaign's auction, whether they are set or
/// defaults; so does its `ranking` where it has one. Increment, lowest bid, currency, rates and
/// resale are always the campaign's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Router {
    /// What people call it.
    #[cfg_attr(feature = "schema", schema(min_length = 1, max_length = 200))]
    pub name: String,
    /// How long bidders have in all.
    #[serde(default = "two_seconds")]
    #[cfg_attr(feature = "schema", schema(minimum = 50, maximum = 8000))]
    pub timeout_ms: u32,
    /// Fewer valid bids than this make the auction fail.
    #[serde(default = "one")]
    #[cfg_attr(feature = "schema", schema(maximum = 100))]
    pub min_bidders: u32,
    /// What the winner pays.
    #[serde(default)]
    pub pricing: Pricing,
    /// What bids are ranked by; as the campaign says where absent.
    #[serde(default)]
    pub ranking: Option<BidRanking>,
    /// What bids are worth by the call's tags: rows that act on every bid of the auction, after those
    /// of the campaign. Amounts are in the currency of the campaign that sells.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schema(max_items = 100))]
    pub modifiers: Vec<BidModifier>,
    /// Its targets.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schema(max_items = 100))]
    pub assignments: Vec<RouterAssignment>,
}

fn middle_priority() -> u8 {
    5
}

fn one() -> u32 {
    1
}

fn two_seconds() -> u32 {
    2_000
}

impl Router {
    /// A router without targets.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            timeout_ms: two_seconds(),
            min_bidders: one(),
            pricing: Pricing::default(),
            ranking: None,
            modifiers: Vec::new(),
            assignments: Vec::new(),
        }
    }

    /// Whether a target is in it.
    pub fn names(&self, target: TargetId) -> bool {
        self.assignments.iter().any(|assigned| assigned.target_id == target)
    }

    /// All problems of this router.
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        check::name(&mut problems, "/name", &self.name);
        check::range(&mut problems, "/timeoutMs", self.timeout_ms, &limits::BID_TIMEOUT_MS);
        let most = limits::AUCTION_TARGETS;
        let most_bidders = u32::try_from(most).unwrap_or(u32::MAX);
        check::range(&mut problems, "/minBidders", self.min_bidders, &(0..=most_bidders));
        check_modifiers("/modifiers", &self.modifiers, &mut problems);
        check::count(&mut problems, "/assignments", self.assignments.len(), most);
        for (index, assignment) in self.assignments.iter().enumerate() {
            let path = format!("/assignments/{index}");
            let (priority, weight) = (assignment.priority, assignment.weight);
            check::range(&mut problems, &format!("{path}/priority"), priority, &(1..=10));
            check::range(&mut problems, &format!("{path}/weight"), weight, &(1..=limits::WEIGHT));
            let modifiers = format!("{path}/modifiers");
            check_modifiers(&modifiers, &assignment.modifiers, &mut problems);
            let earlier = &self.assignments[..index];
            if earlier.iter().any(|earlier| earlier.target_id == assignment.target_id) {
                problems.push(Problem::error(
                    "duplicate",
                    format!("{path}/targetId"),
                    format!("the target {} stands twice", assignment.target_id),
                ));
            }
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_problem_of_a_router_is_found_at_once() {
        let json = r#"{"name":" ","timeoutMs":49,"minBidders":101,
            "modifiers":[{"action":"reject"}],"assignments":[
            {"targetId":"6f4a7d3e-2b1c-4d5e-8f90-a1b2c3d4e5f6","priority":0,
             "modifiers":[{"test":"always","action":"add"}]},
            {"targetId":"6f4a7d3e-2b1c-4d5e-8f90-a1b2c3d4e5f6","weight":0}]}"#;
        let router: Router = serde_json::from_str(json).unwrap();
        let found: Vec<_> = router.check().into_iter().map(|problem| problem.path).collect();
        assert_eq!(
            found,
            [
                "/name",
                "/timeoutMs",
                "/minBidders",
                "/modifiers/0/tag",
                "/modifiers/0/value",
                "/assignments/0/priority",
                "/assignments/0/modifiers/0/amount",
                "/assignments/1/weight",
                "/assignments/1/targetId"
            ]
        );
        assert!(Router::new("Insurance").check().is_empty());
        assert!(serde_json::from_str::<Router>(r#"{"name":"a","x":1}"#).is_err());
    }
}
