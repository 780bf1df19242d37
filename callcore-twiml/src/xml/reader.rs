//! Bytes to a bounded tree.

use std::fmt::Display;

use quick_xml::escape::{EscapeError, resolve_xml_entity};
use quick_xml::events::attributes::Attributes;
use quick_xml::events::{BytesDecl, BytesRef, BytesStart, Event};
use quick_xml::{Error, Reader, XmlVersion};

use crate::error::{ParseError, ParseErrorKind};
use crate::text;
use crate::xml::{Attribute, Child, Node};
use crate::{MAX_DEPTH, MAX_PARSE_BYTES};

/// Reads the root element of a document.
pub(crate) fn read(document: &str) -> Result<Node, ParseError> {
    if document.len() > MAX_PARSE_BYTES {
        return Err(at(0, ParseErrorKind::TooLarge { bytes: document.len() }));
    }
    if let Some(position) = text::illegal_character(document) {
        return Err(at(position, ParseErrorKind::IllegalCharacter));
    }
    let source = document.strip_prefix('\u{FEFF}').unwrap_or(document);
    if source.starts_with('\u{FEFF}') {
        // The reader would skip the second byte order mark too, without counting it.
        return Err(malformed(document.len() - source.len(), "a second byte order mark"));
    }
    let mut tree = Tree {
        source,
        offset: document.len() - source.len(),
        position: 0,
        open: Vec::new(),
        root: None,
    };
    let mut reader = Reader::from_str(source);
    reader.config_mut().check_comments = true;
    loop {
        tree.position = tree.offset + usize::try_from(reader.buffer_position()).unwrap_or(0);
        let event = reader.read_event().map_err(|error| {
            // The reader counts bytes, and may stop inside a character.
            let position = usize::try_from(reader.error_position()).unwrap_or(0);
            malformed(tree.offset + source.floor_char_boundary(position), error)
        })?;
        match event {
            Event::Eof => break,
            event => tree.event(event)?,
        }
    }
    tree.finish()
}

/// The tree as far as it is read.
struct Tree<'a> {
    source: &'a str,
    /// How many bytes of the document come before `source`.
    offset: usize,
    /// Where in the document the current event begins.
    position: usize,
    open: Vec<Node>,
    root: Option<Node>,
}

