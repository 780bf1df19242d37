//! Opens the store that the configuration names.

use std::sync::Arc;

use callcore_store_pg::{PgOptions, PgStore};
use callcore_store_sqlite::SqliteStore;
use secrecy::ExposeSecret;

use crate::database::Database;
use crate::start::StartError;
use crate::state::Stores;

/// Opens it. A file is opened and brought up to date at once. A Postgres that is not there yet is no
/// reason not to start: calls get the fallback, `/readyz` says why, and the store opens by itself
/// once it can.
///
/// # Errors
/// [`StartError::Store`] for a file that cannot be opened, or a URL that cannot be understood.
pub async fn open(database: &Database) -> Result<Stores, StartError> {
    match database {
        Database::Sqlite(path) => {
            let store = SqliteStore::open(path).await.map_err(|error| failed(database, error))?;
            Ok(Stores::of(&Arc::new(store)))
        }
        Database::Postgres(url) => {
            let options = PgOptions::parse(url.expose_secret());
            let options = options.map_err(|error| failed(database, error))?;
            Ok(Stores::of(&Arc::new(PgStore::lazy(&options))))
        }
    }
}

/// Opens it, or says why that cannot be done now: for commands that end.
///
/// # Errors
/// [`StartError::Store`].
pub async fn open_now(database: &Database) -> Result<Stores, StartError> {
    let Database::Postgres(url) = database else { return open(database).await };
    let options = PgOptions::parse(url.expose_secret()).map_err(|error| failed(database, error))?;
    let store = PgStore::open(&options).await.map_err(|error| failed(database, error))?;
    Ok(Stores::of(&Arc::new(store)))
}

pub(crate) fn failed(
    database: &Database,
    source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> StartError {
    StartError::Store { database: database.to_string(), source: source.into() }
}
