//! Early finish: an auction ends when nobody who is still out could change who wins or what is paid.
//!
//! A bid above a target's maximum is invalid, so its maximum after modifiers bounds what it could
//! do, and the result is that of waiting for everybody (`reference/rtb.md` §3, property 9). Only the
//! places behind the winner (first price) or behind the second (second price) may differ, because
//! those who were not waited for have none.

use std::cmp::Ordering;

use chrono::{DateTime, Utc};

use super::auction::{Auction, Part, Progress, Slot};
use super::entry::Why;
use super::judge::{Judged, Valid};
use super::reply::Reply;
use crate::auction::ranking::{self, Key};
use crate::auction::{Bid, BidReply, Verdict};
use crate::model::Pricing;
use crate::vocabulary::TargetId;

/// The valid bids of one instant.
#[derive(Debug, Default)]
pub(super) struct Standing {
    /// Slots with their bids, the best first.
    pub(super) order: Vec<(usize, Valid)>,
    /// Slots whose offer a better bid makes as well, and whose that is.
    pub(super) same: Vec<(usize, TargetId)>,
    /// Slots whose bid has run out.
    pub(super) expired: Vec<usize>,
}

impl Auction {
    /// Whether there is anything to wait for.
    pub fn progress(&self) -> Progress {
        if self.out == 0 || (self.terms.finish_early && self.is_certain()) {
            Progress::Decided
        } else {
            Progress::Waiting
        }
    }

    /// Where a bid that is held already decides the auction, nobody else is asked.
    pub(super) fn ask_nobody_in_vain(&mut self) {
        let held = |slot: &Slot| matches!(slot.part, Part::Earlier(Judged::Valid(_)));
        if !self.slots.iter().any(held) || self.progress() == Progress::Waiting {
            return;
        }
        for slot in self.slots.iter_mut().filter(|slot| matches!(slot.part, Part::Asked { .. })) {
            slot.part = Part::Barred(Verdict::NotNeeded, Why::BidHeld);
        }
        self.out = 0;
    }

    fn is_certain(&self) -> bool {
        let needed = (self.terms.min_bidders as usize).max(1);
        let Some(rival) = self.best_of_those_out() else {
            // Somebody who is out could bid anything. It is certain that nobody wins where too few
            // valid bids can come at all.
            return self.valid().count() + self.out < needed;
        };
        let ahead = |key: &Key| match key.cmp_value(&rival) {
            Ordering::Less => true,
            Ordering::Greater => false,
            Ordering::Equal => self.beats_all_out(key),
        };
        let holds = |valid: &&Valid| valid.holds(self.latest, self.terms.dial_buffer_ms);
        let leads = self.valid().filter(|valid| ahead(&valid.key)).any(|valid| holds(&valid));
        if !leads && self.valid().count() + self.out >= needed {
            return false;
        }
        let order = self.standing(self.latest).order;
        let decisive = match self.terms.pricing {
            Pricing::FirstPrice => order.first(),
            Pricing::SecondPrice => order.get(1),
        };
        let enough = order.len() >= needed && decisive.is_some_and(|(_, valid)| ahead(&valid.key));
        enough || order.len() + self.out < needed
    }

    /// The best key that somebody who is out could have, up to the lot; `None` where there is no
    /// bound on it.
    fn best_of_those_out(&self) -> Option<Key> {
        let mut rival: Option<Key> = None;
        for slot in &self.slots {
            let Part::Asked { best, got: None, .. } = &slot.part else { continue };
            let best = (*best)?;
            let better = rival.is_none_or(|rival| best.cmp_value(&rival) == Ordering::Less);
            rival = if better { Some(best) } else { rival };
        }
        rival
    }

    /// Whether a key is better than the best of each that is still out, the lots drawn.
    fn beats_all_out(&self, key: &Key) -> bool {
        self.slots.iter().all(|slot| match &slot.part {
            Part::Asked { best: Some(best), got: None, .. } => {
                key.cmp(best, self.seed) == Ordering::Less
            }
            _ => true,
        })
    }

    /// The bids that are valid by themselves.
    fn valid(&self) -> impl Iterator<Item = &Valid> {
        self.slots.iter().filter_map(Slot::valid)
    }

    /// The valid bids at an instant, of the replies that had come by then.
    pub(super) fn standing(&self, at: DateTime<Utc>) -> Standing {
        let mut standing = Standing::default();
        for (index, slot) in self.slots.iter().enumerate() {
            let Some(valid) = slot.valid().filter(|_| slot.in_by(at)) else { continue };
            if valid.holds(at, self.terms.dial_buffer_ms) {
                standing.order.push((index, *valid));
            } else {
                standing.expired.push(index);
            }
        }
        ranking::sort(&mut standing.order, |(_, valid)| &valid.key, self.seed);
        let mut order: Vec<(usize, Valid)> = Vec::with_capacity(standing.order.len());
        for (index, valid) in standing.order {
            let first = order.iter().find(|(better, _)| self.same_offer(*better, index));
            match first {
                Some((_, first)) => standing.same.push((index, first.key.target)),
                None => order.push((index, valid)),
            }
        }
        Standing { order, ..standing }
    }

    /// Whether two bids are one offer: two targets may lead to the same bidder, which then answers
    /// both from its cache (Ringba's warning 230).
    fn same_offer(&self, a: usize, b: usize) -> bool {
        let (Some(a), Some(b)) = (self.slots[a].bid(), self.slots[b].bid()) else { return false };
        a.bid_id.is_some()
            && a.bid_id == b.bid_id
            && a.destination.is_some()
            && a.destination == b.destination
    }
}

impl Slot {
    fn valid(&self) -> Option<&Valid> {
        match &self.part {
            Part::Earlier(Judged::Valid(valid)) => Some(valid),
            Part::Asked { got: Some(got), .. } => match &got.judged {
                Judged::Valid(valid) => Some(valid),
                Judged::Out(..) => None,
            },
            _ => None,
        }
    }

    /// Whether its reply had come by an instant.
    pub(super) fn in_by(&self, at: DateTime<Utc>) -> bool {
        match &self.part {
            Part::Earlier(_) => true,
            Part::Asked { got: Some(got), .. } => got.received.at <= at,
            Part::Asked { got: None, .. } | Part::Barred(..) => false,
        }
    }

    /// The bid that it made.
    pub(super) fn bid(&self) -> Option<&Bid> {
        match &self.part {
            Part::Earlier(_) => self.invitation.earlier_bid.as_ref(),
            Part::Asked { got: Some(got), .. } => match &got.received.reply {
                Reply::Answered(BidReply::Bid(bid)) => Some(bid),
                _ => None,
            },
            Part::Asked { got: None, .. } | Part::Barred(..) => None,
        }
    }
}
