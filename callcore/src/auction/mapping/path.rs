//! One path into a reply. Bare paths (`bidTerms[0].callMinDuration`) and singular JSONPath queries
//! are walked here; everything else is RFC 9535 and goes to `jsonpath-rust`.

use jsonpath_rust::parser::model::JpQuery;
use jsonpath_rust::parser::parse_json_path;
use jsonpath_rust::query::js_path_process;

use crate::auction::tree::{Name, Tree};
use crate::vocabulary::limits;

/// A compiled path.
#[derive(Clone, Debug)]
pub(super) enum Path {
    /// At most one value.
    Walk { segments: Vec<Segment>, any_case: bool },
    /// Any number of values.
    Query(Box<JpQuery>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Segment {
    /// A member by its name.
    Name(Name),
    /// A number: an element of a list, a member of an object.
    Index { index: usize, name: Name },
}

/// What a path finds in a tree.
#[derive(Debug, PartialEq)]
pub(super) enum Found<'a> {
    Nothing,
    One(&'a Tree<'a>),
    Several,
}

impl Path {
    /// Compiles a path; the error is a sentence.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        check_limits(text)?;
        let text = text.trim();
        if let Some(segments) = walk(text)? {
            return Ok(Self::Walk { segments, any_case: false });
        }
        let query = match text.chars().next() {
            Some('$') => text.to_owned(),
            Some('[' | '.') => format!("${text}"),
            _ => format!("$.{text}"),
        };
        check_cost(&query)?;
        match parse_json_path(&query) {
            Ok(query) => Ok(Self::Query(Box::new(query))),
            Err(_) => Err(format!("{query:?} is no JSONPath (RFC 9535)")),
        }
    }

    /// The same path with member names in any case.
    pub(super) fn in_any_case(self) -> Self {
        match self {
            Self::Walk { segments, .. } => Self::Walk { segments, any_case: true },
            query @ Self::Query(_) => query,
        }
    }

    /// The name without which there is nothing to find; `None` where there need not be one.
    pub(super) fn first_name(&self) -> Option<&Name> {
        match self {
            Self::Walk { segments, .. } => segments.first().map(Segment::name),
            Self::Query(_) => None,
        }
    }

    /// What stands there.
    pub(super) fn find<'a>(&self, root: &'a Tree<'a>) -> Found<'a> {
        match self {
            Self::Walk { segments, any_case } => {
                let mut here = root;
                for segment in segments {
                    match segment.step(here, *any_case) {
                        Some(next) => here = next,
                        None => return Found::Nothing,
                    }
                }
                Found::One(here)
            }
            Self::Query(query) => {
                let found = js_path_process(query, root).unwrap_or_default();
                match found.as_slice() {
                    [] => Found::Nothing,
                    [one] => Found::One(one.val),
                    _ => Found::Several,
                }
            }
        }
    }
}

impl Segment {
    const fn name(&self) -> &Name {
        match self {
            Self::Name(name) | Self::Index { name, .. } => name,
        }
    }

    fn step<'a>(&self, tree: &'a Tree<'a>, any_case: bool) -> Option<&'a Tree<'a>> {
        match (self, tree) {
            (Self::Index { index, .. }, Tree::List(values)) => values.get(*index),
            (segment, Tree::Map(members)) if any_case => members.named_in_any_case(segment.name()),
            (segment, Tree::Map(members)) => members.named(segment.name()),
            _ => None,
        }
    }

    fn bare(text: &str) -> Self {
        let number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let name = Name::from(text);
        match text.parse() {
            Ok(index) if number => Self::Index { index, name },
            _ => Self::Name(name),
        }
    }
}

