//! Runs the example that embeds callcore in a server, and calls it with the simulated phone.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use crate::{
    command::{self, cargo},
    failure::Failure,
};

const EXAMPLE: &str = "embed_in_axum";
/// Whom the example's one buyer is, and so what the phone must have dialled.
const BUYER: &str = "+12125550111";

/// The example, stopped when it goes out of scope.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // An error says that it has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(crate) fn run(root: &Path, server: &Path) -> Result<(), Failure> {
    let arguments = ["run", "--quiet", "--package", "examples", "--example", EXAMPLE];
    command::run(&mut cargo(root, &["build", "--package", "examples", "--example", EXAMPLE]))?;
    let mut example = cargo(root, &arguments);
    example.env("TWILIO_AUTH_TOKEN", "secret").env("LISTEN", "127.0.0.1:0").stdout(Stdio::piped());
    let mut running = Running(example.spawn().map_err(Failure::io("cannot start the example"))?);
    let url = announced(&mut running.0)?;
    let mut phone = Command::new(server);
    phone.args(["phone", "--url", &url]).env("TWILIO_AUTH_TOKEN", "secret");
    let report = command::output(&mut phone)?;
    if report.contains(BUYER) {
        Ok(())
    } else {
        Err(Failure::Unexpected { tool: EXAMPLE, answer: format!("no dial to {BUYER}:\n{report}") })
    }
}

/// The address that the example prints once it listens.
fn announced(example: &mut Child) -> Result<String, Failure> {
    let mut line = String::new();
    if let Some(output) = example.stdout.take() {
        let read = BufReader::new(output).read_line(&mut line);
        read.map_err(Failure::io("cannot read what the example prints"))?;
    }
    match line.trim().strip_prefix("call ") {
        Some(url) => Ok(url.to_owned()),
        None => Err(Failure::Unexpected { tool: EXAMPLE, answer: format!("{line:?}") }),
    }
}
