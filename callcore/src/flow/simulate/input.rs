//! What a simulated caller and the simulated carrier do, in the order in which they do it.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::call::{CallerInput, Question, RecordingReady};
use crate::flow::reader::shape;
use crate::vocabulary::limits;

/// How long a conversation lasts where an input does not say it, in seconds.
pub(super) const TALK_SECS: u32 = 60;
/// How long a message is where no input says it, in seconds.
pub(super) const RECORD_SECS: u32 = 5;

/// One thing that happens in a simulated call.
///
/// As JSON: a text (keys, or words where the question takes words), null or an empty text for
/// silence, or an object: `{"digits": "1"}`, `{"speech": "sales"}`,
/// `{"dial": "answered" | "busy" | "no-answer" | "failed", "talk": 60}`, `{"record": 5}`,
/// `{"hangup": true}`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Value", into = "Value")]
pub enum SimulatedInput {
    /// The caller says and presses nothing.
    Silence,
    /// Keys, or words where the question takes words.
    Text(String),
    /// Keys.
    Digits(String),
    /// Words.
    Speech(String),
    /// What becomes of a dial, of a transfer, or of the wait in a queue.
    Dial {
        /// How it ends.
        result: DialResult,
        /// How long the two talk, in seconds; 0 unless it is answered.
        talk_secs: u32,
    },
    /// The caller leaves a message of so many seconds; of 0 seconds, none.
    Record(u32),
    /// The caller hangs up.
    Hangup,
}

/// How a simulated dial ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum DialResult {
    /// Somebody answers.
    Answered,
    /// The line is busy.
    Busy,
    /// Nobody answers.
    NoAnswer,
    /// The carrier cannot dial it.
    Failed,
}

/// What a value is not: a sentence for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "an input is a text, null, or one of {{\"digits\"}}, {{\"speech\"}}, {{\"dial\", \"talk\"}}, {{\"record\"}} and {{\"hangup\": true}}; {0} is none"
)]
pub struct InvalidInput(String);

impl TryFrom<Value> for SimulatedInput {
    type Error = InvalidInput;

    fn try_from(value: Value) -> Result<Self, InvalidInput> {
        let wrong = || InvalidInput(shape(&value));
        let fields = match &value {
            Value::Null => return Ok(Self::Silence),
            Value::String(text) => return Ok(Self::Text(text.clone())),
            Value::Object(fields) => fields,
            _ => return Err(wrong()),
        };
        let mut keys = fields.iter().map(|(key, value)| (key.as_str(), value));
        let input = match (keys.next(), keys.next(), keys.next()) {
            (Some(("digits", Value::String(digits))), None, _) => Self::Digits(digits.clone()),
            (Some(("speech", Value::String(words))), None, _) => Self::Speech(words.clone()),
            (Some(("record", seconds)), None, _) => Self::Record(secs(seconds).ok_or_else(wrong)?),
            (Some(("hangup", Value::Bool(true))), None, _) => Self::Hangup,
            (Some(("dial", result)), talk, None) if talk.is_none_or(|(key, _)| key == "talk") => {
                let result = DialResult::deserialize(result).map_err(|_| wrong())?;
                let talk_secs = match (result, talk) {
                    (DialResult::Answered, None) => TALK_SECS,
                    (DialResult::Answered, Some((_, talk))) => secs(talk).ok_or_else(wrong)?,
                    _ => 0,
                };
                Self::Dial { result, talk_secs }
            }
            _ => return Err(wrong()),
        };
        Ok(input)
    }
}

/// Seconds, of at most the longest call.
fn secs(value: &Value) -> Option<u32> {
    let secs = u32::try_from(value.as_u64()?).ok()?;
    (secs <= *limits::CALL_LENGTH_SECS.end()).then_some(secs)
}

