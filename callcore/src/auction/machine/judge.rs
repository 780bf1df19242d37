//! Whether one bid is valid by itself. What needs the decision's instant (expiry) or the other bids
//! (the same offer twice) comes at the settlement.

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;

use super::entry::Why;
use super::reply::Reply;
use super::terms::{Invitation, Terms};
use crate::auction::ranking::Key;
use crate::auction::{Bid, BidReply, Unconvertible, Verdict, modifier, pricing};
use crate::vocabulary::Money;

/// What a target's bids are held against, in the campaign's currency.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// The highest of the floors; `None` where no bid would do.
    floor: Option<Decimal>,
    /// The lowest of the maxima.
    max: Option<Decimal>,
    factor: u32,
}

/// A bid that is valid as far as can be said before the decision.
#[derive(Clone, Copy, Debug)]
pub(super) struct Valid {
    pub(super) stake: pricing::Stake,
    pub(super) key: Key,
    expires_at: Option<DateTime<Utc>>,
}

/// What a reply comes to.
#[derive(Clone, Debug)]
pub(super) enum Judged {
    Valid(Valid),
    Out(Verdict, Why),
}

impl Bounds {
    /// The bounds of one target.
    pub(super) fn of(terms: &Terms, invitation: &Invitation) -> Result<Self, (Verdict, Why)> {
        let converted = |money: &Money| match terms.rates.convert(*money) {
            Ok(amount) => Ok(amount),
            Err(Unconvertible::NoRate(currency, _)) => {
                Err((Verdict::WrongCurrency, Why::NoRate { currency }))
            }
            // A floor that is too large is out of reach, and a maximum that is too large is none.
            Err(Unconvertible::TooLarge) => Ok(Decimal::MAX),
        };
        let floor = match &terms.resale {
            Some(resale) => resale.least_price(),
            None => Some(Decimal::ZERO),
        };
        let mut highest = terms.min_bid.max(Decimal::ZERO);
        for floor in &invitation.min_bids {
            highest = highest.max(converted(floor)?);
        }
        let mut max = None;
        for bound in &invitation.max_bids {
            let bound = converted(bound)?;
            max = Some(max.map_or(bound, |max: Decimal| max.min(bound)));
        }
        let factor = terms.ranking.factor(invitation.record);
        Ok(Self { floor: floor.map(|floor| floor.max(highest)), max, factor })
    }

    /// The key of the highest bid that would be believed; `None` where there is no such bound.
    pub(super) fn best_key(&self, terms: &Terms, invitation: &Invitation) -> Option<Key> {
        let net = modifier::adjusted(self.max?, &invitation.adjustments)?;
        Some(key(invitation, terms.ranking.score(net, self.factor)?))
    }

    /// Judges what came back in time.
    pub(super) fn judge(&self, terms: &Terms, invitation: &Invitation, reply: &Reply) -> Judged {
        let said = |words: &dyn ToString| Why::Said { text: words.to_string() };
        let bid = match reply {
            Reply::Answered(BidReply::Bid(bid)) => bid,
            Reply::Answered(BidReply::Failed(failure)) => {
                return Judged::Out(failure.verdict(), said(failure));
            }
            Reply::Answered(BidReply::NoBid(declined)) => {
                return Judged::Out(Verdict::NoBid, said(declined));
            }
            Reply::Answered(BidReply::Refused(declined)) => {
                return Judged::Out(Verdict::Refused, said(declined));
            }
            Reply::Unanswered(unanswered) => {
                return Judged::Out(unanswered.verdict(), said(unanswered));
            }
        };
        match self.judge_bid(terms, invitation, bid) {
            Ok(valid) => Judged::Valid(valid),
            Err((verdict, why)) => Judged::Out(verdict, why),
        }
    }

    fn judge_bid(
        &self,
        terms: &Terms,
        invitation: &Invitation,
        bid: &Bid,
    ) -> Result<Valid, (Verdict, Why)> {
        if bid.amount.is_negative() {
            return Err((Verdict::Malformed, Why::NoAmount));
        }
        if bid.amount.amount.is_zero() {
            return Err((Verdict::NoBid, Why::NoAmount));
        }
        if bid.destination.is_none() && !invitation.confirms {
            return Err((Verdict::InvalidDestination, Why::NoDestination));
        }
        let uncountable = || (Verdict::AboveMax, Why::AboveMax { max: None });
        let gross = terms.rates.convert(bid.amount).map_err(|error| match error {
            Unconvertible::NoRate(currency, _) => {
                (Verdict::WrongCurrency, Why::NoRate { currency })
            }
            Unconvertible::TooLarge => uncountable(),
        })?;
        if self.max.is_some_and(|max| gross > max) {
            return Err((Verdict::AboveMax, Why::AboveMax { max: self.max }));
        }
        let adjustments = &invitation.adjustments;
        let net = modifier::adjusted(gross, adjustments).ok_or_else(uncountable)?;
        let least = net.min(gross);
        let reserve = self.floor.filter(|floor| least >= *floor && least > Decimal::ZERO);
        let below = (Verdict::BelowFloor, Why::BelowFloor { floor: self.floor });
        let reserve = reserve.ok_or(below)?;
        let score = terms.ranking.score(net, self.factor).ok_or_else(uncountable)?;
        Ok(Valid {
            stake: pricing::Stake { gross, net, reserve, factor: self.factor },
            key: key(invitation, score),
            expires_at: bid.expires_at,
        })
    }
}

fn key(invitation: &Invitation, score: Decimal) -> Key {
    let Invitation { target_id, priority, weight, .. } = *invitation;
    Key { score, priority, weight, target: target_id }
}

impl Valid {
    /// Whether the bid still holds for long enough at an instant.
    pub(super) fn holds(&self, at: DateTime<Utc>, buffer_ms: u32) -> bool {
        holds(self.expires_at, at, buffer_ms)
    }
}

/// Whether a bid with this end still holds for long enough to be dialled. One that names no end
/// holds.
pub(super) fn holds(expires_at: Option<DateTime<Utc>>, at: DateTime<Utc>, buffer_ms: u32) -> bool {
    expires_at.is_none_or(|until| until - at >= TimeDelta::milliseconds(buffer_ms.into()))
}
