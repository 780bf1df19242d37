//! One worker process as the pool sees it.

use std::io;
use std::time::Duration;

use callcore::port::ScriptError;
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, ChildStdin, ChildStdout};
use tokio::time::timeout;

use crate::command::WorkerCommand;
use crate::frame::{self, MAX_ANSWER_BYTES};
use crate::message::{Answer, Limits};
use crate::options::{Options, START_LIMIT};

/// A process that has set its limits and waits for a request. It is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Worker {
    process: Child,
    input: ChildStdin,
    output: ChildStdout,
}

impl Worker {
    /// Starts a process and waits until it is ready.
    pub(crate) async fn start(command: &WorkerCommand, options: &Options) -> io::Result<Self> {
        let mut process = command.to_command().spawn()?;
        let (Some(input), Some(output)) = (process.stdin.take(), process.stdout.take()) else {
            return Err(io::Error::other("the worker has no pipes"));
        };
        let mut worker = Self { process, input, output };
        let limits = frame::encode(&limits(options))?;
        match timeout(START_LIMIT, worker.exchange(&limits)).await {
            Ok(Ok(Answer::Ready)) => Ok(worker),
            Ok(Ok(_)) => Err(io::Error::other("the worker did not say that it is ready")),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(io::Error::from(io::ErrorKind::TimedOut)),
        }
    }

    /// Sends a request and waits for its answer. After an error the worker is of no more use.
    pub(crate) async fn ask(
        &mut self,
        request: &[u8],
        limit: Duration,
    ) -> Result<Answer, ScriptError> {
        match timeout(limit, self.exchange(request)).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => {
                Err(ScriptError::Unavailable(format!("the worker did not answer: {error}")))
            }
            Err(_) => Err(ScriptError::Timeout),
        }
    }

    async fn exchange(&mut self, request: &[u8]) -> io::Result<Answer> {
        self.input.write_all(request).await?;
        self.input.flush().await?;
        frame::receive(&mut self.output, MAX_ANSWER_BYTES).await
    }

    /// Whether nobody has killed it while it was idle.
    pub(crate) fn is_alive(&mut self) -> bool {
        matches!(self.process.try_wait(), Ok(None))
    }

    /// Kills it at once; [`Self::ended`] waits for the end.
    pub(crate) fn kill(&mut self) {
        // An error says that it has ended already.
        let _ = self.process.start_kill();
    }

    /// Waits until the process has ended and the system has forgotten it.
    pub(crate) async fn ended(mut self) {
        // An error says that somebody else has waited for it.
        let _ = self.process.wait().await;
    }
}

fn limits(options: &Options) -> Limits {
    let run_ms = u64::try_from(options.run_limit.as_millis()).unwrap_or(u64::MAX);
    Limits {
        run_ms,
        processor_seconds: options.kill_after.as_secs().saturating_add(2),
        memory_bytes: options.memory_bytes,
    }
}
