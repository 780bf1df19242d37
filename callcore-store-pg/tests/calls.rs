//! The testkit's call scripts on Postgres.

#[path = "../../callcore-testkit/tests/calls/callers.rs"]
mod callers;
#[path = "../../callcore-testkit/tests/calls/campaigns.rs"]
mod campaigns;
#[path = "../../callcore-testkit/tests/calls/caps.rs"]
mod caps;
#[path = "../../callcore-testkit/tests/calls/details.rs"]
mod details;
#[path = "../../callcore-testkit/tests/calls/fallback.rs"]
mod fallback;
mod harness;
#[path = "../../callcore-testkit/tests/calls/hours.rs"]
mod hours;
#[path = "../../callcore-testkit/tests/calls/leases.rs"]
mod leases;
#[path = "../../callcore-testkit/tests/calls/repeats.rs"]
mod repeats;
#[path = "../../callcore-testkit/tests/calls/routing.rs"]
mod routing;

use callcore_testkit::script::{Played, check_on};

fn check(script: &str) -> Vec<Played> {
    check_on::<harness::Postgres>(script)
}
