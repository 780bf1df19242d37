//! The files that the rules read: those that git tracks or would track.

use std::{collections::BTreeSet, fs, io, path::Path, process::Command};

use crate::{command, failure::Failure};

/// One text file of the work tree.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// The path from the root, with `/` between folders.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl Source {
    pub(crate) fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    pub(crate) fn is_markdown(&self) -> bool {
        self.path.ends_with(".md")
    }

    pub(crate) fn file_name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }
}

/// All files of the work tree; `text` holds the readable ones, `paths` the binary ones too.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    pub(crate) paths: BTreeSet<String>,
    pub(crate) text: Vec<Source>,
}

impl Sources {
    /// Reads what git tracks, and new files that it does not ignore: a finding shall come before
    /// `git add`, not after.
    pub(crate) fn read(root: &Path) -> Result<Self, Failure> {
        let mut git = Command::new("git");
        git.current_dir(root).args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ]);
        let listing = command::output(&mut git)?;

        let mut sources = Self::default();
        for path in listing.split('\0').filter(|path| !path.is_empty()) {
            match fs::read(root.join(path)) {
                Ok(bytes) => sources.add(path, bytes),
                // Deleted, but not yet staged; or a link to a folder, which holds no text.
                Err(error) if is_gone(&error) => {}
                Err(error) => return Err(Failure::io(format!("cannot read {path}"))(error)),
            }
        }
        Ok(sources)
    }

    fn add(&mut self, path: &str, bytes: Vec<u8>) {
        let is_new = self.paths.insert(path.to_owned());
        if let (true, Ok(text)) = (is_new, String::from_utf8(bytes)) {
            self.text.push(Source { path: path.to_owned(), text });
        }
    }

    pub(crate) fn rust(&self) -> impl Iterator<Item = &Source> {
        self.text.iter().filter(|source| source.is_rust())
    }

    /// Whether a tracked file has this path, or lies in a folder of this path.
    pub(crate) fn holds(&self, path: &str) -> bool {
        let folder = format!("{path}/");
        path.is_empty()
            || self.paths.contains(path)
            || self.paths.iter().any(|tracked| tracked.starts_with(&folder))
    }
}

fn is_gone(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::IsADirectory | io::ErrorKind::NotFound)
}

#[cfg(test)]
impl Sources {
    /// Sources that exist only in a test.
    pub(crate) fn planted(files: &[(&str, &str)]) -> Self {
        let mut sources = Self::default();
        for (path, text) in files {
            sources.add(path, text.as_bytes().to_vec());
        }
        sources
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_held_when_a_file_lies_in_it() {
        let sources = Sources::planted(&[("docs/guide/start.md", "")]);
        assert!(sources.holds("docs/guide"));
        assert!(sources.holds("docs/guide/start.md"));
        assert!(!sources.holds("docs/gui"));
    }

    #[test]
    fn a_binary_file_has_a_path_but_no_text() {
        let mut sources = Sources::default();
        sources.add("logo.png", vec![0xff, 0xfe, 0x00]);
        assert!(sources.holds("logo.png"));
        assert!(sources.text.is_empty());
    }
}
