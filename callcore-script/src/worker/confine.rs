//! What a worker takes from itself before it runs the first code.
//!
//! Code has no way to any of this; the limits hold should the engine have a hole, and should
//! nobody be left to kill the worker.

use std::io;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::time::{ClockId, clock_gettime};

use crate::message::Limits;

/// What the engine needs beside the values of the code, and the program for itself.
const DATA_BESIDE_VALUES_BYTES: u64 = 64 * 1024 * 1024;

/// Address space beside the data: the file of the program, which may be large, and libraries.
const ADDRESSES_BESIDE_DATA_BYTES: u64 = 1024 * 1024 * 1024;

/// Sets the limits that hold from now on.
pub(super) fn confine(limits: &Limits) -> io::Result<()> {
    let values = u64::try_from(limits.memory_bytes).unwrap_or(u64::MAX);
    let data = values.saturating_add(DATA_BESIDE_VALUES_BYTES);
    // A dump would write what the call holds to the disk.
    lower(Resource::Core, 0)?;
    lower(Resource::Fsize, 0)?;
    lower(Resource::Nofile, 0)?;
    lower(Resource::Nproc, 0)?;
    // Elsewhere the system may know these limits and refuse them all the same.
    if cfg!(target_os = "linux") {
        lower(Resource::Data, data)?;
        lower(Resource::As, data.saturating_add(ADDRESSES_BESIDE_DATA_BYTES))?;
    }
    Ok(())
}

/// Sets what the process may take of the processor from now on. The hard limit stays, so that the
/// next request can have its own.
pub(super) fn limit_processor(seconds: u64) -> io::Result<()> {
    let used = clock_gettime(ClockId::ProcessCPUTime).tv_sec;
    let limit = u64::try_from(used).unwrap_or(0).saturating_add(seconds);
    let maximum = getrlimit(Resource::Cpu).maximum;
    let current = maximum.map_or(limit, |maximum| limit.min(maximum));
    setrlimit(Resource::Cpu, Rlimit { current: Some(current), maximum })?;
    Ok(())
}

/// A limit that is lower already stays.
fn lower(resource: Resource, limit: u64) -> io::Result<()> {
    let maximum = getrlimit(resource).maximum;
    let limit = Some(maximum.map_or(limit, |maximum| limit.min(maximum)));
    setrlimit(resource, Rlimit { current: limit, maximum: limit })?;
    Ok(())
}
