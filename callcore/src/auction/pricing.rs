//! What the winner pays, and what its publisher gets (`reference/rtb.md` §3). All amounts are in the
//! campaign's currency.
//!
//! First price: the bid. Second price: the least bid that would still have won, which is
//! `max(reserve, second + increment)` and never above the own bid.

use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};

use super::currency::{Rates, Unconvertible};
use crate::model::{Pricing, Quantity, ResaleSettings};
use crate::vocabulary::Money;

/// Places behind the point that a price keeps where it comes from a division; rounded up.
pub const PRICE_PLACES: u32 = 6;

/// What a publisher is paid for the call that is sold: with it, a bid must earn the margin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Resale {
    /// What the publisher was promised; absent where it gets what the margin leaves.
    pub payout: Option<Decimal>,
    /// What stays with the seller.
    pub margin: Margin,
    /// Whether a call may be sold for less than it costs.
    pub loss_allowed: bool,
}

/// What stays with the seller of the price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Margin {
    /// So much of each call.
    Amount(Decimal),
    /// So many hundredths of the price, 0 to 100.
    Percent(Decimal),
}

impl Margin {
    /// The margin on a price.
    pub fn of(self, price: Decimal) -> Decimal {
        match self {
            Self::Amount(amount) => amount.max(Decimal::ZERO),
            Self::Percent(percent) => price * Self::share(percent),
        }
    }

    fn share(percent: Decimal) -> Decimal {
        percent.clamp(Decimal::ZERO, Decimal::ONE_HUNDRED) / Decimal::ONE_HUNDRED
    }
}

impl Resale {
    /// A document's resale in the currency of the rates.
    ///
    /// # Errors
    /// [`Unconvertible`] where an amount is in a currency without a rate.
    pub fn of(settings: &ResaleSettings, rates: &Rates) -> Result<Self, Unconvertible> {
        let amount = |money: Option<Money>| money.map(|money| rates.convert(money)).transpose();
        let margin = match settings.margin_percent.map(Quantity::decimal) {
            Some(percent) => Margin::Percent(percent),
            None => Margin::Amount(amount(settings.margin)?.unwrap_or(Decimal::ZERO)),
        };
        let payout = amount(settings.payout)?;
        Ok(Self { payout, margin, loss_allowed: settings.loss_allowed })
    }

    /// The lowest price that leaves the publisher its payout and the seller its margin; `None` where
    /// no price does.
    pub fn least_price(&self) -> Option<Decimal> {
        let payout = self.payout.unwrap_or(Decimal::ZERO).max(Decimal::ZERO);
        if self.loss_allowed {
            return Some(Decimal::ZERO);
        }
        match self.margin {
            Margin::Amount(amount) => payout.checked_add(amount.max(Decimal::ZERO)),
            Margin::Percent(_) if payout.is_zero() => Some(Decimal::ZERO),
            Margin::Percent(percent) => {
                payout.checked_div(Decimal::ONE - Margin::share(percent)).map(rounded_up)
            }
        }
    }

    /// What the publisher gets of a price.
    pub fn publisher_price(&self, price: Decimal) -> Decimal {
        let rest = (price - self.margin.of(price)).max(Decimal::ZERO);
        self.payout.map_or(rest, |payout| payout.max(Decimal::ZERO))
    }
}

/// One bid's side of the price.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stake {
    /// The bid as it was made.
    pub(super) gross: Decimal,
    /// The bid after its modifiers.
    pub(super) net: Decimal,
    /// The highest of the floors that it had to reach.
    pub(super) reserve: Decimal,
    /// What its net bid was multiplied by to rank it.
    pub(super) factor: u32,
}

/// What a bid pays when `next` is the best bid behind it.
///
/// It never pays more than it bid, nor more than its bid is worth to the seller, and never less than
/// its reserve: a valid bid reaches that both before and after its modifiers.
pub(super) fn price(
    pricing: Pricing,
    increment: Decimal,
    own: Stake,
    next: Option<Stake>,
) -> Decimal {
    let most = own.net.min(own.gross);
    match pricing {
        Pricing::FirstPrice => most,
        Pricing::SecondPrice => {
            let beaten = next.and_then(|next| net_that_beats(own, next)?.checked_add(increment));
            // Nobody behind it: the reserve. Too large to count with: its own bid.
            let second = if next.is_none() { Decimal::ZERO } else { beaten.unwrap_or(most) };
            own.reserve.max(second).min(most)
        }
    }
}

/// The net bid with which `own` would draw level with `next`.
fn net_that_beats(own: Stake, next: Stake) -> Option<Decimal> {
    if own.factor == next.factor {
        return Some(next.net);
    }
    let score = next.net.checked_mul(next.factor.into())?;
    score.checked_div(own.factor.into()).map(rounded_up)
}

fn rounded_up(price: Decimal) -> Decimal {
    price.round_dp_with_strategy(PRICE_PLACES, RoundingStrategy::AwayFromZero)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    fn stake(net: &str, reserve: &str, factor: u32) -> Stake {
        let net = decimal(net);
        Stake { gross: net, net, reserve: decimal(reserve), factor }
    }

    fn second_price(own: Stake, next: Option<Stake>) -> String {
        price(Pricing::SecondPrice, decimal("0.01"), own, next).to_string()
    }

    #[test]
    fn the_second_price_is_one_increment_above_the_second_bid() {
        let own = stake("10", "2", 1);
        assert_eq!(second_price(own, Some(stake("7", "0", 1))), "7.01");
        assert_eq!(second_price(own, Some(stake("10", "0", 1))), "10");
        assert_eq!(second_price(own, Some(stake("1", "0", 1))), "2");
        assert_eq!(second_price(own, None), "2");
        let dear = Stake { net: decimal("30"), ..own };
        assert_eq!(second_price(dear, Some(stake("20", "0", 1))), "10");
        assert_eq!(price(Pricing::FirstPrice, Decimal::ZERO, dear, None), decimal("10"));
    }

    #[test]
    fn a_ranked_price_is_the_least_bid_that_keeps_the_place() {
        let own = stake("10", "0", 900_000);
        assert_eq!(second_price(own, Some(stake("12", "0", 600_000))), "8.01");
        assert_eq!(second_price(own, Some(stake("1", "0", 100_000))), "0.121112");
    }

    #[test]
    fn a_publisher_never_gets_what_the_margin_needs() {
        let resale = |payout: Option<&str>, margin| Resale {
            payout: payout.map(decimal),
            margin,
            loss_allowed: false,
        };
        let fixed = resale(Some("6"), Margin::Amount(decimal("1.5")));
        assert_eq!(fixed.least_price(), Some(decimal("7.5")));
        assert_eq!(fixed.publisher_price(decimal("9")), decimal("6"));
        let percent = resale(Some("1"), Margin::Percent(decimal("70")));
        assert_eq!(percent.least_price(), Some(decimal("3.333334")));
        let rest = resale(None, Margin::Percent(decimal("20")));
        assert_eq!(rest.publisher_price(decimal("10")), decimal("8"));
        assert_eq!(resale(Some("1"), Margin::Percent(Decimal::ONE_HUNDRED)).least_price(), None);
        let lossy = Resale { loss_allowed: true, ..fixed };
        assert_eq!(lossy.least_price(), Some(Decimal::ZERO));
    }
}
