//! Flows, node by node: what is heard, which exits are taken, what is told of broken documents.

mod accepted;
mod act_on;
mod asking;
mod broken;
mod deciding;
mod driver;
mod limits;
mod properties;
mod secrets;
mod sending;
mod simulated;
mod sounds;
mod statistics;
mod templates;
