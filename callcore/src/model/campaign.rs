//! Campaigns (spec CAM-1 to CAM-4).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::buyer::check_skills;
use super::{
    AuctionSettings, CallerIdPolicy, CallerIdRule, CampaignStatus, Conversion, NoRoute, Parameter,
    Pixel, Recording, Reroute, RoutingType, Strategy, Webhook, check,
};
use crate::vocabulary::{Currency, FlowId, Money, NumberId, PoolId, Problem, RouterId, limits};

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

    /// The currency of its auction: what `auction.currency` says; else that of the first amount that
    /// is set of the auction's lowest bid, its increment and the campaign's revenue; else US dollars.
    pub fn auction_currency(&self) -> Currency {
        let named = self.auction.as_ref().and_then(AuctionSettings::named_currency);
        let revenue = self.revenue.map(|revenue| revenue.currency);
        named.or(revenue).unwrap_or(Currency::USD)
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
            auction.check("/auction", self.auction_currency(), &mut problems);
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
