//! Documents with everything that is wrong with them, all at once. The documents stand in `broken/`.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::driver::{flow, one};
use crate::flow::{FlowDefinition, FlowProblem, Surroundings, check};
use crate::vocabulary::mends::says_how_to_mend;
use crate::vocabulary::{Severity, limits};

const BUYER: &str = "018f0000-0000-7000-8000-000000000001";

fn around() -> Surroundings {
    Surroundings {
        buyers: [BUYER.parse().unwrap()].into(),
        routers: ["018f0000-0000-7000-8000-000000000002".parse().unwrap()].into(),
        tags: ["source".to_owned()].into(),
    }
}

fn shown(problem: &FlowProblem) -> String {
    let severity = if problem.severity == Severity::Error { "error" } else { "warning" };
    let node = problem.node_id.as_deref().unwrap_or("-");
    format!("{severity} {} {node} {}", problem.code, problem.path)
}

fn texts(value: &Value) -> Vec<String> {
    let texts = value.as_array().into_iter().flatten();
    texts.map(|text| text.as_str().unwrap().to_owned()).collect()
}

/// Checks a document, and that a program comes out of it if nothing is an error.
fn found(definition: &FlowDefinition, about: &str) -> Vec<FlowProblem> {
    let checked = check(definition, Some(&around()));
    let errors = checked.problems.iter().any(FlowProblem::blocks);
    assert_eq!(checked.program.is_none(), errors, "{about}");
    for problem in &checked.problems {
        assert!(says_how_to_mend(&problem.message), "{about}: {problem:?}");
    }
    checked.problems
}

