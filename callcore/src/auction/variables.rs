//! What a template can say of a call: the variables, their names and their values (spec RTB-2).

use std::borrow::Cow;

use chrono::{DateTime, SecondsFormat, Utc};
use rust_decimal::Decimal;

use super::bidder::Bid;
use crate::call::Caller;
use crate::vocabulary::{CallId, CampaignId, Currency, PhoneNumber, Tags, limits};

/// What all bidders of one auction are told of the call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallFacts {
    /// Our id of the call.
    pub call: CallId,
    /// The campaign that sells it.
    pub campaign: CampaignId,
    /// Who calls. What the carrier says of the place is passed on verbatim.
    pub caller: Caller,
    /// What was dialled.
    pub called: String,
    /// When the call came in.
    pub started_at: DateTime<Utc>,
    /// Key-value facts on it: publisher, session, click ids, answers.
    pub tags: Tags,
}

/// The values of one request to one bidder.
#[derive(Clone, Copy, Debug)]
pub struct Variables<'a> {
    /// What all bidders are told.
    pub call: &'a CallFacts,
    /// Our id of this request.
    pub request_id: &'a str,
    /// The lowest bid that can win, in the target's currency.
    pub min_bid: Option<Decimal>,
    /// The highest bid that is believed, in the target's currency.
    pub max_bid: Option<Decimal>,
    /// How long the bidder has left.
    pub timeout_ms: u32,
    /// When the request is made.
    pub now: DateTime<Utc>,
}

/// Which request a template belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// The request for a bid.
    Ping,
    /// The request that confirms a bid, which knows the bid.
    Confirm,
}

