//! One bidder's side of an auction: two pure functions, what to ask and what the answer says.
//! Whatever needs the replies of several bidders is the auction's.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::compile::{CompiledRequest, CompiledTarget};
use super::mapping::{Document, Mapping, Needed, Offer, Unoffered};
use super::secrets;
use super::template::RenderError;
use super::tree::{self, Tree};
use super::variables::{Facts, Variables};
use super::verdict::{Malformed, Verdict};
use crate::model::HttpMethod;
use crate::vocabulary::{Destination, Money, limits};

/// A request to a bidder as plain data.
#[derive(Clone, PartialEq, Eq)]
pub struct BidRequest {
    /// Its method.
    pub method: HttpMethod,
    /// An absolute http or https URL.
    pub url: String,
    /// Headers in order, without the credential.
    pub headers: Vec<(String, String)>,
    /// The header that proves who asks. It stands apart, so that nothing logs it.
    pub credential: Option<(String, String)>,
    /// What the target's credential is made of, such as a password, in the forms in which an answer
    /// may repeat it.
    pub secrets: Arc<[String]>,
    /// The body; empty for none.
    pub body: String,
    /// How long the whole exchange may take.
    pub timeout_ms: u32,
}

impl BidRequest {
    /// What may not appear in anything that is kept or shown of the answer: what the credential is
    /// made of in every form, the credential as it was sent, and the token or signature in it.
    pub fn secrets(&self) -> Vec<&str> {
        let value = self.credential.as_ref().map(|(_, value)| value.as_str());
        let after = |mark: &str| value.and_then(|value| value.split_once(mark));
        let token = after(" ").or_else(|| after(",v1=")).map(|(_, token)| token);
        self.secrets.iter().map(String::as_str).chain(token).chain(value).collect()
    }
}

impl fmt::Debug for BidRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // URL, headers and body may hold keys and what callers said.
        f.debug_struct("BidRequest").field("method", &self.method).finish_non_exhaustive()
    }
}

/// A reply from a bidder as plain data.
#[derive(Clone, Copy)]
pub struct BidResponse<'a> {
    /// The HTTP status code.
    pub status: u16,
    /// Headers in any order and case.
    pub headers: &'a [(String, String)],
    /// The body.
    pub body: &'a [u8],
}

impl fmt::Debug for BidResponse<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BidResponse")
            .field("status", &self.status)
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// A bid that one bidder made and that can be read. Whether it is valid in an auction (floor,
/// maximum, currency, expiry) is the auction's to say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Bid {
    /// What it pays, more than zero.
    pub amount: Money,
    /// Where it wants the call; absent only where its confirmation names the destination.
    pub destination: Option<Destination>,
    /// How long a call must last to be paid.
    pub min_duration_secs: Option<u32>,
    /// The bidder's id of the bid.
    pub bid_id: Option<String>,
    /// Until when it holds.
    pub expires_at: Option<DateTime<Utc>>,
}

/// What a bidder says when it does not bid.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Declined {
    /// The word or code that says so, where there is one.
    pub word: Option<String>,
    /// Why, in its own words.
    pub reason: Option<String>,
}

/// Why a reply is neither a bid nor a refusal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "failure", rename_all = "snake_case")]
pub enum Failure {
    /// A status other than success; redirects are not followed.
    Http {
        /// Which one.
        status: u16,
        /// What the body says of it.
        reason: Option<String>,
    },
    /// The destination is missing, or none that can be dialled.
    InvalidDestination {
        /// What stands there, shortened.
        value: Option<String>,
    },
    /// The body cannot be read.
    Malformed(Malformed),
    /// The body is larger than is read.
    TooLarge,
}

/// What a reply says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reply", content = "detail", rename_all = "snake_case")]
pub enum BidReply {
    /// A bid.
    Bid(Bid),
    /// Neither a bid nor a refusal.
    Failed(Failure),
    /// No bid, without anything being wrong.
    NoBid(Declined),
    /// An explicit refusal, which beats a present bid.
    Refused(Declined),
}

impl BidReply {
    /// The verdict, where the reply alone decides it: a bid's is the auction's.
    pub const fn verdict(&self) -> Option<Verdict> {
        match self {
            Self::Bid(_) => None,
            Self::Failed(failure) => Some(failure.verdict()),
            Self::NoBid(_) => Some(Verdict::NoBid),
            Self::Refused(_) => Some(Verdict::Refused),
        }
    }
}

