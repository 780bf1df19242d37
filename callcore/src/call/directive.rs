//! What the carrier shall do next, in no carrier's words. `callcore-twiml` writes them as TwiML.

use serde::{Deserialize, Serialize};

use crate::model::Recording;
use crate::vocabulary::Destination;

/// One instruction. A reply is a list of them, carried out in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "directive", rename_all = "snake_case")]
pub enum Directive {
    /// Speaks a text.
    Say(Speech),
    /// Plays a sound file.
    Play(Sound),
    /// Asks the caller for keys or words. Whatever comes of it, silence included, is told as a
    /// [`FlowStep`](super::FlowStep), so nothing after it is carried out.
    Ask(Question),
    /// Records what the caller says. What comes of it is told as a [`FlowStep`](super::FlowStep).
    Record(Message),
    /// Puts the caller into a queue. How the caller left it is told as a
    /// [`FlowStep`](super::FlowStep).
    Enqueue(Enqueue),
    /// Puts the caller into a conference, on hold until somebody joins. That the caller came out of
    /// it is told as a [`FlowStep`](super::FlowStep).
    Confer(Confer),
    /// Rings a buyer and connects the two. Whatever comes of it is told as a
    /// [`DialResult`](super::DialResult), so nothing after it is carried out.
    Dial(Dial),
    /// Comes back at once for what follows, as a [`FlowStep`](super::FlowStep).
    Continue {
        /// Which step of the call's flow it is.
        step: u32,
    },
    /// Ends the call.
    Hangup,
}

impl Directive {
    /// Speaks a text in the carrier's own voice.
    pub fn say(text: impl Into<String>) -> Self {
        Self::Say(Speech::new(text))
    }

    /// Whether nothing after this directive is carried out, because the carrier comes back with what
    /// came of it, or because the call is over.
    pub const fn is_last(&self) -> bool {
        !matches!(self, Self::Say(_) | Self::Play(_))
    }
}

/// A text to speak.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Speech {
    /// The text, at most 3,000 characters.
    pub text: String,
    /// The carrier's name of a voice; its default where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voice: Option<String>,
    /// A BCP 47 tag such as `en-US`; the carrier's default where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// How fast, in percent of the voice's own speed: 50 to 200.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speed_percent: Option<u16>,
    /// How often.
    #[serde(default = "once", skip_serializing_if = "is_once")]
    pub times: u32,
}

impl Speech {
    /// A text in the carrier's own voice, once.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), voice: None, language: None, speed_percent: None, times: 1 }
    }
}

/// A sound file to play.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sound {
    /// Where it is: an absolute http or https URL.
    pub url: String,
    /// How often.
    #[serde(default = "once", skip_serializing_if = "is_once")]
    pub times: u32,
}

const fn once() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "what serde passes")]
const fn is_once(times: &u32) -> bool {
    *times == 1
}

/// What a caller hears: words or a sound.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "prompt", rename_all = "snake_case")]
pub enum Prompt {
    /// Words.
    Say(Speech),
    /// A sound.
    Play(Sound),
}

impl From<Prompt> for Directive {
    fn from(prompt: Prompt) -> Self {
        match prompt {
            Prompt::Say(speech) => Self::Say(speech),
            Prompt::Play(sound) => Self::Play(sound),
        }
    }
}

/// A question to the caller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Question {
    /// Which step of the call's flow it is.
    pub step: u32,
    /// What the caller hears meanwhile, until the first key or word.
    pub prompts: Vec<Prompt>,
    /// Whether keys are an answer.
    pub keys: bool,
    /// Whether words are an answer. At least one of the two is.
    pub speech: bool,
    /// How long the carrier waits for the first and for each further key or word, in seconds.
    pub timeout_secs: u32,
    /// How many keys end the answer; any number where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub most_keys: Option<u32>,
    /// The key that ends the answer: one of `0` to `9`, `*` and `#`; none where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finish_on_key: Option<char>,
    /// The language of the words: a BCP 47 tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Words that are likely.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hints: Vec<String>,
}

/// A message that the caller leaves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// Which step of the call's flow it is.
    pub step: u32,
    /// The longest message, in seconds.
    pub max_length_secs: u32,
    /// Silence that ends it, in seconds.
    pub silence_timeout_secs: u32,
    /// Whether it is transcribed.
    pub transcribe: bool,
}

/// A place in a queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Enqueue {
    /// Which step of the call's flow it is.
    pub step: u32,
    /// The queue's name, unique inside the tenant.
    pub queue: String,
}

/// A place in a conference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Confer {
    /// Which step of the call's flow it is.
    pub step: u32,
    /// Which attempt of the call rings whoever shall join.
    pub attempt: u32,
    /// How long the two may talk, in seconds.
    pub time_limit_secs: u32,
    /// Whether the conversation is recorded.
    pub recording: Recording,
}

/// One dial.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Dial {
    /// Which dial of this call, from 1.
    pub attempt: u32,
    /// Whom to ring.
    pub destination: Destination,
    /// The caller id to show; the caller's own where absent.
    pub caller_id: Option<String>,
    /// How long it rings, in seconds.
    pub ring_timeout_secs: u32,
    /// How long the conversation may last, in seconds.
    pub time_limit_secs: u32,
    /// Whether the conversation is recorded.
    pub recording: Recording,
}
