//! Form bodies, `application/x-www-form-urlencoded`: `caller={callerId}&zip={callerZip}`.

use super::place::Place;
use super::scan::{Piece, scan};
use super::{Node, RenderError, Site, percent, render};
use crate::auction::variables::Facts;
use crate::vocabulary::{Problem, limits};

/// A form body, or the query of a URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Form(Vec<Node>);

impl Form {
    pub(crate) fn parse(text: &str, site: Site<'_>) -> Result<Self, Vec<Problem>> {
        Self::from_pieces(scan(text, site)?, site)
    }

    /// Variables stand in values only: a value that made names could add or hide fields.
    pub(super) fn from_pieces(
        pieces: Vec<Piece<'_>>,
        site: Site<'_>,
    ) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut nodes = Vec::new();
        let mut in_value = false;
        for piece in pieces {
            match piece {
                Piece::Text(text) => {
                    for c in text.chars() {
                        in_value = c != '&' && (in_value || c == '=');
                    }
                    // Line breaks and tabs between fields are for the reader of the template.
                    let one_line: String =
                        text.chars().filter(|c| !matches!(c, '\r' | '\n' | '\t')).collect();
                    let mut encoded = String::new();
                    percent::encode_literal(&mut encoded, &one_line);
                    nodes.push(Node::Text(encoded));
                }
                Piece::Value { choices, source } => {
                    if !in_value {
                        let message =
                            format!("{source} stands in a field's name; write it as name={source}");
                        problems.push(site.problem("misplaced_variable", message));
                    }
                    nodes.push(Node::Value { place: Place::Percent, choices });
                }
            }
        }
        if problems.is_empty() { Ok(Self(nodes)) } else { Err(problems) }
    }

    pub(crate) fn render(&self, facts: &Facts<'_>) -> Result<String, RenderError> {
        render(&self.0, facts, limits::BID_BODY_BYTES)
    }
}
