//! Whether the phone and the server tell the same story of a call.
//!
//! Both sides are written down in the same words, the phone's from its report alone and the server's
//! from its journey alone, and then compared.

use std::collections::BTreeSet;
use std::fmt::Debug;

use callcore::call::{Attempt, CallStatus, Dial, DialOutcome, Directive};
use callcore::port::Journey;
use callcore_twiml::phone::limits::APPLICATION_ERROR;
use callcore_twiml::phone::{Dialled, Event, Outcome, Party, Purpose, Report, Requested};

/// Where the phone's report of a call and the server's journey of it differ: the requests and their
/// facts, the dials, what was heard, the recording and the end. Empty is that they agree.
///
/// Webhooks that never arrived are known to the phone only, so what they would have told is not
/// expected of the server.
pub fn differences(report: &Report, journey: Option<&Journey>) -> Vec<String> {
    let Some(journey) = journey else {
        let dials = report.dialled().count();
        let message = format!("{dials} dials, and the server knows nothing of the call");
        return if dials == 0 { Vec::new() } else { vec![message] };
    };
    let phone = PhoneSide::new(report);
    let server = ServerSide { journey, hung_up_ms: hung_up_ms(report) };
    let mut differences = Vec::new();
    compare(&mut differences, "requests", &phone.steps, &server.steps());
    compare(&mut differences, "dials", &phone.dials(), &server.dials());
    compare(&mut differences, "what was heard", &phone.heard(), &server.heard());
    compare(&mut differences, "recording", &phone.recording(), &server.recording(&phone));
    compare(&mut differences, "end", &phone.end(), &server.end(&phone));
    compare(&mut differences, "attempts", &server.ordered(), &server.attempts());
    for (dialled, attempt) in report.dialled().zip(&journey.call.attempts) {
        differences.extend(phone.answer_differs(dialled, attempt, &server));
    }
    differences
}

fn compare<T: Debug + PartialEq>(differences: &mut Vec<String>, what: &str, phone: &T, server: &T) {
    if phone != server {
        differences
            .push(format!("{what}:\n  the phone says  {phone:?}\n  the server says {server:?}"));
    }
}

/// From when on nothing more is carried out, because the caller is gone.
fn hung_up_ms(report: &Report) -> i64 {
    let caller = Event::HungUp { party: Party::Caller };
    let hung_up = report.entries.iter().find(|entry| entry.event == caller);
    hung_up.map_or(i64::MAX, |entry| milliseconds(entry.at_ms))
}

fn milliseconds(at_ms: u64) -> i64 {
    i64::try_from(at_ms).unwrap_or(i64::MAX)
}

struct PhoneSide<'a> {
    report: &'a Report,
    /// The requests that arrived, each once, with their times.
    steps: Vec<(i64, String)>,
}

impl<'a> PhoneSide<'a> {
    fn new(report: &'a Report) -> Self {
        let (mut steps, mut dials) = (Vec::new(), BTreeSet::new());
        let mut known = BTreeSet::new();
        for entry in &report.entries {
            let Event::Requested(requested) = &entry.event else { continue };
            if requested.purpose == Purpose::Dial {
                dials.insert(&requested.token);
            }
            let step = step(report, requested, dials.len());
            if arrived(requested) && known.insert(step.clone()) {
                steps.push((milliseconds(entry.at_ms), step));
            }
        }
        Self { report, steps }
    }

    fn told(&self, step: &str) -> bool {
        self.steps.iter().any(|(_, told)| told == step)
    }

    fn dials(&self) -> Vec<String> {
        let dialled = self.report.entries.iter().filter_map(|entry| match &entry.event {
            Event::Dialled(dialled) => Some((entry.at_ms, dialled)),
            _ => None,
        });
        let lines = (1..).zip(dialled).map(|(attempt, (at_ms, dialled))| {
            let Dialled { to, from, .. } = dialled;
            let end = if self.told(&format!("dial/{attempt}")) {
                let talked = talk_secs(dialled);
                format!("{:?}, {talked:?} s, {}", outcome(dialled), dialled.call_sid)
            } else {
                "not told".to_owned()
            };
            format!("{at_ms} ms: {from} to {to}: {end}")
        });
        lines.collect()
    }

