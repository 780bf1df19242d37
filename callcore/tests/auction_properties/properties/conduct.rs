//! How an auction behaves: in time, with a verdict for each, after it was settled, towards bytes.

use std::collections::BTreeSet;

use callcore::auction::{
    BidReply, Declined, Fall, Invitation, Outcome as Sold, Reply, Settled, Unanswered, Verdict,
};
use callcore::vocabulary::{Currency, Money};
use chrono::{DateTime, Utc};
use proptest::prelude::*;
use rust_decimal::Decimal;

use super::Outcome;
use crate::model;
use crate::rig::{Rig, entry, id, ranking, winner};
use crate::world::{Bidder, Coin, Offer, Says, World, after, start, target};

/// Something befalls one winner after the other, by the dice. Answers who held the call at each step,
/// for whom something is reserved: whoever was offered it and has not fallen out.
pub(crate) fn misfortunes(rig: &Rig, settled: &mut Settled, mut dice: u64) -> Vec<usize> {
    let mut now = settled.log.settled_at;
    let (mut offered, mut reserved) = (BTreeSet::new(), Vec::new());
    while let Some(target) = settled.winner().map(|winner| winner.target_id) {
        offered.insert(target);
        let live = settled.ranking.iter().filter(|ranked| ranked.fallen.is_none());
        reserved.push(live.filter(|ranked| offered.contains(&ranked.target_id)).count());
        now += chrono::TimeDelta::milliseconds((dice % 4_000) as i64);
        let text = || "busy".to_owned();
        let mut fall = |why| rig.fall(settled, target, why, now);
        match dice % 7 {
            0 => break,
            1 => fall(Fall::Capped { cap: "daily cap 5/5".to_owned() }),
            2 => fall(Fall::NotConfirmed { text: text() }),
            3 => fall(Fall::DialFailed { text: text() }),
            4 => settled.confirm(target, "sip:a@example.com".parse().unwrap(), now),
            _ => _ = settled.offer(now),
        }
        // With the fault that keeps places nobody is ever last.
        if reserved.len() > 100 {
            break;
        }
        dice = dice.rotate_right(7).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0xABCD;
    }
    reserved
}

/// 10. The decision comes at the deadline at the latest, whatever targets do, and what comes after
///     it changes nothing.
pub(crate) fn p10_the_decision_comes_in_time(rig: &Rig, world: &World) -> Outcome {
    let settled = rig.play(world);
    prop_assert!(settled.log.settled_at <= after(world.timeout_ms.into()));
    for bidder in &world.bidders {
        let entry = entry(&settled, bidder.id);
        let on_time = bidder.delay_ms <= model::deadline_ms(world, bidder);
        let counted = entry.rank.is_some() || entry.net.is_some();
        prop_assert!(on_time || !counted, "{entry:?}");
    }
    Ok(())
}

/// 11. Everybody who is considered has exactly one verdict, the numbers add up, at most one has won,
///     and the call is reserved for no more than one at a time, whatever happens afterwards.
pub(crate) fn p11_one_verdict_per_target_and_one_winner(rig: &Rig, world: &World) -> Outcome {
    let mut settled = rig.play(world);
    for later in [false, true] {
        if later {
            let reserved = misfortunes(rig, &mut settled, world.dice);
            prop_assert!(reserved.iter().all(|live| *live == 1), "reserved at once: {reserved:?}");
        }
        let invited: BTreeSet<_> = world.bidders.iter().map(|bidder| target(bidder.id)).collect();
        let considered: Vec<_> = settled.entries.iter().map(|entry| entry.target_id).collect();
        prop_assert_eq!(considered.len(), invited.len());
        prop_assert_eq!(considered.iter().copied().collect::<BTreeSet<_>>(), invited);
        let tally = settled.tally();
        prop_assert_eq!(tally.values().sum::<usize>(), considered.len());
        let won: Vec<_> = settled
            .entries
            .iter()
            .filter(|entry| entry.verdict == Verdict::Won)
            .map(|entry| entry.target_id)
            .collect();
        let sold = settled.winner().map(|winner| winner.target_id);
        prop_assert_eq!(won, sold.into_iter().collect::<Vec<_>>());
        prop_assert_eq!(sold.is_some(), matches!(settled.outcome, Sold::Sold { .. }));
        for entry in &settled.entries {
            prop_assert_eq!(entry.code, entry.verdict.code());
            let told = matches!(entry.verdict, Verdict::Won | Verdict::Timeout);
            let last = entry.verdict == Verdict::Lost && sold.is_none();
            prop_assert!(told || last || entry.why.is_some(), "{entry:?}");
        }
    }
    Ok(())
}

