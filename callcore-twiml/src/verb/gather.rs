//! `<Gather>`: asks for keys or speech.

use std::borrow::Cow;

use crate::attribute::{Scalar, attributes, single_words, words};
use crate::check::{Check, at_most, ensure, in_range, keys, language};
use crate::element::{Choice, Content, Element, ReadElement, choice, elements};
use crate::error::{ParseError, Violation};
use crate::value::Method;
use crate::verb::{Pause, Play, PlaySource, Say};
use crate::xml::Node;

/// `<Gather>`: collects keys or speech (<https://www.twilio.com/docs/voice/twiml/gather>).
///
/// Any input requests `action`, and nothing after this verb runs. Without input the next verb
/// runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gather {
    /// What the caller hears meanwhile, until the first key or word.
    pub prompts: Vec<GatherPrompt>,
    /// `input`: what is collected. Default, and when empty: keys.
    pub input: Vec<GatherInput>,
    /// `action`: the URL that gets the input. Default: the current document's.
    pub action: Option<String>,
    /// `method` of the request to `action`. Default: `POST`.
    pub method: Option<Method>,
    /// `timeout`: seconds without a key that end the input. Default: 5.
    pub timeout: Option<u32>,
    /// `numDigits`: how many keys end the input, at least 1. Default: any number.
    pub num_digits: Option<u32>,
    /// `finishOnKey`: the one key, of `0-9`, `#` and `*`, that ends the input. Default: `#`;
    /// empty is none.
    pub finish_on_key: Option<String>,
    /// `actionOnEmptyResult`: whether `action` is requested without input, too. Default: false.
    pub action_on_empty_result: Option<bool>,
    /// `speechTimeout`: the silence that ends speech. Default: the same as `timeout`.
    pub speech_timeout: Option<SpeechTimeout>,
    /// `maxSpeechTime`: how many seconds of speech are heard. Default: Twilio's limit, 60.
    pub max_speech_time: Option<u32>,
    /// `language` of the speech: a BCP 47 tag. Default: `en-US`.
    pub language: Option<String>,
    /// `hints`: phrases that are likely, at most 500 of at most 100 characters and without
    /// commas. Kept as they stand, with the spaces around them. Default: none.
    pub hints: Vec<String>,
    /// `speechModel`. Default: `default`.
    pub speech_model: Option<SpeechModel>,
    /// `profanityFilter`: whether foul words become asterisks. Default: true.
    pub profanity_filter: Option<bool>,
    /// `partialResultCallback`: a URL for speech as it is recognised. Default: none.
    pub partial_result_callback: Option<String>,
    /// `partialResultCallbackMethod`. Default: `POST`.
    pub partial_result_callback_method: Option<Method>,
    /// `bargeIn`: whether input stops the prompts. Default: true.
    pub barge_in: Option<bool>,
    /// `enhanced`: a deprecated choice of speech model. Default: false.
    pub enhanced: Option<bool>,
    /// `debug`. Default: false.
    pub debug: Option<bool>,
}

choice! {
    /// What a caller hears while input is collected: nothing else is allowed there.
    GatherPrompt {
        /// Waits.
        Pause,
        /// Plays a sound file; keys are not allowed here.
        Play,
        /// Speaks a text.
        Say,
    }
}

words! {
    /// What [`Gather`] collects. When both, the first kind that is noticed wins.
    GatherInput {
        /// Keys.
        Dtmf = "dtmf",
        /// Speech.
        Speech = "speech",
    }
}

single_words!(GatherInput);

/// The silence that ends speech.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpeechTimeout {
    /// `auto`: the first pause. Not together with a [`SpeechModel`].
    Auto,
    /// This many seconds.
    Seconds(u32),
}

impl Scalar for SpeechTimeout {
    fn to_text(&self) -> Cow<'_, str> {
        match self {
            Self::Auto => "auto".into(),
            Self::Seconds(seconds) => seconds.to_string().into(),
        }
    }

    fn from_text(text: &str) -> Option<Self> {
        match text {
            "auto" => Some(Self::Auto),
            _ => u32::from_text(text).map(Self::Seconds),
        }
    }

    fn expected() -> String {
        format!("auto or {}", u32::expected())
    }
}

