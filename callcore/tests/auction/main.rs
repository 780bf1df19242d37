//! One bidder's side of the auction by example: every file of `bidder/` holds a target, the request
//! that it makes, and replies with what they mean. Files of `exemplary/` are documentation: nothing
//! fails in them. Files of `supplemental/` hold everything else.

#![expect(clippy::unwrap_used, reason = "a fixture that cannot be read is a failure")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use callcore::auction::{
    Bid, BidReply, BidResponse, CallFacts, Confirmation, Preset, Variables, confirm_request, parse,
    parse_confirmation, request,
};
use callcore::call::Caller;
use callcore::model::{Place, Target};
use callcore::vocabulary::{CallId, CampaignId, Tags};
use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::Value;

/// When every request of a fixture is made, and when every reply comes.
const NOW: &str = "2025-08-12T16:12:17Z";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Fixture {
    /// Where the payloads come from.
    source: String,
    /// The preset that the target begins with.
    #[serde(default)]
    preset: Option<String>,
    /// The target, or what differs from the preset.
    #[serde(default)]
    target: serde_json::Map<String, Value>,
    #[serde(default)]
    call: Facts,
    /// What the target is sent.
    #[serde(default)]
    request: Option<Value>,
    /// The bid that is confirmed, and what the target is then sent.
    #[serde(default)]
    confirm: Option<Confirm>,
    #[serde(default)]
    replies: Vec<Reply>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Confirm {
    bid: Bid,
    request: Value,
    replies: Vec<Reply>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Facts {
    caller: Option<String>,
    place: Place,
    called: String,
    tags: BTreeMap<String, String>,
    min_bid: Option<Decimal>,
    max_bid: Option<Decimal>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reply {
    what: String,
    #[serde(default = "ok")]
    status: u16,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    /// Text as it stands, or JSON.
    #[serde(default)]
    body: Value,
    /// Repeats the body so often.
    #[serde(default = "once")]
    times: usize,
    means: Value,
}

fn ok() -> u16 {
    200
}

fn once() -> usize {
    1
}

impl Fixture {
    fn target(&self) -> Target {
        let mut target = self.preset.as_ref().map_or_else(
            || serde_json::json!({"name": "Acme", "endpointUrl": "https://bid.example.com/"}),
            |name| serde_json::from_str(Preset::named(name).unwrap().document).unwrap(),
        );
        let members = target.as_object_mut().unwrap();
        members.extend(self.target.clone());
        serde_json::from_value(target).unwrap()
    }

    fn call(&self) -> CallFacts {
        let mut tags = Tags::default();
        for (name, value) in &self.call.tags {
            tags.set(name, value).unwrap();
        }
        let number = self.call.caller.as_ref().map(|number| number.parse().unwrap());
        let address = self.call.caller.clone().unwrap_or_else(|| "anonymous".to_owned());
        CallFacts {
            call: CallId::derive("twilio", "AC1", "CA1"),
            campaign: "9f1c2f9e-6e0b-4c7e-8f43-2a1f6c8b7d10".parse::<CampaignId>().unwrap(),
            caller: Caller { address, number, name: None, place: self.call.place.clone() },
            called: self.call.called.clone(),
            started_at: "2025-08-12T16:12:10Z".parse().unwrap(),
            tags,
        }
    }
}

fn files(folder: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/auction/bidder").join(folder);
    let mut files: Vec<PathBuf> =
        fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty(), "{folder} has no fixture");
    files
}

fn read(file: &Path) -> Fixture {
    #[expect(clippy::disallowed_methods, reason = "a test reads its fixtures")]
    let text = fs::read_to_string(file).unwrap();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

impl Reply {
    fn body(&self) -> String {
        let body = match &self.body {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            json => json.to_string(),
        };
        body.repeat(self.times)
    }

    fn with<T>(&self, read: impl FnOnce(&BidResponse<'_>) -> T) -> T {
        let headers: Vec<_> =
            self.headers.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        let body = self.body();
        read(&BidResponse { status: self.status, headers: &headers, body: body.as_bytes() })
    }
}

fn assert_request(request: &callcore::auction::BidRequest, expected: &Value, file: &Path) {
    let mut sent = serde_json::json!({
        "method": request.method,
        "url": request.url,
        "body": serde_json::from_str::<Value>(&request.body)
            .unwrap_or_else(|_| Value::from(request.body.as_str())),
    });
    if expected.get("headers").is_some() {
        let headers = request.headers.iter().chain(&request.credential);
        sent["headers"] = headers.map(|(name, value)| format!("{name}: {value}")).collect();
    }
    assert_eq!(&sent, expected, "{}", file.display());
}

fn check(file: &Path, may_fail: bool) {
    let fixture = read(file);
    let name = file.display();
    assert!(!fixture.source.is_empty(), "{name} names no source");
    let target =
        fixture.target().compile().unwrap_or_else(|problems| panic!("{name}: {problems:?}"));
    let call = fixture.call();
    let now: DateTime<Utc> = NOW.parse().unwrap();
    let variables = Variables {
        call: &call,
        request_id: "req-1",
        min_bid: fixture.call.min_bid,
        max_bid: fixture.call.max_bid,
        timeout_ms: 2_000,
        now,
    };
    if let Some(expected) = &fixture.request {
        assert_request(&request(&target, &variables).unwrap(), expected, file);
    }
    for reply in &fixture.replies {
        let means = reply.with(|response| parse(&target, response, now));
        let failed = matches!(means, BidReply::Failed(_));
        assert!(may_fail || !failed, "{name}: {}: {means:?}", reply.what);
        let means = serde_json::to_value(&means).unwrap();
        assert_eq!(means, reply.means, "{name}: {}", reply.what);
    }
    let Some(confirm) = &fixture.confirm else { return };
    let sent = confirm_request(&target, &variables, &confirm.bid).unwrap().unwrap();
    assert_request(&sent, &confirm.request, file);
    for reply in &confirm.replies {
        let means = reply.with(|response| parse_confirmation(&target, response, &confirm.bid, now));
        let failed = matches!(means, Confirmation::Failed(_));
        assert!(may_fail || !failed, "{name}: {}: {means:?}", reply.what);
        let means = serde_json::to_value(&means).unwrap();
        assert_eq!(means, reply.means, "{name}: {}", reply.what);
    }
}

#[test]
fn exemplary_requests_and_replies_mean_what_their_files_say() {
    for file in files("exemplary") {
        check(&file, false);
    }
}

#[test]
fn supplemental_requests_and_replies_mean_what_their_files_say() {
    for file in files("supplemental") {
        check(&file, true);
    }
}

/// Every word of `reference/rtb.md` §1.8 occurs in the reply of some fixture.
#[test]
fn the_vocabulary_is_covered() {
    const WORDS: &str = "bidAmount bid bid_price price payout Payout Cost retreaver_payout success \
        Success accepted matched status reserved Rejected no-bid code phoneNumber \
        phoneNumberNoPlus phone_number number inbound_number forwarding_number transfer_number did \
        destination_number call_router_number sipAddress sip_address \
        forwarding_number_sip_address retreaver_seconds bidTerms callMinDuration expireInSeconds \
        bidExpireEpoch expires_at expiration bidId uuid ping_id call_id rejectReason message error \
        errors rejected declined denied nobid failed no_target caller_number_suppressed 1000 2000 \
        3000 1001 1002 1003 1004 1005 1006 1007 1024 1025 1026 1100 230";
    let mut seen = String::new();
    for file in files("exemplary").into_iter().chain(files("supplemental")) {
        let fixture = read(&file);
        let confirm = fixture.confirm.iter().flat_map(|confirm| &confirm.replies);
        for reply in fixture.replies.iter().chain(confirm).filter(|reply| reply.times == 1) {
            seen.push_str(&reply.body());
            seen.push('\n');
        }
    }
    let words: Vec<&str> =
        seen.split(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-').collect();
    for word in WORDS.split_whitespace() {
        assert!(words.contains(&word), "{word} occurs in no fixture");
    }
}
