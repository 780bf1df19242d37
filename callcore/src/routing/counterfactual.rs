//! What would have let a refused candidate in (spec RTE-5).

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::claim::CapKey;
use super::filter::{Context, FILTERS};
use super::{Candidate, Refusal};
use crate::model::GeoKind;

/// A change of one thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum Change {
    /// Set the buyer active.
    Activate,
    /// Set the agent available.
    BecomeAvailable,
    /// Call later.
    Wait {
        /// At this instant or later.
        until: DateTime<Utc>,
        /// How many seconds that is from the decision.
        seconds: i64,
    },
    /// Open the buyer now: its schedule has no opening within 400 days.
    Open,
    /// Take the match off the deny list.
    LiftDenial {
        /// What the match looks at.
        kind: GeoKind,
        /// What it is.
        value: String,
    },
    /// Put the caller's place on the allow list.
    AllowPlace,
    /// Raise a skill.
    RaiseSkill {
        /// Which one.
        skill: String,
        /// To which proficiency.
        to: u8,
    },
    /// Drop the duplicate rule.
    LiftDuplicateRule,
    /// Raise a cap.
    RaiseCap {
        /// Which one.
        #[serde(flatten)]
        cap: CapKey,
        /// By how much.
        by: u32,
        /// To which limit.
        to: u32,
    },
}

/// What would have let a candidate in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Counterfactual {
    /// The smallest change of one thing, where one is enough.
    pub change: Option<Change>,
    /// A sentence for people.
    pub text: String,
    /// The codes of all reasons that stand against the candidate, in the order of the filters: more
    /// than one where no single change is enough.
    pub reasons: Vec<String>,
}

impl Counterfactual {
    /// Looks for the change. `refusal` is the reason that was given.
    pub(super) fn of(candidate: &Candidate, refusal: &Refusal, context: &Context<'_>) -> Self {
        let mut against: Vec<Refusal> =
            FILTERS.iter().filter_map(|filter| filter(candidate, context).err()).collect();
        if against.is_empty() {
            // The claim found the cap full after the look still saw room.
            against.push(refusal.clone());
        }
        let reasons = against.iter().map(|reason| reason.code().to_owned()).collect();
        let full_caps = full_caps(candidate, context);
        if against.len() == 1 && !(refusal.code() == "capped" && full_caps > 1) {
            let change = Change::against(refusal, context.now);
            return Self { text: change.to_string(), change: Some(change), reasons };
        }
        let text = if full_caps > 1 && against.len() == 1 {
            format!("{full_caps} caps are full")
        } else {
            format!("{} reasons stand against it", against.len())
        };
        Self { change: None, text, reasons }
    }
}

fn full_caps(candidate: &Candidate, context: &Context<'_>) -> usize {
    candidate
        .caps
        .iter()
        .filter(|cap| {
            let seen = context.observed.usage.get(&cap.key).copied().unwrap_or(0);
            seen >= cap.limit || context.observed.full.contains(&(candidate.buyer.into(), cap.key))
        })
        .count()
}

impl Change {
    fn against(refusal: &Refusal, now: DateTime<Utc>) -> Self {
        let wait = |until: DateTime<Utc>| {
            // Rounded up: a whole number of seconds later it is surely so.
            let milliseconds = (until - now).num_milliseconds();
            Self::Wait { until, seconds: (milliseconds + 999).div_euclid(1_000) }
        };
        match refusal {
            Refusal::Paused => Self::Activate,
            Refusal::Unavailable { .. } => Self::BecomeAvailable,
            Refusal::WrapUp { until } => wait(*until),
            Refusal::Closed { opens_at, .. } | Refusal::Holiday { opens_at, .. } => {
                opens_at.map_or(Self::Open, wait)
            }
            Refusal::GeoDenied { kind, value } => {
                Self::LiftDenial { kind: *kind, value: value.clone() }
            }
            Refusal::GeoNotAllowed => Self::AllowPlace,
            Refusal::SkillMissing { skill, required, .. } => {
                Self::RaiseSkill { skill: skill.clone(), to: *required }
            }
            Refusal::Duplicate { until, .. } => until.map_or(Self::LiftDuplicateRule, wait),
            Refusal::Capped { cap, used, limit, .. } => {
                let to = used.saturating_add(1);
                Self::RaiseCap { cap: *cap, by: to - limit, to }
            }
        }
    }
}

impl std::fmt::Display for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Activate => f.write_str("if it were active"),
            Self::BecomeAvailable => f.write_str("if the agent were available"),
            Self::Wait { seconds, .. } => match seconds {
                0..=119 => write!(f, "in {seconds} s"),
                120..=7_199 => write!(f, "in {} min", (seconds + 59) / 60),
                7_200..=172_799 => write!(f, "in {} h", (seconds + 3_599) / 3_600),
                _ => write!(f, "in {} days", (seconds + 86_399) / 86_400),
            },
            Self::Open => f.write_str("if it were open"),
            Self::LiftDenial { value, .. } => write!(f, "without the denial of {value}"),
            Self::AllowPlace => f.write_str("with the caller's place on the allow list"),
            Self::RaiseSkill { skill, to } => write!(f, "with skill {skill} at {to}"),
            Self::LiftDuplicateRule => f.write_str("without the duplicate rule"),
            Self::RaiseCap { cap, by, .. } => write!(f, "with the {} cap +{by}", cap.window.name()),
        }
    }
}
