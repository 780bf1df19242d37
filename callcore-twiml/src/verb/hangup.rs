//! `<Hangup>`: ends the call.

use crate::attribute::attributes;
use crate::check::Check;
use crate::element::{Content, Element, ReadElement};
use crate::error::ParseError;
use crate::xml::Node;

/// `<Hangup>`: ends the call (<https://www.twilio.com/docs/voice/twiml/hangup>).
///
/// As the first verb it still answers the call, which bills it; [`Reject`](crate::Reject) does
/// not. It has no attributes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hangup {}

attributes! { Hangup {} }

impl Hangup {
    /// The end of the call.
    #[must_use]
    pub fn new() -> Self {
        Self {}
    }
}

impl Element for Hangup {
    fn name(&self) -> &'static str {
        "Hangup"
    }

    fn content(&self) -> Content<'_> {
        Content::Empty
    }

    fn check(&self) -> Check {
        Ok(())
    }
}

impl ReadElement for Hangup {
    fn read_content(node: &Node) -> Result<Self, ParseError> {
        node.expect_empty()?;
        Ok(Self::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::response::check_xml;

    #[test]
    fn it_is_empty() {
        check_xml(Hangup::new(), "<Hangup/>");
    }
}
