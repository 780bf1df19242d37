//! What became of each target: one verdict each, numbered after the IAB's seat-non-bid list
//! (`InteractiveAdvertisingBureau/openrtb`, extensions/community_extensions/seat-non-bid.md): 0 to 99
//! no bid, 100s errors, 200s not sent, 300s rejected, 500 and above the words of calls.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! verdicts {
    ($($(#[$doc:meta])* $variant:ident = $code:literal $name:literal),+ $(,)?) => {
        /// What became of a target in an auction.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
        #[serde(rename_all = "snake_case")]
        pub enum Verdict {
            $($(#[$doc])* $variant),+
        }

        impl Verdict {
            /// All of them, in the order of the HTTP API.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its word on the wire.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name),+
                }
            }

            /// Its number.
            pub const fn code(self) -> u16 {
                match self {
                    $(Self::$variant => $code),+
                }
            }
        }
    };
}

verdicts! {
    /// Won the call.
    Won = 500 "won",
    /// Made a valid bid that others outdid.
    Lost = 501 "lost",
    /// Made no bid.
    NoBid = 0 "no_bid",
    /// Refused the call explicitly.
    Refused = 502 "refused",
    /// Did not answer in time.
    Timeout = 101 "timeout",
    /// Could not be reached.
    Unreachable = 103 "unreachable",
    /// Answered with a status other than success.
    HttpError = 100 "http_error",
    /// Answered what cannot be read, or could not be asked because a value does not fit.
    Malformed = 102 "malformed",
    /// Answered more than is read, or would be sent more than is allowed.
    TooLarge = 510 "too_large",
    /// Bid below the floor.
    BelowFloor = 301 "below_floor",
    /// Bid more than is believed.
    AboveMax = 530 "above_max",
    /// Bid in a currency without a rate.
    WrongCurrency = 531 "wrong_currency",
    /// Named no destination that can be dialled.
    InvalidDestination = 532 "invalid_destination",
    /// Bid, and the bid ran out.
    Expired = 533 "expired",
    /// The caller is a duplicate for it.
    Duplicate = 302 "duplicate",
    /// Was not asked: a cap is full, one of its own or that of our requests under way.
    Capped = 520 "capped",
    /// Was not asked, or not dialled: outside its hours, paused, or taken out of the campaign.
    Closed = 521 "closed",
    /// Was not asked: it failed too often of late.
    Throttled = 203 "throttled",
    /// Was not waited for: it could not have won.
    NotNeeded = 522 "not_needed",
    /// Won, and did not confirm.
    ConfirmFailed = 534 "confirm_failed",
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A part of a bid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Field {
    /// The amount.
    BidAmount,
    /// The destination.
    DestinationNumber,
    /// Whether there is a bid.
    Acceptance,
    /// The currency.
    Currency,
    /// The shortest call that is paid.
    Duration,
    /// The bidder's id of the bid.
    BidId,
    /// Until when the bid holds.
    Expires,
}

impl Field {
    /// The word for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::BidAmount => "bid amount",
            Self::DestinationNumber => "destination number",
            Self::Acceptance => "acceptance",
            Self::Currency => "currency",
            Self::Duration => "duration",
            Self::BidId => "bid id",
            Self::Expires => "expiry",
        }
    }
}

/// Why a reply cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Malformed {
    /// The body is neither JSON nor XML that is read.
    #[error("the body is neither JSON nor XML that is read: {why}")]
    Body {
        /// What is wrong, and at which byte.
        why: String,
    },
    /// The body is compressed, although we ask for plain ones.
    #[error("the body is encoded, and was asked for plain")]
    Encoded,
    /// A part that is needed is not there.
    #[error("no {} stands where it is looked for", field.name())]
    Missing {
        /// Which one.
        field: Field,
    },
    /// A path finds several values.
    #[error("the path of the {} finds several values", field.name())]
    Several {
        /// Which one.
        field: Field,
    },
    /// A part is there and makes no sense.
    #[error("{value:?} is no {}", field.name())]
    Unreadable {
        /// Which one.
        field: Field,
        /// What stands there, shortened.
        value: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The words of the HTTP API, in its order.
    const WORDS: &str = "won, lost, no_bid, refused, timeout, unreachable, http_error, malformed, \
        too_large, below_floor, above_max, wrong_currency, invalid_destination, expired, \
        duplicate, capped, closed, throttled, not_needed, confirm_failed";

    #[test]
    fn every_verdict_has_its_word_and_a_number_of_its_own() {
        let names: Vec<_> = Verdict::ALL.iter().map(|verdict| verdict.name()).collect();
        assert_eq!(names.join(", "), WORDS);
        for verdict in Verdict::ALL {
            let json = format!("\"{verdict}\"");
            assert_eq!(serde_json::to_string(verdict).unwrap(), json);
            let same = Verdict::ALL.iter().filter(|other| other.code() == verdict.code());
            assert_eq!(same.count(), 1, "{verdict}");
        }
    }
}
