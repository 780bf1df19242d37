//! Cases of trials, which test calls run.

use callcore::model::FlowDefinition;
use callcore::port::{FlowSource, NewTrial, PinnedFlow, Trial, TrialError};
use callcore::vocabulary::{TrialId, limits};
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::Harness;
use crate::fixtures::{campaign_id, flow, flow_id, flow_naming, instant, noon, pinned};
use crate::suite::kit::{Kit, assert_is, race};

fn trial_id(n: u32) -> TrialId {
    TrialId::from_uuid(Uuid::new_v5(&Uuid::NAMESPACE_URL, &n.to_be_bytes()))
}

/// The trial `n` of a flow, in campaign 1.
fn new_trial(n: u32, of: u32, definition: FlowDefinition) -> NewTrial {
    NewTrial { id: trial_id(n), flow: flow_id(of), campaign: campaign_id(1), definition }
}

/// The trial number `nth` of a flow, from 0.
fn nth(of: u32, nth: u32) -> PinnedFlow {
    pinned(of, limits::FIRST_TRIAL + nth)
}

impl Kit {
    async fn try_trial(&self, new: NewTrial, now: DateTime<Utc>) -> Result<Trial, TrialError> {
        self.flows.try_out(self.tenant, new, now).await
    }

    /// The trial `n`, of flow `n`, at this minute after noon.
    async fn trial(&self, n: u32, of: u32, minute: u32) -> Trial {
        let now = noon() + TimeDelta::minutes(i64::from(minute));
        self.try_trial(new_trial(n, of, flow(n)), now).await.expect("a trial may be made")
    }

    async fn known_trial(&self, n: u32) -> Option<Trial> {
        self.directory.trial(self.tenant, trial_id(n)).await.expect("the store answers")
    }

    async fn run_by(&self, flow: Option<PinnedFlow>) -> Option<FlowSource> {
        let source = self.directory.source(self.tenant, campaign_id(1), flow).await;
        source.expect("the store answers").expect("the campaign exists").flow
    }
}

/// Trials are numbered in each flow from `limits::FIRST_TRIAL`. **Ordering**: an acknowledged trial is
/// answered, and so is its document with what it names.
pub async fn a_trial_reads_back(harness: &impl Harness) {
    let kit = Kit::of(harness);
    kit.buyer(2).await;
    kit.create(campaign_id(1).uuid(), crate::fixtures::campaign(1)).await;
    let document = flow_naming(1, &[2], &[]);
    let made = kit.try_trial(new_trial(1, 1, document.clone()), noon()).await;
    let expected =
        Trial { id: trial_id(1), campaign: campaign_id(1), pinned: nth(1, 0), created_at: noon() };
    assert_is!(&made, Ok(trial) if *trial == expected);
    assert_eq!(kit.known_trial(1).await, Some(expected));
    let run = kit.run_by(Some(nth(1, 0))).await.expect("the trial is kept");
    assert_eq!((run.pinned, run.definition), (nth(1, 0), document));
    assert_eq!(run.buyers.len(), 1);
    assert_eq!(kit.trial(2, 1, 0).await.pinned, nth(1, 1));
    assert_eq!(kit.trial(3, 2, 0).await.pinned, nth(2, 0));
    assert_eq!(kit.run_by(Some(nth(1, 1))).await.expect("it is kept").definition, flow(2));
}

/// Trials are no versions, and no campaign takes one.
pub async fn a_trial_is_no_version(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let row = kit.flow(1).await;
    kit.campaign_in(1, 1).await;
    let trial = kit.trial(7, 1, 0).await;
    assert_eq!(kit.versions(1).await, Vec::new());
    assert_eq!(kit.flow_version(1, trial.pinned.version).await, None);
    assert_eq!(kit.run_by(None).await, None, "nothing is published");
    let published = kit.publish(1, &row).await;
    assert_eq!(published.number, 1);
    kit.trial(8, 1, 0).await;
    assert_eq!(kit.versions(1).await, std::slice::from_ref(&published));
    let run = kit.run_by(None).await.expect("it is published");
    assert_eq!((run.pinned, run.definition), (pinned(1, 1), flow(1)));
    let run = kit.run_by(Some(trial.pinned)).await.expect("it is kept");
    assert_eq!(run.definition, flow(7));
}

