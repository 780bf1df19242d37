//! Where the tests' Postgres is, and what its superuser sees.

use std::env;
use std::path::PathBuf;

use tokio::process::Command;
use url::Url;

/// A database. What it is asked, it is asked past the servers, with Postgres' own program.
#[derive(Debug)]
pub(crate) struct Database {
    url: Url,
}

impl Database {
    /// A new, empty one in the cluster of `cargo xtask`.
    pub(crate) async fn create() -> Self {
        let mut url = Url::parse(&variable("CALLCORE_TEST_POSTGRES")).expect("a URL");
        let name = format!("servers_{}", uuid::Uuid::new_v4().simple());
        Self { url: url.clone() }.query(&format!("CREATE DATABASE {name}")).await;
        url.set_path(&name);
        Self { url }
    }

    /// One that is there already.
    pub(crate) fn at(url: &str) -> Self {
        Self { url: Url::parse(url).expect("a URL") }
    }

    pub(crate) fn url(&self) -> &str {
        self.url.as_str()
    }

    /// The rows of an answer, their columns apart by `|`.
    pub(crate) async fn query(&self, sql: &str) -> Vec<String> {
        let mut psql = Command::new(programs().join("psql"));
        psql.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align"]);
        psql.args(["--set=ON_ERROR_STOP=1", "--command", sql]);
        let answer = psql.arg(self.url.as_str()).output().await.expect("psql is there");
        let complaint = String::from_utf8_lossy(&answer.stderr);
        assert!(answer.status.success(), "{sql}: {complaint}");
        String::from_utf8_lossy(&answer.stdout).lines().map(str::to_owned).collect()
    }
}

/// The folder of Postgres' programs.
pub(crate) fn programs() -> PathBuf {
    variable("CALLCORE_TEST_POSTGRES_BIN").into()
}

/// Nothing is skipped: without a Postgres these tests fail.
fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| {
        panic!(
            "{name} is not set. Run `cargo xtask test`, or \
             `cargo xtask postgres cargo test --package callcore-server --test servers`"
        )
    })
}
