//! What of an auction is kept, and what replaces it.

use callcore::auction::{Verdict, replay};
use callcore::call::{CallStatus, StepKey};
use callcore::model::Kind;
use callcore::port::{AuctionFilter, AuctionRecord, Save, SaveError};
use callcore::vocabulary::PageRequest;
use chrono::TimeDelta;

use crate::Harness;
use crate::fixtures::{
    auction, bid, call, campaign_id, considered, instant, noon, over, save, target_id,
};
use crate::suite::kit::{Kit, assert_is};

/// The auction `n` of a call, which target 2 won of three, opened some minutes after noon.
fn held(call: &callcore::call::Call, n: u32, minutes: i64) -> AuctionRecord {
    let opened_at = noon() + TimeDelta::minutes(minutes);
    let record = auction(call, n, opened_at);
    let record = considered(record, call, 1, Verdict::Lost, Some(bid(4, None)));
    let until = Some(opened_at + TimeDelta::seconds(60));
    let record = considered(record, call, 2, Verdict::Won, Some(bid(5, until)));
    considered(record, call, 3, Verdict::Timeout, None)
}

impl Kit {
    /// The only auction in the lists, and the responses in the order of their targets.
    async fn listed(&self) -> AuctionRecord {
        let (all, page) = (AuctionFilter::default(), PageRequest::default());
        let requests = self.auctions.requests(self.tenant, &all, page).await;
        let requests = requests.expect("the store answers").items;
        assert_eq!(requests.len(), 1, "one auction is listed once");
        let responses = self.auctions.responses(self.tenant, &all, page).await;
        let mut responses = responses.expect("the store answers").items;
        responses.sort_by_key(|response| response.target);
        let known = self.auctions.of_call(self.tenant, requests[0].call).await;
        let known = known.expect("the store answers").pop().expect("it is the call's as well");
        AuctionRecord { request: requests[0].clone(), responses, ..known }
    }
}

/// What is saved of an auction reads back, every field of it, by its call as in the lists.
pub async fn a_saved_auction_reads_back(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let saved = call(kit.tenant, 1);
    let record = held(&saved, 1, 0);
    kit.save_auction(saved, record.clone()).await;
    assert_eq!(kit.auctions_of(1).await, std::slice::from_ref(&record));
    assert_eq!(kit.listed().await, record);
}

/// Also an auction in which nobody was considered, of a caller who is not known.
pub async fn an_auction_without_anybody_reads_back(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let mut saved = call(kit.tenant, 1);
    saved.caller.number = None;
    let record = auction(&saved, 1, noon());
    assert_eq!(record.caller, None);
    kit.save_auction(saved, record.clone()).await;
    assert_eq!(kit.auctions_of(1).await, [record]);
}

/// Instants are kept to the microsecond; those of the log are part of it and stay as they are.
pub async fn an_auctions_instants_are_kept_to_the_microsecond(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let saved = call(kit.tenant, 1);
    let (fine, kept) = ("2026-11-22T12:00:00.123456789Z", "2026-11-22T12:00:00.123456Z");
    let until = Some(instant("2026-11-22T12:01:00.987654321Z"));
    let record = auction(&saved, 1, instant(fine));
    let record = considered(record, &saved, 1, Verdict::Won, Some(bid(5, until)));
    kit.save_auction(saved, record.clone()).await;
    let found = kit.auctions_of(1).await.pop().expect("it was saved");
    assert_eq!(found, kit.listed().await);
    assert_eq!(found.request.opened_at, instant(kept));
    assert_eq!(found.responses[0].opened_at, instant(kept));
    let offer = found.responses[0].offer.as_ref().expect("it made a bid");
    assert_eq!(offer.expires_at, Some(instant("2026-11-22T12:01:00.987654Z")));
    assert_eq!(found.log, record.log);
}

/// The log comes back to the byte, so that it alone derives the winner again.
pub async fn a_log_is_kept_to_the_byte(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let saved = call(kit.tenant, 1);
    let mut record = held(&saved, 1, 0);
    // Amounts keep the places with which they were written.
    record.log.terms.min_bid = "1.500".parse().expect("an amount");
    record.log.opened_at = instant("2026-11-22T12:00:00.000000001Z");
    kit.save_auction(saved, record.clone()).await;
    let found = kit.auctions_of(1).await.pop().expect("it was saved").log;
    let text = |value| serde_json::to_string(value).expect("a log is plain data");
    assert_eq!(text(&found), text(&record.log));
    let settled = |log| serde_json::to_string(&replay(log)).expect("a result is plain data");
    assert_eq!(settled(&found), settled(&record.log));
}

