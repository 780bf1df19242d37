//! Bids that are taken again, and the auction that a look shows.

use std::collections::BTreeMap;

use callcore::auction::{Bid, Verdict};
use callcore::call::{Call, StepKey};
use callcore::port::{Ask, AuctionRecord, EarlierBid, EarlierBids, Save};
use callcore::vocabulary::{PhoneNumber, TargetId};
use chrono::{DateTime, TimeDelta, Utc};

use crate::Harness;
use crate::fixtures::{auction, bid, call, caller, campaign_id, considered, noon, save, target_id};
use crate::suite::kit::Kit;

impl Kit {
    /// Saves call `n`, of caller 1, with the auction `n`, opened `n` minutes after noon, in which
    /// these targets made these bids.
    async fn hold_for_caller_1(&self, n: u32, bids: &[(u32, Option<Bid>)]) {
        self.hold_for(n, Some(1), bids).await;
    }

    async fn hold_for(&self, n: u32, from: Option<u32>, bids: &[(u32, Option<Bid>)]) {
        let mut saved = call(self.tenant, n);
        saved.caller.number = from.and_then(|from| caller(from).number);
        self.hold_for_call(saved, n, bids).await;
    }

    /// The same in another campaign.
    async fn hold_in(&self, n: u32, campaign: u32, bids: &[(u32, Option<Bid>)]) {
        let mut saved = call(self.tenant, n);
        saved.caller.number = caller(1).number;
        saved.campaign = campaign_id(campaign);
        self.hold_for_call(saved, n, bids).await;
    }

    async fn hold_for_call(&self, saved: Call, n: u32, bids: &[(u32, Option<Bid>)]) {
        let mut record = auction(&saved, n, noon() + TimeDelta::minutes(n.into()));
        for (target, offer) in bids {
            let verdict = if offer.is_some() { Verdict::Lost } else { Verdict::Timeout };
            record = considered(record, &saved, *target, verdict, offer.clone());
        }
        self.save_auction(saved, record).await;
    }

    /// Saves call and auction `n` of caller 1 once more, after its `step`th dial, in which target 1 now
    /// stands with this bid.
    async fn take_back(&self, n: u32, step: u32, offer: Option<Bid>) {
        let mut saved = call(self.tenant, n);
        saved.caller.number = caller(1).number;
        let record = auction(&saved, n, noon() + TimeDelta::minutes(n.into()));
        let record = considered(record, &saved, 1, Verdict::ConfirmFailed, offer);
        let record = considered(record, &saved, 2, Verdict::Timeout, None);
        let save = save(saved, Some(step.into()), &StepKey::dial_result(step));
        self.save(Save { auction: Some(record), ..save }).await;
    }

    /// The bids on a caller that hold at an instant, of these targets in campaign 1.
    async fn bids(
        &self,
        from: u32,
        targets: &[u32],
        now: DateTime<Utc>,
    ) -> BTreeMap<TargetId, Bid> {
        self.bids_in(1, from, targets, now).await
    }

    async fn bids_in(
        &self,
        campaign: u32,
        from: u32,
        targets: &[u32],
        now: DateTime<Utc>,
    ) -> BTreeMap<TargetId, Bid> {
        let earlier = self.earlier_bids(campaign, from, targets, now).await;
        earlier.into_iter().map(|(target, earlier)| (target, earlier.bid)).collect()
    }

    async fn earlier_bids(
        &self,
        campaign: u32,
        from: u32,
        targets: &[u32],
        now: DateTime<Utc>,
    ) -> BTreeMap<TargetId, EarlierBid> {
        let targets = targets.iter().map(|n| target_id(*n)).collect();
        let (campaign, caller) = (campaign_id(campaign), number(from));
        let bids = Some(EarlierBids { campaign, caller, targets });
        self.look_at(99, &Ask { bids, ..Ask::default() }, now).await.bids
    }
}

fn number(from: u32) -> PhoneNumber {
    caller(from).number.expect("a caller of this range has a number")
}

/// A bid of this many dollars that holds for some minutes after noon.
fn until(dollars: u32, minutes: i64) -> Option<Bid> {
    Some(bid(dollars, Some(noon() + TimeDelta::minutes(minutes))))
}

fn only<const N: usize>(bids: [(u32, Option<Bid>); N]) -> BTreeMap<TargetId, Bid> {
    let bid = |(n, bid): (u32, Option<Bid>)| Some((target_id(n), bid?));
    bids.into_iter().filter_map(bid).collect()
}

