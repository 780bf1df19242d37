//! Buyers and agents (spec BUY-1 to BUY-7).

use std::collections::BTreeMap;

use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::{Caps, Conversion, GeoRule, check};
use crate::schedule::ScheduleDocument;
use crate::vocabulary::{BuyerGroupId, Destination, Money, Problem, limits};

/// Whether a buyer takes part in routing at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum BuyerStatus {
    /// Takes calls.
    #[default]
    Active,
    /// Takes none.
    Paused,
}

/// What an agent is doing right now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Availability {
    /// Ready for a call.
    #[default]
    Available,
    /// Busy with something else.
    Busy,
    /// On a break.
    Break,
    /// Not signed in.
    Offline,
}

/// Whom a duplicate rule looks at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum DuplicateScope {
    /// Nobody: repeat callers are welcome.
    #[default]
    None,
    /// Callers who reached this buyer.
    Buyer,
    /// Callers who reached anybody through the same campaign.
    Campaign,
}

/// What makes an earlier call count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RestrictAfter {
    /// It was answered.
    #[default]
    Connected,
    /// It converted.
    Converted,
}

/// Refuses callers who called before (spec BUY-7).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct DuplicateRule {
    /// Whom it looks at.
    pub scope: DuplicateScope,
    /// What makes an earlier call count.
    pub after: RestrictAfter,
    /// How many days it looks back; absent means for ever.
    #[cfg_attr(feature = "schema", schema(minimum = 1, maximum = 3650))]
    pub days: Option<u32>,
}

/// Whom to talk to at a buyer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Contact {
    /// The person's name.
    #[cfg_attr(feature = "schema", schema(max_length = 200))]
    pub name: String,
    /// Their e-mail address.
    #[cfg_attr(feature = "schema", schema(max_length = 200))]
    pub email: String,
    /// Their telephone, as free text.
    #[cfg_attr(feature = "schema", schema(max_length = 200))]
    pub phone: String,
}

/// Somebody who takes calls. An agent is a buyer with skills and an availability.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Buyer {
    /// What people call it.
    #[cfg_attr(feature = "schema", schema(min_length = 1, max_length = 200))]
    pub name: String,
    /// Where its calls go.
    pub destination: Destination,
    /// The company behind it.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schema(max_length = 200))]
    pub company: String,
    /// Whom to talk to there.
    #[serde(default)]
    pub contact: Option<Contact>,
    /// Whether it takes part in routing.
    #[serde(default)]
    pub status: BuyerStatus,
    /// What the agent is doing right now.
    #[serde(default)]
    pub availability: Availability,
    /// 1 is first, 10 is last.
    #[serde(default = "middle_priority")]
    #[cfg_attr(feature = "schema", schema(minimum = 1, maximum = 10))]
    pub priority: u8,
    /// Its share of the calls inside its priority.
    #[serde(default = "one")]
    #[cfg_attr(feature = "schema", schema(minimum = 1, maximum = 1000))]
    pub weight: u32,
    /// How many calls it takes.
    #[serde(default)]
    pub caps: Option<Caps>,
    /// The IANA zone of its caps and its schedule.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schema(value_type = String, format = "time-zone", examples("America/New_York")))]
    pub timezone: Tz,
    /// When it takes calls; absent means always.
    #[serde(default)]
    pub schedule: Option<ScheduleDocument>,
    /// Skills with their proficiency, 1 to 5.
    #[serde(default)]
    pub skills: BTreeMap<String, u8>,
    /// Where its callers may call from.
    #[serde(default)]
    pub geo: Option<GeoRule>,
    /// Which repeat callers it refuses.
    #[serde(default)]
    pub duplicates: Option<DuplicateRule>,
    /// The group whose caps it shares.
    #[serde(default)]
    pub group_id: Option<BuyerGroupId>,
    /// Seconds after a conversation in which it takes no call.
    #[serde(default, rename = "wrapUp")]
    #[cfg_attr(feature = "schema", schema(maximum = 86_400))]
    pub wrap_up_secs: u32,
    /// What it pays per converted call; the campaign's value where absent.
    #[serde(default)]
    pub revenue: Option<Money>,
    /// What makes its calls convert; the campaign's rule where absent.
    #[serde(default)]
    pub conversion: Option<Conversion>,
    /// Anything else, for people.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schema(max_length = 3000))]
    pub notes: String,
}

fn middle_priority() -> u8 {
    5
}

fn one() -> u32 {
    1
}

impl Buyer {
    /// An active buyer with priority 5, weight 1 and no restrictions.
    pub fn new(name: impl Into<String>, destination: Destination) -> Self {
        Self {
            name: name.into(),
            destination,
            company: String::new(),
            contact: None,
            status: BuyerStatus::default(),
            availability: Availability::default(),
            priority: middle_priority(),
            weight: one(),
            caps: None,
            timezone: Tz::UTC,
            schedule: None,
            skills: BTreeMap::new(),
            geo: None,
            duplicates: None,
            group_id: None,
            wrap_up_secs: 0,
            revenue: None,
            conversion: None,
            notes: String::new(),
        }
    }

    /// All problems of this buyer.
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        check::name(&mut problems, "/name", &self.name);
        check::text(&mut problems, "/company", &self.company, limits::NAME_CHARACTERS);
        check::text(&mut problems, "/notes", &self.notes, limits::TEXT_CHARACTERS);
        check::range(&mut problems, "/priority", self.priority, &(1..=10));
        check::range(&mut problems, "/weight", self.weight, &(1..=limits::WEIGHT));
        check::range(&mut problems, "/wrapUp", self.wrap_up_secs, &(0..=limits::WRAP_UP_SECS));
        if let Some(contact) = &self.contact {
            for (field, text) in
                [("name", &contact.name), ("email", &contact.email), ("phone", &contact.phone)]
            {
                let path = format!("/contact/{field}");
                check::text(&mut problems, &path, text, limits::NAME_CHARACTERS);
            }
        }
        if let Some(days) = self.duplicates.and_then(|rule| rule.days) {
            check::range(&mut problems, "/duplicates/days", days, &(1..=limits::DUPLICATE_DAYS));
        }
        if self.revenue.is_some_and(|revenue| revenue.is_negative()) {
            problems.push(Problem::error(
                "negative_money",
                "/revenue/amount",
                "revenue is 0 or more",
            ));
        }
        problems.extend(check_skills("/skills", &self.skills));
        problems.extend(self.caps.iter().flat_map(|caps| caps.check("/caps")));
        problems.extend(self.geo.iter().flat_map(|geo| geo.check("/geo")));
        problems.extend(self.schedule.iter().flat_map(|schedule| {
            crate::schedule::check(schedule).into_iter().map(|problem| problem.under("/schedule"))
        }));
        #[cfg(feature = "numbering")]
        if let Destination::Number(number) = &self.destination {
            problems.extend(crate::vocabulary::numbering::check("/destination", number));
        }
        problems
    }
}

/// Problems of a map of skills to proficiency, shared with campaigns.
pub(super) fn check_skills(path: &str, skills: &BTreeMap<String, u8>) -> Vec<Problem> {
    let mut problems = Vec::new();
    check::count(&mut problems, path, skills.len(), limits::SKILLS);
    for (skill, level) in skills {
        let path = format!("{path}/{}", skill.replace('~', "~0").replace('/', "~1"));
        if skill.trim().is_empty() {
            problems.push(Problem::error("blank", path.as_str(), "a skill has a name"));
        }
        check::range(&mut problems, &path, *level, &(1..=5));
    }
    problems
}
