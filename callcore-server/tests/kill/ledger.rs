//! What the carrier saw, which is what the server is held to: not one of its own counters.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard};

use callcore::call::{Event, EventKind, LegStatus, StepKey};
use callcore::port::HttpRequest;
use callcore::vocabulary::CallId;
use callcore_twiml::render::FALLBACK_TWIML;
use callcore_twiml::{DialTarget, Noun, Response, Verb};
use chrono::{DateTime, Utc};

use crate::world::{BUYERS, LEG, place};

/// An answer that reached the carrier.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) request: HttpRequest,
    pub(crate) body: Vec<u8>,
    /// When the try went out that was answered.
    pub(crate) sent_at: DateTime<Utc>,
}

/// A buyer's phone that rings or talks, as far as the carrier knows.
#[derive(Debug)]
struct Leg {
    call: CallId,
    buyer: usize,
    /// The carrier ends it by itself then.
    until: DateTime<Utc>,
}

#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// The answer to every request that got one.
    pub(crate) answers: BTreeMap<(CallId, StepKey), Answer>,
    /// How many legs of each buyer lived at once.
    pub(crate) most: [u32; BUYERS.len()],
    /// Which calls each buyer answered.
    pub(crate) connected: [BTreeSet<CallId>; BUYERS.len()],
    /// Silent calls whose last request was sent, and whose answer nobody waited for.
    pub(crate) cut: BTreeSet<CallId>,
    /// Exchanges that broke off after they were sent.
    pub(crate) lost: u32,
    /// What must not happen.
    pub(crate) faults: Vec<String>,
    legs: Vec<Leg>,
    /// Whom each dial of a call rings.
    rung: BTreeMap<(CallId, u32), usize>,
}

#[derive(Debug, Default)]
pub(crate) struct Ledger(Mutex<Seen>);

impl Ledger {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().expect("nothing panics with the lock")
    }

    /// Takes what was seen, once nothing more is.
    pub(crate) fn close(&self) -> Seen {
        std::mem::take(&mut *self.seen())
    }

    pub(crate) fn answers(&self) -> Vec<((CallId, StepKey), Answer)> {
        let seen = self.seen();
        seen.answers.iter().map(|(key, answer)| (key.clone(), answer.clone())).collect()
    }

    /// Something happened at the carrier, whether or not anybody is told.
    pub(crate) fn happened(&self, event: &Event) {
        let call = event.carrier_call.id();
        if let EventKind::LegProgress(leg) = &event.kind
            && leg.status == LegStatus::Answered
        {
            let mut seen = self.seen();
            match seen.rung.get(&(call, leg.attempt)).copied() {
                Some(buyer) => {
                    seen.connected[buyer].insert(call);
                }
                None => seen.faults.push(format!("{call} rang nobody, and somebody answered")),
            }
        }
    }

    /// A request goes out. With the result of a dial, or the end of the call, the leg is over.
    pub(crate) fn sends(&self, event: &Event) {
        let is_over = match &event.kind {
            EventKind::DialResult(_) | EventKind::FlowStep(_) => true,
            EventKind::Progress(progress) => progress.status.is_final(),
            EventKind::Incoming(_)
            | EventKind::LegProgress(_)
            | EventKind::Recording(_)
            | EventKind::Transcription(_)
            | EventKind::TargetReport(_) => false,
        };
        if is_over {
            let call = event.carrier_call.id();
            self.seen().legs.retain(|leg| leg.call != call);
        }
    }

    pub(crate) fn loses(&self) {
        self.seen().lost += 1;
    }

    pub(crate) fn cuts(&self, call: CallId) {
        self.seen().cut.insert(call);
    }

    pub(crate) fn faults(&self, fault: String) {
        self.seen().faults.push(fault);
    }

    /// An answer came. Every further one to the same request is the same, byte for byte.
    pub(crate) fn answered(&self, event: &Event, answer: Answer) {
        let (call, step) = (event.carrier_call.id(), event.step());
        if answer.body == FALLBACK_TWIML.as_bytes() {
            self.faults(format!("{call} {step} is answered by the fallback"));
        }
        let key = (call, step);
        let mut seen = self.seen();
        if let Some(first) = seen.answers.get(&key) {
            if first.body != answer.body {
                let [first, second] =
                    [&first.body, &answer.body].map(|body| String::from_utf8_lossy(body));
                let fault = format!("{call} {} is answered twice: {first} {second}", key.1);
                seen.faults.push(fault);
            }
            return;
        }
        let body = String::from_utf8_lossy(&answer.body).into_owned();
        seen.answers.insert(key, answer);
        if event.wants_directives() {
            seen.follow(event, &body);
        }
    }
}

impl Seen {
    /// The carrier does what an answer says: perhaps it rings somebody.
    fn follow(&mut self, event: &Event, body: &str) {
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
        let now = Utc::now();
        self.rung.insert((call, attempt), buyer);
        self.legs.retain(|leg| leg.until > now);
        self.legs.push(Leg { call, buyer, until: now + LEG });
        let alive = self.legs.iter().filter(|leg| leg.buyer == buyer).count();
        let alive = u32::try_from(alive).expect("there are few calls");
        self.most[buyer] = self.most[buyer].max(alive);
        let cap = BUYERS[buyer].concurrent;
        if alive > cap {
            self.faults.push(format!("{alive} calls at once under a cap of {cap}: {call}"));
        }
    }
}
