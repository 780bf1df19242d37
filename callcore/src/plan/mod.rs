//! One campaign compiled for calls: candidates with their schedules and caps, ready for decisions;
//! the checks that span objects; and the cache that keeps plans until the configuration changes.

mod cache;
mod check;
mod compile;

pub use cache::{Answer, PlanCache};
pub use check::check;
pub use compile::{Plan, candidate};
