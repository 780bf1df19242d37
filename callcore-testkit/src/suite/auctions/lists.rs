//! Lists of auctions and of what became of targets.

use callcore::auction::Verdict;
use callcore::call::StepKey;
use callcore::port::{AuctionFilter, BidRequestRecord, BidResponseRecord, Save};
use callcore::vocabulary::{Page, PageRequest, limits};
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::Harness;
use crate::fixtures::{
    auction, auction_id, bid, call, call_id, campaign_id, considered, noon, save,
};
use crate::fixtures::{response_id, target_id};
use crate::suite::kit::Kit;

/// Who was considered in an auction, and with which verdict.
type Considered<'a> = &'a [(u32, Verdict)];

impl Kit {
    /// Saves call `n` of a campaign with the auction `n`, opened at an instant.
    async fn hold_auction(
        &self,
        n: u32,
        campaign: u32,
        opened_at: DateTime<Utc>,
        targets: Considered<'_>,
    ) {
        let mut saved = call(self.tenant, n);
        saved.campaign = campaign_id(campaign);
        let mut record = auction(&saved, n, opened_at);
        for (target, verdict) in targets {
            let offer = (*verdict == Verdict::Won).then(|| bid(5, None));
            record = considered(record, &saved, *target, *verdict, offer);
        }
        self.save_auction(saved, record).await;
    }

    async fn requests(&self, filter: &AuctionFilter, page: PageRequest) -> Page<BidRequestRecord> {
        self.auctions.requests(self.tenant, filter, page).await.expect("the store answers")
    }

    async fn responses(
        &self,
        filter: &AuctionFilter,
        page: PageRequest,
    ) -> Page<BidResponseRecord> {
        self.auctions.responses(self.tenant, filter, page).await.expect("the store answers")
    }

    /// The numbers, below 100, of the auctions that pass the filter.
    async fn auctions_passing(&self, filter: &AuctionFilter) -> Vec<u32> {
        let found = self.requests(filter, PageRequest::default()).await.items;
        let number = |one: &BidRequestRecord| (0..100).find(|n| auction_id(*n) == one.id);
        found.iter().map(|one| number(one).expect("an auction of this case")).collect()
    }

    /// The auctions and targets of the responses that pass the filter, by their numbers.
    async fn responses_passing(&self, filter: &AuctionFilter) -> Vec<(u32, u32)> {
        let found = self.responses(filter, PageRequest::default()).await.items;
        let number = |one: &BidResponseRecord| {
            let auction = (0..100).find(|n| auction_id(*n) == one.auction)?;
            Some((auction, (0..100).find(|n| target_id(*n) == one.target)?))
        };
        let mut found: Vec<_> =
            found.iter().map(|one| number(one).expect("a response of this case")).collect();
        found.sort_unstable();
        found
    }
}

fn after(microseconds: i64) -> DateTime<Utc> {
    noon() + TimeDelta::microseconds(microseconds)
}

/// **Ordering**: newest first, by the time they were opened and then by id, both descending.
pub async fn auctions_are_listed_newest_first(harness: &impl Harness) {
    let kit = Kit::of(harness);
    for (n, microseconds) in [(1, 0), (4, 0), (2, 1), (5, 2), (3, 0)] {
        kit.hold_auction(n, 1, after(microseconds), &[(1, Verdict::NoBid)]).await;
    }
    assert_eq!(kit.auctions_passing(&AuctionFilter::default()).await, [5, 2, 4, 3, 1]);
    let whole = kit.requests(&AuctionFilter::default(), PageRequest::default()).await;
    assert_eq!(whole.next, None);
}

/// Following the cursors meets every auction that was there at the beginning exactly once, also
/// where new ones are held and many were opened at the same instant.
pub async fn following_the_cursors_meets_every_auction_once(harness: &impl Harness) {
    let kit = Kit::of(harness);
    for n in 1..=12 {
        kit.hold_auction(n, 1, after(i64::from(n / 5)), &[]).await;
    }
    let mut met = Vec::new();
    let mut page = PageRequest { limit: 3, after: None };
    for round in 1..=10 {
        let found = kit.requests(&AuctionFilter::default(), page).await;
        assert!(found.items.len() <= 3, "a page keeps to its limit");
        met.extend(found.items.iter().map(|one| (one.opened_at, one.id)));
        page.after = found.next.map(|next| next.to_string().parse().expect("a cursor"));
        if page.after.is_none() {
            break;
        }
        kit.hold_auction(20 + round, 1, after(1_000), &[]).await;
    }
    assert_eq!(page.after, None, "the walk comes to its end, and a full last page has no next");
    assert_eq!(met.len(), 12);
    assert!(met.is_sorted_by(|one, next| one > next), "each once and in order");
}

