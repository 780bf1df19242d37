//! Flows that look right: graphs of all eleven node types with settings that are mostly valid, so
//! that what runs a program is reached and not only what refuses one.

use serde_json::{Map, Value, json};

use super::choices::Choices;

/// Most nodes beside the start and the last end.
const NODES: u64 = 14;
const BUYER: &str = "00000000-0000-4000-8000-000000000001";
const OTHER_BUYER: &str = "00000000-0000-4000-8000-000000000002";

/// A node's settings and the exits that they make.
struct Made {
    kind: &'static str,
    config: Value,
    exits: Vec<String>,
}

/// A document out of these decisions.
pub(crate) fn flow(choices: &mut Choices<'_>) -> Value {
    let inner = usize::try_from(choices.number(1, NODES)).unwrap_or(1);
    let mut made = vec![Made::new("start", json!({}), &["next"])];
    made.extend((0..inner).map(|_| node(choices)));
    made.push(Made::new("end", end(choices), &[]));
    let last = made.len() - 1;
    let mut connections = Vec::new();
    for (index, node) in made.iter().enumerate() {
        for exit in &node.exits {
            if choices.chance(4) {
                continue;
            }
            let target = target(choices, index, last);
            connections.push(json!({
                "id": format!("c{}", connections.len()),
                "source": format!("n{index}"),
                "sourceHandle": exit,
                "target": format!("n{target}"),
            }));
        }
    }
    let nodes = made.into_iter().enumerate().map(|(index, mut node)| {
        spoil(choices, &mut node.config);
        json!({ "id": format!("n{index}"), "type": node.kind, "config": node.config })
    });
    json!({ "name": "Generated", "nodes": nodes.collect::<Vec<_>>(), "connections": connections })
}

/// Mostly forward, so that few graphs are refused for a silent loop.
fn target(choices: &mut Choices<'_>, index: usize, last: usize) -> usize {
    if choices.are_made() || index >= last {
        return last;
    }
    match choices.chance(15) {
        true => 1 + choices.below(last),
        false => index + 1 + choices.below(last - index),
    }
}

/// Now and then, something that no editor writes.
fn spoil(choices: &mut Choices<'_>, config: &mut Value) {
    let Some(fields) = config.as_object_mut().filter(|_| choices.chance(2)) else { return };
    let keys: Vec<String> = fields.keys().cloned().collect();
    let key = match keys.is_empty() || choices.chance(30) {
        true => choices.word(),
        false => keys[choices.below(keys.len())].clone(),
    };
    let values = [Value::Null, json!(-1), json!(1e300), json!([[]]), json!({"a/~b": {}})];
    let at = choices.below(values.len() + 1);
    let value = values.get(at).cloned().unwrap_or_else(|| json!(choices.word()));
    fields.insert(key, value);
}

fn node(choices: &mut Choices<'_>) -> Made {
    match choices.number(0, 11) {
        0 => Made::new("end", end(choices), &[]),
        1 | 2 => menu(choices),
        3 | 4 => gather(choices),
        5 => Made::new("play_audio", play(choices), &["next"]),
        6 => Made::new("business_hours", hours(choices), &["open", "closed", "holiday"]),
        7 => Made::new("advanced_router", router(choices), &["connected", "no_route", "overflow"]),
        8 => splitter(choices),
        9 => Made::new("tracking_pixel", pixel(choices), &["next"]),
        10 => action(choices),
        _ => Made::new("condition", condition(choices), &["yes", "no", "error"]),
    }
}

fn end(choices: &mut Choices<'_>) -> Value {
    if !choices.chance(70) {
        return json!({ "endType": "hangup" });
    }
    let config = json!({ "endType": "message", "message": text(choices) });
    voiced(choices, config)
}

fn menu(choices: &mut Choices<'_>) -> Made {
    let count = usize::try_from(choices.number(1, 12)).unwrap_or(1);
    let keys = || "123456789*0#".chars().take(count);
    let options = keys().map(|key| json!({ "key": key, "label": "an option" }));
    let mut config = json!({
        "options": options.collect::<Vec<_>>(),
        "timeout": choices.number(1, 60),
        "maxRetries": choices.number(0, 10),
    });
    match choices.chance(20) {
        true => config["audioUrl"] = json!(url(choices)),
        false => config["message"] = json!(text(choices)),
    }
    if choices.chance(50) {
        config["invalidMessage"] = json!(text(choices));
    }
    let keys = keys().map(|key| format!("key:{key}"));
    let exits = keys.chain(["timeout".to_owned(), "invalid".to_owned()]);
    Made { kind: "ivr_menu", config: voiced(choices, config), exits: exits.collect() }
}