impl From<SimulatedInput> for Value {
    fn from(input: SimulatedInput) -> Self {
        match input {
            SimulatedInput::Silence => Self::Null,
            SimulatedInput::Text(text) => Self::String(text),
            SimulatedInput::Digits(digits) => json!({ "digits": digits }),
            SimulatedInput::Speech(words) => json!({ "speech": words }),
            SimulatedInput::Dial { result: DialResult::Answered, talk_secs } => {
                json!({ "dial": DialResult::Answered, "talk": talk_secs })
            }
            SimulatedInput::Dial { result, .. } => json!({ "dial": result }),
            SimulatedInput::Record(secs) => json!({ "record": secs }),
            SimulatedInput::Hangup => json!({ "hangup": true }),
        }
    }
}

impl std::fmt::Debug for SimulatedInput {
    // What callers press and say may be a card number, also in a rehearsal.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Silence => "Silence",
            Self::Text(_) => "Text",
            Self::Digits(_) => "Digits",
            Self::Speech(_) => "Speech",
            Self::Dial { .. } => "Dial",
            Self::Record(_) => "Record",
            Self::Hangup => "Hangup",
        })
    }
}

/// The inputs that are left. One that does not fit what is asked stays for what is asked later.
#[derive(Debug)]
pub(super) struct Inputs(VecDeque<SimulatedInput>);

impl Inputs {
    pub(super) fn new(inputs: Vec<SimulatedInput>) -> Self {
        Self(inputs.into_iter().take(limits::SIMULATED_INPUTS).collect())
    }

    pub(super) fn left(&self) -> usize {
        self.0.len()
    }

    /// Whether the caller hangs up now.
    pub(super) fn hangs_up(&mut self) -> bool {
        self.0.pop_front_if(|input| *input == SimulatedInput::Hangup).is_some()
    }

    /// The answer to a question; silence where there is none.
    pub(super) fn answer(&mut self, question: &Question) -> CallerInput {
        let fits = |input: &mut SimulatedInput| {
            !matches!(input, SimulatedInput::Dial { .. } | SimulatedInput::Record(_))
        };
        match self.0.pop_front_if(fits) {
            Some(SimulatedInput::Text(text)) if question.keys && is_keys(&text) => {
                keys(&text, question)
            }
            Some(SimulatedInput::Digits(digits)) if question.keys && is_keys(&digits) => {
                keys(&digits, question)
            }
            Some(SimulatedInput::Text(words) | SimulatedInput::Speech(words))
                if question.speech && !words.trim().is_empty() =>
            {
                CallerInput::Speech { text: words, confidence_percent: None }
            }
            // Nobody listens to words in a menu, or to keys where words are awaited.
            _ => CallerInput::Silence,
        }
    }

    /// What becomes of a dial, and how long the two talk, in seconds.
    pub(super) fn dial(&mut self) -> (DialResult, u32) {
        let fits = |input: &mut SimulatedInput| matches!(input, SimulatedInput::Dial { .. });
        match self.0.pop_front_if(fits) {
            Some(SimulatedInput::Dial { result, talk_secs }) => (result, talk_secs),
            _ => (DialResult::Answered, TALK_SECS),
        }
    }

    /// How long the message is that the caller leaves, in seconds.
    pub(super) fn record(&mut self, most_secs: u32) -> u32 {
        let fits = |input: &mut SimulatedInput| matches!(input, SimulatedInput::Record(_));
        let secs = match self.0.pop_front_if(fits) {
            Some(SimulatedInput::Record(secs)) => secs,
            _ => RECORD_SECS,
        };
        secs.min(most_secs)
    }
}

fn is_keys(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_digit() || "*#".contains(c))
}

/// The keys as a carrier tells them: up to the one that ends the answer, or to the most.
fn keys(text: &str, question: &Question) -> CallerInput {
    let most = question.most_keys.map_or(usize::MAX, |most| most as usize);
    let ends = |key: &char| question.finish_on_key != Some(*key);
    CallerInput::Keys { digits: text.chars().take_while(ends).take(most).collect() }
}

/// The recording of a message of so many seconds.
pub(super) fn recorded(secs: u32) -> CallerInput {
    if secs == 0 {
        return CallerInput::Silence;
    }
    CallerInput::Recorded(RecordingReady {
        recording_id: "simulated".to_owned(),
        url: "https://recordings.example/simulated".to_owned(),
        duration_secs: Some(secs),
    })
}