    /// Without the carrier's own apology, which follows a request that did not arrive.
    fn heard(&self) -> Vec<String> {
        let lost = self.report.requests().any(|one| one.purpose.is_control() && !arrived(one));
        let heard = self.report.heard().filter(|text| !lost || *text != APPLICATION_ERROR);
        heard.map(str::to_owned).collect()
    }

    fn recording(&self) -> Option<(String, u64)> {
        let recorded = self.report.events().filter_map(|event| match event {
            Event::Recorded { recording_sid, duration_secs } => {
                Some((recording_sid.clone(), *duration_secs))
            }
            _ => None,
        });
        recorded.last().filter(|(sid, _)| self.told(&format!("recording/{sid}")))
    }

    /// How the call ended, if the server was told.
    fn end(&self) -> Option<(CallStatus, Option<u64>)> {
        let status = self.report.status()?;
        let duration = self.report.events().find_map(|event| match event {
            Event::Ended { duration_secs, .. } => Some(*duration_secs),
            _ => None,
        });
        if self.told(&format!("status/{status}")) {
            return Some((status, duration));
        }
        let mut told = self.report.requests_for(Purpose::Dial).filter(|one| arrived(one));
        let by_dial = told.any(|one| one.parameter("CallStatus") == Some(status.name()));
        by_dial.then_some((status, None))
    }

    /// A server that knows only how long the two talked is right to a second.
    fn answer_differs(
        &self,
        dialled: &Dialled,
        attempt: &Attempt,
        server: &ServerSide<'_>,
    ) -> Option<String> {
        let told = self.told(&format!("dial/{}", attempt.attempt));
        let answered = told.then_some(attempt.answered_at).flatten();
        let by_server = answered.map(|at| server.after_ms(at));
        let at_ms = server.after_ms(attempt.dialled_at);
        let by_phone =
            dialled.answered_after_ms.filter(|_| told).map(|ms| at_ms + milliseconds(ms));
        match (by_phone, by_server) {
            (Some(phone), Some(server)) if (phone - server).abs() <= 1000 => None,
            (None, None) => None,
            _ => {
                Some(format!("answered: the phone says {by_phone:?} ms, the server {by_server:?}"))
            }
        }
    }
}

fn arrived(requested: &Requested) -> bool {
    matches!(requested.outcome, Outcome::Status(200..=299))
}

/// The key of the fact that a request should have.
fn step(report: &Report, requested: &Requested, dials: usize) -> String {
    let parameter = |name| requested.parameter(name).unwrap_or("?");
    match requested.purpose {
        Purpose::Voice => "voice".to_owned(),
        Purpose::Dial => format!("dial/{dials}"),
        Purpose::CallStatus => format!("status/{}", parameter("CallStatus")),
        Purpose::LegStatus => {
            let sid = parameter("CallSid");
            let leg = report.dialled().position(|dialled| dialled.call_sid == sid);
            let status = match parameter("CallStatus") {
                "ringing" => "ringing",
                "in-progress" => "answered",
                _ => "ended",
            };
            format!("leg/{}/{sid}/{status}", leg.map_or(0, |leg| leg + 1))
        }
        Purpose::RecordingStatus => format!("recording/{}", parameter("RecordingSid")),
        other => format!("{other:?}"),
    }
}

