//! Who wins.

use callcore::auction::{AuctionLog, Settled};
use callcore::model::Pricing;
use proptest::prelude::*;
use rust_decimal::Decimal;

use super::Outcome;
use crate::model;
use crate::rig::{Rig, entry, id, ranking, winner};
use crate::world::{Bidder, Coin, Offer, Says, World};

fn bytes(settled: &Settled) -> String {
    serde_json::to_string(settled).unwrap()
}

/// 1. The winner is valid: accepted, at least the floor, at most the maximum, convertible, with a
///    destination, unexpired at the decision, in time. So is everybody behind it.
pub(crate) fn p01_the_winner_is_valid(rig: &Rig, world: &World) -> Outcome {
    let settled = rig.play(world);
    let decided = settled.log.settled_at;
    for ranked in &settled.ranking {
        let bidder = world.bidders.iter().find(|bidder| bidder.id == id(ranked)).unwrap();
        prop_assert!(model::valid(world, bidder, decided).is_some(), "{bidder:?} is not valid");
    }
    if let Some(winner) = settled.winner() {
        prop_assert_eq!(winner.rank, 1);
        prop_assert!(winner.destination.is_some());
    }
    Ok(())
}

/// 2. No valid bid in time has a better key than the winner, and there is a winner where there is a
///    valid bid (and as many as the auction needs).
pub(crate) fn p02_no_valid_bid_beats_the_winner(rig: &Rig, world: &World) -> Outcome {
    let tied = world.tied();
    let both = |world| [(world, rig.play(world)), (world, rig.full(world))];
    for (world, settled) in both(world).into_iter().chain(both(&tied)) {
        let expected = model::winner(world, settled.log.settled_at);
        let Some(expected) = expected else {
            prop_assert_eq!(winner(&settled), None);
            continue;
        };
        prop_assert_eq!(winner(&settled), Some(expected.id));
        let money = |amount| Decimal::from_i128_with_scale(amount, 6) * world.unit;
        let winner = settled.winner().unwrap();
        prop_assert_eq!((winner.gross, winner.net), (money(expected.gross), money(expected.net)));
    }
    Ok(())
}

/// 3. Shuffling the targets or the order in which replies are recorded, the instants fixed, changes
///    no byte.
pub(crate) fn p03_order_changes_nothing(rig: &Rig, world: &World) -> Outcome {
    let one = bytes(&rig.in_order(world, |place| place as u64));
    for turn in 0..3_u64 {
        let shuffled = |place: usize| {
            (world.dice.wrapping_add(turn) | 1).wrapping_mul(place as u64 + 7) ^ world.dice
        };
        prop_assert_eq!(&bytes(&rig.in_order(world, shuffled)), &one);
    }
    Ok(())
}

/// 4. The same inputs and seed give the same bytes, and so does the log, read from JSON.
pub(crate) fn p04_the_log_re_derives_the_same_bytes(rig: &Rig, world: &World) -> Outcome {
    let mut settled = rig.play(world);
    prop_assert_eq!(bytes(&settled), bytes(&rig.play(world)));
    let _ = super::conduct::misfortunes(rig, &mut settled, world.dice);
    let exported = serde_json::to_string(&settled.log).unwrap();
    let log: AuctionLog = serde_json::from_str(&exported).unwrap();
    let again = rig.replay(&log);
    prop_assert_eq!(bytes(&again), bytes(&settled));
    let read: Settled = serde_json::from_str(&bytes(&settled)).unwrap();
    prop_assert_eq!(read, again);
    Ok(())
}

/// 5. Raising the winner's bid, within its maximum, keeps it winning; lowering a loser's changes
///    nothing about who wins.
pub(crate) fn p05_more_never_loses_and_less_never_changes_the_winner(
    rig: &Rig,
    world: &World,
) -> Outcome {
    let mut world = world.clone();
    world.min_bidders = 1;
    let Some(first) = winner(&rig.full(&world)) else { return Ok(()) };
    let mut raised = world.clone();
    let bidder = raised.bidders.iter_mut().find(|bidder| bidder.id == first).unwrap();
    let most = bidder.max.unwrap_or(i64::MAX);
    let offer = bidder.offer_mut().unwrap();
    let more = offer.amount + (world.dice % 700) as i64;
    if offer.coin == Coin::Dollar && more <= most {
        offer.amount = more;
        prop_assert_eq!(winner(&rig.full(&raised)), Some(first));
    }
    let mut lowered = world.clone();
    // An invalid bid may become valid by going down, so only what is valid is lowered.
    let valid = ranking(&rig.full(&world));
    let is_loser = |bidder: &&mut Bidder| bidder.id != first && valid.contains(&bidder.id);
    let losers = lowered.bidders.iter_mut().filter(is_loser);
    for offer in losers.filter_map(Bidder::offer_mut).filter(|offer| offer.amount > 0) {
        offer.amount -= (world.dice % offer.amount.unsigned_abs()) as i64;
    }
    prop_assert_eq!(winner(&rig.full(&lowered)), Some(first));
    Ok(())
}

