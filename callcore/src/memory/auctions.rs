//! What auctions left behind.

use std::collections::BTreeSet;

use async_trait::async_trait;
use uuid::Uuid;

use super::{MemoryStore, micros};
use crate::auction::{Exchange, Purpose};
use crate::port::{
    AuctionFilter, AuctionRecord, Auctions, BidRequestRecord, BidResponseDetail, BidResponseRecord,
    StoreError,
};
use crate::vocabulary::{AuctionId, CallId, Cursor, Page, PageRequest, TargetId, TenantId};

/// The record with its instants as stores keep them.
fn rounded(mut auction: AuctionRecord) -> AuctionRecord {
    auction.request.opened_at = micros(auction.request.opened_at);
    for response in &mut auction.responses {
        response.opened_at = micros(response.opened_at);
        if let Some(expires_at) = response.offer.as_mut().and_then(|bid| bid.expires_at.as_mut()) {
            *expires_at = micros(*expires_at);
        }
    }
    auction.exchanges.sort_by_key(place);
    auction
}

/// Where an exchange stands in its auction: there is one for a target and a purpose.
fn place(exchange: &Exchange) -> (TargetId, Purpose) {
    (exchange.target, exchange.purpose)
}

/// The record with what was said before it was saved again.
pub(super) fn merged(mut auction: AuctionRecord, known: Option<AuctionRecord>) -> AuctionRecord {
    let said: BTreeSet<_> = auction.exchanges.iter().map(place).collect();
    let known = known.map(|known| known.exchanges).unwrap_or_default();
    auction.exchanges.extend(known.into_iter().filter(|one| !said.contains(&place(one))));
    rounded(auction)
}

fn fits(auction: &AuctionRecord, filter: &AuctionFilter) -> bool {
    let AuctionFilter { call, campaign, target, verdict } = filter;
    let wanted = |one: &BidResponseRecord| {
        target.is_none_or(|target| one.target == target)
            && verdict.is_none_or(|verdict| one.verdict == verdict)
    };
    call.is_none_or(|call| auction.request.call == call)
        && campaign.is_none_or(|campaign| auction.request.campaign == campaign)
        && ((target.is_none() && verdict.is_none()) || auction.responses.iter().any(wanted))
}

/// Newest first, one page.
fn paged<T>(
    mut rows: Vec<T>,
    page: PageRequest,
    place: impl Fn(&T) -> (chrono::DateTime<chrono::Utc>, Uuid),
) -> Page<T> {
    let after = page.after.map(|after| (micros(after.created_at), after.id));
    rows.retain(|row| after.is_none_or(|after| place(row) < after));
    rows.sort_by_key(|row| std::cmp::Reverse(place(row)));
    rows.truncate(page.limit + 1);
    Page::from_surplus(rows, page.limit, |row| {
        let (created_at, id) = place(row);
        Cursor { created_at, id }
    })
}

#[async_trait]
impl Auctions for MemoryStore {
    async fn requests(
        &self,
        tenant: TenantId,
        filter: &AuctionFilter,
        page: PageRequest,
    ) -> Result<Page<BidRequestRecord>, StoreError> {
        let mut state = self.lock();
        let auctions = state.tenant(tenant).calls.auctions.values();
        let rows = auctions.filter(|one| fits(one, filter)).map(|one| one.request.clone());
        Ok(paged(rows.collect(), page, |row| (row.opened_at, row.id.uuid())))
    }

    async fn responses(
        &self,
        tenant: TenantId,
        filter: &AuctionFilter,
        page: PageRequest,
    ) -> Result<Page<BidResponseRecord>, StoreError> {
        let AuctionFilter { call, campaign, target, verdict } = filter;
        let mut state = self.lock();
        let auctions = state.tenant(tenant).calls.auctions.values();
        let fits = |row: &&BidResponseRecord| {
            call.is_none_or(|call| row.call == call)
                && campaign.is_none_or(|campaign| row.campaign == campaign)
                && target.is_none_or(|target| row.target == target)
                && verdict.is_none_or(|verdict| row.verdict == verdict)
        };
        let rows = auctions.flat_map(|one| &one.responses).filter(fits).cloned();
        Ok(paged(rows.collect(), page, |row| (row.opened_at, row.id)))
    }

    async fn auction(
        &self,
        tenant: TenantId,
        auction: AuctionId,
    ) -> Result<Option<AuctionRecord>, StoreError> {
        Ok(self.lock().tenant(tenant).calls.auctions.get(&auction).cloned())
    }

    async fn response(
        &self,
        tenant: TenantId,
        id: Uuid,
    ) -> Result<Option<BidResponseDetail>, StoreError> {
        let mut state = self.lock();
        let mut auctions = state.tenant(tenant).calls.auctions.values();
        Ok(auctions.find_map(|auction| {
            let response = auction.responses.iter().find(|response| response.id == id)?.clone();
            let own = auction.exchanges.iter().filter(|one| one.target == response.target);
            Some(BidResponseDetail { exchanges: own.cloned().collect(), response })
        }))
    }

    async fn of_call(
        &self,
        tenant: TenantId,
        call: CallId,
    ) -> Result<Vec<AuctionRecord>, StoreError> {
        let mut state = self.lock();
        let auctions = state.tenant(tenant).calls.auctions.values();
        let mut own: Vec<_> = auctions.filter(|one| one.request.call == call).cloned().collect();
        own.sort_by_key(|one| (one.request.opened_at, one.request.id));
        Ok(own)
    }
}
