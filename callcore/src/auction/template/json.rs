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
                    reader.read(text);
                    nodes.push(Node::Text(text.to_owned()));
                }
                Piece::Value { choices, source } => {
                    if reader.expects_name {
                        let message =
                            format!("{source} stands in the name of a member, not in a value");
                        problems.push(site.problem("misplaced_variable", message));
                    }
                    let place = if reader.in_string { Place::JsonString } else { Place::JsonValue };
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

/// Follows a JSON text as far as it takes to tell names from values. A name that came from a value
/// could be a second one of its kind, or no string at all.
#[derive(Debug, Default)]
struct Reader {
    in_string: bool,
    escaped: bool,
    /// What comes next, or what the string that is read is, is the name of a member.
    expects_name: bool,
    /// Whether each list or object that is open is an object.
    open: Vec<bool>,
}

impl Reader {
    fn read(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                _ if self.escaped => self.escaped = false,
                '\\' if self.in_string => self.escaped = true,
                '"' => self.in_string = !self.in_string,
                _ if self.in_string => {}
                '{' | '[' => {
                    self.open.push(c == '{');
                    self.expects_name = c == '{';
                }
                '}' | ']' => {
                    self.open.pop();
                    self.expects_name = false;
                }
                ',' => self.expects_name = self.open.last() == Some(&true),
                ':' => self.expects_name = false,
                _ => {}
            }
        }
    }
}
