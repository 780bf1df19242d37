//! Caps, judged by what the carrier saw and by none of the server's own counters.
//!
//! A dial surely holds its buyer from the moment when the carrier has the document that says so
//! until it sends off the first webhook that says that the dial is over. The server's lease must
//! begin earlier and end later, so at no instant may more dials hold a buyer than the cap allows.
//! What is unknown, such as a reservation whose answer was lost, counts for nothing here.

use std::time::Duration;

use crate::world::{LEG, Spec};

/// A dial that holds a buyer, in time since the run began.
#[derive(Clone, Debug)]
pub(crate) struct Hold {
    pub(crate) buyer: usize,
    pub(crate) from: Duration,
    /// None while nobody has been told that it is over.
    pub(crate) until: Option<Duration>,
    /// Whether the server knows that the buyer answered.
    pub(crate) connected: bool,
}

/// The most dials that held each buyer at one instant, and the most of a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Peak {
    pub(crate) concurrent: u32,
    pub(crate) daily: u32,
}

impl Hold {
    /// The carrier ends a leg by itself, whatever becomes of the webhooks about it.
    fn end(&self) -> Duration {
        let latest = self.from + LEG;
        self.until.map_or(latest, |until| until.min(latest))
    }

    /// A conversation counts for the whole day; a dial without one until it is over.
    fn end_of_day(&self) -> Duration {
        if self.connected { Duration::MAX } else { self.end() }
    }
}

/// What each buyer had to bear.
pub(crate) fn peaks(holds: &[Hold], buyers: usize) -> Vec<Peak> {
    let of = |buyer: usize| holds.iter().filter(move |hold| hold.buyer == buyer);
    let peak = |buyer: usize| Peak {
        concurrent: most_at_once(of(buyer).map(|hold| (hold.from, hold.end()))),
        daily: most_at_once(of(buyer).map(|hold| (hold.from, hold.end_of_day()))),
    };
    (0..buyers).map(peak).collect()
}

/// Which caps were exceeded, in a run that touched so many days.
pub(crate) fn exceeded(peaks: &[Peak], buyers: &[Spec], days: u32) -> Vec<String> {
    let mut exceeded = Vec::new();
    for (peak, spec) in peaks.iter().zip(buyers) {
        if peak.concurrent > spec.concurrent {
            exceeded.push(format!("{} calls at once: {spec:?}", peak.concurrent));
        }
        if spec.daily.is_some_and(|daily| peak.daily > daily * days) {
            exceeded.push(format!("{} calls in {days} day(s): {spec:?}", peak.daily));
        }
    }
    exceeded
}

/// A sweep over the ends of the intervals. One that ends when another begins does not meet it.
fn most_at_once(intervals: impl Iterator<Item = (Duration, Duration)>) -> u32 {
    let mut ends: Vec<(Duration, i32)> =
        intervals.flat_map(|(from, until)| [(from, 1), (until, -1)]).collect();
    ends.sort_unstable();
    let (mut now, mut most) = (0, 0);
    for (_, change) in ends {
        now += change;
        most = most.max(now);
    }
    u32::try_from(most).expect("no interval ends before it begins")
}

#[test]
fn a_cap_that_is_below_what_happened_is_exceeded() {
    let at = Duration::from_millis;
    let hold = |from, until, connected| {
        let (from, until) = (at(from), Some(at(until)));
        Hold { buyer: 0, from, until, connected }
    };
    // Two at once, a third that begins when the first ends, and a fourth much later.
    let holds = [hold(0, 10, true), hold(5, 20, false), hold(10, 12, true), hold(30, 31, true)];
    let peaks = peaks(&holds, 1);
    assert_eq!(peaks, [Peak { concurrent: 2, daily: 3 }]);
    let spec = |concurrent, daily| Spec { number: "", weight: 1, concurrent, daily: Some(daily) };
    assert!(exceeded(&peaks, &[spec(2, 3)], 1).is_empty());
    assert_eq!(exceeded(&peaks, &[spec(1, 3)], 1).len(), 1);
    assert_eq!(exceeded(&peaks, &[spec(2, 2)], 1).len(), 1);
    assert!(exceeded(&peaks, &[spec(2, 2)], 2).is_empty());
}

#[test]
fn a_dial_that_nobody_ends_ends_by_its_own_limits() {
    let peak_with_second = |from| {
        let holds = [Duration::ZERO, from].map(|from| Hold {
            buyer: 0,
            from,
            until: None,
            connected: false,
        });
        peaks(&holds, 1)[0].concurrent
    };
    assert_eq!(peak_with_second(LEG), 1);
    assert_eq!(peak_with_second(LEG.saturating_sub(Duration::from_millis(1))), 2);
}
