//! Who ought to win, by brute force over whole numbers: no decimals, no sorting of the machine's.

use chrono::{DateTime, Utc};

use crate::world::{Bidder, Change, Coin, EURO, World, after, target};

/// A hundredth of a hundredth of a … : deep enough for a rate and two factors.
const SCALE: i128 = 1_000_000;

/// A valid bid.
#[derive(Clone, Debug)]
pub(crate) struct Bid {
    pub(crate) id: u128,
    /// In units divided by [`SCALE`].
    pub(crate) gross: i128,
    pub(crate) net: i128,
    score: i128,
    priority: u8,
    lot: u128,
}

impl Bid {
    fn beats(&self, other: &Self) -> bool {
        let key = |bid: &Self| (-bid.score, bid.priority, bid.lot);
        key(self) < key(other)
    }
}

/// The deadline of one bidder.
pub(crate) fn deadline_ms(world: &World, bidder: &Bidder) -> u32 {
    bidder.timeout_ms.min(world.timeout_ms)
}

/// Whether it is asked.
pub(crate) fn is_asked(world: &World, bidder: &Bidder) -> bool {
    is_asked_at(world, bidder, after(0))
}

/// Whether it is asked in an auction that opens then.
pub(crate) fn is_asked_at(world: &World, bidder: &Bidder, opened: DateTime<Utc>) -> bool {
    !bidder.closed
        && !bidder.adjustments.contains(&Change::Reject)
        && bidder.health().admits(target(bidder.id), world.seed(), opened)
}

/// The bid after its modifiers.
pub(crate) fn net(gross: i128, changes: &[Change]) -> i128 {
    let mut net = gross;
    for change in changes {
        net = match *change {
            Change::Add(by) => net + i128::from(by) * SCALE,
            Change::Subtract(by) => net - i128::from(by) * SCALE,
            Change::Multiply(by) => net * i128::from(by) / 100,
            Change::Override(amount) => i128::from(amount) * SCALE,
            Change::Reject => net,
        };
    }
    net.max(0)
}

/// The bid in dollars.
pub(crate) fn gross(bidder: &Bidder) -> Option<i128> {
    let offer = bidder.offer()?;
    let rate = match offer.coin {
        Coin::Dollar => 100,
        Coin::Euro => i128::from(EURO),
        Coin::Unknown => return None,
    };
    Some(i128::from(offer.amount) * SCALE * rate / 100)
}

/// Whether a bid still holds for long enough.
pub(crate) fn holds(world: &World, bidder: &Bidder, at: DateTime<Utc>) -> bool {
    let until = bidder.offer().and_then(|offer| offer.holds_ms).map(|ms| bidder.delay_ms + ms);
    until.is_none_or(|until| after(i64::from(until) - i64::from(world.buffer_ms)) >= at)
}

/// The lowest price that leaves the margin, as a test on a price.
fn leaves_margin(world: &World, price: i128) -> bool {
    world.resale.is_none_or(|sale| {
        let payout = i128::from(sale.payout.unwrap_or(0)) * SCALE;
        let kept = if sale.in_percent {
            price * i128::from(sale.margin.min(90)) / 100
        } else {
            i128::from(sale.margin) * SCALE
        };
        // A reserve from a division is rounded up to the sixth place of the money, which is the
        // fourth of the unit: what lies between is not looked at.
        sale.loss_allowed || price - kept - payout >= 0
    })
}

/// The bid of a bidder, where it is valid at the decision.
pub(crate) fn valid(world: &World, bidder: &Bidder, decided: DateTime<Utc>) -> Option<Bid> {
    let offer = bidder.offer()?;
    let in_time =
        bidder.delay_ms <= deadline_ms(world, bidder) && after(bidder.delay_ms.into()) <= decided;
    let gross = gross(bidder)?;
    let net = net(gross, &bidder.adjustments);
    let units = |amount: i64| i128::from(amount) * SCALE;
    let least = gross.min(net);
    let floor = units(world.floor).max(units(bidder.floor.unwrap_or(0)));
    let is_valid = is_asked(world, bidder)
        && in_time
        && offer.amount > 0
        && offer.has_destination
        && bidder.max.is_none_or(|max| gross <= units(max))
        && least > 0
        && least >= floor
        && leaves_margin(world, least)
        && holds(world, bidder, decided);
    let rate =
        (bidder.record.paid + 5) * 1_000_000 / (bidder.record.won.max(bidder.record.paid) + 10);
    let factor = if world.expected_revenue { i128::from(rate) } else { 1 };
    is_valid.then(|| Bid {
        id: bidder.id,
        gross,
        net,
        score: net * factor,
        priority: bidder.priority,
        lot: world.seed().rank(target(bidder.id).uuid().as_bytes()),
    })
}

/// Who ought to win.
pub(crate) fn winner(world: &World, decided: DateTime<Utc>) -> Option<Bid> {
    let bids: Vec<Bid> =
        world.bidders.iter().filter_map(|bidder| valid(world, bidder, decided)).collect();
    let offer = |bid: &Bid| {
        let bidder = world.bidders.iter().find(|bidder| bidder.id == bid.id);
        bidder.and_then(|bidder| bidder.offer()).and_then(|offer| offer.id)
    };
    // All bids go to the same number here, so an id says that two are one offer.
    let is_copy = |bid: &&Bid| {
        offer(bid)
            .is_some_and(|id| bids.iter().any(|other| offer(other) == Some(id) && other.beats(bid)))
    };
    let offers = bids.len() - bids.iter().filter(is_copy).count();
    if offers < world.min_bidders as usize {
        return None;
    }
    bids.iter().find(|bid| bids.iter().all(|other| !other.beats(bid))).cloned()
}
