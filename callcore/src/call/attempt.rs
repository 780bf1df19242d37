//! Dial attempts.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::report::Reported;
use super::status::{DialOutcome, LegStatus};
use crate::vocabulary::{BuyerId, CandidateId, Destination, LeaseId, Money, TargetId};

/// Whom an attempt dials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum AttemptTarget {
    /// A buyer, by plain routing.
    Buyer {
        /// Which one.
        #[serde(rename = "buyerId")]
        buyer: BuyerId,
    },
    /// A target, with the bid that it won by or that comes after those that failed.
    Target {
        /// Which one.
        #[serde(rename = "targetId")]
        target: TargetId,
        /// What it pays.
        price: Money,
        /// How long the conversation must last to be paid, in seconds; the campaign's rule where
        /// absent, and without one the length below which the campaign reroutes.
        #[serde(rename = "paidAfterSeconds")]
        paid_after_secs: Option<u32>,
    },
    /// The campaign's no-route number, which has no caps.
    NoRoute,
    /// A number that a flow names, which has no caps either.
    External,
    /// A number that a flow names, which joins the caller's conference.
    Conference,
}

impl AttemptTarget {
    /// The buyer, where it is one.
    pub const fn buyer(self) -> Option<BuyerId> {
        match self {
            Self::Buyer { buyer } => Some(buyer),
            Self::Target { .. } | Self::NoRoute | Self::External | Self::Conference => None,
        }
    }

    /// The target, where it is one.
    pub const fn target(self) -> Option<TargetId> {
        match self {
            Self::Target { target, .. } => Some(target),
            Self::Buyer { .. } | Self::NoRoute | Self::External | Self::Conference => None,
        }
    }

    /// Whoever pays for the call, where it is somebody.
    pub fn candidate(self) -> Option<CandidateId> {
        match self {
            Self::Buyer { buyer } => Some(buyer.into()),
            Self::Target { target, .. } => Some(target.into()),
            Self::NoRoute | Self::External | Self::Conference => None,
        }
    }
}

/// One dial attempt, from the moment the carrier is told to dial.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attempt {
    /// Which attempt of the call, from 1.
    pub attempt: u32,
    /// Whom it dials.
    pub target: AttemptTarget,
    /// The number or URI that is rung.
    pub destination: Destination,
    /// What it holds.
    pub lease: Option<LeaseId>,
    /// When the lease ends by itself.
    pub lease_expires_at: Option<DateTime<Utc>>,
    /// When the carrier was told to dial.
    pub dialled_at: DateTime<Utc>,
    /// The carrier's id of the leg.
    pub leg: Option<String>,
    /// Where the leg stands.
    pub status: LegStatus,
    /// When the phone rang.
    pub ringing_at: Option<DateTime<Utc>>,
    /// When it was answered; computed from the talk time where the carrier did not tell at once.
    pub answered_at: Option<DateTime<Utc>>,
    /// When the attempt was over.
    pub ended_at: Option<DateTime<Utc>>,
    /// How it ended.
    pub outcome: Option<DialOutcome>,
    /// How long the two talked, in seconds.
    pub talk_secs: Option<u32>,
    /// Whether it was so short that the call was offered to the next. Then the time that was talked is
    /// not paid, however short the agreed one is; what its target reports counts all the same.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rerouted: bool,
    /// What its target reported last; it outweighs the time that was talked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reported: Option<Reported>,
}

impl Attempt {
    /// An attempt that the carrier is being told to make.
    pub fn dialled(
        attempt: u32,
        target: AttemptTarget,
        destination: Destination,
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            attempt,
            target,
            destination,
            lease: None,
            lease_expires_at: None,
            dialled_at: now,
            leg: None,
            status: LegStatus::Dialled,
            ringing_at: None,
            answered_at: None,
            ended_at: None,
            outcome: None,
            talk_secs: None,
            rerouted: false,
            reported: None,
        }
    }

    /// Whether anybody answered. Whoever did may have left before the caller's conference, the end of
    /// which then says that nobody came.
    pub fn connected(&self) -> bool {
        let left =
            self.target == AttemptTarget::Conference && self.outcome == Some(DialOutcome::NoAnswer);
        !left && (self.outcome == Some(DialOutcome::Answered) || self.answered_at.is_some())
    }

    /// How long the phone rang before somebody answered, in milliseconds.
    pub fn ring_ms(&self) -> Option<u64> {
        let rang = self.answered_at? - self.dialled_at;
        u64::try_from(rang.num_milliseconds()).ok()
    }

    /// Whether it is known how it ended.
    pub const fn is_over(&self) -> bool {
        self.outcome.is_some()
    }
}