impl Failure {
    /// The verdict that it means.
    pub const fn verdict(&self) -> Verdict {
        match self {
            Self::Http { .. } => Verdict::HttpError,
            Self::InvalidDestination { .. } => Verdict::InvalidDestination,
            Self::Malformed(_) => Verdict::Malformed,
            Self::TooLarge => Verdict::TooLarge,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http { status, reason: None } => write!(f, "status {status}"),
            Self::Http { status, reason: Some(reason) } => write!(f, "status {status}: {reason}"),
            Self::InvalidDestination { value: None } => {
                f.write_str("the reply names no destination")
            }
            Self::InvalidDestination { value: Some(value) } => {
                write!(f, "{value:?} is no destination")
            }
            Self::Malformed(malformed) => fmt::Display::fmt(malformed, f),
            Self::TooLarge => {
                write!(f, "the body is larger than {} bytes", limits::BID_BODY_BYTES)
            }
        }
    }
}

impl fmt::Display for Declined {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.word, &self.reason) {
            (Some(word), Some(reason)) if word != reason => write!(f, "{word}: {reason}"),
            (Some(text), _) | (None, Some(text)) => f.write_str(text),
            (None, None) => f.write_str("no reason given"),
        }
    }
}

/// What a confirm request's reply says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reply", content = "detail", rename_all = "snake_case")]
pub enum Confirmation {
    /// The call may be dialled, to this destination: the reply's, or else the bid's.
    Confirmed(Destination),
    /// The reply cannot be used.
    Failed(Failure),
    /// The bidder changed its mind.
    Refused(Declined),
}

impl Confirmation {
    /// The confirmation without these words, see [`Reply::redacted`](super::Reply::redacted).
    #[must_use]
    pub fn redacted(self, words: &[&str]) -> Self {
        let is_destination = matches!(self, Self::Confirmed(_));
        let before = self.clone();
        match secrets::redacted(self, words) {
            Some(told) if !is_destination || told == before => told,
            // A destination cannot be blotted out: then it is none.
            _ => Self::Failed(Failure::InvalidDestination {
                value: Some(secrets::REDACTED.to_owned()),
            }),
        }
    }
}

/// The request for a bid.
///
/// # Errors
/// [`RenderError`] where a value does not fit its place; the bidder is then not asked.
pub fn request(
    target: &CompiledTarget,
    variables: &Variables<'_>,
) -> Result<BidRequest, RenderError> {
    let facts = Facts {
        variables,
        currency: target.currency,
        caller_shown: target.expose_caller_id,
        bid: None,
    };
    rendered(target, &target.ping, &facts)
}

/// The request that confirms a bid, with the caller's number in it; `None` where the target has
/// none.
///
/// # Errors
/// [`RenderError`] where a value does not fit its place.
pub fn confirm_request(
    target: &CompiledTarget,
    variables: &Variables<'_>,
    bid: &Bid,
) -> Result<Option<BidRequest>, RenderError> {
    let facts =
        Facts { variables, currency: bid.amount.currency, caller_shown: true, bid: Some(bid) };
    target.confirm.as_ref().map(|confirm| rendered(target, &confirm.request, &facts)).transpose()
}

fn rendered(
    target: &CompiledTarget,
    request: &CompiledRequest,
    facts: &Facts<'_>,
) -> Result<BidRequest, RenderError> {
    let url = request.url.render(facts, request.more_query())?;
    let body = request.body_text(facts)?;
    let mut headers = vec![("Accept".to_owned(), "application/json, application/xml".to_owned())];
    if !body.is_empty() {
        headers.push(("Content-Type".to_owned(), request.content_type.media_type().to_owned()));
    }
    for (name, template) in &request.headers {
        let value = template.render(facts)?;
        headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        headers.push((name.clone(), value));
    }
    let signed = if body.is_empty() { &url } else { &body };
    let credential = target.credential.header(signed, facts.variables.now);
    let timeout_ms = request.timeout_ms.min(facts.variables.timeout_ms);
    let secrets = Arc::clone(&target.secrets);
    Ok(BidRequest { method: request.method, url, headers, credential, secrets, body, timeout_ms })
}

