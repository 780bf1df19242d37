//! Whether the phone and the server tell the same story of a call.
//!
//! Both sides are written down in the same words, the phone's from its report alone and the server's
//! from its journey alone, and then compared.

use std::collections::BTreeSet;
use std::fmt::Debug;

use callcore::call::{
    Attempt, AttemptTarget, CallStatus, Dial, DialOutcome, Directive, EventKind, Fact, Prompt,
};
use callcore::port::Journey;
use callcore_twiml::phone::limits::APPLICATION_ERROR;
use callcore_twiml::phone::{
    Dialled, Entry, Event, Heard, Outcome, Party, Purpose, Report, Requested, Sound,
};

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
    let mut phone = PhoneSide::new(report);
    let prompts = |fact: &Fact| fact.directives.iter().flat_map(prompts).collect();
    let prompts = journey.facts.iter().map(prompts).collect();
    let server = ServerSide { journey, hung_up_ms: hung_up_ms(report), prompts };
    phone.hide(&server);
    let mut differences = Vec::new();
    compare(&mut differences, "requests", &phone.steps, &server.steps());
    compare(&mut differences, "dials", &phone.dials(), &server.dials());
    compare(&mut differences, "what was heard", &phone.heard(), &server.heard(&phone));
    compare(&mut differences, "recording", &phone.recording(), &server.recording(&phone));
    compare(&mut differences, "end", &phone.end(), &server.end(&phone));
    compare(&mut differences, "attempts", &server.ordered(), &server.attempts());
    for (dialled, attempt) in phone.dialled().zip(server.dialled()) {
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
    /// What was heard after each request for TwiML that arrived.
    replies: Vec<Reply>,
}

/// What the caller heard of one reply.
#[derive(Debug)]
struct Reply {
    at_ms: i64,
    step: String,
    heard: Vec<String>,
    /// Whether something kept the caller from hearing the rest.
    cut: bool,
}

impl<'a> PhoneSide<'a> {
    fn new(report: &'a Report) -> Self {
        let lost = report.requests().any(|one| one.purpose.is_control() && !arrived(one));
        let mut side = Self { report, steps: Vec::new(), replies: Vec::new() };
        let (mut known, mut gone) = (BTreeSet::new(), false);
        for (index, entry) in report.entries.iter().enumerate() {
            match &entry.event {
                Event::Requested(requested) if is_told(requested) => {
                    let step = step(&report.entries[..index], report, requested);
                    let at_ms = milliseconds(entry.at_ms);
                    if arrived(requested) && known.insert(step.clone()) {
                        if requested.purpose.is_control() {
                            let step = step.clone();
                            side.replies.push(Reply { at_ms, step, heard: Vec::new(), cut: gone });
                        }
                        side.steps.push((at_ms, step));
                    }
                }
                Event::Heard(heard) if heard.party == Party::Caller => side.hears(heard, lost),
                Event::HungUp { party: Party::Caller } => {
                    gone = true;
                    side.replies.iter_mut().last().into_iter().for_each(|reply| reply.cut = true);
                }
                _ => {}
            }
        }
        side
    }

    /// Takes down what the caller hears, without the carrier's own apology, which follows a request
    /// that did not arrive, and without beeps and music.
    fn hears(&mut self, heard: &Heard, lost: bool) {
        let Some(reply) = self.replies.last_mut() else { return };
        match &heard.sound {
            Sound::Text(text) if lost && text == APPLICATION_ERROR => return,
            Sound::Text(text) | Sound::File(text) => reply.heard.push(text.clone()),
            _ => return,
        }
        reply.cut |= heard.cut;
    }

    /// What the caller had entered in confidence and heard again is hidden in the journal.
    fn hide(&mut self, server: &ServerSide<'_>) {
        for reply in &mut self.replies {
            let told = server.told_at(&reply.step);
            for (heard, told) in reply.heard.iter_mut().zip(told) {
                if is_hidden(heard, told) {
                    heard.clone_from(told);
                }
            }
        }
    }

    fn told(&self, step: &str) -> bool {
        self.steps.iter().any(|(_, told)| told == step)
    }

