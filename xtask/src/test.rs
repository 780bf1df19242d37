//! `cargo xtask test`: prepares what the tests need, then runs all of them.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::{
    command::{self, cargo},
    failure::Failure,
    run::Run,
    setup::{postgres::Postgres, python::Python},
    workspace::Workspace,
};

const SERVER: &str = "callcore-server";
/// How long each fuzz target searches, in seconds; `cargo xtask soak` gives it minutes.
const FUZZ_SECS: u32 = 10;
/// The examples that end by themselves and open no socket.
const OFFLINE_EXAMPLES: [&str; 4] =
    ["auction_by_hand", "custom_store", "explain_a_decision", "hello_call"];

/// Set-up comes first, so that a missing tool is known before minutes of compiling.
pub(crate) fn run(workspace: &Workspace) -> Result<(), Failure> {
    let root = &workspace.root;
    let mut steps = Run::start();
    let python = steps.step("set-up: python", || {
        let venv = workspace.target_folder()?.join("acceptance-venv");
        Python::prepare(root, &venv, &root.join("acceptance/requirements.txt"))
    });
    let postgres = steps.step("set-up: postgres", Postgres::start);
    match &postgres {
        Some(postgres) => cargo_tests(root, &mut steps, postgres),
        None => steps.blocked("tests", "set-up: postgres"),
    }
    steps.step("examples", || {
        OFFLINE_EXAMPLES.iter().try_for_each(|example| {
            let arguments = ["run", "--quiet", "--package", "examples", "--example", example];
            command::run(&mut cargo(root, &arguments))
        })
    });
    crate::fuzz::search(workspace, &mut steps, FUZZ_SECS, crate::fuzz::Seed::Fixed);
    let server = steps.step("build the server", || build_server(root));
    match &server {
        Some(server) => {
            steps.step("demo", || crate::demo::run(root, server));
            steps.step("embedded example", || crate::embedded::run(root, server));
        }
        None => {
            steps.blocked("demo", "build the server");
            steps.blocked("embedded example", "build the server");
        }
    }
    match (python, server) {
        (Some(python), Some(server)) => {
            let suite = Suite { root, python: &python, server: &server };
            steps.step("acceptance", || suite.run(&[]));
            match &postgres {
                Some(postgres) => {
                    let on_postgres = ["--postgres".to_owned(), postgres.url()];
                    steps.step("acceptance on postgres", || suite.run(&on_postgres));
                }
                None => steps.blocked("acceptance on postgres", "set-up: postgres"),
            }
        }
        (None, _) => steps.blocked("acceptance", "set-up: python"),
        (_, None) => steps.blocked("acceptance", "build the server"),
    }
    steps.finish()
}

/// Every test that cargo knows, and a Postgres for those that need one.
fn cargo_tests(root: &Path, steps: &mut Run, postgres: &Postgres) {
    steps.step("tests", || {
        let arguments = ["test", "--workspace", "--all-targets", "--no-fail-fast"];
        command::run(postgres.lend(&mut cargo(root, &arguments)))
    });
    steps.step("doc tests", || {
        let arguments = ["test", "--workspace", "--doc", "--no-fail-fast"];
        command::run(postgres.lend(&mut cargo(root, &arguments)))
    });
}

/// Builds the server as a user gets it and answers where cargo has put it.
fn build_server(root: &Path) -> Result<PathBuf, Failure> {
    let format = "--message-format=json-render-diagnostics";
    let messages = command::output(&mut cargo(root, &["build", "--package", SERVER, format]))?;
    executable(&messages).ok_or_else(|| Failure::Unexpected {
        tool: "cargo build",
        answer: format!("no executable of `{SERVER}`"),
    })
}

/// Finds the binary in cargo's messages, of which there is one JSON object a line.
fn executable(messages: &str) -> Option<PathBuf> {
    let artifacts = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut binaries = artifacts.filter(|artifact| artifact["target"]["name"] == SERVER);
    binaries.find_map(|binary| binary["executable"].as_str().map(PathBuf::from))
}

/// The black-box suite speaks to the real binary over HTTP, as a carrier and a user do.
struct Suite<'a> {
    root: &'a Path,
    python: &'a Python,
    server: &'a Path,
}

impl Suite<'_> {
    fn run(&self, options: &[String]) -> Result<(), Failure> {
        let script = self.root.join("acceptance/run.py");
        if !script.is_file() {
            return Err(Failure::Missing {
                what: "acceptance/run.py".to_owned(),
                remedy: "It is part of the repository: restore it from git.".to_owned(),
            });
        }
        let mut suite = self.python.command();
        suite.current_dir(self.root).arg("acceptance/run.py");
        command::run(suite.arg("--server").arg(self.server).args(options))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_executable_is_found_among_other_messages() {
        let messages = r#"{"reason":"compiler-artifact","target":{"name":"callcore"},"executable":null}
not json
{"reason":"compiler-artifact","target":{"name":"callcore-server"},"executable":"/t/debug/callcore-server"}
{"reason":"build-finished","success":true}"#;
        assert_eq!(executable(messages), Some(PathBuf::from("/t/debug/callcore-server")));
        assert_eq!(executable("{}"), None);
    }
}
