//! Cases of [`Auctions`](callcore::port::Auctions), and of the saves that write what it reads.

mod exchanges;
mod lists;
mod records;

pub use exchanges::*;
pub use lists::*;
pub use records::*;
