//! What an auction costs beside the work that nobody can avoid: reading the bidders' answers as JSON.
//! Both sides run in turn, in the same process; the middle of many rounds counts. What an auction is
//! handed (terms, invitations, replies) is copied before the clock runs, and given back within.
//!
//! With `CALLCORE_BENCH_CHECK=1` a ratio above its limit is a failure.

#[path = "auction/loopback.rs"]
mod loopback;

use std::hint::black_box;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use callcore::auction::{
    Auction, BidReply, BidResponse, CompiledTarget, Invitation, Rates, Settled, Terms, parse,
};
use callcore::model::Target;
use callcore::vocabulary::{CallId, CampaignId, Currency, Money, Seed, TargetId, TenantId};
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use loopback::Exchange;

/// Rounds of each comparison.
const ROUNDS: usize = 201;
/// How long one side of a round runs, so that the clock's own grain does not count.
const ROUND: Duration = Duration::from_micros(500);
/// Whole auctions that are timed for each number of bidders.
const LOOPBACK_ROUNDS: usize = 400;
/// How long an auction waits for somebody who hangs.
const HANGS_MS: u32 = 200;
/// The most that an auction may take of its floor at 20 bidders, in hundredths: the machine alone,
/// and with the reading of the answers.
const AT_MOST: u128 = 150;

/// One auction with its bidders and their answers.
struct Stage {
    terms: Terms,
    invitations: Vec<Invitation>,
    compiled: Vec<CompiledTarget>,
    bodies: Vec<String>,
    replies: Vec<BidReply>,
    opened_at: DateTime<Utc>,
}

/// What an auction is opened with, and keeps.
type Inputs = (Terms, Vec<Invitation>);

fn main() -> ExitCode {
    // `cargo test` runs benches without this, only to see that they start.
    if !std::env::args().any(|argument| argument == "--bench") {
        return ExitCode::SUCCESS;
    }
    println!("{:<34} {:>10} {:>10} {:>7} {:>7}", "median", "core", "floor", "ratio", "limit");
    let mut good = true;
    for bidders in [1, 5, 20, 100] {
        let stage = Stage::with(bidders);
        let floor = || stage.read_as_json();
        let name = format!("open, record, settle: {bidders} bidders");
        let limit = (bidders == 20).then_some(AT_MOST);
        let replies = || (stage.inputs(), stage.replies.clone());
        good &= compare(
            &name,
            limit,
            replies,
            |(inputs, replies)| stage.decide(inputs, replies),
            floor,
        );
        let name = format!("and read the answers: {bidders} bidders");
        let inputs = || stage.inputs();
        good &= compare(&name, limit, inputs, |inputs| stage.read_and_decide(inputs), floor);
    }
    let runtime = tokio::runtime::Runtime::new().expect("a runtime starts");
    good &= runtime.block_on(over_loopback());
    match good || std::env::var_os("CALLCORE_BENCH_CHECK").is_none() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

/// Whole auctions with bidders on this machine, and how late a decision is that somebody hangs in.
async fn over_loopback() -> bool {
    let mut good = true;
    println!(
        "\n{:<34} {:>10} {:>10} {:>7} {:>7}",
        "over loopback", "auction", "floor", "ratio", "limit"
    );
    for bidders in [1, 5, 20, 50] {
        let exchange = Exchange::with(bidders, 0, 1_000).await;
        // Connections are open on both sides before anything counts.
        loopback::times(50, || exchange.sell()).await;
        loopback::times(50, || exchange.ask_all()).await;
        let (floor, floor_99) = loopback::times(LOOPBACK_ROUNDS, || exchange.ask_all()).await;
        let (ours, ours_99) = loopback::times(LOOPBACK_ROUNDS, || exchange.sell()).await;
        for (what, ours, floor, limit) in
            [("median", ours, floor, 120), ("99 %", ours_99, floor_99, 150)]
        {
            let limit = (bidders == 20).then_some(limit);
            good &= show(&format!("{bidders} bidders, {what}"), ours * 1_000, floor * 1_000, limit);
        }
    }
    let exchange = Exchange::with(19, 1, HANGS_MS).await;
    let (middle, most) = loopback::times(60, || exchange.sell()).await;
    let late = |micros: u128| micros.saturating_sub(u128::from(HANGS_MS) * 1_000);
    println!(
        "\nlate after a deadline with one of 20 hanging: {} µs, 99 % {} µs",
        late(middle),
        late(most)
    );
    good
}

impl Stage {
    fn with(bidders: u128) -> Self {
        let opened_at = DateTime::UNIX_EPOCH;
        let call = CallId::derive("twilio", "AC1", "CA1");
        let campaign = CampaignId::from_uuid(Uuid::from_u128(1));
        let id = |n: u128| TargetId::from_uuid(Uuid::from_u128(n << 64 | 7));
        let money = |amount: &str| Money {
            amount: amount.parse().expect("an amount"),
            currency: Currency::USD,
        };
        let compiled: Vec<_> = (0..bidders)
            .map(|n| Target::new(format!("Bidder {n}"), "https://bid.example.com/ping"))
            .map(|target| target.compile().expect("a plain target compiles"))
            .collect();
        let invitations = (0..bidders).zip(&compiled).map(|(n, target)| Invitation {
            min_bids: vec![money("1")],
            max_bids: vec![money("100")],
            ..Invitation::new(id(n), target.name())
        });
        let bodies: Vec<String> = (0..bidders).map(body).collect();
        let replies = bodies.iter().zip(&compiled);
        let replies = replies.map(|(body, target)| read(target, body, opened_at)).collect();
        let invitations = invitations.collect();
        let terms = Terms::new(call, campaign, Rates::into(Currency::USD));
        Self { terms, invitations, compiled, bodies, replies, opened_at }
    }

    /// What an auction is opened with.
    fn inputs(&self) -> Inputs {
        (self.terms.clone(), self.invitations.clone())
    }

    fn open(&self, (terms, invitations): Inputs) -> Auction {
        let tenant = TenantId::from_uuid(Uuid::nil());
        let seed = Seed::derive(tenant, terms.call_id, "voice", "auction");
        Auction::open(terms, invitations, seed, self.opened_at)
    }

    /// The machine alone.
    fn decide(&self, inputs: Inputs, replies: Vec<BidReply>) -> Settled {
        let mut auction = self.open(inputs);
        for (n, (invitation, reply)) in (0..).zip(self.invitations.iter().zip(replies)) {
            let at = self.opened_at + TimeDelta::milliseconds(n);
            let _ = auction.record(invitation.target_id, reply, at);
        }
        auction.settle(self.opened_at + TimeDelta::seconds(1))
    }

    /// The machine, and what the answers mean.
    fn read_and_decide(&self, inputs: Inputs) -> Settled {
        let mut auction = self.open(inputs);
        let bidders = self.invitations.iter().zip(self.compiled.iter().zip(&self.bodies));
        for (n, (invitation, (target, body))) in (0..).zip(bidders) {
            let at = self.opened_at + TimeDelta::milliseconds(n);
            let _ = auction.record(invitation.target_id, read(target, body, at), at);
        }
        auction.settle(self.opened_at + TimeDelta::seconds(1))
    }

    /// The floor: the same answers as JSON values.
    fn read_as_json(&self) -> usize {
        let read = |body: &String| serde_json::from_str::<serde_json::Value>(body).is_ok();
        self.bodies.iter().filter(|body| read(black_box(body))).count()
    }
}

/// An answer as they come: some words around the few that count.
fn body(n: u128) -> String {
    format!(
        r#"{{"bidId":"RTB{n:032x}","bidAmount":{}.{:02},"currency":"USD","expireInSeconds":39,
            "bidExpireEpoch":1755015176448,"phoneNumber":"+1773340{n:04}",
            "bidTerms":[{{"code":10,"callMinDuration":30,"callMinDurationType":1}}],
            "warnings":[{{"code":230,"description":"a cached version"}}]}}"#,
        5 + n % 20,
        n % 100
    )
}

