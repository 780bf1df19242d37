//! Why a document cannot be read or written.

/// A rule of TwiML that the content or an attribute of an element breaks.
///
/// The reader and the writer check the same rules, so a document that was read can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// A number lies outside the range that Twilio documents.
    #[error("must be between {min} and {max}")]
    OutOfRange {
        /// The least allowed number.
        min: u32,
        /// The greatest allowed number.
        max: u32,
    },
    /// A required value, or every child of an element that needs one, is missing.
    #[error("must not be empty")]
    Empty,
    /// A text has too many characters.
    #[error("must not be longer than {max} characters")]
    TooLong {
        /// The greatest allowed number of characters.
        max: usize,
    },
    /// A list or an element has too many entries.
    #[error("must not have more than {max} entries")]
    TooMany {
        /// The greatest allowed number of entries.
        max: usize,
    },
    /// A text holds a character that has no meaning there.
    #[error("must consist of {allowed}")]
    Characters {
        /// What the text may consist of.
        allowed: &'static str,
    },
    /// White space at either end, which readers of TwiML trim away.
    #[error("must not begin or end with white space")]
    SurroundingSpace,
    /// Two things exclude each other.
    #[error("must not be combined with {other}")]
    Conflict {
        /// The other of the two.
        other: &'static str,
    },
}

/// What an element breaks: a rule, and the attribute it is about, or none for the content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Invalid {
    pub(crate) attribute: Option<&'static str>,
    pub(crate) violation: Violation,
}

/// Why [`Response::to_xml`](crate::Response::to_xml) wrote nothing.
///
/// Every variant is the fault of whoever built the document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// A value holds a character that XML 1.0 cannot hold, not even escaped.
    /// [`sanitize_text`](crate::sanitize_text) removes them from text that is only spoken.
    #[error("<{element}>{}: illegal character at byte {position} of the value", At(*attribute))]
    IllegalCharacter {
        /// The element.
        element: &'static str,
        /// The attribute, or none when the text of the element is meant.
        attribute: Option<&'static str>,
        /// The byte offset within the value.
        position: usize,
    },
    /// A value breaks a rule of TwiML.
    #[error("<{element}>{} {violation}", At(*attribute))]
    Invalid {
        /// The element.
        element: &'static str,
        /// The attribute, or none when the content of the element is meant.
        attribute: Option<&'static str>,
        /// The broken rule.
        violation: Violation,
    },
    /// The document grew beyond [`MAX_DOCUMENT_BYTES`](crate::MAX_DOCUMENT_BYTES).
    #[error("the document is longer than {} bytes", crate::MAX_DOCUMENT_BYTES)]
    TooLarge,
}

/// Why [`Response::parse`](crate::Response::parse) refused a document, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("at byte {position}: {kind}")]
pub struct ParseError {
    /// The byte offset in the document of what is wrong: an element's or reference's first
    /// character, or the first character of an attribute's name.
    pub position: usize,
    /// What is wrong.
    pub kind: ParseErrorKind,
}

/// What [`Response::parse`](crate::Response::parse) found wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseErrorKind {
    /// The document is longer than [`MAX_PARSE_BYTES`](crate::MAX_PARSE_BYTES).
    #[error("the document has {bytes} bytes, more than {}", crate::MAX_PARSE_BYTES)]
    TooLarge {
        /// The length of the document.
        bytes: usize,
    },
    /// Elements are nested deeper than any TwiML document needs.
    #[error("<{element}> is nested too deep")]
    TooDeep {
        /// The element that goes too deep.
        element: String,
    },
    /// The document is not well-formed XML.
    #[error("not well-formed: {message}")]
    Malformed {
        /// What is wrong, in words for people; do not match on it.
        message: String,
    },
    /// A character that XML 1.0 cannot hold, written out or as a reference.
    #[error("illegal character")]
    IllegalCharacter,
    /// A document type declaration. TwiML has none, and they are a classic attack.
    #[error("a document type declaration is not allowed")]
    Doctype,
    /// An entity other than the five that XML defines.
    #[error("unknown entity &{name};")]
    UnknownEntity {
        /// The name of the entity.
        name: String,
    },
    /// There is no root element.
    #[error("the document has no element")]
    NoRoot,
    /// The root is not `<Response>`. Names are case-sensitive.
    #[error("the root is <{element}>, not <Response>")]
    Root {
        /// The root's name.
        element: String,
    },
    /// No element of this name is known to this crate. Names are case-sensitive.
    #[error("unknown element <{element}> in <{parent}>")]
    UnknownElement {
        /// The unknown element.
        element: String,
        /// The element that contains it.
        parent: String,
    },
    /// The element is known, but not allowed in this place.
    #[error("<{element}> is not allowed in <{parent}>")]
    Misplaced {
        /// The element.
        element: String,
        /// The element that contains it.
        parent: String,
    },
    /// Text where only elements, or nothing, may stand.
    #[error("text is not allowed in <{element}>")]
    UnexpectedText {
        /// The element that contains the text.
        element: String,
    },
    /// The element has no attribute of this name. Names are case-sensitive.
    #[error("<{element}> has no attribute {attribute:?}")]
    UnknownAttribute {
        /// The element.
        element: String,
        /// The unknown attribute.
        attribute: String,
    },
    /// The value of an attribute is not of the attribute's type.
    #[error("<{element} {attribute}>: {value:?} is not {expected}")]
    WrongValue {
        /// The element.
        element: String,
        /// The attribute.
        attribute: String,
        /// The value as read.
        value: String,
        /// What the attribute takes.
        expected: String,
    },
    /// A value breaks a rule of TwiML.
    #[error("<{element}>{} {violation}", At(*attribute))]
    Invalid {
        /// The element.
        element: String,
        /// The attribute, or none when the content of the element is meant.
        attribute: Option<&'static str>,
        /// The broken rule.
        violation: Violation,
    },
}

/// Prints where in an element something is wrong.
struct At(Option<&'static str>);

impl std::fmt::Display for At {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Some(attribute) => write!(f, " attribute {attribute}"),
            None => f.write_str(" content"),
        }
    }
}
