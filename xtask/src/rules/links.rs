//! Every relative link of a Markdown file leads to a tracked file, and to a heading that is there.

use super::Finding;
use crate::sources::{Source, Sources};

pub(crate) fn check(sources: &Sources) -> Vec<Finding> {
    let documents = sources.text.iter().filter(|source| source.is_markdown());
    documents.flat_map(|document| broken_links(sources, document)).collect()
}

fn broken_links(sources: &Sources, document: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (line, text) in prose(&document.text) {
        for target in targets(&text) {
            if let Some(problem) = problem(sources, document, &target) {
                let message = format!("`{target}`: {problem}");
                findings.push(Finding::error("links", &document.path, line, message));
            }
        }
    }
    findings
}

/// The lines outside of code blocks, without the code spans in them, numbered from 1.
fn prose(text: &str) -> impl Iterator<Item = (usize, String)> + '_ {
    let mut fence: Option<&str> = None;
    text.lines().enumerate().filter_map(move |(index, line)| {
        let start = line.trim_start();
        let marker = ["```", "~~~"].into_iter().find(|marker| start.starts_with(marker));
        match (fence, marker) {
            (None, Some(opening)) => fence = Some(opening),
            (Some(opening), Some(closing)) if opening == closing => fence = None,
            (None, None) => return Some((index + 1, without_code(line))),
            _ => {}
        }
        None
    })
}

/// Keeps every second piece: what stands between backticks is code, not a link.
fn without_code(line: &str) -> String {
    line.split('`').step_by(2).collect::<Vec<_>>().join("`")
}

/// What `[text](target)` and `[label]: target` lead to.
fn targets(line: &str) -> Vec<String> {
    let inline = line.split("](").skip(1).filter_map(|rest| Some(rest.split_once(')')?.0));
    let definition = line
        .trim_start()
        .strip_prefix('[')
        .filter(|rest| !rest.starts_with('^'))
        .and_then(|rest| rest.split_once("]: "))
        .map(|(_, target)| target);
    // A title may follow the target, and angle brackets may enclose it.
    let bare = |target: &str| {
        let first = target.split_whitespace().next().unwrap_or_default();
        first.trim_start_matches('<').trim_end_matches('>').to_owned()
    };
    inline.chain(definition).map(bare).filter(|target| !target.is_empty()).collect()
}

/// Why a link leads nowhere; links that leave the repository are not followed.
fn problem(sources: &Sources, document: &Source, target: &str) -> Option<&'static str> {
    if target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
    if path.starts_with('/') {
        return Some("link relative to the document, not to a root");
    }
    let resolved = match path {
        "" => document.path.clone(),
        _ => match resolve(&document.path, path) {
            Some(resolved) => resolved,
            None => return Some("leads out of the repository"),
        },
    };
    if !sources.holds(&resolved) {
        return Some("no such tracked file or folder");
    }
    let other = sources.text.iter().find(|source| source.path == resolved)?;
    let is_heading = anchor.is_empty() || !other.is_markdown() || has_heading(&other.text, anchor);
    (!is_heading).then_some("no such heading")
}

fn resolve(document: &str, link: &str) -> Option<String> {
    let mut folders: Vec<&str> = document.split('/').collect();
    folders.pop();
    for part in link.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                folders.pop()?;
            }
            name => folders.push(name),
        }
    }
    Some(folders.join("/"))
}

/// Headings get their anchors as GitHub makes them; a repeated one gets a number.
fn has_heading(text: &str, anchor: &str) -> bool {
    let mut seen: Vec<String> = Vec::new();
    let mut fenced = false;
    for line in text.lines() {
        fenced ^= line.trim_start().starts_with("```");
        let title = line.trim_start_matches('#');
        if fenced || title.len() == line.len() || !title.starts_with(' ') {
            continue;
        }
        let slug = slug(title.trim());
        let repeated = seen.iter().filter(|other| **other == slug).count();
        let own = if repeated == 0 { slug.clone() } else { format!("{slug}-{repeated}") };
        if own == anchor {
            return true;
        }
        seen.push(slug);
    }
    false
}

fn slug(title: &str) -> String {
    let kept = title.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.map(|c| if c == ' ' { '-' } else { c }).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(text: &str) -> Vec<String> {
        let sources = Sources::planted(&[
            ("docs/a.md", text),
            ("docs/b.md", "# Title\n## How to: `run` it\n## Twice\n## Twice\n"),
            ("docs/deep/c.md", ""),
            ("README.md", ""),
        ]);
        check(&sources).into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn links_to_files_folders_and_headings_pass() {
        assert!(
            messages("[b](b.md) and [up](../README.md), [deep](deep/), [c](./deep/c.md \"c\")")
                .is_empty()
        );
        assert!(
            messages("[b](b.md#how-to-run-it) [b](<b.md#twice-1>)\n\n# Here\n[h](#here)")
                .is_empty()
        );
        assert!(messages("[b]: b.md\n[^note]: text\n[web](https://example.com/x#y)").is_empty());
    }

    #[test]
    fn a_link_to_nothing_is_found() {
        assert_eq!(messages("[b](gone.md)"), ["`gone.md`: no such tracked file or folder"]);
        assert_eq!(messages("x\n\n[b]: gone.md").len(), 1);
        assert_eq!(messages("[a](b.md) [b](gone.md) [c](gone-too.md)").len(), 2);
    }

    #[test]
    fn a_link_to_a_heading_that_is_gone_is_found() {
        assert_eq!(messages("[b](b.md#gone)"), ["`b.md#gone`: no such heading"]);
        assert_eq!(messages("[b](b.md#twice-2)"), ["`b.md#twice-2`: no such heading"]);
    }

    #[test]
    fn a_link_out_of_the_repository_is_found() {
        assert_eq!(messages("[b](../../b.md)"), ["`../../b.md`: leads out of the repository"]);
        assert_eq!(messages("[b](/docs/b.md)").len(), 1);
    }

    #[test]
    fn code_holds_no_links() {
        assert!(messages("```\n[b](gone.md)\n```\nand `[b](gone.md)`").is_empty());
    }
}
