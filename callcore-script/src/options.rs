//! The limits of custom code: those that are fixed, and those that an operator may set.

use std::io;
use std::num::NonZeroUsize;
use std::thread::available_parallelism;
use std::time::Duration;

/// How long code may be, in bytes of UTF-8.
pub const MAX_CODE_BYTES: usize = 16 * 1024;

/// How large the value `call` may be, in bytes of its JSON.
pub const MAX_CALL_BYTES: usize = 512 * 1024;

/// How much of what failing code said is kept, in characters.
pub const MAX_MESSAGE_CHARS: usize = 200;

/// How long a worker may take from its start until it is ready.
pub(crate) const START_LIMIT: Duration = Duration::from_secs(5);

/// How much time and memory code gets, and how many codes run at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// How many codes may run at once. One tenant has all of these places but one, so that its hostile
    /// code does not hold up the others'. One worker process more than this is kept ready, to step in
    /// for one that is killed, and to check code, which takes no place. Default: one for each
    /// processor, and at least three, so that a tenant has two.
    pub workers: usize,
    /// How long code may run before the engine stops it. Default: 200 ms.
    pub run_limit: Duration,
    /// How long a worker has for its answer before it is killed: the engine does not look at the
    /// clock inside its long built-in operations. Default: 250 ms.
    pub kill_after: Duration,
    /// How long a request waits for a free worker. Default: 500 ms.
    pub wait_limit: Duration,
    /// How much memory the values of one run may take, in bytes. Default: 32 MiB.
    pub memory_bytes: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            workers: available_parallelism().map_or(3, NonZeroUsize::get).max(3),
            run_limit: Duration::from_millis(200),
            kill_after: Duration::from_millis(250),
            wait_limit: Duration::from_millis(500),
            memory_bytes: 32 * 1024 * 1024,
        }
    }
}

impl Options {
    /// The least memory in which the engine itself finds room.
    const MIN_MEMORY_BYTES: usize = 1024 * 1024;

    pub(crate) fn check(&self) -> io::Result<()> {
        let problem = if self.workers == 0 {
            "`workers` is 0, at least 1 is needed"
        } else if self.run_limit.is_zero() {
            "`run_limit` is 0, so that no code could run"
        } else if self.kill_after < self.run_limit {
            "`kill_after` is shorter than `run_limit`, which would then have no effect"
        } else if self.memory_bytes < Self::MIN_MEMORY_BYTES {
            "`memory_bytes` is below 1 MiB, which the engine itself needs"
        } else {
            return Ok(());
        };
        Err(io::Error::new(io::ErrorKind::InvalidInput, problem))
    }
}

/// What is kept of a message that code may have written.
pub(crate) fn shorten(message: &str) -> String {
    message.chars().take(MAX_MESSAGE_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_that_cannot_work_are_refused() {
        let refused = |options: Options| options.check().unwrap_err().to_string();
        let none = Options { workers: 0, ..Options::default() };
        assert!(refused(none).starts_with("`workers`"));
        let instant = Options { run_limit: Duration::ZERO, ..Options::default() };
        assert!(refused(instant).starts_with("`run_limit`"));
        let early = Options { kill_after: Duration::from_millis(199), ..Options::default() };
        assert!(refused(early).starts_with("`kill_after`"));
        let small = Options { memory_bytes: 1024 * 1024 - 1, ..Options::default() };
        assert!(refused(small).starts_with("`memory_bytes`"));
        assert!(Options::default().check().is_ok());
    }

    /// Flows are written for these limits, and a carrier waits for what comes after them.
    #[test]
    fn the_limits_as_they_come_are_those_that_are_promised() {
        let Options { workers, run_limit, kill_after, wait_limit, memory_bytes } =
            Options::default();
        assert!(workers >= 3, "{workers}");
        assert_eq!(
            [run_limit, kill_after, wait_limit].map(|limit| limit.as_millis()),
            [200, 250, 500]
        );
        assert_eq!(memory_bytes, 32 << 20);
    }

    #[test]
    fn long_messages_are_cut_between_characters() {
        assert_eq!(shorten(&"é".repeat(201)), "é".repeat(200));
        assert_eq!(shorten("short"), "short");
    }
}