fn read(target: &CompiledTarget, body: &str, at: DateTime<Utc>) -> BidReply {
    let answer = BidResponse { status: 200, headers: &[], body: black_box(body).as_bytes() };
    parse(target, &answer, at)
}

/// Times the core, which takes what is prepared for it, and its floor.
fn compare<I, A, B>(
    name: &str,
    limit: Option<u128>,
    prepare: impl Fn() -> I,
    core: impl Fn(I) -> A,
    floor: impl Fn() -> B,
) -> bool {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        theirs.push(nanos(|| (), |()| floor()));
        ours.push(nanos(&prepare, &core));
    }
    show(name, middle(ours), middle(theirs), limit)
}

/// Prints two times in nanoseconds, and answers whether their ratio is within its limit.
fn show(name: &str, ours: u128, theirs: u128, limit: Option<u128>) -> bool {
    let ratio = ours * 100 / theirs.max(1);
    let shown = |ratio: u128| format!("{}.{:02}", ratio / 100, ratio % 100);
    let limit_shown = limit.map_or("-".to_owned(), shown);
    let micros = |nanos: u128| format!("{}.{} µs", nanos / 1_000, nanos % 1_000 / 100);
    let (ours, theirs) = (micros(ours), micros(theirs));
    println!("{name:<34} {ours:>10} {theirs:>10} {:>7} {limit_shown:>7}", shown(ratio));
    limit.is_none_or(|limit| ratio <= limit)
}

/// How long the act takes once, without what is prepared for it.
fn nanos<I, T>(prepare: impl Fn() -> I, act: impl Fn(I) -> T) -> u128 {
    let (mut spent, mut times) = (Duration::ZERO, 0);
    while spent < ROUND {
        let input = prepare();
        let begun = Instant::now();
        black_box(act(input));
        spent += begun.elapsed();
        times += 1;
    }
    spent.as_nanos() / times
}

fn middle(mut values: Vec<u128>) -> u128 {
    values.sort_unstable();
    values[values.len() / 2]
}
