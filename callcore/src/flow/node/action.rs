//! `action`: hands the call to somebody, takes a message, or ends it.

use super::prompt::{Voice, optional_text};
use super::route::{ChosenBuyer, RouteSettings};
use super::{Behaviour, ExitRule, Last, Mentions, unexpected};
use crate::call::{CallerInput, Directive, Enqueue, Message, QueueOutcome};
use crate::flow::act::{Act, Input, Need, Routed};
use crate::flow::desk::Desk;
use crate::flow::reader::Reader;
use crate::flow::text::Text;
use crate::model::Strategy;
use crate::vocabulary::{BuyerId, Destination};

/// Longest name of a queue, in characters.
const QUEUE_CHARACTERS: usize = 64;
/// The shortest message that a carrier can be told to end, in seconds.
const SHORTEST_SECS: u32 = 2;
/// The longest message that a carrier transcribes, in seconds.
const TRANSCRIBED_SECS: u32 = 120;
/// Silence that ends a message, in seconds.
const SILENCE_SECS: u32 = 5;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    RouteToBuyer,
    External,
    Queue,
    Hangup,
    Transfer,
    Voicemail,
}

const KINDS: [(&str, Kind); 6] = [
    ("route_to_buyer", Kind::RouteToBuyer),
    ("external", Kind::External),
    ("queue", Kind::Queue),
    ("hangup", Kind::Hangup),
    ("transfer", Kind::Transfer),
    ("voicemail", Kind::Voicemail),
];

pub(super) fn read(reader: &Reader<'_>, mentions: &mut Mentions) -> Option<Box<dyn Behaviour>> {
    if !reader.has("actionType") {
        reader.missing("actionType", "what is done");
    }
    let Some(kind) = reader.choice("actionType", &KINDS) else {
        reader.ignore_rest();
        return None;
    };
    match kind {
        Kind::RouteToBuyer => route_to_buyer(reader, mentions),
        Kind::External => {
            let destination = destination(reader)?;
            Some(Box::new(Connect { destination, warm: false }))
        }
        Kind::Transfer => {
            let warm = reader.choice("transferType", &[("cold", false), ("warm", true)]);
            let destination = destination(reader)?;
            Some(Box::new(Connect { destination, warm: warm.unwrap_or(false) }))
        }
        Kind::Queue => queue(reader),
        Kind::Hangup => {
            let (message, voice) = spoken(reader, mentions);
            Some(Box::new(Hangup { message, voice }))
        }
        Kind::Voicemail => Some(voicemail(reader, mentions)),
    }
}

/// A message that need not be there, and its voice.
fn spoken(reader: &Reader<'_>, mentions: &mut Mentions) -> (Option<Text>, Voice) {
    let message = optional_text(reader, "message", mentions);
    let voice = Voice::read(reader);
    if message.is_none() {
        reader.unused(&["voice", "language"], "where nothing is spoken");
    }
    (message, voice)
}

fn voicemail(reader: &Reader<'_>, mentions: &mut Mentions) -> Box<dyn Behaviour> {
    let (message, voice) = spoken(reader, mentions);
    let max_length_secs = reader.number("maxLength", 1..=3_600, 120);
    if max_length_secs < SHORTEST_SECS {
        let message = format!(
            "the carrier records at least {SHORTEST_SECS} seconds: give {SHORTEST_SECS} or more"
        );
        reader.report().warning("too_short", reader.path("maxLength"), message);
    }
    let format = reader.choice("format", &[("wav", "wav"), ("mp3", "mp3")]);
    mentions.ending = format.map(|_| reader.path("format"));
    let transcribe = reader.flag("transcribe", false);
    if transcribe && max_length_secs > TRANSCRIBED_SECS {
        let message = format!(
            "the carrier transcribes no message of more than {TRANSCRIBED_SECS} seconds: give {TRANSCRIBED_SECS} or less, or remove `transcribe`"
        );
        reader.report().warning("not_transcribed", reader.path("maxLength"), message);
    }
    Box::new(Voicemail {
        message,
        voice,
        max_length_secs: max_length_secs.max(SHORTEST_SECS),
        format: format.unwrap_or("wav"),
        transcribe,
    })
}

fn route_to_buyer(reader: &Reader<'_>, mentions: &mut Mentions) -> Option<Box<dyn Behaviour>> {
    if !reader.has("buyerId") {
        reader.missing("buyerId", "the buyer");
    }
    let buyer: BuyerId = reader.id("buyerId", "buyer")?;
    mentions.buyers.push((buyer, reader.path("buyerId")));
    let chosen = ChosenBuyer { buyer, priority: None, weight: None, max_concurrent: None };
    let settings = RouteSettings {
        strategy: Strategy::Priority,
        auction: false,
        campaign_buyers: false,
        buyers: vec![chosen],
        router: None,
        required_skills: std::collections::BTreeMap::new(),
        ring_timeout_secs: None,
        max_attempts: Some(1),
    };
    Some(Box::new(RouteToBuyer { settings }))
}

fn destination(reader: &Reader<'_>) -> Option<Destination> {
    let text = reader.required("number", "the number to dial")?;
    let destination = text.parse().ok();
    if destination.is_none() {
        let message = format!(
            "{text:?} cannot be dialled: give an E.164 number such as +13105550100, or a sip: URI"
        );
        reader.report().error("bad_number", reader.path("number"), message);
    }
    destination
}

