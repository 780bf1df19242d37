//! Opening a file: connections and their settings.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};

use crate::SqliteStore;
use crate::error::{OpenError, is_busy};
use crate::migration::{migrate, migrations};
use crate::revision::Revisions;
use crate::transaction::roll_back;

/// How long an act waits for its turn, and then again for other processes. A carrier waits 15 s in
/// all, so whoever waits longer than this is better told.
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
        Self::open_patiently(path, PATIENCE).await
    }

    /// As [`SqliteStore::open`], with another time that an act waits for its turn, and then again for
    /// other processes; by itself 2 s. For those whom nobody waits for, such as tests and imports.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn open_patiently(path: &Path, patience: Duration) -> Result<Self, OpenError> {
        create(path)?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .busy_timeout(patience)
            .foreign_keys(true)
            // Anything less may lose acknowledged reservations with the power, and caps with them.
            .synchronous(SqliteSynchronous::Full)
            .pragma("journal_size_limit", WAL_BYTES)
            .disable_statement_logging();
        let writing = options.clone().journal_mode(SqliteJournalMode::Wal);
        let mut first = connect(&writing, patience).await?;
        migrate(&mut first, &migrations()).await?;
        let writer = pool(1, patience).connect_with(writing).await?;
        let readers =
            pool(READERS, patience).connect_with(options.pragma("query_only", "ON")).await?;
        let mut db = readers.acquire().await?;
        let revisions = Arc::new(Revisions::load(&mut db).await?);
        // Not before the others are open: the last connection that closes locks everybody out.
        first.close().await?;
        Ok(Self { writer, readers, revisions })
    }

    /// Waits for what is being written and closes the file. Acts that come later fail.
    pub async fn close(&self) {
        // The writer closes last: it then folds the write-ahead log into the file.
        self.readers.close().await;
        self.writer.close().await;
    }
}

fn pool(connections: u32, patience: Duration) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(patience)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        // Transactions end by themselves; this is for one whose task panicked.
        .before_acquire(|db, _| Box::pin(async move { Ok(roll_back(db).await) }))
}

/// Makes the file here and not in SQLite, because it holds people's numbers and password hashes and
/// only the process's own user shall read it. A file that is there is not even opened: to close it
/// again would end the locks of every other handle of this process
/// (<https://www.sqlite.org/howtocorrupt.html#_posix_advisory_locks_canceled_by_a_separate_thread_doing_close_>).
fn create(path: &Path) -> Result<(), OpenError> {
    let failed = |path: &Path, source| OpenError::Create { path: path.to_owned(), source };
    if let Some(directory) = path.parent() {
        std::fs::create_dir_all(directory).map_err(|source| failed(directory, source))?;
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(source) if source.kind() != ErrorKind::AlreadyExists => Err(failed(path, source)),
        _ => Ok(()),
    }
}

/// The first connection turns a new file's write-ahead log on, and SQLite does not wait for the lock
/// that this takes.
async fn connect(
    options: &SqliteConnectOptions,
    patience: Duration,
) -> Result<SqliteConnection, OpenError> {
    const PAUSE: Duration = Duration::from_millis(20);
    let mut waited = Duration::ZERO;
    loop {
        match options.connect().await {
            Err(error) if is_busy(&error) && waited < patience => {
                tokio::time::sleep(PAUSE).await;
                waited += PAUSE;
            }
            connected => return Ok(connected?),
        }
    }
}