/// A code that no table has is a sentence that nobody looks at.
#[test]
fn every_code_is_in_a_table() {
    let sources = [
        include_str!("../check/document.rs"),
        include_str!("../check/graph.rs"),
        include_str!("../check/mod.rs"),
        include_str!("../node/action.rs"),
        include_str!("../node/business_hours.rs"),
        include_str!("../node/condition.rs"),
        include_str!("../node/end.rs"),
        include_str!("../node/gather_input.rs"),
        include_str!("../node/ivr_menu.rs"),
        include_str!("../node/play_audio.rs"),
        include_str!("../node/prompt.rs"),
        include_str!("../node/router.rs"),
        include_str!("../node/splitter.rs"),
        include_str!("../node/tracking_pixel.rs"),
        include_str!("../node/weekday.rs"),
        include_str!("../pattern.rs"),
        include_str!("../reader.rs"),
    ];
    let told = regex::Regex::new(r#"\.(?:error|warning)\(\s*"([a-z_]+)""#).unwrap();
    let codes: BTreeSet<&str> = sources
        .iter()
        .flat_map(|source| told.captures_iter(source))
        .map(|told| told.get(1).unwrap().as_str())
        .collect();
    assert!(codes.len() >= 50, "{}", codes.len());
    let tables = [include_str!("broken/settings.json"), include_str!("broken/graphs.json")];
    let is_looked_at =
        |code: &&str| tables.iter().any(|table| table.contains(&format!(" {code} ")));
    let missing: Vec<&str> = codes.into_iter().filter(|code| !is_looked_at(code)).collect();
    assert_eq!(missing, ["too_long", "too_many_routes"], "the tests of sizes look at these");
}

#[test]
fn settings() {
    let cases: Vec<Value> = serde_json::from_str(include_str!("broken/settings.json")).unwrap();
    assert!(cases.len() >= 60, "{}", cases.len());
    let mut wrong = Vec::new();
    for case in cases {
        let about = case["about"].as_str().unwrap();
        let exits = texts(&case["exits"]);
        let exits: Vec<&str> = exits.iter().map(String::as_str).collect();
        let definition = one(case["type"].as_str().unwrap(), case["config"].clone(), &exits);
        // Places are given from the settings on; `config` is themselves, `-` is the node.
        let place = |problem: &String| {
            let (rest, path) = problem.rsplit_once(' ').unwrap();
            match path {
                "-" => format!("{rest} /nodes/1"),
                "config" => format!("{rest} /nodes/1/config"),
                path => format!("{rest} /nodes/1/config/{path}"),
            }
        };
        let expected: Vec<String> = texts(&case["problems"]).iter().map(place).collect();
        let found: Vec<String> = found(&definition, about).iter().map(shown).collect();
        if found != expected {
            wrong.push(format!("{about}: expected {expected:#?}, found {found:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn graphs() {
    let cases: Vec<Map<String, Value>> =
        serde_json::from_str(include_str!("broken/graphs.json")).unwrap();
    let mut wrong = Vec::new();
    for case in cases {
        let about = case["about"].as_str().unwrap();
        let mut document = json!({ "name": "test" });
        let fields = document.as_object_mut().unwrap();
        for key in ["name", "nodes", "connections"] {
            fields.extend(case.get(key).map(|value| (key.to_owned(), value.clone())));
        }
        if let Some(Value::Object(others)) = case.get("others") {
            fields.extend(others.clone());
        }
        let definition = serde_json::from_value(document).unwrap();
        let problems = found(&definition, about);
        let found: Vec<String> = problems.iter().map(shown).collect();
        let expected = texts(&case["problems"]);
        if found != expected {
            wrong.push(format!("{about}: expected {expected:#?}, found {found:#?}"));
        }
        for (says, problem) in texts(case.get("says").unwrap_or(&Value::Null)).iter().zip(&problems)
        {
            assert!(problem.message.contains(says), "{about}: {}", problem.message);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_gap_is_told_with_its_hours() {
    let config = json!({ "strategy": "time_based", "timezone": "UTC", "splits": [
        { "id": "a", "rules": [{ "startHour": 8, "endHour": 20 }] }] });
    let problems = found(&one("traffic_splitter", config, &["a"]), "gap");
    assert!(
        problems[0].message.starts_with("from Sunday 20:00 to Monday 08:00 no split"),
        "{problems:?}"
    );
}

#[test]
fn sizes() {
    let many = limits::FLOW_NODES + 1;
    let nodes: Vec<Value> =
        (0..many).map(|index| json!({ "id": index.to_string(), "type": "end" })).collect();
    let connection = json!({ "source": "0", "sourceHandle": "x", "target": "1" });
    let connections = vec![connection; limits::FLOW_CONNECTIONS + 1];
    let long = "x".repeat(limits::TEXT_CHARACTERS + 1);
    let document =
        json!({ "name": "test", "nodes": nodes, "connections": connections, "description": long });
    let definition: FlowDefinition = serde_json::from_value(document).unwrap();
    let found: Vec<String> = found(&definition, "sizes").iter().map(shown).take(3).collect();
    assert_eq!(
        found,
        [
            "error too_long - /description",
            "error too_many - /nodes",
            "error too_many - /connections"
        ]
    );
    let texts = one("end", json!({ "message": long }), &[]);
    assert_eq!(
        self::found(&texts, "text").iter().map(shown).collect::<Vec<_>>(),
        ["error too_long n /nodes/1/config/message"]
    );
}

#[test]
fn so_many_ways_to_route_calls() {
    let routers = |count: usize, ways: usize| {
        let mut nodes = vec![json!({ "id": "start", "type": "start" })];
        let mut connections = String::from("start.next>n0 ");
        for index in 0..count {
            let config = json!({ "campaignBuyers": true, "ringTimeout": 10 + index % ways });
            nodes.push(
                json!({ "id": format!("n{index}"), "type": "advanced_router", "config": config }),
            );
            connections += &format!("n{index}.no_route>n{} ", index + 1);
        }
        let last = json!({ "actionType": "route_to_buyer", "buyerId": BUYER });
        nodes.push(json!({ "id": format!("n{count}"), "type": "action", "config": last }));
        nodes.push(json!({ "id": "e", "type": "end" }));
        connections += &format!("n{count}.failed>e");
        let problems = self::found(&flow(Value::Array(nodes), &connections), "routers");
        problems.iter().map(shown).collect::<Vec<_>>()
    };
    let most = limits::FLOW_ROUTES - 1;
    assert_eq!(routers(most, most), [""; 0]);
    assert_eq!(routers(3 * most, most), [""; 0], "settings are shared");
    assert_eq!(routers(most + 1, most + 1), ["error too_many_routes - /nodes"]);
}

#[test]
fn sizes_of_code_and_pixels() {
    let one_of = |kind: &str, config: Value, exits: &[&str]| {
        let problems = self::found(&one(kind, config, exits), kind);
        problems.iter().map(shown).collect::<Vec<_>>()
    };
    let code = json!({ "conditionType": "custom", "code": "x".repeat(limits::CODE_BYTES + 1) });
    assert_eq!(
        one_of("condition", code, &["yes", "no"]),
        ["error too_long n /nodes/1/config/code"]
    );
    let pixel = |method: &str, values: usize, characters: usize| {
        let value = "x".repeat(characters);
        let values = (0..values).map(|index| (format!("p{index}"), json!(value)));
        let parameters: Map<String, Value> = values.collect();
        let config = json!({ "pixelUrl": "https://p.example/", "method": method,
            "parameters": parameters, "events": [{ "name": "a" }, { "name": "b" }] });
        one_of("tracking_pixel", config, &["next"])
    };
    let too_long = ["error too_long n /nodes/1/config/pixelUrl"];
    assert_eq!(pixel("GET", 2, 3_000), [""; 0]);
    assert_eq!(pixel("GET", 3, 3_000), too_long);
    assert_eq!(pixel("POST", 20, 3_000), [""; 0]);
    assert_eq!(pixel("POST", 22, 3_000), too_long);
    assert_eq!(pixel("POST", 51, 1), ["error too_many n /nodes/1/config/parameters"]);
    assert_eq!(
        pixel("POST", 1, limits::TEXT_CHARACTERS + 1),
        ["error too_long n /nodes/1/config/parameters/p0"]
    );
}

#[test]
fn without_surroundings_names_outside_are_taken_as_known() {
    let config = json!({ "prompt": "{name}?" });
    let checked = check(&one("gather_input", config, &["valid", "failed"]), None);
    assert_eq!(checked.problems, []);
    let code =
        one("condition", json!({ "conditionType": "custom", "code": "return 1" }), &["yes", "no"]);
    let code = check(&code, None).code;
    assert_eq!(
        (code[0].node_id.as_str(), code[0].path.as_str(), code[0].code.as_str()),
        ("n", "/nodes/1/config/code", "return 1")
    );
}

/// Five hundred nodes in one large knot: each can be the next of many others without a question.
#[test]
fn the_loops_of_the_largest_flow_are_told_up_to_a_limit() {
    let split = |at: usize, size: usize| {
        let splits = (0..limits::SPLITS).map(|split| {
            json!({ "id": split.to_string(), "nodeId": ((at * 7 + split * 31 + 1) % size + 1).to_string() })
        });
        let config = json!({ "strategy": "round_robin", "splits": splits.collect::<Vec<_>>() });
        json!({ "id": (at + 1).to_string(), "type": "traffic_splitter", "config": config })
    };
    let size = limits::FLOW_NODES - 1;
    let mut nodes = vec![json!({ "id": "start", "type": "start" })];
    nodes.extend((0..size).map(|at| split(at, size)));
    let connections =
        json!([{ "id": "c", "source": "start", "sourceHandle": "next", "target": "1" }]);
    let document = json!({ "name": "knot", "nodes": nodes, "connections": connections });
    let definition: FlowDefinition = serde_json::from_value(document).unwrap();
    let problems = check(&definition, None).problems;
    assert_eq!(problems.len(), 25);
    assert!(problems.iter().all(|problem| problem.code == "silent_loop"));
}
