//! By which settings a node routes calls.

use std::collections::BTreeMap;

use crate::model::Strategy;
use crate::vocabulary::{BuyerId, RouterId};

/// The settings of a node that routes calls. The plan of the campaign compiles them to candidates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteSettings {
    /// How eligible buyers are ranked.
    pub strategy: Strategy,
    /// Whether bidders are asked first.
    pub auction: bool,
    /// Whether the campaign's own buyers are the candidates.
    pub campaign_buyers: bool,
    /// The buyers that the node names.
    pub buyers: Vec<ChosenBuyer>,
    /// The targets that an auction asks; the campaign's where absent.
    pub router: Option<RouterId>,
    /// Skills that a candidate must have, with their lowest proficiency.
    pub required_skills: BTreeMap<String, u8>,
    /// How long a phone rings, in seconds; the campaign's setting where absent.
    pub ring_timeout_secs: Option<u32>,
    /// How many candidates are dialled; the campaign's setting where absent.
    pub max_attempts: Option<u32>,
}

/// A buyer that a node names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChosenBuyer {
    /// Which one.
    pub buyer: BuyerId,
    /// Its priority here, from 1, which is first; its own where absent.
    pub priority: Option<u8>,
    /// Its weight here; its own where absent.
    pub weight: Option<u32>,
    /// How many calls of this campaign it takes at once, at the most.
    pub max_concurrent: Option<u32>,
}
