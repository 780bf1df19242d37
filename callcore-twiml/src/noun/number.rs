//! `<Number>`: a phone number inside a `<Dial>`.

use crate::attribute::attributes;
use crate::check::{Check, trimmed_text};
use crate::element::{Content, Element, ReadElement};
use crate::error::ParseError;
use crate::group::{AnsweringMachineDetection, StatusCallback};
use crate::value::Method;
use crate::xml::Node;

/// `<Number>`: a phone number to dial (<https://www.twilio.com/docs/voice/twiml/number>).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Number {
    /// The number, best in E.164. Required, without white space around it.
    pub phone_number: String,
    /// `sendDigits`: keys pressed once the leg is answered, where `w` waits half a second.
    /// Default: none.
    pub send_digits: Option<String>,
    /// `url`: TwiML for the callee, run after the answer and before the callers are connected.
    /// It must not contain a `<Dial>`. Default: none.
    pub url: Option<String>,
    /// `method` of the request to `url`. Default: `POST`.
    pub method: Option<Method>,
    /// `byoc`: the SID of the BYOC trunk to dial through. Default: none.
    pub byoc: Option<String>,
    /// `statusCallback` and what belongs to it.
    pub status_callback: StatusCallback,
    /// `machineDetection` and what belongs to it.
    pub machine_detection: AnsweringMachineDetection,
}

attributes! { Number {
    "sendDigits" => send_digits,
    "url" => url,
    "method" => method,
    "byoc" => byoc,
    group status_callback,
    group machine_detection,
} }

impl Number {
    /// A phone number.
    pub fn new(phone_number: impl Into<String>) -> Self {
        Self { phone_number: phone_number.into(), ..Self::default() }
    }
}

impl Element for Number {
    fn name(&self) -> &'static str {
        "Number"
    }

    fn content(&self) -> Content<'_> {
        Content::Text(&self.phone_number)
    }

    fn check(&self) -> Check {
        trimmed_text(&self.phone_number)?;
        self.machine_detection.check()
    }
}

impl ReadElement for Number {
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
        let number = Number {
            phone_number: "+15550100".to_owned(),
            send_digits: Some("wwww1928".to_owned()),
            url: Some("/whisper?a=1&b=2".to_owned()),
            method: Some(Method::Get),
            byoc: Some("BY1".to_owned()),
            status_callback: StatusCallback {
                url: Some("/status".to_owned()),
                method: Some(Method::Post),
                events: vec![CallEvent::Initiated, CallEvent::Completed],
            },
            machine_detection: AnsweringMachineDetection {
                mode: Some(MachineDetection::DetectMessageEnd),
                timeout: Some(3),
                speech_threshold: Some(6000),
                speech_end_threshold: Some(500),
                silence_timeout: Some(10_000),
                status_callback: Some("/amd".to_owned()),
                status_callback_method: Some(Method::Get),
            },
        };
        check_xml(
            Dial::nouns([number]),
            concat!(
                r#"<Dial><Number sendDigits="wwww1928" url="/whisper?a=1&amp;b=2" method="GET""#,
                r#" byoc="BY1" statusCallback="/status" statusCallbackMethod="POST""#,
                r#" statusCallbackEvent="initiated completed" machineDetection="DetectMessageEnd""#,
                r#" machineDetectionTimeout="3" machineDetectionSpeechThreshold="6000""#,
                r#" machineDetectionSpeechEndThreshold="500""#,
                r#" machineDetectionSilenceTimeout="10000" amdStatusCallback="/amd""#,
                r#" amdStatusCallbackMethod="GET">+15550100</Number></Dial>"#,
            ),
        );
    }

    #[test]
    fn the_number_is_required_and_bare() {
        check_invalid(Dial::nouns([Number::new("")]), None, Violation::Empty);
        check_invalid(Dial::nouns([Number::new(" +1")]), None, Violation::SurroundingSpace);
    }

    #[test]
    fn machine_detection_has_ranges() {
        let machine_detection =
            AnsweringMachineDetection { silence_timeout: Some(1999), ..Default::default() };
        check_invalid(
            Dial::nouns([Number { machine_detection, ..Number::new("+1") }]),
            Some("machineDetectionSilenceTimeout"),
            Violation::OutOfRange { min: 2000, max: 10_000 },
        );
    }
}