fn gather(choices: &mut Choices<'_>) -> Made {
    let mut config = json!({
        "inputType": choices.pick(&["digits", "speech", "both"]),
        "prompt": text(choices),
        "maxRetries": choices.number(0, 10),
        "timeout": choices.number(1, 60),
        "finishOnKey": choices.pick(&["#", "*", "", "5"]),
        "variable": choices.pick(&["zip", "account-no", "voicemail_url", ""]),
        "sensitive": choices.chance(40),
    });
    if choices.chance(50) {
        let least = choices.number(0, 12);
        config["minLength"] = json!(least);
        config["maxLength"] = json!(choices.number(least.max(1), 128));
    }
    if choices.chance(40) {
        let patterns = ["^[0-9]{5}$", "(?i)yes|no", ".*", "^(a+)+$", r"\p{L}+", "[", "a{1000}"];
        config["pattern"] = json!(choices.pick(&patterns));
    }
    if choices.chance(30) {
        let hint = choices.pick(&["yes", "<no>", "a, b", "", "no \u{ffff}"]);
        config["hints"] = json!([hint, "sales & more"]);
        if choices.chance(20) {
            let hints = usize::try_from(choices.number(1, 60)).unwrap_or(1);
            config["hints"] = json!(vec![format!("x{}x", "\t".repeat(98)); hints]);
        }
    }
    for key in ["retryPrompt", "errorPrompt"] {
        if choices.chance(40) {
            config[key] = json!(text(choices));
        }
    }
    Made::new("gather_input", voiced(choices, config), &["valid", "failed"])
}

fn play(choices: &mut Choices<'_>) -> Value {
    let mut config = match choices.chance(40) {
        true => json!({ "messageType": "audio", "audioUrl": url(choices) }),
        false => json!({ "messageType": "tts", "text": text(choices) }),
    };
    config["loop"] = json!(choices.number(1, 100));
    if choices.chance(30) {
        config["speed"] = json!(choices.pick(&[0.5, 1.0, 1.25, 2.0]));
    }
    voiced(choices, config)
}

fn hours(choices: &mut Choices<'_>) -> Value {
    let mut week = Map::new();
    for day in ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] {
        if choices.chance(70) {
            let range = json!({ "open": time(choices), "close": time(choices) });
            let day_off = choices.chance(20);
            week.insert(day.into(), json!({ "enabled": !day_off, "timeRanges": [range] }));
        }
    }
    json!({
        "timezone": zone(choices),
        "businessHours": week,
        "holidays": [{ "date": "2025-12-25", "enabled": true, "name": choices.word() }],
        "holidayBehavior": choices.pick(&["override", "regular"]),
    })
}

fn router(choices: &mut Choices<'_>) -> Value {
    let strategies = ["priority", "round_robin", "capacity", "performance", "skills", "rtb"];
    let mut config = json!({
        "strategy": choices.pick(&strategies),
        "ringTimeout": choices.number(5, 60),
        "maxAttempts": choices.number(1, 5),
        "requiredSkills": { "spanish": choices.number(1, 5) },
    });
    match choices.chance(40) {
        true => config["campaignBuyers"] = json!(true),
        false => {
            config["buyers"] = json!([
                { "buyerId": BUYER, "priority": choices.number(1, 10), "weight": choices.number(0, 9) },
                { "buyerId": OTHER_BUYER, "maxConcurrent": choices.number(0, 3) },
            ]);
        }
    }
    config
}

fn splitter(choices: &mut Choices<'_>) -> Made {
    let strategy = choices.pick(&["weighted", "round_robin", "percentage", "time_based"]);
    let count = choices.number(1, 5);
    let mut exits = Vec::new();
    let splits = (0..count).map(|n| {
        let name = format!("s{n}");
        exits.push(name.clone());
        let mut split = json!({ "id": name, "name": "A branch" });
        match strategy {
            "percentage" => {
                let share = 100 / count;
                let rest = if n == 0 { 100 - share * count } else { 0 };
                split["percentage"] = json!(share + rest);
            }
            "time_based" => {
                let rule = json!({ "startHour": choices.number(0, 23), "endHour": choices.number(0, 24),
                    "daysOfWeek": [choices.pick(&["monday", "tuesday", "sunday"])] });
                split["rules"] = json!([rule]);
            }
            _ => split["weight"] = json!(choices.number(1, 9)),
        }
        split
    });
    let splits: Vec<Value> = splits.collect();
    exits.push("fallback".into());
    let mut config = json!({ "strategy": strategy, "splits": splits });
    config["enableFailover"] = json!(choices.chance(60));
    if strategy == "time_based" {
        config["timezone"] = json!(zone(choices));
    }
    Made { kind: "traffic_splitter", config, exits }
}

fn pixel(choices: &mut Choices<'_>) -> Value {
    json!({
        "pixelUrl": url(choices),
        "parameters": { "caller": "{caller_number}", "zip": text(choices), choices.word(): "1" },
        "customPixels": [{ "name": "own", "url": url(choices), "parameters": { "v": "1.00" } }],
        "events": [{ "name": "qualified", "value": "12.50", "currency": "USD" }],
        "method": choices.pick(&["GET", "POST"]),
        "timeout": choices.number(1, 30),
        "retries": choices.number(0, 10),
    })
}

