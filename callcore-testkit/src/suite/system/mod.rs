//! Cases of [`SystemStore`](callcore::port::SystemStore).

mod begun;
mod holders;
mod sign_in;
mod sweeps;

pub use begun::*;
pub use holders::*;
pub use sign_in::*;
pub use sweeps::*;
