//! Groups of attributes that several elements share.

use crate::attribute::attributes;
use crate::check::{Check, in_range};
use crate::value::{CallEvent, MachineDetection, Method, RecordingEvent};

/// Where and when Twilio reports the progress of a dialled leg
/// (<https://www.twilio.com/docs/voice/twiml/number#statuscallback>).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StatusCallback {
    /// `statusCallback`: a URL. Default: no reports.
    pub url: Option<String>,
    /// `statusCallbackMethod`. Default: `POST`.
    pub method: Option<Method>,
    /// `statusCallbackEvent`: which changes to report. Default, and when empty: `completed`.
    pub events: Vec<CallEvent>,
}

attributes! { StatusCallback {
    "statusCallback" => url,
    "statusCallbackMethod" => method,
    "statusCallbackEvent" => events,
} }

impl StatusCallback {
    /// Reports of `events` to `url`.
    pub fn new(url: impl Into<String>, events: impl IntoIterator<Item = CallEvent>) -> Self {
        Self { url: Some(url.into()), method: None, events: events.into_iter().collect() }
    }
}

/// Where and when Twilio reports the state of a recording
/// (<https://www.twilio.com/docs/voice/twiml/record#recordingstatuscallback>).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordingStatusCallback {
    /// `recordingStatusCallback`: a URL. Default: no reports.
    pub url: Option<String>,
    /// `recordingStatusCallbackMethod`. Default: `POST`.
    pub method: Option<Method>,
    /// `recordingStatusCallbackEvent`: which changes to report. Default, and when empty:
    /// `completed`.
    pub events: Vec<RecordingEvent>,
}

attributes! { RecordingStatusCallback {
    "recordingStatusCallback" => url,
    "recordingStatusCallbackMethod" => method,
    "recordingStatusCallbackEvent" => events,
} }

impl RecordingStatusCallback {
    /// Reports of `events` to `url`.
    pub fn new(url: impl Into<String>, events: impl IntoIterator<Item = RecordingEvent>) -> Self {
        Self { url: Some(url.into()), method: None, events: events.into_iter().collect() }
    }
}

/// How to tell a person from an answering machine
/// (<https://www.twilio.com/docs/voice/answering-machine-detection>).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AnsweringMachineDetection {
    /// `machineDetection`. Default: off.
    pub mode: Option<MachineDetection>,
    /// `machineDetectionTimeout`: seconds to try, 3 to 60. Default: 30.
    pub timeout: Option<u32>,
    /// `machineDetectionSpeechThreshold`: milliseconds of speech above which a machine is
    /// assumed, 1000 to 6000. Default: 2400.
    pub speech_threshold: Option<u32>,
    /// `machineDetectionSpeechEndThreshold`: milliseconds of silence that end speech, 500 to
    /// 5000. Default: 1200.
    pub speech_end_threshold: Option<u32>,
    /// `machineDetectionSilenceTimeout`: milliseconds of silence at the start after which to
    /// give up, 2000 to 10000. Default: 5000.
    pub silence_timeout: Option<u32>,
    /// `amdStatusCallback`: a URL for the result. Default: none.
    pub status_callback: Option<String>,
    /// `amdStatusCallbackMethod`. Default: `POST`.
    pub status_callback_method: Option<Method>,
}

attributes! { AnsweringMachineDetection {
    "machineDetection" => mode,
    "machineDetectionTimeout" => timeout,
    "machineDetectionSpeechThreshold" => speech_threshold,
    "machineDetectionSpeechEndThreshold" => speech_end_threshold,
    "machineDetectionSilenceTimeout" => silence_timeout,
    "amdStatusCallback" => status_callback,
    "amdStatusCallbackMethod" => status_callback_method,
} }

impl AnsweringMachineDetection {
    pub(crate) fn check(&self) -> Check {
        in_range("machineDetectionTimeout", self.timeout, 3..=60)?;
        in_range("machineDetectionSpeechThreshold", self.speech_threshold, 1000..=6000)?;
        in_range("machineDetectionSpeechEndThreshold", self.speech_end_threshold, 500..=5000)?;
        in_range("machineDetectionSilenceTimeout", self.silence_timeout, 2000..=10_000)
    }
}
