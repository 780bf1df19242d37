//! A report in words.

use std::fmt::{self, Display, Formatter};

use super::{
    Dialled, Event, Heard, Manner, Outcome, Parting, Party, Purpose, Report, Requested, Sound,
    Warning,
};

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "Call {} from {} to {}", self.call_sid, self.from, self.to)?;
        for entry in &self.entries {
            writeln!(f, "{}  {}", Time(entry.at_ms), entry.event)?;
        }
        Ok(())
    }
}

/// Minutes and seconds.
struct Time(u64);

impl Display for Time {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (seconds, tenths) = (self.0 / 1000, self.0 % 1000 / 100);
        write!(f, "{:>4}:{:02}.{tenths}", seconds / 60, seconds % 60)
    }
}

/// A length of time in seconds.
struct Seconds(u64);

impl Display for Seconds {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0 / 1000)?;
        match self.0 % 1000 {
            0 => f.write_str(" s"),
            rest => write!(f, ".{} s", rest / 100),
        }
    }
}

impl Display for Event {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answered => f.write_str("the call is answered"),
            Self::Asked { party, keys, speech } => {
                let what = match (keys, speech) {
                    (true, true) => "keys or speech",
                    (false, true) => "speech",
                    _ => "keys",
                };
                write!(f, "{party} is asked for {what}")
            }
            Self::Bridged { to } => write!(f, "the caller is connected with {to}"),
            Self::Dialled(dialled) => dialled.fmt(f),
            Self::Ended { status, duration_secs } => {
                write!(f, "the call ends: {}, {duration_secs} s", status.name())
            }
            Self::Heard(heard) => heard.fmt(f),
            Self::HungUp { party } => write!(f, "{party} hangs up"),
            Self::Joined { name } => write!(f, "the caller joins the conference {name}"),
            Self::Parted { reason } => write!(f, "they are parted: {reason}"),
            Self::Pressed { party, key, taken } => {
                write!(f, "{party} presses {key}{}", unheard(*taken))
            }
            Self::Queued { name, position } => {
                write!(f, "the caller is number {position} in the queue {name}")
            }
            Self::Recalled => f.write_str("the carrier is told to go on with another document"),
            Self::Recorded { recording_sid, duration_secs } => {
                write!(f, "{duration_secs} s are recorded: {recording_sid}")
            }
            Self::Requested(requested) => requested.fmt(f),
            Self::Spoke { party, text, taken } if text.is_empty() => {
                write!(f, "{party} talks{}", unheard(*taken))
            }
            Self::Spoke { party, text, taken } => {
                write!(f, "{party} says “{text}”{}", unheard(*taken))
            }
            Self::Warned(warning) => warning.fmt(f),
        }
    }
}

fn unheard(taken: bool) -> &'static str {
    if taken { "" } else { ", which nothing listens to" }
}

impl Display for Party {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Callee(address) => f.write_str(address),
            Self::Caller => f.write_str("the caller"),
        }
    }
}

impl Display for Heard {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} hears {}{}", self.party, self.sound, self.manner)?;
        if self.times != 1 {
            write!(f, " × {}", self.times)?;
        }
        f.write_str(if self.cut { " (cut)" } else { "" })
    }
}

impl Display for Manner {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let rate = self.rate_percent.map(|percent| format!("{percent} %"));
        let parts = [self.voice.as_deref(), self.language.as_deref(), rate.as_deref()];
        let told: Vec<&str> = parts.into_iter().flatten().collect();
        if told.is_empty() { Ok(()) } else { write!(f, " ({})", told.join(", ")) }
    }
}

impl Display for Sound {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Beep => f.write_str("a beep"),
            Self::File(url) => f.write_str(url),
            Self::Keys(keys) => write!(f, "the keys {keys}"),
            Self::Music => f.write_str("music"),
            Self::Text(text) => write!(f, "“{text}”"),
        }
    }
}

impl Display for Dialled {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} is dialled: ", self.to)?;
        let Some(after_ms) = self.answered_after_ms else { return f.write_str(self.status.name()) };
        write!(f, "answers after {}", Seconds(after_ms))?;
        let end = if self.bridged { "is connected" } else { "is not connected" };
        write!(f, ", {end}, stays for {}", Seconds(self.talked_ms))
    }
}

