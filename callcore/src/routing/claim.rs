//! Caps and the claims on them.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::schedule::{CapWindow, window_key};
use crate::vocabulary::{BuyerGroupId, BuyerId, CampaignId, CandidateId, TargetId};

/// Whose cap it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "scope", rename_all = "snake_case")]
pub enum CapScope {
    /// A buyer's own, over all campaigns.
    Buyer {
        /// Which buyer.
        #[serde(rename = "buyerId")]
        buyer: BuyerId,
    },
    /// A buyer's inside one campaign.
    Assignment {
        /// Which campaign.
        #[serde(rename = "campaignId")]
        campaign: CampaignId,
        /// Which buyer.
        #[serde(rename = "buyerId")]
        buyer: BuyerId,
    },
    /// A target's own, over all campaigns.
    Target {
        /// Which target.
        #[serde(rename = "targetId")]
        target: TargetId,
    },
    /// A target's inside one campaign.
    TargetAssignment {
        /// Which campaign.
        #[serde(rename = "campaignId")]
        campaign: CampaignId,
        /// Which target.
        #[serde(rename = "targetId")]
        target: TargetId,
    },
    /// A group's, shared by its buyers.
    Group {
        /// Which group.
        #[serde(rename = "groupId")]
        group: BuyerGroupId,
    },
}

impl CapScope {
    /// The scope as text, for stores: unique, and stable for ever.
    pub fn key(&self) -> String {
        match self {
            Self::Buyer { buyer } => format!("buyer/{buyer}"),
            Self::Assignment { campaign, buyer } => format!("assignment/{campaign}/{buyer}"),
            Self::Target { target } => format!("target/{target}"),
            Self::TargetAssignment { campaign, target } => {
                format!("target-assignment/{campaign}/{target}")
            }
            Self::Group { group } => format!("group/{group}"),
        }
    }
}

/// Which counter: a scope and a kind of window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CapKey {
    /// Whose cap.
    #[serde(flatten)]
    pub scope: CapScope,
    /// Over which window.
    pub window: CapWindow,
}

/// One cap: at most `limit` calls in the window that the zone's clock shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cap {
    /// Which counter.
    pub key: CapKey,
    /// The zone whose date and hour name the window.
    pub zone: Tz,
    /// How many.
    pub limit: u32,
}

impl Cap {
    /// The name of the window that is running: the local date or hour (spec CAP-3).
    pub fn window_key(&self, at: DateTime<Utc>) -> String {
        window_key(self.key.window, self.zone, at)
    }
}

/// What a candidate needs in order to be dialled: a place under every one of its caps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The candidate.
    pub candidate: CandidateId,
    /// Its caps. None means unlimited: the claim then always fits.
    pub caps: Vec<Cap>,
}
