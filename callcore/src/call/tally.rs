//! What one save adds to the counters beside the calls: derived from the call before and after, so
//! a repeated save of the same state adds nothing.

use chrono::{DateTime, Utc};

use super::state::Call;
use crate::vocabulary::{BuyerId, CampaignId, CandidateId, PhoneNumber};

/// What a candidate's counters of one campaign grow by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    /// The campaign.
    pub campaign: CampaignId,
    /// The buyer or target.
    pub candidate: CandidateId,
    /// Attempts made.
    pub offered: u32,
    /// Attempts answered.
    pub answered: u32,
    /// Calls converted; below zero where a conversion is withdrawn, which was counted before.
    pub converted: i32,
    /// When a conversation of theirs ended, for the wrap-up time.
    pub ended_at: Option<DateTime<Utc>>,
}

/// A caller reached a buyer: what duplicate rules look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// The campaign.
    pub campaign: CampaignId,
    /// The buyer.
    pub buyer: BuyerId,
    /// When the buyer last answered this caller.
    pub connected_at: Option<DateTime<Utc>>,
    /// When a call of this caller to the buyer last converted.
    pub converted_at: Option<DateTime<Utc>>,
}

/// What saving a call adds to the counters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Growth {
    /// Counters of candidates.
    pub tallies: Vec<Tally>,
    /// The caller, where the contacts have one.
    pub caller: Option<PhoneNumber>,
    /// Whom the caller reached.
    pub contacts: Vec<Contact>,
}

impl Growth {
    /// What lies between two states of one call. Of a test only the end of conversations counts, for
    /// whoever was rung rests after one all the same.
    pub fn between(before: Option<&Call>, after: &Call) -> Self {
        let mut growth = Self { caller: after.caller.number.clone(), ..Self::default() };
        // What was credited and what is now: over all saves of a call the counts add up to what it
        // came to in the end, whoever reports what in between.
        let (credited, credits) = (before.and_then(Call::credited), after.credited());
        for (index, attempt) in after.attempts.iter().enumerate() {
            let Some(candidate) = attempt.target.candidate() else { continue };
            let known = before.and_then(|call| call.attempts.get(index));
            let answered = attempt.connected() && !known.is_some_and(super::Attempt::connected);
            let ended = attempt.is_over() && !known.is_some_and(super::Attempt::is_over);
            let by = |number: Option<u32>| i32::from(number == Some(attempt.attempt));
            let converted = by(credits) - by(credited);
            let counts = !after.is_test();
            let tally = Tally {
                campaign: after.campaign,
                candidate,
                offered: u32::from(counts && known.is_none()),
                answered: u32::from(counts && answered),
                converted,
                ended_at: attempt.ended_at.filter(|_| ended && attempt.connected()),
            };
            if tally.offered + tally.answered > 0 || converted != 0 || tally.ended_at.is_some() {
                growth.tallies.push(tally);
            }
            if let Some(buyer) = attempt.target.buyer()
                && counts
                && (answered || converted > 0)
            {
                growth.contacts.push(Contact {
                    campaign: after.campaign,
                    buyer,
                    connected_at: attempt.answered_at,
                    converted_at: attempt.ended_at.filter(|_| converted > 0),
                });
            }
        }
        growth
    }
}