/// Of each flow the newest are kept.
pub async fn the_newest_trials_of_a_flow_are_kept(harness: &impl Harness) {
    let kit = Kit::of(harness);
    kit.create(campaign_id(1).uuid(), crate::fixtures::campaign(1)).await;
    let other = kit.trial(1_000, 2, 0).await;
    let made = limits::FLOW_TRIALS + 3;
    for n in 0..made {
        assert_eq!(kit.trial(n, 1, n + 1).await.pinned, nth(1, n));
    }
    for n in 0..made {
        let kept = n >= 3;
        assert_eq!(kit.known_trial(n).await.is_some(), kept, "trial {n}");
        assert_eq!(kit.run_by(Some(nth(1, n))).await.is_some(), kept, "trial {n}");
    }
    assert_eq!(kit.known_trial(1_000).await, Some(other));
}

/// **Idempotency**: by the id; a known trial is answered as it is, also where no more may be made.
pub async fn a_known_trial_is_answered_as_it_is(harness: &impl Harness) {
    let kit = Kit::of(harness);
    kit.create(campaign_id(1).uuid(), crate::fixtures::campaign(1)).await;
    let first = kit.trial(1, 1, 0).await;
    for n in 2..=limits::TRIALS_PER_MINUTE {
        kit.trial(n, 1, 0).await;
    }
    let again = kit.try_trial(new_trial(1, 2, flow(9)), noon() + TimeDelta::seconds(1)).await;
    assert_is!(again, Ok(trial) if trial == first);
    assert_eq!(kit.run_by(Some(first.pinned)).await.expect("it is kept").definition, flow(1));
    assert_eq!(kit.run_by(Some(nth(2, 0))).await, None);
}

/// **Errors**: a tenant makes so many trials in the minute before `now`, of whatever flows.
pub async fn trials_of_a_minute_are_bounded(harness: &impl Harness) {
    let kit = Kit::of(harness);
    for n in 0..limits::TRIALS_PER_MINUTE {
        kit.trial(n, n, 0).await;
    }
    let later = |seconds| noon() + TimeDelta::seconds(seconds);
    for seconds in [0, 59] {
        let refused = kit.try_trial(new_trial(100, 1, flow(1)), later(seconds)).await;
        assert_is!(refused, Err(TrialError::TooMany));
    }
    assert_eq!(kit.known_trial(100).await, None);
    kit.as_tenant(2).trial(100, 1, 0).await;
    let made = kit.try_trial(new_trial(100, 1, flow(1)), later(60)).await;
    assert_is!(made, Ok(trial) if trial.pinned == nth(1, 1));
}

/// **Atomicity**: of several at once each number is given once, and no more are made than may be.
pub async fn each_trial_has_a_number_of_its_own(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let tried = race(24, |n| {
        let kit = kit.clone();
        async move { kit.try_trial(new_trial(n, 1, flow(n)), noon()).await }
    });
    let mut made = Vec::new();
    for tried in tried.await {
        match tried {
            Ok(trial) => made.push(trial.pinned),
            Err(refused) => assert_is!(refused, TrialError::TooMany),
        }
    }
    made.sort_unstable();
    let expected = (0..limits::TRIALS_PER_MINUTE).map(|n| nth(1, n));
    assert_eq!(made, expected.collect::<Vec<_>>());
}

/// Instants are kept to the microsecond, in the answer as in what is read.
pub async fn a_trials_instant_is_kept_to_the_microsecond(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let now = instant("2026-11-22T12:00:00.123456789Z");
    let made = kit.try_trial(new_trial(1, 1, flow(1)), now).await.expect("a trial may be made");
    assert_eq!(made.created_at, instant("2026-11-22T12:00:00.123456Z"));
    assert_eq!(kit.known_trial(1).await, Some(made));
}

/// **Errors**: an unknown trial, or another tenant's, is `None`; its document is another tenant's too.
pub async fn another_tenants_trials_are_absent_to_every_act(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let other = kit.as_tenant(2);
    other.create(campaign_id(1).uuid(), crate::fixtures::campaign(1)).await;
    let trial = kit.trial(1, 1, 0).await;
    assert_eq!(other.known_trial(1).await, None);
    assert_eq!(other.run_by(Some(trial.pinned)).await, None);
    assert_eq!(kit.known_trial(2).await, None);
    // The same id is a trial of its own there.
    assert_eq!(other.trial(1, 3, 0).await.pinned, nth(3, 0));
    assert_eq!(kit.known_trial(1).await, Some(trial));
}
