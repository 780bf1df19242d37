//! Cases of [`Calls`](callcore::port::Calls).

mod counters;
mod draws;
mod lists;
mod looks;
mod saves;

pub use counters::*;
pub use draws::*;
pub use lists::*;
pub use looks::*;
pub use saves::*;
