//! `tracking_pixel`: what is sent, with values that cannot break out of their place.

use serde_json::{Value, json};

use super::driver::{Facts, NOON, flow, one, play, program, runs, walk};
use crate::call::Payload;
use crate::flow::{FlowDefinition, Surroundings, Turn, check};
use crate::vocabulary::{Tags, limits};

fn pixel(config: Value) -> Vec<String> {
    let told = play(&one("tracking_pixel", config, &["next"]), &Facts::from("a&b=c #?/é"), &[]);
    told[0].split(" | ").skip(2).take_while(|part| *part != "end").map(str::to_owned).collect()
}

#[test]
fn a_pixel_is_a_get_with_encoded_values() {
    let told = pixel(json!({ "pixelUrl": "https://p.example/t/{caller_number}?a=1#top",
        "parameters": { "caller number": "{caller_number}", "n": 5, "on": true, "who": "{tag.none|x&y}" } }));
    assert_eq!(
        told,
        [
            "pixel: Get https://p.example/t/a%26b%3Dc%20%23%3F%2F%C3%A9?a=1&caller%20number=a%26b%3Dc%20%23%3F%2F%C3%A9&n=5&on=true&who=x%26y#top [] 3000ms x2"
        ]
    );
    let plain = "https://p.example/t";
    for (url, expected) in [
        (plain.to_owned(), "https://p.example/t?v=1"),
        (format!("{plain}?"), "https://p.example/t?v=1"),
        (format!("{plain}?a=1&"), "https://p.example/t?a=1&v=1"),
        (format!("{plain}#f?"), "https://p.example/t?v=1#f?"),
    ] {
        let told =
            pixel(json!({ "pixelUrl": url, "parameters": { "v": 1 }, "timeout": 1, "retries": 0 }));
        assert_eq!(told, [format!("pixel: Get {expected} [] 1000ms x0")]);
    }
    assert_eq!(pixel(json!({ "pixelUrl": plain })), [format!("pixel: Get {plain} [] 3000ms x2")]);
}

#[test]
fn a_pixel_may_post_a_form_and_tell_events() {
    let told = pixel(json!({ "pixelUrl": "https://p.example/t", "method": "POST",
        "parameters": { "who": "{caller_number}", "value": "0" },
        "events": [{ "name": "qualified", "value": "12.50", "currency": "USD" }, { "name": "late", "value": 1 }],
        "customPixels": [{ "name": "Other", "url": "https://o.example/", "parameters": { "e": "{session_id}" } }] }));
    let who = "who=a%26b%3Dc%20%23%3F%2F%C3%A9";
    assert_eq!(
        told,
        [
            format!(
                "qualified: Post https://p.example/t [currency=USD&event=qualified&value=12.50&{who}] 3000ms x2"
            ),
            format!("late: Post https://p.example/t [event=late&value=1&{who}] 3000ms x2"),
            "Other: Post https://o.example/ [e=00000000-0000-0000-0000-000000000002] 3000ms x2"
                .to_owned(),
        ]
    );
}

#[test]
fn a_delivery_has_one_id_however_often_the_event_is_run_and_each_visit_its_own() {
    let nodes = json!([{ "id": "start", "type": "start" },
        { "id": "p", "type": "tracking_pixel", "config": { "pixelUrl": "https://p.example/",
            "events": [{ "name": "a" }, { "name": "b" }] } },
        { "id": "m", "type": "ivr_menu", "config": { "message": "Again?", "options": [{ "key": "1" }] } },
        { "id": "e", "type": "end" }]);
    let flow = flow(nodes, "start.next>p p.next>m m.key:1>p m.timeout>e");
    let program = program(&flow);
    let ids = |inputs: &[&str]| -> Vec<_> {
        let (_, turn) = walk(&program, &Facts::at(NOON), inputs);
        turn.deliveries.iter().map(|delivery| delivery.id).collect()
    };
    let (first, second) = (ids(&[]), ids(&["keys:1"]));
    assert_eq!((first.len(), second.len()), (2, 2));
    assert_eq!(first, ids(&[]));
    assert_eq!(second, ids(&["keys:1"]));
    let all: std::collections::BTreeSet<_> = first.iter().chain(&second).collect();
    assert_eq!(all.len(), 4);
}

