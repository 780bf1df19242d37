//! The records after it all, as the API shows them: every one that was acknowledged, in a legal
//! state, as the carrier saw the call.

use std::collections::{BTreeMap, BTreeSet};

use callcore::call::{CallStatus, DialOutcome, FinalReason, NoRouteReason, StepKey};
use callcore::vocabulary::CallId;
use callcore_twiml::phone::{Dialled, Report};
use serde::de::DeserializeOwned;
use serde_json::Value;
use uuid::Uuid;

use crate::api::Api;
use crate::carrier::Played;
use crate::ledger::Seen;
use crate::world::MAX_ATTEMPTS;

/// Of so many calls, spread over the run, the whole journey is read.
const JOURNEYS: usize = 500;

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) recorded: usize,
    /// Calls that were acknowledged, and of which the servers were told everything.
    pub(crate) complete: usize,
    pub(crate) journeys: usize,
    pub(crate) reasons: BTreeMap<String, usize>,
}

/// Checks every record.
pub(crate) async fn inspect(api: &Api, seen: &Seen, played: &[Played]) -> Found {
    let listed = list(api).await;
    let excused = seen.excused_calls();
    let mut found = Found { recorded: listed.len(), ..Found::default() };
    for Played { call: id, report, result_lost, .. } in played {
        if !seen.acknowledged.contains_key(&(*id, StepKey::voice())) {
            assert!(excused.contains(id), "{id} got neither an answer nor an excuse");
            continue;
        }
        let record = listed.get(&id.uuid());
        let record = record.unwrap_or_else(|| panic!("{id} was acknowledged and is gone"));
        let reason = record["finalReason"].as_str().unwrap_or("open");
        *found.reasons.entry(reason.to_owned()).or_default() += 1;
        if excused.contains(id) {
            continue;
        }
        found.complete += 1;
        ended(*id, record, report);
        if found.complete.is_multiple_of(played.len().div_ceil(JOURNEYS)) {
            found.journeys += 1;
            let details = api.get(&format!("/api/calls/{id}")).await;
            journey(*id, &details["journey"], report, *result_lost, seen);
        }
    }
    let made: BTreeSet<Uuid> = played.iter().map(|played| played.call.uuid()).collect();
    let stranger = listed.keys().find(|id| !made.contains(id));
    assert_eq!(stranger, None, "there is a record of a call that was not made");
    found
}

/// Everything that the list shows.
async fn list(api: &Api) -> BTreeMap<Uuid, Value> {
    let (mut listed, mut cursor) = (BTreeMap::new(), String::new());
    loop {
        let page = api.get(&format!("/api/calls?limit=500{cursor}")).await;
        for call in page["items"].as_array().expect("a list") {
            let id: Uuid = read(&call["id"]);
            assert!(listed.insert(id, call.clone()).is_none(), "{id} is listed twice");
        }
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return listed,
        }
    }
}

fn read<T: DeserializeOwned>(value: &Value) -> T {
    serde_json::from_value(value.clone()).unwrap_or_else(|error| panic!("{value}: {error}"))
}

/// The call is over, and ended as the carrier saw it.
fn ended(id: CallId, record: &Value, report: &Report) {
    let warnings: Vec<_> = report.warnings().collect();
    assert!(warnings.is_empty(), "{id}: {warnings:?}\n{report}");
    let status = report.status().map(CallStatus::name);
    assert_eq!(record["status"].as_str(), status, "{id}: {record}\n{report}");
    assert!(record["endedAt"].is_string(), "{id} is not over: {record}");
    let reason = read::<Option<FinalReason>>(&record["finalReason"]);
    let reason = reason.unwrap_or_else(|| panic!("{id} ended for no reason: {record}"));
    let rung: Vec<&Dialled> = report.dialled().collect();
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

/// Every dial is there as it went, and every step that was acknowledged.
fn journey(id: CallId, journey: &Value, report: &Report, result_lost: bool, seen: &Seen) {
    let attempts = journey["dialAttempts"].as_array().expect("a list");
    let rung: Vec<&Dialled> = report.dialled().collect();
    assert_eq!(attempts.len(), rung.len(), "{id}: {journey:#}\n{report}");
    for (number, (attempt, rung)) in (1..).zip(attempts.iter().zip(&rung)) {
        assert_eq!(attempt["attempt"].as_u64(), Some(number), "{id}: {journey:#}");
        assert_eq!(attempt["destination"].as_str(), Some(&*rung.to), "{id}\n{report}");
        let told = !result_lost || number < attempts.len() as u64;
        let outcome = read::<Option<DialOutcome>>(&attempt["outcome"]);
        assert_eq!(outcome, told.then(|| self::outcome(rung)), "{id}: {journey:#}\n{report}");
        let answered = rung.answered_after_ms.is_some();
        assert_eq!(attempt["answeredAt"].is_string(), answered, "{id}: {journey:#}\n{report}");
    }
    let steps = journey["steps"].as_array().expect("a list");
    let steps: Vec<&str> = steps.iter().filter_map(|step| step["step"].as_str()).collect();
    let unique: BTreeSet<&str> = steps.iter().copied().collect();
    assert_eq!(steps.len(), unique.len(), "{id} has a step twice: {steps:?}");
    let acknowledged = seen.acknowledged.range((id, StepKey::from_stored(""))..);
    for ((_, step), _) in acknowledged.take_while(|((call, _), _)| *call == id) {
        assert!(unique.contains(step.as_str()), "{id} forgot {step}: {steps:?}");
    }
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
