//! `copy`: moves everything from an SQLite file to a Postgres database.

use callcore::port::StoreError;
use callcore_store_pg::{Import, ImportError, PgOptions};
use callcore_store_sqlite::SqliteStore;
use secrecy::ExposeSecret;

use crate::database::Database;

/// Why nothing was copied.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// It goes from a file to a Postgres database, and no other way.
    #[error("--from sqlite:PATH --to postgres://… is expected")]
    Direction,
    /// There is no such file.
    #[error("--from: there is no file {0}")]
    NoFile(String),
    /// The file cannot be opened.
    #[error("--from: {0}")]
    From(#[from] callcore_store_sqlite::OpenError),
    /// The file cannot be read.
    #[error("--from: {0}")]
    Read(#[from] StoreError),
    /// The database takes no rows.
    #[error("--to: {0}")]
    To(#[from] ImportError),
}

/// Copies every row, or none. `copied` is told how many rows are there of how many.
///
/// # Errors
/// [`CopyError`]; the database is then as it was.
pub async fn run(
    from: &Database,
    to: &Database,
    mut copied: impl FnMut(u64, u64),
) -> Result<u64, CopyError> {
    let (Database::Sqlite(path), Database::Postgres(url)) = (from, to) else {
        return Err(CopyError::Direction);
    };
    if !path.is_file() {
        return Err(CopyError::NoFile(path.display().to_string()));
    }
    let options = PgOptions::parse(url.expose_secret()).map_err(ImportError::from)?;
    let source = SqliteStore::open(path).await?;
    let mut import = Import::begin(&options).await?;
    let mut export = source.export().await?;
    let (mut done, all) = (0, export.rows);
    while let Some(batch) = export.next().await {
        let batch = batch?;
        import.rows(batch.table, batch.tenant, &batch.rows).await?;
        done += batch.rows.len() as u64;
        copied(done, all);
    }
    import.commit().await?;
    source.close().await;
    Ok(done)
}
