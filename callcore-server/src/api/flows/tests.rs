//! Flows through the router, on the in-memory store and with custom code that is only pretended.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Request, header};
use callcore::memory::{MemoryStore, Offline};
use callcore::port::{Script, ScriptError};
use callcore::vocabulary::{TenantId, limits};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::clock::SystemClock;
use crate::config::Settings;
use crate::mends::says_how_to_mend;
use crate::state::Stores;

/// Reads everything but `broken`, and holds what is called `true`.
#[derive(Debug)]
struct Pretended;

#[async_trait]
impl Script for Pretended {
    async fn check(&self, code: &str) -> Result<(), ScriptError> {
        match code {
            "broken" => Err(ScriptError::Syntax("line 1".into())),
            "deep" => Err(ScriptError::Memory),
            "late" => Err(ScriptError::Timeout),
            _ => Ok(()),
        }
    }

    async fn run(&self, _: TenantId, code: &str, _: &Value) -> Result<bool, ScriptError> {
        Ok(code == "true")
    }
}

struct Office {
    router: Router,
    cookie: String,
}

impl Office {
    async fn with(script: impl Script + 'static) -> Self {
        let settings = Settings {
            public_url: Some("https://calls.example.com".into()),
            session_secret: Some("s".repeat(32)),
            encryption_key: Some("e".repeat(32)),
            ..Settings::default()
        };
        let stores = Stores::of(&Arc::new(MemoryStore::default()));
        let clock = Arc::new(SystemClock::default());
        let (config, egress) = (settings.check().unwrap(), Arc::new(Offline));
        let app = crate::start::shared(config, stores, clock, egress, Arc::new(script));
        let mut office = Self { router: crate::app::router(&app), cookie: String::new() };
        let owner = json!({ "username": "owner", "password": "correct horse battery staple" });
        office.expect(201, "POST", "/api/auth/setup", owner.clone()).await;
        let (_, cookie, _) = office.send("POST", "/api/auth/login", owner).await;
        office.cookie = cookie.unwrap();
        office
    }

    async fn send(&self, method: &str, path: &str, body: Value) -> (u16, Option<String>, Value) {
        let mut request =
            Request::builder().method(method).uri(path).header(header::COOKIE, &self.cookie);
        let mut content = Body::empty();
        if !body.is_null() {
            request = request.header(header::CONTENT_TYPE, "application/json");
            content = Body::from(body.to_string());
        }
        let mut request = request.body(content).unwrap();
        let peer: SocketAddr = "192.0.2.7:4711".parse().unwrap();
        request.extensions_mut().insert(ConnectInfo(peer));
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let line = response.headers().get(header::SET_COOKIE).map(|line| line.to_str().unwrap());
        let cookie = line.map(|line| line.split(';').next().unwrap().to_owned());
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (status, cookie, serde_json::from_slice(&bytes).unwrap_or_default())
    }

    async fn expect(&self, status: u16, method: &str, path: &str, body: Value) -> Value {
        let (found, _, answer) = self.send(method, path, body).await;
        assert_eq!(found, status, "{method} {path}: {answer}");
        answer
    }

    /// Saves a flow and answers its path.
    async fn flow(&self, flow: Value) -> String {
        let made = self.expect(201, "POST", "/api/flows", flow).await;
        format!("/api/flows/{}", made["id"].as_str().unwrap())
    }
}

/// A start, one node with these settings, and an end behind each of its exits.
fn around(kind: &str, config: &Value, exits: &[&str]) -> Value {
    let mut connections =
        vec![json!({ "source": "start", "sourceHandle": "next", "target": "node" })];
    connections.extend(
        exits.iter().map(|exit| json!({ "source": "node", "sourceHandle": exit, "target": "bye" })),
    );
    json!({
        "name": "Line",
        "nodes": [
            { "id": "start", "type": "start" },
            { "id": "node", "type": kind, "config": config },
            { "id": "bye", "type": "end", "config": {} },
        ],
        "connections": connections,
    })
}

fn condition(code: &str) -> Value {
    around("condition", &json!({ "conditionType": "custom", "code": code }), &["yes", "no"])
}

