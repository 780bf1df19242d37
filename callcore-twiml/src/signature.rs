//! The `X-Twilio-Signature` of a webhook
//! (<https://www.twilio.com/docs/usage/webhooks/webhooks-security>).
//!
//! The scheme is Twilio's and has its limits: there are no separators between the parameters, so
//! `AB=C` and `A=BC` have one signature, and no time, so a recorded request can be replayed.
//! Whoever verifies must also recognise repeated requests.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

use crate::form::Form;

const BODY_HASH: &str = "bodySHA256";

/// The body of the request that is signed.
#[derive(Clone, Copy, Debug)]
pub enum Body<'a> {
    /// None: a `GET`, whose parameters are in the URL.
    None,
    /// An `application/x-www-form-urlencoded` body.
    Form(&'a Form),
    /// A JSON body, as it came. Its hash must be in the URL as `bodySHA256`.
    Json(&'a [u8]),
}

/// Why a request is not Twilio's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// There is no token to verify with, so anyone could sign.
    #[error("the auth token is empty")]
    EmptyToken,
    /// The body is JSON and the URL does not have exactly one `bodySHA256`.
    #[error("the URL of a JSON body needs exactly one {BODY_HASH}")]
    BodyHash,
    /// The body is JSON and not the one that was hashed.
    #[error("the body is not the one that {BODY_HASH} names")]
    BodyMismatch,
    /// The signature is not that of this token, URL and body.
    #[error("the signature does not match")]
    Mismatch,
}

/// Whether `signature` is that of a request to `url` with `body`.
///
/// `url` is the public URL as Twilio requested it: scheme, host, path and query, byte for byte.
/// Since Twilio keeps the port for some requests and drops it for others, the signature may be
/// that of the URL without a port, with its own, or with the standard one of its scheme.
///
/// # Errors
/// [`SignatureError`]: the request must be refused.
pub fn verify(
    auth_token: &str,
    url: &str,
    body: Body<'_>,
    signature: &str,
) -> Result<(), SignatureError> {
    if auth_token.is_empty() {
        return Err(SignatureError::EmptyToken);
    }
    if let Body::Json(json) = body {
        verify_body_hash(url, json)?;
    }
    // Every candidate is compared, so that the time taken does not tell which one matched.
    let mut matches = Choice::from(0);
    for candidate in candidates(url) {
        let expected = sign(auth_token, &candidate, body);
        matches |= expected.as_bytes().ct_eq(signature.as_bytes());
    }
    if bool::from(matches) { Ok(()) } else { Err(SignatureError::Mismatch) }
}

/// The signature of a request to `url` with `body`: the base64 of the HMAC-SHA1 under
/// `auth_token` of the URL and the parameters.
///
/// A fragment and credentials in the URL are not signed; everything else is taken as it stands,
/// the port too. For JSON the caller puts [`body_sha256`] into the URL first.
#[must_use]
pub fn sign(auth_token: &str, url: &str, body: Body<'_>) -> String {
    let mut mac = Hmac::<Sha1>::new_from_slice(auth_token.as_bytes())
        .expect("HMAC takes a key of any length");
    mac.update(Url::split(url).to_string(Port::Own).as_bytes());
    if let Body::Form(form) = body {
        let mut pairs: Vec<(&str, &str)> = form.iter().collect();
        // UTF-8 sorts bytewise as its code points do.
        pairs.sort_unstable();
        pairs.dedup();
        for (name, value) in pairs {
            mac.update(name.as_bytes());
            mac.update(value.as_bytes());
        }
    }
    STANDARD.encode(mac.finalize().into_bytes())
}

/// The value of `bodySHA256` for a JSON body: its SHA-256 in lower-case hexadecimal.
#[must_use]
pub fn body_sha256(body: &[u8]) -> String {
    Sha256::digest(body).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn verify_body_hash(url: &str, json: &[u8]) -> Result<(), SignatureError> {
    let query = Url::split(url).query();
    let mut hashes = form_urlencoded::parse(query.as_bytes())
        .filter_map(|(name, value)| (name == BODY_HASH).then_some(value));
    let (Some(hash), None) = (hashes.next(), hashes.next()) else {
        return Err(SignatureError::BodyHash);
    };
    let named = hash.to_ascii_lowercase();
    let same = body_sha256(json).as_bytes().ct_eq(named.as_bytes());
    if bool::from(same) { Ok(()) } else { Err(SignatureError::BodyMismatch) }
}

/// The URLs whose signature is accepted for `url`.
fn candidates(url: &str) -> [String; 3] {
    let url = Url::split(url);
    [Port::None, Port::Own, Port::Standard].map(|port| url.to_string(port))
}

#[derive(Clone, Copy)]
enum Port {
    None,
    Own,
    Standard,
}

/// A URL cut at the places that matter here, and otherwise left alone: reading it into a URL
/// type would change bytes that are signed.
struct Url<'a> {
    /// Up to and including `://`.
    scheme: &'a str,
    host: &'a str,
    /// With the colon; empty if there is none.
    port: &'a str,
    /// The path and the query.
    rest: &'a str,
}

