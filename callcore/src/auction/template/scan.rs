//! Finds the variables in a template's text.

use super::Site;
use crate::auction::variables::{Scope, Variable};
use crate::vocabulary::{Problem, limits};

/// A piece of a template before its place is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    Text(&'a str),
    Value { source: &'a str, choices: Vec<Variable> },
}

/// Splits a template into text and variables. Every unknown name is a problem.
pub(super) fn scan<'a>(text: &'a str, site: Site<'_>) -> Result<Vec<Piece<'a>>, Vec<Problem>> {
    let mut problems = Vec::new();
    if text.len() > limits::TEMPLATE_BYTES {
        let message = format!("at most {} bytes are allowed", limits::TEMPLATE_BYTES);
        return Err(vec![site.problem("too_long", message)]);
    }
    let mut pieces = Vec::new();
    let (mut start, mut from) = (0, 0);
    while let Some(open) = text[from..].find('{').map(|at| from + at) {
        let Some(inside) = variable_at(&text[open..]) else {
            from = open + 1;
            continue;
        };
        let end = open + inside.len() + 2;
        if open > start {
            pieces.push(Piece::Text(&text[start..open]));
        }
        let choices = choices(inside, site, &mut problems);
        pieces.push(Piece::Value { source: &text[open..end], choices });
        (start, from) = (end, end);
    }
    if start < text.len() {
        pieces.push(Piece::Text(&text[start..]));
    }
    let variables = pieces.iter().filter(|piece| matches!(piece, Piece::Value { .. })).count();
    if variables > limits::TEMPLATE_VARIABLES {
        let message = format!(
            "at most {} variables are allowed, there are {variables}",
            limits::TEMPLATE_VARIABLES
        );
        problems.push(site.problem("too_many", message));
    }
    if problems.is_empty() { Ok(pieces) } else { Err(problems) }
}

/// What stands between the braces, where the text begins with a variable.
fn variable_at(text: &str) -> Option<&str> {
    let rest = text.strip_prefix('{')?;
    let inside = &rest[..rest.find(['{', '}', '"', '\\', '\n', '\r'])?];
    let closed = rest[inside.len()..].starts_with('}');
    let names = || inside.split('|').map(str::trim);
    let unpadded = inside.trim() == inside;
    (closed && unpadded && names().all(looks_like_a_name)).then_some(inside)
}

/// `name` or `tag.NAME`; anything else in braces is text.
fn looks_like_a_name(name: &str) -> bool {
    if let Some(tag) = name.strip_prefix("tag.") {
        return !tag.is_empty();
    }
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'))
}

fn choices(inside: &str, site: Site<'_>, problems: &mut Vec<Problem>) -> Vec<Variable> {
    let mut choices = Vec::new();
    for name in inside.split('|').map(str::trim) {
        match Variable::named(name) {
            Some(variable) if site.scope == Scope::Ping && variable.is_of_the_bid() => {
                let message = format!("{{{name}}} is known in the confirm request only");
                problems.push(site.problem("misplaced_variable", message));
            }
            Some(variable) => choices.push(variable),
            None => problems.push(site.problem("unknown_variable", unknown(name))),
        }
    }
    if choices.len() > limits::ALTERNATIVES {
        let message = format!("at most {} alternatives are allowed", limits::ALTERNATIVES);
        problems.push(site.problem("too_many", message));
    }
    choices
}

fn unknown(name: &str) -> String {
    let near = Variable::NAMES
        .iter()
        .map(|known| (distance(&name.to_ascii_lowercase(), &known.to_ascii_lowercase()), known))
        .filter(|(distance, _)| *distance <= 2)
        .min();
    let hint = near.map(|(_, known)| format!("did you mean {{{known}}}? ")).unwrap_or_default();
    let known = Variable::NAMES.join(", ");
    format!("{{{name}}} is no variable; {hint}known are {known} and tag.NAME")
}

/// The Levenshtein distance, for names of at most a few dozen bytes.
fn distance(left: &str, right: &str) -> usize {
    let (left, right) = (left.as_bytes(), right.as_bytes());
    if left.len().abs_diff(right.len()) > 2 {
        return usize::MAX;
    }
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in right.iter().enumerate() {
            let substituted = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    const SITE: Site<'static> = Site { path: "/requestBody", scope: Scope::Ping };

    fn sources(text: &str) -> Vec<&str> {
        let pieces = scan(text, SITE).unwrap();
        pieces
            .into_iter()
            .filter_map(|piece| match piece {
                Piece::Value { source, .. } => Some(source),
                Piece::Text(_) => None,
            })
            .collect()
    }

    #[test]
    fn only_names_in_braces_are_variables() {
        let text = r#"{"a":{"b":"{callerId}"},"c":{minBid},"d":{},"e":{ callerId },"f":"{1}"}"#;
        assert_eq!(sources(text), ["{callerId}", "{minBid}"]);
        assert_eq!(sources("{{callerZip}}"), ["{callerZip}"]);
        assert_eq!(
            sources("{tag.zip|callerZip}{tag.Zip Code | callerZip}"),
            ["{tag.zip|callerZip}", "{tag.Zip Code | callerZip}"]
        );
        assert_eq!(sources("{a||b} {|} {tag.} {callerId"), Vec::<&str>::new());
    }

    #[test]
    fn an_unknown_name_is_told_with_the_near_one() {
        let problems = scan("{callerid} {tag.x|nope} {bidId}", SITE).unwrap_err();
        let codes: Vec<_> = problems.iter().map(|problem| problem.code.as_ref()).collect();
        assert_eq!(codes, ["unknown_variable", "unknown_variable", "misplaced_variable"]);
        assert!(problems.iter().all(|problem| problem.path == "/requestBody"));
        let message = &problems[0].message;
        assert!(message.contains("did you mean {callerId}?"), "{message}");
        assert!(message.contains("isoTimestamp"), "{message}");
        let nope = &problems[1].message;
        assert!(nope.contains("{nope} is no variable; known are"), "{nope}");
    }

    #[test]
    fn there_is_a_limit_on_length_and_variables() {
        let long = "x".repeat(limits::TEMPLATE_BYTES + 1);
        assert_eq!(scan(&long, SITE).unwrap_err()[0].code, "too_long");
        let many = "{minBid}".repeat(limits::TEMPLATE_VARIABLES + 1);
        assert_eq!(scan(&many, SITE).unwrap_err()[0].code, "too_many");
        let chain = format!("{{{}}}", vec!["minBid"; limits::ALTERNATIVES + 1].join("|"));
        assert_eq!(scan(&chain, SITE).unwrap_err()[0].code, "too_many");
    }
}