/// What a reply says, for any bytes.
pub fn parse(
    target: &CompiledTarget,
    response: &BidResponse<'_>,
    received_at: DateTime<Utc>,
) -> BidReply {
    let needed = Needed { amount: true, destination: target.confirm.is_none() };
    match offer(&target.mapping, response, needed, target, received_at) {
        Ok(Offer {
            amount: Some(amount),
            currency,
            destination,
            min_duration_secs,
            bid_id,
            expires_at,
        }) => {
            let amount = Money { amount, currency: currency.unwrap_or(target.currency) };
            BidReply::Bid(Bid { amount, destination, min_duration_secs, bid_id, expires_at })
        }
        // An amount is needed, so its absence was told as such.
        Ok(Offer { amount: None, .. }) => BidReply::NoBid(Declined::default()),
        Err(Unoffered::NoBid(declined)) => BidReply::NoBid(declined),
        Err(Unoffered::Refused(declined)) => BidReply::Refused(declined),
        Err(Unoffered::Failed(failure)) => BidReply::Failed(failure),
    }
}

/// What the reply to a confirm request says. Its destination replaces the bid's; a status of
/// success without a body confirms.
pub fn parse_confirmation(
    target: &CompiledTarget,
    response: &BidResponse<'_>,
    bid: &Bid,
    received_at: DateTime<Utc>,
) -> Confirmation {
    let needed = Needed { amount: false, destination: bid.destination.is_none() };
    let mapping = target.confirm.as_ref().map_or(&target.mapping, |confirm| &confirm.mapping);
    let empty = response.body.iter().all(u8::is_ascii_whitespace);
    let destination = if empty && (200..300).contains(&response.status) {
        Ok(None)
    } else {
        offer(mapping, response, needed, target, received_at).map(|offer| offer.destination)
    };
    match destination.map(|destination| destination.or_else(|| bid.destination.clone())) {
        Ok(Some(destination)) => Confirmation::Confirmed(destination),
        Ok(None) => Confirmation::Failed(Failure::InvalidDestination { value: None }),
        Err(Unoffered::NoBid(declined) | Unoffered::Refused(declined)) => {
            Confirmation::Refused(declined)
        }
        Err(Unoffered::Failed(failure)) => Confirmation::Failed(failure),
    }
}

fn offer(
    mapping: &Mapping,
    response: &BidResponse<'_>,
    needed: Needed,
    target: &CompiledTarget,
    received_at: DateTime<Utc>,
) -> Result<Offer, Unoffered> {
    let BidResponse { status, headers, body } = *response;
    if body.len() > limits::BID_BODY_BYTES {
        return Err(Unoffered::Failed(Failure::TooLarge));
    }
    if status == 204 {
        return Err(Unoffered::NoBid(Declined::default()));
    }
    let is_encoded = headers.iter().any(|(name, value)| {
        name.eq_ignore_ascii_case("content-encoding")
            && !matches!(value.trim().to_ascii_lowercase().as_str(), "" | "identity")
    });
    let text = if is_encoded { Err(Malformed::Encoded) } else { text_of(body) };
    let document = match &text {
        Ok(text) => document(text),
        Err(malformed) => Err(malformed.clone()),
    };
    if !(200..300).contains(&status) {
        let reason = document.ok().and_then(|document| mapping.reason(&document));
        return Err(Unoffered::Failed(Failure::Http { status, reason }));
    }
    mapping.read(&document?, needed, target.timezone, received_at)
}

/// The text of a body; of a JSON string that holds JSON, what it holds.
fn text_of(body: &[u8]) -> Result<Cow<'_, str>, Malformed> {
    let text = std::str::from_utf8(body).map_err(|error| broken(&error))?;
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    if text.trim_start().starts_with('"')
        && let Ok(Tree::Text(inner)) = tree::json::read(text)
        && inner.trim_start().starts_with(['{', '['])
        && tree::json::read(&inner).is_ok()
    {
        return Ok(inner);
    }
    Ok(Cow::Borrowed(text))
}

/// JSON or XML: told apart by the first character, because content types of the wild are often
/// wrong.
fn document(text: &str) -> Result<Document<'_>, Malformed> {
    if text.trim_start().starts_with('<') {
        return tree::xml::read(text).map(Document::xml).map_err(|error| broken(&error));
    }
    tree::json::read(text).map(Document::json).map_err(|error| broken(&error))
}

fn broken(error: &dyn fmt::Display) -> Malformed {
    Malformed::Body { why: error.to_string() }
}
