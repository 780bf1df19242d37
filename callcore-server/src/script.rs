//! Custom code of flows, run by worker processes. They are started when the first code comes: most
//! tenants have none.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use callcore::memory::Offline;
use callcore::port::{Script, ScriptError};
use callcore_script::{Options, ScriptPool, WorkerCommand};
use serde_json::Value;
use tokio::sync::OnceCell;
use tokio::time::Instant;

/// How long nothing is started after a start that failed. Until then no code is run.
const PAUSE: Duration = Duration::from_secs(60);

/// The running program again, as many times as there are workers. It has to be the server's own
/// binary, which asks [`worker::is_requested`](callcore_script::worker::is_requested) first of all.
#[derive(Debug, Default)]
pub struct Workers {
    pool: OnceCell<ScriptPool>,
    failed: Mutex<Option<Instant>>,
}

impl Workers {
    /// The pool, started if it was not; none where it does not start.
    async fn pool(&self) -> Option<&ScriptPool> {
        if let Some(pool) = self.pool.get() {
            return Some(pool);
        }
        self.pool.get_or_try_init(|| self.start()).await.ok()
    }

    async fn start(&self) -> Result<ScriptPool, ()> {
        let failed = *self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        if failed.is_some_and(|at| at.elapsed() < PAUSE) {
            return Err(());
        }
        let started = match WorkerCommand::this_program() {
            Ok(command) => ScriptPool::start(command, Options::default()).await,
            Err(error) => Err(error),
        };
        started.map_err(|error| {
            let secs = PAUSE.as_secs();
            tracing::error!(%error, "custom code of flows cannot be run for the next {secs} s");
            *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        })
    }
}

#[async_trait]
impl Script for Workers {
    async fn check(&self, code: &str) -> Result<(), ScriptError> {
        match self.pool().await {
            Some(pool) => pool.check(code).await,
            None => Script::check(&Offline, code).await,
        }
    }

    async fn run(&self, code: &str, call: &Value) -> Result<bool, ScriptError> {
        match self.pool().await {
            Some(pool) => pool.run(code, call).await,
            None => Script::run(&Offline, code, call).await,
        }
    }
}