/// How speech is recognised (<https://www.twilio.com/docs/voice/twiml/gather#speechmodel>).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SpeechModel {
    /// `default`.
    Default,
    /// `phone_call`.
    PhoneCall,
    /// `numbers_and_commands`.
    NumbersAndCommands,
    /// A model in trial, without the `experimental_` before it: `conversations`.
    Experimental(String),
    /// A Google model, without the `googlev2_` before it: `telephony`.
    GoogleV2(String),
    /// A Deepgram model, without the `deepgram_` before it: `nova-2`.
    Deepgram(String),
}

impl Scalar for SpeechModel {
    fn to_text(&self) -> Cow<'_, str> {
        match self {
            Self::Default => "default".into(),
            Self::PhoneCall => "phone_call".into(),
            Self::NumbersAndCommands => "numbers_and_commands".into(),
            Self::Experimental(name) => format!("experimental_{name}").into(),
            Self::GoogleV2(name) => format!("googlev2_{name}").into(),
            Self::Deepgram(name) => format!("deepgram_{name}").into(),
        }
    }

    fn from_text(text: &str) -> Option<Self> {
        match text {
            "default" => Some(Self::Default),
            "phone_call" => Some(Self::PhoneCall),
            "numbers_and_commands" => Some(Self::NumbersAndCommands),
            _ => match text.split_once('_')? {
                ("experimental", name) => Some(Self::Experimental(name.to_owned())),
                ("googlev2", name) => Some(Self::GoogleV2(name.to_owned())),
                ("deepgram", name) => Some(Self::Deepgram(name.to_owned())),
                _ => None,
            },
        }
    }

    fn expected() -> String {
        "default | phone_call | numbers_and_commands | experimental_<name> | googlev2_<name> | \
         deepgram_<name>"
            .to_owned()
    }
}

attributes! { Gather {
    "input" => input,
    "action" => action,
    "method" => method,
    "timeout" => timeout,
    "numDigits" => num_digits,
    "finishOnKey" => finish_on_key,
    "actionOnEmptyResult" => action_on_empty_result,
    "speechTimeout" => speech_timeout,
    "maxSpeechTime" => max_speech_time,
    "language" => language,
    "hints" => hints,
    "speechModel" => speech_model,
    "profanityFilter" => profanity_filter,
    "partialResultCallback" => partial_result_callback,
    "partialResultCallbackMethod" => partial_result_callback_method,
    "bargeIn" => barge_in,
    "enhanced" => enhanced,
    "debug" => debug,
} }

impl Gather {
    /// Collects keys with every default.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends what the caller hears.
    #[must_use]
    pub fn prompt(mut self, prompt: impl Into<GatherPrompt>) -> Self {
        self.prompts.push(prompt.into());
        self
    }
}

impl Element for Gather {
    fn name(&self) -> &'static str {
        "Gather"
    }

    fn content(&self) -> Content<'_> {
        if self.prompts.is_empty() { Content::Empty } else { elements(&self.prompts) }
    }

    fn check(&self) -> Check {
        in_range("numDigits", self.num_digits, 1..=u32::MAX)?;
        // https://www.twilio.com/docs/api/errors/13310
        at_most("finishOnKey", self.finish_on_key.as_deref(), 1)?;
        keys("finishOnKey", self.finish_on_key.as_deref())?;
        language(self.language.as_deref())?;
        ensure(self.hints.len() <= 500, "hints", Violation::TooMany { max: 500 })?;
        for hint in &self.hints {
            at_most("hints", Some(hint), 100)?;
            let violation = Violation::Characters { allowed: "phrases without commas" };
            ensure(!hint.contains(','), "hints", violation)?;
        }
        let plays_keys = self.prompts.iter().any(|prompt| match prompt {
            GatherPrompt::Play(play) => matches!(play.source, PlaySource::Digits(_)),
            GatherPrompt::Pause(_) | GatherPrompt::Say(_) => false,
        });
        ensure(!plays_keys, None, Violation::Conflict { other: "a <Play> of digits" })
    }
}

