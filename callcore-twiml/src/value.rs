//! The types of attributes that several elements share.

use std::borrow::Cow;
use std::fmt;

use crate::attribute::{Scalar, single_words, words};

words! {
    /// The HTTP method of a request. The default is `POST` wherever the documentation of the
    /// attribute does not say otherwise.
    Method {
        /// `GET`: the parameters go into the query.
        Get = "GET",
        /// `POST`: the parameters go into the body.
        Post = "POST",
    }
}

words! {
    /// A change of a dialled leg that Twilio reports
    /// (<https://www.twilio.com/docs/voice/twiml/number>).
    CallEvent {
        /// The leg is about to be dialled.
        Initiated = "initiated",
        /// The leg rings.
        Ringing = "ringing",
        /// The leg was answered.
        Answered = "answered",
        /// The leg ended, in whatever way.
        Completed = "completed",
    }
}

words! {
    /// A change of a conference or of somebody in it that Twilio reports
    /// (<https://www.twilio.com/docs/voice/twiml/conference#attributes-statusCallbackEvent>).
    ConferenceEvent {
        /// The conference began.
        Start = "start",
        /// It ended.
        End = "end",
        /// Somebody joined.
        Join = "join",
        /// Somebody left.
        Leave = "leave",
        /// Somebody was muted or unmuted.
        Mute = "mute",
        /// Somebody was put on hold or taken off it.
        Hold = "hold",
        /// Somebody's settings were changed.
        Modify = "modify",
        /// Somebody began or stopped to speak.
        Speaker = "speaker",
        /// An announcement began or ended.
        Announcement = "announcement",
    }
}

words! {
    /// The region in which a conference is mixed
    /// (<https://www.twilio.com/docs/voice/twiml/conference#attributes-region>).
    Region {
        /// Virginia.
        Us1 = "us1",
        /// Oregon.
        Us2 = "us2",
        /// Ireland.
        Ie1 = "ie1",
        /// Frankfurt.
        De1 = "de1",
        /// Singapore.
        Sg1 = "sg1",
        /// São Paulo.
        Br1 = "br1",
        /// Sydney.
        Au1 = "au1",
        /// Tokyo.
        Jp1 = "jp1",
    }
}

words! {
    /// How much delay a conference allows itself to smooth the voices
    /// (<https://www.twilio.com/docs/voice/twiml/conference#attributes-jitter-buffer-size>).
    JitterBufferSize {
        /// Much.
        Large = "large",
        /// Some.
        Medium = "medium",
        /// Little.
        Small = "small",
        /// None.
        Off = "off",
    }
}

words! {
    /// A change of a recording that Twilio reports
    /// (<https://www.twilio.com/docs/voice/twiml/record>).
    RecordingEvent {
        /// The recording began.
        InProgress = "in-progress",
        /// The recording can be fetched.
        Completed = "completed",
        /// There is no recording, for instance because it would be empty.
        Absent = "absent",
    }
}

words! {
    /// Whether silence at both ends of a recording is cut off.
    Trim {
        /// Cut it off.
        TrimSilence = "trim-silence",
        /// Keep it.
        DoNotTrim = "do-not-trim",
    }
}

words! {
    /// When to look for an answering machine on a dialled leg
    /// (<https://www.twilio.com/docs/voice/answering-machine-detection>).
    MachineDetection {
        /// Report as soon as it is known who answered.
        Enable = "Enable",
        /// When a machine answered, report at the end of its greeting.
        DetectMessageEnd = "DetectMessageEnd",
    }
}

single_words!(Method, Trim, MachineDetection, Region, JitterBufferSize);

/// The voice that speaks (<https://www.twilio.com/docs/voice/twiml/say#voice>).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Voice {
    /// `man`, the basic voice that speaks when neither the verb nor the account names one.
    Man,
    /// `woman`, a basic voice.
    Woman,
    /// `alice`, a legacy voice.
    Alice,
    /// An Amazon Polly voice, without the `Polly.` before it: `Joanna-Neural`.
    Polly(String),
    /// A Google voice, without the `Google.` before it: `en-US-Chirp3-HD-Aoede`.
    Google(String),
}