impl<'a> Url<'a> {
    fn split(url: &'a str) -> Self {
        let url = url.split_once('#').map_or(url, |(before, _fragment)| before);
        let scheme_end = url.find("://").map_or(0, |index| index + "://".len());
        let (scheme, after) = url.split_at(scheme_end);
        let (authority, rest) = after.split_at(after.find(['/', '?']).unwrap_or(after.len()));
        let authority = authority.rsplit_once('@').map_or(authority, |(_credentials, host)| host);
        // The colons within brackets are those of an IPv6 address.
        let search_from = authority.rfind(']').unwrap_or(0);
        let port_start =
            authority[search_from..].find(':').map_or(authority.len(), |index| search_from + index);
        let (host, port) = authority.split_at(port_start);
        Self { scheme, host, port, rest }
    }

    fn to_string(&self, port: Port) -> String {
        let port = match port {
            Port::None => "",
            Port::Own => self.port,
            Port::Standard => match self.scheme.to_ascii_lowercase().as_str() {
                "http://" | "ws://" => ":80",
                "https://" | "wss://" => ":443",
                _ => self.port,
            },
        };
        [self.scheme, self.host, port, self.rest].concat()
    }

    fn query(&self) -> Cow<'a, str> {
        self.rest.split_once('?').map_or("", |(_path, query)| query).into()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TOKEN: &str = "12345";
    const URL: &str = "https://example.com/a?b=c";

    fn accepts(signed: &str, requested: &str) -> bool {
        verify(TOKEN, requested, Body::None, &sign(TOKEN, signed, Body::None)).is_ok()
    }

    #[test]
    fn ports_may_differ_only_where_twilio_differs() {
        let bare = "https://example.com/a";
        let standard = "https://example.com:443/a";
        let other = "https://example.com:8443/a";
        for (signed, requested, expected) in [
            (bare, standard, true),
            (standard, bare, true),
            (bare, other, true),
            (other, other, true),
            (standard, other, true),
            (other, bare, false),
            (other, standard, false),
            ("https://example.com:80/a", bare, false),
            ("http://example.com:80/a", "http://example.com/a", true),
            ("http://example.com/a", bare, false),
            ("https://[::1]/a", "https://[::1]:8443/a", true),
            ("https://[::1]:443/a", "https://[::1]/a", true),
            ("https://example.com?x=1:2", "https://example.com:443?x=1:2", true),
        ] {
            assert_eq!(accepts(signed, requested), expected, "{signed} {requested}");
        }
    }

    #[test]
    fn fragments_and_credentials_are_not_signed() {
        let full = "https://user:pa@ss@example.com/a?b=c#rc=2&rp=all";
        assert_eq!(sign(TOKEN, full, Body::None), sign(TOKEN, URL, Body::None));
        assert_ne!(sign(TOKEN, "https://example.com/a@b", Body::None), "");
        assert!(!accepts("https://example.com/a@b", "https://b"));
    }

    #[test]
    fn repeated_pairs_count_once_and_order_does_not_matter() {
        let one = Form::from_iter([("b", "2"), ("a", "é"), ("a", "")]);
        let two = Form::from_iter([("a", ""), ("b", "2"), ("a", "é"), ("b", "2")]);
        assert_eq!(sign(TOKEN, URL, Body::Form(&one)), sign(TOKEN, URL, Body::Form(&two)));
        let three = Form::from_iter([("a", ""), ("b", "2")]);
        assert_ne!(sign(TOKEN, URL, Body::Form(&one)), sign(TOKEN, URL, Body::Form(&three)));
    }

    #[test]
    fn json_needs_its_hash_exactly_once() {
        let json = br#"{"a":1}"#;
        let hash = body_sha256(json);
        let check = |url: &str| {
            let signature = sign(TOKEN, url, Body::Json(json));
            verify(TOKEN, url, Body::Json(json), &signature)
        };
        assert_eq!(check(&format!("{URL}&bodySHA256={hash}")), Ok(()));
        assert_eq!(check(&format!("{URL}&bodySHA256={}", hash.to_uppercase())), Ok(()));
        assert_eq!(check(URL), Err(SignatureError::BodyHash));
        let twice = format!("{URL}&bodySHA256={hash}&bodySHA256={hash}");
        assert_eq!(check(&twice), Err(SignatureError::BodyHash));
        let empty = format!("{URL}&bodySHA256=");
        assert_eq!(check(&empty), Err(SignatureError::BodyMismatch));
        let other = format!("{URL}&bodySHA256={}", body_sha256(b"{}"));
        assert_eq!(check(&other), Err(SignatureError::BodyMismatch));
    }

    #[test]
    fn nothing_is_signed_with_an_empty_token() {
        let signature = sign("", URL, Body::None);
        assert_eq!(verify("", URL, Body::None, &signature), Err(SignatureError::EmptyToken));
    }

    #[test]
    fn only_the_canonical_signature_matches() {
        let signature = sign(TOKEN, URL, Body::None);
        for wrong in ["", " ", &signature[1..], &format!("{signature} "), &signature.to_lowercase()]
        {
            let verdict = verify(TOKEN, URL, Body::None, wrong);
            assert_eq!(verdict, Err(SignatureError::Mismatch), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn no_input_panics(
            token in ".*", url in "(https?://)?[\\[\\]:@/?#a-z0-9é%=&]*", json in any::<Vec<u8>>(),
            signature in ".*",
        ) {
            prop_assert!(verify(&token, &url, Body::Json(&json), &signature).is_err());
            prop_assert!(verify(&token, &url, Body::None, &signature).is_err());
        }
    }
}
