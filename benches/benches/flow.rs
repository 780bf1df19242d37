//! What a flow costs beside the work that nobody can avoid: a session that is copied, a state that is
//! stored and read again, a document that is read as JSON. Both sides run in turn, in the same
//! process; the middle of many rounds counts.
//!
//! With `CALLCORE_BENCH_CHECK=1` a ratio above its limit is a failure.

#[path = "flow/documents.rs"]
mod documents;

use std::hint::black_box;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use callcore::call::{Caller, CallerInput, Directive, FlowSession, QueueOutcome};
use callcore::flow::{Context, FlowDefinition, Input, Program, Run, Step, Turn, check};
use callcore::vocabulary::{CallId, CampaignId, FlowId, Tags, TenantId};
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// Rounds of each comparison.
const ROUNDS: usize = 201;
/// How long one side of a round runs, so that the clock's own grain does not count.
const ROUND: Duration = Duration::from_micros(500);
/// Sessions that are held in memory at once.
const SESSIONS: usize = 100_000;

/// The most that each may take of its floor, in hundredths.
const STEP_AT_MOST: u128 = 1_000;
/// A pixel is filled in and percent-encoded, and its delivery gets an id by a hash.
const PIXEL_AT_MOST: u128 = 2_000;
const CALL_AT_MOST: u128 = 400;
const EVENTS_AT_MOST: u128 = 150;
const CHECK_AT_MOST: u128 = 800;
const MEMORY_AT_MOST: u128 = 400;

/// Who calls, and what they dialled.
struct Stage {
    caller: Caller,
    tags: Tags,
}

fn main() -> ExitCode {
    // `cargo test` runs benches without this, only to see that they start.
    if !std::env::args().any(|argument| argument == "--bench") {
        return ExitCode::SUCCESS;
    }
    let stage = Stage::new();
    let mut good = stage.steps();
    good &= stage.calls();
    good &= checks();
    good &= stage.memory();
    match good || std::env::var_os("CALLCORE_BENCH_CHECK").is_none() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

impl Stage {
    fn new() -> Self {
        let address = "+13105550100";
        let number = Some(address.parse().expect("a number"));
        let caller = Caller { address: address.into(), number, ..Caller::default() };
        let mut tags = Tags::default();
        tags.set("source", "search").expect("a short value");
        Self { caller, tags }
    }

    /// Thursday, 1 January 1970, which is Wednesday evening in New York.
    fn context(&self) -> Context<'_> {
        Context {
            tenant: TenantId::from_uuid(Uuid::from_u128(1)),
            call: CallId::from_uuid(Uuid::from_u128(2)),
            campaign: CampaignId::from_uuid(Uuid::from_u128(3)),
            flow: FlowId::from_uuid(Uuid::from_u128(4)),
            version: 1,
            caller: &self.caller,
            called: "+18005550100",
            tags: &self.tags,
            now: DateTime::<Utc>::UNIX_EPOCH,
        }
    }

    /// One step into a node of each type. The floor: copying the session and making a list of one
    /// directive, which is what a machine without state of its own cannot avoid.
    fn steps(&self) -> bool {
        title("a step into", "step");
        let program = program(documents::of_every_type());
        let session = Run::open(&program, self.context()).finish().session;
        let floor = || {
            let mut directives = Vec::new();
            let session = black_box(&session).clone();
            directives.push(Directive::say("Press 1 for sales, 2 for support."));
            (session, directives)
        };
        let mut good = true;
        for (kind, _) in documents::every_type() {
            let step = || {
                let session = black_box(&session).clone();
                let mut run = Run::resume(&program, self.context(), session);
                let step = run.preview(kind);
                (step, run.finish())
            };
            assert!(step().0.is_some(), "{kind} is in the program");
            let limit = if kind == "tracking_pixel" { PIXEL_AT_MOST } else { STEP_AT_MOST };
            good &= compare(kind, limit, step, floor);
        }
        good
    }

    /// Whole calls through ten nodes. The floor: the session's way into a store and out of it, as
    /// JSON, once for each event.
    fn calls(&self) -> bool {
        title("ten nodes", "call");
        let program_of_one = program(documents::in_one_go());
        let one = || self.play(&program_of_one, &[]);
        let played = one();
        assert_eq!(played.len(), 1);
        assert_eq!(played[0].nodes.len(), 10, "a call goes through all of them");
        let last = played[0].session.clone();
        let mut good = compare("in one go", CALL_AT_MOST, one, || stored(&last));

        let keys = |digits: &str| Input::Caller(CallerInput::Keys { digits: digits.into() });
        let full = Input::Caller(CallerInput::LeftQueue { outcome: QueueOutcome::Full });
        let inputs = [keys("1"), keys("90210"), keys("1"), full];
        let program = program(documents::as_events());
        let events = || self.play(&program, &inputs);
        let sessions: Vec<FlowSession> = events().into_iter().map(|turn| turn.session).collect();
        assert_eq!(sessions.last().map(|session| session.visits), Some(10), "all ten are entered");
        let floor = || sessions.iter().map(stored).count();
        good &= compare("in five events", EVENTS_AT_MOST, events, floor);
        good
    }

    /// The events of a call, of which the first is its beginning.
    fn play(&self, program: &Program, inputs: &[Input]) -> Vec<Turn> {
        let mut run = Run::open(program, self.context());
        let mut step = run.start();
        let mut turns = vec![run.finish()];
        for input in inputs {
            assert_eq!(step, Step::Wait);
            let session = turns[turns.len() - 1].session.clone();
            let mut run = Run::resume(program, self.context(), session);
            step = run.answer(input);
            turns.push(run.finish());
        }
        assert_eq!(step, Step::End);
        turns
    }

    /// Sessions in the middle of a call. The floor: the bytes of each as JSON.
    fn memory(&self) -> bool {
        let program = program(documents::as_events());
        let keys = |digits: &str| Input::Caller(CallerInput::Keys { digits: digits.into() });
        let mut run = Run::open(&program, self.context());
        for input in [None, Some(keys("1")), Some(keys("90210"))] {
            let step = match input {
                None => run.start(),
                Some(input) => run.answer(&input),
            };
            assert_eq!(step, Step::Wait);
        }
        let session = run.finish().session;
        let json = serde_json::to_vec(&session).expect("a session is JSON").len();
        let before = resident();
        let sessions = vec![session; SESSIONS];
        let after = resident();
        assert_eq!(black_box(&sessions).len(), SESSIONS);
        let (Some(before), Some(after)) = (before, after) else {
            println!("\nthe memory of sessions cannot be measured: there is no /proc/self/statm");
            return true;
        };
        let each = after.saturating_sub(before) / u128::try_from(SESSIONS).unwrap_or(1);
        let floor = u128::try_from(json).unwrap_or(1);
        println!(
            "\n{:<34} {:>10} {:>10} {:>7} {:>7}",
            "memory", "session", "floor", "ratio", "limit"
        );
        let bytes = |bytes: u128| format!("{bytes} B");
        let name = format!("each of {SESSIONS} sessions");
        show(&name, &bytes(each), &bytes(floor), each * 100 / floor, MEMORY_AT_MOST)
    }
}

