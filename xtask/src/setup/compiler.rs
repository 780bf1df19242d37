//! A C++ compiler: libFuzzer is compiled with the fuzz targets.

use std::{env, ffi::OsString, process::Command};

use super::apt;
use crate::{command, failure::Failure};

const PACKAGE: &str = "g++";

/// Finds the compiler that a build of libFuzzer will use, or installs Debian's package.
pub(crate) fn find_or_install() -> Result<(), Failure> {
    if works() || (apt::install(PACKAGE) && works()) { Ok(()) } else { Err(missing()) }
}

fn works() -> bool {
    let compiler = env::var_os("CXX").unwrap_or_else(|| OsString::from("c++"));
    command::succeeds(Command::new(compiler).arg("--version"))
}

fn missing() -> Failure {
    Failure::Missing {
        what: "a C++ compiler (`c++`, or the one that CXX names)".to_owned(),
        remedy: format!(
            "On Debian or Ubuntu run `apt-get install {PACKAGE}`, on macOS `xcode-select --install`."
        ),
    }
}
