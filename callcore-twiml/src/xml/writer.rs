//! Elements to bytes.

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesRef, BytesStart, BytesText, Event};

use crate::MAX_DOCUMENT_BYTES;
use crate::element::{Content, Element};
use crate::error::{Invalid, WriteError};
use crate::text;

/// Writes a document with `root` and, inside it, `children`.
pub(crate) fn write<'a>(
    root: &'static str,
    children: impl Iterator<Item = &'a dyn Element>,
) -> Result<String, WriteError> {
    let mut document = Document { writer: Writer::new(Vec::new()) };
    document.event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let mut children = children.peekable();
    if children.peek().is_none() {
        document.event(Event::Empty(BytesStart::new(root)))?;
    } else {
        document.event(Event::Start(BytesStart::new(root)))?;
        for child in children {
            document.element(child)?;
        }
        document.event(Event::End(BytesEnd::new(root)))?;
    }
    let bytes = document.writer.into_inner();
    Ok(String::from_utf8(bytes).expect("quick-xml writes only the strings it was given"))
}

struct Document {
    writer: Writer<Vec<u8>>,
}

impl Document {
    fn element(&mut self, element: &dyn Element) -> Result<(), WriteError> {
        self.element_with(element, element.content())
    }

    fn element_with(
        &mut self,
        element: &dyn Element,
        content: Content<'_>,
    ) -> Result<(), WriteError> {
        let name = element.name();
        element.check().map_err(|Invalid { attribute, violation }| WriteError::Invalid {
            element: name,
            attribute,
            violation,
        })?;
        let mut tag = BytesStart::new(name);
        element.visit(&mut |attribute, value| {
            refuse_illegal_characters(name, Some(attribute), value)?;
            // Escapes tab, line feed and carriage return too: a reader would make them spaces.
            tag.push_attribute((attribute, value));
            Ok(())
        })?;
        if matches!(content, Content::Empty | Content::Text("")) {
            return self.event(Event::Empty(tag));
        }
        self.event(Event::Start(tag))?;
        match content {
            Content::Elements(children) => {
                for child in children {
                    self.element(child)?;
                }
            }
            Content::Empty => {}
            Content::Text(text) => self.text(name, text)?,
            Content::Wrapped { wrapper, text } => {
                self.element_with(wrapper, Content::Text(text))?;
            }
        }
        self.event(Event::End(BytesEnd::new(name)))
    }

    /// A carriage return is written as a reference: a reader would make it a line feed.
    fn text(&mut self, element: &'static str, text: &str) -> Result<(), WriteError> {
        refuse_illegal_characters(element, None, text)?;
        for (index, part) in text.split('\r').enumerate() {
            if index > 0 {
                self.event(Event::GeneralRef(BytesRef::new("#xD")))?;
            }
            self.event(Event::Text(BytesText::new(part)))?;
        }
        Ok(())
    }

    /// Checked after each event, so that a huge document is given up early.
    fn event(&mut self, event: Event<'_>) -> Result<(), WriteError> {
        self.writer.write_event(event).expect("writing to memory cannot fail");
        if self.writer.get_mut().len() > MAX_DOCUMENT_BYTES {
            return Err(WriteError::TooLarge);
        }
        Ok(())
    }
}

fn refuse_illegal_characters(
    element: &'static str,
    attribute: Option<&'static str>,
    value: &str,
) -> Result<(), WriteError> {
    match text::illegal_character(value) {
        Some(position) => Err(WriteError::IllegalCharacter { element, attribute, position }),
        None => Ok(()),
    }
}
