//! Cases of [`Directory`](callcore::port::Directory).

mod flows;
mod sources;

pub use flows::*;
pub use sources::*;