fn outcome(dialled: &Dialled) -> Option<DialOutcome> {
    match dialled.status {
        CallStatus::Completed if dialled.bridged => Some(DialOutcome::Answered),
        CallStatus::Completed | CallStatus::NoAnswer => Some(DialOutcome::NoAnswer),
        CallStatus::Busy => Some(DialOutcome::Busy),
        CallStatus::Failed => Some(DialOutcome::Failed),
        CallStatus::Canceled => Some(DialOutcome::Canceled),
        CallStatus::Queued | CallStatus::Ringing | CallStatus::InProgress => None,
    }
}

fn talk_secs(dialled: &Dialled) -> Option<u64> {
    dialled.bridged.then(|| dialled.talked_ms.div_ceil(1000))
}

struct ServerSide<'a> {
    journey: &'a Journey,
    hung_up_ms: i64,
}

impl<'a> ServerSide<'a> {
    fn after_ms(&self, at: chrono::DateTime<chrono::Utc>) -> i64 {
        (at - self.journey.call.started_at).num_milliseconds()
    }

    fn steps(&self) -> Vec<(i64, String)> {
        let facts = self.journey.facts.iter();
        facts.map(|fact| (self.after_ms(fact.at), fact.step.to_string())).collect()
    }

    /// What the phone was told to do while the caller was there.
    fn carried_out(&self) -> impl Iterator<Item = &'a Directive> {
        let facts = self.journey.facts.iter();
        facts
            .filter(|fact| self.after_ms(fact.at) < self.hung_up_ms)
            .flat_map(|fact| &fact.directives)
    }

    fn dials(&self) -> Vec<String> {
        let call = &self.journey.call;
        let line = |(dial, attempt): (&Dial, &Attempt)| {
            let end = match &attempt.outcome {
                Some(outcome) => format!(
                    "{:?}, {:?} s, {}",
                    Some(outcome),
                    attempt.talk_secs,
                    attempt.leg.as_deref().unwrap_or("no leg")
                ),
                None => "not told".to_owned(),
            };
            let from = dial.caller_id.as_deref().unwrap_or(&call.caller.address);
            let at_ms = self.after_ms(attempt.dialled_at);
            format!("{at_ms} ms: {from} to {}: {end}", attempt.destination)
        };
        dials(self.carried_out()).zip(&call.attempts).map(line).collect()
    }

    fn heard(&self) -> Vec<String> {
        let says = self.carried_out().filter_map(|directive| match directive {
            Directive::Say { text } => Some(text.clone()),
            Directive::Dial(_) | Directive::Hangup => None,
        });
        says.collect()
    }

    fn recording(&self, phone: &PhoneSide<'_>) -> Option<(String, u64)> {
        let recording = self.journey.call.recording.as_ref()?;
        let told = phone.told(&format!("recording/{}", recording.recording_id));
        let duration = u64::from(recording.duration_secs.unwrap_or(0));
        told.then(|| (recording.recording_id.clone(), duration))
    }

    fn end(&self, phone: &PhoneSide<'_>) -> Option<(CallStatus, Option<u64>)> {
        let call = &self.journey.call;
        let by_status = phone.told(&format!("status/{}", call.status));
        let duration = call.duration_secs.filter(|_| by_status).map(u64::from);
        call.is_over().then_some((call.status, duration))
    }

    /// The dials that were ordered, whether the caller was still there or not.
    fn ordered(&self) -> Vec<(u32, String)> {
        let directives = self.journey.facts.iter().flat_map(|fact| &fact.directives);
        dials(directives).map(|dial| (dial.attempt, dial.destination.to_string())).collect()
    }

    fn attempts(&self) -> Vec<(u32, String)> {
        let attempts = self.journey.call.attempts.iter();
        attempts.map(|attempt| (attempt.attempt, attempt.destination.to_string())).collect()
    }
}

fn dials<'a>(directives: impl Iterator<Item = &'a Directive>) -> impl Iterator<Item = &'a Dial> {
    directives.filter_map(|directive| match directive {
        Directive::Dial(dial) => Some(dial),
        Directive::Say { .. } | Directive::Hangup => None,
    })
}
