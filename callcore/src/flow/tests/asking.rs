//! `ivr_menu` and `gather_input`: exits, retries, silence, and what callers enter.

use serde_json::{Value, json};

use super::driver::{Facts, NOON, one, play, program, runs, walk};

fn menu(more: &Value) -> Value {
    let mut config = json!({ "message": "Press 1 or *",
        "options": [{ "key": "1", "label": "One" }, { "key": "*", "label": "Star" }] });
    config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    config
}

#[test]
fn a_menu_leaves_by_the_key_that_is_an_option() {
    let flow = one("ivr_menu", menu(&json!({})), &["key:1", "key:*", "timeout", "invalid"]);
    let asks = "ask say(Press 1 or *) keys most 1 10s";
    for (input, expected) in [
        ("keys:1", "n.key:1 | hangup | end"),
        ("keys:*", "n.key:* | hangup | end"),
        ("keys:2", asks),
        ("keys:", asks),
        ("keys:11", asks),
        ("says:one", asks),
        ("silence", asks),
    ] {
        assert_eq!(play(&flow, &Facts::at(NOON), &[input]), [asks, expected], "{input}");
    }
}

#[test]
fn a_menu_tells_silence_from_a_wrong_key() {
    let config = menu(&json!({ "maxRetries": 2, "timeout": 4, "invalidMessage": "No such option.",
        "voice": "Polly.Joanna", "language": "en-US" }));
    let flow = one("ivr_menu", config.clone(), &["key:1", "key:*", "timeout", "invalid"]);
    let first = "ask say(Press 1 or *) by Polly.Joanna in en-US keys most 1 4s";
    let again = "ask say(No such option.) by Polly.Joanna in en-US+say(Press 1 or *) by Polly.Joanna in en-US keys most 1 4s";
    let facts = Facts::at(NOON);
    assert_eq!(
        play(&flow, &facts, &["keys:9", "silence", "silence"]),
        [first, again, first, "n.timeout | hangup | end"]
    );
    assert_eq!(
        play(&flow, &facts, &["silence", "silence", "keys:9"]),
        [first, first, first, "n.invalid | hangup | end"]
    );
    // Each of the two stands in for the other.
    let flow = one("ivr_menu", config.clone(), &["key:1", "key:*", "timeout"]);
    let told = play(&flow, &facts, &["keys:9", "keys:9", "keys:9"]);
    assert_eq!(told[3], "n.invalid | hangup | end");
    let flow = one("ivr_menu", config, &["key:1", "key:*", "invalid"]);
    assert_eq!(play(&flow, &facts, &["silence"; 3])[3], "n.timeout | hangup | end");
}

#[test]
fn a_menu_without_retries_asks_once_and_fails_where_nothing_is_connected() {
    let config = menu(&json!({ "maxRetries": 0, "message": null,
        "audioUrl": "https://sounds.example/menu.mp3" }));
    let flow = one("ivr_menu", config, &["key:1", "key:*"]);
    assert_eq!(
        play(&flow, &Facts::at(NOON), &["silence"]),
        [
            "ask play(https://sounds.example/menu.mp3) keys most 1 10s",
            "n.timeout | failed: the exit \"timeout\" of the node \"n\" is not connected"
        ]
    );
}

#[test]
fn the_node_of_an_option_stands_for_a_connection() {
    let config =
        json!({ "message": "Press 1", "options": [{ "key": "1", "nodeId": "at timeout" }] });
    let flow = one("ivr_menu", config, &["timeout"]);
    let program = program(&flow);
    let (told, turn) = walk(&program, &Facts::at(NOON), &["keys:1"]);
    assert_eq!(told[1], "n.key:1 | hangup | end");
    assert_eq!(runs(&turn), ["n/key:1/1/", "at timeout///"]);
    assert_eq!(turn.nodes[0].waited_ms, Some(0));
    assert_eq!(turn.nodes[1].waited_ms, None);
}

fn gather(more: &Value) -> Value {
    let mut config = json!({ "prompt": "Your ZIP?", "variable": "zip" });
    config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    config
}

