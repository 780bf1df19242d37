//! Brings the tables of a file up to date.

use sqlx::migrate::{Migrate as _, Migration, MigrationType};
use sqlx::{Connection as _, SqlSafeStr as _, SqliteConnection};

use crate::error::OpenError;

/// Where sqlx's own tools look for what was done.
const DONE: &str = "_sqlx_migrations";

/// Every migration, oldest first. One that was released never changes.
///
/// Not by `sqlx::migrate!`, whose macros would have all of sqlx compiled twice.
pub(crate) fn migrations() -> Vec<Migration> {
    let files = [
        (1, "configuration", include_str!("../migrations/0001_configuration.sql")),
        (2, "accounts", include_str!("../migrations/0002_accounts.sql")),
        (3, "calls", include_str!("../migrations/0003_calls.sql")),
        (4, "capacity", include_str!("../migrations/0004_capacity.sql")),
        (5, "auctions", include_str!("../migrations/0005_auctions.sql")),
        (6, "bid_exchanges", include_str!("../migrations/0006_bid_exchanges.sql")),
        (7, "flows", include_str!("../migrations/0007_flows.sql")),
        (8, "bids_of_campaigns", include_str!("../migrations/0008_bids_of_campaigns.sql")),
        (9, "outbox", include_str!("../migrations/0009_outbox.sql")),
        (10, "archived_flows", include_str!("../migrations/0010_archived_flows.sql")),
        (11, "flow_trials", include_str!("../migrations/0011_flow_trials.sql")),
    ];
    let migration = |(version, name, sql): (i64, &'static str, &'static str)| {
        Migration::new(version, name.into(), MigrationType::Simple, sql.into_sql_str(), false)
    };
    files.into_iter().map(migration).collect()
}

/// Runs what this file has not seen yet, all or nothing, one process after the other. sqlx's
/// `Migrator` runs each in a transaction of its own, and two that open a new file at once collide.
pub(crate) async fn migrate(
    db: &mut SqliteConnection,
    migrations: &[Migration],
) -> Result<(), OpenError> {
    let mut db = db.begin_with("BEGIN IMMEDIATE").await?;
    db.ensure_migrations_table(DONE).await?;
    let done = db.list_applied_migrations(DONE).await?;
    let known = |version| migrations.iter().any(|migration| migration.version == version);
    if let Some(unknown) = done.iter().find(|done| !known(done.version)) {
        return Err(OpenError::Newer { migration: unknown.version });
    }
    for migration in migrations {
        match done.iter().find(|done| done.version == migration.version) {
            None => {
                db.apply(DONE, migration).await?;
            }
            Some(done) if done.checksum != migration.checksum => {
                return Err(OpenError::Altered { migration: migration.version });
            }
            Some(_) => {}
        }
    }
    db.commit().await?;
    Ok(())
}
