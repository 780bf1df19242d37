//! What the pool and its workers say to each other. Each message is one frame of JSON.

use callcore::port::ScriptError;
use serde::{Deserialize, Serialize};

use crate::options::shorten;

/// The first frame to a worker: the limits that it sets itself.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub(crate) struct Limits {
    /// How long code may run.
    pub(crate) run_ms: u64,
    /// How much processor time one request may take until the system ends the worker: for the
    /// case that nobody is left to kill it.
    pub(crate) processor_seconds: u64,
    /// How much memory the values of one run may take.
    pub(crate) memory_bytes: usize,
}

/// Every further frame to a worker.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Request {
    /// Can this code be read?
    Check { code: String },
    /// What does this code say of the call? The call is a JSON text, which the engine reads.
    Run { code: String, call: String },
}

/// Every frame from a worker.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Answer {
    /// The limits are set; requests may come.
    Ready,
    /// The code can be read.
    Readable,
    /// The code returned something that is truthy, or falsy.
    Returned(bool),
    /// The code cannot be read.
    Syntax(String),
    /// The code threw.
    Thrown(String),
    /// The code ran for too long. The worker ends.
    Timeout,
    /// The code wanted too much memory. The worker ends.
    Memory,
}

impl Answer {
    /// Whether the worker ends after this answer: where code hits a limit, the engine stops
    /// wherever it is, and is not trusted to be whole afterwards.
    pub(crate) fn ends_worker(&self) -> bool {
        matches!(self, Self::Timeout | Self::Memory)
    }

    /// The answer to [`Request::Check`].
    pub(crate) fn into_readable(self) -> Result<(), ScriptError> {
        match self {
            Self::Readable => Ok(()),
            other => Err(other.into_error()),
        }
    }

    /// The answer to [`Request::Run`].
    pub(crate) fn into_returned(self) -> Result<bool, ScriptError> {
        match self {
            Self::Returned(truthy) => Ok(truthy),
            other => Err(other.into_error()),
        }
    }

    fn into_error(self) -> ScriptError {
        match self {
            Self::Syntax(message) => ScriptError::Syntax(shorten(&message)),
            Self::Thrown(message) => ScriptError::Thrown(shorten(&message)),
            Self::Timeout => ScriptError::Timeout,
            Self::Memory => ScriptError::Memory,
            Self::Ready | Self::Readable | Self::Returned(_) => {
                ScriptError::Unavailable("the worker answered another question".to_owned())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_to_another_question_is_no_answer() {
        assert!(matches!(Answer::Readable.into_returned(), Err(ScriptError::Unavailable(_))));
        assert!(matches!(Answer::Returned(true).into_readable(), Err(ScriptError::Unavailable(_))));
        assert!(matches!(Answer::Ready.into_returned(), Err(ScriptError::Unavailable(_))));
    }

    #[test]
    fn a_worker_cannot_make_messages_longer() {
        let error = Answer::Thrown("x".repeat(1000)).into_returned();
        assert_eq!(error, Err(ScriptError::Thrown("x".repeat(200))));
    }
}
