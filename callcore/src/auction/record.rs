//! What the log keeps of a request: everything that was said of the call, and nothing that proves
//! who we are.

use serde::{Deserialize, Serialize};

use super::bidder::BidRequest;
use crate::model::HttpMethod;

/// A request as the log keeps it. The credential is left out; headers and query parameters that are
/// named like secrets have their value hidden.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestRecord {
    /// Its method.
    pub method: HttpMethod,
    /// Its URL.
    pub url: String,
    /// Its headers in order.
    pub headers: Vec<(String, String)>,
    /// Its body, or the beginning of it.
    pub body: String,
    /// How long the body was, in bytes.
    pub body_bytes: u64,
    /// Whether anything was cut off: the body, or the values of headers.
    pub truncated: bool,
}

/// What stands in the place of a secret.
pub(super) const HIDDEN: &str = "…";

/// Parts of names, in lower case, whose values are taken for secrets.
const SECRET_NAMES: [&str; 8] =
    ["auth", "cookie", "credential", "key", "password", "secret", "signature", "token"];

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRET_NAMES.iter().any(|part| name.contains(part))
}

impl BidRequest {
    /// The request as the log keeps it.
    pub fn record(&self) -> RequestRecord {
        let header = |(name, value): &(String, String)| {
            let shown = if is_secret(name) { HIDDEN } else { value };
            (name.clone(), shown.to_owned())
        };
        RequestRecord {
            method: self.method,
            url: shown_url(&self.url),
            headers: self.headers.iter().map(header).collect(),
            body: self.body.clone(),
            body_bytes: u64::try_from(self.body.len()).unwrap_or(u64::MAX),
            truncated: false,
        }
    }
}

fn shown_url(url: &str) -> String {
    let Some((path, query)) = url.split_once('?') else { return url.to_owned() };
    let field = |field: &str| match field.split_once('=') {
        Some((name, _)) if is_secret(name) => format!("{name}={HIDDEN}"),
        _ => field.to_owned(),
    };
    let query: Vec<String> = query.split('&').map(field).collect();
    format!("{path}?{}", query.join("&"))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn no_secret_is_in_the_record_or_in_debug() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let request = BidRequest {
            method: HttpMethod::Post,
            url: "https://bid.example.com/a?apiKey=CANARY&zip=80202&x".to_owned(),
            headers: vec![pair("X-Auth", "CANARY"), pair("X-Zip", "80202")],
            credential: Some(pair("X-Any", "CANARY")),
            secrets: Arc::default(),
            body: "zip=80202".to_owned(),
            timeout_ms: 1_000,
        };
        let record = request.record();
        assert!(!serde_json::to_string(&record).unwrap().contains("CANARY"));
        assert_eq!(record.url, "https://bid.example.com/a?apiKey=…&zip=80202&x");
        assert_eq!(record.headers, [pair("X-Auth", "…"), pair("X-Zip", "80202")]);
        assert_eq!(record.body, request.body);
        assert!(!format!("{request:?}").contains("CANARY"));
    }
}
