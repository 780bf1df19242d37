//! A Python environment of our own, with exactly the packages of one requirements file.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::Command,
};

use super::apt;
use crate::{command, failure::Failure};

const PYTHON_PACKAGE: &str = "python3";
const VENV_PACKAGE: &str = "python3-venv";

/// A prepared environment.
#[derive(Debug)]
pub(crate) struct Python {
    interpreter: PathBuf,
}

impl Python {
    /// Makes the environment at `venv`, or takes the one that is there when it was made from the
    /// same requirements.
    pub(crate) fn prepare(root: &Path, venv: &Path, requirements: &Path) -> Result<Self, Failure> {
        let wanted = fs::read(requirements)
            .map_err(Failure::io(format!("cannot read {}", shown(root, requirements))))?;
        let python = Self { interpreter: venv.join(interpreter_in_venv()) };
        let stamp = venv.join("installed-requirements.txt");
        if is_current(&stamp, &wanted) && python.starts() {
            return Ok(python);
        }
        make(root, venv)?;
        let mut install = python.command();
        install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
        install.args(["--retries", "10", "--timeout", "60"]);
        command::run(install.arg("--requirement").arg(requirements))?;
        // Written last: an interrupted installation is made again.
        fs::write(&stamp, wanted).map_err(Failure::io("cannot write into the environment"))?;
        Ok(python)
    }

    /// The interpreter, without what the caller's shell says about another Python.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.interpreter);
        command.env_remove("PYTHONHOME").env_remove("PYTHONPATH");
        // No `__pycache__` in the work tree.
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        command
    }

    /// False when the Python that the environment was made with is gone.
    fn starts(&self) -> bool {
        command::succeeds(self.command().args(["-m", "pip", "--version"]))
    }
}

fn shown(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).display().to_string()
}

fn interpreter_in_venv() -> &'static str {
    if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" }
}

/// The requirements themselves are the stamp: comparing them needs no hash and has no collision.
fn is_current(stamp: &Path, wanted: &[u8]) -> bool {
    fs::read(stamp).is_ok_and(|installed| installed == wanted)
}

fn make(root: &Path, venv: &Path) -> Result<(), Failure> {
    match fs::remove_dir_all(venv) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(Failure::io(format!("cannot remove {}", shown(root, venv)))(error));
        }
        _ => {}
    }
    let python = find()?;
    let make = || command::run(Command::new(python).args(["-m", "venv"]).arg(venv));
    if has_venv(python) || (apt::install(VENV_PACKAGE) && has_venv(python)) {
        return make();
    }
    Err(missing("Python's `venv` module", VENV_PACKAGE))
}

fn find() -> Result<&'static str, Failure> {
    let installed = || {
        ["python3", "python"].into_iter().find(|name| {
            let is_three = "import sys; sys.exit(sys.version_info < (3, 9))";
            command::succeeds(Command::new(name).args(["-c", is_three]))
        })
    };
    let found = installed().or_else(|| apt::install(PYTHON_PACKAGE).then(installed)?);
    found.ok_or_else(|| missing("Python 3.9 or newer", PYTHON_PACKAGE))
}

/// Debian ships `venv` without `ensurepip`, and then an environment has no pip.
fn has_venv(python: &str) -> bool {
    command::succeeds(Command::new(python).args(["-c", "import ensurepip, venv"]))
}

fn missing(what: &str, package: &str) -> Failure {
    let remedy = format!(
        "The acceptance suite needs it. On Debian or Ubuntu run `apt-get install {package}`; \
         elsewhere install Python from https://www.python.org/downloads/."
    );
    Failure::Missing { what: what.to_owned(), remedy }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_helper_comes_with_the_way_to_get_it() {
        let message = missing("Python's `venv` module", VENV_PACKAGE).to_string();
        assert!(message.contains("apt-get install python3-venv"), "{message}");
    }

    #[test]
    fn an_environment_is_stale_once_the_requirements_change() {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        let text = fs::read(&manifest).expect("the manifest of this crate");
        assert!(is_current(&manifest, &text));
        assert!(!is_current(&manifest, b"requests==2\n"));
        assert!(!is_current(Path::new("no-such-stamp"), b""));
    }

    #[test]
    fn missing_requirements_are_named_relative_to_the_workspace() {
        let root = Path::new("no-such-root");
        let requirements = root.join("acceptance/requirements.txt");
        let failure = Python::prepare(root, Path::new("venv"), &requirements)
            .expect_err("there is no such file");
        assert!(failure.to_string().starts_with("cannot read acceptance/requirements.txt"));
    }
}
