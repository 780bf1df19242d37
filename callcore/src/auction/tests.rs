//! A whole target: what is found when it is saved, what it sends, and that every reply is answered.

use chrono::{DateTime, Utc};
use proptest::prelude::*;
use rust_decimal::Decimal;
use uuid::Uuid;

use super::{
    BidReply, BidRequest, BidResponse, CallFacts, RenderError, Variables, Verdict, confirm_request,
    parse, request,
};
use crate::call::Caller;
use crate::model::{BidContentType, HttpMethod, Target};
use crate::vocabulary::{CallId, CampaignId, Tags};

const URL: &str = "https://bid.example.com/";

fn target(json: &str) -> Target {
    serde_json::from_str(json).unwrap()
}

fn now() -> DateTime<Utc> {
    "2025-08-12T16:12:17Z".parse().unwrap()
}

fn sent(target: &Target, tag: &str) -> Result<BidRequest, RenderError> {
    let mut tags = Tags::default();
    tags.set("t", tag).unwrap();
    let number = Some("+15552220199".parse().unwrap());
    let call = CallFacts {
        call: CallId::derive("a", "b", "c"),
        campaign: CampaignId::from_uuid(Uuid::nil()),
        caller: Caller { number, ..Caller::default() },
        called: "+15553330100".to_owned(),
        started_at: now(),
        tags,
    };
    let variables = Variables {
        call: &call,
        request_id: "req-1",
        min_bid: Some(Decimal::new(100, 2)),
        max_bid: None,
        timeout_ms: 700,
        now: now(),
    };
    request(&target.compile().unwrap(), &variables)
}

#[test]
fn every_problem_of_a_target_is_found_at_once_with_its_place() {
    let target = target(
        r#"{"name":"","endpointUrl":"https://{callerId}/","timeoutMs":8001,
        "headers":{"Host":"a","X-A":"{nope}","x-a":"1","a b":"1","authorization":"x"},
        "auth":{"type":"basic","username":"a:b","password":""},
        "requestBody":"{\"a\":{callerid},\"b\":{tag.t}","minBid":{"amount":"-1","currency":"EUR"},
        "response":{"bidAmountPath":"a | ","acceptancePath":"a > b","currencyPath":"$..a..b"},
        "confirm":{"endpointUrl":"ftp://a/","timeoutMs":1,"requestBody":"{\"id\":{bidId}",
            "response":{"reasonPath":"a["}}}"#,
    );
    let found: Vec<_> = target
        .check()
        .into_iter()
        .map(|problem| format!("{} {}", problem.path, problem.code))
        .collect();
    assert_eq!(
        found,
        [
            "/name blank",
            "/timeoutMs out_of_range",
            "/confirm/timeoutMs out_of_range",
            "/minBid/amount negative_money",
            "/minBid/currency wrong_currency",
            "/auth/username bad_header",
            "/endpointUrl bad_url",
            "/headers/Host bad_header",
            "/headers/X-A unknown_variable",
            "/headers/a b bad_header",
            "/headers/authorization duplicate",
            "/requestBody unknown_variable",
            "/response/bidAmountPath bad_path",
            "/response/currencyPath bad_path",
            "/response/acceptancePath bad_path",
            "/confirm/endpointUrl bad_url",
            "/confirm/requestBody bad_json",
            "/confirm/response/reasonPath bad_path",
        ]
    );
    assert_eq!(target.compile().unwrap_err(), target.check());
}

