//! Scripts in words.

use std::fmt;
use std::iter::Peekable;
use std::str::{FromStr, SplitWhitespace};

use super::{Act, Agent, Callee, Conference, Input, Queue, Reaction, Script, Turn};
use crate::phone::limits::{MAX_CALL_MS, MAX_SCRIPT_LINES, REFUSAL_MS, TALK_MS};

/// Why a script in words cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the script: {kind}")]
pub struct ScriptError {
    /// The number of the line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub kind: ScriptErrorKind,
}

/// What is wrong with a line of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScriptErrorKind {
    /// There are more lines than [`MAX_SCRIPT_LINES`].
    TooManyLines,
    /// Something else should stand there.
    Expected {
        /// What should stand there.
        expected: &'static str,
        /// What stands there; empty is the end of the line.
        found: String,
    },
}

impl fmt::Display for ScriptErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooManyLines => write!(f, "there are more than {MAX_SCRIPT_LINES}"),
            Self::Expected { expected, found } if found.is_empty() => {
                write!(f, "ends where {expected} is expected")
            }
            Self::Expected { expected, found } => {
                write!(f, "{expected} is expected instead of {found:?}")
            }
        }
    }
}

impl FromStr for Script {
    type Err = ScriptError;

    fn from_str(text: &str) -> Result<Self, ScriptError> {
        let mut script = Self::new();
        for (index, line) in text.lines().enumerate() {
            let failed = |kind| ScriptError { line: index + 1, kind };
            if index >= MAX_SCRIPT_LINES {
                return Err(failed(ScriptErrorKind::TooManyLines));
            }
            if line.trim_start().starts_with('#') {
                continue;
            }
            let mut words = Words::new(line);
            words.line(&mut script).map_err(failed)?;
        }
        Ok(script)
    }
}

type Read<T> = Result<T, ScriptErrorKind>;

/// The words of a line that are still to be read.
struct Words<'a> {
    rest: Peekable<SplitWhitespace<'a>>,
}

impl<'a> Words<'a> {
    fn new(line: &'a str) -> Self {
        Self { rest: line.split_whitespace().peekable() }
    }

    fn line(&mut self, script: &mut Script) -> Read<()> {
        match self.rest.peek().copied() {
            None => return Ok(()),
            Some("callee") => script.callees.push(self.callee()?),
            Some("conference") => script.conferences.push(self.conference()?),
            Some("queue") => self.queue(script)?,
            Some(_) => script.acts.push(self.act()?),
        }
        self.end()
    }

    fn act(&mut self) -> Read<Act> {
        let mut at_ms = if self.takes("at") { Some(self.time()?) } else { None };
        let input = match self.word("digits, say, talk, silence or hang up")? {
            "digits" => self.keys()?,
            "hang" => {
                self.expect("up")?;
                if at_ms.is_none() && self.takes("at") {
                    at_ms = Some(self.time()?);
                }
                Input::HangUp
            }
            "say" => self.speech(&[])?,
            "silence" => Input::Silence,
            "talk" => Input::talk(self.time()?),
            other => return Err(expected("digits, say, talk, silence or hang up", other)),
        };
        Ok(Act { at_ms, input })
    }

    fn callee(&mut self) -> Read<Callee> {
        self.expect("callee")?;
        let address = self.word("an address or *")?.to_owned();
        let reaction = match self.word("answers, busy, no answer or fails")? {
            "answers" => self.answers()?,
            "busy" => Reaction::Busy { after_ms: self.after()?.unwrap_or(REFUSAL_MS) },
            "fails" => Reaction::Fails { after_ms: self.after()?.unwrap_or(REFUSAL_MS) },
            "no" => {
                self.expect("answer")?;
                Reaction::NoAnswer
            }
            other => return Err(expected("answers, busy, no answer or fails", other)),
        };
        Ok(Callee { address, reaction })
    }

    fn answers(&mut self) -> Read<Reaction> {
        let after_ms = self.after()?.unwrap_or(REFUSAL_MS);
        let (mut inputs, mut talk_ms) = (Vec::new(), TALK_MS);
        while let Some(word) = self.rest.next() {
            match word {
                "hangs" => {
                    self.expect("up")?;
                    inputs.push(Input::HangUp);
                }
                "presses" => inputs.push(self.keys()?),
                "says" => inputs.push(self.speech(&["hangs", "presses", "says", "talks"])?),
                "talks" => talk_ms = self.time()?,
                other => return Err(expected("presses, says, talks or hangs up", other)),
            }
        }
        Ok(Reaction::Answers { after_ms, inputs, talk_ms })
    }

