//! Where the workspace lies and what cargo says about it.

use std::{env, path::PathBuf};

use serde_json::Value;

use crate::{command, failure::Failure};

/// The root of the work tree.
#[derive(Debug)]
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
}

impl Workspace {
    /// The workspace of this program, whatever folder it is called from.
    ///
    /// Cargo says at run time which one that is: two checkouts may share a target folder, and then
    /// the compiled-in path is the other one's.
    pub(crate) fn find() -> Result<Self, Failure> {
        let compiled_in = || env!("CARGO_MANIFEST_DIR").into();
        let manifest_folder =
            PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(compiled_in));
        let root = manifest_folder.parent().unwrap_or(&manifest_folder);
        if root.join("Cargo.toml").is_file() {
            return Ok(Self { root: root.to_owned() });
        }
        Err(Failure::Missing {
            what: format!("the workspace at {}", root.display()),
            remedy: "It has moved since xtask was built: run `cargo clean -p xtask`.".to_owned(),
        })
    }

    /// The members and their declared dependencies, from `cargo metadata`.
    ///
    /// `--locked` because a check may not bring `Cargo.lock` up to date behind the reader's back.
    pub(crate) fn metadata(&self) -> Result<Value, Failure> {
        let arguments = ["metadata", "--locked", "--no-deps", "--format-version", "1"];
        let text = command::output(&mut command::cargo(&self.root, &arguments))?;
        serde_json::from_str(&text).map_err(|error| Failure::Unexpected {
            tool: "cargo metadata",
            answer: error.to_string(),
        })
    }

    /// Where cargo builds, which the environment or a configuration file may have moved.
    pub(crate) fn target_folder(&self) -> Result<PathBuf, Failure> {
        let metadata = self.metadata()?;
        let folder = metadata["target_directory"].as_str();
        folder.map(PathBuf::from).ok_or_else(|| Failure::Unexpected {
            tool: "cargo metadata",
            answer: "no `target_directory`".to_owned(),
        })
    }
}
