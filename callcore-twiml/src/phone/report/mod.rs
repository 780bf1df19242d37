//! What happened in a call, as it can be checked and read.

mod display;

use callcore::call::CallStatus;

use crate::{Form, Method};

/// A call from its first ring to its end. `Display` tells it line by line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The call's id.
    pub call_sid: String,
    /// Who called.
    pub from: String,
    /// Who was called.
    pub to: String,
    /// Everything that happened, in order.
    pub entries: Vec<Entry>,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When, in virtual milliseconds since the first ring.
    pub at_ms: u64,
    /// What.
    pub event: Event,
}

/// What can happen in a call.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The caller's call was answered.
    Answered,
    /// `<Gather>` began.
    Asked {
        /// Who was asked.
        party: Party,
        /// Whether keys are an answer.
        keys: bool,
        /// Whether speech is an answer.
        speech: bool,
    },
    /// The caller and somebody else could talk.
    Bridged {
        /// The callee's address, or the name of the queue or conference.
        to: String,
    },
    /// A callee was dialled. The entry stands at the time of that and tells the leg to its end.
    Dialled(Dialled),
    /// The call was over.
    Ended {
        /// How.
        status: CallStatus,
        /// How long after the answer.
        duration_secs: u64,
    },
    /// Somebody heard something.
    Heard(Heard),
    /// Somebody hung up.
    HungUp {
        /// Who.
        party: Party,
    },
    /// The caller joined a conference.
    Joined {
        /// The conference.
        name: String,
    },
    /// Two who talked were parted, or the caller who waited for somebody waits no more.
    Parted {
        /// Why.
        reason: Parting,
    },
    /// Somebody pressed a key.
    Pressed {
        /// Who.
        party: Party,
        /// The key.
        key: char,
        /// Whether anything listened.
        taken: bool,
    },
    /// The caller joined a queue.
    Queued {
        /// The queue.
        name: String,
        /// The caller's place in it, from 1.
        position: u32,
    },
    /// The carrier was told to go on with another document.
    Recalled,
    /// A recording ended.
    Recorded {
        /// Its id.
        recording_sid: String,
        /// How long it is.
        duration_secs: u64,
    },
    /// A request was made.
    Requested(Requested),
    /// Somebody spoke.
    Spoke {
        /// Who.
        party: Party,
        /// The words; none where only the time matters.
        text: String,
        /// Whether anything listened.
        taken: bool,
    },
    /// Something is wrong with what the server did.
    Warned(Warning),
}

/// Somebody on the phone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Party {
    /// Who was dialled, by their address.
    Callee(String),
    /// Who called.
    Caller,
}

/// Something that somebody heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// Who.
    pub party: Party,
    /// What.
    pub sound: Sound,
    /// How it was spoken, where it is a text.
    pub manner: Manner,
    /// How often in a row, unless it was cut.
    pub times: u64,
    /// Whether something ended it early.
    pub cut: bool,
}

/// How a text was spoken, as far as its document says so. `Display` tells it in parentheses, and
/// nothing where the document says nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manner {
    /// The voice, such as `Polly.Joanna`.
    pub voice: Option<String>,
    /// The language, such as `en-US`.
    pub language: Option<String>,
    /// The speed, in percent of the voice's own.
    pub rate_percent: Option<u32>,
}

/// Something that can be heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sound {
    /// The beep before a recording.
    Beep,
    /// A sound file, by its absolute URL.
    File(String),
    /// The sounds of keys.
    Keys(String),
    /// Twilio's own music for queues and conferences.
    Music,
    /// Spoken text.
    Text(String),
}

/// A leg to a callee.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dialled {
    /// The leg's own call id.
    pub call_sid: String,
    /// The number or address that was dialled.
    pub to: String,
    /// The number that the callee saw.
    pub from: String,
    /// How it ended, or `ringing`, or `in-progress`.
    pub status: CallStatus,
    /// How long it rang, if it was answered.
    pub answered_after_ms: Option<u64>,
    /// How long it lasted after the answer.
    pub talked_ms: u64,
    /// Whether the caller and the callee were connected.
    pub bridged: bool,
}

/// Why two who talked were parted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parting {
    /// The callee, or the agent, hung up.
    Callee,
    /// The caller hung up.
    Caller,
    /// The caller pressed `*`, which `hangupOnStar` allows.
    Star,
    /// `timeLimit` was over.
    TimeLimit,
}

/// One try of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requested {
    /// What for.
    pub purpose: Purpose,
    /// Its method.
    pub method: Method,
    /// Its URL without fragment, and without the parameters that a `GET` adds.
    pub url: String,
    /// Every parameter, wherever it was sent.
    pub parameters: Form,
    /// How many of [`Requested::parameters`] every request of the call has.
    pub(super) standard: usize,
    /// The idempotency token, which all tries of a request share.
    pub token: String,
    /// What came back.
    pub outcome: Outcome,
}

