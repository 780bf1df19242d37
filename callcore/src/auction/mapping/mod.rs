//! Reads a bid out of a reply (spec RTB-3): paths are compiled once, and every value is checked.

mod acceptance;
mod amount;
mod chain;
mod destination;
mod expiry;
mod path;
mod words;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::bidder::{Declined, Failure};
use super::tree::Tree;
use super::verdict::{Field, Malformed};
use crate::model::ResponseMapping;
use crate::vocabulary::{Currency, Destination, Problem, limits};
use acceptance::{Acceptance, Said};
use chain::{Chain, Sought};
use words::{Meaning, meaning};

pub(super) use chain::Document;

/// Where the parts of a bid stand when no path says so: `reference/rtb.md` §1.8 and the plain
/// format. Names stand in any case.
const BID_AMOUNT: &str = "bidAmount | bid_amount | bid.amount | bid | bid_price | bidPrice | price \
     | payout | cost | retreaver_payout | amount";
const DESTINATION_NUMBER: &str = "destinationNumber | destination_number | phoneNumber \
     | phone_number | number | inbound_number | forwarding_number | transfer_number | did \
     | call_router_number | destination | phoneNumberNoPlus | sipAddress | sip_address \
     | forwarding_number_sip_address";
const DURATION: &str = "durationSeconds | minDurationSeconds | retreaver_seconds \
     | bidTerms[0].callMinDuration | callMinDuration";
const BID_ID: &str = "bidId | bid_id | uuid | ping_id | call_id";
const EXPIRES: &str = "expiresInSeconds | expireInSeconds | bidExpireEpoch | expiresAt \
     | expires_at | expiration";
const REASON: &str = "rejectReason | reject_reason | reason | message | error | errors[0]";

/// A compiled response mapping.
#[derive(Clone, Debug)]
pub(super) struct Mapping {
    bid_amount: Chain,
    destination: Chain,
    acceptance: Acceptance,
    currency: Option<Chain>,
    duration: Chain,
    bid_id: Chain,
    expires: Chain,
    reason: Chain,
    /// Whether the tenant says where reasons stand: what stands there is then a reason, not chat.
    reason_is_named: bool,
}

/// What a reply offers, before it is known whose bid it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Offer {
    pub(super) amount: Option<Decimal>,
    pub(super) currency: Option<Currency>,
    pub(super) destination: Option<Destination>,
    pub(super) min_duration_secs: Option<u32>,
    pub(super) bid_id: Option<String>,
    pub(super) expires_at: Option<DateTime<Utc>>,
}

/// Why a reply offers nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unoffered {
    NoBid(Declined),
    Refused(Declined),
    Failed(Failure),
}

impl From<Malformed> for Unoffered {
    fn from(malformed: Malformed) -> Self {
        Self::Failed(Failure::Malformed(malformed))
    }
}

/// What an offer must have.
#[derive(Clone, Copy, Debug)]
pub(super) struct Needed {
    pub(super) amount: bool,
    pub(super) destination: bool,
}

