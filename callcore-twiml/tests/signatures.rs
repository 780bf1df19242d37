//! Agreement with the request validator of Twilio's Python library, see
//! `fixtures/make_signatures.py`.

use callcore_twiml::Form;
use callcore_twiml::signature::{Body, sign, verify};
use serde::Deserialize;

#[derive(Debug, Deserialize)]
struct Case {
    /// What was changed after signing, if anything.
    change: Option<String>,
    kind: Kind,
    token: String,
    url: String,
    body: String,
    signature: String,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Form,
    Json,
    None,
}

fn cases() -> Vec<Case> {
    serde_json::from_str(include_str!("fixtures/signatures.json")).expect("the fixture is JSON")
}

fn with_body<T>(case: &Case, use_body: impl FnOnce(Body<'_>) -> T) -> T {
    let form = Form::parse(case.body.as_bytes()).expect("within the limits");
    use_body(match case.kind {
        Kind::Form => Body::Form(&form),
        Kind::Json => Body::Json(case.body.as_bytes()),
        Kind::None => Body::None,
    })
}

#[test]
fn signed_requests_are_accepted_and_changed_ones_refused() {
    for case in cases() {
        let verdict =
            with_body(&case, |body| verify(&case.token, &case.url, body, &case.signature));
        assert_eq!(verdict.is_ok(), case.change.is_none(), "{verdict:?} {case:#?}");
    }
}

#[test]
fn we_sign_like_twilio() {
    let mut same = 0;
    for case in cases().iter().filter(|case| case.change.is_none()) {
        let signature = with_body(case, |body| sign(&case.token, &case.url, body));
        // The others were signed for another port than the one requested.
        same += usize::from(signature == case.signature);
    }
    assert!(same > 100, "{same}");
}

#[test]
fn the_fixture_covers_what_matters() {
    let cases = cases();
    let accepted = cases.iter().filter(|case| case.change.is_none()).count();
    assert!(accepted >= 200 && cases.len() - accepted >= 400, "{accepted} of {}", cases.len());
    for kind in [Kind::Form, Kind::Json, Kind::None] {
        assert!(cases.iter().any(|case| case.kind == kind && case.change.is_none()));
    }
    for part in [":8443", ":443", "?", "%C3%A9"] {
        assert!(cases.iter().any(|case| case.url.contains(part)), "{part}");
    }
    for part in ["+", "%2B", "=&", "%F0%9F%93%9E"] {
        assert!(cases.iter().any(|case| case.body.contains(part)), "{part}");
    }
}
