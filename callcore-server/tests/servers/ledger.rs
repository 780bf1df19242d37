//! What the carrier saw, which is what the servers are held to.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use callcore::call::{DialOutcome, Event, EventKind, LegStatus, StepKey};
use callcore::port::HttpResponse;
use callcore::vocabulary::CallId;
use callcore_twiml::render::FALLBACK_TWIML;
use callcore_twiml::{DialTarget, Noun, Response, Verb};

use crate::holds::Hold;
use crate::world::place;

/// What an answer says about its step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answered {
    /// The step is handled, and stays so.
    Acknowledged,
    /// The server could not, and says so to the carrier or to the caller.
    Excused,
}

#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// The answer to every step that was acknowledged.
    pub(crate) acknowledged: BTreeMap<(CallId, StepKey), Vec<u8>>,
    /// Steps that an excuse was the last answer to.
    pub(crate) excused: BTreeSet<(CallId, StepKey)>,
    /// How often there was an excuse, also where a repetition was acknowledged.
    pub(crate) excuses: u32,
    /// The dials that the carrier knows of, by call and attempt.
    pub(crate) holds: BTreeMap<(CallId, u32), Hold>,
    /// Requests that found nobody.
    pub(crate) unreached: u32,
    /// Exchanges that broke off after they were sent.
    pub(crate) lost: u32,
    /// How many answers there were.
    pub(crate) answers: u32,
    /// The slowest answer.
    pub(crate) slowest: Duration,
    /// What must not happen.
    pub(crate) faults: Vec<String>,
}

#[derive(Debug)]
pub(crate) struct Ledger {
    begun: Instant,
    seen: Mutex<Seen>,
}

impl Ledger {
    pub(crate) fn open() -> Self {
        Self { begun: Instant::now(), seen: Mutex::default() }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().expect("nothing panics with the lock")
    }

    /// Takes what was seen, once nothing more is.
    pub(crate) fn close(&self) -> Seen {
        std::mem::take(&mut *self.seen())
    }

    pub(crate) fn faults(&self, fault: String) {
        self.seen().faults.push(fault);
    }

    pub(crate) fn reaches_nobody(&self) {
        self.seen().unreached += 1;
    }

    pub(crate) fn loses(&self) {
        self.seen().lost += 1;
    }

    /// A request goes out. With the result of a dial, or the end of the call, the dial is over.
    pub(crate) fn sends(&self, event: &Event) {
        let call = event.carrier_call.id();
        let attempts = match &event.kind {
            EventKind::DialResult(result) => result.attempt..=result.attempt,
            EventKind::Progress(progress) if progress.status.is_final() => 0..=u32::MAX,
            _ => return,
        };
        let now = self.begun.elapsed();
        let ended = (call, *attempts.start())..=(call, *attempts.end());
        for (_, hold) in self.seen().holds.range_mut(ended) {
            hold.until.get_or_insert(now);
        }
    }

    /// An answer came. Every further one that acknowledges the same step is the same, byte for byte.
    pub(crate) fn answered(
        &self,
        event: &Event,
        answer: &HttpResponse,
        elapsed: Duration,
    ) -> Answered {
        let (call, step) = (event.carrier_call.id(), event.step());
        let body = String::from_utf8_lossy(&answer.body);
        let said = match (event.wants_directives(), answer.status) {
            (true, 200) if body == FALLBACK_TWIML => Answered::Excused,
            (true, 200) | (false, 204) => Answered::Acknowledged,
            (false, 503) => Answered::Excused,
            (_, status) => {
                self.faults(format!("{call} {step} is answered with {status}: {body}"));
                Answered::Excused
            }
        };
        let mut seen = self.seen();
        seen.answers += 1;
        seen.slowest = seen.slowest.max(elapsed);
        let key = (call, step);
        if said == Answered::Excused {
            seen.excuses += 1;
            if !seen.acknowledged.contains_key(&key) {
                seen.excused.insert(key);
            }
            return said;
        }
        seen.excused.remove(&key);
        if let Some(first) = seen.acknowledged.get(&key) {
            if *first != answer.body {
                let first = String::from_utf8_lossy(first);
                let fault = format!("{call} {} is answered twice: {first} {body}", key.1);
                seen.faults.push(fault);
            }
            return said;
        }
        seen.acknowledged.insert(key, answer.body.clone());
        seen.learns_of_conversation(event);
        if event.wants_directives() {
            seen.follows(event, &body, self.begun.elapsed());
        }
        said
    }
}

impl Seen {
    /// Calls of which the servers were not told everything.
    pub(crate) fn excused_calls(&self) -> BTreeSet<CallId> {
        self.excused.iter().map(|(call, _)| *call).collect()
    }

    fn learns_of_conversation(&mut self, event: &Event) {
        let attempt = match &event.kind {
            EventKind::LegProgress(leg) if leg.status == LegStatus::Answered => leg.attempt,
            EventKind::DialResult(result) if result.outcome == DialOutcome::Answered => {
                result.attempt
            }
            _ => return,
        };
        let call = event.carrier_call.id();
        match self.holds.get_mut(&(call, attempt)) {
            Some(hold) => hold.connected = true,
            None => self.faults.push(format!("{call} rang nobody, and somebody answered")),
        }
    }

    /// The carrier does what an answer says: perhaps it rings somebody.
    fn follows(&mut self, event: &Event, body: &str, now: Duration) {
        let call = event.carrier_call.id();
        let response = match Response::parse(body) {
            Ok(response) => response,
            Err(error) => return self.faults.push(format!("{call} is answered {body}: {error}")),
        };
        let Some(Verb::Dial(dial)) = response.verbs.first() else { return };
        let rung = match &dial.target {
            DialTarget::Nouns(nouns) => match nouns.as_slice() {
                [Noun::Number(number)] => place(&number.phone_number),
                _ => None,
            },
            DialTarget::Number(_) => None,
        };
        let Some(buyer) = rung else {
            return self.faults.push(format!("{call} shall ring nobody we know: {body}"));
        };
        let attempt = match &event.kind {
            EventKind::DialResult(result) => result.attempt + 1,
            _ => 1,
        };
        let hold = Hold { buyer, from: now, until: None, connected: false };
        self.holds.insert((call, attempt), hold);
    }
}
