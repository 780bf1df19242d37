//! Runs a logged auction again.

use super::{Auction, AuctionLog, Settled};

/// The result that a log stands for, made anew: the same value, and the same bytes as JSON.
pub fn replay(log: &AuctionLog) -> Settled {
    let AuctionLog { terms, seed, opened_at, settled_at, invitations, replies, aftermath } = log;
    let mut auction = Auction::open(terms.clone(), invitations.clone(), *seed, *opened_at);
    for received in replies {
        // It was decided when it was settled, whatever the progress.
        let _ = auction.record(received.target_id, received.reply.clone(), received.at);
    }
    let mut settled = auction.settle(*settled_at);
    for act in aftermath {
        settled.apply(act.clone());
    }
    settled
}
