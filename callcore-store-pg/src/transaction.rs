//! Transactions that nobody can cut in half.
//!
//! A future may be dropped at any await, and sqlx 0.9.0 can then leave the connection inside an open
//! transaction (<https://github.com/launchbadge/sqlx/issues/4393>). So every transaction of several
//! statements runs in a task of its own: whoever asked may go away, the transaction still ends, and
//! what follows its commit is still done. Statements begin and end transactions here, not sqlx.
//!
//! An act of one statement needs none of this: it is a transaction by itself, and the database ends
//! it whether anybody waits or not.

use std::ops::DerefMut as _;
use std::pin::Pin;

use callcore::port::StoreError;
use callcore::vocabulary::TenantId;
use sqlx::pool::PoolConnection;
use sqlx::{AssertSqlSafe, PgConnection, PgPool, Postgres};
use tracing::Instrument as _;

use crate::error::failed;
use crate::open::PgStore;
use crate::revision;

/// What is done inside a transaction.
pub(crate) type Act<'c, T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'c>>;

/// Statements see what was committed before each of them, and wait for rows that others write.
const WRITING: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";
/// All statements see one instant.
const READING: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY";

/// Reads as this tenant at one instant.
pub(crate) async fn snapshot<T, E>(
    pool: &PgPool,
    tenant: TenantId,
    act: impl for<'c> FnOnce(&'c mut PgConnection) -> Act<'c, T, E> + Send + 'static,
) -> Result<T, E>
where
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
{
    let pool = pool.clone();
    in_its_own_task(async move { transact(&pool, READING, tenant, act).await }).await
}

/// Writes as this tenant everything that the act did, or nothing where it failed.
pub(crate) async fn in_tenant<T, E>(
    pool: &PgPool,
    tenant: TenantId,
    act: impl for<'c> FnOnce(&'c mut PgConnection) -> Act<'c, T, E> + Send + 'static,
) -> Result<T, E>
where
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
{
    let pool = pool.clone();
    in_its_own_task(async move { transact(&pool, WRITING, tenant, act).await }).await
}

impl PgStore {
    /// Writes a change of the configuration, one after the other for each tenant. The raised
    /// revision is known before this returns, and also where nobody waits for the return any more.
    pub(crate) async fn change<T, E>(
        &self,
        tenant: TenantId,
        numbers: bool,
        act: impl for<'c> FnOnce(&'c mut PgConnection) -> Act<'c, T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (pool, revisions) = (self.api_pool()?.clone(), self.revisions());
        in_its_own_task(async move {
            let changed = transact(&pool, WRITING, tenant, |db| {
                Box::pin(async move {
                    // First, because the row's lock is what keeps two changes of a tenant apart.
                    let raised = revision::raise(&mut *db, tenant).await?;
                    let value = act(&mut *db).await?;
                    // Last, because all tenants wait for this one.
                    let numbers = match numbers {
                        true => Some(revision::raise_numbers(db).await?),
                        false => None,
                    };
                    Ok::<_, E>((value, raised, numbers))
                })
            });
            let (value, raised, numbers) = changed.await?;
            revisions.learn(tenant, raised);
            revisions.learn_numbers(numbers.unwrap_or(0));
            Ok(value)
        })
        .await
    }
}

