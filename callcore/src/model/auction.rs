//! How a campaign's calls are sold: the settings of its auction (spec RTB-5, RTB-6).

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::modifier::check_modifiers;
use super::{BidModifier, BidRanking, Pricing, Quantity, Router, check};
use crate::vocabulary::{Currency, Money, Problem, limits};

/// Settings of the campaign's auction. Where the campaign names a router, the router's `timeoutMs`,
/// `minBidders` and `pricing` count in the place of these, and its `ranking` where it has one; its
/// modifiers act after these. Money, currency and rates are always the campaign's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct AuctionSettings {
    /// How long bidders have in all.
    #[cfg_attr(feature = "schema", schema(minimum = 50, maximum = 8000))]
    pub timeout_ms: u32,
    /// Fewer valid bids than this make the auction fail.
    #[cfg_attr(feature = "schema", schema(maximum = 100))]
    pub min_bidders: u32,
    /// What the winner pays.
    pub pricing: Pricing,
    /// What a second price adds to the second bid.
    pub increment: Option<Money>,
    /// The lowest bid that can win.
    pub min_bid: Option<Money>,
    /// The ISO 4217 code of the currency that bids are compared and paid in. Where absent, that of
    /// `minBid`, of `increment`, or of the campaign's `revenue`, the first that is set; else USD.
    #[cfg_attr(feature = "schema", schema(value_type = Option<String>, pattern = "^[A-Z]{3}$", examples("USD")))]
    pub currency: Option<Currency>,
    /// What one unit of each foreign currency is worth in the auction's: `{"EUR":"1.08"}`. A bid in a
    /// currency without a rate is never taken: its verdict is `wrong_currency`.
    pub rates: BTreeMap<String, Quantity>,
    /// What bids are ranked by.
    pub ranking: BidRanking,
    /// What bids are worth by the call's tags: rows that act on every bid, in their order.
    #[cfg_attr(feature = "schema", schema(max_items = 100))]
    pub modifiers: Vec<BidModifier>,
    /// What the call has to earn, where its publisher is paid for it.
    pub resale: Option<ResaleSettings>,
}

/// What a publisher is paid for a call, and what stays with the seller. A bid that earns less than
/// both is below the floor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ResaleSettings {
    /// What the publisher was promised for the call; absent where it gets what the margin leaves.
    pub payout: Option<Money>,
    /// What stays with the seller of each call.
    pub margin: Option<Money>,
    /// What stays with the seller of the price, in percent, 0 to 100; in the place of `margin`.
    pub margin_percent: Option<Quantity>,
    /// Whether a call may be sold for less than it costs.
    pub loss_allowed: bool,
}

impl Default for AuctionSettings {
    fn default() -> Self {
        Self {
            timeout_ms: 2_000,
            min_bidders: 1,
            pricing: Pricing::FirstPrice,
            increment: None,
            min_bid: None,
            currency: None,
            rates: BTreeMap::new(),
            ranking: BidRanking::HighestBid,
            modifiers: Vec::new(),
            resale: None,
        }
    }
}

impl AuctionSettings {
    /// The currency that the settings say or let see; `None` where nothing does.
    pub fn named_currency(&self) -> Option<Currency> {
        let of = |money: Money| money.currency;
        self.currency.or(self.min_bid.map(of)).or(self.increment.map(of))
    }

    /// These settings in a campaign that names a router. The router's modifiers stand in the router.
    #[must_use]
    pub fn with_router(self, router: &Router) -> Self {
        let Router { timeout_ms, min_bidders, pricing, ranking, .. } = *router;
        let ranking = ranking.unwrap_or(self.ranking);
        Self { timeout_ms, min_bidders, pricing, ranking, ..self }
    }

    /// All problems of these settings, which stand at a path. `currency` is the auction's.
    pub(super) fn check(&self, path: &str, currency: Currency, problems: &mut Vec<Problem>) {
        let allowed = &limits::BID_TIMEOUT_MS;
        check::range(problems, &format!("{path}/timeoutMs"), self.timeout_ms, allowed);
        let most_bidders = u32::try_from(limits::AUCTION_TARGETS).unwrap_or(u32::MAX);
        let min_bidders = format!("{path}/minBidders");
        check::range(problems, &min_bidders, self.min_bidders, &(0..=most_bidders));
        self.check_rates(&format!("{path}/rates"), currency, problems);
        let resale = self.resale.unwrap_or_default();
        let amounts = [
            ("increment", self.increment),
            ("minBid", self.min_bid),
            ("resale/payout", resale.payout),
            ("resale/margin", resale.margin),
        ];
        for (field, money) in amounts {
            let Some(money) = money else { continue };
            if money.is_negative() {
                let path = format!("{path}/{field}/amount");
                problems.push(Problem::error("negative_money", path, "an amount is 0 or more"));
            }
            if !self.counts_with(money.currency, currency) {
                let foreign = money.currency;
                let message = format!(
                    "the auction counts in {currency} and has no rate from {foreign}: an amount in {currency}, or a rate at {path}/rates/{foreign}, is expected"
                );
                let path = format!("{path}/{field}/currency");
                problems.push(Problem::error("wrong_currency", path, message));
            }
        }
        check_modifiers(&format!("{path}/modifiers"), &self.modifiers, problems);
        resale.check(&format!("{path}/resale"), problems);
    }

    /// Whether an amount in one currency has a worth in the auction's.
    pub(crate) fn counts_with(&self, foreign: Currency, own: Currency) -> bool {
        foreign == own || self.rates.contains_key(foreign.code())
    }