macro_rules! variables {
    ($($(#[$doc:meta])* $variant:ident = $name:literal),+ $(,)?) => {
        /// A variable of a template.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub(crate) enum Variable {
            $($(#[$doc])* $variant,)+
            /// `tag.NAME`: a tag of the call.
            Tag(String),
        }

        impl Variable {
            /// Every name but those of tags, in the order of the documents.
            pub(crate) const NAMES: &'static [&'static str] = &[$($name),+];

            /// The variable of this name.
            pub(crate) fn named(name: &str) -> Option<Self> {
                if let Some(tag) = name.strip_prefix("tag.") {
                    let fits = (1..=limits::TAG_NAME_BYTES).contains(&tag.len());
                    return fits.then(|| Self::Tag(tag.to_owned()));
                }
                match name {
                    $($name => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }
    };
}

variables! {
    /// Our id of the request.
    RequestId = "requestId",
    /// The campaign's id.
    CampaignId = "campaignId",
    /// The caller's number in E.164 form; unset where it is unknown or hidden.
    CallerId = "callerId",
    /// When the call came in, RFC 3339.
    CallStartTime = "callStartTime",
    /// The lowest bid that can win.
    MinBid = "minBid",
    /// The highest bid that is believed.
    MaxBid = "maxBid",
    /// The target's currency.
    Currency = "currency",
    /// The caller's state.
    CallerState = "callerState",
    /// The caller's postal code.
    CallerZip = "callerZip",
    /// Now, in milliseconds since 1970.
    Timestamp = "timestamp",
    /// Now, RFC 3339.
    IsoTimestamp = "isoTimestamp",
    /// Our id of the call.
    CallId = "callId",
    /// The caller's number without the plus: `15551234567`.
    CallerIdDigits = "callerIdDigits",
    /// The ten digits of a North American number: `5551234567`; the digits of any other.
    CallerIdNational = "callerIdNational",
    /// The area code of a North American number.
    CallerAreaCode = "callerAreaCode",
    /// The caller's city.
    CallerCity = "callerCity",
    /// The caller's country, ISO 3166-1 alpha-2.
    CallerCountry = "callerCountry",
    /// What was dialled.
    CalledNumber = "calledNumber",
    /// How long the bidder has left, in milliseconds.
    TimeoutMs = "timeoutMs",
    /// The bidder's id of the bid; in the confirm request.
    BidId = "bidId",
    /// The bid's amount; in the confirm request.
    BidAmount = "bidAmount",
    /// Where the bidder wants the call; in the confirm request.
    DestinationNumber = "destinationNumber",
}

impl Variable {
    /// Whether only the confirm request knows it.
    pub(crate) const fn is_of_the_bid(&self) -> bool {
        matches!(self, Self::BidId | Self::BidAmount | Self::DestinationNumber)
    }
}

/// A value as it is placed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value<'a> {
    /// Text, whatever it looks like.
    Text(Cow<'a, str>),
    /// A number in plain notation.
    Number(String),
    /// A tag: text that as a bare JSON value is a number or a boolean where it is written as one.
    Tag(&'a str),
}

impl Value<'_> {
    /// The value as text.
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Number(text) => text,
            Self::Tag(text) => text,
        }
    }
}

/// Everything that a template is rendered from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts<'a> {
    pub(crate) variables: &'a Variables<'a>,
    pub(crate) currency: Currency,
    /// Whether this bidder sees the caller's number.
    pub(crate) caller_shown: bool,
    /// The bid that is confirmed.
    pub(crate) bid: Option<&'a Bid>,
}

impl<'a> Facts<'a> {
    /// The first of the alternatives that has a value.
    pub(crate) fn first(&self, choices: &[Variable]) -> Option<Value<'a>> {
        choices
            .iter()
            .filter_map(|variable| self.value(variable))
            .find(|value| !value.as_str().is_empty())
    }

    fn value(&self, variable: &Variable) -> Option<Value<'a>> {
        let Variables { call, request_id, min_bid, max_bid, timeout_ms, now } = *self.variables;
        let place = &call.caller.place;
        let text = |text: &'a str| Some(Value::Text(Cow::Borrowed(text)));
        let owned = |text: String| Some(Value::Text(Cow::Owned(text)));
        // A decimal with an exponent is no plain decimal; Decimal never writes one.
        let money = |amount: Decimal| Value::Number(amount.to_string());
        match variable {
            Variable::RequestId => text(request_id),
            Variable::CampaignId => owned(call.campaign.to_string()),
            Variable::CallId => owned(call.call.to_string()),
            Variable::CallerId => self.number().map(PhoneNumber::as_str).and_then(text),
            Variable::CallerIdDigits => self.number().map(PhoneNumber::digits).and_then(text),
            Variable::CallerIdNational => self.number().map(national).and_then(text),
            Variable::CallerAreaCode => {
                call.caller.number.as_ref().and_then(PhoneNumber::area_code).and_then(text)
            }
            Variable::CallerCity => place.city.as_deref().and_then(text),
            Variable::CallerCountry => place.country.as_deref().and_then(text),
            Variable::CallerState => place.state.as_deref().and_then(text),
            Variable::CallerZip => place.zip.as_deref().and_then(text),
            Variable::CalledNumber => text(&call.called),
            Variable::CallStartTime => owned(rfc3339(call.started_at)),
            Variable::MinBid => min_bid.map(money),
            Variable::MaxBid => max_bid.map(money),
            Variable::Currency => owned(self.currency.to_string()),
            Variable::TimeoutMs => Some(Value::Number(timeout_ms.to_string())),
            Variable::Timestamp => Some(Value::Number(now.timestamp_millis().to_string())),
            Variable::IsoTimestamp => owned(rfc3339(now)),
            Variable::BidId => self.bid?.bid_id.as_deref().and_then(text),
            Variable::BidAmount => Some(money(self.bid?.amount.amount)),
            Variable::DestinationNumber => text(self.bid?.destination.as_ref()?.as_str()),
            Variable::Tag(name) => call.tags.value(name).map(Value::Tag),
        }
    }

    /// The caller's number, where the bidder may see it.
    fn number(&self) -> Option<&'a PhoneNumber> {
        self.variables.call.caller.number.as_ref().filter(|_| self.caller_shown)
    }
}

fn national(number: &PhoneNumber) -> &str {
    if number.area_code().is_some() { &number.digits()[1..] } else { number.digits() }
}

fn rfc3339(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}
