//! Custom code of flows, run by worker processes. They start in the background when the server does, so
//! that no caller waits for them.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use callcore::memory::Offline;
use callcore::port::{Script, ScriptError};
use callcore::vocabulary::TenantId;
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
    /// Workers that begin to start at once, in the tokio runtime that this is called in.
    pub fn starting() -> Arc<Self> {
        let workers = Arc::new(Self::default());
        let starting = Arc::clone(&workers);
        tokio::spawn(async move {
            // Where they do not start, that is in the log, and the first code tries again.
            let _ = starting.pool().await;
        });
        workers
    }

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

    async fn run(&self, tenant: TenantId, code: &str, call: &Value) -> Result<bool, ScriptError> {
        match self.pool().await {
            Some(pool) => pool.run(tenant, code, call).await,
            None => Script::run(&Offline, tenant, code, call).await,
        }
    }
}