    /// The legs, each with the instant at which it began to ring.
    fn dialled(&self) -> impl Iterator<Item = (i64, &'a Dialled)> {
        self.report.entries.iter().filter_map(|entry| match &entry.event {
            Event::Dialled(dialled) => Some((milliseconds(entry.at_ms), dialled)),
            _ => None,
        })
    }

    fn dials(&self) -> Vec<String> {
        let dialled = self.dialled().map(|(at_ms, dialled)| (self.told_ms(at_ms), dialled));
        let numbers = numbers(&self.report.entries);
        let lines = numbers.into_iter().zip(dialled).map(|(attempt, (at_ms, dialled))| {
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

    /// When the reply came that is carried out at an instant.
    fn told_ms(&self, at_ms: i64) -> i64 {
        let before = self.replies.iter().rev().find(|reply| reply.at_ms <= at_ms);
        before.map_or(0, |reply| reply.at_ms)
    }

    fn heard(&self) -> Vec<(&str, &[String])> {
        self.replies.iter().map(|reply| (reply.step.as_str(), &reply.heard[..])).collect()
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
        let mut told = self.report.requests().filter(|one| arrived(one) && says_status(one));
        let by_another = told.any(|one| one.parameter("CallStatus") == Some(status.name()));
        by_another.then_some((status, None))
    }

    /// A server that knows only how long the two talked is right to a second.
    fn answer_differs(
        &self,
        (rang_ms, dialled): (i64, &Dialled),
        attempt: &Attempt,
        server: &ServerSide<'_>,
    ) -> Option<String> {
        let told = self.told(&format!("dial/{}", attempt.attempt));
        let answered = told.then_some(attempt.answered_at).flatten();
        let by_server = answered.map(|at| server.after_ms(at));
        let by_phone =
            dialled.answered_after_ms.filter(|_| told).map(|ms| rang_ms + milliseconds(ms));
        match (by_phone, by_server) {
            (Some(phone), Some(server)) if (phone - server).abs() <= 1000 => None,
            (None, None) => None,
            _ => {
                Some(format!("answered: the phone says {by_phone:?} ms, the server {by_server:?}"))
            }
        }
    }
}

/// Whether one text is the other with some of its characters hidden.
fn is_hidden(heard: &str, shown: &str) -> bool {
    let same = |(heard, shown): (char, char)| shown == '*' || heard == shown;
    heard.chars().count() == shown.chars().count() && heard.chars().zip(shown.chars()).all(same)
}

fn arrived(requested: &Requested) -> bool {
    matches!(requested.outcome, Outcome::Status(200..=299))
}

/// Whether a request is one that the server keeps a fact of.
fn is_told(requested: &Requested) -> bool {
    requested.purpose != Purpose::Sound
}

/// Whether a request for TwiML tells how the caller's call stands, beside what it is about.
fn says_status(requested: &Requested) -> bool {
    requested.purpose.is_control() && requested.purpose != Purpose::Voice
}

/// The numbers of the attempts that were dialled. Whoever is rung for a conference is an attempt as
/// well.
fn numbers(entries: &[Entry]) -> Vec<usize> {
    let attempts = entries.iter().filter_map(|entry| match &entry.event {
        Event::Dialled(_) => Some(true),
        Event::Joined { .. } => Some(false),
        _ => None,
    });
    let dialled = (1..).zip(attempts).filter(|(_, dialled)| *dialled);
    dialled.map(|(number, _)| number).collect()
}

/// The step of a flow that a request is for.
fn flow_step(requested: &Requested) -> Option<String> {
    let (_, rest) = requested.url.split_once("/api/webhooks/flow/")?;
    let (_, step) = rest.split_once('/')?;
    Some(format!("flow/{step}"))
}

/// The key of the fact that a request should have, by what came before it.
fn step(before: &[Entry], report: &Report, requested: &Requested) -> String {
    let parameter = |name| requested.parameter(name).unwrap_or("?");
    if let Some(step) = flow_step(requested) {
        return step;
    }
    match requested.purpose {
        Purpose::Voice => "voice".to_owned(),
        Purpose::Dial => format!("dial/{}", numbers(before).last().unwrap_or(&0)),
        Purpose::CallStatus => format!("status/{}", parameter("CallStatus")),
        Purpose::LegStatus => {
            let sid = parameter("CallSid");
            let leg = report.dialled().position(|dialled| dialled.call_sid == sid);
            let number = leg.and_then(|leg| numbers(&report.entries).get(leg).copied());
            let status = match parameter("CallStatus") {
                "ringing" => "ringing",
                "in-progress" => "answered",
                _ => "ended",
            };
            format!("leg/{}/{sid}/{status}", number.unwrap_or(0))
        }
        Purpose::RecordingStatus => format!("recording/{}", parameter("RecordingSid")),
        Purpose::Transcription => format!("transcription/{}", parameter("RecordingSid")),
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
    /// What each fact had the caller hear.
    prompts: Vec<Vec<String>>,
}

fn is_conference(attempt: &Attempt) -> bool {
    attempt.target == AttemptTarget::Conference
}

/// What a caller hears of a directive.
fn prompts(directive: &Directive) -> Vec<String> {
    let heard = |prompt: &Prompt| match prompt {
        Prompt::Say(speech) => speech.text.clone(),
        Prompt::Play(sound) => sound.url.clone(),
    };
    match directive {
        Directive::Say(speech) => vec![speech.text.clone()],
        Directive::Play(sound) => vec![sound.url.clone()],
        Directive::Ask(question) => question.prompts.iter().map(heard).collect(),
        _ => Vec::new(),
    }
}

impl<'a> ServerSide<'a> {
    fn after_ms(&self, at: chrono::DateTime<chrono::Utc>) -> i64 {
        (at - self.journey.call.started_at).num_milliseconds()
    }

    fn steps(&self) -> Vec<(i64, String)> {
        let facts = self.journey.facts.iter().filter(|fact| !self.is_of_conference(fact));
        facts.map(|fact| (self.after_ms(fact.at), fact.step.to_string())).collect()
    }

    /// Whether a fact is of a leg that the server itself made: the caller's phone knows nothing of it.
    fn is_of_conference(&self, fact: &Fact) -> bool {
        let EventKind::LegProgress(leg) = &fact.event else { return false };
        let mut conferences = self.journey.call.attempts.iter().filter(|one| is_conference(one));
        conferences.any(|attempt| attempt.attempt == leg.attempt)
    }

    /// The attempts that the caller's phone dialled.
    fn dialled(&self) -> impl Iterator<Item = &'a Attempt> {
        self.journey.call.attempts.iter().filter(|attempt| !is_conference(attempt))
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
        dials(self.carried_out()).zip(self.dialled()).map(line).collect()
    }

    /// What the reply to a step had the caller hear.
    fn told_at(&self, step: &str) -> &[String] {
        let fact = self.journey.facts.iter().position(|fact| fact.step.as_str() == step);
        fact.map_or(&[], |fact| &self.prompts[fact])
    }

    /// What the caller heard by what the phone was told: all of it, unless the phone was kept from it.
    fn heard<'b>(&'b self, phone: &'b PhoneSide<'_>) -> Vec<(&'b str, &'b [String])> {
        let replies = phone.replies.iter().map(|reply| {
            let told = self.told_at(&reply.step);
            let cut = reply.cut && told.starts_with(&reply.heard);
            (reply.step.as_str(), if cut { &told[..reply.heard.len()] } else { told })
        });
        replies.collect()
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
        let ordered = directives.filter_map(|directive| match directive {
            Directive::Dial(dial) => Some((dial.attempt, dial.destination.to_string())),
            Directive::Confer(place) => Some((place.attempt, "a conference".to_owned())),
            _ => None,
        });
        ordered.collect()
    }

    fn attempts(&self) -> Vec<(u32, String)> {
        let attempts = self.journey.call.attempts.iter();
        let target = |attempt: &Attempt| match attempt.target {
            AttemptTarget::Conference => "a conference".to_owned(),
            _ => attempt.destination.to_string(),
        };
        attempts.map(|attempt| (attempt.attempt, target(attempt))).collect()
    }
}

fn dials<'a>(directives: impl Iterator<Item = &'a Directive>) -> impl Iterator<Item = &'a Dial> {
    directives.filter_map(|directive| match directive {
        Directive::Dial(dial) => Some(dial),
        _ => None,
    })
}
