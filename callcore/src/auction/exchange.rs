//! What was said between us and a target, as the log keeps it (spec RTB-7): the request as it was
//! sent and the answer as it came, both capped, and without what proves who we are.

use serde::{Deserialize, Serialize};

use super::bidder::BidRequest;
use super::record::{HIDDEN, RequestRecord};
use super::secrets::without;
use crate::vocabulary::{TargetId, limits};

/// What a target was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// For a bid: the ping.
    Bid,
    /// To confirm that it takes the call: the post.
    Confirm,
}

impl Purpose {
    /// Its name, as stores and the API write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bid => "bid",
            Self::Confirm => "confirm",
        }
    }
}

/// An answer as the log keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AnswerRecord {
    /// The HTTP status.
    pub status: u16,
    /// The body as text: bytes that are no UTF-8 are replaced, and only the first
    /// [`limits::EXCHANGE_BYTES`] are kept.
    pub body: String,
    /// How long the body was, in bytes.
    pub body_bytes: u64,
    /// Whether `body` is only the beginning of it.
    pub truncated: bool,
}

/// One request to a target of an auction and what came back. There is at most one for a target and a
/// purpose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Exchange {
    /// Who was asked.
    pub target: TargetId,
    /// What for.
    pub purpose: Purpose,
    /// What was sent.
    pub request: RequestRecord,
    /// What came back; `None` where nothing whole did before the auction was over, or more than is
    /// read.
    pub answer: Option<AnswerRecord>,
}

impl BidRequest {
    /// The request as it is shown: as [`BidRequest::record`], without the secrets wherever else they
    /// stand.
    pub fn shown(&self) -> RequestRecord {
        let secrets = self.secrets();
        let hide = |text: &mut String| *text = without(std::mem::take(text), &secrets, HIDDEN);
        let mut record = self.record();
        hide(&mut record.url);
        record.headers.iter_mut().for_each(|(_, value)| hide(value));
        hide(&mut record.body);
        // Its name is no secret, and tells that the request proved who asks.
        let credential = self.credential.iter();
        record.headers.extend(credential.map(|(name, _)| (name.clone(), HIDDEN.to_owned())));
        record
    }

    /// The request as it is kept for good: as [`BidRequest::shown`], and no more than
    /// [`limits::EXCHANGE_BYTES`] each of the body and of the headers' values.
    pub fn kept(&self) -> RequestRecord {
        let mut record = self.shown();
        let mut left = limits::EXCHANGE_BYTES;
        let own = self.headers.len();
        for (_, value) in record.headers.iter_mut().take(own) {
            record.truncated |= cut(value, left);
            left -= value.len();
        }
        record.truncated |= cut(&mut record.body, limits::EXCHANGE_BYTES);
        record
    }
}

impl AnswerRecord {
    /// An answer as it is kept, without words that a bidder must not repeat.
    pub fn of(status: u16, body: &[u8], secrets: &[&str]) -> Self {
        // This comes before it is cut, which could leave half a word.
        let mut text = without(String::from_utf8_lossy(body).into_owned(), secrets, HIDDEN);
        let truncated = cut(&mut text, limits::EXCHANGE_BYTES);
        let body_bytes = u64::try_from(body.len()).unwrap_or(u64::MAX);
        Self { status, body: text, body_bytes, truncated }
    }
}

/// Keeps no more than the first bytes of a text; answers whether there were more.
fn cut(text: &mut String, most: usize) -> bool {
    let longer = text.len() > most;
    if longer {
        text.truncate(text.floor_char_boundary(most));
        text.shrink_to_fit();
    }
    longer
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::HttpMethod;

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn a_request_is_kept_as_it_was_sent_without_its_secret() {
        let request = BidRequest {
            method: HttpMethod::Post,
            url: "https://bid.example.com/CANARY?zip=80202".to_owned(),
            headers: vec![pair("X-Zip", "80202"), pair("X-Echo", "of CANARY")],
            credential: Some(pair("Authorization", "Bearer CANARY")),
            secrets: Arc::default(),
            body: r#"{"zip":"80202","who":"CANARY"}"#.to_owned(),
            timeout_ms: 1_000,
        };
        let kept = request.kept();
        assert!(!serde_json::to_string(&kept).unwrap().contains("CANARY"));
        assert_eq!(kept.method, HttpMethod::Post);
        assert_eq!(kept.url, "https://bid.example.com/…?zip=80202");
        let headers = [pair("X-Zip", "80202"), pair("X-Echo", "of …"), pair("Authorization", "…")];
        assert_eq!(kept.headers, headers);
        assert_eq!(kept.body, r#"{"zip":"80202","who":"…"}"#);
        assert_eq!((kept.body_bytes, kept.truncated), (30, false));
    }

    #[test]
    fn of_a_large_request_the_beginning_is_kept() {
        let request = |headers: Vec<(String, String)>, body: String| BidRequest {
            method: HttpMethod::Post,
            url: "https://bid.example.com/".to_owned(),
            headers,
            credential: None,
            secrets: Arc::default(),
            body,
            timeout_ms: 1_000,
        };
        let long = "x".repeat(limits::BID_BODY_BYTES);
        let kept = request(Vec::new(), long.clone()).kept();
        assert_eq!((kept.body.len(), kept.truncated), (limits::EXCHANGE_BYTES, true));
        assert_eq!(kept.body_bytes, 65_536);
        let kept = request(vec![pair("A", &long), pair("B", &long)], String::new()).kept();
        assert_eq!(kept.headers[0].1.len() + kept.headers[1].1.len(), limits::EXCHANGE_BYTES);
        assert!(kept.truncated);
    }

    #[test]
    fn of_an_answer_the_beginning_is_kept_with_its_length() {
        let most = limits::EXCHANGE_BYTES;
        let whole = AnswerRecord::of(200, "x".repeat(most).as_bytes(), &[]);
        assert_eq!((whole.body.len(), whole.truncated), (most, false));
        let more = AnswerRecord::of(200, "x".repeat(most + 1).as_bytes(), &[]);
        assert_eq!((more.body.len(), more.truncated), (most, true));
        assert_eq!(more.body_bytes, 4_097);
        // A character of three bytes across the edge goes as a whole.
        let body = format!("{}€", "x".repeat(most - 1));
        assert_eq!(AnswerRecord::of(200, body.as_bytes(), &[]).body.len(), most - 1);
    }

    #[test]
    fn an_answer_keeps_no_part_of_a_secret() {
        let most = limits::EXCHANGE_BYTES;
        let body = format!("{}CANARY", "x".repeat(most - 3));
        let kept = AnswerRecord::of(500, body.as_bytes(), &["", "CANARY"]);
        assert_eq!(kept.body, format!("{}…", "x".repeat(most - 3)));
        assert_eq!((kept.status, kept.truncated), (500, false));
        assert_eq!(AnswerRecord::of(200, b"a\xffb", &[]).body, "a\u{FFFD}b");
    }
}
