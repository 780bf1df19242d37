//! The records after it all: every one that was acknowledged, each in a legal state, each as the
//! carrier saw the call.

use std::collections::{BTreeMap, BTreeSet};

use callcore::call::{
    Attempt, Call, CallStatus, DialOutcome, Directive, FinalReason, LegStatus, NoRouteReason,
    StepKey,
};
use callcore::port::{CallFilter, Calls, Journey};
use callcore::routing::Refusal;
use callcore::schedule::CapWindow;
use callcore::vocabulary::{CallId, PageRequest};
use callcore_store_sqlite::SqliteStore;
use callcore_twiml::phone::{Dialled, Report};
use callcore_twiml::render::Renderer;
use chrono::TimeDelta;

use crate::carrier::Played;
use crate::ledger::{Answer, Seen};
use crate::world::{BUYERS, CAMPAIGN, LEASE, LEG, MAX_ATTEMPTS, TENANT, buyer};

/// How long the server may take for one request.
const HANDLING: TimeDelta = TimeDelta::seconds(10);

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// The records.
    pub(crate) calls: Vec<Call>,
    /// Which calls went silent, also those without a record.
    pub(crate) silent_calls: BTreeSet<CallId>,
    pub(crate) silent: usize,
    pub(crate) dials: usize,
    /// Calls that ended without the result of their last dial.
    pub(crate) results_lost: usize,
    /// Steps that were saved by a try whose answer was lost, and answered to a later one.
    pub(crate) saved_unanswered: usize,
    /// How often a decision refused a buyer for a full cap over each window.
    pub(crate) refused: BTreeMap<CapWindow, usize>,
}

/// Checks every record.
pub(crate) async fn inspect(
    store: &SqliteStore,
    seen: &Seen,
    played: &[Played],
    url: String,
) -> Found {
    let (renderer, mut found) = (Renderer::new(url), Found::default());
    let mut answers = BTreeMap::<CallId, Vec<(&StepKey, &Answer)>>::new();
    for ((call, step), answer) in &seen.answers {
        answers.entry(*call).or_default().push((step, answer));
    }
    let listed = list(store).await;
    for Played { call: id, report, result_lost } in played {
        let answers = answers.remove(id).unwrap_or_default();
        if report.is_none() {
            found.silent_calls.insert(*id);
        }
        let Some(journey) = store.read(TENANT, *id).await.expect("the store answers") else {
            assert!(answers.is_empty() && report.is_none(), "the record of {id} is missing");
            assert!(!listed.contains(id), "{id} is listed and cannot be read");
            continue;
        };
        assert!(listed.contains(id), "{id} is not listed");
        found.results_lost += usize::from(*result_lost);
        found.saved_unanswered += facts(&journey, &answers, &renderer);
        decision(&journey);
        for (_, decision) in &journey.decisions {
            for refused in &decision.refused {
                if let Refusal::Capped { cap, .. } = refused.reason {
                    *found.refused.entry(cap.window).or_default() += 1;
                }
            }
        }
        attempts(&journey.call);
        match report {
            Some(report) => end(&journey.call, report, *result_lost),
            None => assert!(journey.call.is_over() == journey.call.ended_at.is_some(), "{id}"),
        }
        found.dials += journey.call.attempts.len();
        found.calls.push(journey.call);
    }
    assert!(answers.is_empty(), "somebody answered calls that were not made: {answers:?}");
    assert_eq!(listed.len(), found.calls.len(), "there are records of calls that were not made");
    found.silent = found.silent_calls.len();
    found
}

/// Everything that the list shows, in small pages.
async fn list(store: &SqliteStore) -> BTreeSet<CallId> {
    let mut listed = BTreeSet::new();
    let mut page = PageRequest { limit: 32, after: None };
    loop {
        let calls = store.list_calls(page).await;
        for call in calls.items {
            assert!(listed.insert(call.id), "{} is listed twice", call.id);
        }
        match calls.next {
            Some(next) => page.after = Some(next),
            None => return listed,
        }
    }
}

trait ListCalls {
    async fn list_calls(&self, page: PageRequest) -> callcore::vocabulary::Page<Call>;
}

impl ListCalls for SqliteStore {
    async fn list_calls(&self, page: PageRequest) -> callcore::vocabulary::Page<Call> {
        // The registry has a method of the same name.
        let calls = Calls::list(self, TENANT, &CallFilter::default(), page).await;
        calls.expect("the store answers")
    }
}

/// Every answer stands in the journal, once, as it was given. Answers how many of them an earlier
/// try had saved.
fn facts(journey: &Journey, answers: &[(&StepKey, &Answer)], renderer: &Renderer) -> usize {
    let id = journey.call.id;
    let mut steps = BTreeSet::new();
    for fact in &journey.facts {
        assert!(steps.insert(&fact.step), "{id} has {} twice", fact.step);
    }
    let first = journey.facts.first().map(|fact| fact.step.clone());
    assert_eq!(first, Some(StepKey::voice()), "{id} begins with the call that came in");
    let mut saved_earlier = 0;
    for (step, answer) in answers {
        let fact = journey.facts.iter().find(|fact| fact.step == **step);
        let fact = fact.unwrap_or_else(|| panic!("{id} was answered to {step} and forgot it"));
        if !fact.directives.is_empty() {
            let reply = renderer.response(id, Some(TENANT), &fact.directives).to_xml();
            let body = String::from_utf8_lossy(&answer.body);
            assert_eq!(reply.expect("it was written before"), body, "{id} {step}");
        }
        saved_earlier += usize::from(fact.at < answer.sent_at);
    }
    saved_earlier
}

