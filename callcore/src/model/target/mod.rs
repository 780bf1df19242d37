//! Real-time bidding targets: external bidders as a tenant configures them (spec RTB-1 to RTB-3).

mod auth;
mod response;

pub use auth::TargetAuth;
pub use response::ResponseMapping;

use std::collections::BTreeMap;
use std::fmt;

use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::{Caps, Contact, HttpMethod, check};
use crate::schedule::ScheduleDocument;
use crate::vocabulary::{Currency, Money, Problem, limits};

/// Whether a target is asked at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum TargetStatus {
    /// Takes part in auctions.
    #[default]
    Active,
    /// Is not asked.
    Paused,
}

/// How a bid request's body is written, and what its `Content-Type` says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum BidContentType {
    /// `application/json`.
    #[default]
    Json,
    /// `application/x-www-form-urlencoded`.
    Form,
    /// `application/xml`.
    Xml,
}

impl BidContentType {
    /// The media type.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Form => "application/x-www-form-urlencoded",
            Self::Xml => "application/xml",
        }
    }
}

/// A second request to the winner before it is dialled: the post of ping and post. It is signed as
/// the bid request is, shows the caller id, and knows `{bidId}`, `{bidAmount}` and
/// `{destinationNumber}`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConfirmRequest {
    /// Where it is sent; a URL template.
    #[cfg_attr(feature = "schema", schema(max_length = 2000))]
    pub endpoint_url: String,
    /// How it is sent.
    #[serde(default = "post")]
    pub method: HttpMethod,
    /// How its body is written.
    #[serde(default)]
    pub content_type: BidContentType,
    /// More headers; their values are templates.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Its body, a template; absent for the plain one, empty for none.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schema(max_length = 16384))]
    pub request_body: Option<String>,
    /// How long the target has to answer.
    #[serde(default = "one_second")]
    #[cfg_attr(feature = "schema", schema(minimum = 50, maximum = 8000))]
    pub timeout_ms: u32,
    /// Whether a confirmation that fails loses the call; otherwise it is dialled all the same.
    #[serde(default = "yes")]
    pub required: bool,
    /// Where the answer's parts stand.
    #[serde(default)]
    pub response: ResponseMapping,
}

impl fmt::Debug for ConfirmRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // URL, headers and body may hold keys.
        f.debug_struct("ConfirmRequest")
            .field("method", &self.method)
            .field("content_type", &self.content_type)
            .field("required", &self.required)
            .finish_non_exhaustive()
    }
}

/// An external bidder. Its templates and paths are read by
/// [`Target::check`] and [`Target::compile`], which stand in [`auction`](crate::auction).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Target {
    /// What people call it, and what the log calls it.
    #[cfg_attr(feature = "schema", schema(min_length = 1, max_length = 200))]
    pub name: String,
    /// Where bid requests go; a URL template.
    #[cfg_attr(feature = "schema", schema(max_length = 2000))]
    pub endpoint_url: String,
    /// Whether it is asked at all.
    #[serde(default)]
    pub status: TargetStatus,
    /// The company behind it.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schema(max_length = 200))]
    pub company: String,
    /// Whom to talk to there.
    #[serde(default)]
    pub contact: Option<Contact>,
    /// How it is asked.
    #[serde(default = "post")]
    pub method: HttpMethod,
    /// How the body is written.
    #[serde(default)]
    pub content_type: BidContentType,
    /// More headers; their values are templates.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// How the target knows that a request is ours. Never shown again: an absent one keeps what was
    /// set before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(write_only))]
    pub auth: Option<TargetAuth>,
    /// The body, a template; absent for the plain one, empty for none.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schema(max_length = 16384))]
    pub request_body: Option<String>,
    /// How long it has to answer, inside the auction's own deadline.
    #[serde(default = "one_second")]
    #[cfg_attr(feature = "schema", schema(minimum = 50, maximum = 8000))]
    pub timeout_ms: u32,
    /// Where a bid's parts stand in the reply.
    #[serde(default)]
    pub response: ResponseMapping,
    /// The lowest bid that is taken from it.
    #[serde(default)]
    pub min_bid: Option<Money>,
    /// The highest bid that is believed.
    #[serde(default)]
    pub max_bid: Option<Money>,
    /// The currency of its bids.
    #[serde(default = "us_dollar")]
    #[cfg_attr(feature = "schema", schema(value_type = String, pattern = "^[A-Z]{3}$", examples("USD")))]
    pub currency: Currency,
    /// How many calls it takes.
    #[serde(default)]
    pub caps: Option<Caps>,
    /// The IANA zone of its caps, its schedule and of times without a zone in its replies.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schema(value_type = String, format = "time-zone", examples("America/New_York")))]
    pub timezone: Tz,
    /// When it is asked; absent means always.
    #[serde(default)]
    pub schedule: Option<ScheduleDocument>,
    /// Whether it sees the caller's number before it has won.
    #[serde(default = "yes")]
    pub expose_caller_id: bool,
    /// The second request to a winner; absent for none.
    #[serde(default)]
    pub confirm: Option<ConfirmRequest>,
}

fn post() -> HttpMethod {
    HttpMethod::Post
}

fn one_second() -> u32 {
    1_000
}

fn yes() -> bool {
    true
}

fn us_dollar() -> Currency {
    Currency::USD
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // URL, headers and body may hold keys.
        f.debug_struct("Target")
            .field("name", &self.name)
            .field("status", &self.status)
            .field("method", &self.method)
            .field("content_type", &self.content_type)
            .field("auth", &self.auth)
            .finish_non_exhaustive()
    }
}

