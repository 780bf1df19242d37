//! One try to send one delivery.

use std::collections::BTreeMap;
use std::time::Duration;

use callcore::call::{CarrierCall, DialOutcome, Event, EventKind, LegProgress, LegStatus, Payload};
use callcore::port::{Due, HttpError, HttpRequest, StoreError, Tried};
use callcore::vocabulary::limits;
use chrono::{DateTime, TimeDelta, Utc};

use super::pause;
use crate::metrics;
use crate::state::App;
use crate::twilio::{ActError, Invitation};
use crate::webhook::invited;

/// The header by which a receiver tells a repetition.
const DELIVERY_ID: &str = "X-Callcore-Delivery";
/// How much of an answer is read; nothing in it counts.
const ANSWER_BYTES: usize = 64 * 1024;

/// Why a try failed.
#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error(transparent)]
    Act(#[from] ActError),
    #[error(
        "the address has {0} bytes once it is filled, at most {most} are sent",
        most = limits::DELIVERY_URL_BYTES
    )]
    AddressTooLong(usize),
    #[error("the answer was {0}")]
    Answered(u16),
    #[error(transparent)]
    Http(#[from] HttpError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Failed {
    /// Whether another try may end differently.
    fn is_passing(&self) -> bool {
        match self {
            Self::Act(error) => error.is_passing(),
            Self::AddressTooLong(_) => false,
            Self::Answered(status) => *status >= 500 || matches!(status, 408 | 425 | 429),
            Self::Http(error) => *error != HttpError::Forbidden,
            Self::Store(_) => true,
        }
    }
}

/// Whether an act of the carrier is still to be done.
enum Standing {
    /// Nobody waits for it any more.
    Past,
    /// It came about, whatever an earlier try was told.
    Done,
    /// Somebody waits for it.
    Wanted,
}

/// Tries once, and answers what is to be noted of it.
pub(super) async fn send(app: &App, due: &Due) -> Tried {
    if let Some(at) = not_before(app, due) {
        return Tried::Again { at, reason: "the call may go on by itself before".into() };
    }
    let spare_tries = due.attempt.saturating_sub(due.delivery.retries);
    if spare_tries > limits::DELIVERY_SPARE_TRIES {
        return give_up(app, due, "it was begun too often and never ended".into()).await;
    }
    match standing(app, due).await {
        Ok(Standing::Wanted) => {}
        Ok(Standing::Done) => return Tried::Delivered,
        Ok(Standing::Past) => {
            return Tried::GivenUp { reason: "the caller does not wait any more".into() };
        }
        Err(error) => return Tried::Again { at: later(app, due), reason: error.to_string() },
    }
    let Err(failed) = try_once(app, due).await else { return Tried::Delivered };
    if failed.is_passing() && due.attempt <= due.delivery.retries {
        return Tried::Again { at: later(app, due), reason: failed.to_string() };
    }
    give_up(app, due, failed.to_string()).await
}

/// A caller who waits for somebody that nobody rings would wait until the end of the call.
async fn give_up(app: &App, due: &Due, reason: String) -> Tried {
    let spare_tries = due.attempt.saturating_sub(due.delivery.retries);
    match nobody_comes(app, due).await {
        Err(error) if spare_tries <= 2 * limits::DELIVERY_SPARE_TRIES => {
            Tried::Again { at: later(app, due), reason: format!("{reason}; then {error}") }
        }
        _ => Tried::GivenUp { reason },
    }
}

/// When a delivery is to be sent that came too early.
fn not_before(app: &App, due: &Due) -> Option<DateTime<Utc>> {
    let (Payload::Recall { after_secs, .. } | Payload::HangUp { after_secs }) =
        due.delivery.payload
    else {
        return None;
    };
    let left = TimeDelta::seconds(after_secs.into()) - due.age;
    (left > TimeDelta::zero()).then(|| app.clock.now() + left)
}

/// Whether there still is a caller for whom the carrier shall act.
async fn standing(app: &App, due: &Due) -> Result<Standing, StoreError> {
    match &due.delivery.payload {
        Payload::Http { .. } => Ok(Standing::Wanted),
        Payload::HangUp { .. } => {
            let journey = app.stores.calls.read(due.tenant, due.call).await?;
            let is_on = journey.is_some_and(|journey| !journey.call.is_over());
            Ok(if is_on { Standing::Wanted } else { Standing::Done })
        }
        Payload::Invite { attempt, .. } => {
            let waiting = invited::waiting(app, due.tenant, due.call, *attempt).await?;
            Ok(match waiting {
                None => Standing::Past,
                // A try that nothing was heard of rang all the same.
                Some(waiting) if waiting.leg.is_some() || waiting.is_connected => Standing::Done,
                Some(_) => Standing::Wanted,
            })
        }
        Payload::Recall { step, .. } => {
            let journey = app.stores.calls.read(due.tenant, due.call).await?;
            let waits = journey.is_some_and(|journey| {
                let waits_at = journey.call.flow.as_ref().and_then(|flow| flow.conference);
                let invited = journey.call.attempts.last();
                let meets = invited.is_some_and(|attempt| {
                    attempt.connected() && attempt.status != LegStatus::Ended
                });
                waits_at == Some(*step) && !journey.call.is_over() && !meets
            });
            // A caller who came back by themselves is what a recall is for.
            Ok(if waits { Standing::Wanted } else { Standing::Done })
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
        Payload::HangUp { .. } => hang_up(app, due).await,
        Payload::Recall { carrier_call, step, .. } => {
            let url = app.renderer.flow_url(due.tenant, *step);
            let (account, call) = (&carrier_call.account, &carrier_call.call_id);
            app.carrier.redirect(account, call, &url).await.map_err(Failed::from)
        }
    }
}

/// Ends a call whose time is over. A call that cannot be found has nobody who hears anything.
async fn hang_up(app: &App, due: &Due) -> Result<(), Failed> {
    let Some(journey) = app.stores.calls.read(due.tenant, due.call).await? else { return Ok(()) };
    let CarrierCall { account, call_id, .. } = &journey.call.carrier_call;
    app.carrier.hang_up(account, call_id).await.map_err(Failed::from)
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
    metrics::milestones(&reply.milestones);
    metrics::nodes(&reply.nodes);
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
    if url.len() > limits::DELIVERY_URL_BYTES {
        return Err(Failed::AddressTooLong(url.len()));
    }
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
        Ok(answer) => Err(Failed::Answered(answer.status)),
        // It arrived, and what came back does not count.
        Err(HttpError::TooLarge) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
