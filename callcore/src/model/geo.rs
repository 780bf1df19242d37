//! Where callers may call from (spec BUY-6).

use serde::{Deserialize, Serialize};

use super::check;
use crate::vocabulary::{PhoneNumber, Problem, limits};

/// The caller's place, as far as the carrier tells it. Every field is the carrier's own text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct Place {
    /// ISO 3166-1 alpha-2 code, such as `US`.
    pub country: Option<String>,
    /// State or province, such as `CA`.
    pub state: Option<String>,
    /// City.
    pub city: Option<String>,
    /// Postal code.
    pub zip: Option<String>,
}

/// What a geographic match looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum GeoKind {
    /// The ISO 3166-1 alpha-2 country code.
    Country,
    /// The state or province.
    State,
    /// The three-digit area code of a North American number.
    AreaCode,
    /// The first characters of the postal code.
    ZipPrefix,
}

/// One match, such as the state CA.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct GeoMatch {
    /// What is looked at.
    pub kind: GeoKind,
    /// What it must be; upper and lower case mean the same.
    #[cfg_attr(feature = "schema", schema(min_length = 1, max_length = 20))]
    pub value: String,
}

/// Callers from `deny` are refused; where `allow` is not empty, only callers from it are taken. A
/// caller whose place is unknown fails an allow list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct GeoRule {
    /// Places that calls may come from; empty means everywhere.
    #[cfg_attr(feature = "schema", schema(max_items = 1000))]
    pub allow: Vec<GeoMatch>,
    /// Places that calls may not come from; wins over `allow`.
    #[cfg_attr(feature = "schema", schema(max_items = 1000))]
    pub deny: Vec<GeoMatch>,
}

/// What a geographic rule says of a caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GeoVerdict<'a> {
    /// The call may come.
    Allowed,
    /// This match denies it.
    Denied(&'a GeoMatch),
    /// No match of the allow list fits.
    NotAllowed,
}

impl GeoMatch {
    fn fits(&self, place: &Place, number: Option<&PhoneNumber>) -> bool {
        let known = match self.kind {
            GeoKind::Country => place.country.as_deref(),
            GeoKind::State => place.state.as_deref(),
            GeoKind::AreaCode => number.and_then(PhoneNumber::area_code),
            GeoKind::ZipPrefix => {
                return place.zip.as_deref().is_some_and(|zip| starts_with(zip, &self.value));
            }
        };
        known.is_some_and(|known| known.eq_ignore_ascii_case(&self.value))
    }
}

fn starts_with(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

impl GeoRule {
    /// What the rule says of a caller from this place with this number.
    pub fn verdict(&self, place: &Place, number: Option<&PhoneNumber>) -> GeoVerdict<'_> {
        if let Some(denied) = self.deny.iter().find(|rule| rule.fits(place, number)) {
            return GeoVerdict::Denied(denied);
        }
        if self.allow.is_empty() || self.allow.iter().any(|rule| rule.fits(place, number)) {
            GeoVerdict::Allowed
        } else {
            GeoVerdict::NotAllowed
        }
    }

    /// All problems of the rule. `path` is where it stands in the checked document.
    pub fn check(&self, path: &str) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (side, rules) in [("allow", &self.allow), ("deny", &self.deny)] {
            check::count(&mut problems, &format!("{path}/{side}"), rules.len(), limits::GEO_RULES);
            for (index, rule) in rules.iter().enumerate() {
                let path = format!("{path}/{side}/{index}/value");
                problems.extend(rule.check(path));
            }
        }
        problems
    }
}

impl GeoMatch {
    fn check(&self, path: String) -> Option<Problem> {
        let value = &self.value;
        let letters = value.bytes().all(|byte| byte.is_ascii_alphabetic());
        let digits = value.bytes().all(|byte| byte.is_ascii_digit());
        let plain = value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b" -".contains(&byte));
        let (fits, expected) = match self.kind {
            GeoKind::Country => (
                value.len() == 2 && letters,
                "a country is an ISO 3166-1 code of two letters such as US",
            ),
            GeoKind::State => (
                (1..=20).contains(&value.chars().count()) && !value.trim().is_empty(),
                "a state is 1 to 20 characters such as CA",
            ),
            GeoKind::AreaCode => {
                (value.len() == 3 && digits, "an area code is three digits such as 415")
            }
            GeoKind::ZipPrefix => (
                (1..=10).contains(&value.len()) && plain,
                "a ZIP prefix is 1 to 10 letters or digits such as 941",
            ),
        };
        (!fits).then(|| Problem::error("bad_geo_value", path, format!("{expected}, not {value:?}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(allow: &[(GeoKind, &str)], deny: &[(GeoKind, &str)]) -> GeoRule {
        let matches = |list: &[(GeoKind, &str)]| {
            list.iter()
                .map(|(kind, value)| GeoMatch { kind: *kind, value: (*value).to_owned() })
                .collect()
        };
        GeoRule { allow: matches(allow), deny: matches(deny) }
    }

    #[test]
    fn deny_wins_and_an_unknown_place_fails_an_allow_list() {
        let place =
            Place { state: Some("ca".into()), zip: Some("94107".into()), ..Place::default() };
        let number = "+14155550100".parse().unwrap();
        let both = rule(&[(GeoKind::State, "CA")], &[(GeoKind::ZipPrefix, "941")]);
        assert!(matches!(both.verdict(&place, Some(&number)), GeoVerdict::Denied(_)));
        let allow = rule(&[(GeoKind::AreaCode, "415")], &[]);
        assert_eq!(allow.verdict(&place, Some(&number)), GeoVerdict::Allowed);
        assert_eq!(allow.verdict(&place, None), GeoVerdict::NotAllowed);
        assert_eq!(
            rule(&[], &[(GeoKind::State, "CA")]).verdict(&Place::default(), None),
            GeoVerdict::Allowed
        );
    }

    #[test]
    fn each_wrong_value_is_named() {
        let wrong = rule(
            &[(GeoKind::Country, "USA"), (GeoKind::AreaCode, "41")],
            &[(GeoKind::ZipPrefix, "")],
        );
        let paths: Vec<_> = wrong.check("/geo").into_iter().map(|problem| problem.path).collect();
        assert_eq!(paths, ["/geo/allow/0/value", "/geo/allow/1/value", "/geo/deny/0/value"]);
    }
}
