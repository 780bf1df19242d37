//! Exact numbers without a unit: rates, factors, percentages.

use std::fmt;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// An exact number without a unit, on the wire a decimal string such as `"1.08"`: a JSON number would
/// pass through a float on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "schema", schema(value_type = String, pattern = r"^-?[0-9]{1,18}(\.[0-9]{1,9})?$", examples("1.08")))]
#[serde(try_from = "String", into = "String")]
pub struct Quantity(Decimal);

/// The text is no decimal number.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a decimal string such as \"1.08\" is expected, not {0:?}")]
pub struct InvalidQuantity(String);

impl Quantity {
    /// The number.
    pub const fn decimal(self) -> Decimal {
        self.0
    }
}

impl From<Decimal> for Quantity {
    fn from(decimal: Decimal) -> Self {
        Self(decimal)
    }
}

impl TryFrom<String> for Quantity {
    type Error = InvalidQuantity;

    fn try_from(text: String) -> Result<Self, InvalidQuantity> {
        Decimal::from_str_exact(&text).map(Self).map_err(|_| InvalidQuantity(text))
    }
}

impl From<Quantity> for String {
    fn from(quantity: Quantity) -> Self {
        quantity.0.to_string()
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantity_is_a_decimal_string() {
        let rate: Quantity = serde_json::from_str(r#""1.0800""#).unwrap();
        assert_eq!(serde_json::to_string(&rate).unwrap(), r#""1.0800""#);
        for wrong in ["1.08", r#""""#, r#""NaN""#, r#""1,08""#, "null"] {
            assert!(serde_json::from_str::<Quantity>(wrong).is_err(), "{wrong}");
        }
    }
}
