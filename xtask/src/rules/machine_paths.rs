//! No tracked file knows the machine that it was written on.

use super::Finding;
use crate::sources::Sources;

/// Folders that only one machine or one account has. Split, so that this file does not hold them.
const FOLDERS: [&str; 4] =
    [concat!("/ho", "me/"), concat!("/ro", "ot/"), concat!("/wo", "rk/"), concat!("/Us", "ers/")];

pub(crate) fn check(sources: &Sources) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in &sources.text {
        for (index, line) in source.text.lines().enumerate() {
            let found = FOLDERS.into_iter().filter(|folder| starts_a_path(line, folder));
            findings.extend(found.map(|folder| {
                let message = format!("a path below `{folder}` exists on one machine only");
                Finding::error("machine-paths", &source.path, index + 1, message)
            }));
        }
    }
    findings
}

/// Whether the folder stands at the start of a path, not within a URL or a longer path.
fn starts_a_path(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let continues =
            |character: char| character.is_alphanumeric() || "._-~}".contains(character);
        !before.is_some_and(continues)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<usize> {
        let findings = check(&Sources::planted(&[("a.txt", text)]));
        findings.iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn a_path_of_one_machine_is_found() {
        for folder in FOLDERS {
            assert_eq!(lines(&format!("fine\nopen \"{folder}a/b\"\n")), [2], "{folder}");
            assert_eq!(lines(&format!("{folder}a")), [1], "{folder}");
            assert_eq!(lines(&format!("file://{folder}a")), [1], "{folder}");
        }
    }

    #[test]
    fn the_same_word_within_a_url_or_a_longer_path_passes() {
        for folder in FOLDERS {
            assert!(lines(&format!("https://example.com{folder}a")).is_empty(), "{folder}");
            assert!(lines(&format!("${{prefix}}{folder}a and .{folder}b")).is_empty(), "{folder}");
        }
    }
}
