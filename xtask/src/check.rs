//! `cargo xtask check`: everything that can be said without running the program; writes nothing.

use std::{path::Path, process::Command};

use crate::{
    command::{self, cargo},
    failure::Failure,
    rules::{self, Finding, Severity},
    run::Run,
    sources::Sources,
    workspace::Workspace,
};

const CORE_TREE: [&str; 10] = [
    "tree",
    "--locked",
    "--package",
    "callcore",
    "--all-features",
    "--edges",
    "normal",
    "--target",
    "all",
    "--prefix=depth",
];

/// The fast steps first; a failing one does not hide what the later ones would say.
pub(crate) fn run(workspace: &Workspace) -> Result<(), Failure> {
    let root = &workspace.root;
    let mut steps = Run::start();
    steps.step("house rules", || report(&rules::of_sources(&Sources::read(root)?)));
    steps.step("fmt", || {
        needs_component(root, "fmt", "rustfmt")?;
        command::run(&mut cargo(root, &["fmt", "--all", "--check"]))?;
        // Clippy sees the same sources in the tests of callcore-twiml.
        let fuzz = ["fmt", "--manifest-path", "fuzz/Cargo.toml", "--check"];
        command::run(&mut cargo(root, &fuzz))
    });
    steps.step("dependencies", || report(&dependencies(workspace)?));
    steps.step("clippy", || {
        needs_component(root, "clippy", "clippy")?;
        let mut clippy = everything(root, "clippy");
        command::run(clippy.args(["--all-targets", "--", "--deny", "warnings"]))
    });
    steps.step("docs", || {
        let mut doc = everything(root, "doc");
        command::run(doc.arg("--no-deps").env("RUSTDOCFLAGS", "--deny warnings"))
    });
    steps.finish()
}

fn everything(root: &Path, subcommand: &str) -> Command {
    cargo(root, &[subcommand, "--locked", "--workspace", "--all-features"])
}

fn dependencies(workspace: &Workspace) -> Result<Vec<Finding>, Failure> {
    let mut findings = rules::declared(&workspace.metadata()?);
    let tree = command::output(&mut cargo(&workspace.root, &CORE_TREE))?;
    findings.extend(rules::core_tree(&tree));
    Ok(findings)
}

fn needs_component(root: &Path, subcommand: &str, component: &str) -> Result<(), Failure> {
    if command::succeeds(&mut cargo(root, &[subcommand, "--version"])) {
        return Ok(());
    }
    Err(Failure::Missing {
        what: format!("`cargo {subcommand}`"),
        remedy: format!("Run `rustup component add {component}`."),
    })
}

fn report(findings: &[Finding]) -> Result<(), Failure> {
    for finding in findings {
        println!("{finding}");
    }
    match findings.iter().filter(|finding| finding.severity == Severity::Error).count() {
        0 => Ok(()),
        errors => Err(Failure::Findings { errors }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings_alone_do_not_fail() {
        let error = Finding::error("sizes", "a.rs", 0, "long");
        assert!(report(&[error.clone().warning()]).is_ok());
        assert!(report(&[]).is_ok());
        let failure = report(&[error.clone(), error.clone(), error.warning()]);
        assert!(matches!(failure, Err(Failure::Findings { errors: 2 })));
    }
}
