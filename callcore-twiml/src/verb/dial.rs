//! `<Dial>`: calls someone and connects the caller.

use std::borrow::Cow;

use crate::attribute::{Scalar, Word, attributes, single_words, words};
use crate::check::{Check, at_most, ensure, in_range, trimmed_text};
use crate::element::{Choice, Content, Element, ReadElement, elements};
use crate::error::{ParseError, Violation};
use crate::group::RecordingStatusCallback;
use crate::noun::Noun;
use crate::value::{Method, RingTone, Trim};
use crate::xml::Node;

const MAX_NOUNS: usize = 10;

/// `<Dial>`: calls someone and connects the caller
/// (<https://www.twilio.com/docs/voice/twiml/dial>).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dial {
    /// Whom to call.
    pub target: DialTarget,
    /// `action`: the URL requested when the dial ends in any way; then nothing after this verb
    /// runs. Default: none, and the next verb runs.
    pub action: Option<String>,
    /// `method` of the request to `action`. Default: `POST`.
    pub method: Option<Method>,
    /// `timeout`: seconds to let it ring, 5 to 600. Default: 30. Twilio adds about 5.
    pub timeout: Option<u32>,
    /// `timeLimit`: seconds the connected call may last, 1 to 86400. Default: 14400; more is an
    /// option of the account.
    pub time_limit: Option<u32>,
    /// `callerId`: a number of the account's, a verified one, or the caller's. Default: the
    /// caller's.
    pub caller_id: Option<String>,
    /// `hangupOnStar`: whether the caller ends the other leg by `*`. Default: false.
    pub hangup_on_star: Option<bool>,
    /// `answerOnBridge`: whether the caller hears ringing until someone answers. Default: false.
    pub answer_on_bridge: Option<bool>,
    /// `sequential`: whether the nouns are called one after the other. Default: false, at once.
    pub sequential: Option<bool>,
    /// `ringTone`. Default: by the number that is dialled.
    pub ring_tone: Option<RingTone>,
    /// `record`. Default: `do-not-record`.
    pub record: Option<DialRecord>,
    /// `trim`. Default: `do-not-trim`.
    pub trim: Option<Trim>,
    /// `recordingTrack`. Default: `both`.
    pub recording_track: Option<RecordingTrack>,
    /// `recordingStatusCallback` and what belongs to it.
    pub recording_status_callback: RecordingStatusCallback,
    /// `recordingConfigurationId`. Default: none.
    pub recording_configuration_id: Option<String>,
    /// `referUrl`: TwiML for a SIP REFER from the callee. Default: none.
    pub refer_url: Option<String>,
    /// `referMethod`. Default: `POST`.
    pub refer_method: Option<Method>,
    /// `events`: the events to subscribe to. Default: none.
    pub events: Option<String>,
    /// `passports`: identity tokens to pass on. Default: none.
    pub passports: Option<String>,
    /// `callReason`: why it rings, for the callee's display, at most 50 characters. Default:
    /// none.
    pub call_reason: Option<String>,
}

/// Whom [`Dial`] calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DialTarget {
    /// One phone number, best in E.164, without white space around it.
    Number(String),
    /// One to ten nouns, of any kinds, but a [`Conference`](crate::Conference) and a
    /// [`Queue`](crate::Queue) only on their own.
    Nouns(Vec<Noun>),
}

/// No nouns, which cannot be written.
impl Default for DialTarget {
    fn default() -> Self {
        Self::Nouns(Vec::new())
    }
}

words! {
    /// What [`Dial`] records. The dual ones keep the two sides apart.
    DialRecord {
        /// Nothing.
        DoNotRecord = "do-not-record",
        /// From the answer.
        RecordFromAnswer = "record-from-answer",
        /// From the ringing.
        RecordFromRinging = "record-from-ringing",
        /// From the answer, in two channels.
        RecordFromAnswerDual = "record-from-answer-dual",
        /// From the ringing, in two channels.
        RecordFromRingingDual = "record-from-ringing-dual",
    }
}

/// `true` and `false` are read as the words they stand for.
impl Scalar for DialRecord {
    fn to_text(&self) -> Cow<'_, str> {
        self.as_str().into()
    }

    fn from_text(text: &str) -> Option<Self> {
        match text {
            "true" => Some(Self::RecordFromAnswer),
            "false" => Some(Self::DoNotRecord),
            _ => Self::from_word(text),
        }
    }

    fn expected() -> String {
        format!("{} | true | false", <Self as Word>::expected())
    }
}

words! {
    /// Which side a recording holds.
    RecordingTrack {
        /// What Twilio hears.
        Inbound = "inbound",
        /// What Twilio says.
        Outbound = "outbound",
        /// Both.
        Both = "both",
    }
}

single_words!(RecordingTrack);

attributes! { Dial {
    "action" => action,
    "method" => method,
    "timeout" => timeout,
    "timeLimit" => time_limit,
    "callerId" => caller_id,
    "hangupOnStar" => hangup_on_star,
    "answerOnBridge" => answer_on_bridge,
    "sequential" => sequential,
    "ringTone" => ring_tone,
    "record" => record,
    "trim" => trim,
    "recordingTrack" => recording_track,
    "recordingConfigurationId" => recording_configuration_id,
    "referUrl" => refer_url,
    "referMethod" => refer_method,
    "events" => events,
    "passports" => passports,
    "callReason" => call_reason,
    group recording_status_callback,
} }

impl Dial {
    /// Calls one phone number.
    pub fn number(phone_number: impl Into<String>) -> Self {
        Self { target: DialTarget::Number(phone_number.into()), ..Self::default() }
    }

