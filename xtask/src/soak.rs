//! `cargo xtask soak`: the long runs, of which CI makes short ones.

use std::path::Path;

use crate::{
    command::{self, cargo},
    failure::Failure,
    fuzz,
    run::Run,
    setup::postgres::Postgres,
    workspace::Workspace,
};

/// What tells the tests to take their time.
const SOAK: &str = "CALLCORE_SOAK";

/// Kills come at random, so that another run hits other places.
const KILL_RUNS: u32 = 5;

/// How long each fuzz target searches unless the caller says otherwise, in seconds.
pub(crate) const FUZZ_SECS: u32 = 600;

/// Optimised, because the load is a real one.
pub(crate) fn run(workspace: &Workspace, fuzz_secs: u32) -> Result<(), Failure> {
    let mut steps = Run::start();
    servers(&workspace.root, &mut steps);
    fuzz::search(workspace, &mut steps, fuzz_secs, fuzz::Seed::Any);
    steps.finish()
}

/// The server under load, among others of its kind, and killed again and again.
fn servers(root: &Path, steps: &mut Run) {
    let postgres = steps.step("set-up: postgres", Postgres::start);
    let built = steps.step("build", || {
        command::run(&mut test(root, &["--test", "servers", "--test", "kill", "--no-run"]))
    });
    if built.is_none() {
        steps.blocked("servers", "build");
        steps.blocked("kill", "build");
        return;
    }
    match &postgres {
        Some(postgres) => {
            println!("    three servers on one Postgres, 100 calls a second for 3 minutes");
            steps.step("servers", || {
                let mut servers = test(root, &["--test", "servers", "--", "--nocapture"]);
                command::run(postgres.lend(&mut servers).env(SOAK, "1"))
            });
        }
        None => steps.blocked("servers", "set-up: postgres"),
    }
    println!("    one server on SQLite, killed again and again, {KILL_RUNS} times");
    for _ in 0..KILL_RUNS {
        steps.step("kill", || {
            command::run(&mut test(root, &["--test", "kill", "--", "--nocapture"]))
        });
    }
}

fn test(root: &Path, arguments: &[&str]) -> std::process::Command {
    let mut command = cargo(root, &["test", "--release", "--package", "callcore-server"]);
    command.args(arguments);
    command
}
