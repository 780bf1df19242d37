//! A chain of alternatives: the first that has a value counts.

use super::path::{Found, Path};
use crate::auction::tree::{Marks, Tree};
use crate::vocabulary::limits;

/// A reply as paths see it.
#[derive(Debug)]
pub(in crate::auction) struct Document<'a> {
    root: Tree<'a>,
    /// The content of an XML document's root element, so that paths may begin there.
    is_xml: bool,
}

impl<'a> Document<'a> {
    pub(in crate::auction) const fn json(root: Tree<'a>) -> Self {
        Self { root, is_xml: false }
    }

    pub(in crate::auction) const fn xml(root: Tree<'a>) -> Self {
        Self { root, is_xml: true }
    }

    /// The whole reply.
    pub(super) fn root(&self) -> &Tree<'a> {
        match &self.root {
            Tree::Map(members) if self.is_xml => {
                members.iter().next().map_or(&self.root, |(_, tree)| tree)
            }
            root => root,
        }
    }

    fn starts(&self) -> impl Iterator<Item = &Tree<'a>> {
        [Some(self.root()), self.is_xml.then_some(&self.root)].into_iter().flatten()
    }
}

/// What a chain finds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Sought<'a> {
    /// Nothing at all.
    Missing,
    /// A `null` and nothing better.
    Null,
    /// A value that is neither `null` nor empty text.
    Value(&'a Tree<'a>),
    /// A path found several values.
    Several,
}

/// Compiled alternatives.
#[derive(Clone, Debug)]
pub(in crate::auction) struct Chain {
    paths: Vec<Path>,
    /// The names that the alternatives begin with, where each begins with one: without any of them
    /// there is nothing to find.
    names: Option<Marks>,
}

impl Chain {
    /// Compiles `a | b`; the error is a sentence.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let alternatives = split(text, "|");
        if alternatives.len() > limits::ALTERNATIVES {
            return Err(format!("at most {} alternatives are allowed", limits::ALTERNATIVES));
        }
        alternatives.into_iter().map(Path::parse).collect::<Result<_, _>>().map(Self::of)
    }

    /// One of our own chains, whose names stand in any case.
    pub(super) fn usual(text: &str) -> Self {
        let paths = Self::parse(text).map(|chain| chain.paths).unwrap_or_default();
        Self::of(paths.into_iter().map(Path::in_any_case).collect())
    }

    fn of(paths: Vec<Path>) -> Self {
        let mut names = paths.iter().map(Path::first_name);
        let names = names.try_fold(Marks::default(), |all, name| Some(all.and(name?.marks())));
        Self { paths, names }
    }

    pub(super) fn find<'a>(&self, document: &'a Document<'a>) -> Sought<'a> {
        if self.names.is_some_and(|names| !document.starts().any(|start| start.may_have(names))) {
            return Sought::Missing;
        }
        let mut null = false;
        for path in &self.paths {
            for start in document.starts() {
                match path.find(start) {
                    Found::Nothing => continue,
                    Found::Several => return Sought::Several,
                    Found::One(Tree::Null) => null = true,
                    Found::One(Tree::Text(text)) if text.trim().is_empty() => {}
                    Found::One(tree) => return Sought::Value(tree),
                }
            }
        }
        if null { Sought::Null } else { Sought::Missing }
    }
}

/// Splits outside of brackets, parentheses and quotes.
pub(super) fn split<'a>(text: &'a str, separator: &str) -> Vec<&'a str> {
    let mut parts = Vec::new();
    let (mut start, mut open, mut quote, mut escaped) = (0, 0_i32, None, false);
    for (at, c) in text.char_indices() {
        if let Some(closing) = quote {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                _ if c == closing => quote = None,
                _ => {}
            }
            continue;
        }
        match c {
            '\'' | '"' => quote = Some(c),
            '[' | '(' => open += 1,
            ']' | ')' => open -= 1,
            _ if open == 0 && at >= start && text[at..].starts_with(separator) => {
                parts.push(&text[start..at]);
                start = at + separator.len();
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auction::tree::{json, xml};

    fn scalar<'a>(chain: &str, document: &'a Document<'a>) -> Option<&'a str> {
        match Chain::parse(chain).unwrap().find(document) {
            Sought::Value(tree) => tree.scalar(),
            _ => None,
        }
    }

    #[test]
    fn the_first_alternative_with_a_value_counts() {
        let json = r#"{"a":null,"b":"","c":" ","d":0,"e":[1,2],"f|g":7}"#;
        let document = Document::json(json::read(json).unwrap());
        assert_eq!(scalar("x | a | b | c | d | e", &document), Some("0"));
        assert_eq!(scalar("x|['f|g']", &document), Some("7"));
        assert_eq!(scalar("$.e[?@ == 3 || @ == 2] | d", &document), Some("2"));
        let find = |chain: &str| Chain::parse(chain).unwrap();
        assert_eq!(find("x | a").find(&document), Sought::Null);
        assert_eq!(find("x | b").find(&document), Sought::Missing);
        assert_eq!(find("e[*] | d").find(&document), Sought::Several);
        assert!(Chain::parse("a || b").unwrap_err().contains("missing"));
        let long = vec!["a"; limits::ALTERNATIVES + 1].join("|");
        assert!(Chain::parse(&long).unwrap_err().contains("at most 16"));
    }

    #[test]
    fn a_path_into_xml_begins_at_the_root_element_or_inside() {
        let text = "<reply><bid>4</bid><bid>5</bid></reply>";
        let document = Document::xml(xml::read(text).unwrap());
        assert_eq!(scalar("bid[1]", &document), Some("5"));
        assert_eq!(scalar("reply.bid[0]", &document), Some("4"));
        assert_eq!(scalar("$.reply.bid[-1]", &document), Some("5"));
    }
}
