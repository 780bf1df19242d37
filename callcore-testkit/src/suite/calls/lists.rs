//! Lists of calls.

use callcore::call::{Call, CallStatus, FlowSession, FlowStatus, StepKey};
use callcore::port::{CallFilter, FlowFilter};
use callcore::vocabulary::{Cursor, PageRequest};
use chrono::TimeDelta;

use crate::Harness;
use crate::fixtures::{
    attempt, buyer_id, call, call_id, campaign_id, claim, flow_id, in_flow, noon, over,
    reservation, save,
};
use crate::suite::kit::Kit;

impl Kit {
    async fn calls_listed(
        &self,
        filter: &CallFilter,
        page: PageRequest,
    ) -> (Vec<Call>, Option<Cursor>) {
        let listed = self.calls.list(self.tenant, filter, page).await.expect("the store answers");
        (listed.items, listed.next)
    }

    /// The numbers, from 1 to 99, of the calls that pass the filter, newest first.
    async fn passing(&self, filter: CallFilter) -> Vec<u32> {
        let (found, _) = self.calls_listed(&filter, PageRequest::default()).await;
        let number = |call: &Call| (1..100).find(|n| call_id(*n) == call.id);
        found.iter().map(|call| number(call).expect("a call of this case")).collect()
    }

    /// Saves a call that came in `n` minutes after noon.
    async fn save_at_minute(&self, n: u32, change: impl FnOnce(&mut Call)) {
        let mut call = call(self.tenant, n);
        call.started_at = noon() + TimeDelta::minutes(i64::from(n));
        change(&mut call);
        self.save_new(call).await;
    }
}

/// **Ordering**: newest first, by the time they came in and then by id, both descending.
pub async fn calls_are_listed_newest_first(harness: &impl Harness) {
    let kit = Kit::of(harness);
    for (n, microseconds) in [(1, 0), (2, 1), (3, 0), (4, 0), (5, 2)] {
        let mut call = call(kit.tenant, n);
        call.started_at = noon() + TimeDelta::microseconds(microseconds);
        kit.save_new(call).await;
    }
    let (found, next) = kit.calls_listed(&CallFilter::default(), PageRequest::default()).await;
    let found: Vec<_> = found.into_iter().map(|call| call.id).collect();
    let mut tied = [1, 3, 4].map(call_id);
    tied.sort_unstable_by_key(|id| std::cmp::Reverse(*id));
    assert_eq!(found[..2], [5, 2].map(call_id));
    assert_eq!(found[2..], tied);
    assert_eq!(next, None);
}

/// Following the cursors meets every call that was there at the beginning exactly once, also where
/// new ones come in and many came in at the same instant.
pub async fn following_the_cursors_meets_every_call_once(harness: &impl Harness) {
    let kit = Kit::of(harness);
    for n in 1..=12 {
        let mut call = call(kit.tenant, n);
        call.started_at = noon() + TimeDelta::microseconds(i64::from(n / 5));
        kit.save_new(call).await;
    }
    let mut met = Vec::new();
    let mut page = PageRequest { limit: 3, after: None };
    for round in 1..=10 {
        let (found, next) = kit.calls_listed(&CallFilter::default(), page).await;
        assert!(found.len() <= 3, "a page keeps to its limit");
        met.extend(found.into_iter().map(|call| (call.started_at, call.id)));
        page.after = next.map(|cursor| cursor.to_string().parse().expect("a cursor"));
        if next.is_none() {
            break;
        }
        kit.save_at_minute(20 + round, |_| {}).await;
    }
    assert_eq!(page.after, None, "the walk comes to its end, and a full last page has no next");
    assert_eq!(met.len(), 12);
    assert!(met.is_sorted_by(|one, next| one > next), "each once and in order");
}

/// Campaign, status and caller each let only their own calls pass.
pub async fn a_filter_lets_only_its_calls_pass(harness: &impl Harness) {
    let kit = Kit::of(harness);
    kit.save_at_minute(1, |_| {}).await;
    kit.save_at_minute(2, |call| call.campaign = campaign_id(2)).await;
    kit.save_at_minute(3, |call| call.status = CallStatus::NoAnswer).await;
    kit.save_at_minute(4, |call| call.caller.address = "sip:%_'@example.com".into()).await;
    let all = CallFilter::default();
    assert_eq!(kit.passing(all.clone()).await, [4, 3, 2, 1]);
    let campaign = Some(campaign_id(2));
    assert_eq!(kit.passing(CallFilter { campaign, ..all.clone() }).await, [2]);
    let status = Some(CallStatus::NoAnswer);
    assert_eq!(kit.passing(CallFilter { status, ..all.clone() }).await, [3]);
    for (text, expected) in [("sip:%_'@example.com", vec![4]), ("%", vec![]), ("+1", vec![])] {
        let caller = Some(text.to_owned());
        assert_eq!(kit.passing(CallFilter { caller, ..all.clone() }).await, expected, "{text}");
    }
    // Everything that is set must fit.
    assert_eq!(kit.passing(CallFilter { campaign, status, ..all }).await, [0; 0]);
}

