//! A reply as a tree: what paths walk through. JSON and XML both become one.
//!
//! Numbers stay the text that was sent, because money is never a float, and serde_json keeps that
//! text only behind a feature that changes it for every crate of a build.

pub(super) mod json;
pub(super) mod xml;

use jsonpath_rust::query::queryable::Queryable;

/// One value of a reply.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Tree {
    #[default]
    Null,
    Bool(bool),
    /// The number's own text.
    Number(String),
    Text(String),
    List(Vec<Tree>),
    /// Members in their order; no name stands twice.
    Map(Vec<(String, Tree)>),
}

impl Tree {
    /// The member of this name.
    pub(crate) fn member(&self, name: &str) -> Option<&Self> {
        let Self::Map(members) = self else { return None };
        members.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// The member of this name, whatever its case; an exact match comes first.
    pub(crate) fn member_in_any_case(&self, name: &str) -> Option<&Self> {
        let Self::Map(members) = self else { return None };
        let same = |(known, _): &&(String, Self)| known.eq_ignore_ascii_case(name);
        self.member(name).or_else(|| members.iter().find(same).map(|(_, value)| value))
    }

    /// A number's or a text's own text, without the space around it.
    pub(crate) fn scalar(&self) -> Option<&str> {
        match self {
            Self::Number(text) => Some(text),
            Self::Text(text) => Some(text.trim()),
            _ => None,
        }
    }
}

impl From<&str> for Tree {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Tree {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<bool> for Tree {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Tree {
    fn from(value: i64) -> Self {
        Self::Number(value.to_string())
    }
}

impl From<f64> for Tree {
    fn from(value: f64) -> Self {
        Self::Number(value.to_string())
    }
}

impl From<Vec<Self>> for Tree {
    fn from(values: Vec<Self>) -> Self {
        Self::List(values)
    }
}

/// What JSONPath asks of a value. Its filters compare numbers as floats, as RFC 9535 has it; what a
/// path finds is still the text.
impl Queryable for Tree {
    fn get(&self, key: &str) -> Option<&Self> {
        self.member(key)
    }

    fn as_array(&self) -> Option<&Vec<Self>> {
        if let Self::List(values) = self { Some(values) } else { None }
    }

    fn as_object(&self) -> Option<Vec<(&str, &Self)>> {
        let Self::Map(members) = self else { return None };
        Some(members.iter().map(|(name, value)| (name.as_str(), value)).collect())
    }

    fn as_str(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    fn as_i64(&self) -> Option<i64> {
        if let Self::Number(text) = self { text.parse().ok() } else { None }
    }

    fn as_f64(&self) -> Option<f64> {
        if let Self::Number(text) = self { text.parse().ok() } else { None }
    }

    fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(value) = self { Some(*value) } else { None }
    }

    fn null() -> Self {
        Self::Null
    }
}