/// Reads a path of names and indices; `None` where it is more than that.
fn walk(text: &str) -> Result<Option<Vec<Segment>>, String> {
    let mut rest = text.strip_prefix('$').unwrap_or(text);
    let mut segments = Vec::new();
    if rest == "." {
        return Ok(Some(segments));
    }
    let mut first = true;
    while !rest.is_empty() {
        let at = text.len() - rest.len();
        if rest.starts_with('[') {
            let Some((segment, after)) = bracket(rest) else { return Ok(None) };
            segments.push(segment);
            rest = after;
        } else {
            let name = match rest.strip_prefix('.') {
                Some(name) => name,
                None if first && !text.starts_with('$') => rest,
                None => return Err(format!("a . or a [ is expected at byte {at} of {text:?}")),
            };
            if name.starts_with('.') {
                return Ok(None);
            }
            let length = name.find(['.', '[']).unwrap_or(name.len());
            let (name, after) = name.split_at(length);
            if name == "*" {
                return Ok(None);
            }
            if name.trim().is_empty() {
                return Err(format!("a name is missing at byte {at} of {text:?}"));
            }
            // An @ begins the name of an XML attribute.
            let plain = name.strip_prefix('@').unwrap_or(name);
            if plain.contains(['*', '?', '(', ')', ']', '\'', '"', '@', '$', ',']) {
                return Err(format!("quote the name {name:?}: ['{name}']"));
            }
            segments.push(Segment::bare(name.trim()));
            rest = after;
        }
        first = false;
    }
    Ok(Some(segments))
}

/// `[0]`, `['name']` or `["name"]` at the start of a text, and what follows.
fn bracket(text: &str) -> Option<(Segment, &str)> {
    let inside = text[1..].trim_start();
    if let Some(quote) = inside.chars().next().filter(|c| matches!(c, '\'' | '"')) {
        let name = &inside[1..];
        let length = name.find([quote, '\\'])?;
        let after = name[length..].strip_prefix(quote)?.trim_start().strip_prefix(']')?;
        return Some((Segment::Name(Name::from(&name[..length])), after));
    }
    let (index, after) = inside.split_once(']')?;
    match Segment::bare(index.trim_end()) {
        segment @ Segment::Index { .. } => Some((segment, after)),
        Segment::Name(_) => None,
    }
}

/// Parsers of paths recurse on brackets and parentheses, and some kill the process that way.
fn check_limits(text: &str) -> Result<(), String> {
    if text.trim().is_empty() {
        return Err("a path is missing".to_owned());
    }
    if text.len() > limits::PATH_BYTES {
        return Err(format!("a path has at most {} bytes", limits::PATH_BYTES));
    }
    let mut open = 0_usize;
    for c in unquoted(text) {
        match c {
            '[' | '(' => open += 1,
            ']' | ')' => open = open.saturating_sub(1),
            _ => {}
        }
        if open > limits::PATH_NESTING {
            return Err(format!("a path nests at most {} deep", limits::PATH_NESTING));
        }
    }
    Ok(())
}

/// A query must cost little more than one look at every value of a reply: what multiplies looks is
/// refused.
fn check_cost(query: &str) -> Result<(), String> {
    let plain: String = unquoted(query).collect();
    if plain.matches("..").count() > 1 {
        return Err("a path goes down with .. once at the most".to_owned());
    }
    if plain.matches('$').count() > 1 {
        return Err("a filter looks at @, not at $".to_owned());
    }
    if ["match(", "search("].iter().any(|function| plain.contains(function)) {
        return Err("a path has no regular expressions".to_owned());
    }
    let nodes = plain
        .split('[')
        .map(|part| part.split(']').next().unwrap_or_default().matches(',').count() + 1)
        .try_fold(1_usize, usize::checked_mul);
    if nodes.is_none_or(|nodes| nodes > limits::PATH_SELECTORS) {
        return Err("a path lists too many selectors".to_owned());
    }
    Ok(())
}

