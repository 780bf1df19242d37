//! Pools for tests, and what the system says about their workers. Reads `/proc`, so Linux only.

#![allow(dead_code, reason = "each test program uses a part of this")]
#![allow(clippy::unwrap_used, reason = "a panic is how these tests fail")]

use std::collections::BTreeSet;
use std::fs;
use std::time::{Duration, Instant};

use callcore::vocabulary::TenantId;
use callcore_script::{Options, ScriptPool, WorkerCommand};
use serde_json::{Value, json};

/// How late things may be on a machine that does much else beside the tests.
pub(crate) const GUARD: Duration = Duration::from_secs(10);

/// A worker whose command line holds `marker`, which the program itself ignores.
pub(crate) fn command(marker: &str) -> WorkerCommand {
    WorkerCommand::new(env!("CARGO_BIN_EXE_callcore-script-worker")).argument(marker)
}

/// Two runs at once, the limits of time as they come, and all the patience to wait for a turn.
pub(crate) fn options() -> Options {
    Options { workers: 2, wait_limit: GUARD, ..Options::default() }
}

/// Somebody whose code runs.
pub(crate) fn tenant(number: u32) -> TenantId {
    format!("00000000-0000-0000-0000-{number:012}").parse().unwrap()
}

/// A pool for code that is not slow, unless the machine is.
pub(crate) async fn pool(marker: &str) -> ScriptPool {
    pool_with(marker, killed_only(GUARD)).await
}

pub(crate) async fn pool_with(marker: &str, options: Options) -> ScriptPool {
    ScriptPool::start(command(marker), options).await.unwrap()
}

/// Options that stop code by nothing but the kill from outside.
pub(crate) fn killed_only(kill_after: Duration) -> Options {
    Options { run_limit: kill_after, kill_after, ..options() }
}

pub(crate) fn call() -> Value {
    json!({
        "caller": "+12125550123",
        "called": "+18005550100",
        "vars": { "zip": "90210", "age": 67, "list": [1, { "deep": true }] },
        "tags": { "source": "radio" },
        "now": "2026-11-22T14:05:00Z",
    })
}

/// The processes, children of this one, whose command line holds `marker`.
pub(crate) fn workers(marker: &str) -> BTreeSet<i32> {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let ids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    ids.filter(|id| is_worker(*id, marker)).collect()
}

fn is_worker(id: i32, marker: &str) -> bool {
    let arguments = fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
    let mut arguments = arguments.split(|byte| *byte == 0);
    let parent = format!("PPid:\t{}\n", std::process::id());
    let is_child = fs::read_to_string(format!("/proc/{id}/status"))
        .is_ok_and(|status| status.contains(&parent));
    is_child && arguments.any(|argument| argument == marker.as_bytes())
}

/// Whether the process has ended and was waited for: a zombie still has its folder.
pub(crate) fn is_gone(id: i32) -> bool {
    !fs::exists(format!("/proc/{id}")).unwrap()
}

/// Whether the process has ended, though perhaps nobody has waited for it.
pub(crate) fn has_ended(id: i32) -> bool {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    status.is_empty() || status.contains("State:\tZ")
}

/// What the process has in memory, in kibibytes.
pub(crate) fn resident_kib(id: i32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// Looks again and again, for the system announces neither ends nor starts to bystanders.
pub(crate) async fn eventually(what: &str, is_true: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_true() {
        assert!(start.elapsed() < GUARD, "not within {GUARD:?}: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
