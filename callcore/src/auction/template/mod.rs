//! Templates of bid requests, parsed once into typed nodes. A variable is `{name}`, `{tag.NAME}` or
//! `{a|b}`, the first of which has a value; any other brace is text, so JSON is written as JSON.
//!
//! Every value stands in a place, and the place encodes it: a value can never break out (threat
//! model 12). Nothing reads the output again.

mod form;
mod header;
mod json;
mod percent;
mod place;
mod scan;
mod url;
mod xml;

#[cfg(test)]
mod properties;

pub(crate) use form::Form;
pub(crate) use header::Header;
pub(crate) use json::Json;
pub(crate) use percent::encoded as percent_encoded;
pub(crate) use url::{Url, is_dot_segment};
pub(crate) use xml::Xml;

use super::variables::{Facts, Scope, Variable};
use super::verdict::Verdict;
use crate::vocabulary::Problem;
use place::Place;

/// A part of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Node {
    /// Is sent as it stands.
    Text(String),
    /// The first of these variables that has a value, as its place has it.
    Value { place: Place, choices: Vec<Variable> },
}

/// Why a request cannot be rendered for this call. The bidder is then not asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// A path segment would be `.` or `..`, which leads elsewhere.
    #[error("a value makes a path segment that is a dot or two")]
    DotSegment,
    /// A header cannot hold the value: a line break, a control character or no ASCII.
    #[error("a value has characters that a header cannot hold")]
    HeaderValue,
    /// URL, header or body are longer than allowed.
    #[error("the request is longer than {0} bytes")]
    TooLong(usize),
}

impl RenderError {
    /// The verdict of a bidder who is not asked for it.
    pub const fn verdict(self) -> Verdict {
        match self {
            Self::DotSegment | Self::HeaderValue => Verdict::Malformed,
            Self::TooLong(_) => Verdict::TooLarge,
        }
    }
}

/// A text as it stands in XML.
pub(crate) fn xml_escaped(text: &str) -> String {
    let mut output = String::with_capacity(text.len());
    place::escape_xml(&mut output, text);
    output
}

/// What a template is read with: where it stands, and which variables it may use.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Site<'a> {
    /// The JSON Pointer of the template.
    pub(crate) path: &'a str,
    pub(crate) scope: Scope,
}

impl Site<'_> {
    fn problem(&self, code: &'static str, message: impl Into<String>) -> Problem {
        Problem::error(code, self.path, message)
    }
}

/// Renders nodes into one text.
fn render(nodes: &[Node], facts: &Facts<'_>, most: usize) -> Result<String, RenderError> {
    let mut output = String::new();
    for node in nodes {
        match node {
            Node::Text(text) => output.push_str(text),
            Node::Value { place, choices } => {
                place.write(&mut output, facts.first(choices).as_ref())?;
            }
        }
        if output.len() > most {
            return Err(RenderError::TooLong(most));
        }
    }
    Ok(output)
}

/// The output for values that are all `x`: what the format's own parser must accept.
fn probe(nodes: &[Node]) -> String {
    let mut output = String::new();
    for node in nodes {
        match node {
            Node::Text(text) => output.push_str(text),
            Node::Value { place, .. } => output.push_str(place.probe()),
        }
    }
    output
}
