//! The conformance suite: one case per sentence of the ports' contracts.
//!
//! A case is an async function that gets an opened, empty store and panics where the store does not
//! keep to the sentence that its name tells. [`store_suite!`](crate::store_suite) makes a test of
//! each. Cases pass instants of their own to the store and never wait for a clock.

pub mod accounts;
pub mod auctions;
pub mod calls;
pub mod capacity;
pub mod directory;
pub mod flows;
mod kit;
mod list;
pub mod outbox;
pub mod registry;
pub mod system;

use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use crate::Harness;

/// Longest time that a case may take. A store that has not finished by then has come to a stop.
const PATIENCE: Duration = Duration::from_secs(120);

/// What a case does with an opened store.
pub type Act<H> = for<'a> fn(&'a H) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// One case, for those who run cases by other means than [`store_suite!`](crate::store_suite).
pub struct Case<H> {
    /// The port, which is the module of the case.
    pub port: &'static str,
    /// The sentence, which is the name of the case.
    pub name: &'static str,
    /// The case itself.
    pub act: Act<H>,
}

impl<H> fmt::Debug for Case<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}::{}", self.port, self.name)
    }
}

impl<H: Harness> Case<H> {
    /// Why the harness does not keep to this case, if it says so.
    pub fn deviation(&self) -> Option<&'static str> {
        let name = format!("{self:?}");
        H::skip().iter().find(|(case, _)| *case == name).map(|(_, why)| *why)
    }
}

/// All cases, in the order of their ports.
pub fn cases<H: Harness>() -> Vec<Case<H>> {
    crate::__with_cases!(__values_of_cases)
}

/// Opens a store and runs one case on it, on a runtime of its own with several threads.
///
/// # Panics
/// Where the store does not keep to the case, or comes to a stop.
pub fn run<H: Harness>(case: &Case<H>) {
    if let Some(why) = case.deviation() {
        println!("{case:?} is skipped: {why}");
        return;
    }
    // More threads than most machines have processors make more interleavings.
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build();
    let runtime = runtime.expect("a runtime starts");
    let act = case.act;
    // A task of its own, so that a store that blocks its thread is noticed too.
    let acting = runtime.spawn(async move { act(&H::open().await).await });
    let finished = runtime.block_on(async { tokio::time::timeout(PATIENCE, acting).await });
    match finished {
        Ok(Ok(())) => {}
        Ok(Err(failed)) => std::panic::resume_unwind(failed.into_panic()),
        Err(_) => {
            runtime.shutdown_background();
            panic!("{case:?} came to a stop");
        }
    }
}

/// Checks that each deviation that a harness declares names a case.
///
/// # Panics
/// Where one does not.
pub fn check_deviations<H: Harness>() {
    let names: Vec<_> = cases::<H>().iter().map(|case| format!("{case:?}")).collect();
    for (case, why) in H::skip() {
        assert!(names.iter().any(|name| name == case), "there is no case {case:?} ({why})");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Memory;

    const SOURCES: [(&str, &[&str]); 9] = [
        ("accounts", &[include_str!("accounts.rs")]),
        (
            "auctions",
            &[
                include_str!("auctions/lists.rs"),
                include_str!("auctions/records.rs"),
                include_str!("auctions/exchanges.rs"),
            ],
        ),
        (
            "calls",
            &[
                include_str!("calls/begins.rs"),
                include_str!("calls/bids.rs"),
                include_str!("calls/counters.rs"),
                include_str!("calls/draws.rs"),
                include_str!("calls/lists.rs"),
                include_str!("calls/looks.rs"),
                include_str!("calls/passages.rs"),
                include_str!("calls/saves.rs"),
            ],
        ),
        (
            "capacity",
            &[
                include_str!("capacity/leases.rs"),
                include_str!("capacity/races.rs"),
                include_str!("capacity/releases.rs"),
                include_str!("capacity/reserves.rs"),
                include_str!("capacity/windows.rs"),
            ],
        ),
        ("directory", &[include_str!("directory/flows.rs"), include_str!("directory/sources.rs")]),
        (
            "flows",
            &[
                include_str!("flows.rs"),
                include_str!("flows/records.rs"),
                include_str!("flows/archive.rs"),
                include_str!("flows/trials.rs"),
            ],
        ),
        (
            "outbox",
            &[
                include_str!("outbox/claims.rs"),
                include_str!("outbox/lanes.rs"),
                include_str!("outbox/ends.rs"),
                include_str!("outbox/writes.rs"),
            ],
        ),
        (
            "registry",
            &[
                include_str!("registry/assignments.rs"),
                include_str!("registry/deletes.rs"),
                include_str!("registry/flows.rs"),
                include_str!("registry/numbers.rs"),
                include_str!("registry/objects.rs"),
                include_str!("registry/pages.rs"),
                include_str!("registry/routers.rs"),
                include_str!("registry/targets.rs"),
            ],
        ),
        (
            "system",
            &[
                include_str!("system/begun.rs"),
                include_str!("system/holders.rs"),
                include_str!("system/sign_in.rs"),
                include_str!("system/sweeps.rs"),
            ],
        ),
    ];

    #[test]
    fn every_case_is_in_the_list() {
        let mut written = Vec::new();
        for (port, sources) in SOURCES {
            let lines = sources.iter().flat_map(|source| source.lines());
            let names = lines.filter_map(|line| line.strip_prefix("pub async fn "));
            written.extend(names.map(|rest| {
                let name = rest.split(['(', '<']).next().expect("a name");
                format!("{port}::{name}")
            }));
        }
        let listed: Vec<_> = cases::<Memory>().iter().map(|case| format!("{case:?}")).collect();
        assert_eq!(listed, written);
    }
}
