//! A settled auction: who won, who is next, and what happened afterwards.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::entry::{Entry, Why};
use super::judge;
use crate::auction::{AuctionLog, Bid, Verdict};
use crate::vocabulary::{Destination, Money, TargetId};

/// What an auction came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum Outcome {
    /// The call is somebody's.
    Sold {
        /// Whose.
        target_id: TargetId,
        /// By name.
        target_name: String,
        /// What it pays.
        price: Money,
    },
    /// No bid was valid.
    NoValidBid,
    /// There were valid bids, and fewer than the auction needs.
    TooFewBidders {
        /// How many there were.
        valid: u32,
        /// How many it needs.
        needed: u32,
    },
    /// Every winner fell out.
    NobodyLeft,
}

/// A valid bid in its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RankedBid {
    /// Whose it is.
    pub target_id: TargetId,
    /// By name.
    pub target_name: String,
    /// Its place; 1 is first.
    pub rank: u32,
    /// The bid as it was made.
    pub bid: Bid,
    /// Where the call goes: the bid's destination until the confirmation names another.
    pub destination: Option<Destination>,
    /// The bid in the campaign's currency.
    pub gross: Decimal,
    /// The bid after its modifiers.
    pub net: Decimal,
    /// What it was ranked by: the net bid, or that times the success rate in millionths.
    pub score: Decimal,
    /// What it pays when it gets the call.
    pub price: Money,
    /// What the publisher then gets.
    pub publisher_price: Option<Money>,
    /// Why it no longer gets the call.
    pub fallen: Option<Fall>,
}

/// Why a winner did not get the call after all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fall", rename_all = "snake_case")]
pub enum Fall {
    /// Its reservation was refused: a cap filled up in the meantime.
    Capped {
        /// Which one.
        cap: String,
    },
    /// Its confirm request failed, or it refused then.
    NotConfirmed {
        /// What it said.
        text: String,
    },
    /// Its bid ran out.
    Expired,
    /// Its phone was not answered.
    DialFailed {
        /// How.
        text: String,
    },
    /// It hung up so early that the call was offered to the next.
    Rerouted {
        /// How long the two talked, in seconds.
        #[serde(rename = "talkSeconds")]
        talk_secs: u32,
    },
    /// Its hours ended since it bid.
    Closed,
    /// It was paused since it bid.
    Paused,
    /// It was taken out of the campaign since it bid.
    Removed,
    /// The caller hung up before it was dialled.
    CallEnded,
    /// The call may not be dialled any more.
    AttemptLimit,
}

/// Something that happened to the winner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// It confirmed.
    Confirmed {
        /// Where it wants the call.
        destination: Destination,
    },
    /// It fell out.
    Fell(Fall),
}

/// One act after the settlement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Aftermath {
    /// Whom it happened to.
    pub target_id: TargetId,
    /// When.
    pub at: DateTime<Utc>,
    /// What.
    pub event: Event,
}

/// A settled auction. One entry per target that was considered, at most one of them `won`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[must_use]
pub struct Settled {
    /// What it came to so far.
    pub outcome: Outcome,
    /// The valid bids, the best first.
    pub ranking: Vec<RankedBid>,
    /// What became of each target, in the order of their ids.
    pub entries: Vec<Entry>,
    /// Everything that this follows from.
    pub log: AuctionLog,
}

impl Fall {
    /// Whether the bid is not to be taken again for the same caller: its bidder took it back, or it ran
    /// out. What happened to the call, to a dial, to a cap or to the campaign says nothing of the bid,
    /// and a bidder that is asked again before its bid runs out refuses the caller as a duplicate.
    const fn takes_bid_back(&self) -> bool {
        match self {
            Self::NotConfirmed { .. } | Self::Expired => true,
            Self::DialFailed { .. }
            | Self::Rerouted { .. }
            | Self::Capped { .. }
            | Self::Closed
            | Self::Paused
            | Self::Removed
            | Self::CallEnded
            | Self::AttemptLimit => false,
        }
    }
}

impl RankedBid {
    /// Whether it fell out in a way that says that it is worth nothing for another call either.
    pub fn is_taken_back(&self) -> bool {
        self.fallen.as_ref().is_some_and(Fall::takes_bid_back)
    }

    pub(super) fn holds(&self, at: DateTime<Utc>, buffer_ms: u32) -> bool {
        judge::holds(self.bid.expires_at, at, buffer_ms)
    }
}

impl Settled {
    /// Who has won so far.
    pub fn winner(&self) -> Option<&RankedBid> {
        let Outcome::Sold { target_id, .. } = &self.outcome else { return None };
        self.ranking.iter().find(|ranked| ranked.target_id == *target_id)
    }

    /// The first bid that has not fallen out and still holds for long enough to be dialled.
    pub fn next_valid(&self, now: DateTime<Utc>) -> Option<&RankedBid> {
        let buffer_ms = self.log.terms.dial_buffer_ms;
        self.ranking.iter().find(|ranked| ranked.fallen.is_none() && ranked.holds(now, buffer_ms))
    }

    /// All bids that may be dialled now, in their order: what a reservation is asked for.
    pub fn all_valid(&self, now: DateTime<Utc>) -> impl Iterator<Item = &RankedBid> {
        let buffer_ms = self.log.terms.dial_buffer_ms;
        self.ranking
            .iter()
            .filter(move |ranked| ranked.fallen.is_none() && ranked.holds(now, buffer_ms))
    }

