//! What goes wrong, in the words of the port and of whoever opens a file.

use std::path::PathBuf;

use callcore::port::StoreError;
use sqlx::migrate::MigrateError;

/// A file could not be opened as a store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The directory or the file could not be made.
    #[error("cannot create {path:?}: {source}")]
    Create {
        /// What was to be made.
        path: PathBuf,
        /// Why it was not.
        source: std::io::Error,
    },
    /// A newer version of this crate wrote the file: use that version, or another file.
    #[error("the file has migration {migration}, which this version does not know")]
    Newer {
        /// The first migration that is unknown here.
        migration: i64,
    },
    /// A migration of the file is not the one of that number in this version: some other build made
    /// the file.
    #[error("migration {migration} of the file differs from the one that this version knows")]
    Altered {
        /// The first migration that differs.
        migration: i64,
    },
    /// SQLite refused the file, or a migration failed.
    #[error("SQLite cannot open the file: {0}")]
    Sqlite(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The file opened and held nonsense.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for OpenError {
    fn from(error: sqlx::Error) -> Self {
        Self::Sqlite(error.into())
    }
}

impl From<MigrateError> for OpenError {
    fn from(error: MigrateError) -> Self {
        Self::Sqlite(error.into())
    }
}

/// SQLite's primary result codes, <https://www.sqlite.org/rescode.html>.
const BUSY: i32 = 5;
const CORRUPT: i32 = 11;
const CONSTRAINT: i32 = 19;
const NOT_A_DATABASE: i32 = 26;

fn primary_code(error: &sqlx::Error) -> Option<i32> {
    let code = error.as_database_error()?.code()?;
    // The low byte of an extended code is the primary one.
    Some(code.parse::<i32>().ok()? & 0xff)
}

/// Whether another connection holds a lock that this one wanted.
pub(crate) fn is_busy(error: &sqlx::Error) -> bool {
    primary_code(error) == Some(BUSY)
}

/// A failed statement in the words of the port.
pub(crate) fn failed(error: sqlx::Error) -> StoreError {
    match (&error, primary_code(&error)) {
        (_, Some(CORRUPT | NOT_A_DATABASE)) => StoreError::corrupt("database file", error),
        // Everything that may rightly clash is asked for before it is written.
        (_, Some(CONSTRAINT)) => StoreError::corrupt("row that breaks a constraint", error),
        (
            sqlx::Error::ColumnDecode { .. }
            | sqlx::Error::ColumnIndexOutOfBounds { .. }
            | sqlx::Error::Decode(_)
            | sqlx::Error::RowNotFound,
            _,
        ) => StoreError::corrupt("row", error),
        _ => StoreError::unavailable(error),
    }
}
