//! Campaigns and the assignment of buyers to them (spec CAM-1 to CAM-4).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::buyer::check_skills;
use super::{Caps, check};
use crate::vocabulary::{FlowId, Money, NumberId, PhoneNumber, PoolId, Problem, RouterId, limits};

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$variant_doc])* $variant),+ }
    };
}

words! {
    /// Where a campaign stands. Only an active one routes calls; a completed one is read-only.
    CampaignStatus {
        /// Being set up.
        #[default]
        Draft,
        /// Routes calls.
        Active,
        /// Answers calls with the no-route message.
        Paused,
        /// Archived: kept for reports.
        Completed,
    }
}
words! {
    /// Where the campaign's numbers come from and whether bidders are asked.
    RoutingType {
        /// One number.
        #[default]
        Direct,
        /// Numbers from a pool.
        Pool,
        /// An auction among bidders.
        Rtb,
    }
}
words! {
    /// How eligible buyers are ranked (spec RTE-1).
    Strategy {
        /// Priority 1 first; inside a priority the heaviest weight, then a seeded order.
        #[default]
        Priority,
        /// Exact weighted shares inside each priority.
        RoundRobin,
        /// The largest free share of capacity first.
        Capacity,
        /// Drawn by success rate.
        Performance,
        /// The best match of skills first.
        Skills,
    }
}
words! {
    /// Whether calls are recorded, and in how many channels.
    Recording {
        /// Not at all.
        #[default]
        Off,
        /// Both sides mixed.
        Mono,
        /// Caller and buyer in a channel each.
        Dual,
    }
}
words! {
    /// What the buyer sees as the caller's number.
    CallerIdPolicy {
        /// The caller's own number.
        #[default]
        Caller,
        /// The number that was dialled.
        Dialled,
        /// A number that the campaign names.
        Fixed,
    }
}
words! {
    /// How an auction's winner pays.
    Pricing {
        /// What it bid.
        #[default]
        FirstPrice,
        /// One increment above the second bid.
        SecondPrice,
    }
}
words! {
    /// Which act of a call fires a pixel.
    PixelEvent {
        /// The call came in.
        #[default]
        Incoming,
        /// A buyer answered.
        Connected,
        /// The call converted.
        Converted,
        /// The call is over.
        Completed,
    }
}

/// The method of an outgoing request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "UPPERCASE")]
pub enum HttpMethod {
    /// GET.
    #[default]
    Get,
    /// POST.
    Post,
}

/// The caller id that buyers see.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct CallerIdRule {
    /// Which number it is.
    pub policy: CallerIdPolicy,
    /// The number of the policy `fixed`.
    pub number: Option<PhoneNumber>,
}

/// What a caller hears whom nobody takes: a message, or another number that is dialled.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct NoRoute {
    /// Spoken before the call ends.
    #[cfg_attr(feature = "schema", schema(max_length = 3000))]
    pub message: Option<String>,
    /// Dialled instead; the message is then not spoken.
    pub number: Option<PhoneNumber>,
}

/// Offers a short call to the next candidate (spec RTE-7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Reroute {
    /// A conversation shorter than this is short.
    #[serde(rename = "underSeconds")]
    #[cfg_attr(feature = "schema", schema(minimum = 1, maximum = 3600))]
    pub under_secs: u32,
    /// How often one call is offered again.
    #[serde(default = "one_attempt")]
    #[cfg_attr(feature = "schema", schema(minimum = 1, maximum = 5))]
    pub attempts: u32,
}

fn one_attempt() -> u32 {
    1
}

/// What makes a call convert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Conversion {
    /// A conversation of at least this many seconds converts.
    #[serde(rename = "afterSeconds")]
    #[cfg_attr(feature = "schema", schema(maximum = 86_400))]
    pub after_secs: u32,
}

/// Settings of the campaign's auction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct AuctionSettings {
    /// How long bidders have in all.
    #[cfg_attr(feature = "schema", schema(minimum = 50, maximum = 8000))]
    pub timeout_ms: u32,
    /// Fewer valid bids than this make the auction fail.
    pub min_bidders: u32,
    /// What the winner pays.
    pub pricing: Pricing,
    /// What a second price adds to the second bid.
    pub increment: Option<Money>,
    /// The lowest bid that can win.
    pub min_bid: Option<Money>,
}

impl Default for AuctionSettings {
    fn default() -> Self {
        Self {
            timeout_ms: 2_000,
            min_bidders: 1,
            pricing: Pricing::FirstPrice,
            increment: None,
            min_bid: None,
        }
    }
}

/// An outgoing webhook.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Webhook {
    /// Where it is sent.
    #[cfg_attr(feature = "schema", schema(format = "uri", max_length = 2000))]
    pub url: String,
    /// Which acts of a call are sent; all where none is named.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schema(max_items = 4))]
    pub events: Vec<PixelEvent>,
    /// Signs the webhook. Never shown again: an absent one keeps what was set before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(write_only, max_length = 500))]
    pub secret: Option<String>,
}

