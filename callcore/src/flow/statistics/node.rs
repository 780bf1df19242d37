//! The figures of one node.

use std::collections::BTreeMap;

use chrono_tz::Tz;

use super::branch::Branch;
use super::durations::Durations;
use super::layout::NodeLayout;
use super::visit::{Ending, Visit};
use super::volume::Volume;

/// What executions of a node came to. They are what was left by the exits, `ended`, `dropped_off`,
/// `failed_over` and `waiting` together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeStatistics {
    /// Its type, in the newest version that a call ran.
    pub kind: String,
    /// How often it was entered.
    pub executions: u64,
    /// How many calls entered it.
    pub calls: u64,
    /// How often each exit was taken.
    pub exits: BTreeMap<String, u64>,
    /// How often the flow came to its end in it.
    pub ended: u64,
    /// How often the call did not come any further.
    pub dropped_off: u64,
    /// How often it could not take the call, and a splitter before it sent the call elsewhere.
    pub failed_over: u64,
    /// How many calls are in it.
    pub waiting: u64,
    /// How long calls were in it, where that is known.
    pub durations: Durations,
    /// The branches of a splitter, by their exits; nothing for other nodes.
    pub branches: BTreeMap<String, Branch>,
    /// When calls came to business hours; `None` for other nodes.
    pub volume: Option<Volume>,
    version: u32,
}

impl NodeStatistics {
    /// How often it did what it is there for: it was left by an exit, or the flow ended in it.
    pub fn completed(&self) -> u64 {
        self.exits.values().sum::<u64>() + self.ended
    }

    pub(super) fn add(&mut self, visit: &Visit, version: u32, layout: Option<&NodeLayout>) {
        self.know(version, &visit.kind);
        self.executions += 1;
        match visit.ending {
            Ending::Exit => {}
            Ending::Flow => self.ended += 1,
            Ending::DropOff => self.dropped_off += 1,
            Ending::FailedOver => self.failed_over += 1,
            Ending::Waiting => self.waiting += 1,
        }
        if let Some(ms) = visit.duration_ms() {
            self.durations.add(ms);
        }
        let Some(exit) = &visit.exit else { return };
        *self.exits.entry(exit.clone()).or_default() += 1;
        match visit.kind.as_str() {
            "traffic_splitter" => self.share(visit, exit, layout),
            "business_hours" => {
                let zone = layout.and_then(|layout| layout.zone).unwrap_or(Tz::UTC);
                self.volume.get_or_insert_default().add(visit.at, zone, exit, version);
            }
            _ => {}
        }
    }

    fn share(&mut self, visit: &Visit, exit: &str, layout: Option<&NodeLayout>) {
        let taken = self.branches.entry(exit.to_owned()).or_default();
        if visit.is_retry {
            taken.retried += 1;
        } else {
            taken.taken += 1;
        }
        for (handle, share) in layout.iter().flat_map(|layout| &layout.branches) {
            let branch = self.branches.entry(handle.clone()).or_default();
            if let Some(share) = share.filter(|_| !visit.is_retry) {
                *branch.expected_millionths.get_or_insert_default() += u64::from(share);
            }
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.know(other.version, &other.kind);
        self.executions += other.executions;
        self.calls += other.calls;
        self.ended += other.ended;
        self.dropped_off += other.dropped_off;
        self.failed_over += other.failed_over;
        self.waiting += other.waiting;
        self.durations.merge(&other.durations);
        for (exit, executions) in &other.exits {
            *self.exits.entry(exit.clone()).or_default() += executions;
        }
        for (exit, branch) in &other.branches {
            self.branches.entry(exit.clone()).or_default().merge(branch);
        }
        if let Some(volume) = &other.volume {
            self.volume.get_or_insert_default().merge(volume);
        }
    }

    /// A version may have another node of the same id.
    fn know(&mut self, version: u32, kind: &str) {
        if (version, kind) > (self.version, self.kind.as_str()) {
            (self.version, self.kind) = (version, kind.to_owned());
        }
    }
}