/// **Ordering**: newest auctions first, and inside an auction by id, both descending; one row per
/// target considered.
pub async fn responses_are_listed_newest_auctions_first(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let both = [(1, Verdict::Won), (2, Verdict::NoBid), (3, Verdict::Timeout)];
    kit.hold_auction(1, 1, after(1), &both).await;
    kit.hold_auction(2, 1, after(2), &both).await;
    kit.hold_auction(3, 1, after(0), &both).await;
    let found = kit.responses(&AuctionFilter::default(), PageRequest::default()).await;
    let found: Vec<Uuid> = found.items.iter().map(|one| one.id).collect();
    let mut expected = Vec::new();
    for n in [2, 1, 3] {
        let mut inside = [1, 2, 3].map(|target| response_id(auction_id(n), target_id(target)));
        inside.sort_unstable_by_key(|id| std::cmp::Reverse(*id));
        expected.extend(inside);
    }
    assert_eq!(found, expected);
}

/// Following the cursors meets every response exactly once, also where a page ends inside an auction.
pub async fn following_the_cursors_meets_every_response_once(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let four = [1, 2, 3, 4].map(|target| (target, Verdict::NoBid));
    for n in 1..=6 {
        kit.hold_auction(n, 1, after(i64::from(n / 4)), &four).await;
    }
    let mut met = Vec::new();
    let mut page = PageRequest { limit: 3, after: None };
    for round in 1..=10 {
        let found = kit.responses(&AuctionFilter::default(), page).await;
        assert!(found.items.len() <= 3, "a page keeps to its limit");
        met.extend(found.items.iter().map(|one| (one.opened_at, one.id)));
        page.after = found.next.map(|next| next.to_string().parse().expect("a cursor"));
        if page.after.is_none() {
            break;
        }
        kit.hold_auction(20 + round, 1, after(1_000), &four).await;
    }
    assert_eq!(page.after, None, "the walk comes to its end, and a full last page has no next");
    assert_eq!(met.len(), 24);
    assert!(met.is_sorted_by(|one, next| one > next), "each once and in order");
}

/// Call, campaign, target and verdict each let only their own auctions pass; target and verdict are
/// those of one response.
pub async fn a_filter_lets_only_its_auctions_pass(harness: &impl Harness) {
    let kit = Kit::of(harness);
    kit.hold_auction(1, 1, after(1), &[(1, Verdict::Won), (2, Verdict::NoBid)]).await;
    kit.hold_auction(2, 2, after(2), &[(1, Verdict::NoBid)]).await;
    kit.hold_auction(3, 1, after(3), &[(3, Verdict::Timeout)]).await;
    kit.hold_auction(4, 1, after(4), &[]).await;
    let all = AuctionFilter::default();
    assert_eq!(kit.auctions_passing(&all).await, [4, 3, 2, 1]);
    let (one, won) = (Some(target_id(1)), Some(Verdict::Won));
    let campaign = Some(campaign_id(1));
    let no_bid = Some(Verdict::NoBid);
    let expected: [(AuctionFilter, &[u32]); 10] = [
        (AuctionFilter { call: Some(call_id(2)), ..all.clone() }, &[2]),
        (AuctionFilter { call: Some(call_id(9)), ..all.clone() }, &[]),
        (AuctionFilter { campaign, ..all.clone() }, &[4, 3, 1]),
        (AuctionFilter { target: one, ..all.clone() }, &[2, 1]),
        (AuctionFilter { verdict: no_bid, ..all.clone() }, &[2, 1]),
        (AuctionFilter { verdict: won, ..all.clone() }, &[1]),
        (AuctionFilter { target: Some(target_id(2)), verdict: won, ..all.clone() }, &[]),
        (AuctionFilter { target: one, verdict: won, ..all.clone() }, &[1]),
        (AuctionFilter { target: one, verdict: no_bid, ..all.clone() }, &[2]),
        (AuctionFilter { target: one, call: Some(call_id(3)), ..all }, &[]),
    ];
    for (filter, expected) in expected {
        assert_eq!(kit.auctions_passing(&filter).await, expected, "{filter:?}");
    }
}

