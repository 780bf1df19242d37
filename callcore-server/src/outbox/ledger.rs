//! Notes what came of tries: one task, which writes together what came in the meantime, and tries
//! again while the store is away. What is not noted would be sent again.

use std::sync::Arc;
use std::time::Duration;

use callcore::port::{Settlement, StoreError};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::state::App;

/// How many settlements are written at once.
const AT_ONCE: usize = 128;
/// How long to wait before the store is asked again; doubles from the first to the last.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LAST_PAUSE: Duration = Duration::from_secs(2);

/// Where tries are told. There is no limit: no more are told than are sent at the same time, and
/// nothing is claimed of a store that is away.
pub(super) type Entries = mpsc::UnboundedSender<Settlement>;

/// The one who writes. Dropping it ends the task, with what is not written.
#[derive(Debug)]
pub(super) struct Ledger {
    entries: Entries,
    writing: JoinSet<()>,
}

impl Ledger {
    pub(super) fn open(app: &App) -> Self {
        let (entries, told) = mpsc::unbounded_channel();
        let mut writing = JoinSet::new();
        writing.spawn(write(Arc::clone(app), told));
        Self { entries, writing }
    }

    /// Where others tell what came of tries.
    pub(super) fn entries(&self) -> Entries {
        self.entries.clone()
    }

    /// Tells what came of a try.
    pub(super) fn note(&self, settlement: Settlement) {
        // An error says that the task has ended, and then the delivery is due again.
        let _ = self.entries.send(settlement);
    }

    /// Waits until everything is written that was told, once nobody else tells anything.
    pub(super) async fn close(self) {
        let Self { entries, mut writing } = self;
        drop(entries);
        while writing.join_next().await.is_some() {}
    }
}

async fn write(app: App, mut told: mpsc::UnboundedReceiver<Settlement>) {
    let mut batch = Vec::new();
    while told.recv_many(&mut batch, AT_ONCE).await > 0 {
        if settle(&app, &batch).await.is_err() {
            // One of them cannot be written, and the others shall be all the same.
            for one in batch.chunks(1) {
                if let Err(error) = settle(&app, one).await {
                    let id = one.first().map(|one| one.due.delivery.id);
                    tracing::error!(%error, ?id, "what came of a delivery could not be saved");
                }
            }
        }
        batch.clear();
    }
}

/// Writes, for as long as that takes, unless the store says that it never will.
async fn settle(app: &App, batch: &[Settlement]) -> Result<(), StoreError> {
    let mut pause = FIRST_PAUSE;
    loop {
        match app.stores.outbox.settle(batch, app.clock.now()).await {
            Err(StoreError::Unavailable(error)) => {
                if pause == FIRST_PAUSE {
                    tracing::error!(%error, "what came of deliveries cannot be saved yet");
                }
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LAST_PAUSE);
            }
            settled => return settled,
        }
    }
}
