//! How the figures of a flow are shown.

use callcore::flow::{Branch, Durations, FlowStatistics, NodeStatistics, Outcomes, Volume};
use chrono::{DateTime, Utc, Weekday};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api::stats::share;

/// The paths that are told.
const MOST_PATHS: usize = 20;

/// What calls did in a flow.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct FlowStats {
    /// The flow.
    flow_id: Uuid,
    /// The version whose calls were counted; null where those of all versions were.
    version: Option<u32>,
    /// Calls that came in at this time or later were looked at.
    from: Option<DateTime<Utc>>,
    /// Calls that came in before this time were looked at.
    to: DateTime<Utc>,
    /// Calls that were counted; at most the newest 50,000 of the period are looked at.
    calls: u64,
    /// Whether there are older calls in the period that were not looked at.
    truncated: bool,
    /// How the calls stand in the flow.
    outcomes: OutcomeCounts,
    /// How many calls ran each version, newest first.
    versions: Vec<VersionCalls>,
    /// The nodes that a call came to, those that were executed most first.
    nodes: Vec<NodeFigures>,
    /// The commonest ways through the flow, at most 20.
    paths: Vec<PathFigures>,
}

/// How many calls stand how.
#[derive(Debug, Serialize, ToSchema)]
struct OutcomeCounts {
    /// They are in the flow.
    running: u64,
    /// The flow came to its end.
    completed: u64,
    /// The caller hung up in it.
    abandoned: u64,
    /// It could not go on, and plain routing took over.
    failed: u64,
    /// Nothing came for longer than a session lasts.
    expired: u64,
}

/// How many calls ran a version.
#[derive(Debug, Serialize, ToSchema)]
struct VersionCalls {
    /// Its number.
    version: u32,
    /// Calls.
    calls: u64,
}

/// The figures of one node. Its executions are those that completed, dropped off, failed over and wait.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct NodeFigures {
    /// The node.
    node_id: String,
    /// Its type, in the newest version that a call ran.
    #[serde(rename = "type")]
    kind: String,
    /// How often it was entered.
    executions: u64,
    /// How many calls entered it.
    calls: u64,
    /// How often it was left by an exit, or the flow came to its end in it.
    completed: u64,
    /// The share of executions that completed.
    completion_rate: Option<f64>,
    /// How often the call did not come any further: the caller hung up, the flow failed or its session
    /// expired.
    dropped_off: u64,
    /// The share of executions in which the call did not come any further.
    drop_off_rate: Option<f64>,
    /// How often it could not take the call, and a splitter before it sent the call elsewhere.
    failed_over: u64,
    /// Calls that are in it.
    waiting: u64,
    /// The exits that were taken.
    exits: Vec<ExitFigures>,
    /// How long calls were in it, with the conversation where it connected them.
    time_ms: TimeFigures,
    /// The branches of a splitter; null for other nodes.
    branches: Option<Vec<BranchFigures>>,
    /// When calls came to business hours; null for other nodes.
    volume: Option<VolumeFigures>,
}

/// How often an exit was taken.
#[derive(Debug, Serialize, ToSchema)]
struct ExitFigures {
    /// The exit.
    exit: String,
    /// How often it was taken.
    executions: u64,
    /// Its share of all exits that were taken.
    share: Option<f64>,
}

/// How long something took, in milliseconds; null where nothing was measured.
#[derive(Debug, Serialize, ToSchema)]
struct TimeFigures {
    /// How many executions were measured: those of calls that are over, or that went on.
    measured: u64,
    /// The shortest.
    min: Option<u64>,
    /// Half of them are at most this, to 1/64.
    median: Option<u64>,
    /// 95 % of them are at most this, to 1/64.
    p95: Option<u64>,
    /// The longest.
    max: Option<u64>,
    /// Their mean.
    mean: Option<u64>,
}

