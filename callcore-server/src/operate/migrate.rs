//! `migrate`: brings the tables up to date and ends, for who wants that apart from the start.

use std::io::{self, Write};

use callcore_store_pg::{Applied, PgOptions};
use callcore_store_sqlite::SqliteStore;
use secrecy::ExposeSecret;

use crate::database::Database;
use crate::start::StartError;
use crate::store::failed;

/// Migrates the database and tells what was done.
///
/// # Errors
/// [`StartError::Store`].
pub async fn run(database: &Database, out: &mut impl Write) -> Result<(), StartError> {
    let applied = match database {
        Database::Sqlite(path) => {
            let store = SqliteStore::open(path).await.map_err(|error| failed(database, error))?;
            store.close().await;
            Vec::new()
        }
        Database::Postgres(url) => {
            let options = PgOptions::parse(url.expose_secret());
            let options = options.map_err(|error| failed(database, error))?;
            callcore_store_pg::migrate(&options).await.map_err(|error| failed(database, error))?
        }
    };
    let told = tell(database, &applied, out);
    told.map_err(|error| failed(database, error))
}

fn tell(database: &Database, applied: &[Applied], out: &mut impl Write) -> io::Result<()> {
    for Applied { version, description, .. } in applied {
        writeln!(out, "applied {version:04} {description}")?;
    }
    writeln!(out, "{database} is up to date")
}