    fn queue(&mut self, script: &mut Script) -> Read<()> {
        self.expect("queue")?;
        let name = self.word("the name of a queue")?;
        let known = script.queues.iter().position(|queue| queue.name == name);
        let index = known.unwrap_or_else(|| {
            script.queues.push(Queue { name: name.to_owned(), waiting: 0, agent: None });
            script.queues.len() - 1
        });
        match self.word("holds or answers")? {
            "answers" => {
                let after_ms = self.after()?.unwrap_or(REFUSAL_MS);
                let talk_ms = if self.takes("talks") { self.time()? } else { TALK_MS };
                script.queues[index].agent = Some(Agent { after_ms, talk_ms });
            }
            "holds" => {
                let number = self.word("a number of callers")?;
                let waiting = number.parse().map_err(|_| expected("a number of callers", number));
                script.queues[index].waiting = waiting?;
            }
            other => return Err(expected("holds or answers", other)),
        }
        Ok(())
    }

    fn conference(&mut self) -> Read<Conference> {
        self.expect("conference")?;
        let name = self.word("the name of a conference or *")?.to_owned();
        let turn = match self.word("joined, recalled or stays empty")? {
            "joined" => {
                let after_ms = self.after()?.unwrap_or(REFUSAL_MS);
                let talk_ms = if self.takes("talks") { self.time()? } else { TALK_MS };
                Turn::Joined { after_ms, talk_ms }
            }
            "recalled" => {
                let after_ms = self.after()?.unwrap_or(REFUSAL_MS);
                let url =
                    if self.takes("to") { Some(self.word("a URL")?.to_owned()) } else { None };
                Turn::Recalled { after_ms, url }
            }
            "stays" => {
                self.expect("empty")?;
                Turn::Empty
            }
            other => return Err(expected("joined, recalled or stays empty", other)),
        };
        Ok(Conference { name, turn })
    }

    fn after(&mut self) -> Read<Option<u64>> {
        if self.takes("after") { self.time().map(Some) } else { Ok(None) }
    }

    fn keys(&mut self) -> Read<Input> {
        let keys = self.word("keys")?;
        let is_key = |key| matches!(key, '0'..='9' | 'A'..='D' | '#' | '*');
        if keys.chars().all(is_key) {
            Ok(Input::keys(keys))
        } else {
            Err(expected("keys of 0-9, A-D, # and *", keys))
        }
    }

    /// Words up to one of `ends`, and how well they are understood.
    fn speech(&mut self, ends: &[&str]) -> Read<Input> {
        let mut text = vec![self.word("what is said")?];
        let mut confidence = None;
        while let Some(word) = self.rest.next_if(|word| !ends.contains(word)) {
            if word == "with" && self.takes("confidence") {
                let word = self.word("a confidence")?;
                confidence = Some(percent(word).ok_or_else(|| expected("0 to 1", word))?);
            } else {
                text.push(word);
            }
        }
        let mut input = Input::say(text.join(" "));
        if let (Input::Speech(speech), Some(percent)) = (&mut input, confidence) {
            speech.confidence_percent = Some(percent);
        }
        Ok(input)
    }

    fn time(&mut self) -> Read<u64> {
        let word = self.word("a time")?;
        milliseconds(word).ok_or_else(|| expected("a time such as 3s, 0.5s, 200ms or 2m", word))
    }

    fn word(&mut self, what: &'static str) -> Read<&'a str> {
        self.rest.next().ok_or_else(|| expected(what, ""))
    }

    fn takes(&mut self, word: &str) -> bool {
        self.rest.next_if(|next| *next == word).is_some()
    }

    fn expect(&mut self, word: &'static str) -> Read<()> {
        let found = self.rest.next().unwrap_or_default();
        if found == word { Ok(()) } else { Err(expected(word, found)) }
    }

    fn end(&mut self) -> Read<()> {
        self.rest.next().map_or(Ok(()), |found| Err(expected("the end of the line", found)))
    }
}

fn expected(expected: &'static str, found: &str) -> ScriptErrorKind {
    ScriptErrorKind::Expected { expected, found: found.to_owned() }
}

/// `0.87` as 87.
fn percent(text: &str) -> Option<u8> {
    let thousandths = decimal(text)?;
    (thousandths <= 1000).then(|| u8::try_from(thousandths / 10).ok())?
}

fn milliseconds(text: &str) -> Option<u64> {
    let unit_start = text.find(|character: char| character.is_ascii_alphabetic())?;
    let (number, unit) = text.split_at(unit_start);
    let milliseconds = match unit {
        "ms" => number.parse().ok()?,
        "s" => decimal(number)?,
        "m" => decimal(number)?.checked_mul(60)?,
        _ => return None,
    };
    (milliseconds <= MAX_CALL_MS).then_some(milliseconds)
}

/// A number with up to three decimals, times a thousand.
fn decimal(text: &str) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || fraction.len() > 3 {
        return None;
    }
    let thousandths: u64 = format!("{fraction:0<3}").parse().ok()?;
    whole.parse::<u64>().ok()?.checked_mul(1000)?.checked_add(thousandths)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::phone::Speech;