/// What one event leaves to be sent, and what its node says of it.
fn sent(definition: &FlowDefinition, tag: &str) -> (Turn, Vec<String>) {
    let mut facts = Facts::at(NOON);
    facts.tags = Tags::default();
    facts.tags.set("t", tag).unwrap();
    let (_, turn) = walk(&program(definition), &facts, &[]);
    let runs = runs(&turn);
    (turn, runs)
}

#[test]
fn a_url_that_is_too_long_is_not_queued_and_the_log_says_so() {
    // An ampersand has three bytes in a URL.
    let parameters = json!({ "a": "{tag.t}", "b": "{tag.t}", "c": "{tag.t}", "d": "{tag.t}" });
    let definition = |method: &str| {
        let config = json!({ "pixelUrl": "https://p.example/", "method": method,
            "parameters": parameters, "customPixels": [{ "name": "short", "url": "https://o.example/" }] });
        one("tracking_pixel", config, &["next"])
    };
    let names = |turn: &Turn| {
        let names = turn.deliveries.iter().map(|one| one.name.clone());
        names.collect::<Vec<_>>()
    };
    let (turn, told) = sent(&definition("GET"), &"&".repeat(600));
    assert_eq!(names(&turn), ["pixel", "short"]);
    assert_eq!(told[1], "n/next//");
    let (turn, told) = sent(&definition("GET"), &"&".repeat(900));
    assert_eq!(names(&turn), ["short"]);
    assert_eq!(told[1], "n/next//pixel was not sent: a URL has more than 8192 bytes");
    // A form may be larger.
    let (turn, told) = sent(&definition("POST"), &"&".repeat(900));
    assert_eq!(
        (names(&turn), told[1].as_str()),
        (vec!["pixel".into(), "short".into()], "n/next//")
    );
    // The URL itself, without any parameters, and to the byte.
    let config = json!({ "pixelUrl": "https://p.example/{tag.t}{tag.t}{tag.t}" });
    let definition = one("tracking_pixel", config, &["next"]);
    let base = "https://p.example/".len();
    let most = (limits::PIXEL_URL_BYTES - base) / 9;
    assert_eq!(sent(&definition, &"&".repeat(most)).0.deliveries.len(), 1);
    let (turn, told) = sent(&definition, &"&".repeat(most + 1));
    assert_eq!(turn.deliveries, []);
    assert_eq!(told[1], "n/next//pixel was not sent: a URL has more than 8192 bytes");
    // And both together: 21 bytes, and nine for each ampersand.
    let config = json!({ "pixelUrl": "https://p.example/{tag.t}{tag.t}",
        "parameters": { "a": "{tag.t}" } });
    let definition = one("tracking_pixel", config, &["next"]);
    let most = (limits::PIXEL_URL_BYTES - base - "?a=".len()) / 9;
    assert_eq!(sent(&definition, &"&".repeat(most)).0.deliveries.len(), 1);
    assert_eq!(sent(&definition, &"&".repeat(most + 1)).0.deliveries, []);
}

#[test]
fn a_value_that_leads_to_another_path_is_not_queued() {
    let config = json!({ "pixelUrl": "https://p.example/a/{tag.t}/b?c={tag.t}" });
    let definition = one("tracking_pixel", config, &["next"]);
    assert_eq!(sent(&definition, "...").0.deliveries.len(), 1);
    let (turn, told) = sent(&definition, "..");
    assert_eq!(turn.deliveries, []);
    assert_eq!(
        told[1],
        "n/next//pixel was not sent: a value makes a part of a URL's path that is a dot or two"
    );
}