    fn check_rates(&self, path: &str, currency: Currency, problems: &mut Vec<Problem>) {
        check::count(problems, path, self.rates.len(), limits::BID_RATES);
        let most = Decimal::from(limits::BID_RATE);
        // What is beyond the limit is not read, so a table of any length takes a bounded time.
        for (from, rate) in self.rates.iter().take(limits::BID_RATES) {
            let place = from.replace('~', "~0").replace('/', "~1");
            let (path, rate) = (format!("{path}/{place}"), rate.decimal());
            if let Err(error) = from.parse::<Currency>() {
                problems.push(Problem::error("bad_currency", path.as_str(), error.to_string()));
            }
            if rate <= Decimal::ZERO || rate > most {
                let message = format!("a rate is more than 0 and at most {most}, not {rate}");
                problems.push(Problem::error("out_of_range", path, message));
            } else if from == currency.code() && rate != Decimal::ONE {
                let message = format!(
                    "rates convert into {currency}, the auction's own currency, whose rate is 1: leave it out"
                );
                problems.push(Problem::error("out_of_range", path, message));
            }
        }
    }
}

impl ResaleSettings {
    fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        let Some(percent) = self.margin_percent.map(Quantity::decimal) else { return };
        let path = format!("{path}/marginPercent");
        if self.margin.is_some() {
            let message = "the margin is an amount or a percentage, not both";
            problems.push(Problem::error("conflict", path.clone(), message));
        }
        if percent < Decimal::ZERO || percent > Decimal::ONE_HUNDRED {
            let message = format!("{percent} is outside 0 to 100");
            problems.push(Problem::error("out_of_range", path, message));
        } else if percent == Decimal::ONE_HUNDRED
            && !self.loss_allowed
            && self.payout.is_some_and(|payout| !payout.amount.is_zero())
        {
            let message = "a margin of 100 percent leaves nothing for the payout: no bid could win";
            problems.push(Problem::error("out_of_range", path, message));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(settings: &str) -> Vec<String> {
        let settings: AuctionSettings = serde_json::from_str(settings).unwrap();
        let mut problems = Vec::new();
        let currency = settings.named_currency().unwrap_or(Currency::USD);
        settings.check("/auction", currency, &mut problems);
        let told =
            |problem: Problem| format!("{} {}", problem.path.replace("/auction", ""), problem.code);
        problems.into_iter().map(told).collect()
    }

    #[test]
    fn no_field_is_needed_and_all_are_kept() {
        let settings: AuctionSettings = serde_json::from_str("{}").unwrap();
        assert_eq!(settings, AuctionSettings::default());
        let full = r#"{"timeoutMs":50,"minBidders":0,"pricing":"second_price",
            "increment":{"amount":"0.01","currency":"EUR"},"minBid":{"amount":"1","currency":"CAD"},
            "currency":"EUR","rates":{"CAD":"0.65","EUR":"1"},"ranking":"expected_revenue",
            "modifiers":[{"tag":"a","test":"present","action":"reject"}],
            "resale":{"payout":{"amount":"2","currency":"EUR"},"marginPercent":"20"}}"#;
        assert_eq!(found(full), [""; 0]);
        let settings: AuctionSettings = serde_json::from_str(full).unwrap();
        let written = serde_json::to_string(&settings).unwrap();
        assert_eq!(serde_json::from_str::<AuctionSettings>(&written).unwrap(), settings);
        for wrong in [r#"{"currency":"usd"}"#, r#"{"rates":{"EUR":1.08}}"#] {
            assert!(serde_json::from_str::<AuctionSettings>(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn every_problem_of_the_settings_is_found_at_once() {
        let settings = r#"{"timeoutMs":49,"minBidders":101,"currency":"USD",
            "rates":{"A/B":"1","EUR":"0","GBP":"-1","JPY":"1000000001","USD":"2"},
            "increment":{"amount":"-1","currency":"USD"},"minBid":{"amount":"1","currency":"CAD"},
            "modifiers":[{"tag":"a","test":"present","action":"add"}],
            "resale":{"margin":{"amount":"1","currency":"CHF"},"marginPercent":"101"}}"#;
        let expected = [
            "/timeoutMs out_of_range",
            "/minBidders out_of_range",
            "/rates/A~1B bad_currency",
            "/rates/EUR out_of_range",
            "/rates/GBP out_of_range",
            "/rates/JPY out_of_range",
            "/rates/USD out_of_range",
            "/increment/amount negative_money",
            "/minBid/currency wrong_currency",
            "/resale/margin/currency wrong_currency",
            "/modifiers/0/amount missing",
            "/resale/marginPercent conflict",
            "/resale/marginPercent out_of_range",
        ];
        assert_eq!(found(settings), expected);
        let nothing_left =
            r#"{"resale":{"payout":{"amount":"1","currency":"USD"},"marginPercent":"100"}}"#;
        assert_eq!(found(nothing_left), ["/resale/marginPercent out_of_range"]);
    }

    #[test]
    fn a_router_decides_what_it_has_and_nothing_else() {
        let settings = AuctionSettings {
            ranking: BidRanking::ExpectedRevenue,
            currency: Some(Currency::USD),
            ..AuctionSettings::default()
        };
        let mut router = Router::new("Insurance");
        (router.timeout_ms, router.min_bidders, router.pricing) = (300, 2, Pricing::SecondPrice);
        let merged = settings.clone().with_router(&router);
        let expected = AuctionSettings {
            timeout_ms: 300,
            min_bidders: 2,
            pricing: Pricing::SecondPrice,
            ..settings.clone()
        };
        assert_eq!(merged, expected);
        router.ranking = Some(BidRanking::HighestBid);
        assert_eq!(settings.with_router(&router).ranking, BidRanking::HighestBid);
    }
}