/// Severity, code and place of each problem; each must say how it is mended.
fn found(problems: &Value) -> Vec<(&str, &str, &str)> {
    let problems = problems["problems"].as_array().unwrap().iter();
    problems
        .map(|one| {
            let part = |key: &str| one[key].as_str().unwrap();
            assert!(says_how_to_mend(part("message")), "{one}");
            (part("severity"), part("code"), part("path"))
        })
        .collect()
}

#[tokio::test]
async fn custom_code_that_cannot_be_read_forbids_publishing() {
    let office = Office::with(Pretended).await;
    let path = office.flow(condition("broken")).await;
    let flow = office.expect(200, "GET", &path, Value::Null).await;
    assert_eq!(found(&flow), [("error", "bad_code", "/nodes/1/config/code")]);
    assert_eq!(flow["problems"][0]["nodeId"], "node");
    let refused = office.expect(422, "POST", &format!("{path}/publish"), Value::Null).await;
    let fault = &refused["errors"][0];
    assert_eq!((&fault["code"], &fault["nodeId"]), (&json!("bad_code"), &json!("node")));
    assert_eq!(fault["severity"], "error");
    let deep = office.expect(200, "PUT", &path, condition("deep")).await;
    assert_eq!(found(&deep), [("error", "bad_code", "/nodes/1/config/code")]);
    let mended = office.expect(200, "PUT", &path, condition("true")).await;
    assert_eq!(mended["problems"], json!([]));
    let published = office.expect(200, "POST", &format!("{path}/publish"), Value::Null).await;
    assert_eq!(published, json!({ "version": 1, "problems": [] }));
}

#[tokio::test]
async fn code_that_nobody_can_check_is_a_warning() {
    let office = Office::with(Offline).await;
    let path = office.flow(condition("true")).await;
    let problems = office.expect(200, "POST", &format!("{path}/validate"), Value::Null).await;
    assert_eq!(found(&problems), [("warning", "code_not_checked", "/nodes/1/config/code")]);
    office.expect(200, "POST", &format!("{path}/publish"), Value::Null).await;
}

#[tokio::test]
async fn code_whose_check_comes_too_late_is_a_warning() {
    let office = Office::with(Pretended).await;
    let path = office.flow(condition("late")).await;
    let warning = [("warning", "code_not_checked", "/nodes/1/config/code")];
    let problems = office.expect(200, "POST", &format!("{path}/validate"), Value::Null).await;
    assert_eq!(found(&problems), warning);
    let published = office.expect(200, "POST", &format!("{path}/publish"), Value::Null).await;
    assert_eq!(published["version"], 1);
    assert_eq!(found(&published), warning);
}

/// Reads everything, but is late every other time.
#[derive(Debug, Default)]
struct LateAtFirst(AtomicUsize);

#[async_trait]
impl Script for LateAtFirst {
    async fn check(&self, _: &str) -> Result<(), ScriptError> {
        let before = self.0.fetch_add(1, Ordering::SeqCst);
        if before.is_multiple_of(2) { Err(ScriptError::Timeout) } else { Ok(()) }
    }

    async fn run(&self, _: TenantId, _: &str, _: &Value) -> Result<bool, ScriptError> {
        Err(ScriptError::Timeout)
    }
}

#[tokio::test]
async fn a_check_that_comes_too_late_once_is_made_again() {
    let office = Office::with(LateAtFirst::default()).await;
    let path = office.flow(condition("true")).await;
    let problems = office.expect(200, "POST", &format!("{path}/validate"), Value::Null).await;
    assert_eq!(found(&problems), []);
}