impl Mapping {
    /// Compiles every path and finds every problem. `at` is where the mapping stands.
    pub(super) fn compile(response: &ResponseMapping, at: &str) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut bad_path = |name: &str, message: String| {
            problems.push(Problem::error("bad_path", format!("{at}/{name}"), message));
        };
        let mut chain = |name: &str, text: &Option<String>, usual: &str| match text {
            None => Chain::usual(usual),
            Some(text) => Chain::parse(text).unwrap_or_else(|message| {
                bad_path(name, message);
                Chain::usual(usual)
            }),
        };
        let currency = &response.currency_path;
        let mut mapping = Self {
            bid_amount: chain("bidAmountPath", &response.bid_amount_path, BID_AMOUNT),
            destination: chain(
                "destinationNumberPath",
                &response.destination_number_path,
                DESTINATION_NUMBER,
            ),
            acceptance: Acceptance::usual(),
            currency: currency.as_ref().map(|_| chain("currencyPath", currency, "currency")),
            duration: chain("durationPath", &response.duration_path, DURATION),
            bid_id: chain("bidIdPath", &response.bid_id_path, BID_ID),
            expires: chain("expiresPath", &response.expires_path, EXPIRES),
            reason: chain("reasonPath", &response.reason_path, REASON),
            reason_is_named: response.reason_path.is_some(),
        };
        match response.acceptance_path.as_deref().map(Acceptance::parse) {
            Some(Ok(acceptance)) => mapping.acceptance = acceptance,
            Some(Err(message)) => bad_path("acceptancePath", message),
            None => {}
        }
        if problems.is_empty() { Ok(mapping) } else { Err(problems) }
    }

    /// Reads an offer. An explicit refusal beats a present bid.
    pub(super) fn read(
        &self,
        document: &Document<'_>,
        needed: Needed,
        zone: Tz,
        received_at: DateTime<Utc>,
    ) -> Result<Offer, Unoffered> {
        let declined = |word: Option<String>| Declined {
            word: word.map(|word| shortened(&word)),
            reason: self.reason(document),
        };
        match self.acceptance.judge(document) {
            Said::Accepted => {}
            Said::NoBid(word) => return Err(Unoffered::NoBid(declined(word))),
            Said::Refused(word) => return Err(Unoffered::Refused(declined(word))),
            // A refusal often leaves everything out but its reason.
            Said::Missing if self.reason(document).is_some() && !self.has_amount(document) => {
                return Err(Unoffered::Refused(declined(None)));
            }
            Said::Missing => return Err(Malformed::Missing { field: Field::Acceptance }.into()),
            Said::Several => return Err(Malformed::Several { field: Field::Acceptance }.into()),
            Said::Unclear(value) => return Err(unreadable(Field::Acceptance, &value).into()),
        }
        let amount = self.amount(document, needed, declined)?;
        let currency = self.currency.as_ref().map_or(Ok(None), |currency| {
            optional(Field::Currency, currency.find(document), |text| {
                text.to_ascii_uppercase().parse().ok()
            })
        })?;
        Ok(Offer {
            amount,
            currency,
            destination: self.destination(document, needed)?,
            min_duration_secs: optional(Field::Duration, self.duration.find(document), seconds)?,
            bid_id: optional(Field::BidId, self.bid_id.find(document), |text| {
                (text.len() <= limits::BID_ID_BYTES).then(|| text.to_owned())
            })?,
            expires_at: optional(Field::Expires, self.expires.find(document), |text| {
                expiry::read(text, zone, received_at)
            })?,
        })
    }

    /// What the reply says of why, for people.
    pub(super) fn reason(&self, document: &Document<'_>) -> Option<String> {
        let Sought::Value(tree) = self.reason.find(document) else { return None };
        let text = match tree {
            Tree::List(values) => values.first().and_then(Tree::scalar),
            tree => tree.scalar(),
        };
        text.filter(|text| !text.is_empty()).map(shortened)
    }

    fn has_amount(&self, document: &Document<'_>) -> bool {
        matches!(self.bid_amount.find(document), Sought::Value(tree)
            if tree.scalar().and_then(amount::decimal).is_some_and(|amount| !amount.is_zero()))
    }

    fn amount(
        &self,
        document: &Document<'_>,
        needed: Needed,
        declined: impl Fn(Option<String>) -> Declined,
    ) -> Result<Option<Decimal>, Unoffered> {
        let has_reason = || self.reason(document).is_some();
        let tree = match self.bid_amount.find(document) {
            Sought::Missing | Sought::Null if !needed.amount => return Ok(None),
            Sought::Missing if has_reason() => return Err(Unoffered::Refused(declined(None))),
            Sought::Missing => return Err(Malformed::Missing { field: Field::BidAmount }.into()),
            Sought::Null => return Err(Unoffered::NoBid(declined(None))),
            Sought::Several => return Err(Malformed::Several { field: Field::BidAmount }.into()),
            Sought::Value(Tree::Bool(false)) => return Err(Unoffered::NoBid(declined(None))),
            Sought::Value(tree) => tree,
        };
        let text = tree.scalar().unwrap_or(kind(tree));
        match amount::decimal(text) {
            Some(amount) if amount.is_zero() && self.reason_is_named && has_reason() => {
                Err(Unoffered::Refused(declined(None)))
            }
            Some(amount) if amount.is_zero() => Err(Unoffered::NoBid(declined(None))),
            Some(amount) if amount.is_sign_positive() => Ok(Some(amount)),
            Some(_) => Err(unreadable(Field::BidAmount, text).into()),
            None => Err(match meaning(text) {
                Some(Meaning::NoBid) => Unoffered::NoBid(declined(Some(text.to_owned()))),
                Some(Meaning::Refuses) => Unoffered::Refused(declined(Some(text.to_owned()))),
                Some(Meaning::Accepts) | None => unreadable(Field::BidAmount, text).into(),
            }),
        }
    }

    fn destination(
        &self,
        document: &Document<'_>,
        needed: Needed,
    ) -> Result<Option<Destination>, Unoffered> {
        let field = Field::DestinationNumber;
        let tree = match self.destination.find(document) {
            Sought::Missing | Sought::Null if !needed.destination => return Ok(None),
            Sought::Missing | Sought::Null => {
                return Err(Unoffered::Failed(Failure::InvalidDestination { value: None }));
            }
            Sought::Several => return Err(Malformed::Several { field }.into()),
            Sought::Value(tree) => tree,
        };
        let text = tree.scalar().unwrap_or(kind(tree));
        let invalid = || Failure::InvalidDestination { value: Some(shortened(text)) };
        destination::read(text).map(Some).ok_or_else(|| Unoffered::Failed(invalid()))
    }
}

/// A value that may be absent, but not unreadable.
fn optional<T>(
    field: Field,
    sought: Sought<'_>,
    read: impl FnOnce(&str) -> Option<T>,
) -> Result<Option<T>, Malformed> {
    match sought {
        Sought::Missing | Sought::Null => Ok(None),
        Sought::Several => Err(Malformed::Several { field }),
        Sought::Value(tree) => {
            let value = tree.scalar().and_then(read);
            value.map(Some).ok_or_else(|| unreadable(field, tree.scalar().unwrap_or(kind(tree))))
        }
    }
}

/// Whole seconds, rounded up: a call must last at least as long.
fn seconds(text: &str) -> Option<u32> {
    amount::decimal(text)?.ceil().to_u32()
}

fn unreadable(field: Field, value: &str) -> Malformed {
    Malformed::Unreadable { field, value: shortened(value) }
}

fn kind(tree: &Tree<'_>) -> &'static str {
    match tree {
        Tree::Null => "null",
        Tree::Bool(true) => "true",
        Tree::Bool(false) => "false",
        Tree::Number(_) | Tree::Text(_) => "a value",
        Tree::List(_) => "a list",
        Tree::Map(_) => "an object",
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(limits::REASON_CHARACTERS).collect()
}
