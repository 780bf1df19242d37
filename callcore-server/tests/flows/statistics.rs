//! What calls did in a flow is told by its statistics and by the log of its executions.

use callcore::model::FlowDefinition;
use serde_json::{Value, json};

use crate::api::Owner;
use crate::flow::{flow, menu};
use crate::office::{FLOW, Office, configure, journey, publish, settings};

/// Always open, then three of four calls to a menu and the fourth to a question for a secret.
fn shop() -> FlowDefinition {
    let days = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    let day = json!({ "enabled": true, "timeRanges": [{ "open": "00:00", "close": "24:00" }] });
    let week: serde_json::Map<String, Value> =
        days.iter().map(|name| ((*name).to_owned(), day.clone())).collect();
    let splits = json!({ "strategy": "weighted", "splits": [
        { "id": "many", "weight": 3 }, { "id": "few", "weight": 1 }] });
    flow(
        &[
            (
                "hours",
                "business_hours",
                json!({ "timezone": "Asia/Kolkata", "businessHours": week }),
            ),
            ("ab", "traffic_splitter", splits),
            ("menu", "ivr_menu", json!({ "message": "Press 1.", "options": [{ "key": "1" }] })),
            (
                "pin",
                "gather_input",
                json!({ "prompt": "PIN?", "maxLength": 4, "variable": "pin",
                "sensitive": true }),
            ),
            ("bye", "end", json!({ "message": "Goodbye." })),
        ],
        &[
            ("hours", "open", "ab"),
            ("hours", "closed", "bye"),
            ("ab", "many", "menu"),
            ("ab", "few", "pin"),
            ("menu", "key:1", "bye"),
            ("menu", "timeout", "bye"),
            ("pin", "valid", "bye"),
            ("pin", "failed", "bye"),
        ],
    )
}

/// Four calls: of the three that come to the menu one is over, one hung up and one is still there.
async fn played() -> (Office, Owner, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let office = Office::open(settings(&folder)).await;
    configure(&office.app.stores, shop()).await;
    let mut at_the_menu = Vec::new();
    for call in ["CA1", "CA2", "CA3", "CA4"] {
        if office.line.voice(call).await.text.contains("PIN?") {
            let heard = office.line.step(call, 1, &[("Digits", "4711")]).await;
            assert!(heard.text.contains("Goodbye."), "{heard:?}");
            office.line.status(call, "completed").await;
        } else {
            at_the_menu.push(call);
        }
    }
    let [done, gone, _] = at_the_menu[..] else { panic!("{at_the_menu:?}") };
    assert!(office.line.step(done, 1, &[("Digits", "9")]).await.text.contains("Press 1."));
    assert!(office.line.step(done, 2, &[("Digits", "1")]).await.text.contains("Goodbye."));
    for call in [done, gone] {
        office.line.status(call, "completed").await;
    }
    let owner = Owner::of(&office).await;
    (office, owner, folder)
}

fn path(rest: &str) -> String {
    format!("/api/flows/{}/{rest}", FLOW.uuid())
}

/// The figures of a node.
fn node<'a>(stats: &'a Value, id: &str) -> &'a Value {
    stats["nodes"].as_array().unwrap().iter().find(|node| node["nodeId"] == id).unwrap()
}

#[tokio::test]
async fn the_figures_of_a_flow_are_those_of_its_calls() {
    let (office, owner, _folder) = played().await;
    let stats = owner.get(200, &path("stats")).await;
    assert_eq!((&stats["calls"], &stats["truncated"]), (&json!(4), &json!(false)));
    let outcomes =
        json!({ "running": 1, "completed": 2, "abandoned": 1, "failed": 0, "expired": 0 });
    assert_eq!(stats["outcomes"], outcomes);
    assert_eq!(stats["versions"], json!([{ "version": 1, "calls": 4 }]));
    let menu = node(&stats, "menu");
    for (name, expected) in [
        ("type", json!("ivr_menu")),
        ("executions", json!(3)),
        ("calls", json!(3)),
        ("completed", json!(1)),
        ("completionRate", json!(0.3333)),
        ("droppedOff", json!(1)),
        ("waiting", json!(1)),
        ("failedOver", json!(0)),
        ("exits", json!([{ "exit": "key:1", "executions": 1, "share": 1.0 }])),
        ("branches", json!(null)),
        ("volume", json!(null)),
    ] {
        assert_eq!(menu[name], expected, "{name} of {menu}");
    }
    assert_eq!(menu["timeMs"]["measured"], 2);
    let branches = json!([
        { "exit": "few", "calls": 1, "failedOver": 0, "share": 0.25, "configuredShare": 0.25, "difference": 0.0 },
        { "exit": "many", "calls": 3, "failedOver": 0, "share": 0.75, "configuredShare": 0.75, "difference": 0.0 }]);
    assert_eq!(node(&stats, "ab")["branches"], branches);
    let volume = &node(&stats, "hours")["volume"];
    assert_eq!((&volume["timezone"], &volume["inHours"]), (&json!("Asia/Kolkata"), &json!(4)));
    assert_eq!(volume["peak"]["hour"], volume["peakHour"]);
    let hours = volume["byHour"].as_array().unwrap().iter();
    assert_eq!(hours.map(|calls| calls.as_u64().unwrap()).sum::<u64>(), 4);
    let paths = &stats["paths"];
    let commonest = json!({ "nodeIds": ["start", "hours", "ab", "menu"], "cut": false, "calls": 2, "share": 0.5 });
    assert_eq!(paths[0], commonest, "{paths}");
    assert_eq!(paths.as_array().unwrap().len(), 3);
    office.close().await;
}

