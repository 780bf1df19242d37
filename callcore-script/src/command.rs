//! How a worker process is started.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;

use crate::worker;

/// On Linux, the file of the running program, which is found even where an upgrade has put another
/// in its place.
const OWN_FILE: &str = "/proc/self/exe";

/// The program that calls [`worker::run`], and its arguments. It is started with an empty
/// environment, in the root directory, with pipes as input and output and nothing for errors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerCommand {
    program: PathBuf,
    arguments: Vec<OsString>,
}

impl WorkerCommand {
    /// A program without arguments. The path should be absolute.
    #[must_use]
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self { program: program.into(), arguments: Vec::new() }
    }

    /// The running program itself, with the argument that [`worker::is_requested`] looks for.
    ///
    /// # Errors
    /// The system does not say which file the program is.
    pub fn this_program() -> io::Result<Self> {
        let own = Path::new(OWN_FILE);
        let program = if own.exists() { own.to_owned() } else { std::env::current_exe()? };
        Ok(Self::new(program).argument(worker::ARGUMENT))
    }

    /// Adds one argument.
    #[must_use]
    pub fn argument(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    pub(crate) fn to_command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments)
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            // An interrupt at the terminal is for the program, which ends its workers itself.
            .process_group(0)
            .kill_on_drop(true);
        command
    }
}
