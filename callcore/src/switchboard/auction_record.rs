//! An auction as stores keep it: one row for the auction, one for each target, and the log.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::sell::give_up;
use crate::auction::{
    AuctionLog, Bid, BidReply, Entry, Exchange, Fall, Reply, Settled, Sign, replay,
};
use crate::call::Call;
use crate::port::{AuctionRecord, BidRequestRecord, BidResponseRecord};
use crate::vocabulary::{AuctionId, Seed, TargetId};

/// A settled auction while its call is being sold.
#[derive(Debug)]
pub(super) struct Trade {
    /// What it came to, with what happened since.
    pub(super) settled: Settled,
    /// What this step said to targets, and their answers.
    pub(super) exchanges: Vec<Exchange>,
    /// What this step saw of the health of each target that it asked.
    pub(super) signs: BTreeMap<TargetId, Sign>,
}

impl Trade {
    /// An auction of an earlier step; in this one nobody was asked yet.
    pub(super) const fn again(settled: Settled) -> Self {
        Self { settled, exchanges: Vec::new(), signs: BTreeMap::new() }
    }
}

/// The record of a settled auction, with what happened since. The same auction has the same ids.
pub(super) fn record(call: &Call, trade: Trade) -> AuctionRecord {
    let Trade { settled, exchanges, signs: _ } = trade;
    // A flow may hold several auctions of one call, each with a seed of its own.
    let id = settled.log.seed.uuid();
    let (log, opened_at) = (&settled.log, settled.log.opened_at);
    let taken_ms = (log.settled_at - opened_at).num_milliseconds();
    let entries = &settled.entries;
    let request = BidRequestRecord {
        id: AuctionId::from_uuid(id),
        call: call.id,
        campaign: call.campaign,
        opened_at,
        duration_ms: u32::try_from(taken_ms).unwrap_or(0),
        considered: count(entries.len()),
        asked: count(entries.iter().filter(|entry| entry.asked).count()),
        bids: count(settled.ranking.len()),
        winner: settled.winner().map(|winner| winner.target_id),
        winner_name: settled.winner().map(|winner| winner.target_name.clone()),
        price: settled.winner().map(|winner| winner.price),
    };
    let response = |entry: &Entry| {
        let row = Seed::derive(call.tenant, call.id, &id.to_string(), &entry.target_id.to_string());
        BidResponseRecord {
            id: row.uuid(),
            auction: request.id,
            call: call.id,
            campaign: call.campaign,
            target: entry.target_id,
            target_name: entry.target_name.clone(),
            verdict: entry.verdict,
            bid: entry.bid,
            rank: entry.rank,
            response_time_ms: entry.response_time_ms,
            detail: entry.detail().unwrap_or_default(),
            opened_at,
            offer: offer(&settled, entry.target_id),
        }
    };
    AuctionRecord {
        responses: entries.iter().map(response).collect(),
        caller: call.caller.number.clone(),
        log: settled.log,
        request,
        exchanges,
    }
}

/// The record of an auction whose caller hung up before the winner was dialled: nobody has won.
pub(super) fn called_off(
    call: &Call,
    log: &AuctionLog,
    exchanges: Vec<Exchange>,
    at: DateTime<Utc>,
) -> AuctionRecord {
    let mut settled = replay(log);
    settled.offer(at);
    give_up(&mut settled, &Fall::CallEnded, at);
    record(call, Trade { exchanges, ..Trade::again(settled) })
}

/// The bid that a target made when it was asked, for the next call of the same caller. One that was
/// taken back, whenever it was made, holds for no other call: it is kept without its end, in order to
/// stand before whatever the target bid earlier.
fn offer(settled: &Settled, target: TargetId) -> Option<Bid> {
    let ranked = settled.ranking.iter().find(|ranked| ranked.target_id == target);
    if let Some(ranked) = ranked.filter(|ranked| ranked.is_taken_back()) {
        return Some(Bid { expires_at: None, ..ranked.bid.clone() });
    }
    let received = settled.log.replies.iter().find(|received| received.target_id == target)?;
    match &received.reply {
        Reply::Answered(BidReply::Bid(bid)) => Some(bid.clone()),
        Reply::Answered(_) | Reply::Unanswered(_) => None,
    }
}

fn count(things: usize) -> u32 {
    u32::try_from(things).unwrap_or(u32::MAX)
}