#[tokio::test]
async fn a_version_has_figures_of_its_own_and_wrong_questions_are_told_all_at_once() {
    let (office, owner, _folder) = played().await;
    publish(&office.app.stores, menu("The second version.")).await;
    office.line.voice("CA5").await;
    assert_eq!(owner.get(200, &path("stats")).await["calls"], 5);
    for (version, calls) in [(1, 4), (2, 1)] {
        let stats = owner.get(200, &path(&format!("stats?version={version}"))).await;
        assert_eq!((&stats["calls"], &stats["version"]), (&json!(calls), &json!(version)));
    }
    assert_eq!(owner.get(200, &path("stats?to=2020-01-01T00:00:00Z")).await["calls"], 0);
    for rest in ["stats", "executions"] {
        let wrong = owner.get(422, &path(&format!("{rest}?from=now&version=0"))).await;
        let places: Vec<_> =
            wrong["errors"].as_array().unwrap().iter().map(|error| error["path"].clone()).collect();
        assert_eq!(places, ["/from", "/version"]);
        let backwards = "from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z";
        assert_eq!(
            owner.get(422, &path(&format!("{rest}?{backwards}"))).await["errors"][0]["path"],
            "/to"
        );
        let unknown = owner.get(422, &path(&format!("{rest}?version=3"))).await;
        assert_eq!(unknown["errors"][0]["path"], "/version");
        owner.get(404, &format!("/api/flows/{}/{rest}", uuid::Uuid::nil())).await;
    }
    office.close().await;
}

#[tokio::test]
async fn the_log_tells_every_execution_once_and_no_secret() {
    let (office, owner, _folder) = played().await;
    let whole = owner.get(200, &path("executions?limit=500")).await;
    assert_eq!(whole["nextCursor"], json!(null));
    let items = whole["items"].as_array().unwrap();
    // Start, hours and splitter of four calls; three menus, a question, two ends.
    assert_eq!(items.len(), 18);
    for limit in [1, 2, 5, 17] {
        let (mut met, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = owner.get(200, &path(&format!("executions?limit={limit}{cursor}"))).await;
            let found = page["items"].as_array().unwrap();
            assert!(found.len() <= limit);
            met.extend(found.iter().cloned());
            let Some(next) = page["nextCursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(&met, items, "in pages of {limit}");
    }
    let pins = owner.get(200, &path("executions?nodeId=pin")).await;
    let [pin] = &pins["items"].as_array().unwrap()[..] else { panic!("{pins}") };
    assert_eq!((&pin["inputs"], &pin["exit"]), (&json!(["****"]), &json!("valid")));
    assert!(pin["durationMs"].is_u64(), "{pin}");
    let asked = owner.get(200, &path("executions?nodeId=menu&version=1")).await;
    let inputs: Vec<_> =
        asked["items"].as_array().unwrap().iter().filter(|one| one["exit"] == "key:1").collect();
    assert_eq!(inputs[0]["inputs"], json!(["9", "1"]));
    let endings = ["exit", "dropped_off", "waiting"].map(|ending| {
        asked["items"].as_array().unwrap().iter().filter(|one| one["ending"] == ending).count()
    });
    assert_eq!(endings, [1, 1, 1]);
    // A cursor of one page stays where it is when the call goes on.
    let first = owner.get(200, &path("executions?limit=1")).await;
    let newest = first["items"][0]["callId"].clone();
    let call = journey(&office.app.stores, "CA4").await.call;
    assert_eq!(newest, json!(call.id.uuid()));
    owner.get(422, &path("executions?cursor=x")).await;
    owner.get(422, &path("executions?limit=0")).await;
    office.close().await;
}
