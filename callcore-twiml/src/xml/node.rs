//! The tree that the reader hands to the elements.

use crate::attribute::{Attributes, SetError};
use crate::error::{Invalid, ParseError, ParseErrorKind};
use crate::text;

/// An element as it stands in a document.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) name: String,
    pub(crate) position: usize,
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) children: Vec<Child>,
}

/// An attribute as it stands in a document, its value decoded.
#[derive(Debug)]
pub(crate) struct Attribute {
    pub(crate) name: String,
    pub(crate) value: String,
    pub(crate) position: usize,
}

/// A child of an element.
#[derive(Debug)]
pub(crate) enum Child {
    Element(Node),
    Text { text: String, position: usize },
}

impl Node {
    /// The elements inside.
    pub(crate) fn elements(&self) -> impl Iterator<Item = &Node> {
        self.children.iter().filter_map(|child| match child {
            Child::Element(node) => Some(node),
            Child::Text { .. } => None,
        })
    }

    /// Refuses text other than the white space between elements.
    pub(crate) fn expect_no_text(&self) -> Result<(), ParseError> {
        let spoken = self.children.iter().find_map(|child| match child {
            Child::Text { text, position } if !text.chars().all(text::is_space) => Some(*position),
            _ => None,
        });
        let Some(position) = spoken else { return Ok(()) };
        let kind = ParseErrorKind::UnexpectedText { element: self.name.clone() };
        Err(ParseError { position, kind })
    }

    /// Refuses anything inside.
    pub(crate) fn expect_empty(&self) -> Result<(), ParseError> {
        self.text()?;
        self.expect_no_text()
    }

    /// The text inside, as it stands. Elements inside are refused.
    pub(crate) fn text(&self) -> Result<String, ParseError> {
        let mut whole = String::new();
        for child in &self.children {
            match child {
                Child::Element(node) => return Err(self.refuse(node)),
                Child::Text { text, .. } => whole.push_str(text),
            }
        }
        Ok(whole)
    }

    /// The text inside without the white space around it.
    pub(crate) fn trimmed_text(&self) -> Result<String, ParseError> {
        self.text().map(|text| text::trim(&text).to_owned())
    }

    /// Sets every attribute of this node on `target`.
    pub(crate) fn read_attributes(&self, target: &mut impl Attributes) -> Result<(), ParseError> {
        for attribute in &self.attributes {
            let Err(error) = target.set(&attribute.name, &attribute.value) else { continue };
            let (element, name) = (self.name.clone(), attribute.name.clone());
            let kind = match error {
                SetError::Unknown => ParseErrorKind::UnknownAttribute { element, attribute: name },
                SetError::Value { expected } => {
                    let value = attribute.value.clone();
                    ParseErrorKind::WrongValue { element, attribute: name, value, expected }
                }
            };
            return Err(ParseError { position: attribute.position, kind });
        }
        Ok(())
    }

    /// Whether the attribute is present.
    pub(crate) fn has_attribute(&self, name: &str) -> bool {
        self.attributes.iter().any(|attribute| attribute.name == name)
    }

    /// The error for a rule that this element breaks.
    pub(crate) fn invalid(&self, invalid: Invalid) -> ParseError {
        let Invalid { attribute, violation } = invalid;
        let position = self
            .attributes
            .iter()
            .find(|candidate| Some(candidate.name.as_str()) == attribute)
            .map_or(self.position, |found| found.position);
        let kind = ParseErrorKind::Invalid { element: self.name.clone(), attribute, violation };
        ParseError { position, kind }
    }

    /// The error for an element that must not stand inside this one.
    pub(crate) fn refuse(&self, child: &Node) -> ParseError {
        let (element, parent) = (child.name.clone(), self.name.clone());
        let kind = if crate::is_known_element(&element) {
            ParseErrorKind::Misplaced { element, parent }
        } else {
            ParseErrorKind::UnknownElement { element, parent }
        };
        ParseError { position: child.position, kind }
    }
}
