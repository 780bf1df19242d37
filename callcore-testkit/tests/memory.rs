//! The reference adapter keeps every contract.

use callcore_testkit::{Memory, store_suite};

store_suite!(Memory);