/// 15. Nobody is dialled whose bid has less than the buffer left, and who is dialled next is the
///     ranking restricted to bids that still hold.
pub(crate) fn p15_no_expired_bid_is_dialled(rig: &Rig, world: &World) -> Outcome {
    let mut settled = rig.play(world);
    let order = ranking(&settled);
    let bidder = |id: u128| world.bidders.iter().find(|bidder| bidder.id == id).unwrap();
    let (mut now, mut gone) = (settled.log.settled_at, BTreeSet::new());
    for step in 0..20_u64 {
        now +=
            chrono::TimeDelta::milliseconds((world.dice.rotate_left(step as u32) % 1_500) as i64);
        let holds = |id: &u128| model::holds(world, bidder(*id), now);
        let expected: Vec<u128> =
            order.iter().copied().filter(|id| !gone.contains(id) && holds(id)).collect();
        let valid: Vec<u128> = settled.all_valid(now).map(id).collect();
        prop_assert_eq!(&valid, &expected);
        prop_assert_eq!(settled.next_valid(now).map(id), expected.first().copied());
        prop_assert_eq!(settled.offer(now).map(id), expected.first().copied());
        let Some(first) = expected.first() else { break };
        gone.extend(order.iter().take_while(|id| *id != first));
        if world.dice.rotate_right(step as u32).is_multiple_of(2) {
            gone.insert(*first);
            let failed = Fall::DialFailed { text: "busy".to_owned() };
            let next = settled.fall(target(*first), failed.clone(), now).map(id);
            prop_assert_eq!(next, expected.get(1).copied());
            let once = settled.clone();
            settled.fall(target(*first), failed, now);
            prop_assert_eq!(&settled, &once);
        }
    }
    Ok(())
}

/// Bytes that look like a bid but for the amount.
const ODD: [&str; 14] = [
    "NaN",
    "Infinity",
    "-Infinity",
    "1e400",
    "-0",
    "-0.0",
    "0",
    "-1",
    "\"\"",
    "null",
    "true",
    "[]",
    "{\"a\":1}",
    "\"4.2.0\"",
];

/// A bid by whoever answers with these bytes, in an auction against nobody.
fn bid_of(rig: &Rig, status: u16, body: &[u8]) -> (BidReply, Settled) {
    let reply = rig.parse(status, body);
    let world = World::alone();
    let invitations = vec![Invitation::new(target(10), "Plain")];
    let auction = rig.open(world.terms(), invitations, world.seed());
    let arrivals = vec![(start(), target(10), Reply::from(reply.clone()))];
    (reply, rig.drive(auction, arrivals))
}

/// 17. Any bytes are read without a panic, and no winner has an amount that is not more than zero.
pub(crate) fn p17_any_bytes_are_read(rig: &Rig, world: &World) -> Outcome {
    let noise: Vec<u8> = (0..world.dice % 200)
        .map(|byte| (world.dice.rotate_left(byte as u32 % 64) ^ byte.wrapping_mul(31)) as u8)
        .collect();
    let odd = ODD[(world.dice % ODD.len() as u64) as usize];
    let near = format!("{{\"bidAmount\":{odd},\"phoneNumber\":\"+15551230001\"}}");
    let cut = &near.as_bytes()[..(world.seed % near.len() as u64) as usize];
    for body in [&noise[..], near.as_bytes(), cut, b"", b"{", b"\xff\xfe", b"<a>", b"[[[[[["] {
        let (reply, settled) = bid_of(rig, 200, body);
        prop_assert_eq!(settled.winner(), None, "{}: {:?}", String::from_utf8_lossy(body), reply);
    }
    let whole = br#"{"bidAmount":4.2,"phoneNumber":"+15551230001"}"#;
    let (_, settled) = bid_of(rig, 200, whole);
    prop_assert_eq!(
        settled.winner().map(|winner| winner.price.to_string()),
        Some("4.2 USD".into())
    );
    let (_, settled) = bid_of(rig, 400 + (world.seed % 200) as u16, whole);
    prop_assert_eq!(settled.winner(), None);
    Ok(())
}

