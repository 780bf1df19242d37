//! Reads XML 1.0 into a tree. An element without attributes and children is its text; any other is
//! a map of its children, of its attributes as `@name` and of its text as `#text`; an element that
//! stands several times is a list. The document is a map of its one root.
//!
//! There are no document types, so no entity but the five of XML itself is known, and nothing can
//! be fetched or multiplied.

use std::collections::BTreeMap;

use super::{Members, Tree};
use crate::vocabulary::limits;

/// Why a text is no XML that is read, and at which byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind} at byte {at}")]
pub(crate) struct XmlError {
    pub(crate) kind: XmlErrorKind,
    pub(crate) at: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum XmlErrorKind {
    #[error("the text goes on after the root element")]
    Trailing,
    #[error("the text ends")]
    End,
    #[error("an unexpected character")]
    Unexpected,
    #[error("an unknown entity")]
    Entity,
    #[error("a document type, which is not allowed,")]
    DocumentType,
    #[error("an attribute that stands twice in one element")]
    Duplicate,
    #[error("an end that does not match its beginning")]
    Mismatch,
    #[error("nesting deeper than {}", limits::REPLY_DEPTH)]
    Depth,
}

/// Reads one document.
pub(crate) fn read(text: &str) -> Result<Tree<'static>, XmlError> {
    let mut reader = Reader { text, at: 0 };
    reader.between()?;
    let (name, root) = reader.element(0)?;
    reader.between()?;
    if reader.at < text.len() {
        return Err(reader.error(XmlErrorKind::Trailing));
    }
    let mut document = Members::default();
    document.push(name, root);
    Ok(Tree::Map(document))
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

/// What an element holds.
#[derive(Default)]
struct Content {
    members: Members<'static>,
    places: BTreeMap<String, usize>,
    text: String,
}

impl Content {
    fn push(&mut self, name: String, tree: Tree<'static>) {
        let Some(place) = self.places.get(&name) else {
            self.places.insert(name.clone(), self.members.len());
            self.members.push(name, tree);
            return;
        };
        match self.members.value_mut(*place) {
            // Only repeated elements make lists.
            Some(Tree::List(values)) => values.push(tree),
            Some(first) => *first = Tree::List(vec![std::mem::take(first), tree]),
            None => {}
        }
    }

    fn into_tree(self) -> Tree<'static> {
        let text = self.text.trim();
        if self.members.is_empty() {
            return Tree::from(text);
        }
        let mut members = self.members;
        if !text.is_empty() {
            members.push("#text".to_owned(), Tree::from(text));
        }
        Tree::Map(members)
    }
}

impl<'a> Reader<'a> {
    const fn error(&self, kind: XmlErrorKind) -> XmlError {
        XmlError { kind, at: self.at }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// Takes the text if it stands here.
    fn take(&mut self, text: &str) -> bool {
        let here = self.rest().starts_with(text);
        self.at += if here { text.len() } else { 0 };
        here
    }

    fn unexpected(&self) -> XmlError {
        let ends = self.at == self.text.len();
        self.error(if ends { XmlErrorKind::End } else { XmlErrorKind::Unexpected })
    }

    fn expect(&mut self, text: &str) -> Result<(), XmlError> {
        if self.take(text) { Ok(()) } else { Err(self.unexpected()) }
    }

    fn until(&mut self, end: &str) -> Result<&'a str, XmlError> {
        let rest = self.rest();
        let length = rest.find(end).ok_or(self.error(XmlErrorKind::End))?;
        self.at += length + end.len();
        Ok(&rest[..length])
    }

    fn space(&mut self) -> bool {
        let rest = self.rest();
        let trimmed = rest.trim_start_matches([' ', '\t', '\r', '\n']);
        self.at += rest.len() - trimmed.len();
        trimmed.len() < rest.len()
    }

    /// Declarations, comments, instructions and space around the root.
    fn between(&mut self) -> Result<(), XmlError> {
        loop {
            self.space();
            if self.take("<!--") {
                self.until("-->")?;
            } else if self.take("<?") {
                self.until("?>")?;
            } else if self.rest().starts_with("<!") {
                return Err(self.error(XmlErrorKind::DocumentType));
            } else {
                return Ok(());
            }
        }
    }

