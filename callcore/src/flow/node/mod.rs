//! The node types: one file each, and one line in [`read`].

mod action;
mod business_hours;
mod condition;
mod end;
mod gather_input;
mod hours;
mod ivr_menu;
mod play_audio;
mod prompt;
mod route;
mod router;
mod splitter;
mod start;
mod tracking_pixel;
mod weekday;

use std::borrow::Cow;
use std::fmt::Debug;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

pub use route::{ChosenBuyer, RouteSettings};

use super::act::{Act, Failure, Input};
use super::desk::Desk;
use super::reader::Reader;
use super::text::Use;
use crate::vocabulary::{BuyerId, RouterId};

/// What a node does. Its settings were read and checked before.
pub(crate) trait Behaviour: Debug + Send + Sync {
    /// Its exits.
    fn exits(&self) -> Vec<ExitRule>;

    /// What it does when a call enters it.
    fn enter(&self, desk: &mut Desk<'_>) -> Act;

    /// What it does once what it waited for has come.
    fn resume(&self, desk: &mut Desk<'_>, _: &Input) -> Act {
        unexpected(desk)
    }

    /// The settings by which it routes calls.
    fn route(&self) -> Option<&RouteSettings> {
        None
    }

    /// Whether what the caller enters here is shown to nobody.
    fn is_sensitive(&self) -> bool {
        false
    }

    /// The exit to try after these, where the node is one that tries several.
    fn next_branch(&self, _: &[String], _: DateTime<Utc>) -> Option<String> {
        None
    }

    /// The branches between which it shares calls, each with its share in millionths where it has one.
    fn branches(&self) -> Vec<(String, Option<u32>)> {
        Vec::new()
    }

    /// The zone by whose wall clock calls are counted.
    fn counting_zone(&self) -> Option<Tz> {
        None
    }

    /// When none of its exits but `fallback` is taken, where it goes by the time: for people.
    fn gap(&self) -> Option<String> {
        None
    }
}

/// One exit of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ExitRule {
    /// Its name in connections.
    pub(crate) handle: Cow<'static, str>,
    /// The exits whose connections stand in for it where it has none, in order.
    pub(crate) alternatives: &'static [&'static str],
    /// What an exit means that leads nowhere.
    pub(crate) last: Last,
    /// Whether it can be taken without the caller being asked, or anybody being dialled, in between.
    pub(crate) silent: bool,
}

/// What an exit means that leads nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Last {
    /// It must lead somewhere.
    Required,
    /// The flow fails, and plain routing takes over.
    Fail,
    /// The call ends.
    End,
    /// The call goes to the campaign's no-route treatment.
    NoRoute,
    /// No call takes it unless the node is set otherwise: so.
    NotTaken(&'static str),
}

impl ExitRule {
    /// An exit that must lead somewhere and is taken at once.
    pub(crate) fn required(handle: impl Into<Cow<'static, str>>) -> Self {
        Self { handle: handle.into(), alternatives: &[], last: Last::Required, silent: true }
    }

    /// An exit that need not lead anywhere.
    pub(crate) fn optional(handle: impl Into<Cow<'static, str>>, last: Last) -> Self {
        Self { last, ..Self::required(handle) }
    }

    /// The same, with exits that stand in for it.
    pub(crate) fn or(self, alternatives: &'static [&'static str]) -> Self {
        Self { alternatives, ..self }
    }

    /// The same, taken only after the caller was asked or somebody was dialled.
    pub(crate) fn after_waiting(self) -> Self {
        Self { silent: false, ..self }
    }
}

/// What the settings of a node mention that the node cannot judge by itself.
#[derive(Debug, Default)]
pub(crate) struct Mentions {
    /// Variables that texts use.
    pub(crate) uses: Vec<Use>,
    /// Variables that the node stores.
    pub(crate) stores: Vec<Use>,
    /// Settings that stand for connections.
    pub(crate) shortcuts: Vec<Shortcut>,
    /// Buyers, each with its place.
    pub(crate) buyers: Vec<(BuyerId, String)>,
    /// Routers, each with its place.
    pub(crate) routers: Vec<(RouterId, String)>,
    /// Custom code, with its place.
    pub(crate) code: Option<(String, String)>,
    /// The place of a setting that changes the ending of `{voicemail_url}`, and nothing else.
    pub(crate) ending: Option<String>,
}

/// A setting that stands for a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shortcut {
    pub(crate) handle: String,
    pub(crate) target: String,
    pub(crate) path: String,
}

/// The types, as documents write them.
pub(crate) const KINDS: [&str; 11] = [
    "start",
    "ivr_menu",
    "gather_input",
    "play_audio",
    "business_hours",
    "advanced_router",
    "traffic_splitter",
    "tracking_pixel",
    "action",
    "condition",
    "end",
];

/// Reads the settings of a node. `None` for a type that nobody knows, and for settings that are too
/// wrong to run; the reader's report has the reasons.
pub(crate) fn read(
    kind: &str,
    reader: &Reader<'_>,
    mentions: &mut Mentions,
) -> Option<(&'static str, Box<dyn Behaviour>)> {
    let kind = KINDS.into_iter().find(|known| *known == kind)?;
    let node: Option<Box<dyn Behaviour>> = match kind {
        "start" => boxed(start::read(reader)),
        "ivr_menu" => boxed(ivr_menu::read(reader, mentions)),
        "gather_input" => boxed(gather_input::read(reader, mentions)),
        "play_audio" => boxed(play_audio::read(reader, mentions)),
        "business_hours" => boxed(business_hours::read(reader)),
        "advanced_router" => boxed(router::read(reader, mentions)),
        "traffic_splitter" => boxed(splitter::read(reader, mentions)),
        "tracking_pixel" => boxed(tracking_pixel::read(reader, mentions)),
        "action" => action::read(reader, mentions),
        "condition" => boxed(condition::read(reader, mentions)),
        _ => boxed(end::read(reader, mentions)),
    };
    reader.finish();
    node.map(|node| (kind, node))
}

fn boxed<T: Behaviour + 'static>(node: Option<T>) -> Option<Box<dyn Behaviour>> {
    node.map(|node| Box::new(node) as Box<dyn Behaviour>)
}

/// A node got an answer to something that it did not ask.
pub(crate) fn unexpected(desk: &Desk<'_>) -> Act {
    Act::Fail(Failure::Unexpected(desk.session.node.clone()))
}
