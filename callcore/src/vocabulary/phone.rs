//! Phone numbers and destinations.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize};

use super::limits;

/// A phone number in E.164 form: `+`, a country code that does not begin with 0, 7 to 15 digits in
/// all (ITU-T E.164 §6). Whether a number exists is another question: see
/// [`numbering`](super::numbering) (feature `numbering`).
///
/// `Debug` hides most digits, because logs are read by more people than call records.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PhoneNumber(String);

/// The text is no E.164 number.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a phone number is written in E.164 form: +, country code, 7 to 15 digits in all, such as +15551234567"
)]
pub struct InvalidPhoneNumber;

impl PhoneNumber {
    /// The number as it is written: `+15551234567`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The digits without the plus.
    pub fn digits(&self) -> &str {
        &self.0[1..]
    }

    /// The area code, for numbers of the North American Numbering Plan (`+1` and ten digits).
    pub fn area_code(&self) -> Option<&str> {
        let national = self.0.strip_prefix("+1").filter(|national| national.len() == 10)?;
        Some(&national[..3])
    }
}

impl FromStr for PhoneNumber {
    type Err = InvalidPhoneNumber;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.strip_prefix('+').ok_or(InvalidPhoneNumber)?;
        let long_enough = (7..=15).contains(&digits.len());
        let all_digits = digits.bytes().all(|byte| byte.is_ascii_digit());
        if long_enough && all_digits && !digits.starts_with('0') {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidPhoneNumber)
        }
    }
}

impl fmt::Display for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (shown, hidden) = self.0.split_at(3);
        write!(f, "PhoneNumber({shown}…{})", &hidden[hidden.len() - 2..])
    }
}

/// Where a call can be sent: a phone number or a SIP URI. Text on the wire, echoed unchanged.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Destination {
    /// A phone number.
    Number(PhoneNumber),
    /// A `sip:` or `sips:` URI (RFC 3261 §19.1).
    Sip(String),
}

/// The text is neither a phone number nor a SIP URI.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a destination is an E.164 number such as +15551234567 or a SIP URI such as sip:sales@example.com"
)]
pub struct InvalidDestination;

impl Destination {
    /// The destination as it was written.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Number(number) => number.as_str(),
            Self::Sip(uri) => uri,
        }
    }
}

impl FromStr for Destination {
    type Err = InvalidDestination;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(number) = text.parse() {
            return Ok(Self::Number(number));
        }
        let scheme = text.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase());
        let rest = match scheme.as_deref() {
            Some("sip") => &text[4..],
            Some("sips") => &text[5..],
            _ => return Err(InvalidDestination),
        };
        let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
        let printable = text.bytes().all(|byte| byte.is_ascii_graphic());
        let unsafe_in_markup = text.contains(['<', '>', '"', '\'', '\\', '`', '{', '}']);
        let named_host = host.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '[');
        if text.len() <= limits::SIP_URI_BYTES && printable && !unsafe_in_markup && named_host {
            Ok(Self::Sip(text.to_owned()))
        } else {
            Err(InvalidDestination)
        }
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => fmt::Debug::fmt(number, f),
            Self::Sip(_) => f.write_str("Sip(…)"),
        }
    }
}

macro_rules! text_on_the_wire {
    ($name:ident, $format:literal, $example:literal) => {
        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        #[cfg(feature = "schema")]
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                use utoipa::openapi::schema::{ObjectBuilder, SchemaFormat, Type};
                ObjectBuilder::new()
                    .schema_type(Type::String)
                    .format(Some(SchemaFormat::Custom($format.to_owned())))
                    .examples([serde_json::json!($example)])
                    .into()
            }
        }

        #[cfg(feature = "schema")]
        impl utoipa::ToSchema for $name {}
    };
}

text_on_the_wire!(PhoneNumber, "phone-number", "+15551234567");
text_on_the_wire!(Destination, "destination", "+15551234567");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn e164_is_a_plus_and_seven_to_fifteen_digits() {
        for right in ["+15551234567", "+4930901820", "+8613800138000", "+2905123"] {
            assert_eq!(right.parse::<PhoneNumber>().unwrap().as_str(), right);
        }
        for wrong in [
            "",
            "+",
            "15551234567",
            "+05551234567",
            "+155512",
            "+1555123456789012",
            "+1 555 123 4567",
            "+1555123456٣",
        ] {
            assert!(wrong.parse::<PhoneNumber>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_destination_is_a_number_or_a_sip_uri() {
        for right in [
            "+15551234567",
            "sip:sales@example.com",
            "sips:a@[2001:db8::1]:5061;transport=tls",
            "SIP:pbx.example.com",
        ] {
            assert_eq!(right.parse::<Destination>().unwrap().as_str(), right);
        }
        for wrong in [
            "",
            "sip:",
            "sip:a@",
            "tel:+15551234567",
            "sip:a b@example.com",
            "sip:\"x\"@example.com",
            "sip:a@exämple.com",
            "5551234567",
        ] {
            assert!(wrong.parse::<Destination>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn debug_hides_the_subscriber() {
        let number: PhoneNumber = "+15551234567".parse().unwrap();
        assert_eq!(format!("{number:?}"), "PhoneNumber(+15…67)");
        assert_eq!(number.area_code(), Some("555"));
    }
}
