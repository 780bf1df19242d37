//! What is paid.

use callcore::auction::{Settled, Verdict, Why};
use callcore::model::Pricing;
use proptest::prelude::*;
use rust_decimal::Decimal;

use super::Outcome;
use crate::model;
use crate::rig::{Rig, entry, id, ranking, winner};
use crate::world::{Change, World};

/// A number of the model as money.
fn from_model(world: &World, amount: i128) -> Decimal {
    Decimal::from_i128_with_scale(amount, 6) * world.unit
}

fn price(settled: &Settled) -> Option<Decimal> {
    settled.winner().map(|winner| winner.price.amount)
}

/// 7. Raising a floor never adds a valid bid, and the price is at least the floor.
pub(crate) fn p07_a_higher_floor_never_adds_a_bid(rig: &Rig, world: &World) -> Outcome {
    let low = rig.full(world);
    let mut raised = world.clone();
    raised.floor += (world.dice % 300) as i64;
    let high = rig.full(&raised);
    let before = ranking(&low);
    prop_assert!(ranking(&high).iter().all(|id| before.contains(id)));
    for (world, settled) in [(world, &low), (&raised, &high)] {
        for ranked in &settled.ranking {
            let bidder = world.bidders.iter().find(|bidder| bidder.id == id(ranked)).unwrap();
            let floor = world.floor.max(bidder.floor.unwrap_or(0));
            prop_assert!(ranked.price.amount >= world.money(floor), "{ranked:?}");
        }
    }
    Ok(())
}

/// 8. A second price is at most the winning bid and at least the reserve, and does not depend on the
///    winner's own bid while that stays above it.
pub(crate) fn p08_the_second_price_does_not_depend_on_the_winner(
    rig: &Rig,
    world: &World,
) -> Outcome {
    let mut world = World { pricing: Pricing::SecondPrice, ..world.clone() };
    world.expected_revenue = false;
    let settled = rig.full(&world);
    for (place, ranked) in settled.ranking.iter().enumerate() {
        let own = ranked.net.min(ranked.gross);
        prop_assert!(ranked.price.amount <= own && ranked.price.amount >= world.money(world.floor));
        let bidder = world.bidders.iter().find(|bidder| bidder.id == id(ranked)).unwrap();
        let sale = settled.log.terms.resale.and_then(|resale| resale.least_price());
        let floor = world.money(world.floor.max(bidder.floor.unwrap_or(0)));
        let reserve = floor.max(sale.unwrap_or(Decimal::ZERO));
        let next = settled.ranking.get(place + 1);
        let above = next.map_or(Decimal::ZERO, |next| next.net + world.money(world.increment));
        prop_assert_eq!(ranked.price.amount, reserve.max(above).min(own));
    }
    let Some(first) = settled.winner() else { return Ok(()) };
    let paid = first.price.amount;
    let capped = paid == first.net.min(first.gross);
    let mut raised = world.clone();
    let bidder = raised.bidders.iter_mut().find(|bidder| bidder.id == id(first)).unwrap();
    bidder.max = None;
    bidder.offer_mut().unwrap().amount += 1 + (world.dice % 1_000) as i64;
    let dearer = rig.full(&raised);
    prop_assert_eq!(winner(&dearer), Some(id(first)));
    if !capped {
        prop_assert_eq!(price(&dearer), Some(paid));
    }
    Ok(())
}

/// 12. Multiplying all money by a number keeps the ranking and multiplies first prices; a rate of
///     one changes nothing.
pub(crate) fn p12_units_and_unit_rates_change_nothing(rig: &Rig, world: &World) -> Outcome {
    let mut world = World { pricing: Pricing::FirstPrice, ..world.clone() };
    // A percentage makes a division, whose rounding is no multiple.
    world.resale = world.resale.filter(|sale| !sale.in_percent);
    let before = rig.full(&world);
    for factor in ["3", "0.1", "0.25", "1000", "7.77"] {
        let factor: Decimal = factor.parse().unwrap();
        let scaled = rig.full(&World { unit: world.unit * factor, ..world.clone() });
        prop_assert_eq!(ranking(&scaled), ranking(&before));
        prop_assert_eq!(price(&scaled), price(&before).map(|price| price * factor));
    }
    let renamed = rig.full(&World { renamed: true, ..world.clone() });
    let values = |settled: &Settled| -> Vec<_> {
        let value = |ranked: &callcore::auction::RankedBid| {
            (id(ranked), ranked.gross, ranked.net, ranked.score, ranked.price)
        };
        settled.ranking.iter().map(value).collect()
    };
    prop_assert_eq!(values(&renamed), values(&before));
    Ok(())
}

/// 13. Modifiers act in their order, the result is clipped to zero or more, and one that rejects
///     beats all others.
pub(crate) fn p13_modifiers_act_in_their_order(rig: &Rig, world: &World) -> Outcome {
    let settled = rig.play(world);
    for bidder in &world.bidders {
        let entry = entry(&settled, bidder.id);
        if bidder.adjustments.contains(&Change::Reject) && !bidder.closed {
            prop_assert_eq!(entry.verdict, Verdict::NotNeeded);
            prop_assert_eq!(&entry.why, &Some(Why::ModifierRejects));
            prop_assert!(!entry.asked && entry.rank.is_none());
        }
        if let (Some(net), Some(gross)) = (entry.net, model::gross(bidder)) {
            let expected = model::net(gross, &bidder.adjustments);
            prop_assert_eq!(net, from_model(world, expected));
            prop_assert!(net > Decimal::ZERO);
        }
    }
    Ok(())
}

/// 14. The publisher's price is at most the buyer's less the margin, unless losses are allowed.
pub(crate) fn p14_the_margin_is_kept(rig: &Rig, world: &World) -> Outcome {
    let settled = rig.play(world);
    let Some(resale) = settled.log.terms.resale else {
        prop_assert!(settled.ranking.iter().all(|ranked| ranked.publisher_price.is_none()));
        return Ok(());
    };
    for ranked in &settled.ranking {
        let (price, publisher) = (ranked.price, ranked.publisher_price.unwrap());
        prop_assert_eq!(price.currency, publisher.currency);
        let left = price.amount - resale.margin.of(price.amount);
        prop_assert!(resale.loss_allowed || publisher.amount <= left, "{ranked:?}");
        prop_assert!(publisher.amount >= Decimal::ZERO);
        if let Some(payout) = resale.payout {
            prop_assert_eq!(publisher.amount, payout);
        }
    }
    Ok(())
}