#[tokio::test]
async fn what_refuses_a_publication_comes_with_its_warnings() {
    let office = Office::with(Pretended).await;
    let mut flow = condition("late");
    flow["nodes"].as_array_mut().unwrap().push(json!({
        "id": "more", "type": "condition", "config": { "conditionType": "custom", "code": "broken" },
    }));
    let path = office.flow(flow).await;
    let shown = office.expect(200, "GET", &path, Value::Null).await;
    let of = |fault: &Value| {
        ["severity", "code", "nodeId", "path", "message"].map(|key| fault[key].clone())
    };
    let all = |list: &Value| list.as_array().unwrap().iter().map(of).collect::<Vec<_>>();
    let problems = all(&shown["problems"]);
    assert!(problems.iter().any(|problem| problem[0] == "warning" && problem[2] == "node"));
    for action in ["publish", "simulate"] {
        let body = if action == "simulate" { json!({ "draft": true }) } else { Value::Null };
        let refused = office.expect(422, "POST", &format!("{path}/{action}"), body).await;
        assert_eq!(all(&refused["errors"]), problems, "{action}");
    }
}

/// Tells how often it was asked, and how many asked at once.
#[derive(Clone, Debug, Default)]
struct Counted(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    inside: AtomicUsize,
    most: AtomicUsize,
    checks: AtomicUsize,
}

impl Counted {
    async fn busy(&self) {
        let inside = self.0.inside.fetch_add(1, Ordering::SeqCst) + 1;
        self.0.most.fetch_max(inside, Ordering::SeqCst);
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        self.0.inside.fetch_sub(1, Ordering::SeqCst);
    }
}

#[async_trait]
impl Script for Counted {
    async fn check(&self, _: &str) -> Result<(), ScriptError> {
        self.0.checks.fetch_add(1, Ordering::SeqCst);
        self.busy().await;
        Ok(())
    }

    async fn run(&self, _: TenantId, _: &str, _: &Value) -> Result<bool, ScriptError> {
        self.busy().await;
        Ok(true)
    }
}

#[tokio::test]
async fn a_list_checks_no_custom_code() {
    let counted = Counted::default();
    let office = Office::with(counted.clone()).await;
    office.flow(condition("true")).await;
    let before = counted.0.checks.load(Ordering::SeqCst);
    assert!(before > 0, "one flow is shown with all of its problems");
    let listed = office.expect(200, "GET", "/api/flows?limit=500", Value::Null).await;
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    assert_eq!(counted.0.checks.load(Ordering::SeqCst), before);
}

