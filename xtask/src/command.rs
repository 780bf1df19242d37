//! Child processes: cargo above all.

use std::{
    env,
    ffi::OsString,
    io,
    path::Path,
    process::{Command, Stdio},
};

use crate::failure::Failure;

/// Cargo as it was used to start this program, in the root of the workspace.
pub(crate) fn cargo(root: &Path, arguments: &[&str]) -> Command {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(cargo);
    command.current_dir(root).args(arguments);
    command
}

/// Runs a command whose output the reader shall see.
pub(crate) fn run(command: &mut Command) -> Result<(), Failure> {
    let status = command.status().map_err(|error| not_started(command, error))?;
    if status.success() { Ok(()) } else { Err(refused(command, &status.to_string())) }
}

/// Runs a command for its standard output; its standard error stays visible.
pub(crate) fn output(command: &mut Command) -> Result<String, Failure> {
    let output =
        command.stderr(Stdio::inherit()).output().map_err(|error| not_started(command, error))?;
    if !output.status.success() {
        return Err(refused(command, &output.status.to_string()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Whether a command starts and succeeds; what it prints is thrown away.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}

/// What a command prints where it starts and succeeds; what it complains of is thrown away.
pub(crate) fn output_of(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

fn refused(command: &Command, status: &str) -> Failure {
    Failure::Exit { command: shown(command), status: status.to_owned() }
}

fn not_started(command: &Command, error: io::Error) -> Failure {
    Failure::Io { doing: format!("cannot start `{}`", shown(command)), source: error }
}

/// The command as a person would type it: no folder before the program's name.
fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let name = program.file_name().unwrap_or(command.get_program());
    let words = std::iter::once(name).chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_without_the_folder_of_its_program() {
        let mut command = Command::new("/usr/bin/cargo");
        command.args(["fmt", "--check"]);
        assert_eq!(shown(&command), "cargo fmt --check");
    }

    #[test]
    fn a_program_that_does_not_exist_is_named() {
        let failure = run(&mut Command::new("no-such-program")).expect_err("it does not exist");
        assert!(failure.to_string().contains("no-such-program"), "{failure}");
    }
}
