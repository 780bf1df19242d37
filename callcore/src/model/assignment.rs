//! The assignment of a buyer to a campaign (spec CAM-2).

use serde::{Deserialize, Serialize};

use super::{Caps, check};
use crate::vocabulary::{Problem, limits};

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