/// A buyer has the calls that it answered last, or that ring at it right now.
pub async fn a_buyer_has_its_calls_as_the_call_tells(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let mut held = Vec::new();
    for (n, buyer) in [(1, 1), (2, 2), (3, 1)] {
        let wanted = reservation(call_id(n), 1, [claim(buyer, [])]);
        match kit.reserve(wanted, noon()).await {
            callcore::port::Reserved::Held(granted) => held.push(granted),
            refused => panic!("a claim without caps always fits, but got {refused:?}"),
        }
    }
    kit.save_at_minute(1, |call| call.attempts.push(attempt(1, &held[0]))).await;
    kit.save_at_minute(2, |call| call.attempts.push(attempt(1, &held[1]))).await;
    // The caller hung up while the third was ringing.
    kit.save_at_minute(3, |call| {
        call.attempts.push(attempt(1, &held[2]));
        *call = over(call.clone(), noon());
    })
    .await;
    for (buyer, expected) in [(buyer_id(1), vec![1]), (buyer_id(2), vec![2])] {
        let filter = CallFilter { buyer: Some(buyer), ..CallFilter::default() };
        assert_eq!(kit.passing(filter).await, expected);
    }
}

/// A filter sees a call as it was saved last.
pub async fn a_filter_sees_the_newest_state(harness: &impl Harness) {
    let kit = Kit::of(harness);
    kit.save_at_minute(1, |_| {}).await;
    let (saved, _) = kit.look(1, &Default::default()).await.call.expect("it was saved");
    let mut ended = over(saved, noon());
    ended.tags.set("late", "yes").expect("a short tag");
    let step = callcore::call::StepKey::progress(CallStatus::Completed);
    kit.save(crate::fixtures::save(ended, Some(1), &step)).await;
    let with = |status| CallFilter { status: Some(status), ..CallFilter::default() };
    assert_eq!(kit.passing(with(CallStatus::Ringing)).await, [0; 0]);
    assert_eq!(kit.passing(with(CallStatus::Completed)).await, [1]);
    let tags = [("late".to_owned(), "yes".to_owned())].into();
    assert_eq!(kit.passing(CallFilter { tags, ..CallFilter::default() }).await, [1]);
}

/// `from` is met by calls at that instant or later, `to` by calls before it.
pub async fn a_span_of_time_includes_its_beginning_only(harness: &impl Harness) {
    let kit = Kit::of(harness);
    for n in 1..=4 {
        kit.save_at_minute(n, |_| {}).await;
    }
    let minute = |n| Some(noon() + TimeDelta::minutes(n));
    let microsecond = TimeDelta::microseconds(1);
    for (from, to, expected) in [
        (minute(2), minute(4), vec![3, 2]),
        (minute(2).map(|at| at + microsecond), minute(4).map(|at| at + microsecond), vec![4, 3]),
        (None, minute(1), vec![]),
        (minute(4), None, vec![4]),
        (minute(3), minute(3), vec![]),
    ] {
        let filter = CallFilter { from, to, ..CallFilter::default() };
        assert_eq!(kit.passing(filter).await, expected, "{from:?} to {to:?}");
    }
}

/// Tags fit by their exact names and values, and all that are asked for must be there.
pub async fn tags_fit_exactly(harness: &impl Harness) {
    let kit = Kit::of(harness);
    for (n, tags) in [
        (1, vec![("source", "mail"), ("lang", "en")]),
        (2, vec![("source", "mail")]),
        (3, vec![("lang", "mail")]),
        (4, vec![("a.b\"[0]", "100%_'“x”")]),
    ] {
        kit.save_at_minute(n, |call| {
            for (name, value) in tags {
                call.tags.set(name, value).expect("a short tag");
            }
        })
        .await;
    }
    for (tags, expected) in [
        (vec![("source", "mail")], vec![2, 1]),
        (vec![("source", "mail"), ("lang", "en")], vec![1]),
        (vec![("source", "Mail")], vec![]),
        (vec![("source", "")], vec![]),
        (vec![("a.b\"[0]", "100%_'“x”")], vec![4]),
        (vec![("a", "100%_'“x”")], vec![]),
    ] {
        let owned = tags.iter().map(|(name, value)| (name.to_string(), value.to_string()));
        let filter = CallFilter { tags: owned.collect(), ..CallFilter::default() };
        assert_eq!(kit.passing(filter).await, expected, "{tags:?}");
    }
}

