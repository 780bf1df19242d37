//! The document.

use crate::element::Choice;
use crate::error::{ParseError, ParseErrorKind, WriteError};
use crate::verb::{self, Verb};
use crate::xml;

/// The longest document that is written, in bytes: Twilio reads 64 kB
/// (<https://www.twilio.com/docs/api/errors/11750>), and the rest is kept in reserve.
pub const MAX_DOCUMENT_BYTES: usize = 60_000;

/// The longest document that is read, in bytes (<https://www.twilio.com/docs/api/errors/11750>).
pub const MAX_PARSE_BYTES: usize = 64 * 1024;

/// How deep elements may be nested in a document that is read. `<Response>`, `<Dial>` and
/// `<Number>` need three.
pub(crate) const MAX_DEPTH: usize = 8;

const NAME: &str = "Response";

/// A TwiML document: what Twilio is to do with a call, from top to bottom
/// (<https://www.twilio.com/docs/voice/twiml>).
///
/// Text outside a verb, which Twilio refuses, cannot be expressed. An empty response ends the
/// call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Response {
    /// The verbs in the order in which they run.
    pub verbs: Vec<Verb>,
}

impl Response {
    /// An empty document.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends a verb.
    #[must_use]
    pub fn then(mut self, verb: impl Into<Verb>) -> Self {
        self.verbs.push(verb.into());
        self
    }

    /// Reads a document.
    ///
    /// Strict where Twilio only warns: whatever this crate does not know, in the wrong place, of
    /// the wrong type or out of range is an error. Comments, processing instructions and the
    /// white space between elements and around URLs and phone numbers are ignored.
    ///
    /// # Errors
    /// [`ParseError`] says what is wrong and where, at the first thing that is.
    pub fn parse(document: &str) -> Result<Self, ParseError> {
        let root = xml::read(document)?;
        if root.name != NAME {
            let kind = ParseErrorKind::Root { element: root.name };
            return Err(ParseError { position: root.position, kind });
        }
        if let Some(attribute) = root.attributes.first() {
            let (element, name) = (root.name.clone(), attribute.name.clone());
            let kind = ParseErrorKind::UnknownAttribute { element, attribute: name };
            return Err(ParseError { position: attribute.position, kind });
        }
        Ok(Self { verbs: Verb::read_children(&root)? })
    }

    /// Writes the document, compactly, with its XML declaration.
    ///
    /// # Errors
    /// [`WriteError`] says which value cannot be written, or breaks a rule of TwiML, or that the
    /// document is longer than [`MAX_DOCUMENT_BYTES`].
    pub fn to_xml(&self) -> Result<String, WriteError> {
        xml::write(NAME, self.verbs.iter().map(Verb::element))
    }
}

impl<V: Into<Verb>> FromIterator<V> for Response {
    fn from_iter<I: IntoIterator<Item = V>>(verbs: I) -> Self {
        Self { verbs: verbs.into_iter().map(Into::into).collect() }
    }
}

/// Whether this crate knows an element of this name, in whatever place.
pub(crate) fn is_known_element(name: &str) -> bool {
    let nested = [<crate::noun::Noun as Choice>::NAMES, <Verb as Choice>::NAMES];
    name == NAME || name == verb::PROSODY || nested.concat().contains(&name)
}

/// The one document of a verb, for the tests of the verbs.
#[cfg(test)]
pub(crate) fn check_xml(verb: impl Into<Verb>, expected: &str) {
    let response = Response::new().then(verb);
    let whole = response.to_xml().unwrap();
    let prolog = r#"<?xml version="1.0" encoding="UTF-8"?><Response>"#;
    let inner = whole.strip_prefix(prolog).unwrap().strip_suffix("</Response>").unwrap();
    assert_eq!(inner, expected);
    assert_eq!(Response::parse(&whole).unwrap(), response);
}

/// The rule that a verb breaks, which must be the same for the writer and the reader.
#[cfg(test)]
pub(crate) fn check_invalid(
    verb: impl Into<Verb>,
    attribute: Option<&'static str>,
    violation: crate::Violation,
) {
    match Response::new().then(verb).to_xml() {
        Err(WriteError::Invalid { attribute: found, violation: broken, .. }) => {
            assert_eq!((found, broken), (attribute, violation));
        }
        other => panic!("{other:?}"),
    }
}

/// The error of reading a document with `inner` between the tags of the root.
#[cfg(test)]
pub(crate) fn parse_inner(inner: &str) -> Result<Response, ParseErrorKind> {
    Response::parse(&format!("<Response>{inner}</Response>")).map_err(|error| error.kind)
}