/// 6. Adding a bid that is invalid, late or strictly lower changes neither the winner nor, at first
///    price, what it pays.
pub(crate) fn p06_what_cannot_win_changes_nothing(rig: &Rig, world: &World) -> Outcome {
    let mut world = world.clone();
    world.min_bidders = world.min_bidders.min(1);
    world.pricing = Pricing::FirstPrice;
    let before = rig.full(&world);
    let high = || Offer::of(90_000);
    let mut newcomers = vec![
        Bidder { delay_ms: 51, ..Bidder::new(99, Says::Bid(high())) },
        Bidder { max: Some(89_999), ..Bidder::new(99, Says::Bid(high())) },
        Bidder { floor: Some(90_001), ..Bidder::new(99, Says::Bid(high())) },
        Bidder { closed: true, ..Bidder::new(99, Says::Bid(high())) },
        Bidder::new(99, Says::Bid(Offer { coin: Coin::Unknown, ..high() })),
        Bidder::new(99, Says::Bid(Offer { has_destination: false, ..high() })),
        Bidder::new(99, Says::Bid(Offer { amount: -90_000, ..high() })),
        Bidder::new(99, Says::Bid(Offer { holds_ms: Some(0), ..high() })),
        Bidder::new(99, Says::Refused),
        Bidder::new(99, Says::Nothing),
    ];
    world.buffer_ms = world.buffer_ms.max(1);
    let before = if world.buffer_ms == 1 { rig.full(&world) } else { before };
    let best = before.winner().map(|winner| winner.net);
    if let Some(ranked) = before.winner().filter(|_| best > Some(world.money(1))) {
        let best = world.bidders.iter().find(|bidder| bidder.id == id(ranked)).unwrap();
        let lower = Bidder::new(99, Says::Bid(Offer::of(1)));
        newcomers.push(Bidder { record: best.record, priority: 1, ..lower });
    }
    for newcomer in newcomers {
        let mut more = world.clone();
        more.bidders.push(newcomer.clone());
        let after = rig.full(&more);
        prop_assert_eq!(winner(&after), winner(&before), "{:?}", newcomer);
        let price = |settled: &Settled| settled.winner().map(|winner| winner.price);
        prop_assert_eq!(price(&after), price(&before));
    }
    Ok(())
}

/// 9. Finishing early gives the winner and the price of waiting for everybody, as long as the bids
///    that came do not run out while one waits.
pub(crate) fn p09_an_early_finish_changes_nothing(rig: &Rig, world: &World) -> Outcome {
    finishes_early(rig, world.clone())?;
    finishes_early(rig, world.tied())
}

fn finishes_early(rig: &Rig, mut world: World) -> Outcome {
    for offer in world.bidders.iter_mut().filter_map(Bidder::offer_mut) {
        offer.holds_ms = offer.holds_ms.map(|ms| ms + 10_000);
    }
    world.finish_early = true;
    let early = rig.play(&world);
    world.finish_early = false;
    let full = crate::rig::Rig { fault: crate::rig::Fault::None }.full(&world);
    prop_assert!(early.log.settled_at <= full.log.settled_at);
    prop_assert_eq!(winner(&early), winner(&full));
    let price = |settled: &Settled| settled.winner().map(|winner| winner.price);
    prop_assert_eq!(price(&early), price(&full));
    // Who is not needed could not have won.
    for (early, full) in early.entries.iter().zip(&full.entries) {
        let spared = early.verdict == callcore::auction::Verdict::NotNeeded;
        prop_assert!(!spared || full.verdict != callcore::auction::Verdict::Won);
    }
    Ok(())
}

/// 16. Over many seeds, equal bids of one priority each win their share: χ² below its 99.99th
///     percentile for up to five degrees of freedom, 26.
pub(crate) fn p16_ties_are_fair(rig: &Rig, world: &World) -> Outcome {
    const CALLS: u64 = 120;
    let equals = 2 + (world.dice % 5) as u128;
    let mut tied = World { floor: 0, resale: None, min_bidders: 1, ..world.clone() };
    tied.bidders = (0..equals).map(|id| Bidder::new(id + 10, Says::Bid(Offer::of(500)))).collect();
    let mut wins = vec![0_u64; equals as usize];
    for call in 0..CALLS {
        tied.seed = world.seed.wrapping_add(call);
        let settled = rig.play(&tied);
        let first = winner(&settled).expect("somebody wins");
        wins[(first - 10) as usize] += 1;
        prop_assert_eq!(entry(&settled, first).rank, Some(1));
        prop_assert_eq!(ranking(&settled).first().copied(), Some(first));
    }
    let equals = equals as u64;
    let squares: u64 = wins.iter().map(|wins| (wins * equals).abs_diff(CALLS).pow(2)).sum();
    prop_assert!(squares <= 26 * equals * CALLS, "{wins:?}");
    Ok(())
}