/// What came back for a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing; this is why.
    Failed(String),
    /// An answer with this status.
    Status(u16),
}

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The status of the whole call.
    CallStatus,
    /// What to do after `<Dial>`.
    Dial,
    /// What to do after `<Enqueue>`.
    Enqueue,
    /// What to do instead of something that failed.
    Fallback,
    /// What to do with the answer to `<Gather>`.
    Gather,
    /// The status of a dialled leg.
    LegStatus,
    /// Speech before it is complete.
    PartialResult,
    /// What to do with a caller who was taken out of a conference.
    Recall,
    /// What to do after `<Record>`.
    Record,
    /// The status of a recording.
    RecordingStatus,
    /// Where `<Redirect>` leads.
    Redirect,
    /// A sound file.
    Sound,
    /// What was said in a recording.
    Transcription,
    /// What to do with a call that comes in.
    Voice,
    /// What to do while somebody waits in a queue or conference.
    Wait,
    /// What to tell a callee before the two are connected.
    Whisper,
}

impl Purpose {
    /// Whether the answer is TwiML that the call goes on with.
    #[must_use]
    pub const fn is_control(self) -> bool {
        match self {
            Self::CallStatus
            | Self::LegStatus
            | Self::PartialResult
            | Self::RecordingStatus
            | Self::Sound
            | Self::Transcription => false,
            Self::Dial
            | Self::Enqueue
            | Self::Fallback
            | Self::Gather
            | Self::Recall
            | Self::Record
            | Self::Redirect
            | Self::Voice
            | Self::Wait
            | Self::Whisper => true,
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::CallStatus => "call status",
            Self::Dial => "after Dial",
            Self::Enqueue => "after Enqueue",
            Self::Fallback => "fallback",
            Self::Gather => "after Gather",
            Self::LegStatus => "leg status",
            Self::PartialResult => "partial result",
            Self::Recall => "recall",
            Self::Record => "after Record",
            Self::RecordingStatus => "recording status",
            Self::Redirect => "Redirect",
            Self::Sound => "sound",
            Self::Transcription => "transcription",
            Self::Voice => "voice",
            Self::Wait => "wait",
            Self::Whisper => "whisper",
        }
    }
}

/// Something that the developer of the server should look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// Twilio's code for it, as <https://www.twilio.com/docs/api/errors> lists them, if it has one.
    pub code: Option<u32>,
    /// What is wrong, for people.
    pub message: String,
}

impl Requested {
    /// The parameters that this request has beyond those that every request of the call has.
    pub fn details(&self) -> impl Iterator<Item = (&str, &str)> {
        self.parameters.iter().skip(self.standard)
    }

    /// The first value of a parameter.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.get(name)
    }
}

impl Report {
    /// How the call ended.
    #[must_use]
    pub fn status(&self) -> Option<CallStatus> {
        self.entries.iter().rev().find_map(|entry| match entry.event {
            Event::Ended { status, .. } => Some(status),
            _ => None,
        })
    }

    /// When the call ended, in milliseconds since the first ring.
    #[must_use]
    pub fn ended_ms(&self) -> Option<u64> {
        let ended = |entry: &&Entry| matches!(entry.event, Event::Ended { .. });
        self.entries.iter().rev().find(ended).map(|entry| entry.at_ms)
    }

    /// The texts that the caller heard, cut or not.
    pub fn heard(&self) -> impl Iterator<Item = &str> {
        self.sounds().filter_map(|heard| match (&heard.party, &heard.sound) {
            (Party::Caller, Sound::Text(text)) => Some(text.as_str()),
            _ => None,
        })
    }

    /// Everything that anybody heard.
    pub fn sounds(&self) -> impl Iterator<Item = &Heard> {
        self.events().filter_map(|event| match event {
            Event::Heard(heard) => Some(heard),
            _ => None,
        })
    }

    /// The legs that were dialled.
    pub fn dialled(&self) -> impl Iterator<Item = &Dialled> {
        self.events().filter_map(|event| match event {
            Event::Dialled(dialled) => Some(dialled),
            _ => None,
        })
    }

    /// Every try of every request.
    pub fn requests(&self) -> impl Iterator<Item = &Requested> {
        self.events().filter_map(|event| match event {
            Event::Requested(requested) => Some(requested),
            _ => None,
        })
    }

    /// The requests for one purpose.
    pub fn requests_for(&self, purpose: Purpose) -> impl Iterator<Item = &Requested> {
        self.requests().filter(move |requested| requested.purpose == purpose)
    }

    /// What the developer of the server should look at.
    pub fn warnings(&self) -> impl Iterator<Item = &Warning> {
        self.events().filter_map(|event| match event {
            Event::Warned(warning) => Some(warning),
            _ => None,
        })
    }

    /// What happened, without the times.
    pub fn events(&self) -> impl Iterator<Item = &Event> {
        self.entries.iter().map(|entry| &entry.event)
    }
}