impl std::fmt::Debug for Webhook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Webhook")
            .field("url", &self.url)
            .field("events", &self.events)
            .finish_non_exhaustive()
    }
}

/// A named query parameter that becomes a call tag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Parameter {
    /// The query parameter and the tag.
    #[cfg_attr(feature = "schema", schema(min_length = 1, max_length = 100))]
    pub name: String,
    /// The report column's heading.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schema(max_length = 200))]
    pub label: String,
}

/// A tracking pixel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Pixel {
    /// Where it is sent.
    #[cfg_attr(feature = "schema", schema(format = "uri", max_length = 2000))]
    pub url: String,
    /// What fires it.
    #[serde(default)]
    pub event: PixelEvent,
    /// How it is sent.
    #[serde(default)]
    pub method: HttpMethod,
}

/// A campaign: owns numbers and a routing plan.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Campaign {
    /// What people call it.
    #[cfg_attr(feature = "schema", schema(min_length = 1, max_length = 200))]
    pub name: String,
    /// Where its numbers come from.
    pub routing_type: RoutingType,
    /// Where it stands; changed by the actions, never by a write.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schema(read_only))]
    pub status: CampaignStatus,
    /// Anything else, for people.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schema(max_length = 3000))]
    pub description: String,
    /// How eligible buyers are ranked.
    #[serde(default)]
    pub strategy: Strategy,
    /// The number that callers dial.
    #[serde(default)]
    pub phone_number_id: Option<NumberId>,
    /// The pool whose numbers callers dial.
    #[serde(default)]
    pub pool_id: Option<PoolId>,
    /// The group of targets that an auction asks.
    #[serde(default)]
    pub rtb_router_id: Option<RouterId>,
    /// The flow that runs before plain routing.
    #[serde(default)]
    pub flow_id: Option<FlowId>,
    /// Whether calls are recorded.
    #[serde(default)]
    pub recording: Recording,
    /// Whether recordings are transcribed.
    #[serde(default)]
    pub transcribe: bool,
    /// How long a buyer's phone rings, in seconds.
    #[serde(default = "half_a_minute", rename = "dialTimeout")]
    #[cfg_attr(feature = "schema", schema(minimum = 5, maximum = 600))]
    pub dial_timeout_secs: u32,
    /// How long a conversation may last, in seconds.
    #[serde(default = "four_hours", rename = "maxCallLength")]
    #[cfg_attr(feature = "schema", schema(minimum = 1, maximum = 86_400))]
    pub max_call_length_secs: u32,
    /// How many candidates are dialled before the no-route treatment.
    #[serde(default = "five_attempts")]
    #[cfg_attr(feature = "schema", schema(minimum = 1, maximum = 20))]
    pub max_attempts: u32,
    /// The number that buyers see.
    #[serde(default)]
    pub caller_id: CallerIdRule,
    /// What a caller hears whom nobody takes.
    #[serde(default)]
    pub no_route: NoRoute,
    /// Skills that a candidate must have, with their lowest proficiency.
    #[serde(default)]
    pub required_skills: BTreeMap<String, u8>,
    /// After this many seconds without a candidate the skills are no longer required.
    #[serde(default, rename = "relaxSkillsAfter")]
    #[cfg_attr(feature = "schema", schema(maximum = 3600))]
    pub relax_skills_after_secs: Option<u32>,
    /// Offers short calls again.
    #[serde(default)]
    pub reroute: Option<Reroute>,
    /// What makes a call convert.
    #[serde(default)]
    pub conversion: Option<Conversion>,
    /// What a converted call is worth.
    #[serde(default)]
    pub revenue: Option<Money>,
    /// Settings of its auction.
    #[serde(default)]
    pub auction: Option<AuctionSettings>,
    /// Outgoing webhooks.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schema(max_items = 20))]
    pub webhooks: Vec<Webhook>,
    /// Query parameters that become call tags.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schema(max_items = 20))]
    pub parameters: Vec<Parameter>,
    /// Tracking pixels.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schema(max_items = 20))]
    pub pixels: Vec<Pixel>,
}

fn half_a_minute() -> u32 {
    30
}

fn four_hours() -> u32 {
    14_400
}

fn five_attempts() -> u32 {
    5
}

/// A buyer in a campaign, with what differs from the buyer's own settings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Assignment {
    /// Its priority here; the buyer's own where absent.
    #[cfg_attr(feature = "schema", schema(minimum = 1, maximum = 10))]
    pub priority: Option<u8>,
    /// Its weight here; the buyer's own where absent.
    #[cfg_attr(feature = "schema", schema(minimum = 1, maximum = 1000))]
    pub weight: Option<u32>,
    /// Caps on the calls from this campaign. The buyer's own hold as well, so these can only
    /// tighten.
    pub caps: Option<Caps>,
}

