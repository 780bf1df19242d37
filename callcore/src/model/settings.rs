//! The parts of a campaign: words that it chooses from, and small documents inside it.

use serde::{Deserialize, Serialize};

use crate::vocabulary::PhoneNumber;

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
    /// What the bids of an auction are ranked by.
    BidRanking {
        /// The bid after its modifiers.
        #[default]
        HighestBid,
        /// The bid after its modifiers times the share of the target's won calls that were paid in
        /// the campaign. Ten calls of which five were paid are added to every target's record, so
        /// that one without a history counts as middling.
        ExpectedRevenue,
    }
}
words! {
    /// What a bid modifier asks of a call tag. An empty tag counts as none.
    ModifierTest {
        /// Its value is this.
        #[default]
        Is,
        /// Its value begins so.
        BeginsWith,
        /// Its value ends so.
        EndsWith,
        /// Its value has this in it.
        Contains,
        /// It has a value, whichever.
        Present,
        /// It has none.
        Absent,
        /// Nothing: the row always acts.
        Always,
    }
}
words! {
    /// What a bid modifier does to a bid.
    ModifierAction {
        /// Multiplies it by the amount: `1.20` is 20 percent more, `0.80` is 20 percent less.
        #[default]
        Multiply,
        /// Adds the amount.
        Add,
        /// Takes the amount off.
        Subtract,
        /// Makes it the amount.
        Override,
        /// Keeps it out, whatever other rows say: the target is not even asked.
        Reject,
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

/// Offers a short call to the next candidate (spec RTE-7). A conversation that is rerouted pays nothing,
/// unless its target reports that it does.
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