/// A filtered list has pages as well, and they do not depend on the calls between.
pub async fn a_filtered_list_has_full_pages(harness: &impl Harness) {
    let kit = Kit::of(harness);
    for n in 1..=9 {
        kit.save_at_minute(n, |call| call.campaign = campaign_id(n % 3)).await;
    }
    let filter = CallFilter { campaign: Some(campaign_id(0)), ..CallFilter::default() };
    let (first, next) = kit.calls_listed(&filter, PageRequest { limit: 2, after: None }).await;
    let (second, end) = kit.calls_listed(&filter, PageRequest { limit: 2, after: next }).await;
    let ids = first.iter().chain(&second).map(|call| call.id);
    assert_eq!(ids.collect::<Vec<_>>(), [9, 6, 3].map(call_id));
    assert_eq!((first.len(), end), (2, None));
}

/// A flow has the calls that ran it, in any version and however it ended; a call without a flow is in
/// no such list.
pub async fn a_flow_has_its_calls_as_the_call_tells(harness: &impl Harness) {
    let kit = Kit::of(harness);
    for (n, flow) in [(1, None), (2, Some((1, 1))), (3, Some((1, 2))), (4, Some((2, 1))), (5, None)]
    {
        kit.save_at_minute(n, |call| {
            call.campaign = campaign_id(n % 2);
            call.flow = flow.map(|(flow, version)| in_flow(flow, version));
        })
        .await;
    }
    let of = |flow| CallFilter { flow: Some(flow), ..CallFilter::default() };
    let one = FlowFilter::Flow(flow_id(1));
    assert_eq!(kit.passing(CallFilter::default()).await, [5, 4, 3, 2, 1]);
    assert_eq!(kit.passing(of(FlowFilter::Any)).await, [4, 3, 2]);
    assert_eq!(kit.passing(of(one)).await, [3, 2]);
    assert_eq!(kit.passing(of(FlowFilter::Flow(flow_id(2)))).await, [4]);
    assert_eq!(kit.passing(of(FlowFilter::Flow(flow_id(3)))).await, Vec::<u32>::new());
    let both = CallFilter { campaign: Some(campaign_id(0)), ..of(FlowFilter::Any) };
    assert_eq!(kit.passing(both).await, [4, 2]);
    let (first, next) = kit.calls_listed(&of(one), PageRequest { limit: 1, after: None }).await;
    let (second, end) = kit.calls_listed(&of(one), PageRequest { limit: 1, after: next }).await;
    let ids = first.iter().chain(&second).map(|call| call.id);
    assert_eq!(ids.collect::<Vec<_>>(), [3, 2].map(call_id));
    assert_eq!(end, None);
    // A call comes into a flow with a later step, and stays in the list when the flow ends.
    let mut later = call(kit.tenant, 5);
    later.started_at = noon() + TimeDelta::minutes(5);
    later.flow = Some(in_flow(1, 3));
    kit.save(save(later.clone(), Some(1), &StepKey::flow(1))).await;
    assert_eq!(kit.passing(of(one)).await, [5, 3, 2]);
    let ended = FlowSession { status: FlowStatus::Failed, ..in_flow(1, 3) };
    later.flow = Some(ended);
    kit.save(save(over(later, noon()), Some(2), &StepKey::flow(2))).await;
    assert_eq!(kit.passing(of(one)).await, [5, 3, 2]);
    assert_eq!(kit.as_tenant(2).passing(of(FlowFilter::Any)).await, Vec::<u32>::new());
}

/// How a flow stands or ended is told by the call's newest save; a call without a flow fits no such
/// filter, whatever was said in the call.
pub async fn a_flows_status_is_what_the_call_tells(harness: &impl Harness) {
    let kit = Kit::of(harness);
    for (n, status) in (1..).zip(FlowStatus::ALL) {
        kit.save_at_minute(n, |call| {
            call.flow = Some(FlowSession { status, ..in_flow(n % 2, 1) });
            call.called = r"a\u0000\".to_owned() + "\0";
        })
        .await;
    }
    kit.save_at_minute(9, |call| call.called = "running".into()).await;
    let of = |status| CallFilter { flow_status: Some(status), ..CallFilter::default() };
    for (n, status) in (1..).zip(FlowStatus::ALL) {
        assert_eq!(kit.passing(of(status)).await, [n], "{status:?}");
        let flow = Some(FlowFilter::Flow(flow_id(1)));
        let wanted = if n % 2 == 1 { vec![n] } else { Vec::new() };
        assert_eq!(kit.passing(CallFilter { flow, ..of(status) }).await, wanted);
    }
    let mut later = call(kit.tenant, 1);
    later.started_at = noon() + TimeDelta::minutes(1);
    later.flow = Some(FlowSession { status: FlowStatus::Failed, ..in_flow(1, 1) });
    kit.save(save(later, Some(1), &StepKey::flow(1))).await;
    assert_eq!(kit.passing(of(FlowStatus::Running)).await, Vec::<u32>::new());
    assert_eq!(kit.passing(of(FlowStatus::Failed)).await, [4, 1]);
    assert_eq!(kit.as_tenant(2).passing(of(FlowStatus::Failed)).await, Vec::<u32>::new());
}