fn queue(reader: &Reader<'_>) -> Option<Box<dyn Behaviour>> {
    let queue = reader.required("queue", "the queue")?;
    if queue.chars().count() > QUEUE_CHARACTERS || queue.chars().any(char::is_control) {
        let message = format!(
            "the name is too long or holds control characters: give at most {QUEUE_CHARACTERS} visible ones"
        );
        reader.report().error("bad_queue", reader.path("queue"), message);
        return None;
    }
    Some(Box::new(Queue { queue: queue.to_owned() }))
}

fn dialling_exits() -> Vec<ExitRule> {
    vec![
        ExitRule::optional("connected", Last::End).after_waiting(),
        ExitRule::optional("failed", Last::Fail).after_waiting(),
    ]
}

fn routed(desk: &Desk<'_>, input: &Input) -> Act {
    match input {
        Input::Routed(Routed::Connected) => Act::exit("connected"),
        Input::Routed(Routed::Unrouted(_)) => Act::exit("failed"),
        _ => unexpected(desk),
    }
}

#[derive(Debug)]
struct RouteToBuyer {
    settings: RouteSettings,
}

impl Behaviour for RouteToBuyer {
    fn exits(&self) -> Vec<ExitRule> {
        // A buyer who is closed or full is not dialled at all.
        vec![
            ExitRule::optional("connected", Last::End).after_waiting(),
            ExitRule::optional("failed", Last::Fail),
        ]
    }

    fn enter(&self, _: &mut Desk<'_>) -> Act {
        Act::Need(Need::Route)
    }

    fn resume(&self, desk: &mut Desk<'_>, input: &Input) -> Act {
        match input {
            // The flow had paused before it.
            Input::Caller(_) => Act::Need(Need::Route),
            _ => routed(desk, input),
        }
    }

    fn route(&self) -> Option<&RouteSettings> {
        Some(&self.settings)
    }
}

/// A number outside, or a transfer.
#[derive(Debug)]
struct Connect {
    destination: Destination,
    /// Whether the two wait for each other in a conference.
    warm: bool,
}

impl Behaviour for Connect {
    fn exits(&self) -> Vec<ExitRule> {
        dialling_exits()
    }

    fn enter(&self, desk: &mut Desk<'_>) -> Act {
        let destination = self.destination.clone();
        if !self.warm {
            return Act::Need(Need::Dial { destination });
        }
        let caller = desk.context.caller.number.as_ref();
        let caller = caller.map_or("a hidden number", |number| number.as_str());
        let whisper = format!("You have a call from {caller}. You are being connected.");
        Act::Need(Need::Confer { destination, whisper })
    }

    fn resume(&self, desk: &mut Desk<'_>, input: &Input) -> Act {
        routed(desk, input)
    }
}

#[derive(Debug)]
struct Queue {
    queue: String,
}

impl Behaviour for Queue {
    fn exits(&self) -> Vec<ExitRule> {
        dialling_exits()
    }

    fn enter(&self, desk: &mut Desk<'_>) -> Act {
        let step = desk.next_step();
        desk.direct(Directive::Enqueue(Enqueue { step, queue: self.queue.clone() }));
        Act::Wait
    }

    fn resume(&self, desk: &mut Desk<'_>, input: &Input) -> Act {
        match input {
            Input::Caller(CallerInput::LeftQueue { outcome: QueueOutcome::Bridged }) => {
                Act::exit("connected")
            }
            Input::Caller(CallerInput::LeftQueue { outcome: QueueOutcome::HungUp }) => Act::End,
            Input::Caller(_) => Act::exit("failed"),
            _ => unexpected(desk),
        }
    }
}

#[derive(Debug)]
struct Hangup {
    message: Option<Text>,
    voice: Voice,
}

impl Behaviour for Hangup {
    fn exits(&self) -> Vec<ExitRule> {
        Vec::new()
    }

    fn enter(&self, desk: &mut Desk<'_>) -> Act {
        if let Some(text) = &self.message {
            let prompt = self.voice.say(text, desk, 1);
            desk.tell(prompt);
        }
        desk.direct(Directive::Hangup);
        Act::End
    }
}

#[derive(Debug)]
struct Voicemail {
    message: Option<Text>,
    voice: Voice,
    max_length_secs: u32,
    format: &'static str,
    transcribe: bool,
}

impl Behaviour for Voicemail {
    fn exits(&self) -> Vec<ExitRule> {
        vec![ExitRule::optional("done", Last::End).after_waiting()]
    }

    fn enter(&self, desk: &mut Desk<'_>) -> Act {
        if let Some(text) = &self.message {
            let prompt = self.voice.say(text, desk, 1);
            desk.tell(prompt);
        }
        let step = desk.next_step();
        desk.direct(Directive::Record(Message {
            step,
            max_length_secs: self.max_length_secs,
            silence_timeout_secs: SILENCE_SECS,
            transcribe: self.transcribe,
        }));
        Act::Wait
    }

    fn resume(&self, desk: &mut Desk<'_>, input: &Input) -> Act {
        match input {
            Input::Caller(CallerInput::Recorded(recording)) => {
                let url = format!("{}.{}", recording.url, self.format);
                desk.session.variables.insert("voicemail_url".to_owned(), url);
                Act::exit("done")
            }
            Input::Caller(_) => {
                desk.note = Some("the caller left no message".into());
                Act::exit("done")
            }
            _ => unexpected(desk),
        }
    }
}
