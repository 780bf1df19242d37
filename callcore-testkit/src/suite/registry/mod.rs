//! Cases of [`Registry`](callcore::port::Registry).

mod assignments;
mod deletes;
mod flows;
mod numbers;
mod objects;
mod pages;
mod routers;
mod targets;

pub use assignments::*;
pub use deletes::*;
pub use flows::*;
pub use numbers::*;
pub use objects::*;
pub use pages::*;
pub use routers::*;
pub use targets::*;
