//! Opening a file: connections, settings, migrations.

use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, SqlSafeStr as _, SqliteConnection};
use tracing::log::LevelFilter;

use crate::SqliteStore;
use crate::error::{OpenError, is_busy};
use crate::revision::Revisions;
use crate::transaction::roll_back;

/// How long an act waits for its turn, and then again for other processes. A carrier waits 15 s in
/// all, and a call asks three times at most.
const PATIENCE: Duration = Duration::from_secs(2);
/// Reads run side by side; more of them than this only compete for the processor.
const READERS: u32 = 4;
/// What a burst of writes leaves of the write-ahead log after the next checkpoint, in bytes.
const WAL_BYTES: &str = "67108864";

impl SqliteStore {
    /// Opens the store in this file. The file and its directories are made where they are missing,
    /// and a file of an older version is brought up to date.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn open(path: &Path) -> Result<Self, OpenError> {
        create(path)?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .busy_timeout(PATIENCE)
            .foreign_keys(true)
            // Anything less may lose acknowledged reservations with the power, and caps with them.
            .synchronous(SqliteSynchronous::Full)
            .pragma("journal_size_limit", WAL_BYTES)
            .log_statements(LevelFilter::Off);
        let writing = options.clone().journal_mode(SqliteJournalMode::Wal);
        migrate(&writing).await?;
        let writer = pool(1).connect_with(writing).await?;
        let readers = pool(READERS).connect_with(options.pragma("query_only", "ON")).await?;
        let mut db = readers.acquire().await?;
        let revisions = Arc::new(Revisions::load(&mut db).await?);
        Ok(Self { writer, readers, revisions })
    }

    /// Waits for what is being written and closes the file. Acts that come later fail.
    pub async fn close(&self) {
        // The writer closes last: it then folds the write-ahead log into the file.
        self.readers.close().await;
        self.writer.close().await;
    }
}

fn pool(connections: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(PATIENCE)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        // Transactions end by themselves; this is for one whose task panicked.
        .before_acquire(|db, _| Box::pin(async move { Ok(roll_back(db).await) }))
}

/// Makes the file here and not in SQLite, because it holds people's numbers and password hashes and
/// only the process's own user shall read it.
fn create(path: &Path) -> Result<(), OpenError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| OpenError::Create { path, source }
    };
    if let Some(directory) = path.parent() {
        std::fs::create_dir_all(directory).map_err(failed(directory))?;
    }
    let mut options = std::fs::OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop).map_err(failed(path))
}

/// Runs what this file has not seen yet, all or nothing, one process after the other.
async fn migrate(options: &SqliteConnectOptions) -> Result<(), OpenError> {
    let mut db = connect(options).await?;
    let mut transaction = db.begin_with("BEGIN IMMEDIATE").await?;
    run(&migrator(), &mut transaction).await?;
    transaction.commit().await?;
    db.close().await?;
    Ok(())
}

/// Boxed, because the compiler cannot prove by itself that sqlx's future may move between threads.
fn run<'act>(
    migrator: &'act Migrator,
    db: &'act mut SqliteConnection,
) -> Pin<Box<dyn Future<Output = Result<(), MigrateError>> + Send + 'act>> {
    Box::pin(migrator.run(db))
}

/// The first connection turns a new file's write-ahead log on, and SQLite does not wait for the lock
/// that this takes.
async fn connect(options: &SqliteConnectOptions) -> Result<SqliteConnection, OpenError> {
    const PAUSE: Duration = Duration::from_millis(20);
    let mut waited = Duration::ZERO;
    loop {
        match options.connect().await {
            Err(error) if is_busy(&error) && waited < PATIENCE => {
                tokio::time::sleep(PAUSE).await;
                waited += PAUSE;
            }
            connected => return Ok(connected?),
        }
    }
}

/// Every migration, oldest first. One that was released never changes.
const MIGRATIONS: [(i64, &str, &str); 4] = [
    (1, "configuration", include_str!("../migrations/0001_configuration.sql")),
    (2, "accounts", include_str!("../migrations/0002_accounts.sql")),
    (3, "calls", include_str!("../migrations/0003_calls.sql")),
    (4, "capacity", include_str!("../migrations/0004_capacity.sql")),
];

/// Not by `sqlx::migrate!`, whose macro crate would have all of sqlx compiled twice.
pub(crate) fn migrator() -> Migrator {
    let migrations = MIGRATIONS.into_iter().map(|(version, name, sql)| {
        Migration::new(version, name.into(), MigrationType::Simple, sql.into_sql_str(), false)
    });
    Migrator::with_migrations(migrations.collect())
}
