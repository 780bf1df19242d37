//! Cases of [`Capacity`](callcore::port::Capacity).

mod leases;
mod races;
mod releases;
mod reserves;
mod windows;

pub use leases::*;
pub use races::*;
pub use releases::*;
pub use reserves::*;
pub use windows::*;

use callcore::schedule::CapWindow;

/// All kinds of windows.
const WINDOWS: [CapWindow; 5] = [
    CapWindow::Concurrent,
    CapWindow::Hourly,
    CapWindow::Daily,
    CapWindow::Monthly,
    CapWindow::Total,
];
