//! Sends what steps of calls left to be sent: pixels of flows, and acts of the carrier. A delivery is
//! saved with the step that gives rise to it, so a call neither waits for it nor loses it; it is sent
//! at least once, every time with the same id.

mod ledger;
mod pause;
mod places;
mod send;

use std::time::Duration;

use callcore::port::{Lane, StoreError};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use self::ledger::Ledger;
use self::places::Places;
use crate::state::App;

/// How often the outbox is looked at when nobody says that something waits: what another server
/// wrote, and what is due again.
const EVERY: Duration = Duration::from_secs(1);

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
    quiet: watch::Sender<bool>,
}

impl Sender {
    /// Begins to send whatever waits or comes.
    pub fn start(app: App) -> Self {
        let (quiet, stopped) = watch::channel(false);
        Self { task: tokio::spawn(run(app, stopped)), quiet }
    }

    /// Begins nothing more, so that nothing is cut in half later. What is being sent goes on.
    pub fn quiet(&self) {
        self.quiet.send_replace(true);
    }

    /// Begins nothing more and waits until what is being sent is sent, at most until `deadline`. What
    /// is cut off there is due again once its claim is over.
    pub async fn stop(mut self, deadline: Instant) {
        self.quiet();
        if tokio::time::timeout_at(deadline, &mut self.task).await.is_err() {
            tracing::warn!("some deliveries were not finished and are tried again later");
            self.task.abort();
        }
    }
}

async fn run(app: App, mut stopped: watch::Receiver<bool>) {
    let ledger = Ledger::open(&app);
    let mut carrier = Places::of(Lane::Carrier);
    let mut tenants = Places::of(Lane::Tenants);
    let mut failing = false;
    while !*stopped.borrow() {
        let begun = match carrier.begin(&app, &ledger, &stopped).await {
            Ok(()) => tenants.begin(&app, &ledger, &stopped).await,
            failed => failed,
        };
        failing = tell(&begun, failing);
        tokio::select! {
            // An error says that the sender is gone, which stops it as well.
            _ = stopped.wait_for(|stopped| *stopped) => break,
            () = app.outbox.0.notified() => {}
            () = tokio::time::sleep(EVERY) => {}
            () = carrier.one_ends(), if carrier.is_pressed() => {}
            () = tenants.one_ends(), if tenants.is_pressed() => {}
        }
    }
    carrier.all_end().await;
    tenants.all_end().await;
    ledger.close().await;
}

/// Says once that the outbox cannot be read, and once that it can be again.
fn tell(begun: &Result<(), StoreError>, failing: bool) -> bool {
    match begun {
        // A store that is away says so every second.
        Err(error) if !failing => tracing::error!(%error, "the outbox cannot be read"),
        Ok(()) if failing => tracing::info!("the outbox can be read again"),
        _ => {}
    }
    begun.is_err()
}
