//! How long to wait between two tries.

use chrono::TimeDelta;

/// The longest pause, in seconds.
const LONGEST_SECS: i64 = 300;

/// The pause after a try that failed, of which the first is 1: 2 s, and twice as long each time, up
/// to five minutes.
pub(super) fn after(attempt: u32) -> TimeDelta {
    let doubled = 1_i64.checked_shl(attempt.min(30)).unwrap_or(LONGEST_SECS);
    TimeDelta::seconds(doubled.min(LONGEST_SECS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_five_minutes() {
        let pauses =
            [1, 2, 3, 4, 8, 9, 10, 64, u32::MAX].map(|attempt| after(attempt).num_seconds());
        assert_eq!(pauses, [2, 4, 8, 16, 256, 300, 300, 300, 300]);
    }
}
