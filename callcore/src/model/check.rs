//! Small checks that several documents share. Each pushes every problem that it finds.

use std::fmt::Display;
use std::ops::RangeInclusive;

use crate::vocabulary::{Problem, limits};

/// A name: not blank, at most 200 characters.
pub(super) fn name(problems: &mut Vec<Problem>, path: &str, value: &str) {
    if value.trim().is_empty() {
        problems.push(Problem::error("blank", path, "a name has at least one visible character"));
    }
    text(problems, path, value, limits::NAME_CHARACTERS);
}

/// Free text of at most so many characters.
pub(super) fn text(problems: &mut Vec<Problem>, path: &str, value: &str, most: usize) {
    let characters = value.chars().count();
    if characters > most {
        problems.push(Problem::error(
            "too_long",
            path,
            format!("at most {most} characters are allowed, there are {characters}"),
        ));
    }
}

/// A number inside a range.
pub(super) fn range<T>(
    problems: &mut Vec<Problem>,
    path: &str,
    value: T,
    allowed: &RangeInclusive<T>,
) where
    T: Copy + PartialOrd + Display,
{
    if !allowed.contains(&value) {
        problems.push(Problem::error(
            "out_of_range",
            path,
            format!("{value} is outside {} to {}", allowed.start(), allowed.end()),
        ));
    }
}

/// A list of at most so many items.
pub(super) fn count(problems: &mut Vec<Problem>, path: &str, items: usize, most: usize) {
    if items > most {
        problems.push(Problem::error(
            "too_many",
            path,
            format!("at most {most} items are allowed, there are {items}"),
        ));
    }
}

/// An absolute http or https URL with a host. A full parser stands at the client that fetches it.
pub(crate) fn url(problems: &mut Vec<Problem>, path: &str, value: &str) {
    let rest = value.strip_prefix("https://").or_else(|| value.strip_prefix("http://"));
    let authority = rest.map(|rest| rest.split(['/', '?', '#']).next().unwrap_or_default());
    let well_formed = authority.is_some_and(|authority| {
        let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        host.starts_with(|c: char| c.is_alphanumeric() || c == '[')
    });
    let is_alien = |c: char| c.is_whitespace() || c.is_control() || is_noncharacter(c);
    if !(well_formed && !value.contains(is_alien) && value.len() <= limits::URL_BYTES) {
        problems.push(Problem::error(
            "bad_url",
            path,
            format!(
                "an absolute http or https URL of at most {} bytes is expected, such as https://example.com/hook",
                limits::URL_BYTES
            ),
        ));
    }
}

/// Whether Unicode has set a code point aside for no character (D14): no URL has one (WHATWG URL §1.1),
/// and two of them no XML, in which a carrier is told what to play.
fn is_noncharacter(c: char) -> bool {
    matches!(c, '\u{FDD0}'..='\u{FDEF}') || u32::from(c) & 0xFFFE == 0xFFFE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_has_a_host_and_no_character_that_is_none() {
        let is_url = |value: &str| {
            let mut problems = Vec::new();
            url(&mut problems, "/url", value);
            problems.is_empty()
        };
        for value in
            ["https://a.example", "http://u@a.example:80/é/\u{FFFD}?{x}#y", "https://[::1]/"]
        {
            assert!(is_url(value), "{value}");
        }
        let paths = [
            " ",
            "\t",
            "\r",
            "\n",
            "\0",
            "\u{7F}",
            "\u{85}",
            "\u{A0}",
            "\u{2028}",
            "\u{FDD0}",
            "\u{FDEF}",
            "\u{FFFE}",
            "\u{FFFF}",
            "\u{1FFFE}",
            "\u{10FFFF}",
        ];
        for path in paths {
            assert!(!is_url(&format!("https://a.example/{path}x")), "{path:?}");
        }
        for value in ["", "ftp://a.example/", "https:///x", "https://", "a.example/x"] {
            assert!(!is_url(value), "{value}");
        }
    }
}
