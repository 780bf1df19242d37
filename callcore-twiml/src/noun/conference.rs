//! `<Conference>`: a conference inside a `<Dial>`.

use crate::attribute::{attributes, single_words, words};
use crate::check::{Check, in_range, trimmed_text};
use crate::element::{Content, Element, ReadElement};
use crate::error::ParseError;
use crate::group::RecordingStatusCallback;
use crate::value::{ConferenceEvent, JitterBufferSize, Method, Region, Trim};
use crate::xml::Node;

/// `<Conference>`: a conference to join (<https://www.twilio.com/docs/voice/twiml/conference>).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conference {
    /// The conference's name inside the account. Required, without white space around it. Whoever
    /// dials the same name joins the same conference.
    pub name: String,
    /// `muted`: whether the participant is not heard. Default: false.
    pub muted: Option<bool>,
    /// `beep`: when the others hear a beep. Default: `true`.
    pub beep: Option<Beep>,
    /// `startConferenceOnEnter`: whether the conference begins when this participant joins; until
    /// somebody's joining begins it, everybody waits. Default: true.
    pub start_conference_on_enter: Option<bool>,
    /// `endConferenceOnExit`: whether the conference ends for all when this participant leaves.
    /// Default: false.
    pub end_conference_on_exit: Option<bool>,
    /// `waitUrl`: what participants hear until the conference begins. Default: Twilio's music;
    /// empty is silence.
    pub wait_url: Option<String>,
    /// `waitMethod` of the request to `waitUrl`. Default: `POST`.
    pub wait_method: Option<Method>,
    /// `maxParticipants`, 2 to 250. Default: 250.
    pub max_participants: Option<u32>,
    /// `record`. Default: `do-not-record`.
    pub record: Option<ConferenceRecord>,
    /// `trim`. Default: `trim-silence`.
    pub trim: Option<Trim>,
    /// `recordingConfigurationId`. Default: none.
    pub recording_configuration_id: Option<String>,
    /// `region` in which it is mixed. Default: the one nearest to the first participant.
    pub region: Option<Region>,
    /// `coach`: the call SID of the one participant who hears this one. Default: none.
    pub coach: Option<String>,
    /// `jitterBufferSize`. Default: `large`.
    pub jitter_buffer_size: Option<JitterBufferSize>,
    /// `participantLabel`: a name for this participant. Default: none.
    pub participant_label: Option<String>,
    /// `eventCallbackUrl`: an older form of `statusCallback`. Default: none.
    pub event_callback_url: Option<String>,
    /// `statusCallback` and what belongs to it.
    pub status_callback: ConferenceStatusCallback,
    /// `recordingStatusCallback` and what belongs to it.
    pub recording_status_callback: RecordingStatusCallback,
}

words! {
    /// When the others in a [`Conference`] hear a beep.
    Beep {
        /// When somebody joins and when somebody leaves.
        True = "true",
        /// Never.
        False = "false",
        /// When somebody joins.
        OnEnter = "onEnter",
        /// When somebody leaves.
        OnExit = "onExit",
    }
}

words! {
    /// Whether a [`Conference`] is recorded.
    ConferenceRecord {
        /// It is not.
        DoNotRecord = "do-not-record",
        /// From the moment at which it begins.
        RecordFromStart = "record-from-start",
    }
}

single_words!(Beep, ConferenceRecord);

/// Where and when Twilio reports the state of a conference
/// (<https://www.twilio.com/docs/voice/twiml/conference#attributes-statusCallback>).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConferenceStatusCallback {
    /// `statusCallback`: a URL. Default: no reports.
    pub url: Option<String>,
    /// `statusCallbackMethod`. Default: `POST`.
    pub method: Option<Method>,
    /// `statusCallbackEvent`: which changes to report. Default, and when empty: none.
    pub events: Vec<ConferenceEvent>,
}

attributes! { ConferenceStatusCallback {
    "statusCallback" => url,
    "statusCallbackMethod" => method,
    "statusCallbackEvent" => events,
} }

