//! Cases of [`Auctions`](callcore::port::Auctions), and of the saves that write what it reads.

mod lists;
mod records;

pub use lists::*;
pub use records::*;