/// Checks and compiles the largest flow. The floor: reading its document.
fn checks() -> bool {
    title("the largest flow", "check");
    let document = documents::long(callcore::vocabulary::limits::FLOW_NODES);
    let text = serde_json::to_vec(&document).expect("a document is JSON");
    let read = || serde_json::from_slice::<FlowDefinition>(black_box(&text)).expect("a definition");
    let definition = read();
    assert!(check(&definition, None).program.is_some(), "{:?}", check(&definition, None).problems);
    let name = format!("check {} nodes", definition.nodes.len());
    compare(&name, CHECK_AT_MOST, || check(&definition, None), read)
}

fn program(document: serde_json::Value) -> Program {
    let definition: FlowDefinition = serde_json::from_value(document).expect("a definition");
    let checked = check(&definition, None);
    checked.program.unwrap_or_else(|| panic!("{:?}", checked.problems))
}

/// A session on its way through a store.
fn stored(session: &FlowSession) -> FlowSession {
    let json = serde_json::to_vec(black_box(session)).expect("a session is JSON");
    serde_json::from_slice(&json).expect("what was written is read")
}

/// The memory that this process has, in bytes; `None` where the system does not tell.
fn resident() -> Option<u128> {
    let text = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u128 = text.split_whitespace().nth(1)?.parse().ok()?;
    Some(pages * 4_096)
}

fn title(what: &str, ours: &str) {
    println!("\n{what:<34} {ours:>10} {:>10} {:>7} {:>7}", "floor", "ratio", "limit");
}

fn compare<A, B>(name: &str, limit: u128, ours: impl Fn() -> A, floor: impl Fn() -> B) -> bool {
    let (mut measured, mut floors) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        floors.push(nanos(&floor));
        measured.push(nanos(&ours));
    }
    let (ours, floor) = (middle(measured), middle(floors));
    let micros = |nanos: u128| format!("{}.{:02} µs", nanos / 1_000, nanos % 1_000 / 10);
    show(name, &micros(ours), &micros(floor), ours * 100 / floor.max(1), limit)
}

/// Prints a row, and answers whether the ratio, in hundredths, is within its limit.
fn show(name: &str, ours: &str, floor: &str, ratio: u128, limit: u128) -> bool {
    let shown = |ratio: u128| format!("{}.{:02}", ratio / 100, ratio % 100);
    println!("{name:<34} {ours:>10} {floor:>10} {:>7} {:>7}", shown(ratio), shown(limit));
    ratio <= limit
}

/// How long the act takes once.
fn nanos<T>(act: impl Fn() -> T) -> u128 {
    let (begun, mut times) = (Instant::now(), 0);
    while begun.elapsed() < ROUND {
        black_box(act());
        times += 1;
    }
    begun.elapsed().as_nanos() / times
}

fn middle(mut values: Vec<u128>) -> u128 {
    values.sort_unstable();
    values[values.len() / 2]
}
