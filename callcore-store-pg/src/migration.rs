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
    let applied = apply(&mut db, options, migrations).await?;
    // The work is done, whatever comes of the farewell.
    let _ = db.close().await;
    Ok(applied)
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
    role::assume(&mut db, options).await?;
    db.commit().await?;
    Ok(applied)
}