impl Assignment {
    /// All problems of this assignment.
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if let Some(priority) = self.priority {
            check::range(&mut problems, "/priority", priority, &(1..=10));
        }
        if let Some(weight) = self.weight {
            check::range(&mut problems, "/weight", weight, &(1..=limits::WEIGHT));
        }
        problems.extend(self.caps.iter().flat_map(|caps| caps.check("/caps")));
        problems
    }
}

impl Campaign {
    /// A draft with the defaults of the HTTP API.
    pub fn new(name: impl Into<String>, routing_type: RoutingType) -> Self {
        Self {
            name: name.into(),
            routing_type,
            dial_timeout_secs: half_a_minute(),
            max_call_length_secs: four_hours(),
            max_attempts: five_attempts(),
            ..Self::default()
        }
    }

    /// All problems of this campaign by itself.
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        check::name(&mut problems, "/name", &self.name);
        check::text(&mut problems, "/description", &self.description, limits::TEXT_CHARACTERS);
        check::range(
            &mut problems,
            "/dialTimeout",
            self.dial_timeout_secs,
            &limits::DIAL_TIMEOUT_SECS,
        );
        check::range(
            &mut problems,
            "/maxCallLength",
            self.max_call_length_secs,
            &limits::CALL_LENGTH_SECS,
        );
        check::range(&mut problems, "/maxAttempts", self.max_attempts, &(1..=limits::ATTEMPTS));
        if let Some(reroute) = &self.reroute {
            check::range(
                &mut problems,
                "/reroute/attempts",
                reroute.attempts,
                &(1..=limits::REROUTES),
            );
            check::range(&mut problems, "/reroute/underSeconds", reroute.under_secs, &(1..=3_600));
        }
        if self.revenue.is_some_and(|revenue| revenue.is_negative()) {
            problems.push(Problem::error(
                "negative_money",
                "/revenue/amount",
                "revenue is 0 or more",
            ));
        }
        if let Some(auction) = &self.auction {
            check::range(&mut problems, "/auction/timeoutMs", auction.timeout_ms, &(50..=8_000));
        }
        problems.extend(check_skills("/requiredSkills", &self.required_skills));
        self.check_treatments(&mut problems);
        self.check_hooks(&mut problems);
        problems
    }

    fn check_treatments(&self, problems: &mut Vec<Problem>) {
        match (self.caller_id.policy, &self.caller_id.number) {
            (CallerIdPolicy::Fixed, None) => problems.push(Problem::error(
                "missing",
                "/callerId/number",
                "the caller id policy `fixed` needs a number",
            )),
            (CallerIdPolicy::Caller | CallerIdPolicy::Dialled, Some(_)) => {
                problems.push(Problem::warning(
                    "unused",
                    "/callerId/number",
                    "the number is used by the caller id policy `fixed` only",
                ));
            }
            _ => {}
        }
        if let Some(message) = &self.no_route.message {
            check::text(problems, "/noRoute/message", message, limits::TEXT_CHARACTERS);
            if message.trim().is_empty() {
                problems.push(Problem::error(
                    "blank",
                    "/noRoute/message",
                    "a message has words to say",
                ));
            }
            if self.no_route.number.is_some() {
                problems.push(Problem::warning(
                    "unused",
                    "/noRoute/message",
                    "with a number to dial the message is not spoken",
                ));
            }
        }
        if self.transcribe && self.recording == Recording::Off {
            problems.push(Problem::warning(
                "unused",
                "/transcribe",
                "there is nothing to transcribe while recording is off",
            ));
        }
    }

    fn check_hooks(&self, problems: &mut Vec<Problem>) {
        let most = limits::CAMPAIGN_HOOKS;
        check::count(problems, "/webhooks", self.webhooks.len(), most);
        check::count(problems, "/parameters", self.parameters.len(), most);
        check::count(problems, "/pixels", self.pixels.len(), most);
        for (index, webhook) in self.webhooks.iter().enumerate() {
            check::url(problems, &format!("/webhooks/{index}/url"), &webhook.url);
        }
        for (index, pixel) in self.pixels.iter().enumerate() {
            check::url(problems, &format!("/pixels/{index}/url"), &pixel.url);
        }
        for (index, parameter) in self.parameters.iter().enumerate() {
            let path = format!("/parameters/{index}/name");
            check::name(problems, &path, &parameter.name);
            if self.parameters[..index].iter().any(|earlier| earlier.name == parameter.name) {
                problems.push(Problem::error(
                    "duplicate",
                    path,
                    format!("the parameter {:?} stands twice", parameter.name),
                ));
            }
        }
    }
}
