//! Plays a call through a flow in one line for each thing that happens.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::call::{
    Caller, CallerInput, Delivery, Directive, NoRouteReason, NodeRun, Payload, QueueOutcome,
    RecordingReady,
};
use crate::flow::{
    Checked, Context, FlowConnection, FlowDefinition, Input, Need, Program, Routed, Run, Step,
    Turn, check,
};
use crate::model::Place;
use crate::vocabulary::{CallId, CampaignId, FlowId, Tags, TenantId};

/// Sunday 2026-11-22, noon in UTC.
pub(super) const NOON: &str = "2026-11-22T12:00:00Z";

/// The facts of a call.
pub(super) struct Facts {
    pub(super) caller: Caller,
    pub(super) tags: Tags,
    pub(super) now: DateTime<Utc>,
    pub(super) version: u32,
}

impl Facts {
    pub(super) fn at(now: &str) -> Self {
        let mut tags = Tags::default();
        tags.set("source", "radio").unwrap();
        Self { caller: caller("+13105550123"), tags, now: now.parse().unwrap(), version: 1 }
    }

    pub(super) fn from(address: &str) -> Self {
        Self { caller: caller(address), ..Self::at(NOON) }
    }

    pub(super) fn context(&self) -> Context<'_> {
        Context {
            tenant: TenantId::from_uuid(Uuid::from_u128(1)),
            call: CallId::from_uuid(Uuid::from_u128(2)),
            campaign: CampaignId::from_uuid(Uuid::from_u128(3)),
            flow: FlowId::from_uuid(Uuid::from_u128(4)),
            version: self.version,
            caller: &self.caller,
            called: "+18005550100",
            tags: &self.tags,
            now: self.now,
        }
    }
}

pub(super) fn caller(address: &str) -> Caller {
    Caller {
        address: address.to_owned(),
        number: address.parse().ok(),
        name: None,
        place: Place::default(),
    }
}

/// A flow of one node `n` behind the start; each of the exits leads to an `end` of its own name.
#[expect(clippy::needless_pass_by_value, reason = "tests write documents in place")]
pub(super) fn one(kind: &str, config: Value, exits: &[&str]) -> FlowDefinition {
    let mut nodes = vec![
        json!({ "id": "start", "type": "start" }),
        json!({ "id": "n", "type": kind, "config": config }),
    ];
    let mut connections = vec![FlowConnection::new("first", "start", "next", "n")];
    for exit in exits {
        nodes.push(json!({ "id": format!("at {exit}"), "type": "end" }));
        connections.push(FlowConnection::new(exit, "n", exit, &format!("at {exit}")));
    }
    serde_json::from_value(json!({ "name": "test", "nodes": nodes, "connections": connections }))
        .unwrap()
}

/// A flow of nodes and of connections such as `start.next>menu`.
#[expect(clippy::needless_pass_by_value, reason = "tests write documents in place")]
pub(super) fn flow(nodes: Value, connections: &str) -> FlowDefinition {
    let connection = |(index, text): (usize, &str)| {
        let (from, target) = text.split_once('>').unwrap();
        let (source, handle) = from.split_once('.').unwrap();
        FlowConnection::new(&format!("c{index}"), source, handle, target)
    };
    let connections: Vec<_> = connections.split_whitespace().enumerate().map(connection).collect();
    serde_json::from_value(json!({ "name": "test", "nodes": nodes, "connections": connections }))
        .unwrap()
}

pub(super) fn program(definition: &FlowDefinition) -> Program {
    let Checked { program, problems, .. } = check(definition, None);
    program.unwrap_or_else(|| panic!("{problems:#?}"))
}

/// What comes of each input, the first line being what comes of the start.
pub(super) fn play(definition: &FlowDefinition, facts: &Facts, inputs: &[&str]) -> Vec<String> {
    walk(&program(definition), facts, inputs).0
}

/// The same, and the last turn.
pub(super) fn walk(program: &Program, facts: &Facts, inputs: &[&str]) -> (Vec<String>, Turn) {
    let mut told = Vec::new();
    let mut run = Run::open(program, facts.context());
    let mut step = run.start();
    for input in inputs.iter().map(|input| read(input)) {
        let connects = matches!(&step, Step::Need(need) if need.connects());
        if matches!(step, Step::Wait) || connects {
            let turn = run.finish();
            told.push(line(&turn, &step));
            run = Run::resume(program, facts.context(), turn.session);
        } else if let Step::Need(need) = &step {
            told.push(needed(need));
        } else {
            panic!("the call is over before {input:?}: {told:#?}");
        }
        step = run.answer(&input);
    }
    let turn = run.finish();
    told.push(line(&turn, &step));
    (told, turn)
}

