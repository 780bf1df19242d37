//! One person's end of a call.

use std::collections::VecDeque;

use callcore::call::CallStatus;

use super::limits::KEY_INTERVAL_MS;
use super::report::Party;
use super::script::{Input, Speech};

/// One call leg, with the person on its far end.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) sid: String,
    /// The call that it was dialled for; none is the caller's own.
    pub(super) parent: Option<String>,
    pub(super) from: String,
    pub(super) to: String,
    pub(super) answered_ms: Option<u64>,
    pub(super) ended: Option<Ended>,
    pub(super) person: Person,
}

/// How and when a leg ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ended {
    pub(super) at_ms: u64,
    pub(super) status: CallStatus,
}

impl Line {
    pub(super) fn status(&self) -> CallStatus {
        match (self.ended, self.answered_ms) {
            (Some(ended), _) => ended.status,
            (None, Some(_)) => CallStatus::InProgress,
            (None, None) => CallStatus::Ringing,
        }
    }

    /// How long it lasted after the answer.
    pub(super) fn talked_ms(&self) -> u64 {
        match (self.answered_ms, self.ended) {
            (Some(answered_ms), Some(ended)) => ended.at_ms.saturating_sub(answered_ms),
            _ => 0,
        }
    }

    pub(super) fn party(&self) -> Party {
        match self.parent {
            Some(_) => Party::Callee(self.to.clone()),
            None => Party::Caller,
        }
    }
}

/// Milliseconds as the seconds that are billed and reported.
pub(super) fn whole_seconds(milliseconds: u64) -> u64 {
    milliseconds.div_ceil(1000)
}

/// What somebody is going to do.
#[derive(Debug, Default)]
pub(super) struct Person {
    /// In the order of their times.
    timed: VecDeque<(u64, Signal)>,
    /// What they answer to questions, in order.
    answers: VecDeque<Input>,
    /// Keys that were pressed before anything listened.
    early_keys: Vec<char>,
}

/// Something that arrives on a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Signal {
    HungUp,
    Key(char),
    /// Speech that begins now.
    Speech(Speech),
}

impl Person {
    pub(super) fn answering(inputs: impl IntoIterator<Item = Input>) -> Self {
        Self { answers: inputs.into_iter().collect(), ..Self::default() }
    }

    /// Plans something for a time, after what is planned for the same time already.
    pub(super) fn plan(&mut self, at_ms: u64, input: Input) {
        match input {
            Input::HangUp => self.insert(at_ms, Signal::HungUp),
            Input::Keys(keys) => {
                let times = (0..).map(|nth: u64| at_ms.saturating_add(nth * KEY_INTERVAL_MS));
                for (key, at_ms) in keys.chars().zip(times) {
                    self.insert(at_ms, Signal::Key(key));
                }
            }
            Input::Silence => {}
            Input::Speech(speech) => self.insert(at_ms, Signal::Speech(speech)),
        }
    }

    fn insert(&mut self, at_ms: u64, signal: Signal) {
        let index = self.timed.partition_point(|(planned_ms, _)| *planned_ms <= at_ms);
        self.timed.insert(index, (at_ms, signal));
    }

    /// Plans the answer to a question that is heard at this time.
    pub(super) fn ask(&mut self, at_ms: u64) {
        if let Some(input) = self.answers.pop_front() {
            self.plan(at_ms, input);
        }
    }

    pub(super) fn unasked(&self) -> usize {
        self.answers.len()
    }

    pub(super) fn next_ms(&self) -> Option<u64> {
        self.timed.front().map(|(at_ms, _)| *at_ms)
    }

    pub(super) fn next(&mut self) -> Option<Signal> {
        self.timed.pop_front().map(|(_, signal)| signal)
    }

    pub(super) fn keep_key(&mut self, key: char) {
        self.early_keys.push(key);
    }

    /// Lets the keys that were kept arrive now.
    pub(super) fn release_keys(&mut self, now_ms: u64) {
        for (nth, key) in std::mem::take(&mut self.early_keys).into_iter().enumerate() {
            self.timed.insert(nth, (now_ms, Signal::Key(key)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_planned_comes_in_order() {
        let mut person = Person::answering([Input::Silence, Input::keys("9")]);
        person.plan(1000, Input::keys("12"));
        person.plan(1100, Input::HangUp);
        person.ask(0);
        assert_eq!(person.next_ms(), Some(1000));
        person.ask(1000);
        assert_eq!(person.unasked(), 0);
        let mut signals = Vec::new();
        while let (Some(at_ms), Some(signal)) = (person.next_ms(), person.next()) {
            signals.push((at_ms, signal));
        }
        let expected = [
            (1000, Signal::Key('1')),
            (1000, Signal::Key('9')),
            (1100, Signal::HungUp),
            (1250, Signal::Key('2')),
        ];
        assert_eq!(signals, expected);
    }

    #[test]
    fn kept_keys_come_first() {
        let mut person = Person::default();
        person.plan(5, Input::keys("3"));
        person.keep_key('1');
        person.keep_key('2');
        person.release_keys(5);
        let keys: Vec<_> = std::iter::from_fn(|| person.next()).collect();
        assert_eq!(keys, [Signal::Key('1'), Signal::Key('2'), Signal::Key('3')]);
    }
}
