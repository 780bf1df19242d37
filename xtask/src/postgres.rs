//! `cargo xtask postgres COMMAND`: runs a command beside a private Postgres.

use std::{ffi::OsString, process::Command};

use crate::{command, failure::Failure, setup::postgres::Postgres};

/// The command's folder stays the caller's. The cluster is gone when the command has ended.
pub(crate) fn run(words: &[OsString]) -> Result<(), Failure> {
    let Some((program, arguments)) = words.split_first() else {
        return Err(Failure::Missing {
            what: "the command".to_owned(),
            remedy: "Say what shall run, such as `cargo xtask postgres cargo test`.".to_owned(),
        });
    };
    let postgres = Postgres::start()?;
    command::run(postgres.lend(Command::new(program).args(arguments)))
}
