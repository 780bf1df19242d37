//! `<Record>`: records the caller.

use crate::attribute::attributes;
use crate::check::{Check, in_range, keys};
use crate::element::{Content, Element, ReadElement};
use crate::error::ParseError;
use crate::group::RecordingStatusCallback;
use crate::value::{Method, Trim};
use crate::xml::Node;

/// `<Record>`: records the caller (<https://www.twilio.com/docs/voice/twiml/record>).
///
/// Its end always requests `action`, so nothing after it runs unless nothing was recorded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// `action`: the URL requested at the end. Default: the current document's.
    pub action: Option<String>,
    /// `method` of the request to `action`. Default: `POST`.
    pub method: Option<Method>,
    /// `timeout`: seconds of silence that end the recording. Default: 5; 0 disables it.
    pub timeout: Option<u32>,
    /// `finishOnKey`: the keys that end the recording, of `0-9`, `#` and `*`. Default:
    /// `1234567890*#`; empty is none.
    pub finish_on_key: Option<String>,
    /// `maxLength` in seconds, 2 to 86400. Default: 3600, or 120 when transcribed.
    pub max_length: Option<u32>,
    /// `playBeep`. Default: true.
    pub play_beep: Option<bool>,
    /// `trim`. Default: `trim-silence`.
    pub trim: Option<Trim>,
    /// `recordingStatusCallback` and what belongs to it.
    pub recording_status_callback: RecordingStatusCallback,
    /// `recordingConfigurationId`. Default: none.
    pub recording_configuration_id: Option<String>,
    /// `transcribe`: whether to write down what was said. Default: false.
    pub transcribe: Option<bool>,
    /// `transcribeCallback`: the URL for the transcription, which `transcribe` must ask for.
    /// Default: none.
    pub transcribe_callback: Option<String>,
}

attributes! { Record {
    "action" => action,
    "method" => method,
    "timeout" => timeout,
    "finishOnKey" => finish_on_key,
    "maxLength" => max_length,
    "playBeep" => play_beep,
    "trim" => trim,
    "recordingConfigurationId" => recording_configuration_id,
    "transcribe" => transcribe,
    "transcribeCallback" => transcribe_callback,
    group recording_status_callback,
} }

impl Record {
    /// A recording with every default.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Element for Record {
    fn name(&self) -> &'static str {
        "Record"
    }

    fn content(&self) -> Content<'_> {
        Content::Empty
    }

    fn check(&self) -> Check {
        keys("finishOnKey", self.finish_on_key.as_deref())?;
        in_range("maxLength", self.max_length, 2..=86_400)
    }
}

impl ReadElement for Record {
    fn read_content(node: &Node) -> Result<Self, ParseError> {
        node.expect_empty()?;
        Ok(Self::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::response::{check_invalid, check_xml};
    use crate::{RecordingEvent, Violation};

    #[test]
    fn every_attribute() {
        check_xml(Record::new(), "<Record/>");
        let record = Record {
            action: Some("/r".to_owned()),
            method: Some(Method::Get),
            timeout: Some(0),
            finish_on_key: Some("#*".to_owned()),
            max_length: Some(2),
            play_beep: Some(false),
            trim: Some(Trim::DoNotTrim),
            recording_status_callback: RecordingStatusCallback {
                url: Some("/s".to_owned()),
                method: Some(Method::Post),
                events: vec![RecordingEvent::InProgress, RecordingEvent::Absent],
            },
            recording_configuration_id: Some("c".to_owned()),
            transcribe: Some(true),
            transcribe_callback: Some("/t".to_owned()),
        };
        check_xml(
            record,
            concat!(
                r##"<Record action="/r" method="GET" timeout="0" finishOnKey="#*" maxLength="2""##,
                r#" playBeep="false" trim="do-not-trim" recordingConfigurationId="c""#,
                r#" transcribe="true" transcribeCallback="/t" recordingStatusCallback="/s""#,
                r#" recordingStatusCallbackMethod="POST""#,
                r#" recordingStatusCallbackEvent="in-progress absent"/>"#,
            ),
        );
    }

    #[test]
    fn attributes_have_rules() {
        let record = Record { max_length: Some(1), ..Record::new() };
        let violation = Violation::OutOfRange { min: 2, max: 86_400 };
        check_invalid(record, Some("maxLength"), violation);
        let record = Record { finish_on_key: Some("1a".to_owned()), ..Record::new() };
        let violation = Violation::Characters { allowed: "the keys 0-9, # and *" };
        check_invalid(record, Some("finishOnKey"), violation);
    }
}
