//! `cargo xtask fix`: what a machine can repair.

use crate::{
    command::{self, cargo},
    failure::Failure,
    run::Run,
    workspace::Workspace,
};

/// Clippy first: its suggestions are not always formatted.
pub(crate) fn run(workspace: &Workspace) -> Result<(), Failure> {
    let root = &workspace.root;
    let mut steps = Run::start();
    steps.step("clippy --fix", || {
        let targets = ["clippy", "--fix", "--allow-dirty", "--allow-staged"];
        command::run(cargo(root, &targets).args(["--workspace", "--all-targets", "--all-features"]))
    });
    steps.step("fmt", || command::run(&mut cargo(root, &["fmt", "--all"])));
    steps.finish()
}