impl Target {
    /// An active target that is asked with the plain request and answers in the usual places.
    pub fn new(name: impl Into<String>, endpoint_url: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            endpoint_url: endpoint_url.into(),
            status: TargetStatus::default(),
            company: String::new(),
            contact: None,
            method: post(),
            content_type: BidContentType::default(),
            headers: BTreeMap::new(),
            auth: None,
            request_body: None,
            timeout_ms: one_second(),
            response: ResponseMapping::default(),
            min_bid: None,
            max_bid: None,
            currency: us_dollar(),
            caps: None,
            timezone: Tz::UTC,
            schedule: None,
            expose_caller_id: true,
            confirm: None,
        }
    }

    /// The problems of everything but templates, headers and paths.
    pub(crate) fn check_settings(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        check::name(&mut problems, "/name", &self.name);
        check::text(&mut problems, "/company", &self.company, limits::NAME_CHARACTERS);
        if let Some(contact) = &self.contact {
            let Contact { name, email, phone } = contact;
            for (field, text) in [("name", name), ("email", email), ("phone", phone)] {
                let path = format!("/contact/{field}");
                check::text(&mut problems, &path, text, limits::NAME_CHARACTERS);
            }
        }
        let allowed = &limits::BID_TIMEOUT_MS;
        check::range(&mut problems, "/timeoutMs", self.timeout_ms, allowed);
        if let Some(confirm) = &self.confirm {
            check::range(&mut problems, "/confirm/timeoutMs", confirm.timeout_ms, allowed);
        }
        self.check_money(&mut problems);
        problems.extend(self.caps.iter().flat_map(|caps| caps.check("/caps")));
        problems.extend(self.schedule.iter().flat_map(|schedule| {
            crate::schedule::check(schedule).into_iter().map(|problem| problem.under("/schedule"))
        }));
        problems
    }

    fn check_money(&self, problems: &mut Vec<Problem>) {
        for (path, bound) in [("/minBid", self.min_bid), ("/maxBid", self.max_bid)] {
            let Some(bound) = bound else { continue };
            if bound.is_negative() {
                let path = format!("{path}/amount");
                problems.push(Problem::error("negative_money", path, "a bid is 0 or more"));
            }
            if bound.currency != self.currency {
                problems.push(Problem::error(
                    "wrong_currency",
                    format!("{path}/currency"),
                    format!("the target bids in {}, not in {}", self.currency, bound.currency),
                ));
            }
        }
        if let (Some(least), Some(most)) = (self.min_bid, self.max_bid)
            && least.amount > most.amount
        {
            problems.push(Problem::error(
                "out_of_range",
                "/maxBid/amount",
                format!("the highest bid {most} is below the lowest {least}"),
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_fields_make_a_target_and_the_rest_has_defaults() {
        let json = r#"{"name":"Acme","endpointUrl":"https://bid.example.com/"}"#;
        let target: Target = serde_json::from_str(json).unwrap();
        assert_eq!(target, Target::new("Acme", "https://bid.example.com/"));
        assert_eq!((target.method, target.timeout_ms), (HttpMethod::Post, 1_000));
        assert!(target.expose_caller_id);
        let written = serde_json::to_value(&target).unwrap();
        assert_eq!(serde_json::from_value::<Target>(written).unwrap(), target);
    }

    #[test]
    fn unknown_fields_are_refused_at_every_level() {
        for wrong in [
            r#"{"name":"a","endpointUrl":"https://a.example/","x":1}"#,
            r#"{"name":"a","endpointUrl":"https://a.example/","response":{"path":"x"}}"#,
            r#"{"name":"a","endpointUrl":"https://a.example/","auth":{"type":"bearer","token":"t","x":1}}"#,
            r#"{"name":"a","endpointUrl":"https://a.example/","confirm":{"endpointUrl":"x","x":1}}"#,
        ] {
            assert!(serde_json::from_str::<Target>(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn no_secret_is_in_debug() {
        let mut target = Target::new("Acme", "https://bid.example.com/?key=CANARY");
        target.headers.insert("X-Key".to_owned(), "CANARY".to_owned());
        target.request_body = Some("CANARY".to_owned());
        for auth in [
            r#"{"type":"bearer","token":"CANARY"}"#,
            r#"{"type":"basic","username":"u","password":"CANARY"}"#,
            r#"{"type":"api_key","key":"CANARY"}"#,
            r#"{"type":"hmac","secret":"CANARY"}"#,
        ] {
            let mut auth: TargetAuth = serde_json::from_str(auth).unwrap();
            assert_eq!(auth.secret_mut().map(|secret| secret.as_str()), Some("CANARY"));
            target.auth = Some(auth);
            assert!(!format!("{target:?}").contains("CANARY"));
        }
    }

    #[test]
    fn bounds_are_in_the_currency_of_the_target_and_in_order() {
        let money = |amount: i64, currency: &str| {
            Some(Money { amount: amount.into(), currency: currency.parse().unwrap() })
        };
        let mut target = Target::new("", "https://bid.example.com/");
        (target.min_bid, target.max_bid) = (money(-1, "EUR"), money(-2, "USD"));
        target.timeout_ms = 49;
        let found: Vec<_> =
            target.check_settings().into_iter().map(|problem| problem.path).collect();
        assert_eq!(
            found,
            [
                "/name",
                "/timeoutMs",
                "/minBid/amount",
                "/minBid/currency",
                "/maxBid/amount",
                "/maxBid/amount"
            ]
        );
    }
}
