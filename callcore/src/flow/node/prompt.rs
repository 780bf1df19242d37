//! What callers hear: words in a voice, or a sound file.

use crate::call::{Prompt, Sound, Speech};
use crate::flow::desk::Desk;
use crate::flow::node::Mentions;
use crate::flow::reader::Reader;
use crate::flow::text::{Text, noted, read_text};

/// Longest name of a voice, in characters.
const VOICE_CHARACTERS: usize = 100;

/// Voices of the carrier that need no list, and how the names of all others begin.
const BASIC_VOICES: [&str; 3] = ["man", "woman", "alice"];
const FAMILIES: [&str; 2] = ["Polly.", "Google."];
/// Where to find a voice, for people.
const VOICES: &str = "man, woman, alice, and the names that begin with Polly. or Google. at https://www.twilio.com/docs/voice/twiml/say/text-speech";

/// How words are spoken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Voice {
    voice: Option<String>,
    pub(super) language: Option<String>,
    pub(super) speed_percent: Option<u16>,
}

impl Voice {
    /// Reads `voice` and `language`.
    pub(super) fn read(reader: &Reader<'_>) -> Self {
        let voice = reader.words("voice").filter(|voice| {
            let fits = voice.chars().count() <= VOICE_CHARACTERS
                && voice.chars().all(|c| c.is_ascii_alphanumeric() || "._- ".contains(c));
            if !fits {
                let message = format!("{voice:?} is no name of a voice: give one such as Polly.Joanna");
                reader.report().error("bad_voice", reader.path("voice"), message);
            }
            if fits && !is_known(voice) {
                let message = format!(
                    "the carrier has no voice {voice:?} and speaks with its default one: choose one of {VOICES}"
                );
                reader.report().warning("unknown_voice", reader.path("voice"), message);
            }
            fits
        });
        let language = reader.words("language").filter(|language| {
            let fits = is_language(language);
            if !fits {
                let message =
                    format!("{language:?} is no BCP 47 language tag: give one such as en-US");
                reader.report().error("bad_language", reader.path("language"), message);
            }
            fits
        });
        Self {
            voice: voice.map(str::to_owned),
            language: language.map(str::to_owned),
            speed_percent: None,
        }
    }

    /// Whether it can speak faster or slower. The carrier's basic voices cannot; where none is named,
    /// the account's own speaks, which the flow trusts with it.
    pub(super) fn changes_speed(&self) -> bool {
        self.voice.as_deref().is_none_or(is_of_family)
    }

    /// A text in this voice.
    pub(super) fn say(&self, text: &Text, desk: &Desk<'_>, times: u32) -> Prompt {
        Prompt::Say(Speech {
            text: text.spoken(&desk.values()),
            voice: self.voice.clone(),
            language: self.language.clone(),
            speed_percent: self.speed_percent,
            times,
        })
    }
}

/// Whether the carrier has a voice of this name, as far as one can tell without its list.
fn is_known(voice: &str) -> bool {
    BASIC_VOICES.contains(&voice) || is_of_family(voice)
}

fn is_of_family(voice: &str) -> bool {
    let mut named = FAMILIES.iter().filter_map(|family| voice.strip_prefix(family));
    named.any(|name| !name.is_empty())
}

/// Whether a text has the shape of a language tag: RFC 5646 §2.1, without its rarer parts.
fn is_language(text: &str) -> bool {
    let mut parts = text.split('-');
    let first = parts.next().unwrap_or_default();
    let primary = (2..=3).contains(&first.len()) && first.bytes().all(|b| b.is_ascii_alphabetic());
    primary
        && parts.all(|part| {
            (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
        })
}

/// Words or a sound file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    Words(Text),
    Sound(Text),
}

impl Heard {
    /// Reads what stands under one of two keys.
    pub(super) fn read(
        reader: &Reader<'_>,
        words: &'static str,
        sound: &'static str,
        mentions: &mut Mentions,
    ) -> Option<Self> {
        if reader.has(words) && reader.has(sound) {
            let message =
                format!("with `{sound}` there, `{words}` is not spoken: give one of them");
            reader.report().warning("unused", reader.path(words), message);
        }
        let text = read_text(reader, words, &mut mentions.uses);
        let url = read_sound(reader, sound, mentions);
        if !reader.has(words) && !reader.has(sound) {
            reader.missing(words, &format!("what the caller hears (`{words}` or `{sound}`)"));
        }
        url.map(Self::Sound).or_else(|| text.map(Self::Words))
    }

    /// What is heard on this call; nothing, with a note, of a sound whose address a value has spoiled.
    pub(super) fn prompt(&self, voice: &Voice, desk: &mut Desk<'_>, times: u32) -> Option<Prompt> {
        match self {
            Self::Words(text) => Some(voice.say(text, desk, times)),
            Self::Sound(url) => match url.fill_url(&desk.values()) {
                Ok(url) => Some(Prompt::Play(Sound { url, times })),
                Err(reason) => {
                    desk.note = Some(format!("the sound was not played: {reason}"));
                    None
                }
            },
        }
    }
}

/// The address of a sound file, in which variables may stand behind the host.
pub(super) fn read_sound(
    reader: &Reader<'_>,
    key: &'static str,
    mentions: &mut Mentions,
) -> Option<Text> {
    let url = reader.url(key)?;
    Some(noted(Text::parse(url), &reader.path(key), &mut mentions.uses))
}

/// A text that need not be there.
pub(super) fn optional_text(
    reader: &Reader<'_>,
    key: &'static str,
    mentions: &mut Mentions,
) -> Option<Text> {
    // Editors write an empty text for a field that was never filled in.
    let source = reader.text(key).filter(|text| !text.trim().is_empty())?;
    Some(noted(Text::parse(source), &reader.path(key), &mut mentions.uses))
}
