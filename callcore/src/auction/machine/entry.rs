//! What became of one target, with the evidence.

use std::fmt;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::auction::{Sign, Verdict};
use crate::vocabulary::{Currency, Money, TargetId};

/// One target that was considered, asked or not: it has exactly one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// The target.
    pub target_id: TargetId,
    /// What people call it.
    pub target_name: String,
    /// What became of it.
    pub verdict: Verdict,
    /// The verdict's number.
    pub code: u16,
    /// Why, with the numbers.
    pub why: Option<Why>,
    /// Whether a request was made for it.
    pub asked: bool,
    /// What it bid, as it said.
    pub bid: Option<Money>,
    /// The bid after conversion and modifiers, in the campaign's currency.
    pub net: Option<Decimal>,
    /// Its place among the valid bids; 1 is first.
    pub rank: Option<u32>,
    /// How long it took to reply.
    pub response_time_ms: Option<u32>,
    /// What the exchange says of the target's health.
    pub sign: Option<Sign>,
}

impl Entry {
    /// Why, as a sentence; of a bid that was made for an earlier call also that it was.
    pub fn detail(&self) -> Option<String> {
        const HELD: &str = "not asked: its bid of an earlier call still held";
        let why = self.why.as_ref().map(ToString::to_string);
        match (self.bid.is_some() && !self.asked, why) {
            (true, Some(why)) => Some(format!("{why}; {HELD}")),
            (true, None) => Some(HELD.to_owned()),
            (false, why) => why,
        }
    }

    pub(super) fn decide(&mut self, verdict: Verdict, why: Option<Why>) {
        (self.verdict, self.code, self.why) = (verdict, verdict.code(), why);
    }
}

/// The evidence of a verdict. `Display` is the sentence for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum Why {
    /// It is paused.
    Paused,
    /// It is outside its hours.
    Closed,
    /// A cap was full before it was asked, or filled up before it was dialled.
    Capped {
        /// Which one.
        cap: String,
    },
    /// The caller is a duplicate for it.
    DuplicateCaller,
    /// Its bounds, or its bid, are in a currency without a rate.
    NoRate {
        /// The currency.
        currency: Currency,
    },
    /// A modifier rejects the call, whatever the bid.
    ModifierRejects,
    /// There was no time to ask it.
    NoTime {
        /// What was left.
        left_ms: u32,
    },
    /// It failed too often of late.
    Throttled {
        /// The chance of being skipped, in thousandths.
        permille: u32,
    },
    /// More targets were invited than are asked.
    TooMany,
    /// A bid that was held already could not be beaten.
    BidHeld,
    /// The auction was over before it replied.
    OverBefore,
    /// Its reply came after its deadline.
    Late {
        /// By how much.
        by_ms: u32,
        /// Whether it carried a bid.
        with_bid: bool,
    },
    /// What the reply says.
    Said {
        /// In words.
        text: String,
    },
    /// The amount is zero or less.
    NoAmount,
    /// No destination came with the bid.
    NoDestination,
    /// More than is believed.
    AboveMax {
        /// What is, in the campaign's currency; absent where it is more than can be counted with.
        max: Option<Decimal>,
    },
    /// Less than is taken.
    BelowFloor {
        /// What is, in the campaign's currency; absent where no bid would do.
        floor: Option<Decimal>,
    },
    /// The bid had run out, or would have before a dial could arrive.
    Expired {
        /// Until when it held.
        expires_at: Option<DateTime<Utc>>,
        /// When that was seen.
        at: DateTime<Utc>,
    },
    /// Another target made the same offer: the same bid id and destination.
    SameOffer {
        /// Which target.
        target_id: TargetId,
        /// By name.
        target_name: String,
    },
    /// Another bid was better.
    Outbid {
        /// Whose.
        target_id: TargetId,
        /// By name.
        target_name: String,
    },
    /// There were fewer valid bids than the auction needs.
    TooFewBidders {
        /// How many there were.
        valid: u32,
        /// How many it needs.
        needed: u32,
    },
    /// It won, and did not confirm.
    NotConfirmed {
        /// What it said.
        text: String,
    },
    /// It won, and the dial failed.
    DialFailed {
        /// How.
        text: String,
    },
    /// It won and hung up so early that the call was offered to the next.
    Rerouted {
        /// How long the two talked, in seconds.
        #[serde(rename = "talkSeconds")]
        talk_secs: u32,
    },
    /// It was taken out of the campaign since it bid.
    Removed,
    /// The caller hung up before it was dialled.
    CallEnded,
    /// The call's attempts were used up before it was dialled.
    AttemptLimit,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Paused => f.write_str("paused"),
            Self::Closed => f.write_str("outside its hours"),
            Self::Capped { cap } => f.write_str(cap),
            Self::DuplicateCaller => f.write_str("the caller is a duplicate for it"),
            Self::NoRate { currency } => write!(f, "no rate for {currency}"),
            Self::ModifierRejects => f.write_str("a modifier rejects the call"),
            Self::NoTime { left_ms } => write!(f, "not asked: only {left_ms} ms were left"),
            Self::Throttled { permille } => {
                write!(f, "not asked: failing of late, skipped {permille} times of 1000")
            }
            Self::TooMany => f.write_str("not asked: too many targets"),
            Self::BidHeld => f.write_str("not asked: a bid that still held could not be beaten"),
            Self::OverBefore => f.write_str("the auction was decided before it replied"),
            Self::Late { by_ms, with_bid: false } => write!(f, "{by_ms} ms late"),
            Self::Late { by_ms, with_bid: true } => write!(f, "a bid, {by_ms} ms late"),
            Self::Said { text } => f.write_str(text),
            Self::NoAmount => f.write_str("the amount is not more than zero"),
            Self::NoDestination => f.write_str("the bid names no destination"),
            Self::AboveMax { max: Some(max) } => write!(f, "above the maximum {max}"),
            Self::AboveMax { max: None } => f.write_str("more than can be counted with"),
            Self::BelowFloor { floor: Some(floor) } => write!(f, "below the floor {floor}"),
            Self::BelowFloor { floor: None } => f.write_str("no bid leaves the margin"),
            Self::Expired { expires_at: Some(until), .. } => write!(f, "held until {until}"),
            Self::Expired { expires_at: None, .. } => f.write_str("no longer held"),
            Self::SameOffer { target_name, .. } => write!(f, "the same offer as {target_name}'s"),
            Self::Outbid { target_name, .. } => write!(f, "outbid by {target_name}"),
            Self::TooFewBidders { valid, needed } => {
                write!(f, "{valid} valid bids where {needed} are needed")
            }
            Self::NotConfirmed { text } => write!(f, "not confirmed: {text}"),
            Self::DialFailed { text } => write!(f, "the dial failed: {text}"),
            Self::Rerouted { talk_secs } => {
                write!(f, "rerouted: it hung up after {talk_secs} s")
            }
            Self::Removed => f.write_str("no longer in the campaign"),
            Self::CallEnded => f.write_str("the caller hung up before it was dialled"),
            Self::AttemptLimit => f.write_str("the call may not be dialled any more"),
        }
    }
}
