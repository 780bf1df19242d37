//! Why a candidate does not get the call: exactly one reason each, with its evidence.

use std::fmt;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::claim::CapKey;
use crate::model::{Availability, DuplicateScope, GeoKind, RestrictAfter};

/// One reason with its evidence. `Display` is the sentence for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum Refusal {
    /// The buyer is paused.
    Paused,
    /// The agent is not available.
    Unavailable {
        /// What the agent is doing.
        availability: Availability,
    },
    /// The agent is still busy with the last conversation.
    WrapUp {
        /// Until when.
        until: DateTime<Utc>,
    },
    /// Outside the buyer's hours.
    Closed {
        /// The buyer's zone.
        zone: Tz,
        /// When it opens, within the next 400 days.
        opens_at: Option<DateTime<Utc>>,
    },
    /// One of the buyer's holidays.
    Holiday {
        /// Which one.
        name: String,
        /// The buyer's zone.
        zone: Tz,
        /// When it opens, within the next 400 days.
        opens_at: Option<DateTime<Utc>>,
    },
    /// The caller's place is on the deny list.
    GeoDenied {
        /// What was looked at.
        kind: GeoKind,
        /// What it is.
        value: String,
    },
    /// The caller's place is not on the allow list, or unknown.
    GeoNotAllowed,
    /// A required skill is missing or too low.
    SkillMissing {
        /// Which one.
        skill: String,
        /// The lowest proficiency that is required.
        required: u8,
        /// The candidate's; 0 where it has none.
        proficiency: u8,
    },
    /// The caller reached the buyer, or somebody of the campaign, before.
    Duplicate {
        /// Whom the rule looks at.
        scope: DuplicateScope,
        /// What made the earlier call count.
        after: RestrictAfter,
        /// When that was.
        at: DateTime<Utc>,
        /// Until when the rule holds; absent means for ever.
        until: Option<DateTime<Utc>>,
    },
    /// A cap is full.
    Capped {
        /// Which one.
        #[serde(flatten)]
        cap: CapKey,
        /// How many places are taken.
        used: u32,
        /// How many there are.
        limit: u32,
        /// When the window ends; absent for caps without one.
        resets_at: Option<DateTime<Utc>>,
    },
}

impl Refusal {
    /// The reason's stable word.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Paused => "paused",
            Self::Unavailable { .. } => "unavailable",
            Self::WrapUp { .. } => "wrap_up",
            Self::Closed { .. } => "closed",
            Self::Holiday { .. } => "holiday",
            Self::GeoDenied { .. } => "geo_denied",
            Self::GeoNotAllowed => "geo_not_allowed",
            Self::SkillMissing { .. } => "skill_missing",
            Self::Duplicate { .. } => "duplicate",
            Self::Capped { .. } => "capped",
        }
    }
}

fn opens(f: &mut fmt::Formatter<'_>, zone: Tz, at: Option<DateTime<Utc>>) -> fmt::Result {
    match at {
        Some(at) => write!(f, "opens {}", at.with_timezone(&zone).format("%H:%M %a %-d %b %Z")),
        None => f.write_str("does not open within 400 days"),
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Paused => f.write_str("paused"),
            Self::Unavailable { availability } => f.write_str(match availability {
                Availability::Available => "available",
                Availability::Busy => "agent is busy",
                Availability::Break => "agent is on a break",
                Availability::Offline => "agent is offline",
            }),
            Self::WrapUp { until } => {
                write!(f, "wrapping up until {}", until.format("%H:%M:%S UTC"))
            }
            Self::Closed { zone, opens_at } => {
                f.write_str("closed: ")?;
                opens(f, *zone, *opens_at)
            }
            Self::Holiday { name, zone, opens_at } => {
                write!(f, "holiday {name}: ")?;
                opens(f, *zone, *opens_at)
            }
            Self::GeoDenied { kind, value } => {
                let kind = match kind {
                    GeoKind::Country => "country",
                    GeoKind::State => "state",
                    GeoKind::AreaCode => "area code",
                    GeoKind::ZipPrefix => "ZIP prefix",
                };
                write!(f, "callers from {kind} {value} are denied")
            }
            Self::GeoNotAllowed => f.write_str("the caller's place is not on the allow list"),
            Self::SkillMissing { skill, required, proficiency } => {
                write!(f, "skill {skill} {proficiency} of at least {required}")
            }
            Self::Duplicate { scope, after, at, .. } => {
                let whom =
                    if *scope == DuplicateScope::Campaign { "the campaign" } else { "this buyer" };
                let after =
                    if *after == RestrictAfter::Converted { "converted with" } else { "reached" };
                write!(
                    f,
                    "duplicate: caller {after} {whom} on {}",
                    at.format("%-d %b %Y %H:%M UTC")
                )
            }
            Self::Capped { cap, used, limit, .. } => {
                write!(f, "{} cap {used}/{limit}", cap.window.name())
            }
        }
    }
}
