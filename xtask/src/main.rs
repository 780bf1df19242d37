//! The commands of the workspace: `cargo xtask test`, `check`, `fix`, `fuzz`, `soak` and `postgres`.
//!
//! ```text
//! commands   test.rs · check.rs · fix.rs …    what a person or CI asks for
//! rules/     one file per house rule          pure: sources or cargo's answer → findings
//! setup/     one file per outside helper      finds it, installs it or says how to get it
//! ```

mod check;
mod command;
mod demo;
mod embedded;
mod failure;
mod fix;
mod fuzz;
mod postgres;
mod rules;
mod run;
mod setup;
mod soak;
mod sources;
mod test;
mod tokens;
mod workspace;

use std::{ffi::OsString, process::ExitCode};

use clap::{Parser, Subcommand};

use failure::Failure;
use workspace::Workspace;

/// The commands of the callcore workspace.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check everything that needs no running program; never changes a file of the work tree.
    ///
    /// House rules, format, dependency rules, clippy and documentation, the fast ones first. All
    /// findings are printed before the command fails.
    Check,
    /// Repair what can be repaired by machine: format, and the clippy lints that offer a fix.
    Fix,
    /// Search for inputs that break what must hold of any input: each target of `fuzz/` in turn.
    ///
    /// `cargo xtask test` does so for 10 seconds each, `cargo xtask soak` for 10 minutes each. What
    /// breaks something is written to `fuzz/artifacts`; once repaired it belongs into `fuzz/corpus`.
    Fuzz {
        /// How long each target searches, in seconds.
        #[arg(long, default_value_t = soak::FUZZ_SECS)]
        fuzz_secs: u32,
    },
    /// Run a command beside a private Postgres that is started for it and deleted afterwards.
    ///
    /// The command finds it by CALLCORE_TEST_POSTGRES, the URL of its superuser, and
    /// CALLCORE_TEST_POSTGRES_BIN, the folder of its programs.
    Postgres {
        /// The command with its arguments, such as `cargo test --package callcore-server`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
        command: Vec<OsString>,
    },
    /// Run the long tests, optimised: about half an hour after the build, most of it fuzzing.
    ///
    /// Three servers on one Postgres, of which one is killed every 10 seconds, under 100 calls a
    /// second for 3 minutes; the same with Postgres stopped in the middle; and several runs of
    /// the kills of a server on SQLite. A failure prints the seed of its run. Then the fuzz targets.
    Soak {
        /// How long each fuzz target searches, in seconds.
        #[arg(long, default_value_t = soak::FUZZ_SECS)]
        fuzz_secs: u32,
    },
    /// Run every test: all crates, doc tests and the black-box acceptance suite.
    ///
    /// Prepares what the tests need. What is missing and cannot be installed fails the command
    /// with the way to get it; nothing is skipped.
    Test,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: &Command) -> Result<(), Failure> {
    let workspace = Workspace::find()?;
    match command {
        Command::Check => check::run(&workspace),
        Command::Fix => fix::run(&workspace),
        Command::Fuzz { fuzz_secs } => fuzz::run(&workspace, *fuzz_secs),
        Command::Postgres { command } => postgres::run(command),
        Command::Soak { fuzz_secs } => soak::run(&workspace, *fuzz_secs),
        Command::Test => test::run(&workspace),
    }
}