/// A save replaces what was saved of the same auction before: request, responses and log.
pub async fn a_save_replaces_the_same_auction(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let saved = call(kit.tenant, 1);
    kit.save_auction(saved.clone(), held(&saved, 1, 0)).await;
    // The winner fell out, one target is gone from the record and another came.
    let later = auction(&saved, 1, noon());
    let later = considered(later, &saved, 1, Verdict::Won, Some(bid(4, None)));
    let later = considered(later, &saved, 2, Verdict::ConfirmFailed, Some(bid(5, None)));
    let mut later = considered(later, &saved, 4, Verdict::NoBid, None);
    later.caller = None;
    let step = StepKey::dial_result(1);
    kit.save(Save { auction: Some(later.clone()), ..save(saved, Some(1), &step) }).await;
    assert_eq!(kit.auctions_of(1).await, [later.clone()]);
    assert_eq!(kit.listed().await, later);
    let look = kit.look(1, &callcore::port::Ask::default()).await;
    assert_eq!(look.auction, Some(later.log));
}

/// A save without an auction leaves the call's auctions as they are.
pub async fn a_save_without_auction_keeps_what_was_saved(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let saved = call(kit.tenant, 1);
    let record = held(&saved, 1, 0);
    kit.save_auction(saved.clone(), record.clone()).await;
    let last = StepKey::progress(CallStatus::Completed);
    kit.save(save(over(saved, noon()), Some(1), &last)).await;
    assert_eq!(kit.auctions_of(1).await, [record]);
}

/// **Atomicity**: everything or nothing: a save that is a conflict writes no auction.
pub async fn a_conflict_writes_no_auction(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let saved = call(kit.tenant, 1);
    kit.save_auction(saved.clone(), held(&saved, 1, 0)).await;
    let before = kit.auctions_of(1).await;
    let changed = auction(&saved, 1, noon());
    for (expected, step) in [(Some(1), StepKey::voice()), (Some(7), StepKey::dial_result(1))] {
        for record in [changed.clone(), held(&saved, 2, 1)] {
            let late = Save { auction: Some(record), ..save(saved.clone(), expected, &step) };
            assert_is!(kit.try_save(late).await, Err(SaveError::Conflict));
        }
    }
    assert_eq!(kit.auctions_of(1).await, before);
}

/// The auctions of a call stand in the order in which they were opened, in whatever order they were
/// saved.
pub async fn a_calls_auctions_stand_in_the_order_of_their_opening(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let saved = call(kit.tenant, 1);
    kit.save_auction(saved.clone(), held(&saved, 1, 2)).await;
    for (version, (n, minutes)) in (1..).zip([(2, 1), (3, 3)]) {
        let record = Some(held(&saved, n, minutes));
        let step = StepKey::dial_result(n);
        kit.save(Save { auction: record, ..save(saved.clone(), Some(version), &step) }).await;
    }
    let expected = [held(&saved, 2, 1), held(&saved, 1, 2), held(&saved, 3, 3)];
    assert_eq!(kit.auctions_of(1).await, expected);
}

/// **Errors**: a call without auctions has none, known or not.
pub async fn a_call_without_auctions_has_none(harness: &impl Harness) {
    let kit = Kit::of(harness);
    assert_eq!(kit.auctions_of(1).await, []);
    kit.save_new(call(kit.tenant, 1)).await;
    let other = call(kit.tenant, 2);
    kit.save_auction(other.clone(), held(&other, 1, 0)).await;
    assert_eq!(kit.auctions_of(1).await, []);
}

/// Another tenant's auctions are absent to every act, also under the same ids.
pub async fn another_tenants_auctions_are_absent_to_every_act(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let (other, stranger) = (kit.as_tenant(2), kit.as_tenant(3));
    let (mine, theirs) = (call(kit.tenant, 1), call(other.tenant, 2));
    kit.save_auction(mine.clone(), held(&mine, 1, 0)).await;
    other.save_auction(theirs.clone(), held(&theirs, 1, 0)).await;
    assert_eq!(kit.auctions_of(1).await, [held(&mine, 1, 0)]);
    assert_eq!(kit.auctions_of(2).await, []);
    assert_eq!(other.auctions_of(1).await, []);
    assert_eq!(kit.listed().await, held(&mine, 1, 0));
    assert_eq!(other.listed().await, held(&theirs, 1, 0));
    let (all, page) = (AuctionFilter::default(), PageRequest::default());
    let requests = stranger.auctions.requests(stranger.tenant, &all, page).await;
    assert_eq!(requests.expect("the store answers").items, []);
    let responses = stranger.auctions.responses(stranger.tenant, &all, page).await;
    assert_eq!(responses.expect("the store answers").items, []);
}

/// Auctions stay when their campaign and their targets go.
pub async fn auctions_outlive_what_they_name(harness: &impl Harness) {
    let kit = Kit::of(harness);
    kit.campaign(1).await;
    kit.target(2).await;
    let saved = call(kit.tenant, 1);
    kit.save_auction(saved.clone(), held(&saved, 1, 0)).await;
    kit.delete(Kind::Campaign, campaign_id(1).uuid()).await.expect("nothing holds a campaign");
    kit.delete(Kind::Target, target_id(2).uuid()).await.expect("an auction is no hold");
    assert_eq!(kit.auctions_of(1).await, [held(&saved, 1, 0)]);
}
