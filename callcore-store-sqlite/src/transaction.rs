//! Transactions that nobody can cut in half.
//!
//! A future may be dropped at any await, and sqlx 0.9.0 can then leave the connection inside an open
//! transaction (<https://github.com/launchbadge/sqlx/issues/4393>). So every transaction runs in a
//! task of its own: whoever asked may go away, the transaction still ends, and what follows its
//! commit is still done. Statements begin and end transactions here, not sqlx: its count of open
//! transactions goes wrong where SQLite itself rolls back, as it does when the disk is full.

use std::pin::Pin;

use callcore::port::StoreError;
use callcore::vocabulary::TenantId;
use sqlx::{SqliteConnection, SqlitePool};
use tracing::Instrument as _;

use crate::SqliteStore;
use crate::error::failed;
use crate::revision;

/// What is done inside a transaction.
pub(crate) type Act<'c, T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'c>>;

impl SqliteStore {
    /// Reads at one instant: everything that was acknowledged before, and nothing of what is being
    /// written.
    pub(crate) async fn snapshot<T, E>(
        &self,
        act: impl for<'c> FnOnce(&'c mut SqliteConnection) -> Act<'c, T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let readers = self.readers.clone();
        in_its_own_task(async move { transact(&readers, "BEGIN", act).await }).await
    }

    /// Writes everything that the act did, or nothing where it failed.
    pub(crate) async fn transaction<T, E>(
        &self,
        act: impl for<'c> FnOnce(&'c mut SqliteConnection) -> Act<'c, T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let writer = self.writer.clone();
        in_its_own_task(async move { transact(&writer, "BEGIN IMMEDIATE", act).await }).await
    }

    /// Writes a change of the configuration. The raised revision is known before this returns, and
    /// also where nobody waits for the return any more.
    pub(crate) async fn change<T, E>(
        &self,
        tenant: TenantId,
        numbers: bool,
        act: impl for<'c> FnOnce(&'c mut SqliteConnection) -> Act<'c, T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let store = self.clone();
        in_its_own_task(async move {
            let changed = transact(&store.writer, "BEGIN IMMEDIATE", |db| {
                Box::pin(async move {
                    let value = act(&mut *db).await?;
                    Ok::<_, E>((value, revision::raise(db, tenant, numbers).await?))
                })
            });
            let (value, raised) = changed.await?;
            store.revisions.publish(tenant, raised);
            Ok(value)
        })
        .await
    }
}

async fn in_its_own_task<T, E>(
    work: impl Future<Output = Result<T, E>> + Send + 'static,
) -> Result<T, E>
where
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
{
    match tokio::spawn(work.in_current_span()).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(shutdown) => Err(StoreError::unavailable(shutdown).into()),
        },
    }
}

pub(crate) async fn transact<T, E>(
    pool: &SqlitePool,
    begin: &'static str,
    act: impl for<'c> FnOnce(&'c mut SqliteConnection) -> Act<'c, T, E> + Send,
) -> Result<T, E>
where
    E: From<StoreError>,
{
    let mut db = pool.acquire().await.map_err(failed)?;
    execute(&mut db, begin).await?;
    let acted = act(&mut db).await;
    if acted.is_ok() {
        match execute(&mut db, "COMMIT").await {
            Ok(()) => return acted,
            Err(error) => {
                roll_back(&mut db).await;
                return Err(error.into());
            }
        }
    }
    roll_back(&mut db).await;
    acted
}

async fn execute(db: &mut SqliteConnection, statement: &'static str) -> Result<(), StoreError> {
    sqlx::query(statement).execute(db).await.map(drop).map_err(failed)
}

/// Ends whatever transaction is open. Answers whether the connection still works.
pub(crate) async fn roll_back(db: &mut SqliteConnection) -> bool {
    match sqlx::query("ROLLBACK").execute(db).await {
        // SQLite's own word that no transaction is open, which is just as well.
        Ok(_) | Err(sqlx::Error::Database(_)) => true,
        Err(error) => {
            tracing::warn!(%error, "a connection of the SQLite store broke and is replaced");
            false
        }
    }
}
