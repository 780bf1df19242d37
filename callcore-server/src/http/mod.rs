//! HTTP as this server speaks it: one error shape, bodies that are checked whole, pages. Nothing
//! here knows what the resources mean.

pub mod body;
pub mod page;
pub mod path;
pub mod problem;
pub mod schema;

pub use body::{Document, JsonBody, NoBody, OptionalBody};
pub use page::{Listing, Paging};
pub use path::Id;
pub use problem::{Failure, Fault};
