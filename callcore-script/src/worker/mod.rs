//! The worker: the side of the pipes that runs code.

use std::env;
use std::io::{self, stdin, stdout};

use crate::frame::{self, MAX_REQUEST_BYTES};
use crate::message::{Answer, Limits, Request};

mod confine;
mod engine;
mod failure;

/// The argument with which a program starts itself as a worker.
pub const ARGUMENT: &str = "callcore-script-worker";

/// Whether this process was started as a worker: its first argument is [`ARGUMENT`].
#[must_use]
pub fn is_requested() -> bool {
    env::args_os().nth(1).is_some_and(|argument| argument == ARGUMENT)
}

/// Reads requests from the standard input and answers on the standard output until the input ends
/// or code has hit a limit. It confines the whole process and must be called before any thread is
/// started. The program should end when this returns.
///
/// # Errors
/// A limit cannot be set, or a pipe fails or holds something else than requests.
pub fn run() -> io::Result<()> {
    let (mut input, mut output) = (stdin().lock(), stdout().lock());
    let Some(limits) = frame::read::<Limits>(&mut input, MAX_REQUEST_BYTES)? else {
        return Ok(());
    };
    confine::confine(&limits)?;
    frame::write(&mut output, &Answer::Ready)?;
    while let Some(request) = frame::read::<Request>(&mut input, MAX_REQUEST_BYTES)? {
        confine::limit_processor(limits.processor_seconds)?;
        let answer = engine::answer(&limits, &request);
        frame::write(&mut output, &answer)?;
        if answer.ends_worker() {
            break;
        }
    }
    Ok(())
}
