//! The database that everything runs on.

use std::str::FromStr as _;
use std::sync::Arc;

use callcore::vocabulary::TenantId;
use callcore_store_pg::{PgOptions, PgStore};
use callcore_testkit::fixtures::tenant;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions as _, PgPool};

/// As many connections for the store as for the floors.
const CONNECTIONS: u32 = 16;
/// Counters of the unbatched design, and their places.
const UNBATCHED: &str = "
CREATE TABLE counters (id integer PRIMARY KEY, used integer NOT NULL) WITH (fillfactor = 50);
INSERT INTO counters SELECT n, 0 FROM generate_series(0, 100) AS n;
CREATE TABLE leases (id uuid PRIMARY KEY, counter integer NOT NULL, expires_at timestamptz NOT NULL);
CREATE INDEX ON leases (expires_at)";

/// A store and a pool on one database, which goes with [`Bed::unmake`].
pub(crate) struct Bed {
    pub(crate) store: PgStore,
    /// Connections as the store has them.
    pub(crate) pool: PgPool,
    /// Connections of the superuser, whom no policy binds.
    pub(crate) bare: PgPool,
    pub(crate) tenant: TenantId,
    database: String,
}

fn cluster() -> PgConnectOptions {
    let url = std::env::var("CALLCORE_TEST_POSTGRES");
    let url =
        url.expect("CALLCORE_TEST_POSTGRES is the URL of a superuser of a throw-away cluster");
    PgConnectOptions::from_str(&url).expect("CALLCORE_TEST_POSTGRES is a URL")
}

async fn execute(options: &PgConnectOptions, sql: String) {
    let mut db = options.connect().await.expect("the cluster answers");
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut db).await.expect("the cluster obeys");
}

impl Bed {
    pub(crate) async fn make() -> Arc<Self> {
        let (cluster, database) = (cluster(), format!("callcore_bench_{}", std::process::id()));
        execute(&cluster, format!("CREATE DATABASE {database}")).await;
        let options = cluster.database(&database).disable_statement_logging();
        let store = PgOptions::parse(options.to_url_lossy().as_str())
            .expect("sqlx writes URLs that it reads")
            .call_connections(CONNECTIONS)
            .patience(40);
        let store = PgStore::open(&store).await.expect("an empty database takes the migrations");
        execute(&options, UNBATCHED.to_owned()).await;
        let bare = PgPoolOptions::new().max_connections(CONNECTIONS).test_before_acquire(false);
        let pool = bare
            .clone()
            .after_connect(|db, _| {
                let role = sqlx::raw_sql("SET ROLE callcore_app");
                Box::pin(async move { role.execute(db).await.map(drop) })
            })
            .connect_with(options.clone())
            .await
            .expect("the database answers");
        let bare = bare.connect_with(options).await.expect("the database answers");
        Arc::new(Self { store, pool, bare, tenant: tenant(1), database })
    }

    pub(crate) async fn unmake(bed: Arc<Self>) {
        bed.store.close().await;
        bed.pool.close().await;
        bed.bare.close().await;
        execute(&cluster(), format!("DROP DATABASE {} WITH (FORCE)", bed.database)).await;
    }
}
