//! Every way in which a bidder can fail, at every place among 1 to 20 bidders, on a virtual clock:
//! the decision comes at the deadline at the latest, and the winner is the model's.
//!
//! The bidder that fails would win every time if it did not: its bid is the highest by far.

use std::sync::LazyLock;

use callcore::auction::{
    Auction, BidReply, BidResponse, CompiledTarget, Failure, Invitation, Rates, Reply, Settled,
    Terms, Unanswered, Verdict, parse,
};
use callcore::model::Target;
use callcore::vocabulary::{CallId, CampaignId, Currency, Money, Seed};
use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use crate::rig::{Arrival, Fault, PLAIN, Rig, entry, winner};
use crate::world::{after, start, target};

/// What a bidder does.
enum Does {
    /// Nothing at all.
    Hang,
    /// Answers after so many milliseconds.
    Answer(i64, u16, &'static [u8]),
    /// Answers with a header.
    Encoded(&'static [u8]),
    /// Answers with so many bytes.
    Long(usize),
    /// Answers with so many brackets.
    Deep(usize),
    /// Cannot be asked, or breaks off.
    Fails(Unanswered),
    /// Answers a low bid, and then a high one.
    Twice,
}

const HIGH: &[u8] = br#"{"bidAmount":99,"phoneNumber":"+15557654321"}"#;

fn error() -> String {
    "said the socket".to_owned()
}

/// The modes with the verdict of each.
fn modes() -> Vec<(&'static str, Does, Verdict)> {
    use Does::{Answer, Deep, Encoded, Fails, Hang, Long, Twice};
    use Verdict::{
        AboveMax, BelowFloor, Expired, HttpError, InvalidDestination, Lost, Malformed, NoBid,
        Refused, Timeout, TooLarge, Unreachable, WrongCurrency,
    };
    let ok = |body| Answer(20, 200, body);
    vec![
        ("hangs", Hang, Timeout),
        ("a millisecond late", Answer(301, 200, HIGH), Timeout),
        ("seconds late", Answer(9_000, 200, HIGH), Timeout),
        ("drips past its deadline", Fails(Unanswered::Timeout), Timeout),
        ("no connection", Fails(Unanswered::Unreachable { error: error() }), Unreachable),
        ("a private address", Fails(Unanswered::Forbidden), Unreachable),
        ("breaks off", Fails(Unanswered::Broken { error: error() }), Unreachable),
        ("is no HTTP", Fails(Unanswered::NotHttp { error: error() }), Malformed),
        ("panics", Fails(Unanswered::Crashed), HttpError),
        (
            "a request too large",
            Fails(Unanswered::NotSent { verdict: TooLarge, error: error() }),
            TooLarge,
        ),
        ("redirects", Answer(20, 302, HIGH), HttpError),
        ("not found", Answer(20, 404, HIGH), HttpError),
        ("too many requests", Answer(20, 429, HIGH), HttpError),
        ("server error", Answer(20, 500, HIGH), HttpError),
        ("unavailable", Answer(20, 503, HIGH), HttpError),
        ("no content", Answer(20, 204, b""), NoBid),
        ("an empty body", ok(b""), Malformed),
        ("cut off", ok(br#"{"bidAmount":99,"phoneNum"#), Malformed),
        ("no text", ok(b"\xff\xfe\x00{}"), Malformed),
        ("compressed", Encoded(HIGH), Malformed),
        ("huge", Long(65_537), TooLarge),
        ("deep", Deep(10_000), Malformed),
        (
            "a number beyond all",
            ok(br#"{"bidAmount":1e400,"phoneNumber":"+15557654321"}"#),
            Malformed,
        ),
        ("not a number", ok(br#"{"bidAmount":NaN,"phoneNumber":"+15557654321"}"#), Malformed),
        ("a word", ok(br#"{"bidAmount":"lots","phoneNumber":"+15557654321"}"#), Malformed),
        (
            "refuses with a bid",
            ok(br#"{"status":"rejected","bidAmount":99,"phoneNumber":"+15557654321"}"#),
            Refused,
        ),
        ("no destination", ok(br#"{"bidAmount":99}"#), InvalidDestination),
        (
            "a bad destination",
            ok(br#"{"bidAmount":99,"phoneNumber":"call me"}"#),
            InvalidDestination,
        ),
        (
            "a foreign currency",
            ok(br#"{"bidAmount":99,"currency":"XAU","phoneNumber":"+15557654321"}"#),
            WrongCurrency,
        ),
        ("above its maximum", ok(br#"{"bidAmount":1000,"phoneNumber":"+15557654321"}"#), AboveMax),
        ("below the floor", ok(br#"{"bidAmount":0.01,"phoneNumber":"+15557654321"}"#), BelowFloor),
        (
            "expired",
            ok(br#"{"bidAmount":99,"phoneNumber":"+15557654321","expireInSeconds":0}"#),
            Expired,
        ),
        ("twice", Twice, Lost),
    ]
}

/// A target that names the currency of its bids.
static FOREIGN: LazyLock<CompiledTarget> = LazyLock::new(|| {
    let mut target = Target::new("Foreign", "https://bid.example.com/");
    target.response.currency_path = Some("currency".to_owned());
    target.compile().expect("it is a plain target with a path")
});

fn read(status: u16, encoding: &str, body: &[u8], at: DateTime<Utc>) -> Reply {
    let headers = [("Content-Encoding".to_owned(), encoding.to_owned())];
    let is_foreign = body.windows(8).any(|word| word == b"currency");
    let bidder = if is_foreign { &FOREIGN } else { &PLAIN };
    parse(bidder, &BidResponse { status, headers: &headers, body }, at).into()
}

/// What a bidder's doing comes to, on the clock.
fn arrivals(does: &Does, id: u128) -> Vec<Arrival> {
    let one = |ms: i64, status: u16, encoding: &str, body: &[u8]| {
        (after(ms), target(id), read(status, encoding, body, after(ms)))
    };
    match does {
        Does::Hang => Vec::new(),
        Does::Answer(ms, status, body) => vec![one(*ms, *status, "", body)],
        Does::Encoded(body) => vec![one(20, 200, "gzip", body)],
        Does::Long(bytes) => vec![one(20, 200, "", &vec![b' '; *bytes])],
        Does::Deep(brackets) => vec![one(20, 200, "", "[".repeat(*brackets).as_bytes())],
        Does::Fails(unanswered) => vec![(after(20), target(id), unanswered.clone().into())],
        Does::Twice => vec![
            one(20, 200, "", br#"{"bidAmount":1.5,"phoneNumber":"+15557654321"}"#),
            one(21, 200, "", HIGH),
        ],
    }
}

const DEADLINE: i64 = 300;

fn terms() -> Terms {
    let campaign = CampaignId::from_uuid(uuid::Uuid::from_u128(1));
    Terms::new(CallId::derive("twilio", "AC1", "CA1"), campaign, Rates::into(Currency::USD))
}

fn seed() -> Seed {
    Seed::of_key("simulation")
}

/// An auction among so many, of whom those at `failing` fail, each in the mode of its place.
fn play(modes: &[&Does], bidders: usize, failing: &[usize]) -> Settled {
    let rig = Rig { fault: Fault::None };
    let mut terms = terms();
    (terms.timeout_ms, terms.min_bid) = (300, Decimal::ONE);
    let dollars = |amount: i64| Money { amount: amount.into(), currency: Currency::USD };
    let invitations = (0..bidders).map(|id| Invitation {
        max_bids: vec![dollars(100)],
        ..Invitation::new(target(id as u128), format!("Bidder {id}"))
    });
    let auction: Auction = rig.open(terms, invitations.collect(), seed());
    let mut all: Vec<Arrival> = Vec::new();
    for id in 0..bidders {
        match failing.iter().position(|place| *place == id) {
            Some(mode) => all.extend(arrivals(modes[mode % modes.len()], id as u128)),
            None => {
                let body = format!("{{\"bidAmount\":{},\"phoneNumber\":\"+15551230001\"}}", 2 + id);
                let (ms, body) = (10 + id as i64 * 7 % 90, body.into_bytes());
                let reply = read(200, "", &body, after(ms));
                all.push((after(ms), target(id as u128), reply));
            }
        }
    }
    all.sort_by_key(|(at, target, _)| (*at, *target));
    rig.drive(auction, all)
}

/// The highest of those that do not fail.
fn expected(bidders: usize, failing: &[usize]) -> Option<u128> {
    (0..bidders).rev().find(|id| !failing.contains(id)).map(|id| id as u128)
}

#[test]
fn one_that_fails_costs_nobody_else_anything() {
    for (name, does, verdict) in &modes() {
        for bidders in 1..=20 {
            for place in 0..bidders {
                let settled = play(&[does], bidders, &[place]);
                assert!(settled.log.settled_at <= after(DEADLINE), "{name}, {place} of {bidders}");
                let entry = entry(&settled, place as u128);
                if bidders == 1 && *verdict == Verdict::Lost {
                    assert_eq!((winner(&settled), entry.verdict), (Some(0), Verdict::Won));
                    continue;
                }
                assert_eq!(entry.verdict, *verdict, "{name}: {entry:?}");
                let best = expected(bidders, &[place]);
                assert_eq!(winner(&settled), best, "{name}, {place} of {bidders}");
            }
        }
    }
}

#[test]
fn all_but_one_fail_each_in_its_way() {
    let modes = modes();
    for first in 0..modes.len() {
        let doing: Vec<&Does> =
            (0..19).map(|place| &modes[(first + place) % modes.len()].1).collect();
        for sound in 0..20_usize {
            let failing: Vec<usize> = (0..20).filter(|place| *place != sound).collect();
            let settled = play(&doing, 20, &failing);
            assert!(settled.log.settled_at <= after(DEADLINE));
            assert_eq!(winner(&settled), Some(sound as u128), "from {}", modes[first].0);
            assert_eq!(settled.entries.len(), 20);
        }
    }
}

#[test]
fn a_decision_waits_no_longer_than_it_must() {
    let none = play(&[], 20, &[]);
    // The last of the twenty answers after 99 ms at the latest.
    assert!(none.log.settled_at < after(100));
    let hangs = play(&[&Does::Hang], 20, &[3]);
    assert_eq!(hangs.log.settled_at, after(DEADLINE));
}

#[test]
fn a_clock_that_was_set_back_loses_no_bid() {
    let reply = Reply::from(BidReply::Failed(Failure::TooLarge));
    let rig = Rig { fault: Fault::None };
    let invitations = vec![Invitation::new(target(1), "Early")];
    let mut auction = rig.open(terms(), invitations, seed());
    let _ = auction.record(target(1), reply, after(-50));
    let settled = auction.settle(start());
    assert_eq!(entry(&settled, 1).response_time_ms, Some(0));
    assert_eq!(entry(&settled, 1).verdict, Verdict::TooLarge);
}
