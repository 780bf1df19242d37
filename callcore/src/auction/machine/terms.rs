//! What an auction is opened with: its terms, and an invitation per target.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::auction::{Adjustment, Bid, Health, Ranking, Rates, Resale, TrackRecord, Unconvertible};
use crate::model::{AuctionSettings, Pricing, Router};
use crate::vocabulary::{CallId, CampaignId, Currency, Money, TargetId};

/// How long a bid must still hold when it is chosen and when it is dialled, where nobody says
/// otherwise: a dial takes a moment to arrive, and a call that arrives after the bid has run out is
/// refused (`reference/rtb.md` §1.1).
const DIAL_BUFFER_MS: u32 = 1_000;

/// The terms of one auction. All amounts are in the campaign's currency, which is that of `rates`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Terms {
    /// The call that is sold.
    pub call_id: CallId,
    /// The campaign that sells it.
    pub campaign_id: CampaignId,
    /// How long bidders have in all.
    pub timeout_ms: u32,
    /// Fewer valid bids than this make the auction fail.
    pub min_bidders: u32,
    /// What the winner pays.
    pub pricing: Pricing,
    /// What a second price adds to the second bid.
    pub increment: Decimal,
    /// The lowest bid that can win.
    pub min_bid: Decimal,
    /// The currency, and what others are worth in it.
    pub rates: Rates,
    /// What bids are ranked by.
    pub ranking: Ranking,
    /// What the publisher is paid.
    pub resale: Option<Resale>,
    /// How long a bid must still hold when it is chosen or dialled.
    pub dial_buffer_ms: u32,
    /// Whether the auction ends as soon as its result is certain.
    pub finish_early: bool,
}

impl Terms {
    /// The defaults of the HTTP API: two seconds, one bidder, first price, no floor.
    pub fn new(call_id: CallId, campaign_id: CampaignId, rates: Rates) -> Self {
        let AuctionSettings { timeout_ms, min_bidders, pricing, .. } = AuctionSettings::default();
        Self {
            call_id,
            campaign_id,
            timeout_ms,
            min_bidders,
            pricing,
            increment: Decimal::ZERO,
            min_bid: Decimal::ZERO,
            rates,
            ranking: Ranking::default(),
            resale: None,
            dial_buffer_ms: DIAL_BUFFER_MS,
            finish_early: true,
        }
    }

    /// These terms with a campaign's settings. The settings' currency and rates, where they have any,
    /// are added to those of the terms; modifiers belong to invitations.
    ///
    /// # Errors
    /// [`Unconvertible`] where an amount of the settings is in a currency without a rate.
    pub fn with_settings(self, settings: &AuctionSettings) -> Result<Self, Unconvertible> {
        let AuctionSettings { timeout_ms, min_bidders, pricing, ranking, .. } = *settings;
        let currency = settings.currency.unwrap_or(self.currency());
        let known = if currency == self.currency() { self.rates } else { Rates::into(currency) };
        let rates = settings.rates.iter().fold(known, |rates, (from, rate)| {
            // A rate of nothing or from nowhere, which the settings' check refuses, is no rate.
            let Ok(from) = from.parse() else { return rates };
            rates.clone().with(from, rate.decimal()).unwrap_or(rates)
        });
        let amount = |money: Option<Money>| {
            let amount = money.map_or(Ok(Decimal::ZERO), |money| rates.convert(money));
            amount.map(|amount| amount.max(Decimal::ZERO))
        };
        let (increment, min_bid) = (amount(settings.increment)?, amount(settings.min_bid)?);
        let resale = settings.resale.as_ref().map(|resale| Resale::of(resale, &rates));
        Ok(Self {
            timeout_ms,
            min_bidders,
            pricing,
            increment,
            min_bid,
            ranking: ranking.into(),
            resale: resale.transpose()?,
            rates,
            ..self
        })
    }

    /// These terms with a router's own settings (spec RTB-6), as [`AuctionSettings::with_router`]
    /// has them.
    #[must_use]
    pub fn with_router(self, router: &Router) -> Self {
        let Router { timeout_ms, min_bidders, pricing, ranking, .. } = *router;
        let ranking = ranking.map_or(self.ranking, Ranking::from);
        Self { timeout_ms, min_bidders, pricing, ranking, ..self }
    }

    /// The campaign's currency.
    pub const fn currency(&self) -> Currency {
        self.rates.currency()
    }
}

/// Why a target is not asked, as the caller found before the auction: the first that holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum NotAsked {
    /// It is paused.
    Paused,
    /// It is outside its hours, or on a holiday.
    Closed,
    /// A cap is full.
    Capped {
        /// Which one, such as `daily cap 50/50`.
        cap: String,
    },
    /// The caller is a duplicate for it.
    Duplicate,
}

/// One target that is considered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Invitation {
    /// The target.
    pub target_id: TargetId,
    /// What people call it.
    pub name: String,
    /// 1 is first; decides between equal bids.
    pub priority: u8,
    /// Its share among equal bids of one priority.
    pub weight: u32,
    /// How long it has to answer, inside the auction's own deadline.
    pub timeout_ms: u32,
    /// Its own lowest bids (the target's, the assignment's): a bid must reach each.
    pub min_bids: Vec<Money>,
    /// The highest bids that are believed: a bid must exceed none.
    pub max_bids: Vec<Money>,
    /// Its modifiers that match this call: see [`matching`](crate::auction::matching).
    pub adjustments: Vec<Adjustment>,
    /// What became of the calls that it won; counts where the ranking is by expected revenue.
    pub record: TrackRecord,
    /// How it did of late.
    pub health: Health,
    /// Whether its bid may leave the destination to the confirmation.
    pub confirms: bool,
    /// Why it may not be asked at all.
    pub barred: Option<NotAsked>,
    /// A bid that it made for this caller before and that has not run out: it takes part with it,
    /// and is not asked again. Retreaver's Ping Shield (`reference/rtb.md` §1.4).
    pub earlier_bid: Option<Bid>,
}

impl Invitation {
    /// An invitation of middle priority with a second to answer.
    pub fn new(target_id: TargetId, name: impl Into<String>) -> Self {
        Self {
            target_id,
            name: name.into(),
            priority: 5,
            weight: 1,
            timeout_ms: 1_000,
            min_bids: Vec::new(),
            max_bids: Vec::new(),
            adjustments: Vec::new(),
            record: TrackRecord::default(),
            health: Health::default(),
            confirms: false,
            barred: None,
            earlier_bid: None,
        }
    }
}
