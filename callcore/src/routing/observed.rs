//! What was observed of the world for one decision. All of it is recorded with the decision's call.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::claim::CapKey;
use crate::call::Contact;
use crate::vocabulary::CandidateId;

/// What a buyer did lately.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Activity {
    /// Attempts made in the campaign.
    pub offered: u64,
    /// Attempts answered in the campaign.
    pub answered: u64,
    /// Calls converted in the campaign.
    pub converted: u64,
    /// When its last conversation ended, in any campaign.
    pub last_ended_at: Option<DateTime<Utc>>,
}

/// A turn of an exact rotation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn {
    /// Which rotation.
    pub key: String,
    /// The how-manieth turn of it, from 0.
    pub ordinal: u64,
}

/// What was observed.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    /// Places taken under each cap, without what this call itself holds. An absent cap has none
    /// taken.
    pub usage: BTreeMap<CapKey, u32>,
    /// Whom this caller reached before.
    pub contacts: Vec<Contact>,
    /// What the candidates did lately.
    pub activity: BTreeMap<CandidateId, Activity>,
    /// Caps that turned out to be full when the claim was made, although the usage above still
    /// showed room: another call was faster.
    pub full: Vec<(CandidateId, CapKey)>,
    /// The candidate that an earlier try of the same step reserved already. It keeps the place.
    pub held: Option<CandidateId>,
    /// The turn that was drawn, where the strategy rotates.
    pub turn: Option<Turn>,
}
