//! The pool: workers that stand ready, and new ones for those that were killed.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use async_trait::async_trait;
use callcore::port::{Script, ScriptError};
use serde_json::Value;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};

use crate::child::Worker;
use crate::command::WorkerCommand;
use crate::frame;
use crate::message::{Answer, Request};
use crate::options::{MAX_CALL_BYTES, MAX_CODE_BYTES, Options};

/// How long to wait before a start is tried again; doubles from the first to the last.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LAST_PAUSE: Duration = Duration::from_secs(5);

/// Runs custom code in worker processes. Dropping it kills them.
pub struct ScriptPool {
    shared: Arc<Shared>,
}

struct Shared {
    command: WorkerCommand,
    options: Options,
    /// How many more codes may run at once.
    running: Arc<Semaphore>,
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
            running: Arc::new(Semaphore::new(options.workers)),
            ready: Semaphore::new(0),
            idle: Mutex::default(),
            failure: Mutex::default(),
            runtime: Handle::current(),
            command,
            options,
        });
        for _ in 0..=shared.options.workers {
            shared.put(Worker::start(&shared.command, &shared.options).await?);
        }
        Ok(Self { shared })
    }

    async fn ask(&self, request: &Request) -> Result<Answer, ScriptError> {
        let request = frame::encode(request)
            .map_err(|error| ScriptError::Unavailable(format!("the request: {error}")))?;
        let wait_limit = self.shared.options.wait_limit;
        let Ok(lease) = timeout(wait_limit, self.shared.lease()).await else {
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
        self.ask(&Request::Check { code: code.to_owned() }).await?.into_readable()
    }

    async fn run(&self, code: &str, call: &Value) -> Result<bool, ScriptError> {
        check_length(code)?;
        let call = call.to_string();
        if call.len() > MAX_CALL_BYTES {
            let message =
                format!("`call` takes {} bytes, at most {MAX_CALL_BYTES} are passed", call.len());
            return Err(ScriptError::Unavailable(message));
        }
        self.ask(&Request::Run { code: code.to_owned(), call }).await?.into_returned()
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
    /// Waits for a worker.
    async fn lease(self: &Arc<Self>) -> Result<Lease, ScriptError> {
        let closed = |_| ScriptError::Unavailable("the pool is closed".to_owned());
        let running = Arc::clone(&self.running);
        let turn = Arc::new(running.acquire_owned().await.map_err(closed)?);
        loop {
            self.ready.acquire().await.map_err(closed)?.forget();
            // By turns, so that one that was killed meanwhile is found out and replaced.
            let Some(worker) = lock(&self.idle).pop_front() else { continue };
            let mut lease =
                Lease { shared: Arc::clone(self), worker: Some(worker), _turn: Arc::clone(&turn) };
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
    _turn: Arc<OwnedSemaphorePermit>,
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
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
