//! Configuration objects as stores hold them.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Buyer, Campaign, FlowDefinition, Number, Router, Target};
use crate::vocabulary::{Cursor, Problem};

/// An object with what the store keeps beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored<T> {
    /// Its id, random, unique inside the tenant and in practice everywhere.
    pub id: Uuid,
    /// How often it was written: 1 after creation.
    pub version: u64,
    /// When it was created, to the microsecond.
    pub created_at: DateTime<Utc>,
    /// When it was last written.
    pub updated_at: DateTime<Utc>,
    /// The object.
    pub value: T,
}

impl<T> Stored<T> {
    /// Its place in a list.
    pub fn cursor(&self) -> Cursor {
        Cursor { created_at: self.created_at, id: self.id }
    }

    /// The same row with another value.
    pub fn with<U>(&self, value: U) -> Stored<U> {
        Stored {
            id: self.id,
            version: self.version,
            created_at: self.created_at,
            updated_at: self.updated_at,
            value,
        }
    }
}

impl Stored<Object> {
    /// The row as one of its kind.
    ///
    /// # Errors
    /// [`WrongKind`] where the store answered an object of another kind, which is its bug.
    pub fn of<T: TryFrom<Object, Error = WrongKind>>(self) -> Result<Stored<T>, WrongKind> {
        let Self { id, version, created_at, updated_at, value } = self;
        Ok(Stored { id, version, created_at, updated_at, value: value.try_into()? })
    }
}

/// The kinds of configuration objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// [`Campaign`].
    Campaign,
    /// [`Buyer`].
    Buyer,
    /// [`Number`].
    Number,
    /// [`Target`].
    Target,
    /// [`Router`].
    Router,
    /// The draft of a flow: a [`FlowDefinition`]. Its published versions are the
    /// [`Flows`](crate::port::Flows)' own.
    Flow,
    /// A flow that others are begun from: a [`FlowDefinition`] as well.
    FlowTemplate,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 7] = [
        Self::Campaign,
        Self::Buyer,
        Self::Number,
        Self::Target,
        Self::Router,
        Self::Flow,
        Self::FlowTemplate,
    ];

    /// The word for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Campaign => "campaign",
            Self::Buyer => "buyer",
            Self::Number => "number",
            Self::Target => "target",
            Self::Router => "router",
            Self::Flow => "flow",
            Self::FlowTemplate => "flow template",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One configuration object of any kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Object {
    /// A campaign.
    Campaign(Box<Campaign>),
    /// A buyer.
    Buyer(Box<Buyer>),
    /// A number.
    Number(Box<Number>),
    /// A target.
    Target(Box<Target>),
    /// A router.
    Router(Box<Router>),
    /// The draft of a flow.
    Flow(Box<FlowDefinition>),
    /// A template of flows.
    FlowTemplate(Box<FlowDefinition>),
}

/// An object is of another kind than its reader expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a {expected}, found a {found}")]
pub struct WrongKind {
    /// What was expected.
    pub expected: Kind,
    /// What was found.
    pub found: Kind,
}

impl Object {
    /// Its kind.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Campaign(_) => Kind::Campaign,
            Self::Buyer(_) => Kind::Buyer,
            Self::Number(_) => Kind::Number,
            Self::Target(_) => Kind::Target,
            Self::Router(_) => Kind::Router,
            Self::Flow(_) => Kind::Flow,
            Self::FlowTemplate(_) => Kind::FlowTemplate,
        }
    }

    /// All problems of this one object.
    pub fn check(&self) -> Vec<Problem> {
        match self {
            Self::Campaign(campaign) => campaign.check(),
            Self::Buyer(buyer) => buyer.check(),
            Self::Number(number) => number.check(),
            Self::Target(target) => target.check(),
            Self::Router(router) => router.check(),
            Self::Flow(flow) | Self::FlowTemplate(flow) => flow.check(),
        }
    }

    /// The object as JSON, as stores keep it.
    ///
    /// # Errors
    /// None in practice: every document is plain data with text keys.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        match self {
            Self::Campaign(campaign) => serde_json::to_string(campaign),
            Self::Buyer(buyer) => serde_json::to_string(buyer),
            Self::Number(number) => serde_json::to_string(number),
            Self::Target(target) => serde_json::to_string(target),
            Self::Router(router) => serde_json::to_string(router),
            Self::Flow(flow) | Self::FlowTemplate(flow) => serde_json::to_string(flow),
        }
    }

    /// Reads what [`Object::to_json`] wrote.
    ///
    /// # Errors
    /// Where the text is no document of this kind.
    pub fn from_json(kind: Kind, json: &str) -> Result<Self, serde_json::Error> {
        Ok(match kind {
            Kind::Campaign => Self::Campaign(serde_json::from_str(json)?),
            Kind::Buyer => Self::Buyer(serde_json::from_str(json)?),
            Kind::Number => Self::Number(serde_json::from_str(json)?),
            Kind::Target => Self::Target(serde_json::from_str(json)?),
            Kind::Router => Self::Router(serde_json::from_str(json)?),
            Kind::Flow => Self::Flow(serde_json::from_str(json)?),
            Kind::FlowTemplate => Self::FlowTemplate(serde_json::from_str(json)?),
        })
    }
}

macro_rules! object_of {
    ($name:ident) => {
        impl From<$name> for Object {
            fn from(value: $name) -> Self {
                Self::$name(Box::new(value))
            }
        }

        impl TryFrom<Object> for $name {
            type Error = WrongKind;

            fn try_from(object: Object) -> Result<Self, WrongKind> {
                match object {
                    Object::$name(value) => Ok(*value),
                    other => Err(WrongKind { expected: Kind::$name, found: other.kind() }),
                }
            }
        }
    };
}

object_of!(Campaign);
object_of!(Buyer);
object_of!(Number);
object_of!(Target);
object_of!(Router);

impl TryFrom<Object> for FlowDefinition {
    type Error = WrongKind;

    fn try_from(object: Object) -> Result<Self, WrongKind> {
        match object {
            Object::Flow(value) | Object::FlowTemplate(value) => Ok(*value),
            other => Err(WrongKind { expected: Kind::Flow, found: other.kind() }),
        }
    }
}
