//! Everything that one step of a call needs, read at one instant by one statement.

use std::collections::BTreeMap;

use callcore::call::{Contact, Fact};
use callcore::port::{Ask, BidResponseRecord, EarlierBid, Look, StoreError};
use callcore::routing::{Activity, CapKey};
use callcore::vocabulary::{
    BuyerId, CallId, CampaignId, CandidateId, PhoneNumber, TargetId, TenantId,
};
use chrono::{DateTime, Utc};
use sqlx::postgres::PgRow;
use sqlx::{FromRow, Row as _};
use uuid::Uuid;

use crate::error::failed;
use crate::open::PgStore;
use crate::place::Places;
use crate::row::{count, parse, rounded};
use crate::text::storable;

/// The row of `callcore_look_with_auction`. Where nothing is found, arrays are absent.
struct Row {
    o_call: Option<String>,
    o_version: Option<i64>,
    o_fact: Option<String>,
    o_used: Option<Vec<i32>>,
    o_contact_campaigns: Option<Vec<Uuid>>,
    o_contact_buyers: Option<Vec<Uuid>>,
    o_connected_at: Option<Vec<Option<DateTime<Utc>>>>,
    o_converted_at: Option<Vec<Option<DateTime<Utc>>>>,
    o_buyers: Option<Vec<Uuid>>,
    o_offered: Option<Vec<i64>>,
    o_answered: Option<Vec<i64>>,
    o_converted: Option<Vec<i64>>,
    o_ended_at: Option<Vec<Option<DateTime<Utc>>>>,
    o_bids: Option<Vec<String>>,
    o_auction: Option<String>,
}

impl FromRow<'_, PgRow> for Row {
    fn from_row(row: &PgRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            o_call: row.try_get("o_call")?,
            o_version: row.try_get("o_version")?,
            o_fact: row.try_get("o_fact")?,
            o_used: row.try_get("o_used")?,
            o_contact_campaigns: row.try_get("o_contact_campaigns")?,
            o_contact_buyers: row.try_get("o_contact_buyers")?,
            o_connected_at: row.try_get("o_connected_at")?,
            o_converted_at: row.try_get("o_converted_at")?,
            o_buyers: row.try_get("o_buyers")?,
            o_offered: row.try_get("o_offered")?,
            o_answered: row.try_get("o_answered")?,
            o_converted: row.try_get("o_converted")?,
            o_ended_at: row.try_get("o_ended_at")?,
            o_bids: row.try_get("o_bids")?,
            o_auction: row.try_get("o_auction")?,
        })
    }
}

impl PgStore {
    pub(crate) async fn look_at(
        &self,
        tenant: TenantId,
        call: CallId,
        ask: &Ask,
        now: DateTime<Utc>,
    ) -> Result<Look, StoreError> {
        let now = rounded(now)?;
        let mut places = Places::default();
        let numbers = ask.caps.iter().map(|cap| places.number(cap, now));
        let numbers = numbers.collect::<Result<Vec<_>, _>>()?;
        let candidates = ask.activity.iter().flat_map(|(_, candidates)| candidates);
        let targets = ask.bids.iter().flat_map(|wanted| &wanted.targets);
        let row: Row = sqlx::query_as(
            "SELECT * FROM callcore_look_with_auction($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, \
             $12, $13, $14, $15)",
        )
        .bind(tenant.uuid())
        .bind(call.uuid())
        .bind(ask.step.as_ref().map(|step| storable(step.as_str())))
        .bind(self.now(now))
        .bind(places.scopes)
        .bind(places.kinds)
        .bind(places.offsets_secs)
        .bind(places.changes_at)
        .bind(places.changed_secs)
        .bind(ask.caller.as_ref().map(PhoneNumber::as_str))
        .bind(ask.activity.as_ref().map(|(campaign, _)| campaign.uuid()))
        .bind(candidates.map(|candidate| candidate.uuid()).collect::<Vec<_>>())
        .bind(ask.bids.as_ref().map(|wanted| wanted.caller.as_str()))
        .bind(targets.map(|target| target.uuid()).collect::<Vec<_>>())
        .bind(ask.bids.as_ref().map(|wanted| wanted.campaign.uuid()))
        .fetch_one(self.calls_pool()?)
        .await
        .map_err(failed)?;
        row.look(ask, &numbers)
    }
}