/// How a splitter used one branch.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct BranchFigures {
    /// Its exit.
    exit: String,
    /// Calls that the splitter sent here at first.
    calls: u64,
    /// Calls that came here since the branch before could not take them.
    failed_over: u64,
    /// The share of the calls that the splitter sent here at first.
    share: Option<f64>,
    /// The share that it was configured to get; null where it has none, as by the time.
    configured_share: Option<f64>,
    /// How far the share is from the configured one; below 0 where it got too few.
    difference: Option<f64>,
}

/// When calls came, by the wall clock of a zone.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct VolumeFigures {
    /// The zone.
    timezone: &'static str,
    /// Calls that found it open.
    in_hours: u64,
    /// Calls that found it closed.
    out_of_hours: u64,
    /// Calls that came on a holiday.
    holiday: u64,
    /// Calls in each hour of the day, from midnight on.
    by_hour: [u64; 24],
    /// Calls on each weekday.
    by_weekday: Vec<WeekdayFigures>,
    /// The busiest hour of the week, the first of several; null where no call came.
    peak: Option<PeakFigures>,
    /// The busiest hour of the day, 0 to 23; the first of several.
    peak_hour: Option<u8>,
    /// The busiest weekday, the first of several from Monday on.
    peak_weekday: Option<&'static str>,
}

/// When calls came on a weekday.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct WeekdayFigures {
    /// The weekday, `monday` to `sunday`.
    weekday: &'static str,
    /// Calls on it.
    calls: u64,
    /// Calls in each of its hours, from midnight on.
    by_hour: [u64; 24],
}

/// A busy hour.
#[derive(Debug, Serialize, ToSchema)]
struct PeakFigures {
    /// The weekday.
    weekday: &'static str,
    /// The hour of the day, 0 to 23.
    hour: u8,
    /// Calls in it.
    calls: u64,
}

/// A way through the flow.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct PathFigures {
    /// The nodes in order; one that was entered twice stands here twice.
    node_ids: Vec<String>,
    /// Whether calls came through more nodes, which are not told.
    cut: bool,
    /// Calls that took it.
    calls: u64,
    /// Its share of all calls.
    share: Option<f64>,
}

impl FlowStats {
    /// Shows the figures of a flow, or of one of its versions.
    pub(super) fn new(
        (flow_id, version): (Uuid, Option<u32>),
        (from, to): (Option<DateTime<Utc>>, DateTime<Utc>),
        counted: &FlowStatistics,
        truncated: bool,
    ) -> Self {
        let calls = counted.outcomes.calls();
        let Outcomes { running, completed, abandoned, failed, expired } = counted.outcomes;
        let versions = counted.versions.iter().rev();
        let mut nodes: Vec<_> = counted.nodes.iter().collect();
        nodes.sort_by_key(|(_, node)| std::cmp::Reverse(node.executions));
        let paths = counted.commonest_paths(MOST_PATHS).into_iter().map(|(path, taken)| {
            let node_ids = path.nodes.iter().map(|id| id.as_ref().to_owned()).collect();
            PathFigures { node_ids, cut: path.is_cut, calls: taken, share: share(taken, calls) }
        });
        Self {
            flow_id,
            version,
            from,
            to,
            calls,
            truncated,
            outcomes: OutcomeCounts { running, completed, abandoned, failed, expired },
            versions: versions
                .map(|(n, calls)| VersionCalls { version: *n, calls: *calls })
                .collect(),
            nodes: nodes.into_iter().map(|(id, node)| NodeFigures::of(id, node)).collect(),
            paths: paths.collect(),
        }
    }
}

