//! Plays a call through a program as the switchboard does: events in, replies out, each of them
//! rendered and every session stored and read again in between.

use callcore::call::{
    Caller, CallerInput, Confer, Dial, Directive, FlowSession, FlowStatus, NoRouteReason,
    QueueOutcome, RecordingReady,
};
use callcore::flow::{Context, FlowDefinition, Input, Need, Program, Routed, Run, Step, Turn};
use callcore::model::Recording;
use callcore::vocabulary::{CallId, CampaignId, Destination, FlowId, Tags, TenantId, limits};
use callcore_twiml::Response;
use callcore_twiml::render::Renderer;
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::choices::Choices;

/// Events of most calls, and of the few that are asked until nobody may ask any more.
const EVENTS: [u32; 2] = [24, 700];
/// What an event may need at most: each answer leads to another node.
const NEEDS: usize = limits::FLOW_STEPS + 2;
/// Nodes that are noted for one event: those that are entered, the splitters that send a call on
/// into another branch, and the node that the event found the call in.
const NODES: usize = 2 * limits::FLOW_STEPS + 2;
/// Largest document that a carrier is sent, in bytes.
const DOCUMENT_BYTES: usize = 60_000;

/// The call and what happened to it so far.
struct Played<'a, 'b> {
    program: &'a Program,
    choices: &'a mut Choices<'b>,
    caller: Caller,
    called: String,
    tags: Tags,
    now: DateTime<Utc>,
    attempts: u32,
    /// Steps that were not a question: pauses and conferences.
    unasked: u32,
}

/// What every node says when it is entered, as an editor previews it.
pub(crate) fn preview(program: &Program, definition: &FlowDefinition) {
    let (caller, tags) = (caller("+13105550100"), Tags::default());
    for node in &definition.nodes {
        let mut run = Run::open(program, context(&caller, "+18005550100", &tags, start()));
        assert!(run.preview(&node.id).is_some(), "{:?} is in the program", node.id);
        render(&run.finish().directives);
    }
}

/// One call, until it ends or its events do.
pub(crate) fn play(program: &Program, choices: &mut Choices<'_>) {
    let address = choices.pick(&["+13105550100", "anonymous", "sip:a&b@x.example", ""]);
    let mut tags = Tags::default();
    tags.set("source", choices.word()).expect("a short value");
    let called = choices.pick(&["+18005550100", "sip:line@x.example"]).to_owned();
    let now = start() + TimeDelta::minutes(choices.number(0, 1_000_000).cast_signed());
    let most = EVENTS[usize::from(choices.chance(3))];
    let caller = caller(address);
    let mut call = Played { program, choices, caller, called, tags, now, attempts: 0, unasked: 0 };
    let mut session = None;
    let mut last = None;
    for _ in 0..most {
        let turn = call.event(session.take(), last.as_ref());
        if !turn.session.is_running() {
            return;
        }
        last = turn.directives.last().cloned();
        session = Some(stored(&turn.session));
    }
}

impl Played<'_, '_> {
    /// One event: the call's beginning where it has no session yet.
    fn event(&mut self, session: Option<FlowSession>, last: Option<&Directive>) -> Turn {
        let input = session.is_some().then(|| self.input(last));
        self.now += TimeDelta::milliseconds(self.choices.number(0, 3_600_000).cast_signed());
        let (caller, called, tags) = (self.caller.clone(), self.called.clone(), self.tags.clone());
        let context = context(&caller, &called, &tags, self.now);
        let mut run = match session {
            Some(session) => Run::resume(self.program, context, session),
            None => Run::open(self.program, context),
        };
        let mut step = match &input {
            Some(input) => run.answer(input),
            None => run.start(),
        };
        let (mut needs, mut routed) = (0, false);
        while let Step::Need(need) = step {
            needs += 1;
            assert!(needs <= NEEDS, "one event needs more than {NEEDS} answers");
            step = self.give(&mut run, need, &mut routed);
        }
        let turn = run.finish();
        self.judge(&step, &turn);
        turn
    }

