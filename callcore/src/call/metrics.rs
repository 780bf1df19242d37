//! How well calls are routed (spec RTE-6): a fold over call records.

use super::state::Call;

/// Counts and times of a number of calls. Rates are left to whoever shows them: a share of nothing
/// is not a number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoutingMetrics {
    /// Calls that came in.
    pub calls: u64,
    /// Calls that are over.
    pub ended: u64,
    /// Calls in which a buyer was dialled.
    pub offered: u64,
    /// Calls that a buyer answered.
    pub answered: u64,
    /// Calls that converted.
    pub converted: u64,
    /// Calls in which more than one buyer was dialled.
    pub fell_back: u64,
    /// Seconds of conversation with buyers.
    pub talk_secs: u64,
    response_ms: Vec<u64>,
    connect_ms: Vec<u64>,
}

impl RoutingMetrics {
    /// Takes one more call into account, unless it is a test.
    pub fn add(&mut self, call: &Call) {
        if call.is_test() {
            return;
        }
        let to_buyers: Vec<_> =
            call.attempts.iter().filter(|attempt| attempt.target.candidate().is_some()).collect();
        self.calls += 1;
        self.ended += u64::from(call.is_over());
        self.offered += u64::from(!to_buyers.is_empty());
        self.answered += u64::from(to_buyers.iter().any(|attempt| attempt.connected()));
        self.converted += u64::from(call.converted);
        self.fell_back += u64::from(to_buyers.len() > 1);
        for attempt in &to_buyers {
            self.talk_secs += u64::from(attempt.talk_secs.unwrap_or(0));
            self.connect_ms.extend(attempt.ring_ms());
        }
        self.response_ms.extend(call.response_ms);
    }

    /// The time from the voice webhook to its reply that this share of calls stayed within, in
    /// milliseconds. `percent` is 1 to 100; `None` where there is no call.
    pub fn response_ms(&self, percent: u64) -> Option<u64> {
        percentile(&self.response_ms, percent)
    }

    /// The time from dialling to the answer that this share of answers stayed within, in
    /// milliseconds.
    pub fn connect_ms(&self, percent: u64) -> Option<u64> {
        percentile(&self.connect_ms, percent)
    }
}

/// The nearest-rank percentile: the smallest value that this share of the values does not exceed.
fn percentile(values: &[u64], percent: u64) -> Option<u64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let rank = (sorted.len() as u64 * percent).div_ceil(100).max(1);
    sorted.get(usize::try_from(rank - 1).ok()?).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_occurred() {
        let values: Vec<u64> = (1..=10).rev().collect();
        assert_eq!(percentile(&values, 50), Some(5));
        assert_eq!(percentile(&values, 95), Some(10));
        assert_eq!(percentile(&values, 1), Some(1));
        assert_eq!(percentile(&[7], 50), Some(7));
        assert_eq!(percentile(&[], 50), None);
    }
}
