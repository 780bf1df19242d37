//! Cases of [`Calls`](callcore::port::Calls).

mod begins;
mod bids;
mod counters;
mod draws;
mod lists;
mod looks;
mod passages;
mod saves;

pub use begins::*;
pub use bids::*;
pub use counters::*;
pub use draws::*;
pub use lists::*;
pub use looks::*;
pub use passages::*;
pub use saves::*;