    /// Calls nouns.
    pub fn nouns(nouns: impl IntoIterator<Item = impl Into<Noun>>) -> Self {
        let nouns = nouns.into_iter().map(Into::into).collect();
        Self { target: DialTarget::Nouns(nouns), ..Self::default() }
    }
}

impl Element for Dial {
    fn name(&self) -> &'static str {
        "Dial"
    }

    fn content(&self) -> Content<'_> {
        match &self.target {
            DialTarget::Number(phone_number) => Content::Text(phone_number),
            DialTarget::Nouns(nouns) => elements(nouns),
        }
    }

    fn check(&self) -> Check {
        match &self.target {
            DialTarget::Number(phone_number) => trimmed_text(phone_number)?,
            DialTarget::Nouns(nouns) => {
                ensure(!nouns.is_empty(), None, Violation::Empty)?;
                let violation = Violation::TooMany { max: MAX_NOUNS };
                ensure(nouns.len() <= MAX_NOUNS, None, violation)?;
                let alone = |noun: &Noun| matches!(noun, Noun::Conference(_) | Noun::Queue(_));
                let violation = Violation::Conflict { other: "a <Conference> or <Queue>" };
                ensure(nouns.len() == 1 || !nouns.iter().any(alone), None, violation)?;
            }
        }
        in_range("timeout", self.timeout, 5..=600)?;
        in_range("timeLimit", self.time_limit, 1..=86_400)?;
        at_most("callReason", self.call_reason.as_deref(), 50)
    }
}

impl ReadElement for Dial {
    fn read_content(node: &Node) -> Result<Self, ParseError> {
        if node.elements().next().is_some() {
            return Noun::read_children(node).map(Self::nouns);
        }
        node.trimmed_text().map(Self::number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::response::{check_invalid, check_xml, parse_inner};
    use crate::{Conference, Number, Queue, RecordingEvent, Sip};

    #[test]
    fn every_attribute() {
        check_xml(Dial::number("+15550100"), "<Dial>+15550100</Dial>");
        let dial = Dial {
            target: DialTarget::Nouns(vec![Number::new("+1").into(), Sip::new("sip:a@b").into()]),
            action: Some("/d".to_owned()),
            method: Some(Method::Get),
            timeout: Some(5),
            time_limit: Some(86_400),
            caller_id: Some("+15550101".to_owned()),
            hangup_on_star: Some(true),
            answer_on_bridge: Some(true),
            sequential: Some(false),
            ring_tone: Some(RingTone::UsOld),
            record: Some(DialRecord::RecordFromRingingDual),
            trim: Some(Trim::TrimSilence),
            recording_track: Some(RecordingTrack::Outbound),
            recording_status_callback: RecordingStatusCallback::new(
                "/s",
                [RecordingEvent::Completed],
            ),
            recording_configuration_id: Some("c".to_owned()),
            refer_url: Some("/refer".to_owned()),
            refer_method: Some(Method::Post),
            events: Some("call-progress-event".to_owned()),
            passports: Some("p".to_owned()),
            call_reason: Some("r".repeat(50)),
        };
        check_xml(
            dial,
            &[
                r#"<Dial action="/d" method="GET" timeout="5" timeLimit="86400""#,
                r#" callerId="+15550101" hangupOnStar="true" answerOnBridge="true""#,
                r#" sequential="false" ringTone="us-old" record="record-from-ringing-dual""#,
                r#" trim="trim-silence" recordingTrack="outbound" recordingConfigurationId="c""#,
                r#" referUrl="/refer" referMethod="POST" events="call-progress-event""#,
                r#" passports="p" callReason=""#,
                &"r".repeat(50),
                r#"" recordingStatusCallback="/s" recordingStatusCallbackEvent="completed">"#,
                "<Number>+1</Number><Sip>sip:a@b</Sip></Dial>",
            ]
            .concat(),
        );
    }

    #[test]
    fn someone_is_called() {
        check_invalid(Dial::default(), None, Violation::Empty);
        check_invalid(Dial::number(""), None, Violation::Empty);
        let ten = || (0..10).map(|_| Number::new("+1"));
        assert!(crate::Response::new().then(Dial::nouns(ten())).to_xml().is_ok());
        let eleven = Dial::nouns(ten().chain([Number::new("+1")]));
        check_invalid(eleven, None, Violation::TooMany { max: 10 });
    }

    #[test]
    fn conferences_and_queues_are_dialled_alone() {
        let violation = Violation::Conflict { other: "a <Conference> or <Queue>" };
        for alone in [Noun::from(Conference::new("c")), Queue::new("q").into()] {
            let pair = Dial::nouns([alone.clone(), Number::new("+1").into()]);
            check_invalid(pair, None, violation);
            check_invalid(Dial::nouns([alone.clone(), alone]), None, violation);
        }
    }

    #[test]
    fn attributes_have_rules() {
        let violation = Violation::OutOfRange { min: 5, max: 600 };
        for timeout in [4, 601] {
            let dial = Dial { timeout: Some(timeout), ..Dial::number("+1") };
            check_invalid(dial, Some("timeout"), violation);
        }
        let dial = Dial { call_reason: Some("r".repeat(51)), ..Dial::number("+1") };
        check_invalid(dial, Some("callReason"), Violation::TooLong { max: 50 });
    }

    #[test]
    fn record_takes_booleans() {
        for (alias, record) in
            [("true", DialRecord::RecordFromAnswer), ("false", DialRecord::DoNotRecord)]
        {
            let response = parse_inner(&format!(r#"<Dial record="{alias}">+1</Dial>"#)).unwrap();
            let dial = Dial { record: Some(record), ..Dial::number("+1") };
            assert_eq!(response.verbs, [dial.into()]);
        }
    }
}
