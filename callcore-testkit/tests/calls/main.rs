//! Whole calls as tables, by topic.

mod callers;
mod campaigns;
mod caps;
mod details;
mod fallback;
mod flows;
mod harness;
mod hours;
mod leases;
mod repeats;
mod routing;

use callcore_testkit::script::check;
