//! Currencies: a table of exact rates into the campaign's currency (spec RTB-5).
//!
//! A rate is a decimal and a conversion is one product, never a quotient: dividing by a rate has no
//! exact answer, and two servers would round it apart.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::vocabulary::{Currency, Money};

/// What one unit of each foreign currency is worth in the campaign's.
///
/// ```
/// use callcore::auction::Rates;
/// use callcore::vocabulary::{Currency, Money};
///
/// let euro: Currency = "EUR".parse()?;
/// let rates = Rates::into(Currency::USD).with(euro, "1.08".parse()?)?;
/// let ten = Money { amount: "10.50".parse()?, currency: euro };
/// assert_eq!(rates.convert(ten)?, "11.34".parse()?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Rates {
    into: Currency,
    rates: BTreeMap<Currency, Decimal>,
}

/// A rate is more than zero.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a rate is more than zero, {0} is not")]
pub struct InvalidRate(Decimal);

/// Why an amount has no worth in the campaign's currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unconvertible {
    /// The table does not know the currency. Never a rate of one, never a bid of nothing.
    #[error("there is no rate from {0} to {1}")]
    NoRate(Currency, Currency),
    /// The product has more than 28 digits.
    #[error("the amount is larger than can be counted with")]
    TooLarge,
}

impl Rates {
    /// A table into one currency, which knows no other yet.
    pub const fn into(currency: Currency) -> Self {
        Self { into: currency, rates: BTreeMap::new() }
    }

    /// Sets what one unit of a currency is worth.
    ///
    /// # Errors
    /// [`InvalidRate`] unless the rate is more than zero.
    pub fn with(mut self, from: Currency, rate: Decimal) -> Result<Self, InvalidRate> {
        if rate <= Decimal::ZERO {
            return Err(InvalidRate(rate));
        }
        self.rates.insert(from, rate);
        Ok(self)
    }

    /// The currency that it converts into.
    pub const fn currency(&self) -> Currency {
        self.into
    }

    /// What an amount is worth. The product is exact up to 28 digits.
    ///
    /// # Errors
    /// [`Unconvertible`] where there is no rate, or no room for the product.
    pub fn convert(&self, money: Money) -> Result<Decimal, Unconvertible> {
        if money.currency == self.into {
            return Ok(money.amount);
        }
        // A table that was read from JSON did not go through `with`.
        let rate = self.rates.get(&money.currency).filter(|rate| **rate > Decimal::ZERO);
        let rate = rate.ok_or(Unconvertible::NoRate(money.currency, self.into))?;
        money.amount.checked_mul(*rate).ok_or(Unconvertible::TooLarge)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn euros(amount: &str) -> Money {
        Money { amount: amount.parse().unwrap(), currency: "EUR".parse().unwrap() }
    }

    #[test]
    fn conversion_is_exact_and_never_silent() {
        let usd = Rates::into(Currency::USD);
        let no_rate = Unconvertible::NoRate("EUR".parse().unwrap(), Currency::USD);
        assert_eq!(usd.convert(euros("1")), Err(no_rate));
        let third = "0.333333333".parse().unwrap();
        let usd = usd.with("EUR".parse().unwrap(), third).unwrap();
        assert_eq!(usd.convert(euros("0.000000003")).unwrap().to_string(), "0.000000000999999999");
        let huge = Money { amount: Decimal::MAX, ..euros("0") };
        let tenfold = Rates::into(Currency::USD).with(huge.currency, Decimal::TEN).unwrap();
        assert_eq!(tenfold.convert(huge), Err(Unconvertible::TooLarge));
    }

    #[test]
    fn a_rate_is_more_than_zero_wherever_it_comes_from() {
        let euro = "EUR".parse().unwrap();
        for wrong in [Decimal::ZERO, Decimal::NEGATIVE_ONE] {
            let refused = Rates::into(Currency::USD).with(euro, wrong);
            assert_eq!(refused, Err(InvalidRate(wrong)));
        }
        let smuggled = r#"{"into":"USD","rates":{"EUR":"-1"}}"#;
        let rates: Rates = serde_json::from_str(smuggled).unwrap();
        assert_eq!(serde_json::to_string(&rates).unwrap(), smuggled);
        assert!(rates.convert(euros("1")).is_err());
    }
}
