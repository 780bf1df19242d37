//! Plays the demo and holds the README to it: every line of the README's excerpt stands in the
//! output, in the same order.

use std::{fs, path::Path, process::Command};

use crate::{command, failure::Failure};

/// What opens the excerpt in the README.
const OPENING: &str = "```text demo";

pub(crate) fn run(root: &Path, server: &Path) -> Result<(), Failure> {
    let output = command::output(Command::new(server).current_dir(root).args(["demo", "--once"]))?;
    let readme = root.join("README.md");
    let text = fs::read_to_string(&readme).map_err(Failure::io("cannot read README.md"))?;
    match first_missing(&excerpt(&text), &output) {
        None => Ok(()),
        Some(line) => {
            eprintln!("{output}");
            Err(Failure::Unexpected {
                tool: "the demo",
                answer: format!(
                    "its output has no line {line:?} at the place where the README has it"
                ),
            })
        }
    }
}

fn excerpt(readme: &str) -> Vec<&str> {
    let lines = readme.lines().skip_while(|line| *line != OPENING).skip(1);
    lines.take_while(|line| *line != "```").filter(|line| !line.trim().is_empty()).collect()
}

/// The first line of the excerpt that the output does not have after the one before it. An excerpt
/// that is not there at all is missing as a whole.
fn first_missing<'a>(excerpt: &[&'a str], output: &str) -> Option<&'a str> {
    if excerpt.is_empty() {
        return Some(OPENING);
    }
    let mut rest = output.lines();
    excerpt.iter().copied().find(|expected| !rest.any(|line| fits(expected, line)))
}

/// Whether a line is the expected one, in which `…` stands for anything: ports and dates differ.
fn fits(expected: &str, line: &str) -> bool {
    let mut parts = expected.split('…');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = line.strip_prefix(first) else { return false };
    let mut open = false;
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
        open = part.is_empty();
    }
    open || rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ellipsis_stands_for_anything() {
        assert!(fits("opens … UTC", "opens 09:00 Wed 25 Nov UTC"));
        assert!(fits("listens on …", "listens on http://127.0.0.1:8080"));
        assert!(!fits("opens … UTC", "opens 09:00 EST"));
        assert!(!fits("none.", "none. Really."));
    }

    #[test]
    fn the_excerpt_must_be_there_in_order() {
        let readme = "a\n```text demo\none\n\ntwo …\n```\nthree";
        assert_eq!(excerpt(readme), ["one", "two …"]);
        assert_eq!(first_missing(&["one", "two …"], "zero\none\nx\ntwo 2"), None);
        assert_eq!(first_missing(&["two …", "one"], "one\ntwo 2"), Some("one"));
        assert_eq!(first_missing(&[], "one"), Some(OPENING));
    }
}
