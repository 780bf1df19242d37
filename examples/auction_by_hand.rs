//! An auction as plain calls: what four bidders are asked, what they answer, who wins, what becomes
//! of the others, and the same winner once more from the log alone. No socket, no clock, no task: a
//! driver of your own does nothing else.
//!
//! Run it: `cargo run -p examples --example auction_by_hand`
//!
//! Try: let Harbor answer after 2.1 s, or raise North's bid to 40, and see the verdicts change.

use std::error::Error;

use callcore::auction::{
    Auction, BidResponse, CallFacts, CompiledTarget, Fall, Invitation, Preset, Rates, Terms,
    Variables, parse, replay, request,
};
use callcore::call::Caller;
use callcore::model::{Place, Target};
use callcore::vocabulary::{CallId, CampaignId, Currency, Money, Seed, Tags, TargetId, TenantId};
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

/// A bidder, what it answers, and after how many milliseconds.
struct Bidder {
    id: TargetId,
    target: Target,
    compiled: CompiledTarget,
    answer: &'static str,
    after_ms: i64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let opened_at: DateTime<Utc> = "2026-11-23T15:00:00Z".parse()?;
    let bidders = bidders()?;
    let facts = facts(opened_at)?;
    let terms = Terms::new(facts.call, facts.campaign, Rates::into(Currency::USD));
    let invitations = bidders.iter().map(|bidder| Invitation {
        max_bids: bidder.target.max_bid.into_iter().collect(),
        ..Invitation::new(bidder.id, bidder.compiled.name())
    });
    let seed = Seed::derive(TenantId::from_uuid(Uuid::nil()), facts.call, "voice", "auction");
    let mut auction = Auction::open(terms, invitations.collect(), seed, opened_at);

    println!("Asked");
    let asked: Vec<_> = auction.asked().collect();
    for bidder in bidders.iter().filter(|one| asked.iter().any(|ask| ask.target_id == one.id)) {
        let variables = Variables {
            call: &facts,
            request_id: "r-1",
            min_bid: None,
            max_bid: None,
            timeout_ms: bidder.compiled.timeout_ms(),
            now: opened_at,
        };
        let request = request(&bidder.compiled, &variables)?;
        println!("   {:<8} {}", bidder.compiled.name(), request.url);
        let received_at = opened_at + TimeDelta::milliseconds(bidder.after_ms);
        let answer = BidResponse { status: 200, headers: &[], body: bidder.answer.as_bytes() };
        let reply = parse(&bidder.compiled, &answer, received_at);
        // The order in which replies are recorded makes no difference.
        let _ = auction.record(bidder.id, reply, received_at);
    }

    let mut settled = auction.settle(opened_at + TimeDelta::seconds(2));
    println!("Decided");
    for entry in &settled.entries {
        let bid = entry.bid.map_or_else(|| "no bid".into(), |bid| bid.to_string());
        let why = entry.detail().unwrap_or_default();
        println!("   {:<8} {:<10} {bid:<10} {why}", entry.target_name, entry.verdict.name());
    }

    // The winner's phone is busy: the next valid bid is taken, and nobody is asked again.
    let busy = settled.winner().map(|winner| winner.target_id).ok_or("nobody won")?;
    let fall = Fall::DialFailed { text: "busy".into() };
    let next = settled.fall(busy, fall, opened_at + TimeDelta::seconds(4)).ok_or("nobody left")?;
    println!("Then     {} at {}", next.target_name, next.price);

    let log = serde_json::to_string(&settled.log)?;
    let again = replay(&serde_json::from_str(&log)?);
    println!("Replayed from {} bytes of log: the same {}", log.len(), again == settled);
    Ok(())
}

fn facts(started_at: DateTime<Utc>) -> Result<CallFacts, Box<dyn Error>> {
    let number = "+13105550133";
    Ok(CallFacts {
        call: CallId::derive("twilio", "AC1", "CA1"),
        campaign: CampaignId::from_uuid(Uuid::from_u128(1)),
        caller: Caller {
            address: number.into(),
            number: Some(number.parse()?),
            place: Place { zip: Some("90210".into()), ..Place::default() },
            ..Caller::default()
        },
        called: "+18005550101".into(),
        started_at,
        tags: Tags::default(),
    })
}

fn bidders() -> Result<Vec<Bidder>, Box<dyn Error>> {
    let ringba = Preset::named("ringba").ok_or("there is no such preset")?.target();
    let plain = |name: &str| Target::new(name, "https://bid.example.com/{callerZip}");
    let north = Target {
        max_bid: Some(Money { amount: "30".parse()?, currency: Currency::USD }),
        ..plain("North")
    };
    let table = [
        (Target { name: "Acme".into(), ..ringba }, 180, ACME),
        (north, 90, r#"{"bid": "22.50", "phone_number": "+12125550122"}"#),
        (plain("Slate"), 300, r#"{"status": "rejected", "bid": 25, "message": "full today"}"#),
        (plain("Harbor"), 700, r#"<reply><price>21</price><did>+12125550144</did></reply>"#),
    ];
    let mut bidders = Vec::new();
    for (number, (target, after_ms, answer)) in (1..).zip(table) {
        let compiled = target.compile().map_err(|problems| format!("{problems:?}"))?;
        let id = TargetId::from_uuid(Uuid::from_u128(number));
        bidders.push(Bidder { id, target, compiled, answer, after_ms });
    }
    Ok(bidders)
}

const ACME: &str = r#"{
    "bidId": "b-7", "bidAmount": 24.75, "expireInSeconds": 39, "phoneNumber": "+12125550111"
}"#;
