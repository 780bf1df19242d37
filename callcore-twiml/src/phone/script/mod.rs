//! What the people do whom a call meets: the caller, the callees and the agents of queues.

mod text;

use super::limits::{SAY_MS_PER_CHARACTER, TALK_MS};

/// What everybody does in a call.
///
/// It can be put together from values, or read from words, one act per line:
///
/// ```text
/// # Lines like this one are comments.
/// digits 1                      answers the next question, half a second after it
/// say sales                     speech as an answer
/// say sales with confidence 0.5
/// talk 9s                       speech without words, for recordings
/// silence                       leaves the next question unanswered
/// at 3s digits 12#              at a time, counted from the first ring
/// at 2s talk 9s
/// hang up at 10s
/// hang up                       instead of answering the next question
///
/// callee +15550100001 answers after 3s talks 20s
/// callee +15550100001 answers after 3s presses 1 says yes hangs up
/// callee +15550100002 busy
/// callee +15550100003 no answer
/// callee +15550100004 fails after 2s
/// callee * answers after 1s     everybody else
///
/// queue sales holds 3           three callers wait there already
/// queue sales answers after 30s talks 20s
/// queue * answers after 5s      every other queue
///
/// conference room joined after 8s talks 30s
/// conference * recalled after 25s to /next
/// conference * stays empty
/// ```
///
/// Times are in `s`, with up to three decimals, `ms` or `m`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    /// What the caller does, in the order in which questions are answered.
    pub acts: Vec<Act>,
    /// What callees do. The first entry for an address is for its first call, and so on; the last
    /// one stays. Whom nobody mentions does not answer.
    pub callees: Vec<Callee>,
    /// What happens in queues. A queue that nobody mentions is empty and stays unattended.
    pub queues: Vec<Queue>,
    /// What happens in conferences. The first entry for a name is for the caller's first visit, and
    /// so on; the last one stays. To a conference that nobody mentions nobody comes.
    pub conferences: Vec<Conference>,
}

/// Something that the caller does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act {
    /// When, in milliseconds since the first ring; none is as an answer to the next question.
    pub at_ms: Option<u64>,
    /// What.
    pub input: Input,
}

/// What a person on the phone can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// Hangs up.
    HangUp,
    /// Presses keys, of `0-9`, `A-D`, `#` and `*`, a quarter of a second apart.
    Keys(String),
    /// Does nothing, which leaves a question unanswered.
    Silence,
    /// Speaks.
    Speech(Speech),
}

/// Something that a person says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Speech {
    /// The words, as they are recognised.
    pub text: String,
    /// How sure the recognition is, in percent; none leaves `Confidence` out.
    pub confidence_percent: Option<u8>,
    /// How long it takes.
    pub duration_ms: u64,
}

/// What a callee does with one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Callee {
    /// The number or SIP address as it is dialled; `*` is everybody without an own entry.
    pub address: String,
    /// What happens.
    pub reaction: Reaction,
}

/// What happens where a callee's phone should ring.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reaction {
    /// Somebody answers.
    Answers {
        /// How long it rings.
        after_ms: u64,
        /// The answers to what TwiML asks before the two are connected.
        inputs: Vec<Input>,
        /// How long the two talk, unless something else ends it.
        talk_ms: u64,
    },
    /// The line is busy.
    Busy {
        /// How long it takes to find that out.
        after_ms: u64,
    },
    /// The call cannot be made.
    Fails {
        /// How long it takes to find that out.
        after_ms: u64,
    },
    /// It rings and rings.
    NoAnswer,
}

/// A queue as the caller finds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queue {
    /// The queue's name, or the SID of a workflow; `*` is every queue without an own entry.
    pub name: String,
    /// How many callers wait there already.
    pub waiting: u32,
    /// When an agent takes the caller; none is never.
    pub agent: Option<Agent>,
}

/// An agent who takes callers out of a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Agent {
    /// How long the caller waits.
    pub after_ms: u64,
    /// How long the two talk.
    pub talk_ms: u64,
}

/// What happens in a conference during one visit of the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conference {
    /// The conference's name; `*` is every conference without an own entry, and its entries are for
    /// the visits of all conferences in their order.
    pub name: String,
    /// What happens.
    pub turn: Turn,
}

/// What ends the caller's waiting in a conference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Somebody joins, and the two talk. The other's leaving ends the conference.
    Joined {
        /// How long the caller waits.
        after_ms: u64,
        /// How long the two talk, unless something else ends it.
        talk_ms: u64,
    },
    /// The carrier is told, by REST, to go on with another document.
    Recalled {
        /// How long the caller waits.
        after_ms: u64,
        /// The document's URL, absolute or relative to the one that the caller came from; none is
        /// the `action` of the `<Dial>`.
        url: Option<String>,
    },
    /// Nobody comes.
    Empty,
}

