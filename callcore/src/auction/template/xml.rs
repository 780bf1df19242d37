//! XML bodies.

use super::place::Place;
use super::scan::{Piece, scan};
use super::{Node, RenderError, Site, probe, render};
use crate::auction::tree;
use crate::auction::variables::Facts;
use crate::vocabulary::{Problem, limits};

/// An XML body with variables in text and in the values of attributes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Xml(Vec<Node>);

impl Xml {
    pub(crate) fn parse(text: &str, site: Site<'_>) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut state = State::Text;
        let mut nodes = Vec::new();
        for piece in scan(text, site)? {
            match piece {
                Piece::Text(text) => {
                    state = state.after(text);
                    nodes.push(Node::Text(text.to_owned()));
                }
                Piece::Value { choices, source } => {
                    let place = match state {
                        State::Text => Place::XmlText,
                        State::Attribute(_) => Place::XmlAttribute,
                        State::Tag | State::Until(_) => {
                            let message = format!(
                                "{source} stands neither in text nor in an attribute's value"
                            );
                            problems.push(site.problem("misplaced_variable", message));
                            Place::XmlText
                        }
                    };
                    nodes.push(Node::Value { place, choices });
                }
            }
        }
        if let Err(error) = tree::xml::read(&probe(&nodes)) {
            problems.push(site.problem(
                "bad_xml",
                format!("with values in the place of its variables the body is no XML: {error}"),
            ));
        }
        if problems.is_empty() { Ok(Self(nodes)) } else { Err(problems) }
    }

    pub(crate) fn render(&self, facts: &Facts<'_>) -> Result<String, RenderError> {
        render(&self.0, facts, limits::BID_BODY_BYTES)
    }
}

/// What a place in an XML text is part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Text,
    /// Inside `<…>`.
    Tag,
    /// Inside an attribute's value with this quote.
    Attribute(char),
    /// Inside a comment, a CDATA section, an instruction or a declaration that ends so.
    Until(&'static str),
}

impl State {
    fn after(mut self, text: &str) -> Self {
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let mut length = c.len_utf8();
            self = match self {
                Self::Text if c == '<' => {
                    let openings =
                        [("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>"), ("<!", ">")];
                    let special = openings.into_iter().find(|(open, _)| rest.starts_with(open));
                    length = special.map_or(length, |(open, _)| open.len());
                    special.map_or(Self::Tag, |(_, close)| Self::Until(close))
                }
                Self::Tag if c == '>' => Self::Text,
                Self::Tag if c == '"' || c == '\'' => Self::Attribute(c),
                Self::Attribute(quote) if c == quote => Self::Tag,
                Self::Until(close) if rest.starts_with(close) => {
                    length = close.len();
                    Self::Text
                }
                state => state,
            };
            rest = &rest[length..];
        }
        self
    }
}