/// What is kept of one answer; `None` where it is not accepted.
fn kept(config: &Value, input: &str) -> Option<String> {
    let flow = one("gather_input", gather(config), &["valid", "failed"]);
    let program = program(&flow);
    let (told, turn) = walk(&program, &Facts::at(NOON), &[input]);
    let valid = told[1].starts_with("n.valid");
    assert_eq!(turn.session.variables.contains_key("zip"), valid);
    assert_eq!(told[1].starts_with("ask"), !valid, "{told:?}");
    turn.session.variables.get("zip").cloned()
}

#[test]
fn answers_are_held_against_kind_length_and_pattern() {
    let both = json!({ "inputType": "both" });
    let speech = json!({ "inputType": "speech" });
    let five = json!({ "minLength": 5, "maxLength": 5 });
    let none = json!({ "minLength": 0 });
    let digits = json!({ "pattern": "^[0-8]+$" });
    let words = json!({ "inputType": "speech", "pattern": "(?i)^yes", "minLength": 9 });
    for (config, input, expected) in [
        (&json!({}), "keys:9", Some("9")),
        (&json!({}), "keys:", None),
        (&json!({}), "says:nine", None),
        (&json!({}), "silence", None),
        (&none, "keys:", Some("")),
        (&none, "silence", None),
        (&five, "keys:90210", Some("90210")),
        (&five, "keys:9021", None),
        (&five, "keys:902101", None),
        (&digits, "keys:1*", None),
        (&digits, "keys:19", None),
        (&digits, "keys:18", Some("18")),
        (&both, "keys:1", Some("1")),
        (&both, "says:one", Some("one")),
        (&speech, "says:one", Some("one")),
        (&speech, "says:  ", None),
        (&speech, "keys:1", None),
        // Lengths count keys only.
        (&words, "says:Yes.", Some("Yes.")),
        (&words, "says:well yes", None),
    ] {
        assert_eq!(kept(config, input).as_deref(), expected, "{config} {input}");
    }
}

#[test]
fn a_question_has_a_first_a_retry_and_a_last_prompt() {
    let config = gather(&json!({ "maxRetries": 2, "retryPrompt": "Once more?", "timeout": 3,
        "errorPrompt": "Never mind.", "maxLength": 5, "finishOnKey": "*" }));
    let flow = one("gather_input", config, &["valid", "failed"]);
    let (first, again) =
        ("ask say(Your ZIP?) keys most 5 end * 3s", "ask say(Once more?) keys most 5 end * 3s");
    let facts = Facts::at(NOON);
    assert_eq!(
        play(&flow, &facts, &["silence", "keys:", "silence"]),
        [first, again, again, "n.failed | say(Never mind.) | hangup | end"]
    );
    assert_eq!(play(&flow, &facts, &["silence", "keys:1"])[2], "n.valid | hangup | end");
}

#[test]
fn what_is_asked_depends_on_the_kind() {
    for (config, expected) in [
        (json!({}), "ask say(Your ZIP?) keys end # 10s"),
        (json!({ "finishOnKey": "" }), "ask say(Your ZIP?) keys 10s"),
        (
            json!({ "inputType": "speech", "maxLength": 5, "language": "de-DE" }),
            "ask say(Your ZIP?) in de-DE speech 10s",
        ),
        (json!({ "inputType": "both" }), "ask say(Your ZIP?) keys speech end # 10s"),
    ] {
        let flow = one("gather_input", gather(&config), &["valid", "failed"]);
        assert_eq!(play(&flow, &Facts::at(NOON), &[]), [expected]);
    }
}

#[test]
fn an_answer_without_a_retry_prompt_or_a_way_out_fails_over_to_plain_routing() {
    let flow = one("gather_input", gather(&json!({ "maxRetries": 1 })), &["valid"]);
    assert_eq!(
        play(&flow, &Facts::at(NOON), &["silence", "silence"])[1..],
        [
            "ask say(Your ZIP?) keys end # 10s",
            "n.failed | failed: the exit \"failed\" of the node \"n\" is not connected"
        ]
    );
}
