//! How often and how long a request is tried, as the fragment of its URL says
//! (<https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides>).

use std::time::Duration;

use crate::phone::limits::REQUEST_TIMEOUT;

/// What the fragment of a URL asks for, within what Twilio allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Policy {
    connect_ms: u64,
    read_ms: u64,
    total_ms: u64,
    pub(super) retries: u32,
    on: Faults,
}

/// The faults after which a request is tried again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Faults {
    client_error: bool,
    connect: bool,
    read: bool,
    server_error: bool,
}

/// Why a try was no success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// A status from 400 to 499.
    ClientError,
    /// No connection.
    Connect,
    /// Nothing that trying again is allowed for: part of an answer may have come.
    Final,
    /// No answer in time.
    Read,
    /// A status from 500 on.
    ServerError,
}

impl Default for Policy {
    fn default() -> Self {
        let on = Faults { connect: true, ..Faults::default() };
        Self { connect_ms: 5000, read_ms: 15_000, total_ms: 15_000, retries: 1, on }
    }
}

impl Policy {
    /// Reads a fragment. What makes no sense is ignored, what is out of range is brought into it.
    pub(super) fn read(fragment: &str) -> Self {
        let mut policy = Self::default();
        for (key, value) in form_urlencoded::parse(fragment.as_bytes()) {
            let number = |range: std::ops::RangeInclusive<u64>| {
                let number = value.parse::<u64>().ok();
                number.map(|number| number.clamp(*range.start(), *range.end()))
            };
            match &*key {
                "ct" => policy.connect_ms = number(100..=10_000).unwrap_or(policy.connect_ms),
                "rc" => {
                    let retries = number(0..=5).and_then(|number| u32::try_from(number).ok());
                    policy.retries = retries.unwrap_or(policy.retries);
                }
                "rp" => policy.on = Faults::read(&value),
                "rt" => policy.read_ms = number(100..=15_000).unwrap_or(policy.read_ms),
                "tt" => policy.total_ms = number(100..=15_000).unwrap_or(policy.total_ms),
                _ => {}
            }
        }
        policy
    }

    /// How long the next try may take after the ones before took `elapsed_ms`; none is that there
    /// is no time left.
    pub(super) fn timeout(self, elapsed_ms: u64) -> Option<Duration> {
        let total = Duration::from_millis(self.total_ms).min(REQUEST_TIMEOUT);
        let left = total.checked_sub(Duration::from_millis(elapsed_ms))?;
        let one = Duration::from_millis(self.connect_ms + self.read_ms);
        Some(one.min(left)).filter(|timeout| !timeout.is_zero())
    }

    pub(super) fn retries_after(self, fault: Fault) -> bool {
        match fault {
            Fault::ClientError => self.on.client_error,
            Fault::Connect => self.on.connect,
            Fault::Final => false,
            Fault::Read => self.on.read,
            Fault::ServerError => self.on.server_error,
        }
    }
}

impl Faults {
    fn read(list: &str) -> Self {
        let has = |word| list.split(',').any(|one| one == word || one == "all");
        Self {
            client_error: has("4xx"),
            connect: has("ct"),
            read: has("rt"),
            server_error: has("5xx"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Fault; 5] =
        [Fault::ClientError, Fault::Connect, Fault::Final, Fault::Read, Fault::ServerError];

    fn retried(fragment: &str) -> Vec<Fault> {
        let policy = Policy::read(fragment);
        ALL.into_iter().filter(|fault| policy.retries_after(*fault)).collect()
    }

    #[test]
    fn only_failed_connections_are_tried_again_by_default() {
        assert_eq!(Policy::read(""), Policy::default());
        assert_eq!(Policy::default().retries, 1);
        assert_eq!(retried(""), [Fault::Connect]);
        assert_eq!(retried("rp=5xx,rt"), [Fault::Read, Fault::ServerError]);
        assert_eq!(retried("rp=4xx%2Cct"), [Fault::ClientError, Fault::Connect]);
        let all = [Fault::ClientError, Fault::Connect, Fault::Read, Fault::ServerError];
        assert_eq!(retried("rc=2&rp=all"), all);
    }

    #[test]
    fn no_key_extends_the_total() {
        let seconds = |fragment, elapsed_ms| Policy::read(fragment).timeout(elapsed_ms);
        assert_eq!(seconds("", 0), Some(Duration::from_secs(15)));
        assert_eq!(seconds("rt=2000&ct=1000", 0), Some(Duration::from_secs(3)));
        assert_eq!(seconds("tt=4000", 3000), Some(Duration::from_secs(1)));
        assert_eq!(seconds("tt=99000", 15_000), None);
        assert_eq!(Policy::read("rc=9").retries, 5);
        assert_eq!(Policy::read("rc=x&sni=n&e=dublin"), Policy::default());
    }
}
