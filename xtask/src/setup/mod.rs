//! What the tests need beside Rust: one file per helper.
//!
//! Each finds its helper, installs it where that needs nobody's consent, or fails with the way to
//! get it. None is optional: a suite that cannot run is a failure, not a skip.

pub(crate) mod compiler;
pub(crate) mod postgres;
pub(crate) mod python;

mod apt;
mod cluster;