/// An input as tests write it.
fn read(text: &str) -> Input {
    let (kind, rest) = text.split_once(':').unwrap_or((text, ""));
    let caller = |input| Input::Caller(input);
    match kind {
        "keys" => caller(CallerInput::Keys { digits: rest.to_owned() }),
        "says" => {
            caller(CallerInput::Speech { text: rest.to_owned(), confidence_percent: Some(90) })
        }
        "silence" => caller(CallerInput::Silence),
        "returned" => caller(CallerInput::Returned),
        "recorded" => caller(CallerInput::Recorded(RecordingReady {
            recording_id: "RE1".into(),
            url: "https://carrier.example/RE1".into(),
            duration_secs: Some(7),
        })),
        "queue" => caller(CallerInput::LeftQueue {
            outcome: match rest {
                "bridged" => QueueOutcome::Bridged,
                "hung up" => QueueOutcome::HungUp,
                "full" => QueueOutcome::Full,
                _ => QueueOutcome::Left,
            },
        }),
        "ordinal" => Input::Ordinal(rest.parse().unwrap()),
        "yes" => Input::Scripted(Ok(true)),
        "no" => Input::Scripted(Ok(false)),
        "error" => Input::Scripted(Err(rest.to_owned())),
        "connected" => Input::Routed(Routed::Connected),
        "full" => Input::Routed(Routed::Unrouted(NoRouteReason::NoBuyerAllCapped)),
        "closed" => Input::Routed(Routed::Unrouted(NoRouteReason::NoBuyerAllClosed)),
        other => panic!("no input {other:?}"),
    }
}

/// Exits, directives and deliveries of a turn, and how it stands.
fn line(turn: &Turn, step: &Step) -> String {
    let exits =
        turn.nodes.iter().filter_map(|run| Some(format!("{}.{}", run.node, run.exit.as_ref()?)));
    let exits = exits.filter(|exit| exit != "start.next");
    let mut parts: Vec<String> = exits.collect();
    parts.extend(turn.directives.iter().map(directed));
    parts.extend(turn.deliveries.iter().map(sent));
    parts.extend(match step {
        Step::Wait => None,
        Step::End => Some("end".to_owned()),
        Step::Need(need) => Some(needed(need)),
        Step::NoRoute(reason) => Some(format!("no route: {reason:?}")),
        Step::Failed(failure) => Some(format!("failed: {failure}")),
    });
    parts.join(" | ")
}

fn needed(need: &Need) -> String {
    match need {
        Need::Route => "route".into(),
        Need::Dial { destination } => format!("dial {}", destination.as_str()),
        Need::Confer { destination, whisper } => {
            format!("confer {}: {whisper}", destination.as_str())
        }
        Need::Script { code, .. } => format!("script {code}"),
        Need::Ordinal { rotation } => rotation.clone(),
    }
}

pub(super) fn directed(directive: &Directive) -> String {
    match directive {
        Directive::Say(speech) => {
            let speed = speech.speed_percent.map(|speed| format!(" at {speed}%"));
            let times = (speech.times != 1).then(|| format!(" x{}", speech.times));
            let voice = speech.voice.as_ref().map(|voice| format!(" by {voice}"));
            let language = speech.language.as_ref().map(|language| format!(" in {language}"));
            let more = [speed, times, voice, language].into_iter().flatten().collect::<String>();
            format!("say({}){more}", speech.text)
        }
        Directive::Play(sound) if sound.times == 1 => format!("play({})", sound.url),
        Directive::Play(sound) => format!("play({}) x{}", sound.url, sound.times),
        Directive::Ask(question) => {
            let prompts = question.prompts.iter().cloned().map(Directive::from);
            let heard = prompts.map(|prompt| directed(&prompt)).collect::<Vec<_>>().join("+");
            let keys = if question.keys { " keys" } else { "" };
            let speech = if question.speech { " speech" } else { "" };
            let most = question.most_keys.map(|most| format!(" most {most}")).unwrap_or_default();
            let end = question.finish_on_key.map(|end| format!(" end {end}")).unwrap_or_default();
            format!("ask {heard}{keys}{speech}{most}{end} {}s", question.timeout_secs)
        }
        Directive::Record(message) => {
            let text = if message.transcribe { " and transcribe" } else { "" };
            format!("record {}s{text}", message.max_length_secs)
        }
        Directive::Enqueue(queue) => format!("enqueue {}", queue.queue),
        Directive::Hangup => "hangup".into(),
        Directive::Continue { step } => format!("continue {step}"),
        Directive::Confer(_) | Directive::Dial(_) => "switchboard's".into(),
    }
}

fn sent(delivery: &Delivery) -> String {
    if let Payload::HangUp { after_secs } = &delivery.payload {
        return format!("hangs up after {after_secs}s");
    }
    let Payload::Http { method, url, body, timeout_ms, .. } = &delivery.payload else {
        return "no request".into();
    };
    let (name, retries) = (&delivery.name, delivery.retries);
    format!("{name}: {method:?} {url} [{body}] {timeout_ms}ms x{retries}")
}

/// The runs of a walk's last turn, as `node/exit/input/note`.
pub(super) fn runs(turn: &Turn) -> Vec<String> {
    let shown = |run: &NodeRun| {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        format!("{}/{}/{}/{}", run.node, text(&run.exit), text(&run.input), text(&run.note))
    };
    turn.nodes.iter().map(shown).collect()
}
