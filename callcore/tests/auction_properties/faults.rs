//! More than twenty ways in which an auction can be wrong. Each spoils what goes into the machine or what
//! comes out of it, and nothing where the fault is another.

use callcore::auction::{
    AuctionLog, Bid, BidReply, Invitation, Outcome, Reply, Settled, Terms, Verdict,
};
use callcore::vocabulary::{Currency, Money, Seed, TargetId};
use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use crate::rig::Fault;
use crate::world::number;

/// What an auction is opened with.
pub(crate) fn opening(
    fault: Fault,
    mut terms: Terms,
    mut invitations: Vec<Invitation>,
    mut seed: Seed,
) -> (Terms, Vec<Invitation>, Seed) {
    match fault {
        Fault::FloorsIgnored => {
            terms.min_bid = Decimal::ZERO;
            invitations.iter_mut().for_each(|invitation| invitation.min_bids.clear());
        }
        // Prebid's: a bid up to a cent below the floor passes.
        Fault::FloorSlack => {
            terms.min_bid -= Decimal::new(1, 2);
            for bound in invitations.iter_mut().flat_map(|invitation| &mut invitation.min_bids) {
                bound.amount -= Decimal::new(1, 2);
            }
        }
        Fault::ModifiersReversed => {
            invitations.iter_mut().for_each(|invitation| invitation.adjustments.reverse());
        }
        Fault::TiesByName => seed = Seed::of_key("the same for every call"),
        Fault::AsksAgain => {
            invitations.iter_mut().for_each(|invitation| invitation.earlier_bid = None);
        }
        _ => {}
    }
    (terms, invitations, seed)
}

/// What comes back, and when.
pub(crate) fn arrival(
    fault: Fault,
    at: DateTime<Utc>,
    mut reply: Reply,
    deadline: DateTime<Utc>,
) -> (DateTime<Utc>, Reply) {
    if fault == Fault::LateCounts {
        return (at.min(deadline), reply);
    }
    let Reply::Answered(BidReply::Bid(bid)) = &mut reply else { return (at, reply) };
    match fault {
        Fault::ExpiryForgotten => bid.expires_at = None,
        Fault::EveryCurrencyIsOurs => bid.amount.currency = Currency::USD,
        Fault::HighBidsDropped if bid.amount.amount > Decimal::TEN => {
            bid.amount.amount = Decimal::ZERO;
        }
        Fault::RoundsToWholeUnits => bid.amount.amount = bid.amount.amount.round(),
        _ => {}
    }
    (at, reply)
}

/// A result that depends on who was recorded first.
pub(crate) fn settled_after(
    fault: Fault,
    mut settled: Settled,
    first: Option<TargetId>,
) -> Settled {
    if fault == Fault::FirstToArriveWinsTies {
        let best = settled.ranking.first().map(|ranked| ranked.score);
        let ties = |score| Some(score) == best;
        settled
            .ranking
            .sort_by_key(|ranked| !(ties(ranked.score) && Some(ranked.target_id) == first));
    }
    settled
}

/// What a settlement says.
pub(crate) fn settled(fault: Fault, mut settled: Settled) -> Settled {
    match fault {
        Fault::SecondPlaceWins => {
            if let [_, second, ..] = &settled.ranking[..] {
                let (target_id, price) = (second.target_id, second.price);
                let target_name = second.target_name.clone();
                settled.outcome = Outcome::Sold { target_id, target_name, price };
            }
        }
        Fault::PaysItsBid => {
            for ranked in &mut settled.ranking {
                ranked.price.amount = ranked.net.min(ranked.gross);
            }
        }
        Fault::TwoWinners => {
            let second = settled.ranking.get(1).map(|ranked| ranked.target_id);
            let is_second = |target| Some(target) == second;
            for entry in settled.entries.iter_mut().filter(|entry| is_second(entry.target_id)) {
                (entry.verdict, entry.code) = (Verdict::Won, Verdict::Won.code());
            }
        }
        Fault::MarginGivenAway => {
            for ranked in &mut settled.ranking {
                ranked.publisher_price = Some(ranked.price);
            }
        }
        _ => {}
    }
    settled
}

/// Who fell out keeps its place, with whatever is reserved for it.
pub(crate) fn fallen(fault: Fault, settled: &mut Settled, target: TargetId) {
    if fault == Fault::PlaceKept {
        let own = settled.ranking.iter_mut().filter(|ranked| ranked.target_id == target);
        own.for_each(|ranked| ranked.fallen = None);
    }
}

/// When it is looked whether earlier bids hold.
pub(crate) fn looked_at(
    fault: Fault,
    at: DateTime<Utc>,
    settled_at: DateTime<Utc>,
) -> DateTime<Utc> {
    if fault == Fault::HoldsForever { settled_at } else { at }
}

/// What a log keeps.
pub(crate) fn logged(fault: Fault, mut log: AuctionLog) -> AuctionLog {
    if fault == Fault::SeedNotLogged {
        log.seed = Seed::of_key("");
    }
    log
}

/// What a reply is read as.
pub(crate) fn parsed(fault: Fault, reply: BidReply) -> BidReply {
    if fault == Fault::GarbageBids && !matches!(reply, BidReply::Bid(_)) {
        return BidReply::Bid(Bid {
            amount: Money { amount: Decimal::ONE, currency: Currency::USD },
            destination: Some(number()),
            min_duration_secs: None,
            bid_id: None,
            expires_at: None,
        });
    }
    reply
}