fn action(choices: &mut Choices<'_>) -> Made {
    let number =
        choices.pick(&["+13105550100", "sip:desk@example.com", "tel", "sip:a&b@x.example;t=<1>"]);
    let dialling = ["connected", "failed"];
    let (config, exits): (Value, &[&str]) = match choices.number(0, 5) {
        0 => (json!({ "actionType": "route_to_buyer", "buyerId": BUYER }), &dialling),
        1 => (json!({ "actionType": "external", "number": number }), &dialling),
        2 => {
            let queue =
                choices.pick(&["support", "Q & <A>", "ä", " ", "sales \u{ffff}", "\u{fffe}"]);
            (json!({ "actionType": "queue", "queue": queue }), &dialling)
        }
        3 => (json!({ "actionType": "hangup", "message": text(choices) }), &[]),
        4 => {
            let how = choices.pick(&["warm", "cold"]);
            (json!({ "actionType": "transfer", "number": number, "transferType": how }), &dialling)
        }
        _ => {
            let config = json!({
                "actionType": "voicemail",
                "message": text(choices),
                "maxLength": choices.number(1, 3_600),
                "format": choices.pick(&["wav", "mp3"]),
                "transcribe": choices.chance(50),
            });
            (config, &["done"])
        }
    };
    Made::new("action", config, exits)
}

fn condition(choices: &mut Choices<'_>) -> Value {
    match choices.number(0, 2) {
        0 => {
            let rule = choices.pick(&["starts_with", "equals", "in_list", "matches"]);
            json!({ "conditionType": "caller_id", "rule": rule, "value": "+1310" })
        }
        1 => json!({
            "conditionType": "time",
            "timezone": zone(choices),
            "startTime": time(choices),
            "endTime": time(choices),
            "daysOfWeek": ["monday", "friday"],
        }),
        _ => json!({ "conditionType": "custom", "code": "return call.vars.zip === '90210';" }),
    }
}

fn voiced(choices: &mut Choices<'_>, mut config: Value) -> Value {
    if choices.chance(30) {
        config["voice"] =
            json!(choices.pick(&["alice", "Polly.Joanna", "man", "Nobody.Known", "Polly."]));
        config["language"] = json!(choices.pick(&["en-US", "de-DE", "xx-Nope", "zh-Hant-TW"]));
        if choices.chance(10) {
            config["language"] = json!(format!("en{}", "-abcdefgh".repeat(300)));
        }
    }
    config
}

fn text(choices: &mut Choices<'_>) -> String {
    let texts = [
        "Welcome. Press one for sales.",
        "You called {called_number} from {caller_number}.",
        "Your code is {zip|not known}; {tag.source} <&\"'> {unclosed",
        "\u{0}\u{7}\u{fffe}",
        "{zip}",
    ];
    match choices.number(0, 8) {
        5 => choices.word(),
        6 => "&'\"<".repeat(usize::try_from(choices.number(1, 750)).unwrap_or(1)),
        7 => "{zip}".repeat(usize::try_from(choices.number(1, 600)).unwrap_or(1)),
        8 => {
            let blank = choices.pick(&["\r", "\n", "\t", "\r\n"]);
            format!("x{}", blank.repeat(usize::try_from(choices.number(1, 1_499)).unwrap_or(1)))
        }
        _ => choices.pick(&texts).to_owned(),
    }
}

fn url(choices: &mut Choices<'_>) -> String {
    let urls = [
        "https://cdn.example.com/a.mp3",
        "https://p.example.com/t?z={zip}&c={caller_number}#f",
        "http://p.example.com:8080/{tag.source|none}?",
        "https://p.example.com/ä b/<x>&'\"",
        "https://p.example.com/ä/<x>&'\"",
        "https://cdn.example.com/{tag.source}/../%2{zip}/.{account-no}.mp3",
    ];
    match choices.chance(3) {
        true => format!("https://cdn.example.com/{}.mp3", choices.pick(&['\u{fffe}', '\u{ffff}'])),
        false => choices.pick(&urls).to_owned(),
    }
}

fn zone(choices: &mut Choices<'_>) -> &'static str {
    choices.pick(&["America/New_York", "UTC", "Australia/Lord_Howe", "Asia/Kathmandu"])
}

fn time(choices: &mut Choices<'_>) -> String {
    match choices.chance(10) {
        true => "24:00".into(),
        false => format!("{:02}:{:02}", choices.number(0, 23), choices.number(0, 59)),
    }
}

impl Made {
    fn new(kind: &'static str, config: Value, exits: &[&str]) -> Self {
        Self { kind, config, exits: exits.iter().map(|exit| (*exit).to_owned()).collect() }
    }
}
