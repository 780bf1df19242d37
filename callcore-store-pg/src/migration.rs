//! Brings the tables of a database up to date.
//!
//! Migrations expand first and contract in a later release: servers of the last release go on
//! working on a database that a newer one has migrated, which is how several are replaced one by
//! one.

use std::time::Duration;

use sqlx::migrate::{Migrate as _, Migration, MigrationType};
use sqlx::{Connection as _, PgConnection, SqlSafeStr as _};

use crate::error::OpenError;
use crate::options::PgOptions;
use crate::role;

/// Where sqlx's own tools look for what was done.
const DONE: &str = "_sqlx_migrations";
/// The advisory lock that one server at a time migrates under: `callcore` in ASCII.
const LOCK: i64 = 0x6361_6c6c_636f_7265;
/// How long a migration waits for a table. All calls wait behind it as long as it does, and they give
/// up after 500 ms.
const LOCK_PATIENCE_MS: u32 = 300;
/// How often it is tried in all, and how long calls have the tables to themselves in between.
const LOCK_TRIES: u32 = 60;
const LOCK_PAUSE: Duration = Duration::from_secs(1);
/// How long a database may take to let somebody in.
const CONNECT_SECS: u64 = 5;

/// A migration that was run.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Applied {
    /// Its number.
    pub version: i64,
    /// What it is about.
    pub description: String,
}

/// Brings a database up to date and answers what that took, oldest first. Several may do it at once.
///
/// # Errors
/// [`OpenError`].
pub async fn migrate(options: &PgOptions) -> Result<Vec<Applied>, OpenError> {
    run(options, &migrations()).await
}

/// Every migration, oldest first. One that was released never changes.
///
/// Not by `sqlx::migrate!`, whose macros would have all of sqlx compiled twice.
fn migrations() -> Vec<Migration> {
    let files = [
        (1, "roles", include_str!("../migrations/0001_roles.sql")),
        (2, "configuration", include_str!("../migrations/0002_configuration.sql")),
        (3, "accounts", include_str!("../migrations/0003_accounts.sql")),
        (4, "calls", include_str!("../migrations/0004_calls.sql")),
        (5, "capacity", include_str!("../migrations/0005_capacity.sql")),
        (6, "system", include_str!("../migrations/0006_system.sql")),
        (7, "auctions", include_str!("../migrations/0007_auctions.sql")),
        (8, "bid_exchanges", include_str!("../migrations/0008_bid_exchanges.sql")),
        (9, "flows", include_str!("../migrations/0009_flows.sql")),
        (10, "bids_of_campaigns", include_str!("../migrations/0010_bids_of_campaigns.sql")),
        (11, "outbox", include_str!("../migrations/0011_outbox.sql")),
        (12, "archived_flows", include_str!("../migrations/0012_archived_flows.sql")),
        (13, "flow_trials", include_str!("../migrations/0013_flow_trials.sql")),
        (14, "begun_calls", include_str!("../migrations/0014_begun_calls.sql")),
    ];
    let migration = |(version, name, sql): (i64, &'static str, &'static str)| {
        Migration::new(version, name.into(), MigrationType::Simple, sql.into_sql_str(), false)
    };
    files.into_iter().map(migration).collect()
}

async fn run(options: &PgOptions, migrations: &[Migration]) -> Result<Vec<Applied>, OpenError> {
    let patience = Duration::from_secs(CONNECT_SECS);
    let connecting = sqlx::ConnectOptions::connect(&options.connect);
    let mut db = tokio::time::timeout(patience, connecting)
        .await
        .map_err(|_| OpenError::Silent(CONNECT_SECS))??;
    let applied = apply_patiently(&mut db, options, migrations).await?;
    // The work is done, whatever comes of the farewell.
    let _ = db.close().await;
    Ok(applied)
}

