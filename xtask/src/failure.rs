//! What can end a command early, worded for the person who has to act.

use std::{fmt, io};

/// Why a command did not succeed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A child process ran and said no; it has printed why.
    Exit { command: String, status: String },
    /// The rules found something; every finding has been printed.
    Findings { errors: usize },
    /// The operating system refused.
    Io { doing: String, source: io::Error },
    /// Something that this machine lacks and that could not be installed.
    Missing { what: String, remedy: String },
    /// At least one step of a longer run failed; each has printed why.
    Steps { names: Vec<&'static str> },
    /// A tool answered in a shape that this program does not know.
    Unexpected { tool: &'static str, answer: String },
}

impl Failure {
    /// Names the action during which the operating system refused.
    pub(crate) fn io(doing: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let doing = doing.into();
        move |source| Self::Io { doing, source }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exit { command, status } => write!(f, "`{command}` failed: {status}"),
            Self::Findings { errors } => write!(f, "{errors} finding(s) to repair, listed above"),
            Self::Io { doing, source } => write!(f, "{doing}: {source}"),
            Self::Missing { what, remedy } => write!(f, "{what} is missing. {remedy}"),
            Self::Steps { names } => write!(f, "failed: {}", names.join(", ")),
            Self::Unexpected { tool, answer } => {
                write!(f, "{tool} answered something that xtask does not understand: {answer}")
            }
        }
    }
}

impl std::error::Error for Failure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}
