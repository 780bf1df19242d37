//! Header values.

use super::place::Place;
use super::scan::{Piece, scan};
use super::{Node, RenderError, Site, render};
use crate::auction::variables::Facts;
use crate::vocabulary::{Problem, limits};

/// A header's value (RFC 9110 §5.5): printable ASCII.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Header(Vec<Node>);

impl Header {
    pub(crate) fn parse(text: &str, site: Site<'_>) -> Result<Self, Vec<Problem>> {
        if text.len() > limits::HEADER_BYTES {
            let message = format!("at most {} bytes are allowed", limits::HEADER_BYTES);
            return Err(vec![site.problem("too_long", message)]);
        }
        if !text.bytes().all(|byte| (b' '..=b'~').contains(&byte) || byte == b'\t') {
            let message = "a header's value is one line of printable ASCII";
            return Err(vec![site.problem("bad_header", message)]);
        }
        let nodes = scan(text, site)?.into_iter().map(|piece| match piece {
            Piece::Text(text) => Node::Text(text.to_owned()),
            Piece::Value { choices, .. } => Node::Value { place: Place::Header, choices },
        });
        Ok(Self(nodes.collect()))
    }

    pub(crate) fn render(&self, facts: &Facts<'_>) -> Result<String, RenderError> {
        render(&self.0, facts, limits::HEADER_BYTES)
    }
}
