//! Calls through flows: every exit of every node type, as tables of what the phone does and hears.

mod acting;
mod asking;
mod deciding;
mod gathering;
mod leaving;
mod queueing;
mod repeating;
mod routing;
mod splitting;
mod telling;