attributes! { Conference {
    "muted" => muted,
    "beep" => beep,
    "startConferenceOnEnter" => start_conference_on_enter,
    "endConferenceOnExit" => end_conference_on_exit,
    "waitUrl" => wait_url,
    "waitMethod" => wait_method,
    "maxParticipants" => max_participants,
    "record" => record,
    "trim" => trim,
    "recordingConfigurationId" => recording_configuration_id,
    "region" => region,
    "coach" => coach,
    "jitterBufferSize" => jitter_buffer_size,
    "participantLabel" => participant_label,
    "eventCallbackUrl" => event_callback_url,
    group status_callback,
    group recording_status_callback,
} }

impl Conference {
    /// The conference of this name.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }
}

impl Element for Conference {
    fn name(&self) -> &'static str {
        "Conference"
    }

    fn content(&self) -> Content<'_> {
        Content::Text(&self.name)
    }

    fn check(&self) -> Check {
        trimmed_text(&self.name)?;
        in_range("maxParticipants", self.max_participants, 2..=250)
    }
}

impl ReadElement for Conference {
    fn read_content(node: &Node) -> Result<Self, ParseError> {
        node.trimmed_text().map(Self::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attribute::Word;
    use crate::response::{check_invalid, check_xml};
    use crate::{Dial, RecordingEvent, Violation};

    #[test]
    fn every_attribute() {
        let conference = Conference {
            name: "room & hall".to_owned(),
            muted: Some(true),
            beep: Some(Beep::OnEnter),
            start_conference_on_enter: Some(false),
            end_conference_on_exit: Some(true),
            wait_url: Some(String::new()),
            wait_method: Some(Method::Get),
            max_participants: Some(2),
            record: Some(ConferenceRecord::RecordFromStart),
            trim: Some(Trim::DoNotTrim),
            recording_configuration_id: Some("c".to_owned()),
            region: Some(Region::De1),
            coach: Some("CA1".to_owned()),
            jitter_buffer_size: Some(JitterBufferSize::Off),
            participant_label: Some("ann".to_owned()),
            event_callback_url: Some("/e".to_owned()),
            status_callback: ConferenceStatusCallback {
                url: Some("/s".to_owned()),
                method: Some(Method::Post),
                events: vec![ConferenceEvent::Start, ConferenceEvent::Announcement],
            },
            recording_status_callback: RecordingStatusCallback::new(
                "/r",
                [RecordingEvent::Completed],
            ),
        };
        check_xml(
            Dial::nouns([conference]),
            concat!(
                r#"<Dial><Conference muted="true" beep="onEnter" startConferenceOnEnter="false""#,
                r#" endConferenceOnExit="true" waitUrl="" waitMethod="GET" maxParticipants="2""#,
                r#" record="record-from-start" trim="do-not-trim""#,
                r#" recordingConfigurationId="c" region="de1" coach="CA1""#,
                r#" jitterBufferSize="off" participantLabel="ann" eventCallbackUrl="/e""#,
                r#" statusCallback="/s" statusCallbackMethod="POST""#,
                r#" statusCallbackEvent="start announcement" recordingStatusCallback="/r""#,
                r#" recordingStatusCallbackEvent="completed">room &amp; hall</Conference></Dial>"#,
            ),
        );
    }

    #[test]
    fn the_name_is_required_and_participants_are_few() {
        check_invalid(Dial::nouns([Conference::new("")]), None, Violation::Empty);
        check_invalid(Dial::nouns([Conference::new(" c")]), None, Violation::SurroundingSpace);
        for max_participants in [Some(1), Some(251)] {
            let conference = Conference { max_participants, ..Conference::new("c") };
            let violation = Violation::OutOfRange { min: 2, max: 250 };
            check_invalid(Dial::nouns([conference]), Some("maxParticipants"), violation);
        }
    }

    #[test]
    fn every_word_reads_back() {
        for beep in Beep::ALL {
            assert_eq!(Beep::from_word(beep.as_str()), Some(*beep));
        }
        for record in ConferenceRecord::ALL {
            assert_eq!(ConferenceRecord::from_word(record.as_str()), Some(*record));
        }
    }
}