    fn name(&mut self) -> Result<&'a str, XmlError> {
        let rest = self.rest();
        let inside = |c: char| {
            c.is_alphanumeric() || matches!(c, '_' | ':' | '-' | '.') || u32::from(c) >= 0x80
        };
        let length = rest.find(|c| !inside(c)).unwrap_or(rest.len());
        let starts =
            rest.starts_with(|c: char| inside(c) && !c.is_numeric() && c != '-' && c != '.');
        if !starts {
            return Err(self.unexpected());
        }
        self.at += length;
        Ok(&rest[..length])
    }

    fn element(&mut self, depth: usize) -> Result<(String, Tree<'static>), XmlError> {
        if depth >= limits::REPLY_DEPTH {
            return Err(self.error(XmlErrorKind::Depth));
        }
        self.expect("<")?;
        let name = self.name()?;
        let mut content = Content::default();
        loop {
            let spaced = self.space();
            if self.take("/>") {
                return Ok((name.to_owned(), content.into_tree()));
            }
            if self.take(">") {
                break;
            }
            if !spaced {
                return Err(self.unexpected());
            }
            self.attribute(&mut content)?;
        }
        self.content(&mut content, depth)?;
        let at = self.at;
        if self.name()? != name {
            return Err(XmlError { kind: XmlErrorKind::Mismatch, at });
        }
        self.space();
        self.expect(">")?;
        Ok((name.to_owned(), content.into_tree()))
    }

    fn attribute(&mut self, content: &mut Content) -> Result<(), XmlError> {
        let name = format!("@{}", self.name()?);
        self.space();
        self.expect("=")?;
        self.space();
        let quote = if self.take("\"") { "\"" } else { "'" };
        if quote == "'" {
            self.expect("'")?;
        }
        let start = self.at;
        let raw = self.until(quote)?;
        if raw.contains('<') {
            return Err(XmlError { kind: XmlErrorKind::Unexpected, at: start });
        }
        let value = unescape(raw, start)?;
        if content.places.contains_key(&name) {
            return Err(self.error(XmlErrorKind::Duplicate));
        }
        content.push(name, Tree::Text(value.into()));
        Ok(())
    }

    /// Everything up to and with `</`.
    fn content(&mut self, content: &mut Content, depth: usize) -> Result<(), XmlError> {
        loop {
            let start = self.at;
            let rest = self.rest();
            let length = rest.find('<').ok_or(self.error(XmlErrorKind::End))?;
            content.text.push_str(&unescape(&rest[..length], start)?);
            self.at += length;
            if self.take("</") {
                return Ok(());
            } else if self.take("<!--") {
                self.until("-->")?;
            } else if self.take("<![CDATA[") {
                let text = self.until("]]>")?;
                content.text.push_str(text);
            } else if self.take("<?") {
                self.until("?>")?;
            } else if self.rest().starts_with("<!") {
                return Err(self.error(XmlErrorKind::DocumentType));
            } else {
                let (name, child) = self.element(depth + 1)?;
                content.push(name, child);
            }
        }
    }
}

fn unescape(text: &str, at: usize) -> Result<String, XmlError> {
    let mut output = String::new();
    let mut rest = text;
    while let Some(start) = rest.find('&') {
        output.push_str(&rest[..start]);
        let here = at + text.len() - rest.len() + start;
        let entity = rest[start + 1..].split_once(';').and_then(|(name, after)| {
            let c = match name {
                "amp" => '&',
                "lt" => '<',
                "gt" => '>',
                "quot" => '"',
                "apos" => '\'',
                _ => character(name.strip_prefix('#')?)?,
            };
            Some((c, after))
        });
        let (c, after) = entity.ok_or(XmlError { kind: XmlErrorKind::Entity, at: here })?;
        output.push(c);
        rest = after;
    }
    output.push_str(rest);
    match output.find(|c| matches!(c, '\0'..='\u{8}' | '\u{B}' | '\u{C}' | '\u{E}'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}')) {
        Some(_) => Err(XmlError { kind: XmlErrorKind::Unexpected, at }),
        None => Ok(output),
    }
}

fn character(reference: &str) -> Option<char> {
    let (digits, radix) = match reference.strip_prefix('x') {
        Some(digits) => (digits, 16),
        None => (reference, 10),
    };
    let plain = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    u32::from_str_radix(digits, radix).ok().filter(|_| plain).and_then(char::from_u32)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn kind(text: &str) -> XmlErrorKind {
        read(text).unwrap_err().kind
    }

    #[test]
    fn elements_attributes_and_repetitions_become_a_tree() {
        let text = "<?xml version=\"1.0\"?><!-- a --><reply ok='yes'>\n <bid>4.2</bid>\
            <term>1</term><term unit=\"s\">2 &amp; &#x33;</term><empty/><![CDATA[a<b]]></reply>\n";
        let json = r##"{"reply":{"@ok":"yes","bid":"4.2",
            "term":["1",{"@unit":"s","#text":"2 & 3"}],"empty":"","#text":"a<b"}}"##;
        assert_eq!(read(text), Ok(super::super::json::read(json).unwrap()));
    }

    #[test]
    fn hostile_texts_are_refused_with_their_reason() {
        assert_eq!(kind("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"), XmlErrorKind::DocumentType);
        assert_eq!(kind("<a>&b;</a>"), XmlErrorKind::Entity);
        assert_eq!(kind("<a>&#0;</a>"), XmlErrorKind::Unexpected);
        assert_eq!(kind("<a>&#xD800;</a>"), XmlErrorKind::Entity);
        assert_eq!(kind("<a></b>"), XmlErrorKind::Mismatch);
        assert_eq!(kind("<a><b></a></b>"), XmlErrorKind::Mismatch);
        assert_eq!(kind("<a x='1' x='2'/>"), XmlErrorKind::Duplicate);
        assert_eq!(kind("<a/><b/>"), XmlErrorKind::Trailing);
        assert_eq!(kind("<a>"), XmlErrorKind::End);
        assert_eq!(kind("<a x=1/>"), XmlErrorKind::Unexpected);
        assert_eq!(kind("<1/>"), XmlErrorKind::Unexpected);
        assert_eq!(kind(""), XmlErrorKind::End);
        let nested = |depth: usize| format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
        assert!(read(&nested(limits::REPLY_DEPTH)).is_ok());
        assert_eq!(kind(&nested(limits::REPLY_DEPTH + 1)), XmlErrorKind::Depth);
    }

    proptest! {
        #[test]
        fn any_text_is_answered(text in r#"(<a( b='c'| d)?>)?(<a|</a>|<!--|-->|<\?|\?>|<!\[CDATA\[|\]\]>| b='|[<>/&;='"! a]|&#|&amp;|\PC){0,8}"#) {
            let _ = read(&text);
        }
    }
}
