//! Addresses of sounds: filled in for each call, with values that cannot lead elsewhere.

use serde_json::{Value, json};

use super::driver::{Facts, NOON, flow, one, play, program, runs, walk};
use super::simulated::simulate;
use crate::flow::hidden_directives;
use crate::vocabulary::{Tags, limits};

fn with_tag(value: &str) -> Facts {
    let mut tags = Tags::default();
    tags.set("lang", value).unwrap();
    Facts { tags, ..Facts::at(NOON) }
}

fn sound(url: &str) -> Value {
    json!({ "messageType": "audio", "audioUrl": url, "loop": 2 })
}

/// What the caller hears first where the tag has this value, and what the log says of it.
fn heard(url: &str, tag: &str) -> (String, String) {
    let program = program(&one("play_audio", sound(url), &["next"]));
    let (told, turn) = walk(&program, &with_tag(tag), &[]);
    let heard = told[0].split(" | ").nth(1).unwrap().to_owned();
    (heard, runs(&turn)[1].clone())
}

#[test]
fn the_address_of_a_sound_is_filled_with_encoded_values() {
    let url = "https://cdn.example/{tag.lang|en}/{caller_number}.mp3?v={tag.lang}";
    for (tag, expected) in [
        ("de", "https://cdn.example/de/%2B13105550123.mp3?v=de"),
        ("", "https://cdn.example/en/%2B13105550123.mp3?v="),
        (
            "@evil.example/../é?a=b#c",
            "https://cdn.example/%40evil.example%2F..%2F%C3%A9%3Fa%3Db%23c/%2B13105550123.mp3?v=%40evil.example%2F..%2F%C3%A9%3Fa%3Db%23c",
        ),
    ] {
        assert_eq!(heard(url, tag), (format!("play({expected}) x2"), "n/next//".to_owned()));
    }
}

#[test]
fn a_value_that_leads_to_another_path_is_not_played_and_the_log_says_so() {
    let note = "n/next//the sound was not played: a value makes a part of a URL's path that is a dot or two";
    for (url, tag) in [
        ("https://cdn.example/a/{tag.lang}/x.mp3", ".."),
        ("https://cdn.example/a/{tag.lang}/x.mp3", "."),
        ("https://cdn.example/a/.{tag.lang}/x.mp3", "."),
        ("https://cdn.example/a/{tag.lang}{tag.lang}/x.mp3", "."),
        ("https://cdn.example/a/%2{tag.lang}/x.mp3", "e."),
        ("https://cdn.example/a\\{tag.lang}", ".."),
    ] {
        assert_eq!(heard(url, tag), ("hangup".to_owned(), note.to_owned()), "{url}");
    }
    // What stands there is meant, and what stands in a query leads nowhere.
    for url in ["https://cdn.example/a/../{tag.lang}.mp3", "https://cdn.example/a?b=/{tag.lang}/"] {
        let (heard, told) = heard(url, "..");
        assert_eq!(heard, format!("play({}) x2", url.replace("{tag.lang}", "..")));
        assert_eq!(told, "n/next//");
    }
}

#[test]
fn an_address_that_grows_too_long_is_not_played() {
    let url = format!("https://cdn.example/{}", "{tag.lang}".repeat(9));
    let (told, note) = heard(&url, &"x".repeat(limits::TAG_VALUE_BYTES));
    assert_eq!(told, "hangup");
    assert_eq!(note, "n/next//the sound was not played: a URL has more than 8192 bytes");
    let (told, note) = heard(&url, &"x".repeat(900));
    assert_eq!(
        (told.len(), note.as_str()),
        ("play(https://cdn.example/) x2".len() + 8_100, "n/next//")
    );
}

#[test]
fn a_menu_asks_with_a_sound_of_the_call_and_without_one_that_is_spoiled() {
    let config = json!({ "audioUrl": "https://cdn.example/{tag.lang}/menu.mp3",
        "options": [{ "key": "1" }] });
    let menu = one("ivr_menu", config, &["key:1", "timeout"]);
    let told = play(&menu, &with_tag("fr"), &["silence", "keys:1"]);
    let asked = "ask play(https://cdn.example/fr/menu.mp3) keys most 1 10s";
    assert_eq!(told, [asked, asked, "n.key:1 | hangup | end"]);
    let told = play(&menu, &with_tag(".."), &["keys:1"]);
    assert_eq!(told, ["ask  keys most 1 10s", "n.key:1 | hangup | end"]);
}

#[test]
fn a_simulated_call_tells_the_sound_as_it_is_filled() {
    let definition = one("play_audio", sound("https://cdn.example/{tag.lang|en}.mp3"), &["next"]);
    let told = simulate(&definition, NOON, &json!([]));
    let played = told.entries.iter().find_map(|entry| entry.text.as_deref());
    assert_eq!(played, Some("https://cdn.example/en.mp3"));
}

#[test]
fn what_was_entered_in_confidence_is_played_but_shown_nowhere() {
    let nodes = json!([{ "id": "start", "type": "start" },
        { "id": "pin", "type": "gather_input", "config": { "prompt": "Word?", "variable": "pin",
            "inputType": "speech", "sensitive": true } },
        { "id": "p", "type": "play_audio", "config": sound("https://cdn.example/{pin}.mp3") },
        { "id": "e", "type": "end" }]);
    let definition = flow(nodes, "start.next>pin pin.valid>p pin.failed>e p.next>e");
    let (told, turn) = walk(&program(&definition), &Facts::at(NOON), &["says:open sesame"]);
    assert!(told[1].contains("play(https://cdn.example/open%20sesame.mp3) x2"), "{told:?}");
    let shown = hidden_directives(&turn.directives, &turn.session);
    let shown = serde_json::to_string(&shown).unwrap();
    assert!(shown.contains("https://cdn.example/***********.mp3"), "{shown}");
    let told = simulate(&definition, NOON, &json!([{ "speech": "open sesame" }]));
    let told = serde_json::to_string(&told).unwrap();
    assert!(
        told.contains("https://cdn.example/***********.mp3") && !told.contains("sesame"),
        "{told}"
    );
}