impl Display for Parting {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Callee => "the other side hangs up",
            Self::Caller => "the caller hangs up",
            Self::Star => "the caller presses *",
            Self::TimeLimit => "the time is over",
        })
    }
}

impl Display for Requested {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ({})", self.method, self.url, self.purpose.name())?;
        let tells_status = matches!(self.purpose, Purpose::CallStatus | Purpose::LegStatus);
        if let Some(status) = self.parameter("CallStatus").filter(|_| tells_status) {
            write!(f, " CallStatus={status}")?;
        }
        for (name, value) in self.details() {
            write!(f, " {name}={value}")?;
        }
        match &self.outcome {
            Outcome::Failed(reason) => write!(f, " → {reason}"),
            Outcome::Status(status) => write!(f, " → {status}"),
        }
    }
}

impl Display for Warning {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.code {
            Some(code) => write!(f, "warning {code}: {}", self.message),
            None => write!(f, "warning: {}", self.message),
        }
    }
}

#[cfg(test)]
mod tests {
    use callcore::call::CallStatus;

    use super::*;
    use crate::phone::Entry;
    use crate::{Form, Method};

    #[test]
    fn a_voice_is_told_where_the_document_names_one() {
        let manner = |voice: Option<&str>, rate_percent| Manner {
            voice: voice.map(str::to_owned),
            language: voice.map(|_| "en-US".to_owned()),
            rate_percent,
        };
        assert_eq!(manner(None, None).to_string(), "");
        assert_eq!(manner(None, Some(80)).to_string(), " (80 %)");
        let full = manner(Some("Polly.Joanna"), Some(150)).to_string();
        assert_eq!(full, " (Polly.Joanna, en-US, 150 %)");
    }

    #[test]
    fn a_report_reads_like_a_story() {
        let parameters = Form::from_iter([("CallSid", "CA1"), ("Digits", "1")]);
        let dialled = Dialled {
            call_sid: "CA2".to_owned(),
            to: "+2".to_owned(),
            from: "+1".to_owned(),
            status: CallStatus::Completed,
            answered_after_ms: Some(3000),
            talked_ms: 20_500,
            bridged: true,
        };
        let heard = |text: &str, cut| Heard {
            party: Party::Caller,
            sound: Sound::Text(text.to_owned()),
            manner: Manner::default(),
            times: 1,
            cut,
        };
        let events = [
            (0, Event::Answered),
            (0, Event::Heard(heard("Press 1.", true))),
            (480, Event::Pressed { party: Party::Caller, key: '1', taken: true }),
            (
                480,
                Event::Requested(Requested {
                    purpose: Purpose::Gather,
                    method: Method::Post,
                    url: "https://h/g".to_owned(),
                    parameters,
                    standard: 1,
                    token: "t".to_owned(),
                    outcome: Outcome::Status(200),
                }),
            ),
            (480, Event::Dialled(dialled)),
            (63_480, Event::Ended { status: CallStatus::Completed, duration_secs: 64 }),
        ];
        let report = Report {
            call_sid: "CA1".to_owned(),
            from: "+1".to_owned(),
            to: "+0".to_owned(),
            entries: events.map(|(at_ms, event)| Entry { at_ms, event }).into(),
        };
        let expected = "Call CA1 from +1 to +0\n   0:00.0  the call is answered\n   \
            0:00.0  the caller hears “Press 1.” (cut)\n   0:00.4  the caller presses 1\n   \
            0:00.4  POST https://h/g (after Gather) Digits=1 → 200\n   \
            0:00.4  +2 is dialled: answers after 3 s, is connected, stays for 20.5 s\n   \
            1:03.4  the call ends: completed, 64 s\n";
        assert_eq!(report.to_string(), expected);
        assert_eq!(report.heard().collect::<Vec<_>>(), ["Press 1."]);
        assert_eq!(
            (report.status(), report.ended_ms()),
            (Some(CallStatus::Completed), Some(63_480))
        );
    }
}
