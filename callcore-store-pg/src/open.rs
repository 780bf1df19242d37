//! A store on a database, and how it is opened.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use callcore::port::StoreError;
use chrono::{DateTime, Utc};
use sqlx::PgPool;
use tokio::task::AbortHandle;

use crate::batch::Queues;
use crate::error::{NotReady, OpenError};
use crate::keeper::{self, Health};
use crate::migration::migrate;
use crate::options::{PgOptions, StoreClock};
use crate::owners::Owners;
use crate::pool::Pools;
use crate::revision::Revisions;
use crate::sweep::LastSweep;

/// How long [`PgStore::health`] waits for the database.
const PATIENCE: Duration = Duration::from_secs(1);

/// Keeps everything in a Postgres database, behind all storage ports. Clones share the connections.
///
/// It needs a running tokio runtime: transactions and what watches over the database are tasks
/// there.
#[derive(Clone)]
pub struct PgStore {
    pub(crate) core: Arc<Core>,
    _keeper: Arc<Keeper>,
}

/// What the store and its keeper share.
pub(crate) struct Core {
    pub(crate) options: PgOptions,
    pub(crate) pools: Pools,
    pub(crate) revisions: Arc<Revisions>,
    pub(crate) owners: Owners,
    pub(crate) health: Health,
    /// Reservations and releases that wait to be sent together.
    pub(crate) queues: Queues,
    pub(crate) last_sweep: LastSweep,
}

/// Ends the keeper's task when the last clone of the store goes.
struct Keeper(AbortHandle);

impl Drop for Keeper {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl PgStore {
    /// Connects, brings the database up to date and reads the revisions of all tenants.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn open(options: &PgOptions) -> Result<Self, OpenError> {
        let core = Core::new(options);
        core.start().await?;
        let keeper = tokio::spawn(keeper::watch(core.clone())).abort_handle();
        Ok(Self { core, _keeper: Arc::new(Keeper(keeper)) })
    }

    /// Answers at once. A task opens the store, and tries again for as long as that fails; until
    /// then every act is answered [`StoreError::Unavailable`] without any wait.
    pub fn lazy(options: &PgOptions) -> Self {
        let core = Core::new(options);
        let keeper = tokio::spawn(keeper::keep(core.clone())).abort_handle();
        Self { core, _keeper: Arc::new(Keeper(keeper)) }
    }

    /// Whether the store has its database, as far as it knows; otherwise why not.
    ///
    /// # Errors
    /// The reason, for people.
    pub fn ready(&self) -> Result<(), String> {
        self.core.health.ready()
    }

    /// Whether the database answers right now; otherwise why not.
    ///
    /// # Errors
    /// The reason, for people.
    pub async fn health(&self) -> Result<(), String> {
        self.core.health.opened()?;
        let asked = sqlx::query("SELECT 1").execute(&self.core.pools.background);
        match tokio::time::timeout(PATIENCE, asked).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(format!("the database did not answer within {} s", PATIENCE.as_secs())),
        }
    }

    /// Waits for what is being written and closes the connections. Acts that come later fail.
    pub async fn close(&self) {
        self._keeper.0.abort();
        self.core.health.trouble("the store is closed".to_owned());
        self.core.pools.close().await;
    }

    /// The connections that serve calls.
    pub(crate) fn calls_pool(&self) -> Result<&PgPool, StoreError> {
        self.opened(&self.core.pools.calls)
    }

    /// The connections that serve the API.
    pub(crate) fn api_pool(&self) -> Result<&PgPool, StoreError> {
        self.opened(&self.core.pools.api)
    }

    /// The connections that serve the work in the background.
    pub(crate) fn background_pool(&self) -> Result<&PgPool, StoreError> {
        self.opened(&self.core.pools.background)
    }

    fn opened<'a>(&self, pool: &'a PgPool) -> Result<&'a PgPool, StoreError> {
        match self.core.health.opened() {
            Ok(()) => Ok(pool),
            Err(why) => Err(StoreError::unavailable(NotReady { why })),
        }
    }

    pub(crate) fn revisions(&self) -> Arc<Revisions> {
        self.core.revisions.clone()
    }

    /// What a function of the database takes as its `p_now`: nothing where the database's own clock
    /// counts.
    pub(crate) fn now(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self.core.options.clock {
            StoreClock::Database => None,
            StoreClock::Caller => Some(now),
        }
    }
}

impl Core {
    fn new(options: &PgOptions) -> Arc<Self> {
        let (options, pools) = (options.clone(), Pools::new(options));
        let (revisions, owners, health) = (Arc::default(), Owners::default(), Health::default());
        let (queues, last_sweep) = (Queues::default(), LastSweep::default());
        Arc::new(Self { options, pools, revisions, owners, health, queues, last_sweep })
    }

    /// Everything that comes before the first act.
    pub(crate) async fn start(&self) -> Result<(), OpenError> {
        migrate(&self.options).await?;
        self.revisions.load(&self.pools.background).await?;
        self.health.open();
        Ok(())
    }
}

impl fmt::Debug for PgStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PgStore").field("options", &self.core.options).finish_non_exhaustive()
    }
}
