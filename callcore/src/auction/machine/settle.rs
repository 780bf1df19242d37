//! The settlement: one verdict per target, the ranking, the prices.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::auction::{Auction, Got, Part, Slot, millis};
use super::entry::{Entry, Why};
use super::finish::Standing;
use super::judge::{Judged, Valid};
use super::reply::{Reply, Unanswered};
use super::settled::{Outcome, RankedBid, Settled};
use crate::auction::{AuctionLog, Sign, Verdict, pricing};
use crate::vocabulary::{Money, limits};

impl Auction {
    /// Settles at an instant: with everything that had come by then, and without what had not. Who
    /// is still out before the deadline was not needed.
    pub fn settle(self, now: DateTime<Utc>) -> Settled {
        let now = now.max(self.opened_at);
        let mut standing = self.standing(now);
        let mut entries: Vec<Entry> = self.slots.iter().map(|slot| self.entry(slot, now)).collect();
        for index in &standing.expired {
            let expires_at = self.slots[*index].bid().and_then(|bid| bid.expires_at);
            let why = Why::Expired { expires_at, at: now };
            entries[*index].decide(Verdict::Expired, Some(why));
        }
        for (index, target_id) in &standing.same {
            let name = |slot: &&Slot| slot.invitation.target_id == *target_id;
            let first = self.slots.iter().find(name);
            let target_name = first.map(|slot| slot.invitation.name.clone()).unwrap_or_default();
            let why = Why::SameOffer { target_id: *target_id, target_name };
            entries[*index].decide(Verdict::Duplicate, Some(why));
        }
        let outcome = self.rank(&mut standing, &mut entries);
        let ranking = self.ranked(&standing);
        let log = self.into_log(now);
        let mut settled = Settled { outcome, ranking, entries, log };
        settled.award(now);
        settled
    }

    /// Gives valid bids their places, or none where there are too few of them.
    fn rank(&self, standing: &mut Standing, entries: &mut [Entry]) -> Outcome {
        let valid = count(standing.order.len());
        let needed = self.terms.min_bidders;
        if standing.order.is_empty() {
            return Outcome::NoValidBid;
        }
        if valid < needed {
            for (index, _) in standing.order.drain(..) {
                let why = Why::TooFewBidders { valid, needed };
                entries[index].decide(Verdict::Lost, Some(why));
            }
            return Outcome::TooFewBidders { valid, needed };
        }
        for (rank, (index, _)) in (1..).zip(&standing.order) {
            entries[*index].rank = Some(rank);
        }
        // Whoever is first gets it in a moment.
        Outcome::NobodyLeft
    }

    fn ranked(&self, standing: &Standing) -> Vec<RankedBid> {
        let order = &standing.order;
        let bids = order.iter().enumerate().filter_map(|(place, (index, valid))| {
            let next = order.get(place + 1).map(|(_, next)| next);
            self.ranked_bid(&self.slots[*index], place, valid, next)
        });
        bids.collect()
    }

    fn ranked_bid(
        &self,
        slot: &Slot,
        place: usize,
        valid: &Valid,
        next: Option<&Valid>,
    ) -> Option<RankedBid> {
        let bid = slot.bid()?.clone();
        let terms = &self.terms;
        let next = next.map(|next| next.stake);
        let price = pricing::price(terms.pricing, terms.increment, valid.stake, next);
        let money = |amount| Money { amount, currency: terms.currency() };
        Some(RankedBid {
            target_id: slot.invitation.target_id,
            target_name: slot.invitation.name.clone(),
            rank: count(place + 1),
            destination: bid.destination.clone(),
            bid,
            gross: valid.stake.gross,
            net: valid.stake.net,
            score: valid.key.score,
            price: money(price),
            publisher_price: terms.resale.map(|resale| money(resale.publisher_price(price))),
            fallen: None,
        })
    }

    /// What became of a target, as far as that does not depend on the others.
    fn entry(&self, slot: &Slot, now: DateTime<Utc>) -> Entry {
        let (verdict, why) = verdict(slot, now);
        let got = match &slot.part {
            Part::Asked { got, .. } => got.as_ref(),
            Part::Barred(..) | Part::Earlier(_) => None,
        };
        let net = match &slot.part {
            Part::Earlier(Judged::Valid(valid)) => Some(valid.stake.net),
            Part::Asked { .. } => got.and_then(|got| match &got.judged {
                Judged::Valid(valid) => Some(valid.stake.net),
                Judged::Out(..) => None,
            }),
            _ => None,
        };
        Entry {
            target_id: slot.invitation.target_id,
            target_name: slot.invitation.name.clone(),
            verdict,
            code: verdict.code(),
            why,
            asked: matches!(slot.part, Part::Asked { .. })
                && !got.is_some_and(|got| got.received.reply.is_unsent()),
            bid: slot.bid().map(|bid| bid.amount),
            net,
            rank: None,
            response_time_ms: got
                .filter(|got| matches!(got.received.reply, Reply::Answered(_)))
                .map(|got| millis(got.received.at - self.opened_at)),
            sign: self.sign(slot, now),
        }
    }