    fn fails(text: &str) -> String {
        text.parse::<Script>().unwrap_err().to_string()
    }

    #[test]
    fn callers_are_read() {
        let script: Script =
            "# A comment.\n\n digits 1\nat 3s digits 12#\nat 500ms say sales team\n\
            say no with confidence 0.05\ntalk 9s\nat 1.25s talk 2m\nsilence\nhang up\n\
            hang up at 10s\nat 11s hang up"
                .parse()
                .unwrap();
        let unsure = Input::Speech(Speech {
            text: "no".to_owned(),
            confidence_percent: Some(5),
            duration_ms: 120,
        });
        let expected = Script::new()
            .then(Input::keys("1"))
            .at(3000, Input::keys("12#"))
            .at(500, Input::say("sales team"))
            .then(unsure)
            .then(Input::talk(9000))
            .at(1250, Input::talk(120_000))
            .then(Input::Silence)
            .then(Input::HangUp)
            .at(10_000, Input::HangUp)
            .at(11_000, Input::HangUp);
        assert_eq!(script, expected);
    }

    #[test]
    fn callees_and_queues_are_read() {
        let script: Script = "callee +1 answers after 3s talks 20s\ncallee * busy\n\
            callee sip:a@b fails after 2s\ncallee +2 no answer\n\
            callee +3 answers presses 1 says yes please talks 1s\ncallee +4 answers hangs up\n\
            queue q holds 3\nqueue q answers after 5s talks 6s"
            .parse()
            .unwrap();
        let answers = |inputs, talk_ms| Reaction::Answers { after_ms: REFUSAL_MS, inputs, talk_ms };
        let expected = Script::new()
            .callee("+1", Reaction::talks(3000, 20_000))
            .callee("*", Reaction::Busy { after_ms: REFUSAL_MS })
            .callee("sip:a@b", Reaction::Fails { after_ms: 2000 })
            .callee("+2", Reaction::NoAnswer)
            .callee("+3", answers(vec![Input::keys("1"), Input::say("yes please")], 1000))
            .callee("+4", answers(vec![Input::HangUp], TALK_MS));
        assert_eq!(script.callees, expected.callees);
        let agent = Some(Agent { after_ms: 5000, talk_ms: 6000 });
        assert_eq!(script.queues, [Queue { name: "q".to_owned(), waiting: 3, agent }]);
    }

    #[test]
    fn conferences_are_read() {
        let script: Script = "conference room joined after 8s talks 30s\nconference * joined\n\
            conference a/2 recalled after 2.5s to https://h/b\nconference * recalled\n\
            conference * stays empty"
            .parse()
            .unwrap();
        let url = Some("https://h/b".to_owned());
        let expected = Script::new()
            .conference("room", Turn::Joined { after_ms: 8000, talk_ms: 30_000 })
            .conference("*", Turn::Joined { after_ms: REFUSAL_MS, talk_ms: TALK_MS })
            .conference("a/2", Turn::Recalled { after_ms: 2500, url })
            .conference("*", Turn::Recalled { after_ms: REFUSAL_MS, url: None })
            .conference("*", Turn::Empty);
        assert_eq!(script, expected);
        let what = "joined, recalled or stays empty";
        let told = format!("line 1 of the script: {what} is expected instead of \"left\"");
        assert_eq!(fails("conference * left"), told);
        assert!(fails("conference * stays").contains("ends where empty is expected"));
    }

    #[test]
    fn mistakes_are_told_with_their_line() {
        let what = "digits, say, talk, silence or hang up";
        for (text, expected) in [
            (
                "silence\ndance",
                format!("line 2 of the script: {what} is expected instead of \"dance\""),
            ),
            ("digits", "line 1 of the script: ends where keys is expected".to_owned()),
            (
                "digits 1x",
                "line 1 of the script: keys of 0-9, A-D, # and * is expected instead of \"1x\""
                    .to_owned(),
            ),
            (
                "hang up now",
                "line 1 of the script: the end of the line is expected instead of \"now\""
                    .to_owned(),
            ),
        ] {
            assert_eq!(fails(text), expected, "{text}");
        }
        for text in ["at 3 digits 1", "at 1.2345s digits 1", "at -1s hang up", "at 99999m hang up"]
        {
            assert!(fails(text).contains("a time such as"), "{text}");
        }
        assert!(fails("say x with confidence 1.1").contains("0 to 1"));
        assert!(fails(&"\n".repeat(MAX_SCRIPT_LINES + 1)).contains("more than 1000"));
    }
}
