//! Drives the machine on a virtual clock, soundly or with a fault.

use std::sync::LazyLock;

use callcore::auction::{
    Auction, AuctionLog, BidReply, BidResponse, CompiledTarget, Entry, Fall, Invitation, Progress,
    RankedBid, Reply, Settled, Terms, Unanswered, parse, replay,
};
use callcore::model::Target;
use callcore::vocabulary::{Seed, TargetId};
use chrono::{DateTime, Utc};

use crate::faults;
use crate::world::{World, after, start, target};

/// A target that answers in the usual places.
pub(crate) static PLAIN: LazyLock<CompiledTarget> = LazyLock::new(|| {
    Target::new("Plain", "https://bid.example.com/").compile().expect("it is a plain target")
});

/// What can be wrong, at least one for each property.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    FloorsIgnored,
    SecondPlaceWins,
    FirstToArriveWinsTies,
    SeedNotLogged,
    HighBidsDropped,
    LateCounts,
    FloorSlack,
    PaysItsBid,
    FirstReplyDecides,
    WaitsForAll,
    TwoWinners,
    RoundsToWholeUnits,
    ModifiersReversed,
    MarginGivenAway,
    ExpiryForgotten,
    TiesByName,
    GarbageBids,
    AsksAgain,
    EveryCurrencyIsOurs,
    SecretsKept,
    PlaceKept,
    HoldsForever,
}

/// The machine with whoever drives it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rig {
    pub(crate) fault: Fault,
}

/// What comes at an instant.
pub(crate) type Arrival = (DateTime<Utc>, TargetId, Reply);

impl Rig {
    pub(crate) fn open(&self, terms: Terms, invitations: Vec<Invitation>, seed: Seed) -> Auction {
        self.open_at(terms, invitations, seed, start())
    }

    pub(crate) fn open_at(
        &self,
        terms: Terms,
        invitations: Vec<Invitation>,
        seed: Seed,
        at: DateTime<Utc>,
    ) -> Auction {
        let (terms, invitations, seed) = faults::opening(self.fault, terms, invitations, seed);
        Auction::open(terms, invitations, seed, at)
    }

    /// The bids that still hold when the caller calls again.
    pub(crate) fn holding(&self, settled: &Settled, at: DateTime<Utc>) -> Vec<RankedBid> {
        let at = faults::looked_at(self.fault, at, settled.log.settled_at);
        settled.holding(at).cloned().collect()
    }

    /// A winner falls out.
    pub(crate) fn fall(
        &self,
        settled: &mut Settled,
        target: TargetId,
        why: Fall,
        at: DateTime<Utc>,
    ) {
        settled.fall(target, why, at);
        faults::fallen(self.fault, settled, target);
    }

    fn open_world(&self, world: &World) -> Auction {
        self.open(world.terms(), world.invitations(), world.seed())
    }

    /// Everything that comes back, and a time-out for each that hangs until its own deadline.
    fn arrivals(&self, world: &World, auction: &Auction) -> Vec<Arrival> {
        let mut arrivals: Vec<Arrival> = Vec::new();
        for asked in auction.asked() {
            let bidder = world.bidders.iter().find(|bidder| target(bidder.id) == asked.target_id);
            let reply = bidder.and_then(|bidder| world.reply(bidder));
            let gave_up = (asked.deadline, Reply::from(Unanswered::Timeout));
            let (at, reply) = match reply {
                Some((at, reply)) => faults::arrival(self.fault, at, reply, asked.deadline),
                None => gave_up,
            };
            arrivals.push((at, asked.target_id, reply));
        }
        arrivals.sort_by_key(|(at, target, _)| (*at, *target));
        arrivals
    }

    /// Plays an auction as it would run: to its early end or its deadline.
    pub(crate) fn play(&self, world: &World) -> Settled {
        let auction = self.open_world(world);
        let arrivals = self.arrivals(world, &auction);
        self.drive(auction, arrivals)
    }

    /// Drives an auction that is open. A reply counts when it comes, and the auction ends when the
    /// machine says so.
    pub(crate) fn drive(&self, mut auction: Auction, arrivals: Vec<Arrival>) -> Settled {
        let deadline = auction.deadline();
        let mut now = start();
        let mut decided = auction.progress() == Progress::Decided;
        for (at, target, reply) in arrivals {
            let waits = self.fault == Fault::WaitsForAll;
            if decided || (at > deadline && !waits) {
                break;
            }
            now = at;
            let progress = auction.record(target, reply, at);
            decided = progress == Progress::Decided && !waits;
            decided |= self.fault == Fault::FirstReplyDecides;
        }
        let now = if decided { now } else { now.max(deadline) };
        self.spoiled(auction.settle(now))
    }

    /// Records everything in a given order, the instants fixed, and settles when time is up.
    pub(crate) fn in_order(&self, world: &World, order: impl Fn(usize) -> u64) -> Settled {
        let mut invitations: Vec<Invitation> = world.invitations();
        let mut places: Vec<usize> = (0..invitations.len()).collect();
        places.sort_by_key(|place| order(*place));
        let shuffled = places.iter().map(|place| invitations[*place].clone()).collect();
        invitations = shuffled;
        let mut auction = self.open(world.terms(), invitations, world.seed());
        let mut arrivals = self.arrivals(world, &auction);
        arrivals.sort_by_key(|(_, target, _)| order(target.uuid().as_u128() as usize));
        let first = arrivals.first().map(|(_, target, _)| *target);
        for (at, target, reply) in arrivals {
            let _ = auction.record(target, reply, at);
        }
        let settled = auction.settle(after(world.timeout_ms.into()));
        self.spoiled(faults::settled_after(self.fault, settled, first))
    }

    /// Everybody is waited for, in the order of the clock.
    pub(crate) fn full(&self, world: &World) -> Settled {
        self.in_order(world, |_| 0)
    }

    pub(crate) fn replay(&self, log: &AuctionLog) -> Settled {
        replay(&faults::logged(self.fault, log.clone()))
    }

    /// What a plain target's reply says.
    pub(crate) fn parse(&self, status: u16, body: &[u8]) -> BidReply {
        let response = BidResponse { status, headers: &[], body };
        faults::parsed(self.fault, parse(&PLAIN, &response, start()))
    }

    pub(crate) fn redacted(&self, reply: Reply, secrets: &[&str]) -> Reply {
        if self.fault == Fault::SecretsKept { reply } else { reply.redacted(secrets) }
    }

    fn spoiled(&self, settled: Settled) -> Settled {
        faults::settled(self.fault, settled)
    }
}

/// The entry of a bidder.
pub(crate) fn entry(settled: &Settled, id: u128) -> &Entry {
    settled.entry(target(id)).expect("everybody who is invited has an entry")
}

/// The ids of the valid bids, the best first.
pub(crate) fn ranking(settled: &Settled) -> Vec<u128> {
    settled.ranking.iter().map(id).collect()
}

/// Whose bid it is.
pub(crate) fn id(ranked: &RankedBid) -> u128 {
    ranked.target_id.uuid().as_u128()
}

/// Who won.
pub(crate) fn winner(settled: &Settled) -> Option<u128> {
    settled.winner().map(id)
}
