//! What was said to targets, and whole auctions and responses by their ids.

use callcore::auction::{Exchange, Purpose, Verdict};
use callcore::call::{Call, CallStatus, StepKey};
use callcore::port::{AuctionRecord, BidResponseDetail, Save};
use callcore::vocabulary::AuctionId;
use uuid::Uuid;

use crate::Harness;
use crate::fixtures::{
    auction, auction_id, bid, call, considered, exchange, noon, over, response_id, save, target_id,
};
use crate::suite::kit::Kit;

/// The auction `n` of a call: target 1 answered and won, target 2 hung, target 3 was not asked.
fn held(call: &Call, n: u32) -> AuctionRecord {
    let record = auction(call, n, noon());
    let record = considered(record, call, 1, Verdict::Won, Some(bid(4, None)));
    let record = considered(record, call, 2, Verdict::Timeout, None);
    let mut record = considered(record, call, 3, Verdict::Closed, None);
    record.exchanges = vec![
        exchange(1, Purpose::Bid, Some("{\"bid\": \"\\u0000 €4\u{0}\"}")),
        exchange(2, Purpose::Bid, None),
    ];
    record
}

impl Kit {
    async fn auction(&self, auction: AuctionId) -> Option<AuctionRecord> {
        self.auctions.auction(self.tenant, auction).await.expect("the store answers")
    }

    async fn response(&self, id: Uuid) -> Option<BidResponseDetail> {
        self.auctions.response(self.tenant, id).await.expect("the store answers")
    }

    async fn save_again(&self, call: &Call, version: u64, record: Option<AuctionRecord>) {
        let step = StepKey::dial_result(u32::try_from(version).expect("a small number"));
        self.save(Save { auction: record, ..save(call.clone(), Some(version), &step) }).await;
    }
}

/// What was said reads back to the byte: with the auction by its id or its call, and with what became
/// of each target.
pub async fn what_was_said_reads_back(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let saved = call(kit.tenant, 1);
    let record = held(&saved, 1);
    kit.save_auction(saved, record.clone()).await;
    assert_eq!(kit.auction(auction_id(1)).await, Some(record.clone()));
    assert_eq!(kit.auctions_of(1).await, std::slice::from_ref(&record));
    for (index, said) in [0..1, 1..2, 2..2].into_iter().enumerate() {
        let response = record.responses[index].clone();
        let exchanges = record.exchanges[said].to_vec();
        let detail = BidResponseDetail { response: response.clone(), exchanges };
        assert_eq!(kit.response(response.id).await, Some(detail));
    }
}

/// Exchanges stand in the order of targets and purposes, in whatever order they were saved.
pub async fn what_was_said_stands_in_one_order(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let saved = call(kit.tenant, 1);
    let mut record = held(&saved, 1);
    let ordered = vec![
        exchange(1, Purpose::Bid, Some("4")),
        exchange(1, Purpose::Confirm, Some("yes")),
        exchange(2, Purpose::Bid, None),
    ];
    record.exchanges = ordered.iter().rev().cloned().collect();
    kit.save_auction(saved, record).await;
    let found = kit.auction(auction_id(1)).await.expect("it was saved");
    assert_eq!(found.exchanges, ordered);
    let detail = kit.response(response_id(auction_id(1), target_id(1))).await;
    assert_eq!(detail.expect("it was considered").exchanges, &ordered[..2]);
}

/// A later save of the same auction adds to what was said, and replaces what it says again; without
/// an auction it changes nothing.
pub async fn a_later_save_adds_to_what_was_said(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let saved = call(kit.tenant, 1);
    kit.save_auction(saved.clone(), held(&saved, 1)).await;
    let said = |record: &AuctionRecord| record.exchanges.clone();
    let first = said(&held(&saved, 1));
    // Nobody was asked anything in this step, and it writes what became of the targets anew.
    let silent = AuctionRecord { exchanges: Vec::new(), ..held(&saved, 1) };
    kit.save_again(&saved, 1, Some(silent.clone())).await;
    assert_eq!(
        kit.auctions_of(1).await.iter().map(said).collect::<Vec<_>>(),
        std::slice::from_ref(&first)
    );
    let confirmed = exchange(1, Purpose::Confirm, Some("yes"));
    let again = exchange(2, Purpose::Bid, Some("after all"));
    let more = AuctionRecord { exchanges: vec![confirmed.clone(), again.clone()], ..silent };
    kit.save_again(&saved, 2, Some(more)).await;
    let expected: Vec<Exchange> = vec![first[0].clone(), confirmed, again];
    assert_eq!(
        kit.auction(auction_id(1)).await.map(|record| said(&record)),
        Some(expected.clone())
    );
    let last = StepKey::progress(CallStatus::Completed);
    kit.save(save(over(saved, noon()), Some(3), &last)).await;
    assert_eq!(kit.auctions_of(1).await.iter().map(said).collect::<Vec<_>>(), [expected]);
}

/// **Errors**: what is unknown is `None`, and so is another tenant's, also under the same ids.
pub async fn unknown_auctions_and_responses_are_none(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let other = kit.as_tenant(2);
    let response = response_id(auction_id(1), target_id(1));
    assert_eq!((kit.auction(auction_id(1)).await, kit.response(response).await), (None, None));
    let (mine, theirs) = (call(kit.tenant, 1), call(other.tenant, 2));
    let record = held(&mine, 1);
    kit.save_auction(mine, record.clone()).await;
    assert_eq!((other.auction(auction_id(1)).await, other.response(response).await), (None, None));
    let silent = AuctionRecord { exchanges: Vec::new(), ..held(&theirs, 1) };
    other.save_auction(theirs, silent.clone()).await;
    assert_eq!(other.auction(auction_id(1)).await, Some(silent));
    assert_eq!(other.response(response).await.map(|detail| detail.exchanges), Some(Vec::new()));
    assert_eq!(kit.auction(auction_id(1)).await, Some(record));
    assert_eq!(kit.auction(auction_id(2)).await, None);
}
