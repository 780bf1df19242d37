//! `tracking_pixel`: what is sent, with values that cannot break out of their place.

use serde_json::{Value, json};

use super::driver::{Facts, NOON, flow, one, play, program, walk};

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