    /// What became of a target.
    pub fn entry(&self, target: TargetId) -> Option<&Entry> {
        let index = self.entries.binary_search_by_key(&target, |entry| entry.target_id).ok()?;
        self.entries.get(index)
    }

    /// Looks again before a dial: a winner whose bid has run out by now gives way to the next.
    pub fn offer(&mut self, now: DateTime<Utc>) -> Option<&RankedBid> {
        let buffer_ms = self.log.terms.dial_buffer_ms;
        let gone = self.winner().filter(|winner| !winner.holds(now, buffer_ms));
        if let Some(target) = gone.map(|winner| winner.target_id) {
            return self.fall(target, Fall::Expired, now);
        }
        self.winner()
    }

    /// A ranked bid fell out: the next one that still holds wins, and nobody is asked again. Saying
    /// it twice changes nothing, and so does saying it of somebody who is not ranked.
    pub fn fall(&mut self, target: TargetId, why: Fall, at: DateTime<Utc>) -> Option<&RankedBid> {
        let ranked = self.ranking.iter_mut().find(|ranked| ranked.target_id == target);
        if let Some(ranked) = ranked.filter(|ranked| ranked.fallen.is_none()) {
            ranked.fallen = Some(why.clone());
            self.log.aftermath.push(Aftermath { target_id: target, at, event: Event::Fell(why) });
            self.award(at);
        }
        self.winner()
    }

    /// The winner confirmed, and named where it wants the call. Only the present winner can.
    pub fn confirm(&mut self, target: TargetId, destination: Destination, at: DateTime<Utc>) {
        if self.winner().is_none_or(|winner| winner.target_id != target) {
            return;
        }
        for ranked in self.ranking.iter_mut().filter(|ranked| ranked.target_id == target) {
            ranked.destination = Some(destination.clone());
        }
        let event = Event::Confirmed { destination };
        self.log.aftermath.push(Aftermath { target_id: target, at, event });
    }

    /// Runs what happened once more, for a replay.
    pub(in crate::auction) fn apply(&mut self, aftermath: Aftermath) {
        let Aftermath { target_id, at, event } = aftermath;
        match event {
            Event::Confirmed { destination } => self.confirm(target_id, destination, at),
            Event::Fell(why) => {
                self.fall(target_id, why, at);
            }
        }
    }

    /// Gives the call to the first that may have it, and every ranked target its verdict. What ran
    /// out before its turn came has fallen out for good.
    pub(super) fn award(&mut self, at: DateTime<Utc>) {
        if self.ranking.is_empty() {
            return;
        }
        let buffer_ms = self.log.terms.dial_buffer_ms;
        let live = |ranked: &&mut RankedBid| ranked.fallen.is_none();
        let mut winner = None;
        for ranked in self.ranking.iter_mut().filter(live) {
            if ranked.holds(at, buffer_ms) {
                winner = Some((ranked.target_id, ranked.target_name.clone(), ranked.price));
                break;
            }
            ranked.fallen = Some(Fall::Expired);
        }
        self.outcome = match &winner {
            Some((target_id, target_name, price)) => {
                let (target_name, price) = (target_name.clone(), *price);
                Outcome::Sold { target_id: *target_id, target_name, price }
            }
            None => Outcome::NobodyLeft,
        };
        let winner = winner.map(|(target_id, target_name, _)| (target_id, target_name));
        for ranked in &self.ranking {
            let place = |entry: &Entry| entry.target_id;
            let Ok(index) = self.entries.binary_search_by_key(&ranked.target_id, place) else {
                continue;
            };
            let entry = &mut self.entries[index];
            let (verdict, why) = verdict(ranked, winner.as_ref(), at);
            // The evidence of an earlier fall keeps its instant.
            if (entry.verdict, verdict) != (Verdict::Expired, Verdict::Expired) {
                entry.decide(verdict, why);
            }
        }
    }
}

fn verdict(
    ranked: &RankedBid,
    winner: Option<&(TargetId, String)>,
    at: DateTime<Utc>,
) -> (Verdict, Option<Why>) {
    let outbid = |(target_id, target_name): &(TargetId, String)| Why::Outbid {
        target_id: *target_id,
        target_name: target_name.clone(),
    };
    match &ranked.fallen {
        None if winner.is_some_and(|(target, _)| *target == ranked.target_id) => {
            (Verdict::Won, None)
        }
        None => (Verdict::Lost, winner.map(outbid)),
        Some(Fall::Capped { cap }) => (Verdict::Capped, Some(Why::Capped { cap: cap.clone() })),
        Some(Fall::NotConfirmed { text }) => {
            (Verdict::ConfirmFailed, Some(Why::NotConfirmed { text: text.clone() }))
        }
        Some(Fall::Expired) => {
            (Verdict::Expired, Some(Why::Expired { expires_at: ranked.bid.expires_at, at }))
        }
        Some(Fall::DialFailed { text }) => {
            (Verdict::Lost, Some(Why::DialFailed { text: text.clone() }))
        }
        Some(Fall::Rerouted { talk_secs }) => {
            (Verdict::Lost, Some(Why::Rerouted { talk_secs: *talk_secs }))
        }
        Some(Fall::Closed) => (Verdict::Closed, Some(Why::Closed)),
        Some(Fall::Paused) => (Verdict::Closed, Some(Why::Paused)),
        Some(Fall::Removed) => (Verdict::Closed, Some(Why::Removed)),
        Some(Fall::CallEnded) => (Verdict::Lost, Some(Why::CallEnded)),
        Some(Fall::AttemptLimit) => (Verdict::Lost, Some(Why::AttemptLimit)),
    }
}
