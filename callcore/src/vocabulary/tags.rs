//! Call tags: key-value facts on a call, from numbers, URL parameters, flows and bidders.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::limits;

/// The tags of one call, sorted by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct Tags(BTreeMap<String, String>);

/// Why a tag was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTag {
    /// Names are 1 to 100 bytes.
    #[error("a tag's name has 1 to {most} bytes, this one has {0}", most = limits::TAG_NAME_BYTES)]
    Name(usize),
    /// Values are at most 1,000 bytes.
    #[error("a tag's value has at most {most} bytes, this one has {0}", most = limits::TAG_VALUE_BYTES)]
    Value(usize),
    /// A call carries at most 100 tags.
    #[error("a call has at most {} tags", limits::TAGS)]
    TooMany,
}

impl Tags {
    /// Sets a tag, replacing an earlier value.
    ///
    /// # Errors
    /// [`InvalidTag`] when a limit is hit; the tags are then unchanged.
    pub fn set(
        &mut self,
        name: impl Into<String>,
        value: impl Into<String>,
    ) -> Result<(), InvalidTag> {
        let (name, value) = (name.into(), value.into());
        if name.is_empty() || name.len() > limits::TAG_NAME_BYTES {
            return Err(InvalidTag::Name(name.len()));
        }
        if value.len() > limits::TAG_VALUE_BYTES {
            return Err(InvalidTag::Value(value.len()));
        }
        if self.0.len() >= limits::TAGS && !self.0.contains_key(&name) {
            return Err(InvalidTag::TooMany);
        }
        self.0.insert(name, value);
        Ok(())
    }

    /// The value of a tag.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// All tags in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
