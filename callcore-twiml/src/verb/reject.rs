//! `<Reject>`: refuses the call unanswered.

use crate::attribute::{attributes, single_words, words};
use crate::check::Check;
use crate::element::{Content, Element, ReadElement};
use crate::error::ParseError;
use crate::xml::Node;

/// `<Reject>`: refuses the call (<https://www.twilio.com/docs/voice/twiml/reject>).
///
/// As the first verb it leaves the call unanswered, which costs nothing. Nothing after it runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reject {
    /// `reason`: what the caller hears. Default: `rejected`.
    pub reason: Option<RejectReason>,
}

words! {
    /// What the caller hears when a call is refused.
    RejectReason {
        /// That the number is not in service; the call ends as `no-answer`.
        Rejected = "rejected",
        /// A busy tone; the call ends as `busy`.
        Busy = "busy",
    }
}

single_words!(RejectReason);

attributes! { Reject {
    "reason" => reason,
} }

impl Reject {
    /// Refuses the call for `reason`.
    #[must_use]
    pub fn new(reason: RejectReason) -> Self {
        Self { reason: Some(reason) }
    }
}

impl Element for Reject {
    fn name(&self) -> &'static str {
        "Reject"
    }

    fn content(&self) -> Content<'_> {
        Content::Empty
    }

    fn check(&self) -> Check {
        Ok(())
    }
}

impl ReadElement for Reject {
    fn read_content(node: &Node) -> Result<Self, ParseError> {
        node.expect_empty()?;
        Ok(Self::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::response::check_xml;

    #[test]
    fn every_attribute() {
        check_xml(Reject::default(), "<Reject/>");
        check_xml(Reject::new(RejectReason::Busy), r#"<Reject reason="busy"/>"#);
        check_xml(Reject::new(RejectReason::Rejected), r#"<Reject reason="rejected"/>"#);
    }
}
