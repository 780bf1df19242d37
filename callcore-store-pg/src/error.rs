//! What goes wrong, in the words of the port and of whoever opens a database.

use callcore::port::StoreError;
use sqlx::migrate::MigrateError;

/// A database could not be opened as a store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The address is not one of a Postgres database. It is not repeated: it may hold a password.
    #[error("the database address is no postgres:// URL: {0}")]
    Address(String),
    /// The database did not answer in time.
    #[error("the database did not answer within {0} s")]
    Silent(u64),
    /// The role that keeps tenants apart could not be made or used.
    #[error(
        "the login role cannot work as the role {role}: {why}; run as an administrator: {remedy}"
    )]
    Role {
        /// The role that the connections work as.
        role: String,
        /// What Postgres said, or what is wrong with the role.
        why: String,
        /// What an administrator runs to make it right.
        remedy: String,
    },
    /// A migration of the database is not the one of that number in this version: some other build
    /// made it.
    #[error("migration {migration} of the database differs from the one that this version knows")]
    Altered {
        /// The first migration that differs.
        migration: i64,
    },
    /// A migration needs a table for itself that others did not let go of.
    #[error("a migration waited in vain for a table that others use; run it when less is going on")]
    Busy,
    /// Postgres refused the connection, or a migration failed.
    #[error("Postgres cannot open the database: {0}")]
    Postgres(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The database opened and held nonsense.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for OpenError {
    fn from(error: sqlx::Error) -> Self {
        match sqlstate(&error).as_deref() {
            Some(LOCK_NOT_AVAILABLE) => Self::Busy,
            _ => Self::Postgres(error.into()),
        }
    }
}

impl From<MigrateError> for OpenError {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => error.into(),
            error => Self::Postgres(error.into()),
        }
    }
}

/// The store has not reached its database since it started.
#[derive(Debug, thiserror::Error)]
#[error("the database is not ready: {why}")]
pub(crate) struct NotReady {
    pub(crate) why: String,
}

/// SQLSTATE of a lock that was not had in time.
const LOCK_NOT_AVAILABLE: &str = "55P03";
/// SQLSTATE of a unique key that is taken,
/// <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
const UNIQUE_VIOLATION: &str = "23505";
/// Classes of SQLSTATE: the first two characters.
const DATA_EXCEPTION: &str = "22";
const CONSTRAINT: &str = "23";
const INTERNAL: &str = "XX";

fn sqlstate(error: &sqlx::Error) -> Option<String> {
    error.as_database_error()?.code().map(std::borrow::Cow::into_owned)
}

/// Whether a statement clashed with a row under this unique constraint or index.
pub(crate) fn clashes_with(error: &sqlx::Error, constraint: &str) -> bool {
    sqlstate(error).as_deref() == Some(UNIQUE_VIOLATION)
        && error.as_database_error().and_then(sqlx::error::DatabaseError::constraint)
            == Some(constraint)
}

/// A failed statement in the words of the port.
pub(crate) fn failed(error: sqlx::Error) -> StoreError {
    let sqlstate = sqlstate(&error);
    match (&error, sqlstate.as_deref().and_then(|code| code.get(..2))) {
        (_, Some(INTERNAL)) => StoreError::corrupt("database", error),
        // Everything that may rightly clash is asked for before it is written.
        (_, Some(CONSTRAINT)) => StoreError::corrupt("row that breaks a constraint", error),
        (_, Some(DATA_EXCEPTION)) => StoreError::corrupt("value", error),
        (
            sqlx::Error::ColumnDecode { .. }
            | sqlx::Error::ColumnIndexOutOfBounds { .. }
            | sqlx::Error::Decode(_)
            | sqlx::Error::Encode(_)
            | sqlx::Error::RowNotFound,
            _,
        ) => StoreError::corrupt("row", error),
        _ => StoreError::unavailable(error),
    }
}