pub(crate) async fn in_its_own_task<T, E>(
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

/// A connection with an open transaction. Whoever drops it without an end, as a panic does, costs
/// the pool this connection, and nobody gets to see what was not committed.
struct Open(Option<PoolConnection<Postgres>>);

impl Drop for Open {
    fn drop(&mut self) {
        if let Some(db) = self.0.take() {
            tracing::warn!("a transaction was cut in half: its connection is closed");
            drop(db.detach());
        }
    }
}

async fn transact<T, E>(
    pool: &PgPool,
    begin: &'static str,
    tenant: TenantId,
    act: impl for<'c> FnOnce(&'c mut PgConnection) -> Act<'c, T, E> + Send,
) -> Result<T, E>
where
    E: From<StoreError>,
{
    let mut open = Open(Some(pool.acquire().await.map_err(failed)?));
    let Some(db) = open.0.as_mut() else {
        return Err(StoreError::unavailable("the connection is gone").into());
    };
    // One round trip for both.
    let begin = format!("{begin}; SELECT set_config('callcore.tenant', '{}', true)", tenant.uuid());
    let acted = match sqlx::raw_sql(AssertSqlSafe(begin)).execute(db.deref_mut()).await {
        Ok(_) => act(db.deref_mut()).await,
        Err(error) => Err(failed(error).into()),
    };
    let end = if acted.is_ok() { "COMMIT" } else { "ROLLBACK" };
    match sqlx::raw_sql(end).execute(db.deref_mut()).await {
        Ok(_) => {
            drop(open.0.take());
            acted
        }
        // What Postgres did is unknown, and the connection is closed with `open`.
        Err(error) => acted.and(Err(failed(error).into())),
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::Poll;
    use std::time::Duration;

    use callcore_testkit::fixtures::tenant;

    use super::*;
    use crate::database::Opened;

    fn writes(db: &mut PgConnection) -> Act<'_, (), StoreError> {
        Box::pin(async move {
            for n in 0..20 {
                sqlx::query("INSERT INTO rotations VALUES ($1, $2, 0)")
                    .bind(tenant(1).uuid())
                    .bind(n.to_string())
                    .execute(&mut *db)
                    .await
                    .map_err(failed)?;
            }
            Err(StoreError::unavailable("not to be kept"))
        })
    }

    fn panics(_: &mut PgConnection) -> Act<'_, (), StoreError> {
        Box::pin(async { panic!("on purpose") })
    }

    /// Asserts that nobody is inside a transaction and that nothing was kept.
    async fn nothing_is_left(opened: &Opened) {
        let mut db = opened.database.superuser().await;
        let ended = async {
            loop {
                let (open, kept): (i64, i64) = sqlx::query_as(
                    "SELECT (SELECT count(*) FROM pg_stat_activity \
                     WHERE datname = current_database() AND state LIKE 'idle in transaction%'), \
                     (SELECT count(*) FROM rotations)",
                )
                .fetch_one(&mut db)
                .await
                .unwrap();
                assert_eq!(kept, 0);
                if open == 0 {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        // Not as long as the five seconds after which Postgres itself ends an idle transaction.
        tokio::time::timeout(Duration::from_millis(4_500), ended).await.expect("transactions end");
    }

    /// The second line of defence: even a transaction that is cut in half ends, and nobody finds
    /// its connection in the pool.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_transaction_cut_in_half_is_rolled_back() {
        let opened = Opened::new().await;
        let pool = opened.store.api_pool().unwrap();
        for polls in 0..60 {
            let mut cut = pin!(transact(pool, WRITING, tenant(1), writes));
            let mut polled = 0;
            std::future::poll_fn(|context| {
                polled += 1;
                let done = polled > polls || cut.as_mut().poll(context).is_ready();
                if done { Poll::Ready(()) } else { Poll::Pending }
            })
            .await;
        }
        nothing_is_left(&opened).await;
        let known = in_tenant(pool, tenant(1), |db| Box::pin(revision::raise(db, tenant(1)))).await;
        assert_eq!(known.unwrap(), 1);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_panic_reaches_the_caller_and_nobody_else() {
        let opened = Opened::new().await;
        let pool = opened.store.api_pool().unwrap().clone();
        let acting = tokio::spawn(async move { in_tenant(&pool, tenant(1), panics).await });
        assert!(acting.await.unwrap_err().is_panic());
        nothing_is_left(&opened).await;
        let pool = opened.store.api_pool().unwrap();
        let known = in_tenant(pool, tenant(1), |db| Box::pin(revision::raise(db, tenant(1)))).await;
        assert_eq!(known.unwrap(), 1);
    }
}
