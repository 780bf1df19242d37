//! A decision as a value: who gets the call, who would be next, why the others do not, and what
//! would have let them in. Nothing but functions of their arguments.
//!
//! Run it: `cargo run -p examples --example explain_a_decision`
//!
//! Try: move `now` to 18:30, or raise West's daily cap, and see the ranking change.

use std::collections::BTreeMap;
use std::error::Error;

use callcore::call::Caller;
use callcore::model::{Assignment, Buyer, Caps, GeoKind, GeoMatch, GeoRule, Place, Strategy};
use callcore::plan::candidate;
use callcore::routing::{Candidate, CapKey, CapScope, Decision, Observed, Request, decide};
use callcore::schedule::{BusinessHours, CapWindow, DayHours, ScheduleDocument, TimeRange};
use callcore::vocabulary::{BuyerId, CallId, CampaignId, Seed, TenantId};
use chrono::{DateTime, Utc};
use uuid::Uuid;

const CAMPAIGN: CampaignId = CampaignId::from_uuid(Uuid::from_u128(1));

fn main() -> Result<(), Box<dyn Error>> {
    // A Monday, 09:00 in New York.
    let now: DateTime<Utc> = "2026-11-23T14:00:00Z".parse()?;
    let candidates = candidates()?;
    let caller = Caller {
        address: "+13105550133".into(),
        number: Some("+13105550133".parse()?),
        place: Place { country: Some("US".into()), state: Some("CA".into()), ..Place::default() },
        ..Caller::default()
    };
    let request = Request {
        campaign: CAMPAIGN,
        revision: 7,
        strategy: Strategy::Priority,
        required_skills: &BTreeMap::new(),
        counts_conversions: false,
        caller: &caller,
    };
    // What a store's look would have seen: West took 50 calls today.
    let west = CapKey { scope: CapScope::Buyer { buyer: id(1) }, window: CapWindow::Daily };
    let observed = Observed { usage: BTreeMap::from([(west, 50)]), ..Observed::default() };
    let call = CallId::derive("twilio", "AC1", "CA1");
    let seed = Seed::derive(TenantId::from_uuid(Uuid::nil()), call, "voice", "rank");

    let decision = decide(&request, &candidates, &observed, seed, now);
    explain(&decision);

    let again = decide(&request, &candidates, &observed, seed, now);
    let same = serde_json::to_string(&decision)? == serde_json::to_string(&again)?;
    println!(
        "\nDecided again with the same arguments: {}.",
        if same { "the same bytes" } else { "a bug" }
    );
    Ok(())
}

fn id(index: u128) -> BuyerId {
    BuyerId::from_uuid(Uuid::from_u128(100 + index))
}

fn candidates() -> Result<Vec<Candidate>, Box<dyn Error>> {
    let destination = "+12125550111".parse()?;
    let buyer =
        |name: &str| Buyer::new(name, callcore::vocabulary::Destination::clone(&destination));
    let daily = Caps { daily: Some(50), ..Caps::default() };
    let evening = TimeRange { open: "18:00".into(), close: "23:00".into() };
    let monday = DayHours { enabled: true, time_ranges: vec![evening] };
    let texas = GeoMatch { kind: GeoKind::State, value: "TX".into() };
    let buyers = [
        Buyer { priority: 1, ..buyer("East") },
        Buyer { priority: 1, caps: Some(daily), ..buyer("West") },
        Buyer {
            timezone: "America/New_York".parse()?,
            schedule: Some(ScheduleDocument {
                business_hours: BusinessHours { monday: Some(monday), ..BusinessHours::default() },
                holidays: Vec::new(),
            }),
            ..buyer("Night desk")
        },
        Buyer {
            geo: Some(GeoRule { allow: vec![texas], deny: Vec::new() }),
            ..buyer("Texas only")
        },
        Buyer { priority: 9, ..buyer("Overflow") },
    ];
    let compiled = (0..).zip(&buyers).map(|(index, buyer)| {
        candidate(CAMPAIGN, id(index), buyer, &Assignment::default())
            .map_err(|problems| format!("{problems:?}").into())
    });
    compiled.collect()
}

fn explain(decision: &Decision) {
    if let Some(chosen) = &decision.chosen {
        println!("{:9}{:12} priority {}", "chosen", chosen.name, chosen.priority);
    }
    for ranked in &decision.ranked {
        println!("{:9}{:12} priority {}", "ranked", ranked.name, ranked.priority);
    }
    for refused in &decision.refused {
        let helps = &refused.counterfactual.text;
        println!("{:9}{:12} {:46} {helps}", "refused", refused.name, refused.evidence);
    }
}
