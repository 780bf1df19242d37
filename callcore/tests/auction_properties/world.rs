//! Made-up auctions. Money is whole numbers of a unit (a hundredth), so that the model needs no
//! decimals and all of it can be scaled at once.

use callcore::auction::{
    Adjustment, Bid, BidReply, Declined, Failure, Health, Invitation, Malformed, Margin, NotAsked,
    Ranking, Rates, Reply, Resale, Sign, Squash, Terms, TrackRecord, Unanswered,
};
use callcore::model::Pricing;
use callcore::vocabulary::{CallId, CampaignId, Currency, Money, Seed, TargetId};
use chrono::{DateTime, TimeDelta, Utc};
use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;
use rust_decimal::Decimal;
use uuid::Uuid;

/// A euro is worth so many hundredths of a dollar.
pub(crate) const EURO: i64 = 125;

#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) pricing: Pricing,
    pub(crate) expected_revenue: bool,
    pub(crate) min_bidders: u32,
    pub(crate) increment: i64,
    pub(crate) floor: i64,
    pub(crate) resale: Option<Sale>,
    pub(crate) timeout_ms: u32,
    pub(crate) buffer_ms: u32,
    pub(crate) finish_early: bool,
    pub(crate) bidders: Vec<Bidder>,
    pub(crate) seed: u64,
    /// What a property may throw.
    pub(crate) dice: u64,
    /// What one whole number of money stands for.
    pub(crate) unit: Decimal,
    /// A second name of the dollar, at the rate of one.
    pub(crate) renamed: bool,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Sale {
    pub(crate) payout: Option<i64>,
    pub(crate) margin: i64,
    pub(crate) in_percent: bool,
    pub(crate) loss_allowed: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Bidder {
    pub(crate) id: u128,
    pub(crate) priority: u8,
    pub(crate) timeout_ms: u32,
    pub(crate) floor: Option<i64>,
    pub(crate) max: Option<i64>,
    pub(crate) adjustments: Vec<Change>,
    pub(crate) record: TrackRecord,
    pub(crate) closed: bool,
    pub(crate) failing: bool,
    pub(crate) delay_ms: u32,
    pub(crate) says: Says,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Add(i64),
    Subtract(i64),
    /// In hundredths.
    Multiply(i64),
    Override(i64),
    Reject,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Says {
    Bid(Offer),
    NoBid,
    Refused,
    ServerError,
    Garbage,
    TooLarge,
    Unreachable,
    Nothing,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Offer {
    pub(crate) amount: i64,
    pub(crate) coin: Coin,
    pub(crate) has_destination: bool,
    /// From its receipt.
    pub(crate) holds_ms: Option<u32>,
    pub(crate) id: Option<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coin {
    Dollar,
    Euro,
    Unknown,
}

pub(crate) fn start() -> DateTime<Utc> {
    "2026-11-23T14:00:00Z".parse().unwrap()
}

pub(crate) fn after(ms: i64) -> DateTime<Utc> {
    start() + TimeDelta::milliseconds(ms)
}

pub(crate) fn target(id: u128) -> TargetId {
    TargetId::from_uuid(Uuid::from_u128(id))
}

pub(crate) fn number() -> callcore::vocabulary::Destination {
    "+15551230001".parse().unwrap()
}

impl World {
    pub(crate) fn money(&self, amount: i64) -> Decimal {
        Decimal::from(amount) * self.unit
    }

    /// The same auction with hardly anything but ties: two amounts, two maxima, three priorities.
    pub(crate) fn tied(&self) -> Self {
        let mut tied = Self { floor: 0, resale: None, expected_revenue: false, ..self.clone() };
        for (place, bidder) in (0_u32..).zip(&mut tied.bidders) {
            let dice = self.dice.rotate_left(place * 5);
            let amount = if dice.is_multiple_of(4) { 400 } else { 500 };
            let says = Says::Bid(Offer::of(amount));
            let max = Some(if dice.is_multiple_of(8) { 400 } else { 500 });
            let (priority, delay_ms) = (bidder.priority, bidder.delay_ms);
            *bidder = Bidder {
                priority,
                delay_ms,
                max,
                timeout_ms: 2_000,
                ..Bidder::new(bidder.id, says)
            };
        }
        tied
    }

    pub(crate) fn seed(&self) -> Seed {
        Seed::of_key(&self.seed.to_string())
    }

    fn coin(&self, coin: Coin) -> Currency {
        match coin {
            Coin::Dollar if self.renamed => "AAA".parse().unwrap(),
            Coin::Dollar => Currency::USD,
            Coin::Euro => "EUR".parse().unwrap(),
            Coin::Unknown => "XXX".parse().unwrap(),
        }
    }

    pub(crate) fn terms(&self) -> Terms {
        let rates = Rates::into(Currency::USD)
            .with("EUR".parse().unwrap(), Decimal::new(EURO, 2))
            .and_then(|rates| rates.with("AAA".parse().unwrap(), Decimal::ONE));
        let call = CallId::derive("twilio", "AC1", "CA1");
        let campaign = CampaignId::from_uuid(Uuid::from_u128(1));
        let resale = self.resale.map(|sale| Resale {
            payout: sale.payout.map(|payout| self.money(payout)),
            margin: if sale.in_percent {
                Margin::Percent(sale.margin.min(90).into())
            } else {
                Margin::Amount(self.money(sale.margin))
            },
            loss_allowed: sale.loss_allowed,
        });
        let squashed = Ranking::ExpectedRevenue(Squash::FULL);
        Terms {
            timeout_ms: self.timeout_ms,
            min_bidders: self.min_bidders,
            pricing: self.pricing,
            increment: self.money(self.increment),
            min_bid: self.money(self.floor),
            ranking: if self.expected_revenue { squashed } else { Ranking::HighestBid },
            resale,
            dial_buffer_ms: self.buffer_ms,
            finish_early: self.finish_early,
            ..Terms::new(call, campaign, rates.unwrap())
        }
    }

    pub(crate) fn invitations(&self) -> Vec<Invitation> {
        self.bidders.iter().map(|bidder| self.invitation(bidder)).collect()
    }

    fn invitation(&self, bidder: &Bidder) -> Invitation {
        let dollars = |amount: i64| {
            vec![Money { amount: self.money(amount), currency: self.coin(Coin::Dollar) }]
        };
        let change = |change: &Change| match *change {
            Change::Add(by) => Adjustment::Add(self.money(by)),
            Change::Subtract(by) => Adjustment::Subtract(self.money(by)),
            Change::Multiply(by) => Adjustment::Multiply(Decimal::new(by, 2)),
            Change::Override(amount) => Adjustment::Override(self.money(amount)),
            Change::Reject => Adjustment::Reject,
        };
        Invitation {
            priority: bidder.priority,
            timeout_ms: bidder.timeout_ms,
            min_bids: bidder.floor.map(dollars).unwrap_or_default(),
            max_bids: bidder.max.map(dollars).unwrap_or_default(),
            adjustments: bidder.adjustments.iter().map(change).collect(),
            record: bidder.record,
            health: bidder.health(),
            barred: bidder.closed.then_some(NotAsked::Closed),
            ..Invitation::new(target(bidder.id), format!("Bidder {}", bidder.id))
        }
    }

    /// What a bidder replies and when; `None` for one that hangs.
    pub(crate) fn reply(&self, bidder: &Bidder) -> Option<(DateTime<Utc>, Reply)> {
        let at = after(bidder.delay_ms.into());
        let failed = |failure| Reply::Answered(BidReply::Failed(failure));
        let reply = match &bidder.says {
            Says::Bid(offer) => Reply::Answered(BidReply::Bid(Bid {
                amount: Money { amount: self.money(offer.amount), currency: self.coin(offer.coin) },
                destination: offer.has_destination.then(number),
                min_duration_secs: None,
                bid_id: offer.id.map(|id| format!("bid {id}")),
                expires_at: offer.holds_ms.map(|ms| at + TimeDelta::milliseconds(ms.into())),
            })),
            Says::NoBid => Reply::Answered(BidReply::NoBid(Declined::default())),
            Says::Refused => Reply::Answered(BidReply::Refused(Declined::default())),
            Says::ServerError => failed(Failure::Http { status: 500, reason: None }),
            Says::Garbage => failed(Failure::Malformed(Malformed::Encoded)),
            Says::TooLarge => failed(Failure::TooLarge),
            Says::Unreachable => {
                Reply::Unanswered(Unanswered::Unreachable { error: "refused".into() })
            }
            Says::Nothing => return None,
        };
        Some((at, reply))
    }
}

impl Bidder {
    pub(crate) fn health(&self) -> Health {
        let signs = if self.failing { 60 } else { 0 };
        (0..signs).fold(Health::default(), |health, _| health.after(Sign::Bad, start()))
    }

    pub(crate) fn offer(&self) -> Option<&Offer> {
        if let Says::Bid(offer) = &self.says { Some(offer) } else { None }
    }

    pub(crate) fn offer_mut(&mut self) -> Option<&mut Offer> {
        if let Says::Bid(offer) = &mut self.says { Some(offer) } else { None }
    }

    /// A bidder of middling manners.
    pub(crate) fn new(id: u128, says: Says) -> Self {
        Self {
            id,
            priority: 5,
            timeout_ms: 50,
            floor: None,
            max: None,
            adjustments: Vec::new(),
            record: TrackRecord::default(),
            closed: false,
            failing: false,
            delay_ms: 0,
            says,
        }
    }
}

impl Offer {
    pub(crate) fn of(amount: i64) -> Self {
        let coin = Coin::Dollar;
        Self { amount, coin, has_destination: true, holds_ms: None, id: None }
    }
}

fn any_offer() -> impl Strategy<Value = Offer> {
    let amount = prop_oneof![
        6 => (1_i64..=8).prop_map(|few| few * 100),
        3 => 1_i64..=1_500,
        1 => -100_i64..=0,
    ];
    let coin = prop_oneof![
        6 => Just(Coin::Dollar), 2 => Just(Coin::Euro), 1 => Just(Coin::Unknown),
    ];
    let holds_ms = weighted(0.4, prop_oneof![0_u32..3_000, 3_000_u32..60_000]);
    (amount, coin, prop::bool::weighted(0.93), holds_ms, weighted(0.2, 0_u8..3)).prop_map(
        |(amount, coin, has_destination, holds_ms, id)| Offer {
            amount,
            coin,
            has_destination,
            holds_ms,
            id,
        },
    )
}

fn any_says() -> impl Strategy<Value = Says> {
    prop_oneof![
        12 => any_offer().prop_map(Says::Bid),
        1 => Just(Says::NoBid),
        1 => Just(Says::Refused),
        1 => Just(Says::ServerError),
        1 => Just(Says::Garbage),
        1 => Just(Says::TooLarge),
        1 => Just(Says::Unreachable),
        1 => Just(Says::Nothing),
    ]
}

fn any_change() -> impl Strategy<Value = Change> {
    prop_oneof![
        3 => (0_i64..400).prop_map(Change::Add),
        3 => (0_i64..400).prop_map(Change::Subtract),
        3 => (0_i64..200).prop_map(Change::Multiply),
        1 => (0_i64..600).prop_map(Change::Override),
        1 => Just(Change::Reject),
    ]
}

fn any_bidder() -> impl Strategy<Value = Bidder> {
    let asked = (1_u8..=3, prop_oneof![50_u32..1_500, Just(1_000)], 0_u32..1_600);
    let bounds = (weighted(0.2, 0_i64..600), weighted(0.5, 500_i64..1_500));
    let changes = prop_oneof![2 => Just(Vec::new()), 1 => vec(any_change(), 0..3)];
    let record = (0_u64..50, 0_u64..50).prop_map(|(won, paid)| TrackRecord { won, paid });
    let barred = (prop::bool::weighted(0.05), prop::bool::weighted(0.05));
    (asked, bounds, changes, record, barred, any_says()).prop_map(
        |((priority, timeout_ms, delay_ms), (floor, max), adjustments, record, barred, says)| {
            let (closed, failing) = barred;
            let bidder = Bidder::new(0, says);
            let (floor, max) = (floor.filter(|floor| max.is_none_or(|max| *floor <= max)), max);
            let bidder = Bidder { priority, timeout_ms, floor, max, adjustments, ..bidder };
            Bidder { record, closed, failing, delay_ms, ..bidder }
        },
    )
}

fn any_sale() -> impl Strategy<Value = Sale> {
    (weighted(0.5, 0_i64..400), 0_i64..300, any::<bool>(), prop::bool::weighted(0.2)).prop_map(
        |(payout, margin, in_percent, loss_allowed)| Sale {
            payout,
            margin,
            in_percent,
            loss_allowed,
        },
    )
}

/// An auction among up to twelve.
pub(crate) fn any_world() -> impl Strategy<Value = World> {
    let pricing = prop_oneof![Just(Pricing::FirstPrice), Just(Pricing::SecondPrice)];
    let rules = (pricing, prop::bool::weighted(0.3), prop_oneof![4 => Just(1_u32), 1 => 0_u32..4]);
    let money =
        (0_i64..30, prop_oneof![2 => Just(0_i64), 1 => 0_i64..500], weighted(0.2, any_sale()));
    let time = (50_u32..=2_000, 0_u32..=1_000, any::<bool>());
    (rules, money, time, vec(any_bidder(), 0..12), any::<(u64, u64)>()).prop_map(
        |(rules, (increment, floor, resale), time, mut bidders, (seed, dice))| {
            let (pricing, expected_revenue, min_bidders) = rules;
            let (timeout_ms, buffer_ms, finish_early) = time;
            for (id, bidder) in (10..).zip(&mut bidders) {
                bidder.id = id;
            }
            let (unit, renamed) = (Decimal::new(1, 2), false);
            World {
                pricing,
                expected_revenue,
                min_bidders,
                increment,
                floor,
                resale,
                timeout_ms,
                buffer_ms,
                finish_early,
                bidders,
                seed,
                dice,
                unit,
                renamed,
            }
        },
    )
}
