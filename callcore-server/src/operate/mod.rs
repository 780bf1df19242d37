//! What the operator does by command and not by request: migrations, tenants, moving to another
//! database.

pub mod copy;
pub mod migrate;
pub mod tenant;