#[tokio::test]
async fn the_api_takes_one_worker_at_a_time() {
    let counted = Counted::default();
    let office = Office::with(counted.clone()).await;
    let path = office.flow(condition("true")).await;
    let (validate, simulate) = (format!("{path}/validate"), format!("{path}/simulate"));
    let draft = json!({ "draft": true });
    tokio::join!(
        office.expect(200, "POST", &validate, Value::Null),
        office.expect(200, "POST", &simulate, draft.clone()),
        office.expect(200, "GET", &path, Value::Null),
        office.expect(200, "POST", &simulate, draft),
    );
    assert_eq!(counted.0.most.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_flow_is_at_most_a_mebibyte() {
    let office = Office::with(Offline).await;
    let path = office.flow(around("play_audio", &json!({ "text": "Hello" }), &["next"])).await;
    let sized = |bytes: usize| {
        let mut flow = json!({ "name": "Line", "nodes": [], "connections": [], "description": "" });
        let rest = bytes - flow.to_string().len();
        flow["description"] = "d".repeat(rest).into();
        flow
    };
    for (method, path) in
        [("POST", "/api/flows"), ("PUT", &*path), ("POST", "/api/flows/templates")]
    {
        let refused = office.expect(413, method, path, sized(limits::FLOW_BYTES + 1)).await;
        assert_eq!(refused["type"], "urn:callcore:problem:too-large");
        let (status, _, answer) = office.send(method, path, sized(limits::FLOW_BYTES)).await;
        assert!(status < 300, "{method} {path}: {status} {}", answer["detail"]);
    }
}

#[tokio::test]
async fn a_simulation_tells_where_the_call_goes_that_the_flow_lets_go_of() {
    let office = Office::with(Pretended).await;
    let routes = json!({ "campaignBuyers": true });
    let path = office.flow(around("advanced_router", &routes, &[])).await;
    let mut campaign = json!({ "name": "Insurance", "routingType": "direct" });
    let made = office.expect(201, "POST", "/api/campaigns", campaign.clone()).await;
    let id = made["id"].clone();
    let of_campaign = format!("/api/campaigns/{}", id.as_str().unwrap());
    let simulate = format!("{path}/simulate");
    let body = json!({ "draft": true, "campaignId": id });
    let last = |played: &Value| played["transcript"].as_array().unwrap().last().unwrap().clone();
    let told = last(&office.expect(200, "POST", &simulate, body.clone()).await);
    assert_eq!(told["kind"], "no_route", "{told}");
    assert_eq!(told["text"], "the no-route message, and a hang-up");
    campaign["noRoute"] = json!({ "message": "Nobody is here." });
    office.expect(200, "PUT", &of_campaign, campaign.clone()).await;
    let told = last(&office.expect(200, "POST", &simulate, body.clone()).await);
    assert_eq!(told["text"], "Nobody is here.");
    campaign["noRoute"] = json!({ "number": "+13035550142" });
    office.expect(200, "PUT", &of_campaign, campaign).await;
    let told = last(&office.expect(200, "POST", &simulate, body.clone()).await);
    assert_eq!(told["destination"], "+13035550142");
    let told = last(&office.expect(200, "POST", &simulate, json!({ "draft": true })).await);
    assert_eq!(told["text"], "the no-route treatment of the campaign");
    let dials = json!({ "actionType": "external", "number": "+12125550177" });
    office.expect(200, "PUT", &path, around("action", &dials, &[])).await;
    let busy = json!({ "draft": true, "campaignId": id, "inputs": [{ "dial": "busy" }] });
    let told = last(&office.expect(200, "POST", &simulate, busy).await);
    assert_eq!(told["kind"], "plain_routing", "{told}");
    assert_eq!(told["text"], "the plain routing of the campaign \"Insurance\"");
}

#[tokio::test]
async fn a_simulation_runs_custom_code() {
    let office = Office::with(Pretended).await;
    for (code, exit) in [("true", "yes"), ("false", "no")] {
        let path = office.flow(condition(code)).await;
        let body = json!({ "draft": true });
        let played = office.expect(200, "POST", &format!("{path}/simulate"), body).await;
        assert_eq!(played["exits"][1]["exit"], exit, "{played}");
        assert_eq!(played["outcome"]["kind"], "ended", "{played}");
    }
}

#[tokio::test]
async fn tags_that_a_campaign_sets_are_known_variables() {
    let office = Office::with(Offline).await;
    let flow = around("play_audio", &json!({ "text": "Hello {gclid}" }), &["next"]);
    let path = office.flow(flow).await;
    let before = office.expect(200, "GET", &path, Value::Null).await;
    assert_eq!(found(&before), [("error", "unknown_variable", "/nodes/1/config/text")]);
    let parameters = json!([{ "name": "gclid" }]);
    let campaign = json!({ "name": "C", "routingType": "direct", "parameters": parameters });
    office.expect(201, "POST", "/api/campaigns", campaign).await;
    let after = office.expect(200, "GET", &path, Value::Null).await;
    assert_eq!(found(&after), []);
}

#[tokio::test]
async fn every_address_that_the_operator_does_not_allow_is_told_with_its_place() {
    let office = Office::with(Offline).await;
    let pixel = json!({
        "pixelUrl": "http://127.0.0.1/pixel",
        "customPixels": [
            { "name": "Good", "url": "https://pixel.example.com/?c={caller_number}" },
            { "name": "Bad", "url": "http://169.254.169.254/" },
            { "name": "No address", "url": "nowhere" },
        ],
    });
    let path = office.flow(around("tracking_pixel", &pixel, &["next"])).await;
    let flow = office.expect(200, "GET", &path, Value::Null).await;
    let mut refused: Vec<_> =
        found(&flow).into_iter().filter(|(_, code, _)| *code == "url_not_allowed").collect();
    refused.sort_unstable();
    let expected = [
        ("error", "url_not_allowed", "/nodes/1/config/customPixels/1/url"),
        ("error", "url_not_allowed", "/nodes/1/config/pixelUrl"),
    ];
    assert_eq!(refused, expected);
    let about_the_last = |one: &&(&str, &str, &str)| one.2.ends_with("/2/url");
    assert_eq!(found(&flow).iter().filter(about_the_last).count(), 1, "{flow}");
}

#[tokio::test]
async fn pages_meet_every_template_once_whatever_their_size() {
    let office = Office::with(Offline).await;
    for n in 0..3 {
        let body = json!({ "name": format!("Own {n}"), "nodes": [], "connections": [] });
        office.expect(201, "POST", "/api/flows/templates", body).await;
    }
    let all = office.expect(200, "GET", "/api/flows/templates?limit=500", Value::Null).await;
    assert_eq!(all["nextCursor"], Value::Null);
    let all = all["items"].as_array().unwrap().clone();
    let built_in = callcore::flow::templates().len();
    assert!(built_in > 0);
    assert_eq!(all.len(), 3 + built_in);
    assert_eq!(all[0]["name"], "Own 2");
    assert_eq!(all[0]["builtIn"], false);
    assert_eq!(all[3]["builtIn"], true);
    for limit in 1..=all.len() {
        let mut seen = Vec::new();
        let mut path = format!("/api/flows/templates?limit={limit}");
        loop {
            let page = office.expect(200, "GET", &path, Value::Null).await;
            let items = page["items"].as_array().unwrap();
            assert!(items.len() <= limit);
            seen.extend(items.iter().cloned());
            let Some(cursor) = page["nextCursor"].as_str() else { break };
            path = format!("/api/flows/templates?limit={limit}&cursor={cursor}");
            assert!(seen.len() <= all.len(), "{seen:?}");
        }
        assert_eq!(seen, all, "in pages of {limit}");
    }
}

#[tokio::test]
async fn every_template_of_the_program_can_be_saved_as_a_flow_and_published() {
    let office = Office::with(Pretended).await;
    let all = office.expect(200, "GET", "/api/flows/templates?limit=500", Value::Null).await;
    for template in all["items"].as_array().unwrap() {
        let path = office.flow(template.clone()).await;
        let (status, _, answer) =
            office.send("POST", &format!("{path}/publish"), Value::Null).await;
        assert_eq!(status, 200, "{}: {answer}", template["id"]);
    }
}

#[tokio::test]
async fn an_active_campaign_is_not_moved_to_a_flow_that_no_call_can_run() {
    let office = Office::with(Offline).await;
    let runs = office.flow(around("play_audio", &json!({ "text": "Hello" }), &["next"])).await;
    let waits = office.flow(json!({ "name": "Empty", "nodes": [], "connections": [] })).await;
    let id = |path: &str| path.rsplit('/').next().unwrap().to_owned();
    let number = json!({ "number": "+12125550199" });
    let number = office.expect(201, "POST", "/api/numbers", number).await["id"].clone();
    let mut campaign = json!({
        "name": "C", "routingType": "direct", "phoneNumberId": number, "flowId": id(&runs),
    });
    let made = office.expect(201, "POST", "/api/campaigns", campaign.clone()).await;
    let path = format!("/api/campaigns/{}", made["id"].as_str().unwrap());
    let early = office.expect(422, "POST", &format!("{path}/activate"), Value::Null).await;
    let codes: Vec<_> =
        early["errors"].as_array().unwrap().iter().map(|one| one["code"].clone()).collect();
    assert_eq!(codes, ["flow_not_published", "no_active_buyer"]);
    office.expect(200, "POST", &format!("{runs}/publish"), Value::Null).await;
    let activated = office.expect(200, "POST", &format!("{path}/activate"), Value::Null).await;
    assert_eq!(found(&activated), [("warning", "no_fallback", "/buyers")]);
    campaign["flowId"] = id(&waits).into();
    let refused = office.expect(422, "PUT", &path, campaign.clone()).await;
    assert_eq!(refused["errors"][0]["path"], "/flowId");
    assert_eq!(refused["errors"][0]["code"], "flow_not_published");
    campaign["flowId"] = "7b1f6c1e-5a53-4c51-9a0c-0d6f3a3f9d11".into();
    let refused = office.expect(422, "PUT", &path, campaign).await;
    assert_eq!(refused["errors"][0]["code"], "unknown_reference");
}
