//! Statuses as lattices: they only ever move up, so repeated, reordered and late callbacks are facts
//! for the journal and never errors.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a status did with a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Advance {
    /// It took the new one.
    Moved,
    /// It stood there already.
    Repeated,
    /// It is further on; the new one came late.
    Stale,
}

/// Where the caller's call stands, in the words of the carriers:
/// <https://www.twilio.com/docs/voice/api/call-resource#call-status-values>.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum CallStatus {
    /// Waiting at the carrier.
    Queued,
    /// Ringing.
    #[default]
    Ringing,
    /// Answered and going on.
    InProgress,
    /// Over, after it was answered.
    Completed,
    /// Over: busy.
    Busy,
    /// Over: could not be connected.
    Failed,
    /// Over: nobody answered.
    NoAnswer,
    /// Over: the caller gave up before an answer.
    Canceled,
}

impl CallStatus {
    /// All of them, in the order of the lattice.
    pub const ALL: [Self; 8] = [
        Self::Queued,
        Self::Ringing,
        Self::InProgress,
        Self::Completed,
        Self::Busy,
        Self::Failed,
        Self::NoAnswer,
        Self::Canceled,
    ];

    const fn rank(self) -> u8 {
        match self {
            Self::Queued => 0,
            Self::Ringing => 1,
            Self::InProgress => 2,
            Self::Completed | Self::Busy | Self::Failed | Self::NoAnswer | Self::Canceled => 3,
        }
    }

    /// Whether nothing can follow.
    pub const fn is_final(self) -> bool {
        self.rank() == 3
    }

    /// Moves up to `next`, if that is up. The first final status stays.
    pub fn advance(&mut self, next: Self) -> Advance {
        if *self == next {
            Advance::Repeated
        } else if next.rank() > self.rank() {
            *self = next;
            Advance::Moved
        } else {
            Advance::Stale
        }
    }

    /// The word on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Ringing => "ringing",
            Self::InProgress => "in-progress",
            Self::Completed => "completed",
            Self::Busy => "busy",
            Self::Failed => "failed",
            Self::NoAnswer => "no-answer",
            Self::Canceled => "canceled",
        }
    }

    /// The status of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }
}

impl fmt::Display for CallStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How a dial ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum DialOutcome {
    /// Somebody answered, and the conversation is over.
    Answered,
    /// Busy.
    Busy,
    /// Nobody answered in time.
    NoAnswer,
    /// The call could not be placed.
    Failed,
    /// The caller gave up while it rang.
    Canceled,
}

impl fmt::Display for DialOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Answered => "answered",
            Self::Busy => "busy",
            Self::NoAnswer => "no-answer",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
        })
    }
}

/// Where the leg to a buyer stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum LegStatus {
    /// The carrier was told to dial.
    #[default]
    Dialled,
    /// The buyer's phone rings.
    Ringing,
    /// The buyer answered.
    Answered,
    /// The leg is over.
    Ended,
}

impl LegStatus {
    /// The word on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dialled => "dialled",
            Self::Ringing => "ringing",
            Self::Answered => "answered",
            Self::Ended => "ended",
        }
    }

    const fn rank(self) -> u8 {
        match self {
            Self::Dialled => 0,
            Self::Ringing => 1,
            Self::Answered => 2,
            Self::Ended => 3,
        }
    }

    /// Moves up to `next`, if that is up.
    pub fn advance(&mut self, next: Self) -> Advance {
        if *self == next {
            Advance::Repeated
        } else if next.rank() > self.rank() {
            *self = next;
            Advance::Moved
        } else {
            Advance::Stale
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_never_goes_back_and_the_first_final_one_stays() {
        for from in CallStatus::ALL {
            for next in CallStatus::ALL {
                let mut status = from;
                match status.advance(next) {
                    Advance::Moved => assert!(next.rank() > from.rank() && status == next),
                    Advance::Repeated => assert!(next == from && status == from),
                    Advance::Stale => assert!(next.rank() <= from.rank() && status == from),
                }
                assert_eq!(CallStatus::from_name(from.name()), Some(from));
            }
        }
    }
}
