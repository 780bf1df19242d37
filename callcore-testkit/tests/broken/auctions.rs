//! Faults of what auctions leave behind.

use async_trait::async_trait;
use callcore::port::{
    AuctionFilter, AuctionRecord, Auctions, BidRequestRecord, BidResponseDetail, BidResponseRecord,
    StoreError,
};
use callcore::vocabulary::{AuctionId, CallId, Page, PageRequest, TenantId};

use uuid::Uuid;

use crate::store::{Fault, Faulty};

impl Faulty {
    /// The filter as a faulty store understands it.
    fn cut(&self, filter: &AuctionFilter) -> AuctionFilter {
        let verdict = filter.verdict.filter(|_| !self.has(Fault::FilterCutShort));
        AuctionFilter { verdict, ..filter.clone() }
    }
}

#[async_trait]
impl Auctions for Faulty {
    async fn requests(
        &self,
        tenant: TenantId,
        filter: &AuctionFilter,
        mut page: PageRequest,
    ) -> Result<Page<BidRequestRecord>, StoreError> {
        if self.has(Fault::CursorIgnored) {
            page.after = None;
        }
        let mut listed = self.inner.requests(self.tenant(tenant), &self.cut(filter), page).await?;
        if self.has(Fault::AuctionsBackwards) {
            listed.items.reverse();
        }
        Ok(listed)
    }

    async fn responses(
        &self,
        tenant: TenantId,
        filter: &AuctionFilter,
        mut page: PageRequest,
    ) -> Result<Page<BidResponseRecord>, StoreError> {
        if self.has(Fault::CursorIgnored) {
            page.after = None;
        }
        let mut listed = self.inner.responses(self.tenant(tenant), &self.cut(filter), page).await?;
        if self.has(Fault::AuctionsBackwards) {
            listed.items.reverse();
        }
        Ok(listed)
    }

    async fn auction(
        &self,
        tenant: TenantId,
        auction: AuctionId,
    ) -> Result<Option<AuctionRecord>, StoreError> {
        self.inner.auction(self.tenant(tenant), auction).await
    }

    async fn response(
        &self,
        tenant: TenantId,
        id: Uuid,
    ) -> Result<Option<BidResponseDetail>, StoreError> {
        self.inner.response(self.tenant(tenant), id).await
    }

    async fn of_call(
        &self,
        tenant: TenantId,
        call: CallId,
    ) -> Result<Vec<AuctionRecord>, StoreError> {
        self.inner.of_call(self.tenant(tenant), call).await
    }
}