/// The characters outside of quotes.
fn unquoted(text: &str) -> impl Iterator<Item = char> {
    let mut quote = None;
    let mut escaped = false;
    text.chars().filter(move |c| match quote {
        Some(_) if escaped => {
            escaped = false;
            false
        }
        Some(open) => {
            escaped = *c == '\\';
            if *c == open {
                quote = None;
            }
            false
        }
        None => {
            quote = Some(*c).filter(|c| matches!(c, '\'' | '"'));
            quote.is_none()
        }
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::auction::tree::json;

    const REPLY: &str = r#"{"bidAmount":4.2,"bidTerms":[{"callMinDuration":90},{"callMinDuration":30}],
        "data":{"bid":{"amount":1}},"call-min":2,"a.b":3,"0":4,"@unit":5,"Bid":6}"#;

    fn found(path: &str) -> Option<String> {
        let tree = json::read(REPLY).unwrap();
        match Path::parse(path).unwrap().find(&tree) {
            Found::One(tree) => Some(tree.scalar().unwrap().to_owned()),
            Found::Nothing => None,
            Found::Several => Some("several".to_owned()),
        }
    }

    #[test]
    fn bare_dotted_bracketed_and_numeric_paths_are_walked() {
        for (path, value) in [
            ("bidAmount", "4.2"),
            (" bidAmount ", "4.2"),
            ("$.bidAmount", "4.2"),
            (".bidAmount", "4.2"),
            ("['bidAmount']", "4.2"),
            ("$[\"bidAmount\"]", "4.2"),
            ("bidTerms[0].callMinDuration", "90"),
            ("bidTerms.1.callMinDuration", "30"),
            ("$.bidTerms[ 1 ]['callMinDuration']", "30"),
            ("data.bid.amount", "1"),
            ("$.data.bid.amount", "1"),
            ("$.call-min", "2"),
            ("['a.b']", "3"),
            ("$.0", "4"),
            ("[0]", "4"),
            ("@unit", "5"),
        ] {
            assert_eq!(found(path).as_deref(), Some(value), "{path}");
            assert!(matches!(Path::parse(path).unwrap(), Path::Walk { .. }), "{path}");
        }
        for missing in ["bid", "bidTerms[2].x", "bidAmount.x", "data[0]", "nope"] {
            assert_eq!(found(missing), None, "{missing}");
        }
        let tree = json::read(REPLY).unwrap();
        let any_case = Path::parse("bIDaMOUNT").unwrap().in_any_case();
        assert_eq!(any_case.find(&tree), Found::One(&Tree::Number("4.2".into())));
    }

    #[test]
    fn the_rest_of_rfc_9535_works_with_and_without_a_dollar() {
        for (path, value) in [
            ("$.bidTerms[*].callMinDuration", "several"),
            ("bidTerms[-1].callMinDuration", "30"),
            ("$..amount", "1"),
            ("..amount", "1"),
            ("$.bidTerms[?@.callMinDuration > 60].callMinDuration", "90"),
            ("bidTerms[?(@.callMinDuration==30)].callMinDuration", "30"),
            ("$.bidTerms[1:].callMinDuration", "30"),
            ("data.*.amount", "1"),
        ] {
            assert_eq!(found(path).as_deref(), Some(value), "{path}");
        }
    }

    proptest! {
        #[test]
        fn any_path_is_compiled_or_refused_and_runs(
            path in r#"(\$|\.|\.\.|\*|[a-b@' "]|\[|\]|\[\*\]|\[\?@[.a<=>&|!( )0-9']{0,9}\]|\[-?[0-9]{1,20}\]|\[(-?[0-9]{0,19}:){1,2}-?[0-9]{0,19}\]|length\(|count\(@|,){0,9}"#
        ) {
            if let Ok(path) = Path::parse(&path) {
                let tree = json::read(r#"{"a":[1,{"b":[2,"x",null]},[[]]],"b":{"a":true}}"#).unwrap();
                let _ = path.find(&tree);
            }
        }
    }

    #[test]
    fn broken_and_costly_paths_are_refused() {
        let nested = format!("$[?{}@.a{}]", "(".repeat(16), ")".repeat(16));
        let long = "a".repeat(limits::PATH_BYTES + 1);
        for (path, part) in [
            ("", "missing"),
            (" ", "missing"),
            ("a..b[", "no JSONPath"),
            ("a.", "a name is missing at byte 1"),
            ("a[0]b", "at byte 4"),
            ("$data", "at byte 1"),
            ("a'b", "quote the name"),
            ("$[?(@.a]", "no JSONPath"),
            (nested.as_str(), "16 deep"),
            (long.as_str(), "256 bytes"),
            ("$..a..b", "once"),
            ("$[?$[?$.a]]", "not at $"),
            ("$[?search(@.a, 'b')]", "regular expressions"),
            ("$[0,1][0,1][0,1][0,1][0,1]", "too many selectors"),
        ] {
            let message = Path::parse(path).unwrap_err();
            assert!(message.contains(part), "{path}: {message}");
        }
    }
}
