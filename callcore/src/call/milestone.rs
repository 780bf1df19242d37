//! What an event meant for the business: what metrics count and what webhooks tell.

use super::outcome::FinalReason;
use super::state::Call;
use crate::vocabulary::{CampaignId, CandidateId};

/// One thing that a call reached. Each is reached once, but that a target's reports may withdraw a
/// conversion and give it again: those that converted less those withdrawn are those that count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Milestone {
    /// It came in.
    Incoming {
        /// The campaign that routes it.
        campaign: CampaignId,
    },
    /// A buyer or target was dialled.
    Offered {
        /// Which one.
        candidate: CandidateId,
        /// Whether somebody else was dialled before.
        fallback: bool,
    },
    /// A buyer or target answered.
    Connected {
        /// Which one.
        candidate: CandidateId,
        /// How long the phone rang, in milliseconds.
        ring_ms: u64,
    },
    /// It converted.
    Converted,
    /// It counts as converted no more: the target that would have paid reported so.
    ConversionWithdrawn,
    /// It is over, or nothing is left for it but the no-route message.
    Ended {
        /// Why.
        reason: FinalReason,
    },
}

impl Milestone {
    /// What lies between two states of one call.
    pub fn between(before: Option<&Call>, after: &Call) -> Vec<Self> {
        let mut reached = Vec::new();
        if before.is_none() {
            reached.push(Self::Incoming { campaign: after.campaign });
        }
        for (index, attempt) in after.attempts.iter().enumerate() {
            let Some(candidate) = attempt.target.candidate() else { continue };
            let known = before.and_then(|call| call.attempts.get(index));
            if known.is_none() {
                reached.push(Self::Offered { candidate, fallback: index > 0 });
            }
            if attempt.connected() && !known.is_some_and(super::Attempt::connected) {
                let ring_ms = attempt.ring_ms().unwrap_or(0);
                reached.push(Self::Connected { candidate, ring_ms });
            }
        }
        match (before.is_some_and(|call| call.converted), after.converted) {
            (false, true) => reached.push(Self::Converted),
            (true, false) => reached.push(Self::ConversionWithdrawn),
            (true, true) | (false, false) => {}
        }
        if let Some(reason) = after.final_reason()
            && before.and_then(Call::final_reason).is_none()
        {
            reached.push(Self::Ended { reason });
        }
        reached
    }
}