/// A bid is told while it holds, and no longer; every field of it.
pub async fn a_bid_is_told_while_it_holds(harness: &impl Harness) {
    let kit = Kit::of(harness);
    kit.hold_for_caller_1(1, &[(1, until(4, 5)), (2, until(5, 9)), (3, None)]).await;
    let end = noon() + TimeDelta::minutes(5);
    let last = end - TimeDelta::microseconds(1);
    let both = only([(1, until(4, 5)), (2, until(5, 9))]);
    assert_eq!(kit.bids(1, &[1, 2, 3], noon()).await, both);
    assert_eq!(kit.bids(1, &[1, 2, 3], last).await, both);
    assert_eq!(kit.bids(1, &[1, 2, 3], end).await, only([(2, until(5, 9))]));
    assert_eq!(kit.bids(1, &[1, 2, 3], noon() + TimeDelta::days(1)).await, only([]));
}

/// Of a target's bids the newest counts alone: by the time its auction was opened, whenever it was
/// saved, and also where an older one holds for longer.
pub async fn only_the_newest_bid_of_a_target_counts(harness: &impl Harness) {
    let kit = Kit::of(harness);
    kit.hold_for_caller_1(2, &[(1, until(2, 30)), (2, until(2, 30))]).await;
    kit.hold_for_caller_1(3, &[(1, until(3, 20))]).await;
    kit.hold_for_caller_1(1, &[(1, until(1, 60)), (2, until(1, 60))]).await;
    let now = noon() + TimeDelta::minutes(10);
    assert_eq!(kit.bids(1, &[1, 2], now).await, only([(1, until(3, 20)), (2, until(2, 30))]));
    let now = noon() + TimeDelta::minutes(25);
    assert_eq!(kit.bids(1, &[1, 2], now).await, only([(2, until(2, 30))]));
}

/// Where a target was asked again and made no bid, its bid from before stays the newest.
pub async fn a_reply_without_bid_takes_no_bid_back(harness: &impl Harness) {
    let kit = Kit::of(harness);
    kit.hold_for_caller_1(1, &[(1, until(4, 30))]).await;
    kit.hold_for_caller_1(2, &[(1, None)]).await;
    let now = noon() + TimeDelta::minutes(10);
    assert_eq!(kit.bids(1, &[1], now).await, only([(1, until(4, 30))]));
}

/// A bid that says no expiry holds for its own call only, and replaces an older one all the same.
pub async fn a_bid_without_expiry_is_not_taken_again(harness: &impl Harness) {
    let kit = Kit::of(harness);
    kit.hold_for_caller_1(1, &[(1, until(4, 30)), (2, until(4, 30))]).await;
    kit.hold_for_caller_1(2, &[(1, Some(bid(9, None)))]).await;
    assert_eq!(kit.bids(1, &[1, 2], noon()).await, only([(2, until(4, 30))]));
}

/// A bid is told with the time at which its auction was opened, to the microsecond.
pub async fn a_bid_is_told_with_the_time_it_was_made(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let opened_at = noon() + TimeDelta::nanoseconds(123_456_789);
    let mut saved = call(kit.tenant, 7);
    saved.caller.number = caller(1).number;
    let record = auction(&saved, 7, opened_at);
    let record = considered(record, &saved, 2, Verdict::Lost, until(5, 30));
    kit.save_auction(saved, record).await;
    kit.hold_for_caller_1(1, &[(1, until(4, 30))]).await;
    let now = noon() + TimeDelta::minutes(10);
    let told = kit.earlier_bids(1, 1, &[1, 2], now).await;
    let made = told.iter().map(|(target, earlier)| (*target, earlier.made_at));
    let to_the_microsecond = noon() + TimeDelta::microseconds(123_456);
    let expected =
        [(target_id(1), noon() + TimeDelta::minutes(1)), (target_id(2), to_the_microsecond)];
    assert_eq!(made.collect::<Vec<_>>(), expected);
}

/// A bid that was taken back stands without its end. So it replaces what its target bid before, also
/// where it was itself an older bid that was taken again, and nothing that the target bid since.
pub async fn a_bid_that_was_taken_back_leaves_none(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let now = noon() + TimeDelta::minutes(10);
    kit.hold_for_caller_1(1, &[(1, until(1, 30)), (2, until(2, 30))]).await;
    // Target 1 was not asked, since its bid was taken again; target 2 was asked and said nothing.
    kit.hold_for_caller_1(2, &[(1, None), (2, None)]).await;
    let both = only([(1, until(1, 30)), (2, until(2, 30))]);
    assert_eq!(kit.bids(1, &[1, 2], now).await, both);
    kit.take_back(2, 1, Some(bid(1, None))).await;
    assert_eq!(kit.bids(1, &[1, 2], now).await, only([(2, until(2, 30))]));
    kit.hold_for_caller_1(3, &[(1, until(3, 30))]).await;
    kit.take_back(2, 2, Some(bid(1, None))).await;
    let newer = only([(1, until(3, 30)), (2, until(2, 30))]);
    assert_eq!(kit.bids(1, &[1, 2], now).await, newer);
}

