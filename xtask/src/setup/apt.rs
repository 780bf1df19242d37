//! Debian packages, installed only where this process may do so anyway: as root.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use crate::command;

/// Installs the package and answers whether it is there now.
pub(crate) fn install(package: &str) -> bool {
    if !Path::new("/usr/bin/apt-get").is_file() || !is_root() {
        return false;
    }
    println!("    installing {package} with apt-get");
    let install = || command::succeeds(apt_get().args(["install", "--yes", package]));
    // A fresh container has no package lists yet.
    install() || (command::succeeds(apt_get().arg("update")) && install())
}

fn apt_get() -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive");
    // Another installation may be going on, and mirrors hiccup.
    command.args(["-o", "Acquire::Retries=3", "-o", "DPkg::Lock::Timeout=120"]);
    command
}

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").stderr(Stdio::null()).output();
    output.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}
