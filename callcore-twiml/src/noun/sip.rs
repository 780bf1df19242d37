//! `<Sip>`: a SIP address inside a `<Dial>`.

use crate::attribute::attributes;
use crate::check::{Check, trimmed_text};
use crate::element::{Content, Element, ReadElement};
use crate::error::ParseError;
use crate::group::{AnsweringMachineDetection, StatusCallback};
use crate::value::{Method, Password};
use crate::xml::Node;

/// `<Sip>`: a SIP address to dial (<https://www.twilio.com/docs/voice/twiml/sip>).
///
/// Headers for the other side go into the address: `sip:ann@example.com?X-Campaign=7`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sip {
    /// The address: `sip:ann@example.com`. Required, without white space around it.
    pub uri: String,
    /// `username` for authentication. Default: none.
    pub username: Option<String>,
    /// `password` for authentication. Default: none.
    pub password: Option<Password>,
    /// `url`: TwiML for the callee, run after the answer and before the callers are connected.
    /// Default: none.
    pub url: Option<String>,
    /// `method` of the request to `url`. Default: `POST`.
    pub method: Option<Method>,
    /// `statusCallback` and what belongs to it.
    pub status_callback: StatusCallback,
    /// `machineDetection` and what belongs to it.
    pub machine_detection: AnsweringMachineDetection,
}

attributes! { Sip {
    "username" => username,
    "password" => password,
    "url" => url,
    "method" => method,
    group status_callback,
    group machine_detection,
} }

impl Sip {
    /// A SIP address.
    pub fn new(uri: impl Into<String>) -> Self {
        Self { uri: uri.into(), ..Self::default() }
    }
}

impl Element for Sip {
    fn name(&self) -> &'static str {
        "Sip"
    }

    fn content(&self) -> Content<'_> {
        Content::Text(&self.uri)
    }

    fn check(&self) -> Check {
        trimmed_text(&self.uri)?;
        self.machine_detection.check()
    }
}

impl ReadElement for Sip {
    fn read_content(node: &Node) -> Result<Self, ParseError> {
        node.trimmed_text().map(Self::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::response::{check_invalid, check_xml};
    use crate::{CallEvent, Dial, MachineDetection, Violation};

    #[test]
    fn every_attribute() {
        let sip = Sip {
            uri: "sip:ann@example.com?X-A=1&X-B=2".to_owned(),
            username: Some("ann".to_owned()),
            password: Some(Password::new("p\"w<>")),
            url: Some("/whisper".to_owned()),
            method: Some(Method::Post),
            status_callback: StatusCallback::new("/status", [CallEvent::Answered]),
            machine_detection: AnsweringMachineDetection {
                mode: Some(MachineDetection::Enable),
                ..Default::default()
            },
        };
        check_xml(
            Dial::nouns([sip]),
            concat!(
                r#"<Dial><Sip username="ann" password="p&quot;w&lt;&gt;" url="/whisper""#,
                r#" method="POST" statusCallback="/status" statusCallbackEvent="answered""#,
                r#" machineDetection="Enable">sip:ann@example.com?X-A=1&amp;X-B=2</Sip></Dial>"#,
            ),
        );
    }

    #[test]
    fn the_address_is_required() {
        check_invalid(Dial::nouns([Sip::new("")]), None, Violation::Empty);
    }

    #[test]
    fn the_password_is_not_printed() {
        let sip = Sip { password: Some(Password::new("hunter2")), ..Sip::new("sip:a@b") };
        assert!(!format!("{sip:?}").contains("hunter2"));
    }
}