impl NodeFigures {
    fn of(id: &str, node: &NodeStatistics) -> Self {
        let left: u64 = node.exits.values().sum();
        let exits = node.exits.iter().map(|(exit, executions)| ExitFigures {
            exit: exit.clone(),
            executions: *executions,
            share: share(*executions, left),
        });
        let sent = node.branches.values().map(|branch| branch.taken).sum();
        let expected = node.branches.values().filter_map(|branch| branch.expected_millionths).sum();
        let branches = node
            .branches
            .iter()
            .map(|(exit, branch)| branch_figures(exit, branch, (sent, expected)));
        Self {
            node_id: id.to_owned(),
            kind: node.kind.clone(),
            executions: node.executions,
            calls: node.calls,
            completed: node.completed(),
            completion_rate: share(node.completed(), node.executions),
            dropped_off: node.dropped_off,
            drop_off_rate: share(node.dropped_off, node.executions),
            failed_over: node.failed_over,
            waiting: node.waiting,
            exits: exits.collect(),
            time_ms: TimeFigures::of(&node.durations),
            branches: (!node.branches.is_empty()).then(|| branches.collect()),
            volume: node.volume.as_ref().map(VolumeFigures::of),
        }
    }
}

/// The figures of a branch of a splitter that sent so many calls on at first, and was to share so many
/// millionths of calls.
#[expect(clippy::float_arithmetic, reason = "JSON has no other fractions")]
fn branch_figures(exit: &str, branch: &Branch, (sent, expected): (u64, u64)) -> BranchFigures {
    let taken = share(branch.taken, sent);
    let configured = branch.expected_millionths.and_then(|own| share(own, expected));
    let apart = taken.zip(configured).map(|(taken, configured)| taken - configured);
    BranchFigures {
        exit: exit.to_owned(),
        calls: branch.taken,
        failed_over: branch.retried,
        share: taken,
        configured_share: configured,
        // Of two shares to four decimals the difference has no more.
        difference: apart.map(|apart| (apart * 10_000.0).round() / 10_000.0),
    }
}

impl TimeFigures {
    fn of(durations: &Durations) -> Self {
        Self {
            measured: durations.count(),
            min: durations.min_ms(),
            median: durations.percentile_ms(50),
            p95: durations.percentile_ms(95),
            max: durations.max_ms(),
            mean: durations.mean_ms(),
        }
    }
}

impl VolumeFigures {
    fn of(volume: &Volume) -> Self {
        let (by_hour, by_weekday) = (volume.by_hour(), volume.by_weekday());
        let hours = volume.by_weekday_and_hour();
        let days = WEEK.iter().zip(by_weekday).zip(hours);
        let days = days.map(|((weekday, calls), by_hour)| WeekdayFigures {
            weekday: name(*weekday),
            calls,
            by_hour: *by_hour,
        });
        let weekdays = WEEK.into_iter().map(name).zip(by_weekday);
        Self {
            timezone: volume.zone.name(),
            in_hours: volume.in_hours,
            out_of_hours: volume.out_of_hours,
            holiday: volume.on_holidays,
            by_hour,
            by_weekday: days.collect(),
            peak: volume.peak().map(|peak| PeakFigures {
                weekday: name(peak.weekday),
                hour: peak.hour,
                calls: peak.calls,
            }),
            peak_hour: busiest((0..).zip(by_hour)),
            peak_weekday: busiest(weekdays),
        }
    }
}

/// What has the most calls, the first of several; nothing where there is no call.
fn busiest<T>(counts: impl Iterator<Item = (T, u64)>) -> Option<T> {
    let more = |best: Option<(T, u64)>, one: (T, u64)| match best {
        Some(best) if best.1 >= one.1 => Some(best),
        _ => Some(one).filter(|one| one.1 > 0),
    };
    counts.fold(None, more).map(|(what, _)| what)
}

const WEEK: [Weekday; 7] = [
    Weekday::Mon,
    Weekday::Tue,
    Weekday::Wed,
    Weekday::Thu,
    Weekday::Fri,
    Weekday::Sat,
    Weekday::Sun,
];

/// A weekday as flows write it.
const fn name(weekday: Weekday) -> &'static str {
    match weekday {
        Weekday::Mon => "monday",
        Weekday::Tue => "tuesday",
        Weekday::Wed => "wednesday",
        Weekday::Thu => "thursday",
        Weekday::Fri => "friday",
        Weekday::Sat => "saturday",
        Weekday::Sun => "sunday",
    }
}