impl Script {
    /// A caller who does nothing and callees who do not answer.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends an answer of the caller to the next question.
    #[must_use]
    pub fn then(mut self, input: Input) -> Self {
        self.acts.push(Act { at_ms: None, input });
        self
    }

    /// Appends something that the caller does at a time.
    #[must_use]
    pub fn at(mut self, at_ms: u64, input: Input) -> Self {
        self.acts.push(Act { at_ms: Some(at_ms), input });
        self
    }

    /// Appends what the callee of an address, or `*`, does with a call.
    #[must_use]
    pub fn callee(mut self, address: impl Into<String>, reaction: Reaction) -> Self {
        self.callees.push(Callee { address: address.into(), reaction });
        self
    }

    /// Appends what happens in a conference, or `*`, during one visit.
    #[must_use]
    pub fn conference(mut self, name: impl Into<String>, turn: Turn) -> Self {
        self.conferences.push(Conference { name: name.into(), turn });
        self
    }

    /// What happens to the call of this address that comes after `earlier` others.
    pub(super) fn reaction(&self, address: &str, earlier: usize) -> &Reaction {
        let own = || self.callees.iter().filter(|callee| callee.address == address);
        let others = || self.callees.iter().filter(|callee| callee.address == "*");
        let chosen = own().nth(earlier).or_else(|| own().next_back());
        let chosen = chosen.or_else(|| others().nth(earlier)).or_else(|| others().next_back());
        chosen.map_or(&Reaction::NoAnswer, |callee| &callee.reaction)
    }

    pub(super) fn queue(&self, name: &str) -> Option<&Queue> {
        let named = |wanted: &str| self.queues.iter().find(|queue| queue.name == wanted);
        named(name).or_else(|| named("*"))
    }

    /// What happens in the conference of this name, where the caller was so often before: in it, and
    /// in all conferences.
    pub(super) fn turn(&self, name: &str, earlier: usize, earlier_in_all: usize) -> &Turn {
        let nth = |wanted: &str, earlier: usize| {
            let entries = || self.conferences.iter().filter(|entry| entry.name == wanted);
            entries().nth(earlier).or_else(|| entries().next_back())
        };
        let entry = nth(name, earlier).or_else(|| nth("*", earlier_in_all));
        entry.map_or(&Turn::Empty, |entry| &entry.turn)
    }
}

impl Input {
    /// Presses keys.
    pub fn keys(keys: impl Into<String>) -> Self {
        Self::Keys(keys.into())
    }

    /// Speaks, at the speed of the phone's own voice and well understood.
    pub fn say(text: impl Into<String>) -> Self {
        let text = text.into();
        let characters = u64::try_from(text.chars().count()).unwrap_or(u64::MAX);
        let duration_ms = characters.saturating_mul(SAY_MS_PER_CHARACTER);
        Self::Speech(Speech { text, confidence_percent: Some(90), duration_ms })
    }

    /// Speaks for a time, whatever it is.
    #[must_use]
    pub fn talk(duration_ms: u64) -> Self {
        Self::Speech(Speech { text: String::new(), confidence_percent: None, duration_ms })
    }
}

impl Reaction {
    /// Answers after a time and talks for a minute.
    #[must_use]
    pub fn answers(after_ms: u64) -> Self {
        Self::Answers { after_ms, inputs: Vec::new(), talk_ms: TALK_MS }
    }

    /// Answers after a time and talks for another.
    #[must_use]
    pub fn talks(after_ms: u64, talk_ms: u64) -> Self {
        Self::Answers { after_ms, inputs: Vec::new(), talk_ms }
    }
}

pub use text::{ScriptError, ScriptErrorKind};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callees_react_to_their_calls_in_order_and_then_as_before() {
        let busy = Reaction::Busy { after_ms: 1 };
        let script = Script::new()
            .callee("*", Reaction::answers(9))
            .callee("+1", busy.clone())
            .callee("+1", Reaction::answers(2));
        assert_eq!(script.reaction("+1", 0), &busy);
        assert_eq!(script.reaction("+1", 1), &Reaction::answers(2));
        assert_eq!(script.reaction("+1", 7), &Reaction::answers(2));
        assert_eq!(script.reaction("+2", 3), &Reaction::answers(9));
        assert_eq!(Script::new().reaction("+2", 0), &Reaction::NoAnswer);
    }
}
