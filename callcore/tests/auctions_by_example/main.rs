//! Whole auctions by example. A file is one auction: the campaign's settings, the targets, what each
//! answers and when, and what must come of it: the winner, the price, everybody's verdict, and the
//! log. Files of `exemplary/` are documentation; those of `supplemental/` hold what goes wrong.
//!
//! The log stands beside its auction as `NAME.log.json`. `CALLCORE_BLESS=1` writes it anew, for a
//! change that is meant.

#![expect(clippy::unwrap_used, reason = "a fixture that cannot be read is a failure")]
#![expect(clippy::disallowed_methods, reason = "a test may read its fixtures")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use callcore::auction::{
    Auction, AuctionLog, BidResponse, CompiledTarget, Invitation, Modifier, Progress, Rates,
    Settled, Terms, TrackRecord, Unanswered, matching, parse, replay,
};
use callcore::model::{AuctionSettings, BidModifier, Target};
use callcore::vocabulary::{CallId, CampaignId, Currency, Money, Seed, Tags, TargetId, TenantId};
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

const OPENED_AT: &str = "2026-11-23T15:00:00Z";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Fixture {
    /// What it shows.
    story: String,
    #[serde(default)]
    auction: AuctionSettings,
    /// The call's.
    #[serde(default)]
    tags: Tags,
    bidders: Vec<Bidder>,
    expected: Expected,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Bidder {
    target: Target,
    #[serde(default = "middle")]
    priority: u8,
    /// Those of its assignment.
    #[serde(default)]
    modifiers: Vec<BidModifier>,
    /// What became of the calls that it won.
    #[serde(default)]
    record: TrackRecord,
    /// What comes back; nothing ever does where it is absent.
    #[serde(default)]
    reply: Option<Reply>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Reply {
    after_ms: i64,
    #[serde(default = "ok")]
    status: u16,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    /// Text as it stands, or JSON.
    #[serde(default)]
    body: Value,
    /// No connection was made, for this reason.
    #[serde(default)]
    unreachable: Option<String>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Expected {
    winner: Option<String>,
    price: Option<String>,
    /// How long the decision took.
    decided_after_ms: i64,
    /// Each target's verdict, and its rank where it has one.
    verdicts: BTreeMap<String, String>,
}

fn middle() -> u8 {
    5
}

fn ok() -> u16 {
    200
}

fn opened_at() -> DateTime<Utc> {
    OPENED_AT.parse().unwrap()
}

/// Plays an auction as the driver does: replies in the order in which they come, until it is decided
/// or its deadline has passed.
fn play(fixture: &Fixture) -> (Settled, i64) {
    let call = CallId::derive("twilio", "AC1", "CA1");
    let campaign = CampaignId::from_uuid(Uuid::from_u128(1));
    let terms = Terms::new(call, campaign, Rates::into(Currency::USD));
    let terms = terms.with_settings(&fixture.auction).unwrap();
    let id = |n: usize| TargetId::from_uuid(Uuid::from_u128(n as u128 + 1));
    let compiled: Vec<CompiledTarget> =
        fixture.bidders.iter().map(|bidder| bidder.target.compile().unwrap()).collect();
    let adjustments = |bidder: &Bidder| {
        let tables = [&fixture.auction.modifiers, &bidder.modifiers];
        tables.map(|rows| matching(&Modifier::table(rows), &fixture.tags)).concat()
    };
    let invitations = fixture.bidders.iter().zip(&compiled).enumerate();
    let invitations = invitations.map(|(n, (bidder, compiled))| Invitation {
        priority: bidder.priority,
        timeout_ms: compiled.timeout_ms(),
        min_bids: bidder.target.min_bid.into_iter().collect(),
        max_bids: bidder.target.max_bid.into_iter().collect(),
        adjustments: adjustments(bidder),
        record: bidder.record,
        ..Invitation::new(id(n), compiled.name())
    });
    let seed = Seed::derive(TenantId::from_uuid(Uuid::nil()), call, "voice", "auction");
    let mut auction = Auction::open(terms, invitations.collect(), seed, opened_at());
    let mut replies: Vec<(i64, usize, &Reply)> = fixture
        .bidders
        .iter()
        .enumerate()
        .filter_map(|(n, bidder)| {
            Some((bidder.reply.as_ref()?.after_ms, n, bidder.reply.as_ref()?))
        })
        .collect();
    replies.sort_by_key(|(after_ms, n, _)| (*after_ms, *n));
    let deadline = auction.deadline();
    for (after_ms, n, reply) in replies {
        let at = opened_at() + TimeDelta::milliseconds(after_ms);
        if at > deadline {
            break;
        }
        let progress = match &reply.unreachable {
            Some(error) => {
                let error = error.clone();
                auction.record(id(n), Unanswered::Unreachable { error }, at)
            }
            None => auction.record(id(n), read(&compiled[n], reply, at), at),
        };
        if progress == Progress::Decided {
            return (auction.settle(at), after_ms);
        }
    }
    let decided_after_ms = (deadline - opened_at()).num_milliseconds();
    (auction.settle(deadline), decided_after_ms)
}

fn read(target: &CompiledTarget, reply: &Reply, at: DateTime<Utc>) -> callcore::auction::BidReply {
    let body = match &reply.body {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        json => json.to_string(),
    };
    let headers: Vec<(String, String)> = reply.headers.clone().into_iter().collect();
    let answer = BidResponse { status: reply.status, headers: &headers, body: body.as_bytes() };
    parse(target, &answer, at)
}

fn found(settled: &Settled, decided_after_ms: i64) -> Expected {
    let price = |money: Money| money.to_string();
    Expected {
        winner: settled.winner().map(|winner| winner.target_name.clone()),
        price: settled.winner().map(|winner| price(winner.price)),
        decided_after_ms,
        verdicts: settled
            .entries
            .iter()
            .map(|entry| {
                let rank = entry.rank.map(|rank| format!(", rank {rank}")).unwrap_or_default();
                (entry.target_name.clone(), format!("{}{rank}", entry.verdict))
            })
            .collect(),
    }
}

fn fixtures(folder: &str) -> Vec<PathBuf> {
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/auctions_by_example").join(folder);
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| {
        let name = path.file_name().unwrap().to_str().unwrap();
        name.ends_with(".json") && !name.ends_with(".log.json")
    });
    files.sort();
    assert!(files.len() > 1, "auctions are expected here");
    files
}

fn check(path: &Path) {
    let fixture: Fixture = serde_json::from_str(&fs::read_to_string(path).unwrap())
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let (settled, decided_after_ms) = play(&fixture);
    let name = format!("{}: {}", path.display(), fixture.story);
    assert_eq!(found(&settled, decided_after_ms), fixture.expected, "{name}");
    let log_path = path.with_extension("log.json");
    let log = serde_json::to_string_pretty(&settled.log).unwrap() + "\n";
    if std::env::var_os("CALLCORE_BLESS").is_some() {
        fs::write(&log_path, &log).unwrap();
    }
    let kept = fs::read_to_string(&log_path).unwrap_or_default();
    assert_eq!(kept, log, "{name}: the log differs; CALLCORE_BLESS=1 writes it anew");
    // The log alone, with nothing else of the file, gives the same result to the byte.
    let read: AuctionLog = serde_json::from_str(&kept).unwrap();
    let again = serde_json::to_string(&replay(&read)).unwrap();
    assert_eq!(again, serde_json::to_string(&settled).unwrap(), "{name}");
}

#[test]
fn exemplary_auctions_end_as_they_say() {
    fixtures("exemplary").iter().for_each(|path| check(path));
}

#[test]
fn supplemental_auctions_end_as_they_say() {
    fixtures("supplemental").iter().for_each(|path| check(path));
}
