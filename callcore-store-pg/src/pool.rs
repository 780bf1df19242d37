//! The connections: what each kind of work may wait for, and what every connection is set to.

use std::time::Duration;

use sqlx::postgres::PgPoolOptions;
use sqlx::{AssertSqlSafe, Connection as _, PgPool, SqlSafeStr as _};

use crate::options::PgOptions;

/// A connection that lay idle for longer than this is tried before it is used: the database may have
/// been restarted meanwhile. The others are not, which saves calls a round trip.
const STALE_AFTER: Duration = Duration::from_secs(1);
/// A transaction that stands still for this long is ended by the database.
const IDLE_IN_TRANSACTION: Duration = Duration::from_secs(5);

/// One kind of work waits for no other.
#[derive(Clone)]
pub(crate) struct Pools {
    pub(crate) calls: PgPool,
    pub(crate) api: PgPool,
    pub(crate) background: PgPool,
    /// One connection that waits for notifications.
    pub(crate) listen: PgPool,
}

/// How long one kind of work waits.
#[derive(Clone, Copy)]
struct Patience {
    connection: Duration,
    statement: Duration,
    lock: Duration,
}

impl Patience {
    fn times(self, times: u32) -> Self {
        Self {
            connection: self.connection.saturating_mul(times),
            statement: self.statement.saturating_mul(times),
            lock: self.lock.saturating_mul(times),
        }
    }
}

/// A carrier waits 15 s in all, and a call takes several acts: whoever cannot be served in a second
/// is told so, and hears the fallback.
const CALLS: Patience = Patience {
    connection: Duration::from_millis(1_000),
    statement: Duration::from_millis(1_000),
    lock: Duration::from_millis(500),
};
const API: Patience = Patience {
    connection: Duration::from_secs(2),
    statement: Duration::from_secs(5),
    lock: Duration::from_secs(2),
};
const BACKGROUND: Patience = Patience {
    connection: Duration::from_secs(5),
    statement: Duration::from_secs(15),
    lock: Duration::from_secs(5),
};

impl Pools {
    /// Pools that connect when they are first used.
    pub(crate) fn new(options: &PgOptions) -> Self {
        let background = options.background_connections;
        Self {
            calls: pool(options, options.call_connections, &CALLS),
            api: pool(options, options.api_connections, &API),
            background: pool(options, background, &BACKGROUND),
            listen: pool(options, 1, &BACKGROUND),
        }
    }

    pub(crate) async fn close(&self) {
        for pool in [&self.listen, &self.calls, &self.api, &self.background] {
            pool.close().await;
        }
    }
}

fn pool(options: &PgOptions, connections: u32, usual: &Patience) -> PgPool {
    let patience = usual.times(options.patience);
    let settings = AssertSqlSafe(settings(&options.application_role, &patience)).into_sql_str();
    PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(patience.connection)
        .test_before_acquire(false)
        .before_acquire(|db, found| {
            Box::pin(async move {
                if found.idle_for > STALE_AFTER {
                    db.ping().await?;
                }
                Ok(true)
            })
        })
        .after_connect(move |db, _| {
            let settings = settings.clone();
            Box::pin(async move { sqlx::raw_sql(settings).execute(db).await.map(drop) })
        })
        .connect_lazy_with(options.connect.clone())
}

/// What a new connection is set to. By statements, because poolers such as Neon's refuse start-up
/// options. The schema is fixed before the role changes, as `$user` in a search path follows it.
fn settings(role: &str, patience: &Patience) -> String {
    format!(
        "SELECT set_config('search_path', quote_ident(current_schema()) || ', pg_temp', false), \
         set_config('synchronous_commit', CASE current_setting('synchronous_commit') \
         WHEN 'off' THEN 'on' ELSE current_setting('synchronous_commit') END, false); \
         SET ROLE {}; SET statement_timeout = {}; SET lock_timeout = {}; \
         SET idle_in_transaction_session_timeout = {}",
        quoted(role),
        patience.statement.as_millis(),
        patience.lock.as_millis(),
        IDLE_IN_TRANSACTION.as_millis(),
    )
}

/// A name as SQL reads it.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
