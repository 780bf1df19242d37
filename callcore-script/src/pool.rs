//! The pool: workers that stand ready, and new ones for those that were killed.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use async_trait::async_trait;
use callcore::port::{Script, ScriptError};
use callcore::vocabulary::TenantId;
use serde_json::Value;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::child::Worker;
use crate::command::WorkerCommand;
use crate::frame;
use crate::message::{Answer, Request};
use crate::options::{MAX_CALL_BYTES, MAX_CODE_BYTES, Options};
use crate::turns::{Turn, Turns};

/// How long to wait before a start is tried again; doubles from the first to the last.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LAST_PAUSE: Duration = Duration::from_secs(5);

/// How long code waits to be checked, at least: whoever publishes a flow has more patience than a
/// caller.
const CHECK_WAIT: Duration = Duration::from_secs(5);

/// Runs custom code in worker processes. Dropping it kills them.
pub struct ScriptPool {
    shared: Arc<Shared>,
}

struct Shared {
    command: WorkerCommand,
    options: Options,
    /// Whose code may run.
    turns: Arc<Turns>,
    /// Code is checked one at a time, and takes no turn from what runs.
    checking: Arc<Semaphore>,
    /// How many workers are idle.
    ready: Semaphore,
    idle: Mutex<VecDeque<Worker>>,
    /// Why the last start failed, where the last one failed.
    failure: Mutex<Option<String>>,
    runtime: Handle,
}

impl ScriptPool {
    /// Starts the workers and waits until all are ready. They live in the tokio runtime that this
    /// is called in; it needs its timer and its I/O.
    ///
    /// # Errors
    /// The options cannot work, or a worker does not start or does not say that it is ready.
    pub async fn start(command: WorkerCommand, options: Options) -> io::Result<Self> {
        options.check()?;
        let shared = Arc::new(Shared {
            turns: Arc::new(Turns::new(options.workers)),
            checking: Arc::new(Semaphore::new(1)),
            ready: Semaphore::new(0),
            idle: Mutex::default(),
            failure: Mutex::default(),
            runtime: Handle::current(),
            command,
            options,
        });
        // All at once: each takes a while to be ready.
        let mut starting = JoinSet::new();
        for _ in 0..=shared.options.workers {
            let (command, options) = (shared.command.clone(), shared.options.clone());
            starting.spawn(async move { Worker::start(&command, &options).await });
        }
        while let Some(started) = starting.join_next().await {
            shared.put(started.map_err(io::Error::other)??);
        }
        Ok(Self { shared })
    }

    /// Hands a request to a worker: a tenant's in its turn, and else the one that is being checked.
    async fn ask(
        &self,
        tenant: Option<TenantId>,
        request: &Request,
    ) -> Result<Answer, ScriptError> {
        let request = frame::encode(request)
            .map_err(|error| ScriptError::Unavailable(format!("the request: {error}")))?;
        let wait_limit = match tenant {
            Some(_) => self.shared.options.wait_limit,
            None => self.shared.options.wait_limit.max(CHECK_WAIT),
        };
        let Ok(lease) = timeout(wait_limit, self.shared.lease(tenant)).await else {
            return Err(ScriptError::Unavailable(self.shared.why_none_is_free()));
        };
        lease?.ask(&request).await
    }
}

impl fmt::Debug for ScriptPool {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Shared { command, options, .. } = &*self.shared;
        let mut fields = formatter.debug_struct("ScriptPool");
        fields.field("command", command).field("options", options).finish_non_exhaustive()
    }
}

#[async_trait]
impl Script for ScriptPool {
    async fn check(&self, code: &str) -> Result<(), ScriptError> {
        check_length(code)?;
        self.ask(None, &Request::Check { code: code.to_owned() }).await?.into_readable()
    }