impl Tree<'_> {
    fn event(&mut self, event: Event<'_>) -> Result<(), ParseError> {
        match event {
            Event::Start(tag) => {
                let node = self.node(&tag)?;
                self.open.push(node);
                Ok(())
            }
            Event::Empty(tag) => {
                let node = self.node(&tag)?;
                self.close(node);
                Ok(())
            }
            Event::End(_) => {
                if let Some(node) = self.open.pop() {
                    self.close(node);
                }
                Ok(())
            }
            Event::Text(text) => {
                if let Some(index) = text.find("]]>") {
                    return Err(malformed(self.position + index, "]]> must be escaped in text"));
                }
                self.text(&text.xml10_content())
            }
            Event::CData(_) if self.open.is_empty() => {
                Err(malformed(self.position, "CDATA outside the root element"))
            }
            Event::CData(text) => self.text(&text.xml10_content()),
            Event::GeneralRef(reference) => self.reference(&reference),
            Event::Comment(_) | Event::Eof => Ok(()),
            Event::PI(instruction) => {
                let target = instruction.target();
                if text::is_xml_name(target) && !target.eq_ignore_ascii_case("xml") {
                    return Ok(());
                }
                Err(malformed(self.position, "a processing instruction has no name"))
            }
            Event::Decl(declaration) => self.declaration(&declaration),
            Event::DocType(_) => Err(self.error(ParseErrorKind::Doctype)),
        }
    }

    fn node(&self, tag: &BytesStart<'_>) -> Result<Node, ParseError> {
        let name = tag.name().as_ref().to_owned();
        if self.open.is_empty() && self.root.is_some() {
            return Err(malformed(self.position, "a second root element"));
        }
        if self.open.len() >= MAX_DEPTH {
            return Err(self.error(ParseErrorKind::TooDeep { element: name }));
        }
        let mut attributes = Vec::new();
        // Attributes are looked up here by their place in the tag: `<` comes before it.
        let tag_start = self.position + 1;
        for attribute in tag.attributes() {
            let attribute = attribute.map_err(|error| malformed(tag_start, error))?;
            let key = attribute.key.as_ref();
            let position = offset_within(self.source, key).map_or(tag_start, |at| self.offset + at);
            attributes.push(Attribute {
                name: key.to_owned(),
                value: attribute_value(&attribute, position)?,
                position,
            });
        }
        Ok(Node { name, position: self.position, attributes, children: Vec::new() })
    }

    fn close(&mut self, node: Node) {
        match self.open.last_mut() {
            Some(parent) => parent.children.push(Child::Element(node)),
            None => self.root = Some(node),
        }
    }

    /// Appends to the text before it, so that a comment or a reference does not split a text.
    fn text(&mut self, text: &str) -> Result<(), ParseError> {
        let Some(parent) = self.open.last_mut() else {
            if text.chars().all(text::is_space) {
                return Ok(());
            }
            return Err(malformed(self.position, "text outside the root element"));
        };
        match parent.children.last_mut() {
            Some(Child::Text { text: before, .. }) => before.push_str(text),
            _ => {
                let (text, position) = (text.to_owned(), self.position);
                parent.children.push(Child::Text { text, position });
            }
        }
        Ok(())
    }

    fn reference(&mut self, reference: &BytesRef<'_>) -> Result<(), ParseError> {
        if self.open.is_empty() {
            return Err(malformed(self.position, "a reference outside the root element"));
        }
        if let Some(entity) = resolve_xml_entity(reference) {
            return self.text(entity);
        }
        match reference.resolve_char_ref() {
            Ok(Some(character)) if text::is_xml_character(character) => {
                self.text(character.encode_utf8(&mut [0; 4]))
            }
            Ok(Some(_)) => Err(self.error(ParseErrorKind::IllegalCharacter)),
            Ok(None) => {
                Err(self.error(ParseErrorKind::UnknownEntity { name: reference.to_string() }))
            }
            Err(error) => Err(malformed(self.position, error)),
        }
    }

    fn declaration(&self, declaration: &BytesDecl<'_>) -> Result<(), ParseError> {
        if self.position != self.offset {
            return Err(malformed(self.position, "the XML declaration must come first"));
        }
        let error = |message| Err(malformed(self.position, message));
        let mut names = Vec::new();
        for attribute in Attributes::new(declaration, "xml".len()) {
            match attribute {
                Ok(attribute) => names.push(attribute.key.0),
                Err(_) => return error("a broken XML declaration"),
            }
        }
        match names[..] {
            ["version"]
            | ["version", "encoding" | "standalone"]
            | ["version", "encoding", "standalone"] => {}
            _ => return error("a broken XML declaration"),
        }
        match declaration.version().as_deref() {
            Ok("1.0") => Ok(()),
            _ => error("only XML 1.0 is supported"),
        }
    }

    fn finish(self) -> Result<Node, ParseError> {
        if let Some(node) = self.open.last() {
            let message = format!("<{}> is not closed", node.name);
            return Err(malformed(node.position, message));
        }
        let end = self.position;
        self.root.ok_or_else(|| at(end, ParseErrorKind::NoRoot))
    }

    fn error(&self, kind: ParseErrorKind) -> ParseError {
        at(self.position, kind)
    }
}

fn attribute_value(
    attribute: &quick_xml::events::attributes::Attribute<'_>,
    position: usize,
) -> Result<String, ParseError> {
    if attribute.value.contains('<') {
        return Err(malformed(position, "< must be escaped in an attribute"));
    }
    let value = attribute
        .normalized_value_with(XmlVersion::Explicit1_0, 1, resolve_xml_entity)
        .map_err(|error| match error {
            Error::Escape(EscapeError::UnrecognizedEntity(_, name)) => {
                at(position, ParseErrorKind::UnknownEntity { name })
            }
            error => malformed(position, error),
        })?;
    if text::illegal_character(&value).is_some() {
        return Err(at(position, ParseErrorKind::IllegalCharacter));
    }
    Ok(value.into_owned())
}

/// Where `part` stands in `whole`, if it is a slice of it.
fn offset_within(whole: &str, part: &str) -> Option<usize> {
    let offset = part.as_ptr().addr().checked_sub(whole.as_ptr().addr())?;
    (offset + part.len() <= whole.len()).then_some(offset)
}

fn malformed(position: usize, message: impl Display) -> ParseError {
    at(position, ParseErrorKind::Malformed { message: message.to_string() })
}

fn at(position: usize, kind: ParseErrorKind) -> ParseError {
    ParseError { position, kind }
}
