//! URLs. Scheme, host and port are the tenant's own text; variables stand in the path and in the
//! values of the query.

use super::form::Form;
use super::place::Place;
use super::scan::{Piece, scan};
use super::{Node, RenderError, Site, percent, render};
use crate::auction::variables::Facts;
use crate::vocabulary::{Problem, limits};

/// A URL with variables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Url {
    /// `https://host:port`.
    origin: String,
    path: Vec<Node>,
    query: Option<Form>,
}

impl Url {
    pub(crate) fn parse(text: &str, site: Site<'_>) -> Result<Self, Vec<Problem>> {
        let origin = origin(text).map_err(|message| vec![site.problem("bad_url", message)])?;
        let pieces = scan(&text[origin.len()..], site)?;
        let (path, query) = split_at_query(pieces);
        let mut problems = Vec::new();
        let path = path_nodes(path, site, &mut problems);
        let query = query.map(|query| Form::from_pieces(query, site)).transpose();
        match query {
            Ok(query) if problems.is_empty() => Ok(Self { origin: origin.to_owned(), path, query }),
            Ok(_) => Err(problems),
            Err(more) => Err([problems, more].concat()),
        }
    }

    /// Renders the URL, with more fields at the end of its query.
    pub(crate) fn render(
        &self,
        facts: &Facts<'_>,
        more: Option<&Form>,
    ) -> Result<String, RenderError> {
        let path = render(&self.path, facts, limits::BID_URL_BYTES)?;
        // Parsers drop dot segments, however they are written (WHATWG URL §4.4).
        if path.split('/').any(is_dot_segment) {
            return Err(RenderError::DotSegment);
        }
        let mut url = format!("{}{path}", self.origin);
        let mut separator = '?';
        for query in self.query.iter().chain(more) {
            let query = query.render(facts)?;
            if !query.is_empty() {
                url.push(separator);
                url.push_str(&query);
                separator = '&';
            }
        }
        if url.len() > limits::BID_URL_BYTES {
            return Err(RenderError::TooLong(limits::BID_URL_BYTES));
        }
        Ok(url)
    }
}

/// `https://host:port` of a URL, or what is wrong with it.
fn origin(text: &str) -> Result<&str, String> {
    if text.len() > limits::URL_BYTES {
        return Err(format!("at most {} bytes are allowed", limits::URL_BYTES));
    }
    let scheme = ["https://", "http://"].into_iter().find(|scheme| text.starts_with(scheme));
    let Some(scheme) = scheme else {
        return Err(
            "an absolute http or https URL is expected, such as https://bid.example.com/".into()
        );
    };
    let rest = &text[scheme.len()..];
    let authority = &rest[..rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len())];
    if authority.contains('@') {
        return Err("a URL holds no user or password: use `auth`".into());
    }
    if authority.contains(['{', '}']) {
        return Err("the host is the same for every call: no variable stands in it".into());
    }
    let well_formed = authority.starts_with(|c: char| c.is_alphanumeric() || c == '[')
        && !authority.contains(|c: char| c.is_whitespace() || c.is_control());
    if !well_formed {
        return Err("the URL has no host".into());
    }
    if text.contains('#') {
        return Err("what follows a # is never sent".into());
    }
    if text.contains(|c: char| c.is_control() || c == '\\') {
        return Err("a URL holds no control characters and no backslash".into());
    }
    Ok(&text[..scheme.len() + authority.len()])
}

fn split_at_query(pieces: Vec<Piece<'_>>) -> (Vec<Piece<'_>>, Option<Vec<Piece<'_>>>) {
    let mut path = Vec::new();
    let mut query: Option<Vec<Piece<'_>>> = None;
    for piece in pieces {
        match (&mut query, piece) {
            (Some(query), piece) => query.push(piece),
            (None, Piece::Text(text)) => match text.split_once('?') {
                Some((before, after)) => {
                    path.push(Piece::Text(before));
                    query = Some(vec![Piece::Text(after)]);
                }
                None => path.push(Piece::Text(text)),
            },
            (None, value) => path.push(value),
        }
    }
    (path, query)
}

fn path_nodes(pieces: Vec<Piece<'_>>, site: Site<'_>, problems: &mut Vec<Problem>) -> Vec<Node> {
    let mut nodes = Vec::new();
    if !matches!(pieces.first(), Some(Piece::Text(text)) if text.starts_with('/')) {
        // A value right after the host would be part of it.
        nodes.push(Node::Text("/".to_owned()));
    }
    let mut literal = String::new();
    for piece in pieces {
        match piece {
            Piece::Text(text) => {
                let mut encoded = String::new();
                percent::encode_literal(&mut encoded, text);
                literal.push_str(&encoded);
                nodes.push(Node::Text(encoded));
            }
            Piece::Value { choices, .. } => {
                literal.push('x');
                nodes.push(Node::Value { place: Place::Percent, choices });
            }
        }
    }
    if literal.split('/').any(is_dot_segment) {
        problems.push(site.problem("bad_url", "a path holds no segment . or .."));
    }
    nodes
}

/// Whether a segment of a path is one of the two that lead elsewhere.
pub(crate) fn is_dot_segment(segment: &str) -> bool {
    let plain = segment.replace("%2e", ".").replace("%2E", ".");
    plain == "." || plain == ".."
}