#[test]
fn a_form_that_is_too_large_is_not_queued() {
    let parameters: serde_json::Map<String, Value> =
        (0..50).map(|index| (format!("p{index}"), json!("{tag.t}"))).collect();
    let config = json!({ "pixelUrl": "https://p.example/", "method": "POST",
        "parameters": parameters, "events": [{ "name": "a" }, { "name": "b" }] });
    let definition = one("tracking_pixel", config, &["next"]);
    assert_eq!(sent(&definition, &"x".repeat(1_000)).0.deliveries.len(), 2);
    let (turn, told) = sent(&definition, &"&".repeat(500));
    assert_eq!(turn.deliveries, []);
    let note = "a and 1 more were not sent: a form has more than 65536 bytes";
    assert_eq!(told[1], format!("n/next//{note}"));
}

#[test]
fn one_event_sends_so_many_pixels_and_bytes_at_the_most() {
    let events = |count: usize| {
        (0..count).map(|index| json!({ "name": format!("e{index}") })).collect::<Vec<_>>()
    };
    let chain = |nodes: usize, config: &Value| {
        let mut all = vec![json!({ "id": "start", "type": "start" })];
        let mut connections = String::from("start.next>n0 ");
        for index in 0..nodes {
            all.push(
                json!({ "id": format!("n{index}"), "type": "tracking_pixel", "config": config }),
            );
            connections += &format!("n{index}.next>n{} ", index + 1);
        }
        all.push(json!({ "id": format!("n{nodes}"), "type": "end" }));
        flow(Value::Array(all), &connections)
    };
    let many = json!({ "pixelUrl": "https://p.example/", "events": events(50) });
    let (turn, told) = sent(&chain(4, &many), "");
    assert_eq!((turn.deliveries.len(), told[4].as_str()), (limits::FLOW_PIXELS, "n3/next//"));
    let (turn, told) = sent(&chain(5, &many), "");
    assert_eq!(turn.deliveries.len(), limits::FLOW_PIXELS);
    let note = "e0 and 49 more were not sent: one event sends at most 200 pixels";
    assert_eq!(told[5], format!("n4/next//{note}"));
    let large = json!({ "pixelUrl": "https://p.example/", "method": "POST", "events": events(10),
        "parameters": (0..20).map(|index| (format!("p{index}"), json!("x".repeat(3_000))))
            .collect::<serde_json::Map<_, _>>() });
    let (turn, told) = sent(&chain(1, &large), "");
    assert_eq!(turn.deliveries.len(), 8);
    let note = "e8 and 1 more were not sent: the pixels of one event have at most 500000 bytes";
    assert_eq!(told[1], format!("n0/next//{note}"));
}

/// A caller who presses a key over and over would fill the outbox.
#[test]
fn a_parameter_of_megabytes_is_refused() {
    let nodes = json!([{ "id": "start", "type": "start" },
        { "id": "m", "type": "ivr_menu", "config": { "message": "Again?", "options": [{ "key": "1" }] } },
        { "id": "p", "type": "tracking_pixel", "config": { "pixelUrl": "https://p.example/",
            "method": "POST", "parameters": { "x": "x".repeat(3_000_000) } } },
        { "id": "e", "type": "end" }]);
    let definition = flow(nodes, "start.next>m m.key:1>p m.timeout>e p.next>m");
    let checked = check(&definition, Some(&Surroundings::default()));
    assert!(checked.program.is_none());
    let codes: Vec<_> = checked.problems.iter().map(|problem| &*problem.code).collect();
    assert_eq!(codes, ["too_long"]);
    assert_eq!(checked.problems[0].path, "/nodes/2/config/parameters/x");
}

#[test]
fn a_last_message_that_may_be_cut_leaves_the_cut_to_be_sent() {
    let (turn, _) =
        sent(&one("end", json!({ "message": "Bye.", "maxPlaybackSeconds": 7 }), &[]), "");
    let [cut] = &turn.deliveries[..] else { panic!("{turn:?}") };
    assert_eq!((cut.name.as_str(), cut.retries), ("cut", 3));
    assert_eq!(cut.payload, Payload::HangUp { after_secs: 7 });
}
