//! Answers of bidders: any bytes, through every preset and through mappings that use each part of a
//! path.

use callcore::auction::{
    AnswerRecord, BidReply, BidResponse, CompiledTarget, Confirmation, Failure, Preset, Reply,
    Verdict, parse, parse_confirmation,
};
use callcore::model::{ResponseMapping, Target};
use callcore::vocabulary::limits;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt::Debug;
use std::sync::LazyLock;

/// What no bidder may make us keep.
const SECRET: &str = "hunter2";

/// Mappings beside those of the presets, as JSON. The empty one looks in the usual places.
const MAPPINGS: [&str; 5] = [
    "{}",
    r#"{"bidAmountPath":"$.offers[?@.ok == true].bid | $..bid | a[0,-1]['b.c'][*]",
        "destinationNumberPath":"data.buyer-number | data['buyer.number'] | $..did",
        "acceptancePath":"success == true && cost > 10","currencyPath":"$..currency"}"#,
    r#"{"acceptancePath":"$.offers[?@.ok == true].ok","reasonPath":"errors[0] | status",
        "expiresPath":"expiresInSeconds | expiresAt | until","durationPath":"bidTerms[0].callMinDuration"}"#,
    // XML, with attributes.
    r#"{"bidAmountPath":"response.bid | response.@bid","destinationNumberPath":"response.number",
        "acceptancePath":"status","bidIdPath":"response.@id"}"#,
    r#"{"bidAmountPath":"$..*","destinationNumberPath":"$..*","bidIdPath":"$..[0:9:2]"}"#,
];

/// Each with a confirm request, which reads its reply likewise, and without.
static TARGETS: LazyLock<Vec<CompiledTarget>> = LazyLock::new(|| {
    let mut targets: Vec<Target> = Preset::ALL.iter().map(Preset::target).collect();
    for mapping in MAPPINGS {
        let response: ResponseMapping = serde_json::from_str(mapping).expect("it is a mapping");
        let plain = Target { response, ..Target::new("Acme", "https://bid.example.com/") };
        let confirm = serde_json::json!({
            "endpointUrl": "https://post.example.com/",
            "response": plain.response,
        });
        let confirm = serde_json::from_value(confirm).expect("it is a confirm request");
        targets.extend([Target { confirm: Some(confirm), ..plain.clone() }, plain]);
    }
    targets.iter().map(|target| target.compile().expect("it is a target")).collect()
});

/// Whether some target reads a bid out of these bytes: tells whether the corpus reaches one.
pub fn is_bid(bytes: &[u8]) -> bool {
    let bids = |target| matches!(read(target, 200, &[], bytes), BidReply::Bid(_));
    TARGETS.iter().any(bids)
}

/// An input is the body of an answer.
pub(super) fn answer(bytes: &[u8]) {
    let kept = AnswerRecord::of(200, bytes, &[SECRET]);
    assert!(kept.body.len() <= limits::EXCHANGE_BYTES && !kept.body.contains(SECRET));
    let encoded = [("Content-Encoding".to_owned(), "gzip".to_owned())];
    for target in TARGETS.iter() {
        for (status, headers) in
            [(200, &[][..]), (200, &encoded), (204, &[]), (302, &[]), (500, &[])]
        {
            let reply = read(target, status, headers, bytes);
            assert_eq!(reply, read(target, status, headers, bytes), "it says one thing");
            judge(target, status, &reply);
            let failed = matches!(reply, BidReply::Failed(_));
            assert!(failed || headers.is_empty(), "compressed bytes are not read");
            if let BidReply::Bid(bid) = &reply {
                let response = BidResponse { status, headers, body: bytes };
                confirmed(&parse_confirmation(target, &response, bid, now()));
            }
            survives(&reply);
            let redacted = Reply::from(reply).redacted(&[SECRET]);
            assert!(!written(&redacted).contains(SECRET), "{redacted:?}");
        }
    }
}

fn now() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + chrono::TimeDelta::days(20_000)
}

fn read(
    target: &CompiledTarget,
    status: u16,
    headers: &[(String, String)],
    body: &[u8],
) -> BidReply {
    parse(target, &BidResponse { status, headers, body }, now())
}

fn judge(target: &CompiledTarget, status: u16, reply: &BidReply) {
    let short = |text: &Option<String>| {
        text.as_ref().is_none_or(|text| text.chars().count() <= limits::REASON_CHARACTERS)
    };
    match reply {
        BidReply::Bid(bid) => {
            assert_eq!(status, 200, "only success is a bid");
            assert!(!bid.amount.is_negative() && !bid.amount.amount.is_zero(), "{bid:?}");
            let confirms = target.confirmation_required().is_some();
            assert!(bid.destination.is_some() || confirms, "{bid:?}");
            let id = bid.bid_id.as_ref().map_or(0, String::len);
            assert!(id <= limits::BID_ID_BYTES, "{bid:?}");
        }
        BidReply::NoBid(declined) | BidReply::Refused(declined) => {
            assert!(matches!(status, 200 | 204), "{declined:?}");
            assert!(short(&declined.word) && short(&declined.reason), "{declined:?}");
        }
        BidReply::Failed(failure) => {
            let is_status = matches!(failure, Failure::Http { .. });
            let is_size = matches!(failure, Failure::TooLarge);
            let is_of_status = status != 204 && is_status == (status != 200);
            assert!(is_of_status || is_size, "{failure:?}");
            assert!(!failure.to_string().is_empty());
        }
    }
    let verdict = reply.verdict();
    assert!(verdict.is_some() != matches!(reply, BidReply::Bid(_)));
    assert_ne!(verdict, Some(Verdict::Won));
}

fn confirmed(confirmation: &Confirmation) {
    survives(confirmation);
    let redacted = confirmation.clone().redacted(&[SECRET]);
    assert!(!written(&redacted).contains(SECRET), "{redacted:?}");
}

/// What is kept is read as it was written.
fn survives<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T) {
    let read: T = serde_json::from_str(&written(value)).expect("what was written is read");
    assert_eq!(&read, value);
}

fn written(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("it is JSON")
}