/// What can become of a winner, and whether its bid is good for another call of the same caller.
fn falls() -> [(Fall, bool); 10] {
    let text = || "no".to_owned();
    [
        (Fall::NotConfirmed { text: text() }, false),
        (Fall::DialFailed { text: text() }, true),
        (Fall::Rerouted { talk_secs: 3 }, true),
        (Fall::Expired, false),
        (Fall::Capped { cap: text() }, true),
        (Fall::Closed, true),
        (Fall::Paused, true),
        (Fall::Removed, true),
        (Fall::CallEnded, true),
        (Fall::AttemptLimit, true),
    ]
}

/// 18. The same call gives the same result, and a caller who calls again while bids hold is not
///     pinged again: the bids take part as they are until they run out, but for those that failed.
pub(crate) fn p18_a_caller_is_not_pinged_twice(rig: &Rig, world: &World) -> Outcome {
    let first = rig.full(world);
    prop_assert_eq!(&rig.full(world), &first);
    let decided = first.log.settled_at;
    // The last instant at which each bid holds, the first at which it does not, and any other.
    let buffer = chrono::TimeDelta::milliseconds(world.buffer_ms.into());
    let last = first.ranking.iter().filter_map(|ranked| Some(ranked.bid.expires_at? - buffer));
    let tick = chrono::TimeDelta::milliseconds(1);
    let later = chrono::TimeDelta::milliseconds((world.dice % 90_000) as i64);
    let edges = last.flat_map(|last| [last, last + tick]).filter(|at| *at >= decided);
    for again in edges.chain([decided, decided + later]) {
        pinged_again(rig, world, &first, again)?;
    }
    Ok(())
}

/// The caller calls again at this instant.
fn pinged_again(rig: &Rig, world: &World, first: &Settled, again: DateTime<Utc>) -> Outcome {
    let holding = rig.holding(first, again);
    let bidder = |id: u128| world.bidders.iter().find(|bidder| bidder.id == id).unwrap();
    let expiring = |id: &u128| bidder(*id).offer().is_some_and(|offer| offer.holds_ms.is_some());
    let expected = ranking(first).into_iter().filter(expiring);
    let expected = expected.filter(|id| model::holds(world, bidder(*id), again));
    prop_assert_eq!(holding.iter().map(id).collect::<Vec<_>>(), expected.collect::<Vec<_>>());
    let falls = falls().into_iter().cycle().skip((world.dice % 10) as usize);
    for (target, (fall, stays)) in holding.iter().map(|one| one.target_id).zip(falls) {
        let mut fallen = first.clone();
        rig.fall(&mut fallen, target, fall.clone(), again);
        let held = rig.holding(&fallen, again);
        let held: Vec<_> = held.iter().map(|ranked| ranked.target_id).collect();
        let others = holding.iter().map(|one| one.target_id);
        let expected: Vec<_> = others.filter(|other| *other != target || stays).collect();
        prop_assert_eq!(held, expected, "{:?}", fall);
    }
    let mut invitations = world.invitations();
    for invitation in &mut invitations {
        let held = holding.iter().find(|ranked| ranked.target_id == invitation.target_id);
        invitation.earlier_bid = held.map(|ranked| ranked.bid.clone());
    }
    let second = rig.open_at(world.terms(), invitations, world.seed(), again);
    let asked: BTreeSet<_> = second.asked().map(|asked| asked.target_id).collect();
    let holds = |id: u128| holding.iter().any(|ranked| crate::rig::id(ranked) == id);
    for bidder in world.bidders.iter().filter(|bidder| expiring(&bidder.id)) {
        // Who is asked at all is asked again once its bid has run out, and not before.
        let expected = !holds(bidder.id) && model::is_asked_at(world, bidder, again);
        prop_assert_eq!(asked.contains(&target(bidder.id)), expected, "{:?}", bidder);
    }
    let second = second.settle(again);
    for ranked in holding {
        let entry = second.entry(ranked.target_id).unwrap();
        prop_assert_eq!((entry.asked, entry.net), (false, Some(ranked.net)));
    }
    Ok(())
}

