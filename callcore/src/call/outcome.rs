//! Why a call ended the way it did: one reason per code.

use serde::{Deserialize, Serialize};

/// Why a call went to the no-route treatment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum NoRouteReason {
    /// The campaign is not active.
    CampaignNotActive,
    /// The campaign has no buyer at all.
    NoBuyerAssigned,
    /// Every buyer was refused, for different reasons.
    NoBuyerAllFiltered,
    /// Every buyer was refused for a cap.
    NoBuyerAllCapped,
    /// Every buyer was closed.
    NoBuyerAllClosed,
    /// Every buyer refused the caller as a duplicate.
    NoBuyerDuplicate,
    /// The auction had no winner, and the campaign has no buyer.
    NoValidBid,
    /// Every candidate was dialled, and none answered.
    NoAnswer,
    /// The attempt limit was reached before anybody answered.
    AttemptLimit,
    /// The campaign is gone while the call was going on.
    CampaignGone,
}

/// Why a call ended the way it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum FinalReason {
    /// Somebody talked with the caller: a buyer, a number that the flow names, or whoever took the caller out
    /// of a queue.
    Answered,
    /// The caller hung up while a buyer's phone rang.
    CallerHungUpWhileRinging,
    /// The caller hung up before anything was dialled.
    CallerHungUp,
    /// The call's flow came to its end without routing the call: a message, a voicemail.
    FlowCompleted,
    /// The campaign is not active.
    CampaignNotActive,
    /// The campaign has no buyer at all.
    NoBuyerAssigned,
    /// Every buyer was refused, for different reasons.
    NoBuyerAllFiltered,
    /// Every buyer was refused for a cap.
    NoBuyerAllCapped,
    /// Every buyer was closed.
    NoBuyerAllClosed,
    /// Every buyer refused the caller as a duplicate.
    NoBuyerDuplicate,
    /// The auction had no winner, and the campaign has no buyer.
    NoValidBid,
    /// Every candidate was dialled, and none answered.
    NoAnswer,
    /// The attempt limit was reached before anybody answered.
    AttemptLimit,
    /// The campaign was deleted while the call was going on.
    CampaignGone,
}

impl From<NoRouteReason> for FinalReason {
    fn from(reason: NoRouteReason) -> Self {
        match reason {
            NoRouteReason::CampaignNotActive => Self::CampaignNotActive,
            NoRouteReason::NoBuyerAssigned => Self::NoBuyerAssigned,
            NoRouteReason::NoBuyerAllFiltered => Self::NoBuyerAllFiltered,
            NoRouteReason::NoBuyerAllCapped => Self::NoBuyerAllCapped,
            NoRouteReason::NoBuyerAllClosed => Self::NoBuyerAllClosed,
            NoRouteReason::NoBuyerDuplicate => Self::NoBuyerDuplicate,
            NoRouteReason::NoValidBid => Self::NoValidBid,
            NoRouteReason::NoAnswer => Self::NoAnswer,
            NoRouteReason::AttemptLimit => Self::AttemptLimit,
            NoRouteReason::CampaignGone => Self::CampaignGone,
        }
    }
}