    async fn run(&self, tenant: TenantId, code: &str, call: &Value) -> Result<bool, ScriptError> {
        check_length(code)?;
        let call = call.to_string();
        if call.len() > MAX_CALL_BYTES {
            let message =
                format!("`call` takes {} bytes, at most {MAX_CALL_BYTES} are passed", call.len());
            return Err(ScriptError::Unavailable(message));
        }
        let request = Request::Run { code: code.to_owned(), call };
        self.ask(Some(tenant), &request).await?.into_returned()
    }
}

fn check_length(code: &str) -> Result<(), ScriptError> {
    if code.len() > MAX_CODE_BYTES {
        let message = format!("it has {} bytes, at most {MAX_CODE_BYTES} are read", code.len());
        return Err(ScriptError::Syntax(message));
    }
    Ok(())
}

impl Shared {
    /// Waits for a turn and a worker.
    async fn lease(self: &Arc<Self>, tenant: Option<TenantId>) -> Result<Lease, ScriptError> {
        let closed = || ScriptError::Unavailable("the pool is closed".to_owned());
        let checking = Arc::clone(&self.checking);
        let permit = Arc::new(match tenant {
            Some(tenant) => Permit::Turn(self.turns.take(tenant).await.ok_or_else(closed)?),
            None => Permit::Check(checking.acquire_owned().await.map_err(|_| closed())?),
        });
        loop {
            self.ready.acquire().await.map_err(|_| closed())?.forget();
            // By turns, so that one that was killed meanwhile is found out and replaced.
            let Some(worker) = lock(&self.idle).pop_front() else { continue };
            let mut lease = Lease {
                shared: Arc::clone(self),
                worker: Some(worker),
                _permit: Arc::clone(&permit),
            };
            // A lease that is dropped replaces its worker.
            if lease.worker.as_mut().is_some_and(Worker::is_alive) {
                return Ok(lease);
            }
        }
    }

    fn put(&self, worker: Worker) {
        lock(&self.idle).push_back(worker);
        self.ready.add_permits(1);
    }

    /// Starts a worker in the background, again and again until one starts.
    async fn restart(shared: Weak<Self>) {
        let mut pause = FIRST_PAUSE;
        loop {
            let Some(shared) = shared.upgrade() else { return };
            match Worker::start(&shared.command, &shared.options).await {
                Ok(worker) => {
                    *lock(&shared.failure) = None;
                    return shared.put(worker);
                }
                Err(error) => *lock(&shared.failure) = Some(error.to_string()),
            }
            drop(shared);
            sleep(pause).await;
            pause = (pause * 2).min(LAST_PAUSE);
        }
    }

    fn why_none_is_free(&self) -> String {
        match &*lock(&self.failure) {
            Some(failure) => format!("no worker starts: {failure}"),
            None => "all workers are busy".to_owned(),
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        for mut worker in lock(&self.idle).drain(..) {
            worker.kill();
            self.runtime.spawn(worker.ended());
        }
    }
}

/// A worker that is somebody's. Unless it answered and can go on, it is killed and replaced, which
/// covers callers that stop waiting.
struct Lease {
    shared: Arc<Shared>,
    worker: Option<Worker>,
    _permit: Arc<Permit>,
}

/// What a request needs beside a worker; given back when it is dropped.
#[expect(dead_code, reason = "held for what its end does")]
enum Permit {
    Turn(Turn),
    Check(OwnedSemaphorePermit),
}

impl Lease {
    async fn ask(mut self, request: &[u8]) -> Result<Answer, ScriptError> {
        let limit = self.shared.options.kill_after;
        let Some(worker) = &mut self.worker else {
            return Err(ScriptError::Unavailable("the worker is gone".to_owned()));
        };
        let answer = worker.ask(request, limit).await?;
        if !answer.ends_worker()
            && let Some(worker) = self.worker.take()
        {
            self.shared.put(worker);
        }
        Ok(answer)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(mut worker) = self.worker.take() else { return };
        worker.kill();
        let shared = Arc::downgrade(&self.shared);
        self.shared.runtime.spawn(async move {
            worker.ended().await;
            Shared::restart(shared).await;
        });
    }
}

/// The locks guard single steps, so that what they guard is whole even after a panic.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
