//! Tracking numbers (spec NUM-1).

use serde::{Deserialize, Serialize};

use super::check;
use crate::vocabulary::{Money, PhoneNumber, Problem, limits};

/// What kind of number it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum NumberType {
    /// A geographic number.
    #[default]
    Local,
    /// Free for the caller.
    TollFree,
    /// A mobile number.
    Mobile,
}

/// What a number can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Capability {
    /// Voice calls.
    Voice,
    /// Text messages.
    Sms,
    /// Multimedia messages.
    Mms,
    /// Fax.
    Fax,
}

/// A number that the tenant owns and callers dial.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Number {
    /// The number itself, unique across all tenants.
    pub number: PhoneNumber,
    /// What people call it.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schema(max_length = 200))]
    pub friendly_name: String,
    /// Its kind.
    #[serde(default, rename = "type")]
    pub number_type: NumberType,
    /// What it can do; `voice` where nothing is said.
    #[serde(default = "voice_only")]
    #[cfg_attr(feature = "schema", schema(max_items = 4))]
    pub capabilities: Vec<Capability>,
    /// What the carrier charges for it.
    #[serde(default)]
    pub monthly_cost: Option<Money>,
}

fn voice_only() -> Vec<Capability> {
    vec![Capability::Voice]
}

impl Number {
    /// A local voice number with nothing else said of it.
    pub fn new(number: PhoneNumber) -> Self {
        Self {
            number,
            friendly_name: String::new(),
            number_type: NumberType::default(),
            capabilities: voice_only(),
            monthly_cost: None,
        }
    }

    /// All problems of this number.
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        check::text(&mut problems, "/friendlyName", &self.friendly_name, limits::NAME_CHARACTERS);
        if self.monthly_cost.is_some_and(|cost| cost.is_negative()) {
            problems.push(Problem::error(
                "negative_money",
                "/monthlyCost/amount",
                "a cost is 0 or more",
            ));
        }
        if !self.capabilities.contains(&Capability::Voice) {
            problems.push(Problem::warning(
                "no_voice",
                "/capabilities",
                "a number without the voice capability receives no calls",
            ));
        }
        #[cfg(feature = "numbering")]
        problems.extend(self.check_numbering());
        problems
    }

    #[cfg(feature = "numbering")]
    fn check_numbering(&self) -> Vec<Problem> {
        use crate::vocabulary::numbering::{self, LineType};

        let mut problems = Vec::from_iter(numbering::check("/number", &self.number));
        let line = numbering::line_type(&self.number);
        let agrees = match (self.number_type, line) {
            (_, LineType::Unknown) => true,
            (NumberType::TollFree, line) => line == LineType::TollFree,
            (NumberType::Mobile, line) => {
                matches!(line, LineType::Mobile | LineType::FixedLineOrMobile)
            }
            (NumberType::Local, line) => {
                matches!(line, LineType::FixedLine | LineType::FixedLineOrMobile)
            }
        };
        if !agrees {
            problems.push(Problem::warning(
                "number_type_mismatch",
                "/type",
                format!("libphonenumber takes {} for a {line} number", self.number),
            ));
        }
        problems
    }
}
