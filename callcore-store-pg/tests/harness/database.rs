//! Databases that go with the test that made them, and stores on them.

// Every test binary uses a part of it.
#![allow(dead_code)]

use std::str::FromStr as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use callcore_store_pg::{PgOptions, PgStore, StoreClock, migrate};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, PgConnection};
use tokio::sync::OnceCell;

/// The URL of a superuser of a throw-away cluster.
const VARIABLE: &str = "CALLCORE_TEST_POSTGRES";
/// The password of the logins that tests make.
const PASSWORD: &str = "callcore-test";

/// Tells databases of one process apart.
static MADE: AtomicU32 = AtomicU32::new(0);

/// A database that goes when this does.
#[derive(Debug)]
pub(crate) struct Database {
    pub(crate) name: String,
    login: Option<String>,
}

impl Database {
    /// An empty database of this login, or of the superuser.
    pub(crate) async fn empty(login: Option<&str>) -> Self {
        let owner = login.map(|login| format!(" OWNER {login}")).unwrap_or_default();
        Self::create(login, &owner).await
    }

    /// A copy of a database, which nobody may be using.
    pub(crate) async fn copy_of(template: &Self) -> Self {
        let login = template.login.as_deref();
        let owner = login.map(|login| format!(" OWNER {login}")).unwrap_or_default();
        Self::create(login, &format!("{owner} TEMPLATE {}", template.name)).await
    }

    async fn create(login: Option<&str>, rest: &str) -> Self {
        let made = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("callcore_test_{}_{made}", std::process::id());
        let mut db = superuser(None).await;
        // A process of long ago may have had the same number.
        execute(&mut db, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
        execute(&mut db, &format!("CREATE DATABASE {name}{rest}")).await;
        Self { name, login: login.map(str::to_owned) }
    }

    /// What a store on this database is opened with.
    pub(crate) fn options(&self) -> PgOptions {
        self.options_of(self.login.as_deref())
    }

    /// What another login opens a store on this database with.
    pub(crate) fn options_as(&self, login: &str) -> PgOptions {
        self.options_of(Some(login))
    }

    fn options_of(&self, login: Option<&str>) -> PgOptions {
        let mut connect = cluster().database(&self.name);
        if let Some(login) = login {
            connect = connect.username(login).password(PASSWORD);
        }
        PgOptions::parse(connect.to_url_lossy().as_str())
            .expect("sqlx writes URLs that it reads")
            .clock(StoreClock::Caller)
            .call_connections(8)
            .patience(40)
    }

    /// A connection of the superuser, whom no policy binds.
    pub(crate) async fn superuser(&self) -> PgConnection {
        superuser(Some(&self.name)).await
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let drop_it = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        // Drop cannot wait, and the runtime of the test may be going already.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.expect("a runtime starts");
            runtime.block_on(async { execute(&mut superuser(None).await, &drop_it).await });
        });
        if dropping.join().is_err() && !std::thread::panicking() {
            panic!("the database {} could not be dropped", self.name);
        }
    }
}

fn cluster() -> PgConnectOptions {
    let url = std::env::var(VARIABLE).unwrap_or_else(|_| {
        panic!(
            "these tests need a Postgres: run `cargo xtask test`, which starts one, or set \
             {VARIABLE} to the URL of a superuser of a throw-away cluster"
        )
    });
    let connect = PgConnectOptions::from_str(&url);
    connect
        .unwrap_or_else(|_| panic!("{VARIABLE} is no postgres:// URL"))
        .disable_statement_logging()
}

async fn superuser(database: Option<&str>) -> PgConnection {
    let connect = match database {
        Some(database) => cluster().database(database),
        None => cluster(),
    };
    connect.connect().await.unwrap_or_else(|error| panic!("{VARIABLE} answers: {error}"))
}

pub(crate) async fn execute(db: &mut PgConnection, sql: &str) {
    let done = sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(db).await;
    done.unwrap_or_else(|error| panic!("{sql}: {error}"));
}

/// A login that may make roles and owns what it is given, as on hosted databases.
pub(crate) async fn hosted_login() -> &'static str {
    static LOGIN: OnceCell<String> = OnceCell::const_new();
    LOGIN
        .get_or_init(|| async {
            let login = format!("callcore_login_{}", std::process::id());
            let mut db = superuser(None).await;
            let make = format!(
                "DO $$ BEGIN IF to_regrole('{login}') IS NULL THEN \
                 CREATE ROLE {login} LOGIN CREATEROLE PASSWORD '{PASSWORD}'; END IF; END $$"
            );
            execute(&mut db, &make).await;
            // From Postgres 16 on, only who made a role may grant it, and here that was whichever
            // test came first.
            execute(
                &mut db,
                &format!(
                    "DO $$ BEGIN IF to_regrole('callcore_app') IS NOT NULL AND \
                     current_setting('server_version_num')::integer >= 160000 THEN \
                     GRANT callcore_app TO {login}; END IF; END $$"
                ),
            )
            .await;
            login
        })
        .await
}

/// A migrated database that stays as it is.
async fn template(login: Option<&str>) -> Database {
    let database = Database::empty(login).await;
    migrate(&database.options()).await.expect("an empty database takes the migrations");
    database
}

/// A store with its database.
pub(crate) struct Opened {
    pub(crate) store: Arc<PgStore>,
    pub(crate) database: Database,
}

impl Opened {
    /// A store on an empty, migrated database of a superuser.
    pub(crate) async fn new() -> Self {
        static TEMPLATE: OnceCell<Database> = OnceCell::const_new();
        Self::on(TEMPLATE.get_or_init(|| template(None)).await).await
    }

    /// A store on an empty, migrated database whose owner is no superuser.
    pub(crate) async fn hosted() -> Self {
        static TEMPLATE: OnceCell<Database> = OnceCell::const_new();
        let template =
            TEMPLATE.get_or_init(|| async { template(Some(hosted_login().await)).await });
        Self::on(template.await).await
    }

    /// A store whose connections work as a role that row-level security does not bind.
    pub(crate) async fn bypassing() -> Self {
        let opened = Self::new().await;
        let mut db = opened.database.superuser().await;
        let role = "callcore_test_bypass";
        execute(
            &mut db,
            &format!(
                "DO $$ BEGIN CREATE ROLE {role} NOLOGIN BYPASSRLS ROLE CURRENT_USER; \
                 GRANT callcore_app TO {role}; \
                 EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
            ),
        )
        .await;
        let options = opened.database.options().application_role(role);
        opened.store.close().await;
        let store = PgStore::open(&options).await.expect("a migrated database opens");
        Self { store: Arc::new(store), database: opened.database }
    }

    async fn on(template: &Database) -> Self {
        let database = Database::copy_of(template).await;
        let store = PgStore::open(&database.options()).await.expect("a migrated database opens");
        Self { store: Arc::new(store), database }
    }
}