    /// Gives the flow what it needs, as the switchboard does.
    fn give(&mut self, run: &mut Run<'_>, need: Need, routed: &mut bool) -> Step {
        match need {
            Need::Script { .. } => run.answer(&Input::Scripted(match self.choices.number(0, 2) {
                0 => Ok(true),
                1 => Ok(false),
                _ => Err("the code ran for too long".into()),
            })),
            Need::Ordinal { .. } => {
                let ordinal = self.choices.number(0, u64::MAX);
                run.answer(&Input::Ordinal(ordinal))
            }
            Need::Route if std::mem::replace(routed, true) => {
                self.unasked += 1;
                run.pause()
            }
            Need::Route if self.choices.chance(50) => {
                self.dial(run, "+12125550100".parse().expect("a number"))
            }
            Need::Route => {
                let reason = self.reason();
                run.answer(&Input::Routed(Routed::Unrouted(reason)))
            }
            Need::Dial { destination } => self.dial(run, destination),
            Need::Confer { .. } if self.attempts >= limits::ATTEMPTS => unanswered(run),
            Need::Confer { .. } => {
                self.attempts += 1;
                self.unasked += 1;
                let step = run.wait_in_conference();
                run.direct(Directive::Confer(Confer {
                    step,
                    attempt: self.attempts,
                    time_limit_secs: 3_600,
                    recording: Recording::Off,
                }));
                Step::Wait
            }
        }
    }

    fn dial(&mut self, run: &mut Run<'_>, destination: Destination) -> Step {
        if self.attempts >= limits::ATTEMPTS {
            return unanswered(run);
        }
        self.attempts += 1;
        run.direct(Directive::Dial(Dial {
            attempt: self.attempts,
            destination,
            caller_id: None,
            ring_timeout_secs: 30,
            time_limit_secs: 3_600,
            recording: Recording::Off,
        }));
        Step::Wait
    }

    fn reason(&mut self) -> NoRouteReason {
        self.choices.pick(&[
            NoRouteReason::NoBuyerAllClosed,
            NoRouteReason::NoBuyerAllCapped,
            NoRouteReason::NoAnswer,
            NoRouteReason::AttemptLimit,
        ])
    }

    /// Mostly an answer to what the carrier was told last, now and then any other one.
    fn input(&mut self, last: Option<&Directive>) -> Input {
        if self.choices.chance(4) {
            return match self.choices.number(0, 3) {
                0 => Input::Ordinal(self.choices.number(0, 9)),
                1 => Input::Scripted(Ok(true)),
                2 => Input::Routed(Routed::Connected),
                _ => Input::Caller(self.caller_input()),
            };
        }
        match last {
            Some(Directive::Dial(_) | Directive::Confer(_)) if self.choices.chance(30) => {
                Input::Routed(Routed::Connected)
            }
            Some(Directive::Dial(_) | Directive::Confer(_)) => {
                Input::Routed(Routed::Unrouted(self.reason()))
            }
            Some(Directive::Record(_)) => Input::Caller(recorded()),
            Some(Directive::Enqueue(_)) => Input::Caller(self.left_queue()),
            Some(Directive::Continue { .. }) => Input::Caller(CallerInput::Returned),
            _ => Input::Caller(self.caller_input()),
        }
    }

    fn caller_input(&mut self) -> CallerInput {
        match self.choices.number(0, 9) {
            0 | 1 => CallerInput::Silence,
            2 => CallerInput::Returned,
            3 => recorded(),
            4 => self.left_queue(),
            5 => CallerInput::Speech { text: self.choices.word(), confidence_percent: Some(80) },
            6 => CallerInput::Keys { digits: "90210".into() },
            7 => CallerInput::Keys { digits: self.choices.word() },
            _ => {
                let key = self.choices.pick(&["1", "2", "3", "4", "9", "0", "*", "#", ""]);
                CallerInput::Keys { digits: key.into() }
            }
        }
    }