/// Tries again where somebody holds a table that a migration changes.
async fn apply_patiently(
    db: &mut PgConnection,
    options: &PgOptions,
    migrations: &[Migration],
) -> Result<Vec<Applied>, OpenError> {
    let mut tried = 1;
    loop {
        match apply(db, options, migrations).await {
            Err(OpenError::Busy) if tried < LOCK_TRIES => {
                tracing::info!(tried, "a table is in use, and the migration is tried again");
                // A transaction that is dropped ends when its connection is used again.
                db.ping().await?;
                tokio::time::sleep(LOCK_PAUSE).await;
                tried += 1;
            }
            applied => return applied,
        }
    }
}

/// Runs what this database has not seen yet, all or nothing, one server after the other.
async fn apply(
    db: &mut PgConnection,
    options: &PgOptions,
    migrations: &[Migration],
) -> Result<Vec<Applied>, OpenError> {
    // A future that is dropped drops the connection too, and with it the transaction.
    let mut db = db.begin().await?;
    sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(LOCK).execute(&mut *db).await?;
    // Functions keep this path. Without it, somebody's temporary table could stand for a real one.
    sqlx::query(
        "SELECT set_config('search_path', quote_ident(current_schema()) || ', pg_temp', true)",
    )
    .execute(&mut *db)
    .await?;
    role::prepare(&mut db).await?;
    db.ensure_migrations_table(DONE).await?;
    let done = db.list_applied_migrations(DONE).await?;
    for unknown in done.iter().filter(|done| {
        let known = |migration: &Migration| migration.version == done.version;
        !migrations.iter().any(known)
    }) {
        let migration = unknown.version;
        tracing::warn!(migration, "a newer version has migrated the database");
    }
    let mut applied = Vec::new();
    // Of tables only: roles are every database's, and nobody's call waits for them.
    lock_patience(&mut db, LOCK_PATIENCE_MS).await?;
    for migration in migrations {
        match done.iter().find(|done| done.version == migration.version) {
            None => {
                db.apply(DONE, migration).await?;
                let description = migration.description.to_string();
                applied.push(Applied { version: migration.version, description });
            }
            Some(done) if done.checksum != migration.checksum => {
                return Err(OpenError::Altered { migration: migration.version });
            }
            Some(_) => {}
        }
    }
    lock_patience(&mut db, 0).await?;
    role::assume(&mut db, options).await?;
    db.commit().await?;
    Ok(applied)
}

/// How long a statement of this transaction waits for a lock; 0 is for as long as it takes.
async fn lock_patience(db: &mut PgConnection, milliseconds: u32) -> Result<(), OpenError> {
    sqlx::query("SELECT set_config('lock_timeout', $1, true)")
        .bind(milliseconds.to_string())
        .execute(db)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::{Opened, execute};

    /// Longer than anything takes that comes at all.
    const PATIENCE: Duration = Duration::from_secs(20);

    #[tokio::test]
    async fn a_migration_that_waits_for_a_table_keeps_nobody_else_from_it() {
        let opened = Opened::new().await;
        let (mut holder, mut caller) =
            (opened.database.superuser().await, opened.database.superuser().await);
        execute(&mut holder, "BEGIN; LOCK TABLE buyers IN ACCESS SHARE MODE").await;
        let options = opened.database.options();
        let migrating = tokio::spawn(async move {
            let sql = "ALTER TABLE buyers ADD COLUMN later bigint";
            let kind = MigrationType::Simple;
            let next = Migration::new(99, "later".into(), kind, sql.into_sql_str(), false);
            run(&options, &migrations().into_iter().chain([next]).collect::<Vec<_>>()).await
        });
        let waits = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted \
                     AND relation = 'buyers'::regclass)";
        let wait = async {
            while !sqlx::query_scalar::<_, bool>(waits).fetch_one(&mut caller).await.unwrap() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.expect("it waits for the table");
        let read = execute(&mut caller, "SELECT FROM buyers");
        tokio::time::timeout(PATIENCE, read).await.expect("a call waits for a moment at the most");
        assert!(!migrating.is_finished());
        execute(&mut holder, "ROLLBACK").await;
        let applied = tokio::time::timeout(PATIENCE, migrating).await.expect("it is done").unwrap();
        let applied: Vec<_> = applied.unwrap().iter().map(|applied| applied.version).collect();
        assert_eq!(applied, [99]);
    }
}
