//! Whether a report is the target's. All comparisons take the same time for every wrong secret.

use axum::http::{HeaderMap, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use callcore::model::TargetAuth;
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// How far the instant of a signature may lie from ours, in seconds.
const DRIFT_SECS: u64 = 300;

/// Whether these headers prove the target that is configured so.
pub(super) fn is_proven(
    auth: &TargetAuth,
    headers: &HeaderMap,
    body: &[u8],
    now: DateTime<Utc>,
) -> bool {
    let authorization = header::AUTHORIZATION.as_str();
    match auth {
        TargetAuth::None => false,
        TargetAuth::Bearer { token } => {
            is(after_scheme(only(headers, authorization), "Bearer"), token)
        }
        TargetAuth::Basic { username, password } => {
            let expected = STANDARD.encode(format!("{username}:{password}"));
            is(after_scheme(only(headers, authorization), "Basic"), &expected)
        }
        TargetAuth::ApiKey { header, key } => is(only(headers, header), key),
        TargetAuth::Hmac { header, secret } => {
            only(headers, header).is_some_and(|text| is_signed(text, secret, body, now))
        }
    }
}

/// The value of a header that stands there once.
fn only<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(first)
}

fn after_scheme<'a>(value: Option<&'a str>, scheme: &str) -> Option<&'a str> {
    let (found, rest) = value?.split_once(' ')?;
    found.eq_ignore_ascii_case(scheme).then(|| rest.trim())
}

fn is(given: Option<&str>, expected: &str) -> bool {
    given.is_some_and(|given| given.as_bytes().ct_eq(expected.as_bytes()).into())
}

/// `t=<seconds>,v1=<HMAC-SHA256 of "<t>.<body>", hexadecimal>`.
fn is_signed(text: &str, secret: &str, body: &[u8], now: DateTime<Utc>) -> bool {
    let part = |name: &str| {
        text.split(',').find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='))
    };
    let (Some(seconds), Some(code)) = (part("t"), part("v1").and_then(bytes)) else {
        return false;
    };
    let is_near = |at: i64| now.timestamp().abs_diff(at) <= DRIFT_SECS;
    if !seconds.parse().is_ok_and(is_near) {
        return false;
    }
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes())
        .expect("HMAC takes keys of any length (RFC 2104 §2)");
    mac.update(seconds.as_bytes());
    mac.update(b".");
    mac.update(body);
    mac.verify_slice(&code).is_ok()
}

fn bytes(hexadecimal: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = hexadecimal
        .chars()
        .map(|digit| digit.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect();
    let digits = digits.filter(|digits| digits.len().is_multiple_of(2))?;
    Some(digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    fn proven(auth: &str, headers: &[(&str, &str)], body: &str, at: &str) -> bool {
        let auth: TargetAuth = serde_json::from_str(auth).unwrap();
        let headers = headers.iter().map(|(name, value)| {
            let name: HeaderName = name.parse().unwrap();
            (name, HeaderValue::from_str(value).unwrap())
        });
        let mut map = HeaderMap::new();
        headers.for_each(|(name, value)| {
            map.append(name, value);
        });
        is_proven(&auth, &map, body.as_bytes(), at.parse().unwrap())
    }

    const NOW: &str = "2026-11-22T18:00:00Z";
    const HMAC: &str = r#"{"type":"hmac","secret":"key"}"#;
    /// `printf '1795370400.{"a":1}' | openssl dgst -sha256 -hmac key`
    const CODE: &str = "c43a6395212a9c09e1bb6d659564944bfbf89a33fcab98f6d32f4d697d3d0781";

    #[test]
    fn each_kind_of_secret_proves_the_target() {
        let bearer = r#"{"type":"bearer","token":"abc"}"#;
        assert!(proven(bearer, &[("Authorization", "Bearer abc")], "", NOW));
        assert!(proven(bearer, &[("Authorization", "bearer abc")], "", NOW));
        assert!(!proven(bearer, &[("Authorization", "Bearer abd")], "", NOW));
        assert!(!proven(bearer, &[("Authorization", "abc")], "", NOW));
        let twice = [("Authorization", "Bearer abc"), ("Authorization", "Bearer abc")];
        assert!(!proven(bearer, &twice, "", NOW));
        let basic = r#"{"type":"basic","username":"Aladdin","password":"open sesame"}"#;
        let good = [("Authorization", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==")];
        assert!(proven(basic, &good, "", NOW));
        let key = r#"{"type":"api_key","key":"abc","header":"X-Key"}"#;
        assert!(proven(key, &[("x-key", "abc")], "", NOW));
        assert!(!proven(key, &[("X-API-Key", "abc")], "", NOW));
        assert!(!proven(r#"{"type":"none"}"#, &[("Authorization", "Bearer abc")], "", NOW));
    }

    #[test]
    fn a_signature_holds_for_its_body_and_for_a_while() {
        let signature = format!("t=1795370400,v1={CODE}");
        let signed = |body: &str, at: &str| proven(HMAC, &[("X-Signature", &signature)], body, at);
        assert!(signed(r#"{"a":1}"#, NOW));
        assert!(signed(r#"{"a":1}"#, "2026-11-22T18:05:00Z"));
        assert!(!signed(r#"{"a":1}"#, "2026-11-22T18:05:01Z"));
        assert!(!signed(r#"{"a":1}"#, "2026-11-22T17:54:59Z"));
        assert!(!signed(r#"{"a":2}"#, NOW));
        for wrong in ["", "t=1795370400", "v1=c4", "t=1795370400,v1=é", "t=1795370400,v1=c4"] {
            let Ok(value) = HeaderValue::from_bytes(wrong.as_bytes()) else { continue };
            let headers = HeaderMap::from_iter([(HeaderName::from_static("x-signature"), value)]);
            let auth: TargetAuth = serde_json::from_str(HMAC).unwrap();
            assert!(!is_proven(&auth, &headers, br#"{"a":1}"#, NOW.parse().unwrap()));
        }
    }
}