    /// What the exchange with a target says of its health. Where this auction waits for it for less
    /// than its own time-out, that it did not answer by then is no fault of its.
    fn sign(&self, slot: &Slot, now: DateTime<Utc>) -> Option<Sign> {
        let Part::Asked { got, deadline, .. } = &slot.part else { return None };
        let own_ms = slot.invitation.timeout_ms.min(*limits::BID_TIMEOUT_MS.end());
        let own_deadline = self.opened_at + TimeDelta::milliseconds(own_ms.into());
        let Some(Got { received, .. }) = got else {
            return (now >= own_deadline).then_some(Sign::Bad);
        };
        let late = received.at > own_deadline;
        let cut_off = received.reply == Reply::Unanswered(Unanswered::Timeout)
            && *deadline < own_deadline
            && !late;
        if cut_off { None } else { Sign::of(&received.reply, late) }
    }

    fn into_log(self, settled_at: DateTime<Utc>) -> AuctionLog {
        let mut replies = Vec::with_capacity(self.slots.len());
        let mut invitations = Vec::with_capacity(self.slots.len());
        for slot in self.slots {
            if let Part::Asked { got: Some(got), .. } = slot.part {
                replies.push(got.received);
            }
            invitations.push(slot.invitation);
        }
        AuctionLog {
            terms: self.terms,
            seed: self.seed,
            opened_at: self.opened_at,
            settled_at,
            invitations,
            replies,
            aftermath: Vec::new(),
        }
    }
}

fn count(bids: usize) -> u32 {
    u32::try_from(bids).unwrap_or(u32::MAX)
}

/// A valid bid is `Lost` here; the settlement then looks who won.
fn verdict(slot: &Slot, now: DateTime<Utc>) -> (Verdict, Option<Why>) {
    let (got, deadline) = match &slot.part {
        Part::Barred(verdict, why) => return (*verdict, Some(why.clone())),
        Part::Earlier(judged) => return judged.verdict(),
        Part::Asked { got, deadline, .. } => (got, *deadline),
    };
    match got {
        // Late, however late the settlement is.
        Some(got) if got.received.at > deadline => got.judged.verdict(),
        Some(got) if got.received.at <= now => got.judged.verdict(),
        None if now >= deadline => (Verdict::Timeout, None),
        Some(_) | None => (Verdict::NotNeeded, Some(Why::OverBefore)),
    }
}

impl Judged {
    fn verdict(&self) -> (Verdict, Option<Why>) {
        match self {
            Self::Valid(_) => (Verdict::Lost, None),
            Self::Out(verdict, why) => (*verdict, Some(why.clone())),
        }
    }
}

impl Settled {
    /// How many targets had each verdict; the numbers add up to those considered.
    pub fn tally(&self) -> BTreeMap<Verdict, usize> {
        let mut tally = BTreeMap::new();
        for entry in &self.entries {
            *tally.entry(entry.verdict).or_insert(0) += 1;
        }
        tally
    }

    /// The bids of this auction that still hold at an instant, so that the same caller is not pinged
    /// twice: an auction for that caller can be opened with them as earlier bids. A bid that was put to
    /// the test and failed is none of them.
    pub fn holding(&self, now: DateTime<Utc>) -> impl Iterator<Item = &RankedBid> {
        let buffer_ms = self.log.terms.dial_buffer_ms;
        self.ranking.iter().filter(move |ranked| {
            !ranked.is_taken_back()
                && ranked.bid.expires_at.is_some()
                && ranked.holds(now, buffer_ms)
        })
    }

    /// What each exchange said of its target's health; nobody says two things.
    pub fn signs(&self) -> impl Iterator<Item = (crate::vocabulary::TargetId, Sign)> {
        self.entries.iter().filter_map(|entry| Some((entry.target_id, entry.sign?)))
    }

    /// How many replies carried a bid and came too late: a reason to look at time-outs.
    pub fn late_bids(&self) -> usize {
        let late = |entry: &&Entry| matches!(entry.why, Some(Why::Late { with_bid: true, .. }));
        self.entries.iter().filter(late).count()
    }
}
