//! One try to send one delivery.

use std::collections::BTreeMap;
use std::time::Duration;

use callcore::call::{CarrierCall, DialOutcome, Event, EventKind, LegProgress, LegStatus, Payload};
use callcore::port::{Due, HttpError, HttpRequest, StoreError, Tried};
use chrono::{DateTime, TimeDelta, Utc};

use super::pause;
use crate::state::App;
use crate::twilio::{ActError, Invitation};
use crate::webhook::invited;

/// The header by which a receiver tells a repetition.
const DELIVERY_ID: &str = "X-Callcore-Delivery";
/// How much of an answer is read; nothing in it counts.
const ANSWER_BYTES: usize = 64 * 1024;

/// Why a try failed.
struct Failed {
    reason: String,
    /// Whether another try may end differently.
    again: bool,
}

/// Tries once, and answers what is to be noted of it.
pub(super) async fn send(app: &App, due: &Due) -> Tried {
    if let Payload::Recall { after_secs: 1.., .. } = due.delivery.payload
        && due.attempt == 1
    {
        return not_yet(app, due);
    }
    match is_wanted(app, due).await {
        Ok(true) => {}
        // A caller who came back by themselves is what a recall is for.
        Ok(false) if matches!(due.delivery.payload, Payload::Recall { .. }) => {
            return Tried::Delivered;
        }
        Ok(false) => return Tried::GivenUp { reason: "the caller does not wait any more".into() },
        Err(error) => return Tried::Again { at: later(app, due), reason: error.to_string() },
    }
    let Err(Failed { reason, again }) = try_once(app, due).await else { return Tried::Delivered };
    if again && due.attempt <= due.delivery.retries {
        return Tried::Again { at: later(app, due), reason };
    }
    // A caller who waits for somebody that nobody rings would wait until the end of the call.
    match nobody_comes(app, due).await {
        Ok(()) => Tried::GivenUp { reason },
        Err(error) => {
            Tried::Again { at: later(app, due), reason: format!("{reason}; then {error}") }
        }
    }
}

/// The carrier may bring the caller back by itself.
fn not_yet(app: &App, due: &Due) -> Tried {
    let Payload::Recall { after_secs, .. } = due.delivery.payload else {
        return Tried::Delivered;
    };
    let at = app.clock.now() + TimeDelta::seconds(i64::from(after_secs));
    Tried::Again { at, reason: "the caller may come back without it".into() }
}

/// Whether there still is a caller for whom the carrier shall act.
async fn is_wanted(app: &App, due: &Due) -> Result<bool, StoreError> {
    match &due.delivery.payload {
        Payload::Http { .. } => Ok(true),
        Payload::Invite { attempt, .. } => {
            invited::waits(app, due.tenant, due.call, *attempt).await
        }
        Payload::Recall { step, .. } => {
            let journey = app.stores.calls.read(due.tenant, due.call).await?;
            Ok(journey.is_some_and(|journey| {
                let waits_at = journey.call.flow.as_ref().and_then(|flow| flow.conference);
                let invited = journey.call.attempts.last();
                let meets = invited.is_some_and(|attempt| {
                    attempt.connected() && attempt.status != LegStatus::Ended
                });
                waits_at == Some(*step) && !journey.call.is_over() && !meets
            }))
        }
    }
}

/// When the next try is due.
fn later(app: &App, due: &Due) -> DateTime<Utc> {
    app.clock.now() + pause::after(due.attempt)
}

async fn try_once(app: &App, due: &Due) -> Result<(), Failed> {
    match &due.delivery.payload {
        Payload::Http { .. } => send_http(app, due).await,
        Payload::Invite { .. } => invite(app, due).await,
        Payload::Recall { carrier_call, step, .. } => {
            let url = app.renderer.flow_url(due.tenant, *step);
            let (account, call) = (&carrier_call.account, &carrier_call.call_id);
            app.carrier.redirect(account, call, &url).await.map_err(Failed::from)
        }
    }
}

async fn invite(app: &App, due: &Due) -> Result<(), Failed> {
    let Payload::Invite {
        carrier_call,
        attempt,
        destination,
        caller_id,
        whisper,
        ring_timeout_secs,
        ..
    } = &due.delivery.payload
    else {
        return Ok(());
    };
    let invitation = Invitation {
        to: destination.as_str(),
        from: caller_id,
        answer_url: app.renderer.whisper_url(due.tenant, due.call, *attempt, whisper),
        status_url: app.renderer.invited_url(due.tenant, &carrier_call.call_id, *attempt),
        ring_timeout_secs: *ring_timeout_secs,
    };
    app.carrier.invite(&carrier_call.account, &invitation).await.map_err(Failed::from)
}

/// Where an invitation is given up, has the call go on as if nobody had answered it.
async fn nobody_comes(app: &App, due: &Due) -> Result<(), String> {
    let Payload::Invite { carrier_call, attempt, .. } = &due.delivery.payload else {
        return Ok(());
    };
    let event = uninvited(due, carrier_call, *attempt);
    let reply = app.switchboard.handle(&event).await.map_err(|error| error.to_string())?;
    if reply.deliveries > 0 {
        app.outbox.ring();
    }
    Ok(())
}

/// What a carrier would tell of a leg that it could not make.
fn uninvited(due: &Due, carrier_call: &CarrierCall, attempt: u32) -> Event {
    let leg = LegProgress {
        attempt,
        leg: due.delivery.id.to_string(),
        status: LegStatus::Ended,
        outcome: Some(DialOutcome::Failed),
    };
    Event {
        carrier_call: carrier_call.clone(),
        tenant: Some(due.tenant),
        kind: EventKind::LegProgress(leg),
        parameters: BTreeMap::new(),
    }
}

async fn send_http(app: &App, due: &Due) -> Result<(), Failed> {
    let Payload::Http { method, url, body, content_type, timeout_ms } = &due.delivery.payload
    else {
        return Ok(());
    };
    let mut headers = vec![(DELIVERY_ID.to_owned(), due.delivery.id.to_string())];
    let content_type = content_type.iter().map(|kind| ("Content-Type".to_owned(), kind.clone()));
    headers.extend(content_type);
    let request = HttpRequest {
        method: *method,
        url: url.clone(),
        headers,
        body: body.clone().into_bytes(),
        timeout: Duration::from_millis(u64::from(*timeout_ms)),
        most_body_bytes: ANSWER_BYTES,
    };
    match app.egress.tenant(due.tenant).send(request).await {
        // A redirect is not followed, and says that the request arrived all the same.
        Ok(answer) if answer.status < 400 => Ok(()),
        Ok(answer) => {
            let again = answer.status >= 500 || matches!(answer.status, 408 | 425 | 429);
            Err(Failed { reason: format!("the answer was {}", answer.status), again })
        }
        // It arrived, and what came back does not count.
        Err(HttpError::TooLarge) => Ok(()),
        Err(error) => {
            let again = error != HttpError::Forbidden;
            Err(Failed { reason: error.to_string(), again })
        }
    }
}

impl From<ActError> for Failed {
    fn from(error: ActError) -> Self {
        Self { again: error.is_passing(), reason: error.to_string() }
    }
}
