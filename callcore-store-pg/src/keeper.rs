//! Watches over the database: opens it where that has not been possible yet, hears of changes that
//! other servers make, and knows whether it answers.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sqlx::postgres::PgListener;
use tokio::time::MissedTickBehavior;

use crate::open::Core;
use crate::revision::CHANNEL;

/// How often all revisions are read, in case a notification was lost.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// The pauses between attempts to open the database: the first, and the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// What is known of the database.
pub(crate) struct Health {
    /// Set once and for all: from then on, acts try for themselves.
    opened: AtomicBool,
    /// Why it does not answer; `None` where it does.
    trouble: Mutex<Option<String>>,
}

impl Default for Health {
    fn default() -> Self {
        let why = "no connection has been made yet".to_owned();
        Self { opened: AtomicBool::new(false), trouble: Mutex::new(Some(why)) }
    }
}

impl Health {
    pub(crate) fn ready(&self) -> Result<(), String> {
        match &*self.trouble.lock().unwrap_or_else(PoisonError::into_inner) {
            None => Ok(()),
            Some(why) => Err(why.clone()),
        }
    }

    /// Whether the database has ever been ready, otherwise why not.
    pub(crate) fn opened(&self) -> Result<(), String> {
        match self.opened.load(Ordering::Acquire) {
            true => Ok(()),
            false => self.ready(),
        }
    }

    pub(crate) fn open(&self) {
        self.opened.store(true, Ordering::Release);
        self.set(None);
    }

    pub(crate) fn trouble(&self, why: String) {
        self.set(Some(why));
    }

    /// Takes note of how a look went, and tells the operator when that changes.
    fn set(&self, trouble: Option<String>) {
        let mut known = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        match (&*known, &trouble) {
            (None, Some(why)) => tracing::error!(%why, "the database does not answer"),
            (Some(_), None) => tracing::info!("the database answers"),
            _ => {}
        }
        *known = trouble;
    }
}

/// Opens the database, however long that takes, and watches over it.
pub(crate) async fn keep(core: Arc<Core>) {
    let mut pause = FIRST_PAUSE;
    while let Err(error) = core.start().await {
        tracing::error!(%error, "the database could not be opened and is tried again");
        core.health.trouble(error.to_string());
        tokio::time::sleep(pause).await;
        pause = LONGEST_PAUSE.min(pause * 2);
    }
    watch(core).await;
}

/// Never ends; whoever started it aborts it.
pub(crate) async fn watch(core: Arc<Core>) {
    tokio::join!(look(&core), listen(&core));
}

async fn look(core: &Core) {
    let mut tick = tokio::time::interval(LOOK_EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        match core.revisions.load(&core.pools.background).await {
            Ok(()) => core.health.open(),
            Err(error) => core.health.trouble(error.to_string()),
        }
    }
}

async fn listen(core: &Core) {
    loop {
        if let Err(error) = hear(core).await {
            // The look tells the operator, and keeps plans fresh in the meantime.
            tracing::debug!(%error, "no notifications for now");
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Hears of changes until the connection breaks.
async fn hear(core: &Core) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect_with(&core.pools.listen).await?;
    listener.eager_reconnect(false);
    listener.listen(CHANNEL).await?;
    // What was told while nobody listened is found by the look.
    while let Some(notification) = listener.try_recv().await? {
        core.revisions.hear(notification.payload());
    }
    Ok(())
}
