//! The header by which a bidder knows us.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::model::TargetAuth;

/// A checked [`TargetAuth`]. `Debug` never shows the secret.
#[derive(Clone)]
pub(super) enum Credential {
    None,
    /// The same header for every request.
    Header {
        name: String,
        value: String,
    },
    /// A signature over what is sent.
    Signature {
        name: String,
        key: Hmac<Sha256>,
    },
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credential(…)")
    }
}

impl Credential {
    pub(super) fn new(auth: &TargetAuth) -> Self {
        let authorization =
            |value: String| Self::Header { name: "Authorization".to_owned(), value };
        match auth {
            TargetAuth::None => Self::None,
            TargetAuth::Bearer { token } => authorization(format!("Bearer {token}")),
            TargetAuth::Basic { username, password } => authorization(format!(
                "Basic {}",
                STANDARD.encode(format!("{username}:{password}"))
            )),
            TargetAuth::ApiKey { header, key } => {
                Self::Header { name: header.clone(), value: key.clone() }
            }
            TargetAuth::Hmac { header, secret } => {
                let key = Hmac::new_from_slice(secret.as_bytes())
                    .expect("HMAC takes keys of any length (RFC 2104 §2)");
                Self::Signature { name: header.clone(), key }
            }
        }
    }

    /// The header for a request that sends this body, or this URL where there is no body.
    pub(super) fn header(&self, signed: &str, now: DateTime<Utc>) -> Option<(String, String)> {
        match self {
            Self::None => None,
            Self::Header { name, value } => Some((name.clone(), value.clone())),
            Self::Signature { name, key } => {
                let seconds = now.timestamp();
                let mut mac = key.clone();
                mac.update(format!("{seconds}.").as_bytes());
                mac.update(signed.as_bytes());
                let code = mac.finalize().into_bytes();
                let hexadecimal: String = code.iter().map(|byte| format!("{byte:02x}")).collect();
                Some((name.clone(), format!("t={seconds},v1={hexadecimal}")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_authentication_is_one_header() {
        let now: DateTime<Utc> = "2026-11-22T18:00:00Z".parse().unwrap();
        let header = |json: &str| {
            let auth: TargetAuth = serde_json::from_str(json).unwrap();
            let credential = Credential::new(&auth);
            assert_eq!(format!("{credential:?}"), "Credential(…)");
            credential.header("{\"a\":1}", now).map(|(name, value)| format!("{name}: {value}"))
        };
        assert_eq!(header(r#"{"type":"none"}"#), None);
        assert_eq!(
            header(r#"{"type":"bearer","token":"abc"}"#).as_deref(),
            Some("Authorization: Bearer abc")
        );
        // The example of RFC 7617 §2.
        assert_eq!(
            header(r#"{"type":"basic","username":"Aladdin","password":"open sesame"}"#).as_deref(),
            Some("Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==")
        );
        assert_eq!(header(r#"{"type":"api_key","key":"abc"}"#).as_deref(), Some("X-API-Key: abc"));
        // printf '1795370400.{"a":1}' | openssl dgst -sha256 -hmac key
        assert_eq!(
            header(r#"{"type":"hmac","secret":"key"}"#).as_deref(),
            Some(concat!(
                "X-Signature: t=1795370400,v1=",
                "c43a6395212a9c09e1bb6d659564944bfbf89a33fcab98f6d32f4d697d3d0781"
            ))
        );
    }
}