    fn left_queue(&mut self) -> CallerInput {
        use QueueOutcome::{Bridged, Full, HungUp, Left};
        CallerInput::LeftQueue { outcome: self.choices.pick(&[Bridged, HungUp, Full, Left]) }
    }

    /// What must hold of every event.
    fn judge(&self, step: &Step, turn: &Turn) {
        let (status, count) = (turn.session.status, turn.nodes.len());
        assert!(count <= NODES, "one event led through {count} nodes");
        let ended = turn.directives.iter().position(Directive::is_last);
        match step {
            Step::Need(need) => panic!("{need:?} was answered"),
            Step::Wait => {
                assert_eq!(status, FlowStatus::Running);
                assert_eq!(ended, turn.directives.len().checked_sub(1), "the reply waits");
            }
            Step::End | Step::NoRoute(_) => assert_eq!(status, FlowStatus::Completed),
            Step::Failed(failure) => {
                assert_eq!(status, FlowStatus::Failed);
                assert_eq!(turn.session.failure.as_deref(), Some(failure.to_string().as_str()));
            }
        }
        let after = ended.map(|ended| turn.directives.len() - 1 - ended);
        assert!(after.is_none_or(|after| after == 0), "nothing follows what ends a reply");
        let asked = turn.session.step.saturating_sub(self.unasked);
        assert!(asked <= limits::FLOW_QUESTIONS + 1, "the call was asked {asked} times");
        render(&turn.directives);
        let deliveries = serde_json::to_string(&turn.deliveries).expect("deliveries are JSON");
        let read: Vec<callcore::call::Delivery> =
            serde_json::from_str(&deliveries).expect("what was written is read");
        assert!(read == turn.deliveries, "deliveries outlive the outbox");
    }
}

fn unanswered(run: &mut Run<'_>) -> Step {
    run.answer(&Input::Routed(Routed::Unrouted(NoRouteReason::AttemptLimit)))
}

fn recorded() -> CallerInput {
    CallerInput::Recorded(RecordingReady {
        recording_id: "RE1".into(),
        url: "https://api.example.com/RE1".into(),
        duration_secs: Some(7),
    })
}

/// A reply as the carrier gets it: valid, small enough, and read back as what it was.
fn render(directives: &[Directive]) {
    let renderer = Renderer::new("https://calls.example.com");
    let response = renderer.response(call_id(), Some(tenant()), directives);
    let document = response.to_xml().unwrap_or_else(|error| panic!("{error}: {directives:?}"));
    assert!(document.len() < DOCUMENT_BYTES, "{} bytes of TwiML", document.len());
    let read = Response::parse(&document).unwrap_or_else(|error| panic!("{error}: {document}"));
    assert_eq!(read, response, "{document}");
}

/// A session as a store gives it back.
fn stored(session: &FlowSession) -> FlowSession {
    let text = serde_json::to_string(session).expect("a session is JSON");
    let read: FlowSession = serde_json::from_str(&text).expect("what was written is read");
    assert!(read == *session, "a session outlives the store: {text}");
    read
}

fn context<'a>(
    caller: &'a Caller,
    called: &'a str,
    tags: &'a Tags,
    now: DateTime<Utc>,
) -> Context<'a> {
    Context {
        tenant: tenant(),
        call: call_id(),
        campaign: CampaignId::from_uuid(Uuid::from_u128(1)),
        flow: FlowId::from_uuid(Uuid::from_u128(2)),
        version: 1,
        caller,
        called,
        tags,
        now,
    }
}

fn caller(address: &str) -> Caller {
    Caller { address: address.to_owned(), number: address.parse().ok(), ..Caller::default() }
}

fn call_id() -> CallId {
    CallId::from_uuid(Uuid::from_u128(3))
}

const fn tenant() -> TenantId {
    TenantId::from_uuid(Uuid::from_u128(4))
}

/// New Year of 2024, 00:00 UTC.
fn start() -> DateTime<Utc> {
    DateTime::from_timestamp(1_704_067_200, 0).expect("an instant")
}