impl ReadElement for Gather {
    fn read_content(node: &Node) -> Result<Self, ParseError> {
        Ok(Self { prompts: GatherPrompt::read_children(node)?, ..Self::default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::response::{check_invalid, check_xml};

    #[test]
    fn every_attribute() {
        check_xml(Gather::new(), "<Gather/>");
        let gather = Gather {
            prompts: vec![Say::new("Hi").into(), Play::url("a").into(), Pause::new(2).into()],
            input: vec![GatherInput::Dtmf, GatherInput::Speech],
            action: Some("/g".to_owned()),
            method: Some(Method::Get),
            timeout: Some(7),
            num_digits: Some(1),
            finish_on_key: Some(String::new()),
            action_on_empty_result: Some(true),
            speech_timeout: Some(SpeechTimeout::Seconds(3)),
            max_speech_time: Some(30),
            language: Some("en-GB".to_owned()),
            hints: vec!["yes".to_owned(), " no way".to_owned()],
            speech_model: Some(SpeechModel::GoogleV2("telephony".to_owned())),
            profanity_filter: Some(false),
            partial_result_callback: Some("/p".to_owned()),
            partial_result_callback_method: Some(Method::Post),
            barge_in: Some(false),
            enhanced: Some(true),
            debug: Some(false),
        };
        check_xml(
            gather,
            concat!(
                r#"<Gather input="dtmf speech" action="/g" method="GET" timeout="7" numDigits="1""#,
                r#" finishOnKey="" actionOnEmptyResult="true" speechTimeout="3""#,
                r#" maxSpeechTime="30" language="en-GB" hints="yes, no way""#,
                r#" speechModel="googlev2_telephony" profanityFilter="false""#,
                r#" partialResultCallback="/p" partialResultCallbackMethod="POST""#,
                r#" bargeIn="false" enhanced="true" debug="false"><Say>Hi</Say><Play>a</Play>"#,
                r#"<Pause length="2"/></Gather>"#,
            ),
        );
    }

    #[test]
    fn attributes_have_rules() {
        let gather = Gather { finish_on_key: Some("12".to_owned()), ..Gather::new() };
        check_invalid(gather, Some("finishOnKey"), Violation::TooLong { max: 1 });
        let gather = Gather { finish_on_key: Some("A".to_owned()), ..Gather::new() };
        let violation = Violation::Characters { allowed: "the keys 0-9, # and *" };
        check_invalid(gather, Some("finishOnKey"), violation);
        let gather = Gather { num_digits: Some(0), ..Gather::new() };
        let violation = Violation::OutOfRange { min: 1, max: u32::MAX };
        check_invalid(gather, Some("numDigits"), violation);
        let gather = Gather { hints: vec![String::new(); 501], ..Gather::new() };
        check_invalid(gather, Some("hints"), Violation::TooMany { max: 500 });
        let gather = Gather { hints: vec!["a,b".to_owned()], ..Gather::new() };
        let violation = Violation::Characters { allowed: "phrases without commas" };
        check_invalid(gather, Some("hints"), violation);
    }

    #[test]
    fn keys_are_not_played_inside() {
        let gather = Gather::new().prompt(Play::digits("1"));
        check_invalid(gather, None, Violation::Conflict { other: "a <Play> of digits" });
    }

    #[test]
    fn speech_models_read_back() {
        for text in ["default", "phone_call", "numbers_and_commands", "experimental_utterances"] {
            assert_eq!(SpeechModel::from_text(text).unwrap().to_text(), text);
        }
        assert_eq!(SpeechModel::from_text("whisper"), None);
        assert_eq!(SpeechTimeout::from_text("auto"), Some(SpeechTimeout::Auto));
        assert_eq!(SpeechTimeout::from_text("+1"), None);
    }
}
