//! Where the parts of a bid stand in a reply (spec RTB-3).

use serde::{Deserialize, Serialize};

/// Where a bid's parts stand in the reply: bare paths (`bidTerms[0].callMinDuration`) or JSONPath
/// (RFC 9535), and chains of alternatives (`bidAmount | bid`). An absent path looks in the usual
/// places of the formats in the wild; an absent `currencyPath` means the target's currency.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ResponseMapping {
    /// The amount, a number or a decimal string.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bid_amount_path: Option<String>,
    /// The phone number or SIP URI to dial.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination_number_path: Option<String>,
    /// Whether there is a bid: a boolean, a word or a code; or conditions such as
    /// `Success == true && Cost > 10`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acceptance_path: Option<String>,
    /// The ISO 4217 code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency_path: Option<String>,
    /// How long a call must last to be paid, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_path: Option<String>,
    /// The bidder's id of the bid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bid_id_path: Option<String>,
    /// Until when the bid holds: seconds, epoch milliseconds or RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_path: Option<String>,
    /// Why there is no bid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason_path: Option<String>,
}

impl ResponseMapping {
    /// Every path with its name on the wire.
    pub fn paths(&self) -> [(&'static str, Option<&str>); 8] {
        [
            ("bidAmountPath", self.bid_amount_path.as_deref()),
            ("destinationNumberPath", self.destination_number_path.as_deref()),
            ("acceptancePath", self.acceptance_path.as_deref()),
            ("currencyPath", self.currency_path.as_deref()),
            ("durationPath", self.duration_path.as_deref()),
            ("bidIdPath", self.bid_id_path.as_deref()),
            ("expiresPath", self.expires_path.as_deref()),
            ("reasonPath", self.reason_path.as_deref()),
        ]
    }
}