/// Call, campaign, target and verdict each let only their own responses pass.
pub async fn a_filter_lets_only_its_responses_pass(harness: &impl Harness) {
    let kit = Kit::of(harness);
    kit.hold_auction(1, 1, after(1), &[(1, Verdict::Won), (2, Verdict::NoBid)]).await;
    kit.hold_auction(2, 2, after(2), &[(1, Verdict::NoBid)]).await;
    kit.hold_auction(3, 1, after(3), &[(3, Verdict::Timeout)]).await;
    let all = AuctionFilter::default();
    assert_eq!(kit.responses_passing(&all).await, [(1, 1), (1, 2), (2, 1), (3, 3)]);
    let (one, campaign) = (Some(target_id(1)), Some(campaign_id(1)));
    let no_bid = Some(Verdict::NoBid);
    let expected: [(AuctionFilter, &[(u32, u32)]); 6] = [
        (AuctionFilter { call: Some(call_id(1)), ..all.clone() }, &[(1, 1), (1, 2)]),
        (AuctionFilter { campaign, ..all.clone() }, &[(1, 1), (1, 2), (3, 3)]),
        (AuctionFilter { target: one, ..all.clone() }, &[(1, 1), (2, 1)]),
        (AuctionFilter { verdict: no_bid, ..all.clone() }, &[(1, 2), (2, 1)]),
        (AuctionFilter { target: one, verdict: no_bid, ..all.clone() }, &[(2, 1)]),
        (AuctionFilter { target: one, verdict: no_bid, campaign, ..all }, &[]),
    ];
    for (filter, expected) in expected {
        assert_eq!(kit.responses_passing(&filter).await, expected, "{filter:?}");
    }
}

/// Every verdict is one to filter by.
pub async fn every_verdict_is_found_by_its_filter(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let targets: Vec<_> = (1..).zip(Verdict::ALL.iter().copied()).collect();
    assert!(targets.len() < limits::AUCTION_TARGETS, "one auction can have all verdicts");
    kit.hold_auction(1, 1, noon(), &targets).await;
    for (target, verdict) in targets {
        let filter = AuctionFilter { verdict: Some(verdict), ..AuctionFilter::default() };
        assert_eq!(kit.responses_passing(&filter).await, [(1, target)], "{verdict}");
        assert_eq!(kit.auctions_passing(&filter).await, [1], "{verdict}");
    }
}

/// A filter sees what was saved last of an auction.
pub async fn a_filter_sees_the_newest_verdicts(harness: &impl Harness) {
    let kit = Kit::of(harness);
    kit.hold_auction(1, 1, noon(), &[(1, Verdict::Won), (2, Verdict::Lost)]).await;
    let saved = call(kit.tenant, 1);
    let record = auction(&saved, 1, noon());
    let record = considered(record, &saved, 1, Verdict::ConfirmFailed, Some(bid(5, None)));
    let step = StepKey::dial_result(1);
    kit.save(Save { auction: Some(record), ..save(saved, Some(1), &step) }).await;
    let passing = |verdict| AuctionFilter { verdict: Some(verdict), ..AuctionFilter::default() };
    for gone in [Verdict::Won, Verdict::Lost] {
        assert_eq!(kit.auctions_passing(&passing(gone)).await, [0; 0], "{gone}");
        assert_eq!(kit.responses_passing(&passing(gone)).await, [], "{gone}");
    }
    assert_eq!(kit.auctions_passing(&passing(Verdict::ConfirmFailed)).await, [1]);
    let target = Some(target_id(2));
    let gone = AuctionFilter { target, ..AuctionFilter::default() };
    assert_eq!(kit.auctions_passing(&gone).await, [0; 0]);
}

/// A list that is filtered has full pages.
pub async fn a_filtered_list_of_auctions_has_full_pages(harness: &impl Harness) {
    let kit = Kit::of(harness);
    for n in 1..=8 {
        let verdict = if n % 2 == 0 { Verdict::Refused } else { Verdict::NoBid };
        kit.hold_auction(n, 1, after(i64::from(n)), &[(1, verdict)]).await;
    }
    let filter = AuctionFilter { verdict: Some(Verdict::Refused), ..AuctionFilter::default() };
    let page = PageRequest { limit: 3, after: None };
    let first = kit.requests(&filter, page).await;
    let ids: Vec<_> = first.items.iter().map(|one| one.id).collect();
    assert_eq!(ids, [8, 6, 4].map(auction_id));
    let second = kit.requests(&filter, PageRequest { after: first.next, ..page }).await;
    let ids: Vec<_> = second.items.iter().map(|one| one.id).collect();
    assert_eq!((ids.as_slice(), second.next), ([auction_id(2)].as_slice(), None));
    let responses = kit.responses(&filter, page).await;
    assert_eq!((responses.items.len(), responses.next.is_some()), (3, true));
}
