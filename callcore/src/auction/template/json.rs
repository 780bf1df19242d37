//! JSON bodies.

use super::place::Place;
use super::scan::{Piece, scan};
use super::{Node, RenderError, Site, probe, render};
use crate::auction::tree;
use crate::auction::variables::Facts;
use crate::vocabulary::{Problem, limits};

/// A JSON body with variables in its strings and in the place of whole values. The text around them
/// is sent as it stands, so keys that differ only in case, nested objects and numbers stay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Json(Vec<Node>);

impl Json {
    pub(crate) fn parse(text: &str, site: Site<'_>) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut reader = Reader::default();
        let mut nodes = Vec::new();
        for piece in scan(text, site)? {
            match piece {
                Piece::Text(text) => {
                    let keys = reader.read(text);
                    if keys {
                        problems.push(site.problem(
                            "misplaced_variable",
                            "a variable stands in values, not in the name of a member",
                        ));
                    }
                    nodes.push(Node::Text(text.to_owned()));
                }
                Piece::Value { choices, .. } => {
                    let place = if reader.in_string { Place::JsonString } else { Place::JsonValue };
                    reader.has_value |= reader.in_string;
                    nodes.push(Node::Value { place, choices });
                }
            }
        }
        if let Err(error) = tree::json::read(&probe(&nodes)) {
            problems.push(site.problem(
                "bad_json",
                format!("with values in the place of its variables the body is no JSON: {error}"),
            ));
        }
        if problems.is_empty() { Ok(Self(nodes)) } else { Err(problems) }
    }

    pub(crate) fn render(&self, facts: &Facts<'_>) -> Result<String, RenderError> {
        render(&self.0, facts, limits::BID_BODY_BYTES)
    }
}

/// Follows the strings of a JSON text.
#[derive(Debug, Default)]
struct Reader {
    in_string: bool,
    escaped: bool,
    /// The string that is read or was last read has a variable in it.
    has_value: bool,
}

impl Reader {
    /// Whether a string with a variable turned out to be a member's name.
    fn read(&mut self, text: &str) -> bool {
        let mut found = false;
        for c in text.chars() {
            if self.in_string {
                match c {
                    _ if self.escaped => self.escaped = false,
                    '\\' => self.escaped = true,
                    '"' => self.in_string = false,
                    _ => {}
                }
            } else if c == '"' {
                (self.in_string, self.has_value) = (true, false);
            } else if c == ':' {
                found |= std::mem::take(&mut self.has_value);
            } else if !c.is_ascii_whitespace() {
                self.has_value = false;
            }
        }
        found
    }
}
