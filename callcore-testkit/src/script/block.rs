//! The lines of one call.

use callcore_twiml::Form;
use callcore_twiml::phone::{self, ScriptErrorKind};
use callcore_twiml::render::queue_name;

use super::office::TENANT;
use super::reader::{Names, Reader};
use super::steps::{After, Block, During};
use super::words::{Read, Words, time};

/// What the carrier knows of where a caller is, and its name for it.
const PLACES: [(&str, &str); 4] =
    [("city", "FromCity"), ("country", "FromCountry"), ("state", "FromState"), ("zip", "FromZip")];

impl Reader {
    /// Reads the rest of `call 1 from +13105550001`.
    pub(super) fn call(&self, words: &mut Words<'_>, begins: Option<During>) -> Read<Block> {
        let number = words.read("the number of the call")?;
        words.expect("from")?;
        let from = words.word("who calls")?.to_owned();
        let mut to = self.called().to_owned();
        let mut place = Form::new();
        while let Some(word) = words.next() {
            match PLACES.iter().find(|(name, _)| *name == word) {
                Some((_, parameter)) => place.push(*parameter, words.word("a place")?),
                None if word == "to" => to = words.word("a number")?.to_owned(),
                None => return Err(words.wrong("to, country, state, city or zip", word)),
            }
        }
        Ok(Block {
            line: words.line,
            number,
            begins,
            from,
            to,
            place,
            people: phone::Script::new(),
            every_request_twice: false,
            callbacks_out_of_order: false,
            lost: Vec::new(),
            expected: Vec::new(),
            after: Vec::new(),
        })
    }
}

impl Block {
    /// Reads a line, if it is one of a call.
    pub(super) fn line(&mut self, names: &Names, line: &str, mut words: Words<'_>) -> Read<bool> {
        let number = words.line;
        let first = words.word("a line of a call")?;
        match first {
            ">" | "<" | "!" | "=" | "~" => self.expected.push((number, squeezed(line))),
            "again" => {
                let webhook = webhook(&mut words)?;
                self.after.push((number, After::Again(webhook)));
            }
            "late" => {
                let webhook = webhook(&mut words)?;
                self.after.push((number, After::Late(webhook)));
            }
            "lost" => self.lost.push(webhook(&mut words)?),
            "every" => {
                words.expect("request")?;
                words.expect("twice")?;
                self.every_request_twice = true;
            }
            "callbacks" => {
                for word in ["out", "of", "order"] {
                    words.expect(word)?;
                }
                self.callbacks_out_of_order = true;
            }
            "nowhere" => {
                let text = words.word("what must not be kept")?.to_owned();
                self.after.push((number, After::Nowhere(text)));
            }
            "later" => {
                let word = words.word("how much later")?;
                let after = time(word).ok_or_else(|| words.wrong("a time", word))?;
                words.expect("flow")?;
                let status = words.word("how the flow stands then")?.to_owned();
                self.after.push((number, After::Later(after, status)));
            }
            "caller" => {
                let act = act(&mut words)?;
                self.people(&words, &act)?;
            }
            "queue" => {
                let queue = queue_name(TENANT, words.word("the name of a queue")?);
                let line = format!("queue {queue} {}", words.text());
                self.people(&words, &line)?;
            }
            "conference" => {
                let line = format!("conference * {}", words.text());
                self.people(&words, &line)?;
            }
            name => {
                let known = names.buyers.iter().find(|(known, ..)| known == name);
                let address = match known {
                    Some((_, _, buyer)) => buyer.destination.as_str(),
                    // A time that goes by looks like a number, but has letters.
                    None if name.starts_with('+') && name.len() > 7 => name,
                    None => return Ok(false),
                };
                let reaction = format!("callee {address} {}", words.text());
                self.people(&words, &reaction)?;
            }
        }
        Ok(true)
    }

    /// Adds what the phone's own scripts call by these words.
    fn people(&mut self, words: &Words<'_>, text: &str) -> Read<()> {
        let read = text.parse::<phone::Script>().map_err(|error| match error.kind {
            ScriptErrorKind::Expected { expected, found } => words.wrong(expected, &found),
            other => words.wrong("fewer lines", &other.to_string()),
        })?;
        self.people.acts.extend(read.acts);
        self.people.callees.extend(read.callees);
        self.people.conferences.extend(read.conferences);
        for queue in read.queues {
            match self.people.queues.iter_mut().find(|known| known.name == queue.name) {
                Some(known) if queue.agent.is_some() => known.agent = queue.agent,
                Some(known) => known.waiting = queue.waiting,
                None => self.people.queues.push(queue),
            }
        }
        Ok(())
    }
}

/// Reads what a caller does, in the words of the phone's own scripts: `presses 1 at 3s` is
/// `at 3s digits 1`.
fn act(words: &mut Words<'_>) -> Read<String> {
    let verbs = [
        ("hangs", "hang"),
        ("presses", "digits"),
        ("says", "say"),
        ("stays", "silence"),
        ("talks", "talk"),
    ];
    let verb = words.choice(&verbs)?;
    if verb == "silence" {
        words.expect("silent")?;
    }
    let rest = words.text();
    let timed = rest.rsplit_once("at ").filter(|(_, at)| time(at).is_some());
    Ok(match timed {
        Some((rest, at)) => format!("at {at} {verb} {rest}"),
        None => format!("{verb} {rest}"),
    })
}

/// Reads the name of a webhook: `voice`, `dial 1`, `flow 1`, `leg 1 answered`, `status completed`,
/// `recording`, `transcription` or `everything`.
fn webhook(words: &mut Words<'_>) -> Read<String> {
    let expected = "voice, dial, flow, leg, status, recording, transcription or everything";
    match words.word(expected)? {
        "dial" | "flow" | "leg" | "status" if words.peek().is_none() => {
            Err(words.wrong("which one it is", ""))
        }
        kind @ ("dial" | "flow" | "leg" | "status") => Ok(format!("{kind} {}", words.text())),
        kind @ ("voice" | "recording" | "transcription" | "everything") => {
            words.end()?;
            Ok(kind.to_owned())
        }
        other => Err(words.wrong(expected, other)),
    }
}

fn squeezed(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}
