//! Every package takes over the lints of the workspace; one that forgets loses all of them.

use super::Finding;
use crate::sources::Sources;

pub(crate) fn check(sources: &Sources) -> Vec<Finding> {
    let manifests = sources.text.iter().filter(|source| source.file_name() == "Cargo.toml");
    let deaf = manifests.filter(|source| {
        let has = |line: &str| source.text.lines().any(|candidate| candidate.trim() == line);
        // The manifest of a workspace alone has no code, and `fuzz` is a workspace of its own.
        has("[package]") && !has("[workspace]") && !inherits_lints(&source.text)
    });
    let message = "add `[lints]` with `workspace = true`";
    deaf.map(|source| Finding::error("manifests", &source.path, 0, message)).collect()
}

fn inherits_lints(manifest: &str) -> bool {
    let mut lines = manifest.lines().map(str::trim).skip_while(|line| *line != "[lints]").skip(1);
    lines.find(|line| !line.is_empty() && !line.starts_with('#')) == Some("workspace = true")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(manifest: &str) -> Vec<Finding> {
        check(&Sources::planted(&[("a/Cargo.toml", manifest)]))
    }

    #[test]
    fn a_package_without_the_lints_is_found() {
        assert_eq!(findings("[package]\nname = \"a\"\n").len(), 1);
        assert_eq!(findings("[package]\n[lints]\n[dependencies]\nworkspace = true\n").len(), 1);
    }

    #[test]
    fn a_package_with_the_lints_and_a_bare_workspace_pass() {
        assert!(findings("[package]\n\n[lints]\n# why\nworkspace = true\n").is_empty());
        assert!(findings("[workspace]\nmembers = []\n").is_empty());
    }
}