impl Row {
    fn look(self, ask: &Ask, numbers: &[i32]) -> Result<Look, StoreError> {
        let call = match (&self.o_call, self.o_version) {
            (Some(document), Some(version)) => Some((parse("call", document)?, count(version)?)),
            _ => None,
        };
        let fact = self.o_fact.as_deref().map(|fact| parse::<Fact>("fact", fact)).transpose()?;
        Ok(Look {
            reply: fact.filter(|_| call.is_some()).map(|fact| fact.directives),
            call,
            usage: self.usage(ask, numbers)?,
            activity: self.activity(ask)?,
            bids: self.bids()?,
            auction: self.o_auction.as_deref().map(|log| parse("auction", log)).transpose()?,
            contacts: self.contacts(),
        })
    }

    fn usage(&self, ask: &Ask, numbers: &[i32]) -> Result<BTreeMap<CapKey, u32>, StoreError> {
        let used = self.o_used.as_deref().unwrap_or_default();
        let usage = ask.caps.iter().zip(numbers).map(|(cap, number)| {
            let place = usize::try_from(*number - 1).ok().and_then(|index| used.get(index));
            let used = place.and_then(|used| u32::try_from(*used).ok());
            Ok((cap.key, used.ok_or_else(|| StoreError::corrupt("usage", "a cap is missing"))?))
        });
        usage.collect()
    }

    fn bids(&self) -> Result<BTreeMap<TargetId, EarlierBid>, StoreError> {
        let rows = self.o_bids.iter().flatten();
        let responses = rows.map(|row| parse::<BidResponseRecord>("bid response", row));
        let earlier = |row: BidResponseRecord| {
            let (bid, made_at) = (row.offer?, row.opened_at);
            Some((row.target, EarlierBid { bid, made_at }))
        };
        let offers = responses.map(|row| row.map(earlier));
        offers.filter_map(Result::transpose).collect()
    }

    /// What candidates did in a campaign, and when any campaign last kept them busy.
    fn activity(&self, ask: &Ask) -> Result<BTreeMap<CandidateId, Activity>, StoreError> {
        let asked = ask.activity.iter().flat_map(|(_, candidates)| candidates);
        let mut activity: BTreeMap<_, _> =
            asked.map(|candidate| (*candidate, Activity::default())).collect();
        let candidates = self.o_buyers.iter().flatten();
        let counts = [&self.o_offered, &self.o_answered, &self.o_converted]
            .map(|column| column.as_deref().unwrap_or_default());
        let ended_at = self.o_ended_at.as_deref().unwrap_or_default();
        for (index, candidate) in candidates.enumerate() {
            let [offered, answered, converted] =
                counts.map(|column| column.get(index).copied().unwrap_or_default());
            let known = Activity {
                offered: count(offered)?,
                answered: count(answered)?,
                converted: count(converted)?,
                last_ended_at: ended_at.get(index).copied().flatten(),
            };
            activity.insert(CandidateId::from_uuid(*candidate), known);
        }
        Ok(activity)
    }

    fn contacts(self) -> Vec<Contact> {
        let columns = (
            self.o_contact_campaigns.unwrap_or_default(),
            self.o_contact_buyers.unwrap_or_default(),
            self.o_connected_at.unwrap_or_default(),
            self.o_converted_at.unwrap_or_default(),
        );
        let rows = columns.0.into_iter().zip(columns.1).zip(columns.2).zip(columns.3);
        let contact = |(((campaign, buyer), connected_at), converted_at)| Contact {
            campaign: CampaignId::from_uuid(campaign),
            buyer: BuyerId::from_uuid(buyer),
            connected_at,
            converted_at,
        };
        rows.map(contact).collect()
    }
}