/// There is one decision, it is the first step's, and the call went as it says.
fn decision(journey: &Journey) {
    let call = &journey.call;
    let [(step, decision)] = journey.decisions.as_slice() else {
        panic!("{} has {} decisions", call.id, journey.decisions.len());
    };
    assert_eq!(*step, StepKey::voice(), "{}", call.id);
    assert_eq!(decision.campaign, CAMPAIGN, "{}", call.id);
    let chosen = decision.chosen.as_ref().map(|chosen| chosen.buyer);
    let dialled = call.attempts.first().and_then(|attempt| attempt.target.buyer());
    assert_eq!(chosen, dialled, "{} dials whom the decision chose", call.id);
    assert_eq!(decision.ranking().collect::<Vec<_>>(), call.ranking, "{}", call.id);
    let all = call.ranking.len() + decision.refused.len();
    assert_eq!(all, BUYERS.len(), "{}: chosen, ranked and refused are the candidates", call.id);
    let told = journey.facts.first().map(|fact| fact.directives.as_slice());
    let dials = matches!(told, Some([Directive::Dial(_)]));
    assert_eq!(dials, chosen.is_some(), "{} says what was decided", call.id);
}

/// Attempts are numbered, go down the ranking, and only the last may be open or answered.
fn attempts(call: &Call) {
    let (id, made) = (call.id, call.attempts.len());
    assert!(made <= MAX_ATTEMPTS, "{id} has {made} attempts");
    assert_eq!(call.reroutes, 0, "{id}");
    let mut place = None;
    for (index, attempt) in call.attempts.iter().enumerate() {
        assert_eq!(usize::try_from(attempt.attempt).ok(), Some(index + 1), "{id}");
        let rung = attempt.target.buyer().expect("the campaign has no number for lost callers");
        let next = call.ranking.iter().position(|buyer| *buyer == rung);
        assert!(next.is_some() && next > place, "{id} leaves its ranking");
        place = next;
        let spec = BUYERS.iter().zip(0..).find(|(_, place)| buyer(*place) == rung);
        let number = spec.map(|(spec, _)| spec.number);
        assert_eq!(number, Some(attempt.destination.as_str()), "{id} rings somebody else");
        let is_last = index + 1 == made;
        assert!(is_last || attempt.is_over() && !attempt.connected(), "{id}: {attempt:?}");
        times(call, attempt);
    }
    let used = place.map_or(0, |place| place + 1);
    assert!(used <= call.ranking_used && call.ranking_used <= call.ranking.len(), "{id}");
}

fn times(call: &Call, attempt: &Attempt) {
    let id = call.id;
    // Talking takes no time here, so that by the talk time somebody answers before the phone rang.
    for moment in [attempt.ringing_at, attempt.answered_at] {
        let known = [Some(call.started_at), Some(attempt.dialled_at), moment, attempt.ended_at];
        assert!(known.into_iter().flatten().is_sorted(), "{id} goes back in time: {attempt:?}");
    }
    assert_eq!(attempt.is_over(), attempt.ended_at.is_some(), "{id}: {attempt:?}");
    assert!(!attempt.is_over() || attempt.status == LegStatus::Ended, "{id}: {attempt:?}");
    let expires_at = attempt.lease_expires_at.expect("every buyer is held by a lease");
    assert!(attempt.lease.is_some() && expires_at > attempt.dialled_at + LEG, "{id}: {attempt:?}");
    // Another delivery of the same request, or an earlier try, may have reserved.
    let latest = attempt.dialled_at + LEASE + HANDLING;
    assert!(expires_at <= latest, "{id} holds its slot for too long: {attempt:?}");
}

/// The call is over, and as the carrier saw it.
fn end(call: &Call, report: &Report, result_lost: bool) {
    let id = call.id;
    let warnings: Vec<_> = report.warnings().collect();
    assert!(warnings.is_empty(), "{id}: {warnings:?}\n{report}");
    assert!(call.is_over() && call.ended_at.is_some(), "{id} is not over: {call:?}");
    assert_eq!(Some(call.status), report.status(), "{id}\n{report}");
    let rung: Vec<&Dialled> = report.dialled().collect();
    assert_eq!(call.attempts.len(), rung.len(), "{id}\n{report}");
    for (attempt, rung) in call.attempts.iter().zip(&rung) {
        assert_eq!(attempt.destination.as_str(), rung.to, "{id}\n{report}");
        assert_eq!(attempt.leg.as_deref(), Some(rung.call_sid.as_str()), "{id}\n{report}");
        let told = !result_lost || attempt.attempt as usize != call.attempts.len();
        assert_eq!(attempt.outcome, told.then(|| outcome(rung)), "{id}\n{report}");
        let answered = rung.answered_after_ms.is_some();
        assert_eq!(attempt.answered_at.is_some(), answered, "{id}\n{report}");
    }
    let reason = call.final_reason().expect("a call that is over has a reason");
    let legal = match rung.last() {
        Some(last) if last.answered_after_ms.is_some() => reason == FinalReason::Answered,
        Some(last) if last.status == CallStatus::Canceled => {
            reason == FinalReason::CallerHungUpWhileRinging
        }
        Some(_) if rung.len() == MAX_ATTEMPTS => {
            matches!(reason, FinalReason::AttemptLimit | FinalReason::NoAnswer)
        }
        Some(_) => reason == FinalReason::NoAnswer,
        None => reason == FinalReason::from(NoRouteReason::NoBuyerAllCapped),
    };
    assert!(legal, "{id} ended by {reason:?}\n{report}");
}

fn outcome(rung: &Dialled) -> DialOutcome {
    match rung.status {
        CallStatus::Completed if rung.bridged => DialOutcome::Answered,
        CallStatus::Busy => DialOutcome::Busy,
        CallStatus::Failed => DialOutcome::Failed,
        CallStatus::Canceled => DialOutcome::Canceled,
        _ => DialOutcome::NoAnswer,
    }
}
