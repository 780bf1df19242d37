//! A buyer as a campaign's candidate, compiled for decisions.

use std::collections::BTreeMap;

use chrono_tz::Tz;

use super::claim::{Cap, Claim};
use crate::model::{Availability, Conversion, DuplicateRule, GeoRule};
use crate::schedule::Schedule;
use crate::vocabulary::{BuyerId, Destination, Money};

/// Somebody who could get the call. The plan makes it from a buyer and its assignment.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// The buyer.
    pub buyer: BuyerId,
    /// What people call it.
    pub name: String,
    /// Where its calls go.
    pub destination: Destination,
    /// Whether it is paused.
    pub paused: bool,
    /// What the agent is doing right now.
    pub availability: Availability,
    /// 1 is first.
    pub priority: u8,
    /// Its share inside its priority.
    pub weight: u32,
    /// The zone of its schedule and caps.
    pub zone: Tz,
    /// When it takes calls.
    pub schedule: Schedule,
    /// Where its callers may call from.
    pub geo: GeoRule,
    /// Skills with their proficiency.
    pub skills: BTreeMap<String, u8>,
    /// Which repeat callers it refuses.
    pub duplicates: DuplicateRule,
    /// Seconds after a conversation in which it takes no call.
    pub wrap_up_secs: u32,
    /// Its own caps, its assignment's and its group's.
    pub caps: Vec<Cap>,
    /// What makes its calls convert.
    pub conversion: Option<Conversion>,
    /// What a converted call earns.
    pub revenue: Option<Money>,
}

impl Candidate {
    /// What it needs in order to be dialled.
    pub fn claim(&self) -> Claim {
        Claim { candidate: self.buyer.into(), caps: self.caps.clone() }
    }
}
