//! What is played: who takes the calls, what caller and buyers do, and how it must end.

use callcore::call::FinalReason;
use callcore::model::{
    AuctionSettings, Buyer, Campaign, Caps, Conversion, DuplicateRule, DuplicateScope, Recording,
    RestrictAfter, RoutingType,
};
use callcore::schedule::{BusinessHours, DayHours, ScheduleDocument, TimeRange};
use callcore::vocabulary::Money;
use chrono::{Datelike, Days, Utc, Weekday};

use super::bidder::Rule;
use super::flow::{self, FlowScene, PIXEL, PIXEL_QUERY};

/// One scenario: a campaign of its own, and one call or more.
#[derive(Debug)]
pub(super) struct Scenario {
    pub(super) title: &'static str,
    pub(super) story: &'static str,
    pub(super) campaign: Campaign,
    pub(super) buyers: Vec<Buyer>,
    /// The names of the bidders that are asked.
    pub(super) bidders: &'static [&'static str],
    /// The flow that calls go through, if they do.
    pub(super) flow: Option<FlowScene>,
    pub(super) calls: Vec<PlannedCall>,
}

/// One call and how it must go.
#[derive(Debug)]
pub(super) struct PlannedCall {
    /// Who calls.
    pub(super) from: &'static str,
    /// The phone's script.
    pub(super) script: &'static str,
    /// The names of the buyers that are dialled, in order.
    pub(super) dialled: &'static [&'static str],
    pub(super) reason: FinalReason,
    pub(super) converted: bool,
    /// The code of the reason why each buyer was refused, by name.
    pub(super) refused: &'static [(&'static str, &'static str)],
    /// What became of each bidder, by name.
    pub(super) verdicts: &'static [(&'static str, &'static str)],
}

const EAST: &str = "+12125550111";
const OVERFLOW: &str = "+12125550122";

pub(super) fn campaign(name: &str) -> Campaign {
    Campaign { dial_timeout_secs: 20, ..Campaign::new(name, RoutingType::Direct) }
}

fn buyer(name: &str, rung: &str, priority: u8) -> Buyer {
    let destination = rung.parse().expect("the demo's numbers are well formed");
    Buyer { priority, ..Buyer::new(name, destination) }
}

pub(super) fn east() -> Buyer {
    buyer("East", EAST, 1)
}

fn overflow() -> Buyer {
    buyer("Overflow", OVERFLOW, 5)
}

/// All scenarios, in the order in which they are played.
pub(super) fn scenarios() -> Vec<Scenario> {
    vec![
        answered(),
        busy(),
        capped(),
        out_of_hours(),
        duplicate(),
        hung_up(),
        auctioned(),
        flow::scenario(),
    ]
}

fn answered() -> Scenario {
    let amount = "12.50".parse().expect("a decimal");
    let currency = "USD".parse().expect("a currency");
    Scenario {
        title: "Answered first time",
        story: "East has priority 1 and answers. After 30 s of talk the call converts.",
        campaign: Campaign {
            conversion: Some(Conversion { after_secs: 30 }),
            revenue: Some(Money { amount, currency }),
            recording: Recording::Dual,
            ..campaign("Plumbing")
        },
        buyers: vec![east(), overflow()],
        bidders: &[],
        flow: None,
        calls: vec![PlannedCall {
            from: "+13105550101",
            script: "callee +12125550111 answers after 4s talks 65s",
            dialled: &["East"],
            reason: FinalReason::Answered,
            converted: true,
            refused: &[],
            verdicts: &[],
        }],
    }
}

fn busy() -> Scenario {
    Scenario {
        title: "Busy, then the next",
        story: "East is busy and nobody picks up at West, so the call falls back to Overflow.",
        campaign: campaign("Roofing"),
        buyers: vec![east(), buyer("West", "+13105550133", 2), overflow()],
        bidders: &[],
        flow: None,
        calls: vec![PlannedCall {
            from: "+13105550102",
            script: "callee +12125550111 busy\ncallee +13105550133 no answer\n\
                     callee +12125550122 answers after 2s talks 41s",
            dialled: &["East", "West", "Overflow"],
            reason: FinalReason::Answered,
            converted: false,
            refused: &[],
            verdicts: &[],
        }],
    }
}

fn capped() -> Scenario {
    let daily = Caps { daily: Some(1), ..Caps::default() };
    Scenario {
        title: "Everybody capped",
        story: "East takes one call a day. The first caller gets it, the second hears the no-route message.",
        campaign: campaign("Solar"),
        buyers: vec![Buyer { caps: Some(daily), ..east() }],
        bidders: &[],
        flow: None,
        calls: vec![
            PlannedCall {
                from: "+13105550103",
                script: "callee * answers after 3s talks 50s",
                dialled: &["East"],
                reason: FinalReason::Answered,
                converted: false,
                refused: &[],
                verdicts: &[],
            },
            PlannedCall {
                from: "+13105550104",
                script: "",
                dialled: &[],
                reason: FinalReason::NoBuyerAllCapped,
                converted: false,
                refused: &[("East", "capped")],
                verdicts: &[],
            },
        ],
    }
}