#[test]
fn headers_that_differ_only_in_case_stand_twice() {
    let json = format!(r#"{{"name":"a","endpointUrl":"{URL}","headers":{{"X-A":"1","x-a":"2"}}}}"#);
    let problems = target(&json).check();
    assert_eq!((&*problems[0].code, &*problems[0].path), ("duplicate", "/headers/x-a"));
}

#[test]
fn a_warning_does_not_keep_a_target_from_being_asked() {
    let mut target = Target::new("Acme", URL);
    target.method = HttpMethod::Get;
    target.request_body = Some("{\"a\":{tag.t}}".to_owned());
    let problems = target.check();
    assert_eq!((&*problems[0].code, &*problems[0].path), ("unused", "/requestBody"));
    let sent = sent(&target, "x").unwrap();
    assert_eq!((sent.url.as_str(), sent.body.as_str()), (URL, ""));
}

#[test]
fn the_plain_request_has_one_form_for_each_content_type() {
    let body = |content_type| {
        let mut target = Target::new("Acme", URL);
        target.content_type = content_type;
        let sent = sent(&target, "x").unwrap();
        assert_eq!(sent.headers[1].1, content_type.media_type());
        sent.body
    };
    assert_eq!(
        body(BidContentType::Json),
        concat!(
            r#"{"requestId":"req-1","campaignId":"00000000-0000-0000-0000-000000000000","#,
            r#""callerId":"+15552220199","callStartTime":"2025-08-12T16:12:17.000Z","minBid":1.00,"#,
            r#""maxBid":null,"currency":"USD","callerState":"","callerZip":"","#,
            r#""timestamp":1755015137000,"isoTimestamp":"2025-08-12T16:12:17.000Z"}"#
        )
    );
    let form = body(BidContentType::Form);
    assert!(form.contains("&callerId=%2B15552220199&"), "{form}");
    let xml = body(BidContentType::Xml);
    assert!(xml.contains("<minBid>1.00</minBid><maxBid></maxBid>"), "{xml}");
    let mut without = Target::new("Acme", URL);
    without.request_body = Some(String::new());
    let sent = sent(&without, "x").unwrap();
    assert_eq!((sent.body.as_str(), sent.headers.len()), ("", 1));
}

#[test]
fn a_value_that_does_not_fit_keeps_one_bidder_from_being_asked() {
    let json =
        format!(r#"{{"name":"a","endpointUrl":"{URL}{{tag.t}}","headers":{{"X-A":"{{tag.t}}"}}}}"#);
    let target = target(&json);
    assert_eq!(sent(&target, "a\r\nX-B: c"), Err(RenderError::HeaderValue));
    assert_eq!(sent(&target, ".."), Err(RenderError::DotSegment));
    assert_eq!(RenderError::HeaderValue.verdict(), Verdict::Malformed);
    let sent = sent(&target, "a b").unwrap();
    assert_eq!(sent.url, "https://bid.example.com/a%20b");
    assert_eq!(sent.headers.last(), Some(&("X-A".to_owned(), "a b".to_owned())));
    assert_eq!(sent.timeout_ms, 700, "the auction has less time left than the target");
}

#[test]
fn a_target_without_a_confirmation_has_no_confirm_request() {
    let target = Target::new("Acme", format!("{URL}?key=CANARY")).compile().unwrap();
    assert!(!format!("{target:?}").contains("CANARY"));
    assert_eq!(target.confirmation_required(), None);
    let call = CallFacts {
        call: CallId::derive("a", "b", "c"),
        campaign: CampaignId::from_uuid(Uuid::nil()),
        caller: Caller::default(),
        called: String::new(),
        started_at: now(),
        tags: Tags::default(),
    };
    let variables = Variables {
        call: &call,
        request_id: "",
        min_bid: None,
        max_bid: None,
        timeout_ms: 1_000,
        now: now(),
    };
    let body = br#"{"bid":5,"number":"+15554440123"}"#;
    let response = BidResponse { status: 200, headers: &[], body };
    let BidReply::Bid(bid) = parse(&target, &response, now()) else { panic!("it is a bid") };
    assert_eq!(confirm_request(&target, &variables, &bid), Ok(None));
}

/// Text that is often nearly a reply.
fn body() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(r#"{"bid":"#.to_owned()),
        Just(r#","number":"+15554440123""#.to_owned()),
        Just(r#","status":"accepted""#.to_owned()),
        Just(r#","expires_at":"#.to_owned()),
        Just("<bid>".to_owned()),
        Just("</bid>".to_owned()),
        Just("}".to_owned()),
        "-?[0-9]{1,30}(\\.[0-9]{0,30})?([eE][-+]?[0-9]{1,4})?",
        "\"[$0-9,. a-z]{0,8}\"",
        ".{0,4}",
    ];
    let number = "-?[0-9]{1,3}(\\.[0-9]{1,3})?([eE]-?[0-9]{1,2})?";
    let extra = prop_oneof![
        Just(String::new()),
        Just(r#","status":"declined""#.to_owned()),
        number.prop_map(|number| format!(r#","expires_at":{number}"#)),
    ];
    let nearly_a_bid = (number, extra).prop_map(|(number, extra)| {
        format!(r#"{{"bid":{number},"number":"+15554440123"{extra}}}"#).into_bytes()
    });
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..64),
        nearly_a_bid,
        prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat().into_bytes()),
    ]
}

proptest! {
    /// Property 17 of `reference/rtb.md` §3.
    #[test]
    fn any_reply_is_answered_and_no_bid_is_zero_or_less(
        body in body(),
        status in prop_oneof![Just(200_u16), any::<u16>()],
    ) {
        let target = Target::new("Acme", URL).compile().unwrap();
        let response = BidResponse { status, headers: &[], body: &body };
        let reply = parse(&target, &response, now());
        prop_assert_eq!(&reply, &parse(&target, &response, now()));
        match &reply {
            BidReply::Bid(bid) => {
                prop_assert!(bid.amount.amount > Decimal::ZERO);
                prop_assert!((200..300).contains(&status) && bid.destination.is_some());
                let sent = String::from_utf8_lossy(&body).into_owned();
                prop_assert!(sent.contains("+15554440123"));
            }
            other => prop_assert!(other.verdict().is_some()),
        }
        let log = serde_json::to_string(&reply).unwrap();
        prop_assert_eq!(serde_json::from_str::<BidReply>(&log).unwrap(), reply);
    }
}
