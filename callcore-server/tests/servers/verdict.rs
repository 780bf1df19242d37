//! What holds after every run, whatever was done to the servers or to Postgres.

use callcore_twiml::phone::Dialled;
use chrono::{DateTime, Utc};

use crate::api::Api;
use crate::books;
use crate::carrier::Played;
use crate::database::Database;
use crate::holds::{self, Hold, Peak};
use crate::ledger::Seen;
use crate::records::{self, Found};
use crate::world::{Spec, place};

/// A run that is over.
#[derive(Debug)]
pub(crate) struct Run<'a> {
    pub(crate) begun_at: DateTime<Utc>,
    pub(crate) buyers: &'a [Spec],
    pub(crate) played: &'a [Played],
    pub(crate) seen: &'a Seen,
}

/// What a run came to.
#[derive(Debug)]
pub(crate) struct Verdict {
    pub(crate) peaks: Vec<Peak>,
    pub(crate) found: Found,
}

impl Run<'_> {
    /// Every answer was a legal one, no cap was ever exceeded, no slot is left and no counter wrong,
    /// and every call that was acknowledged is there, in a legal state.
    pub(crate) async fn judge(&self, api: &Api, database: &Database) -> Verdict {
        let faults = &self.seen.faults;
        let first: Vec<_> = faults.iter().take(5).collect();
        assert_eq!(faults.len(), 0, "what the carrier must not see, for example {first:#?}");
        let days = self.days();
        let holds: Vec<Hold> = self.seen.holds.values().cloned().collect();
        let peaks = holds::peaks(&holds, self.buyers.len());
        let exceeded = holds::exceeded(&peaks, self.buyers, days);
        assert!(exceeded.is_empty(), "caps were exceeded: {exceeded:#?}");
        let settled_in = books::close(database).await;
        if days == 1 && self.seen.excused.is_empty() {
            let counting = books::counting(database).await;
            assert_eq!(counting, self.conversations(), "what counts for the day's caps");
        }
        let found = records::inspect(api, self.seen, self.played).await;
        println!(
            "{} calls, {} recorded, {} of them told in full, {} journeys read; {} answers, {} \
             excuses, {} requests reached nobody and {} answers were lost, the slowest answer took \
             {:.1?}; nothing held after {settled_in:.1?}; ended by {:?}",
            self.played.len(),
            found.recorded,
            found.complete,
            found.journeys,
            self.seen.answers,
            self.seen.excuses,
            self.seen.unreached,
            self.seen.lost,
            self.seen.slowest,
            found.reasons,
        );
        for (peak, spec) in peaks.iter().zip(self.buyers) {
            println!("  {peak:?} of {spec:?}");
        }
        Verdict { peaks, found }
    }

    /// How many dials count for the day, where the servers were told everything: conversations, and
    /// dials of which the result was lost.
    fn conversations(&self) -> u64 {
        let counts = |played: &&Played| {
            let last: Option<&Dialled> = played.report.dialled().last();
            let daily = last.and_then(|last| place(&last.to));
            let daily = daily.is_some_and(|buyer| self.buyers[buyer].daily.is_some());
            let answered = last.is_some_and(|last| last.answered_after_ms.is_some());
            daily && (answered || played.result_lost)
        };
        self.played.iter().filter(counts).count() as u64
    }

    fn days(&self) -> u32 {
        let days = (Utc::now().date_naive() - self.begun_at.date_naive()).num_days() + 1;
        u32::try_from(days).expect("a run is short")
    }
}

impl Verdict {
    /// A run in which no cap was ever full would pass whatever the servers do.
    pub(crate) fn proves_something_about_caps(&self, buyers: &[Spec]) {
        let capped = self.found.reasons.contains_key("no_buyer_all_capped");
        assert!(capped, "no call found all buyers full: {:?}", self.found.reasons);
        // An answer takes its time to reach the carrier, so not every peak is seen as a full one.
        let nearly = |most: u32, cap: u32| most * 10 >= cap * 7;
        let full = |(peak, spec): &(&Peak, &Spec)| nearly(peak.concurrent, spec.concurrent);
        let full = self.peaks.iter().zip(buyers).filter(full).count();
        assert!(full >= 2, "only {full} buyers were ever nearly full: {:?}", self.peaks);
        let used_up = |(peak, spec): &(&Peak, &Spec)| {
            spec.daily.is_some_and(|daily| nearly(peak.daily, daily))
        };
        assert!(self.peaks.iter().zip(buyers).any(|pair| used_up(&pair)), "no day was used up");
    }
}
