//! Sends what steps of calls left to be sent: pixels of flows, and acts of the carrier. A delivery is
//! saved with the step that gives rise to it, so a call neither waits for it nor loses it; it is sent
//! at least once, every time with the same id.

mod pause;
mod send;

use std::sync::Arc;
use std::time::Duration;

use callcore::port::{Due, StoreError, Tried};
use chrono::TimeDelta;
use tokio::sync::{Notify, oneshot};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::Instant;

use crate::metrics;
use crate::state::App;

/// How often the outbox is looked at when nobody says that something waits: what another server
/// wrote, and what is due again.
const EVERY: Duration = Duration::from_secs(1);
/// How many deliveries are sent at the same time. A receiver that does not answer holds one of them
/// for as long as a try may take, so this is generous.
const AT_ONCE: usize = 256;
/// How long a claim lasts: longer than the longest try, of 30 s.
const CLAIM_SECS: i64 = 90;

/// Wakes the sender.
#[derive(Debug, Default)]
pub struct Bell(Notify);

impl Bell {
    /// Says that something waits.
    pub fn ring(&self) {
        self.0.notify_one();
    }
}

/// Sends in a task of its own.
#[derive(Debug)]
pub struct Sender {
    task: JoinHandle<()>,
    stop: oneshot::Sender<()>,
}

impl Sender {
    /// Begins to send whatever waits or comes.
    pub fn start(app: App) -> Self {
        let (stop, stopped) = oneshot::channel();
        Self { task: tokio::spawn(run(app, stopped)), stop }
    }

    /// Begins nothing more and waits until what is being sent is sent, at most until `deadline`. What
    /// is cut off there is due again once its claim is over.
    pub async fn stop(self, deadline: Instant) {
        let Self { mut task, stop } = self;
        // An error says that the task has ended already.
        let _ = stop.send(());
        if tokio::time::timeout_at(deadline, &mut task).await.is_err() {
            tracing::warn!("some deliveries were not finished and are tried again later");
            task.abort();
        }
    }
}

async fn run(app: App, mut stopped: oneshot::Receiver<()>) {
    let mut sending = JoinSet::new();
    let mut failing = false;
    loop {
        // A panic in one is in the log already and costs nobody else anything: it is due again.
        while sending.try_join_next().is_some() {}
        let free = AT_ONCE.saturating_sub(sending.len());
        let begun = if free > 0 { begin(&app, &mut sending, free).await } else { Ok(0) };
        match &begun {
            // A store that is away says so every second.
            Err(error) if !failing => tracing::error!(%error, "the outbox cannot be read"),
            Ok(_) if failing => tracing::info!("the outbox can be read again"),
            _ => {}
        }
        failing = begun.is_err();
        // There may be more.
        if free > 0 && begun.is_ok_and(|begun| begun == free) {
            continue;
        }
        tokio::select! {
            _ = &mut stopped => break,
            () = app.outbox.0.notified() => {}
            () = tokio::time::sleep(EVERY) => {}
            _ = sending.join_next(), if sending.len() >= AT_ONCE => {}
        }
    }
    while sending.join_next().await.is_some() {}
}

/// Begins to send what is due now, at most `limit` deliveries, and answers how many they are.
async fn begin(app: &App, sending: &mut JoinSet<()>, limit: usize) -> Result<usize, StoreError> {
    let now = app.clock.now();
    let until = now + TimeDelta::seconds(CLAIM_SECS);
    let due = app.stores.outbox.claim(limit, until, now).await?;
    let claimed = due.len();
    for due in due {
        sending.spawn(settle(Arc::clone(app), due));
    }
    Ok(claimed)
}

async fn settle(app: App, due: Due) {
    let tried = send::send(&app, &due).await;
    metrics::delivery(&due.delivery.payload, &tried);
    let (id, tenant) = (due.delivery.id, due.tenant);
    match &tried {
        Tried::Delivered => tracing::debug!(%id, "delivered"),
        Tried::Again { reason, .. } => {
            tracing::info!(%id, %tenant, reason, "a delivery failed and is tried again");
        }
        Tried::GivenUp { reason } => {
            tracing::warn!(%id, %tenant, call = %due.call, reason, "a delivery was given up");
        }
    }
    let now = app.clock.now();
    if let Err(error) = app.stores.outbox.settle(tenant, id, tried, now).await {
        tracing::error!(%error, %id, "what came of a delivery could not be saved");
    }
}
