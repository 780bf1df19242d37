//! A reply as a tree: what paths walk through. JSON and XML both become one.
//!
//! Numbers stay the text that was sent, because money is never a float, and serde_json keeps that
//! text only behind a feature that changes it for every crate of a build.

pub(super) mod json;
mod members;
pub(super) mod xml;

use std::borrow::Cow;

use jsonpath_rust::query::queryable::Queryable;

pub(super) use members::{Marks, Members, Name};

/// One value of a reply. Whatever stands in the reply as it is meant is not copied out of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Tree<'a> {
    #[default]
    Null,
    Bool(bool),
    /// The number's own text.
    Number(Cow<'a, str>),
    Text(Cow<'a, str>),
    List(Vec<Self>),
    /// Members in their order; no name stands twice.
    Map(Members<'a>),
}

impl Tree<'_> {
    /// The member of this name.
    pub(crate) fn member(&self, name: &str) -> Option<&Self> {
        if let Self::Map(members) = self { members.get(name) } else { None }
    }

    /// Whether a member may have one of these names. A list may: its indices are names as well.
    pub(crate) const fn may_have(&self, names: Marks) -> bool {
        match self {
            Self::Map(members) => members.marks().meet(names),
            Self::List(_) => true,
            _ => false,
        }
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

impl From<&str> for Tree<'_> {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned().into())
    }
}

impl From<String> for Tree<'_> {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<bool> for Tree<'_> {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Tree<'_> {
    fn from(value: i64) -> Self {
        Self::Number(value.to_string().into())
    }
}

impl From<f64> for Tree<'_> {
    fn from(value: f64) -> Self {
        Self::Number(value.to_string().into())
    }
}

impl From<Vec<Self>> for Tree<'_> {
    fn from(values: Vec<Self>) -> Self {
        Self::List(values)
    }
}

/// What JSONPath asks of a value. Its filters compare numbers as floats, as RFC 9535 has it; what a
/// path finds is still the text.
impl Queryable for Tree<'_> {
    fn get(&self, key: &str) -> Option<&Self> {
        self.member(key)
    }

    fn as_array(&self) -> Option<&Vec<Self>> {
        if let Self::List(values) = self { Some(values) } else { None }
    }

    fn as_object(&self) -> Option<Vec<(&str, &Self)>> {
        let Self::Map(members) = self else { return None };
        Some(members.iter().collect())
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