/// Bids are told for the caller and the targets that were asked for, and of one tenant.
pub async fn bids_are_those_on_the_caller(harness: &impl Harness) {
    let kit = Kit::of(harness);
    kit.hold_for_caller_1(1, &[(1, until(1, 30)), (2, until(1, 30))]).await;
    kit.hold_for(2, Some(2), &[(1, until(2, 30))]).await;
    kit.hold_for(3, None, &[(1, until(3, 30)), (2, until(3, 30))]).await;
    kit.as_tenant(2).hold_for(4, Some(1), &[(1, until(4, 30)), (3, until(4, 30))]).await;
    assert_eq!(kit.bids(1, &[1], noon()).await, only([(1, until(1, 30))]));
    assert_eq!(kit.bids(1, &[3, 2], noon()).await, only([(2, until(1, 30))]));
    assert_eq!(kit.bids(1, &[], noon()).await, only([]));
    assert_eq!(kit.bids(2, &[1, 2], noon()).await, only([(1, until(2, 30))]));
    assert_eq!(kit.bids(3, &[1, 2], noon()).await, only([]));
    let theirs = only([(1, until(4, 30)), (3, until(4, 30))]);
    assert_eq!(kit.as_tenant(2).bids(1, &[1, 2, 3], noon()).await, theirs);
    let nothing = kit.look(1, &Ask::default()).await;
    assert!(nothing.bids.is_empty(), "nobody was asked for");
}

/// A bid is told in the campaign that it was made in. One in another campaign is neither told in its
/// place nor replaces it, be it newer or older.
pub async fn a_bid_is_its_campaigns(harness: &impl Harness) {
    let kit = Kit::of(harness);
    kit.hold_in(1, 1, &[(1, until(1, 30)), (2, until(1, 30))]).await;
    kit.hold_in(2, 2, &[(1, until(2, 30)), (3, until(2, 30))]).await;
    kit.hold_in(3, 3, &[(1, Some(bid(3, None)))]).await;
    let all = [1, 2, 3];
    let of_1 = only([(1, until(1, 30)), (2, until(1, 30))]);
    assert_eq!(kit.bids_in(1, 1, &all, noon()).await, of_1);
    let of_2 = only([(1, until(2, 30)), (3, until(2, 30))]);
    assert_eq!(kit.bids_in(2, 1, &all, noon()).await, of_2);
    assert_eq!(kit.bids_in(3, 1, &all, noon()).await, only([]));
    assert_eq!(kit.bids_in(4, 1, &all, noon()).await, only([]));
}

/// Bids are those of what was saved last of an auction.
pub async fn a_replaced_auctions_bids_are_gone(harness: &impl Harness) {
    let kit = Kit::of(harness);
    kit.hold_for_caller_1(1, &[(1, until(1, 30)), (2, until(1, 30))]).await;
    let saved = call(kit.tenant, 1);
    let record = auction(&saved, 1, noon() + TimeDelta::minutes(1));
    let record = considered(record, &saved, 1, Verdict::Lost, until(7, 30));
    let step = StepKey::dial_result(1);
    kit.save(Save { auction: Some(record), ..save(saved, Some(1), &step) }).await;
    assert_eq!(kit.bids(1, &[1, 2], noon()).await, only([(1, until(7, 30))]));
}

/// A look shows the log of the call's newest auction, by the time it was opened, and none of another
/// call's or tenant's.
pub async fn a_look_shows_the_newest_auction(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let saved = call(kit.tenant, 1);
    let opened = |n: u32, minutes| -> AuctionRecord {
        let record = auction(&saved, n, noon() + TimeDelta::minutes(minutes));
        considered(record, &saved, n, Verdict::Won, until(n, 9))
    };
    kit.save_auction(saved.clone(), opened(1, 2)).await;
    assert_eq!(kit.look(1, &Ask::default()).await.auction, Some(opened(1, 2).log));
    let later = [(opened(2, 1), opened(1, 2)), (opened(3, 3), opened(3, 3))];
    for (version, (record, newest)) in (1..).zip(later) {
        let step = StepKey::dial_result(u32::try_from(version).expect("a small number"));
        let auction = Some(record);
        kit.save(Save { auction, ..save(saved.clone(), Some(version), &step) }).await;
        assert_eq!(kit.look(1, &Ask::default()).await.auction, Some(newest.log));
    }
    kit.save_new(call(kit.tenant, 2)).await;
    assert_eq!(kit.look(2, &Ask::default()).await.auction, None);
    assert_eq!(kit.as_tenant(2).look(1, &Ask::default()).await.auction, None);
}