/// 19. A currency without a rate and an amount of a wrong type make a bid invalid, never zero and
///     never ours.
pub(crate) fn p19_what_is_no_amount_is_no_bid(rig: &Rig, world: &World) -> Outcome {
    let settled = rig.play(world);
    for bidder in &world.bidders {
        let foreign = bidder.offer().is_some_and(|offer| offer.coin == Coin::Unknown);
        let entry = entry(&settled, bidder.id);
        prop_assert!(!foreign || (entry.net, entry.rank) == (None, None), "{entry:?}");
        let heard = entry.response_time_ms.is_some() && entry.verdict != Verdict::Timeout;
        let sound = bidder.offer().is_some_and(|offer| offer.amount > 0 && offer.has_destination);
        if foreign && sound && heard && entry.verdict != Verdict::NotNeeded {
            prop_assert_eq!(entry.verdict, Verdict::WrongCurrency);
            let said = Money { amount: Decimal::ZERO, ..entry.bid.unwrap() };
            prop_assert_ne!(said.currency, Currency::USD);
        }
    }
    for odd in ["true", "[]", "{\"a\":1}", "\"4.2.0\"", "\"free\""] {
        let body = format!("{{\"bidAmount\":{odd},\"phoneNumber\":\"+15551230001\"}}");
        let (_, settled) = bid_of(rig, 200, body.as_bytes());
        prop_assert_eq!(entry(&settled, 10).verdict, Verdict::Malformed, "{}", odd);
    }
    Ok(())
}

/// 20. Neither a credential nor a hidden caller id occurs in the log, though a bidder echoes it.
pub(crate) fn p20_no_secret_is_in_the_log(rig: &Rig, world: &World) -> Outcome {
    const SECRETS: [&str; 3] = ["15557779999", "CANARY-KEY", ""];
    let echo = |word: &str| Declined {
        word: Some(format!("blocked:{word}")),
        reason: Some(format!("{word} is blocked, said {word}")),
    };
    let auction = rig.open(world.terms(), world.invitations(), world.seed());
    let mut arrivals = Vec::new();
    for (index, asked) in auction.asked().enumerate() {
        let secret = SECRETS[index % 2];
        let error = format!("connect to {secret}");
        let reply = match index % 3 {
            0 => Reply::from(BidReply::Refused(echo(secret))),
            1 => Reply::from(BidReply::NoBid(echo(secret))),
            _ => Reply::from(Unanswered::Unreachable { error }),
        };
        arrivals.push((start(), asked.target_id, rig.redacted(reply, &SECRETS)));
    }
    let settled = rig.drive(auction, arrivals);
    let record = serde_json::to_string(&settled).unwrap();
    for secret in &SECRETS[..2] {
        prop_assert!(!record.contains(secret), "{record}");
    }
    prop_assert_eq!(winner(&settled), None);
    Ok(())
}

impl World {
    /// An auction with nothing in it.
    fn alone() -> Self {
        Self {
            pricing: callcore::model::Pricing::FirstPrice,
            expected_revenue: false,
            min_bidders: 1,
            increment: 0,
            floor: 0,
            resale: None,
            timeout_ms: 2_000,
            buffer_ms: 0,
            finish_early: true,
            bidders: vec![Bidder::new(10, Says::Bid(Offer::of(1)))],
            seed: 1,
            dice: 1,
            unit: Decimal::new(1, 2),
            renamed: false,
        }
    }
}