impl Scalar for Voice {
    fn to_text(&self) -> Cow<'_, str> {
        match self {
            Self::Man => "man".into(),
            Self::Woman => "woman".into(),
            Self::Alice => "alice".into(),
            Self::Polly(name) => format!("Polly.{name}").into(),
            Self::Google(name) => format!("Google.{name}").into(),
        }
    }

    fn from_text(text: &str) -> Option<Self> {
        match text {
            "man" => Some(Self::Man),
            "woman" => Some(Self::Woman),
            "alice" => Some(Self::Alice),
            _ => match text.split_once('.')? {
                ("Polly", name) => Some(Self::Polly(name.to_owned())),
                ("Google", name) => Some(Self::Google(name.to_owned())),
                _ => None,
            },
        }
    }

    fn expected() -> String {
        "man | woman | alice | Polly.<name> | Google.<name>".to_owned()
    }
}

words! {
    /// The ring tone a caller hears, by country
    /// (<https://www.twilio.com/docs/voice/twiml/dial#ringtone>).
    RingTone {
        /// Austria.
        At = "at",
        /// Australia.
        Au = "au",
        /// Bulgaria.
        Bg = "bg",
        /// Brazil.
        Br = "br",
        /// Belgium.
        Be = "be",
        /// Switzerland.
        Ch = "ch",
        /// Chile.
        Cl = "cl",
        /// China.
        Cn = "cn",
        /// Czechia.
        Cz = "cz",
        /// Germany.
        De = "de",
        /// Denmark.
        Dk = "dk",
        /// Estonia.
        Ee = "ee",
        /// Spain.
        Es = "es",
        /// Finland.
        Fi = "fi",
        /// France.
        Fr = "fr",
        /// Greece.
        Gr = "gr",
        /// Hungary.
        Hu = "hu",
        /// Israel.
        Il = "il",
        /// India.
        In = "in",
        /// Italy.
        It = "it",
        /// Lithuania.
        Lt = "lt",
        /// Japan.
        Jp = "jp",
        /// Mexico.
        Mx = "mx",
        /// Malaysia.
        My = "my",
        /// The Netherlands.
        Nl = "nl",
        /// Norway.
        No = "no",
        /// New Zealand.
        Nz = "nz",
        /// The Philippines.
        Ph = "ph",
        /// Poland.
        Pl = "pl",
        /// Portugal.
        Pt = "pt",
        /// Russia.
        Ru = "ru",
        /// Sweden.
        Se = "se",
        /// Singapore.
        Sg = "sg",
        /// Thailand.
        Th = "th",
        /// The United Kingdom.
        Uk = "uk",
        /// The United States.
        Us = "us",
        /// The United States, as it was.
        UsOld = "us-old",
        /// Taiwan.
        Tw = "tw",
        /// Venezuela.
        Ve = "ve",
        /// South Africa.
        Za = "za",
    }
}

single_words!(RingTone);

/// A password that `Debug` does not show.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    /// Wraps a password.
    pub fn new(password: impl Into<String>) -> Self {
        Self(password.into())
    }

    /// The password itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

impl Scalar for Password {
    fn to_text(&self) -> Cow<'_, str> {
        self.expose().into()
    }

    fn from_text(text: &str) -> Option<Self> {
        Some(Self::new(text))
    }

    fn expected() -> String {
        String::expected()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attribute::Word;

    #[test]
    fn every_word_reads_back() {
        fn check<T: Word + PartialEq + fmt::Debug>() {
            for word in T::ALL {
                assert_eq!(T::from_word(word.word()), Some(*word));
            }
        }
        check::<Method>();
        check::<CallEvent>();
        check::<ConferenceEvent>();
        check::<Region>();
        check::<JitterBufferSize>();
        check::<RecordingEvent>();
        check::<Trim>();
        check::<MachineDetection>();
        check::<RingTone>();
    }

    #[test]
    fn words_are_case_sensitive() {
        assert_eq!(Method::from_word("post"), None);
        assert_eq!(Method::Post.to_string(), "POST");
    }

    #[test]
    fn voices_read_back() {
        for text in ["man", "woman", "alice", "Polly.Joanna-Neural", "Google.en-US-Wavenet-A"] {
            assert_eq!(Voice::from_text(text).unwrap().to_text(), text);
        }
        for text in ["", "Man", "Polly", "polly.Joanna", "Azure.x"] {
            assert_eq!(Voice::from_text(text), None, "{text}");
        }
    }

    #[test]
    fn passwords_are_not_printed() {
        assert!(!format!("{:?}", Password::new("hunter2")).contains("hunter2"));
    }
}
