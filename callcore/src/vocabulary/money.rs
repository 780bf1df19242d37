//! Money: an exact decimal amount with its currency. No float ever holds money here.

use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize};

/// An ISO 4217 currency code: three capital letters.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Currency([u8; 3]);

/// The text is not three letters.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a currency is an ISO 4217 code of three capital letters such as USD, not {0:?}")]
pub struct InvalidCurrency(String);

impl Currency {
    /// The US dollar, the default of the HTTP API.
    pub const USD: Self = Self(*b"USD");

    /// The code, such as `USD`.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).expect("only ASCII letters are ever stored")
    }
}

impl FromStr for Currency {
    type Err = InvalidCurrency;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match <[u8; 3]>::try_from(text.as_bytes()) {
            Ok(code) if code.iter().all(u8::is_ascii_uppercase) => Ok(Self(code)),
            _ => Err(InvalidCurrency(text.to_owned())),
        }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Serialize for Currency {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// An amount in a currency, on the wire `{"amount":"8.75","currency":"USD"}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Money {
    /// The exact amount; a decimal string on the wire.
    #[cfg_attr(feature = "schema", schema(value_type = String, pattern = r"^-?[0-9]{1,18}(\.[0-9]{1,9})?$", examples("8.75")))]
    #[serde(with = "rust_decimal::serde::str")]
    pub amount: Decimal,
    /// The ISO 4217 code.
    #[cfg_attr(feature = "schema", schema(value_type = String, pattern = "^[A-Z]{3}$", examples("USD")))]
    pub currency: Currency,
}

impl Money {
    /// Whether the amount is below zero.
    pub fn is_negative(&self) -> bool {
        self.amount.is_sign_negative() && !self.amount.is_zero()
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.amount, self.currency)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_a_decimal_string_and_a_code() {
        let money: Money = serde_json::from_str(r#"{"amount":"8.750","currency":"USD"}"#).unwrap();
        assert_eq!(money.to_string(), "8.750 USD");
        assert_eq!(
            serde_json::to_string(&money).unwrap(),
            r#"{"amount":"8.750","currency":"USD"}"#
        );
        for wrong in [
            r#"{"amount":8.75,"currency":"USD"}"#,
            r#"{"amount":"8.75","currency":"usd"}"#,
            r#"{"amount":"8.75","currency":"USD","x":1}"#,
            r#"{"amount":"NaN","currency":"USD"}"#,
        ] {
            assert!(serde_json::from_str::<Money>(wrong).is_err(), "{wrong}");
        }
    }
}
