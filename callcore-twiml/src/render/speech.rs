//! What a caller hears: words and sounds.

use callcore::call::{Prompt, Sound, Speech};

use crate::attribute::Scalar;
use crate::{GatherPrompt, Play, Prosody, Say, Voice, sanitize_text};

/// The verb for a text; none where nothing of it is audible, or it is spoken zero times: to Twilio
/// that is a thousand times.
pub(super) fn say(speech: &Speech) -> Option<Say> {
    let text = sanitize_text(&speech.text).into_owned();
    if text.trim().is_empty() || speech.times == 0 {
        return None;
    }
    let voice = speech.voice.as_deref().and_then(Voice::from_text).filter(has_name);
    // The basic voices know no SSML, and would read a document that has some as an error. Where none
    // is named, the account's own speaks.
    let understands = !matches!(voice, Some(Voice::Man | Voice::Woman | Voice::Alice));
    let prosody = speech
        .speed_percent
        .filter(|percent| understands && *percent != 100)
        .map(|percent| Prosody::rate(u32::from(percent)));
    let language = speech.language.clone();
    Some(Say { text, prosody, voice, language, loop_count: loop_count(speech.times) })
}

/// Whether a voice is one at all: a family alone is none, and no document may name it.
const fn has_name(voice: &Voice) -> bool {
    match voice {
        Voice::Polly(name) | Voice::Google(name) => !name.is_empty(),
        Voice::Man | Voice::Woman | Voice::Alice => true,
    }
}

/// The verb for a sound; none where it is played zero times.
pub(super) fn play(sound: &Sound) -> Option<Play> {
    let play = Play { loop_count: loop_count(sound.times), ..Play::url(sound.url.as_str()) };
    (sound.times > 0).then_some(play)
}

/// The prompt of a question, if anything of it is audible.
pub(super) fn prompt(prompt: &Prompt) -> Option<GatherPrompt> {
    match prompt {
        Prompt::Say(speech) => say(speech).map(GatherPrompt::from),
        Prompt::Play(sound) => play(sound).map(GatherPrompt::from),
    }
}

fn loop_count(times: u32) -> Option<u32> {
    (times != 1).then_some(times)
}

#[cfg(test)]
mod tests {
    use callcore::call::Directive;

    use super::*;
    use crate::render::tests::rendered;

    fn spoken(speech: Speech) -> String {
        rendered(Directive::Say(speech))
    }

    #[test]
    fn spoken_text_loses_what_xml_cannot_hold() {
        assert_eq!(spoken(Speech::new("a\u{0}b & <c>")), "<Say>ab &amp; &lt;c&gt;</Say>");
        assert_eq!(spoken(Speech::new("\u{0} ")), "");
    }

    #[test]
    fn voice_language_speed_and_loop_are_twilios_attributes() {
        let speech = Speech {
            text: "Hi".into(),
            voice: Some("Polly.Joanna-Neural".into()),
            language: Some("en-US".into()),
            speed_percent: Some(80),
            times: 3,
        };
        let expected = concat!(
            r#"<Say voice="Polly.Joanna-Neural" language="en-US" loop="3">"#,
            r#"<prosody rate="80%">Hi</prosody></Say>"#,
        );
        assert_eq!(spoken(speech), expected);
    }

    #[test]
    fn what_no_voice_can_do_is_left_out() {
        let speech = |voice: &str, speed| Speech {
            voice: Some(voice.into()),
            speed_percent: Some(speed),
            ..Speech::new("Hi")
        };
        assert_eq!(spoken(speech("alice", 80)), r#"<Say voice="alice">Hi</Say>"#);
        assert_eq!(spoken(speech("Polly.Amy", 100)), r#"<Say voice="Polly.Amy">Hi</Say>"#);
        // Where none is named that exists, the account's own voice speaks.
        let unnamed = Speech { speed_percent: Some(150), ..Speech::new("Hi") };
        let expected = r#"<Say><prosody rate="150%">Hi</prosody></Say>"#;
        assert_eq!(spoken(unnamed), expected);
        for none in ["Nobody", "Polly.", "Google."] {
            assert_eq!(spoken(speech(none, 150)), expected, "{none}");
        }
        let expected = r#"<Say voice="Google.x"><prosody rate="150%">Hi</prosody></Say>"#;
        assert_eq!(spoken(speech("Google.x", 150)), expected);
    }

    #[test]
    fn sounds_are_played_as_often_as_they_should() {
        let sound = |times| rendered(Directive::Play(Sound { url: "https://h/a".into(), times }));
        assert_eq!(sound(1), "<Play>https://h/a</Play>");
        assert_eq!(sound(0), "");
        assert_eq!(spoken(Speech { times: 0, ..Speech::new("Hi") }), "");
        assert_eq!(sound(4), r#"<Play loop="4">https://h/a</Play>"#);
    }
}