fn out_of_hours() -> Scenario {
    Scenario {
        title: "Out of hours",
        story: "East is open on one weekday only, and that is not today.",
        campaign: campaign("Dental"),
        buyers: vec![Buyer { schedule: Some(another_day()), ..east() }],
        bidders: &[],
        flow: None,
        calls: vec![PlannedCall {
            from: "+13105550105",
            script: "",
            dialled: &[],
            reason: FinalReason::NoBuyerAllClosed,
            converted: false,
            refused: &[("East", "closed")],
            verdicts: &[],
        }],
    }
}

/// Open on the weekday three days from now, in UTC, so that it is surely closed right now.
pub(super) fn another_day() -> ScheduleDocument {
    let range = TimeRange { open: "09:00".into(), close: "17:00".into() };
    let day = Some(DayHours { enabled: true, time_ranges: vec![range] });
    let mut hours = BusinessHours::default();
    match (Utc::now() + Days::new(3)).weekday() {
        Weekday::Mon => hours.monday = day,
        Weekday::Tue => hours.tuesday = day,
        Weekday::Wed => hours.wednesday = day,
        Weekday::Thu => hours.thursday = day,
        Weekday::Fri => hours.friday = day,
        Weekday::Sat => hours.saturday = day,
        Weekday::Sun => hours.sunday = day,
    }
    ScheduleDocument { business_hours: hours, holidays: Vec::new() }
}

fn duplicate() -> Scenario {
    let rule = DuplicateRule {
        scope: DuplicateScope::Buyer,
        after: RestrictAfter::Connected,
        days: Some(30),
    };
    Scenario {
        title: "Duplicate caller",
        story: "East refuses callers who reached it within 30 days. The same person calls twice.",
        campaign: campaign("Insurance"),
        buyers: vec![Buyer { duplicates: Some(rule), ..east() }, overflow()],
        bidders: &[],
        flow: None,
        calls: vec![
            PlannedCall {
                from: "+13105550106",
                script: "callee +12125550111 answers after 3s talks 20s",
                dialled: &["East"],
                reason: FinalReason::Answered,
                converted: false,
                refused: &[],
                verdicts: &[],
            },
            PlannedCall {
                from: "+13105550106",
                script: "callee +12125550122 answers after 3s talks 35s",
                dialled: &["Overflow"],
                reason: FinalReason::Answered,
                converted: false,
                refused: &[("East", "duplicate")],
                verdicts: &[],
            },
        ],
    }
}

fn hung_up() -> Scenario {
    let one = Caps { concurrent: Some(1), ..Caps::default() };
    Scenario {
        title: "The caller hangs up while it rings",
        story: "East would have answered after 12 s, but the caller waits for 6 s only. East's one place comes back.",
        campaign: campaign("Towing"),
        buyers: vec![Buyer { caps: Some(one), ..east() }, overflow()],
        bidders: &[],
        flow: None,
        calls: vec![PlannedCall {
            from: "+13105550107",
            script: "hang up at 6s\ncallee * answers after 12s talks 30s",
            dialled: &["East"],
            reason: FinalReason::CallerHungUpWhileRinging,
            converted: false,
            refused: &[],
            verdicts: &[],
        }],
    }
}

fn auctioned() -> Scenario {
    Scenario {
        title: "Four bidders, one auction",
        story: "Acme bids most and is busy, so the call goes to the next bid without asking again.",
        campaign: Campaign {
            routing_type: RoutingType::Rtb,
            auction: Some(AuctionSettings { timeout_ms: 8_000, ..AuctionSettings::default() }),
            ..campaign("Legal")
        },
        buyers: vec![overflow()],
        bidders: &["acme", "harbor", "north", "slate"],
        flow: None,
        calls: vec![PlannedCall {
            from: "+13105550108",
            script: "callee +12125550141 busy\ncallee +12125550143 answers after 3s talks 70s",
            dialled: &["acme", "north"],
            reason: FinalReason::Answered,
            converted: true,
            refused: &[],
            verdicts: &[
                ("acme", "lost"),
                ("harbor", "timeout"),
                ("north", "won"),
                ("slate", "refused"),
            ],
        }],
    }
}

/// What the demo's bidders do.
pub(super) fn rules() -> Vec<Rule> {
    let bids = |name: &str, bid: &str, destination: &str| Rule {
        name: name.into(),
        bid: Some(bid.into()),
        destination: Some(destination.into()),
        ..Rule::default()
    };
    vec![
        Rule { delay_ms: 60, ..bids("acme", "24.75", "+12125550141") },
        Rule { hangs: true, ..bids("harbor", "40.00", "+12125550142") },
        Rule { delay_ms: 30, ..bids("north", "22.50", "+12125550143") },
        Rule {
            name: PIXEL.into(),
            query: Some(PIXEL_QUERY.into()),
            status: Some(204),
            ..Rule::default()
        },
        Rule { name: "slate".into(), refuses: Some("full today".into()), ..Rule::default() },
    ]
}
