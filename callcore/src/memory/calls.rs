//! Calls, their journals and the counters beside them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::auctions::merged;
use super::{MemoryStore, micros};
use crate::auction::{AuctionLog, Bid};
use crate::call::{Call, Contact, Directive, Fact, Growth, Passage, StepKey};
use crate::port::{
    Ask, AuctionRecord, Begun, CallFilter, Calls, EarlierBid, EarlierBids, FlowFilter, Journey,
    Look, PassageFilter, Save, SaveError, StoreError,
};
use crate::routing::{Activity, Decision};
use crate::vocabulary::{
    AuctionId, BuyerId, CallId, CampaignId, CandidateId, Cursor, Page, PageRequest, PhoneNumber,
    TargetId, TenantId,
};

/// The calls of one tenant, with what they leave behind.
#[derive(Debug, Default)]
pub(super) struct Book {
    entries: BTreeMap<CallId, Entry>,
    /// The order of lists.
    by_start: BTreeSet<(DateTime<Utc>, CallId)>,
    rotations: HashMap<String, Rotation>,
    activity: BTreeMap<(CampaignId, CandidateId), Activity>,
    last_ended_at: BTreeMap<CandidateId, DateTime<Utc>>,
    contacts: HashMap<PhoneNumber, BTreeMap<(CampaignId, BuyerId), Contact>>,
    /// Until when somebody works on a step of a call.
    begun: HashMap<CallId, HashMap<StepKey, DateTime<Utc>>>,
    pub(super) auctions: BTreeMap<AuctionId, AuctionRecord>,
}

#[derive(Debug)]
struct Entry {
    call: Call,
    version: u64,
    facts: Vec<Fact>,
    decisions: Vec<(StepKey, Decision)>,
}

/// Who drew which turn: as many as there are drawers, so the next one is their number.
#[derive(Debug, Default)]
struct Rotation(HashMap<CallId, u64>);

impl Entry {
    fn reply(&self, step: &StepKey) -> Option<&Vec<Directive>> {
        self.facts.iter().find(|fact| fact.step == *step).map(|fact| &fact.directives)
    }
}

impl Book {
    pub(super) fn call(&self, call: CallId) -> Option<&Call> {
        self.entries.get(&call).map(|entry| &entry.call)
    }

    fn draw(&mut self, call: CallId, rotation: &str) -> u64 {
        let drawn = &mut self.rotations.entry(rotation.to_owned()).or_default().0;
        let next = drawn.len() as u64;
        *drawn.entry(call).or_insert(next)
    }

    fn save(&mut self, save: Save) -> Result<(), SaveError> {
        let Save { call, expected, fact, decision, growth, releases: _, auction, outbox: _ } = save;
        let known = self.entries.get_mut(&call.id);
        if known.as_ref().map(|entry| entry.version) != expected
            || known.as_ref().is_some_and(|entry| entry.reply(&fact.step).is_some())
        {
            return Err(SaveError::Conflict);
        }
        let decision = decision.map(|decision| (fact.step.clone(), decision));
        let (id, start) = (call.id, micros(call.started_at));
        if let Some(entry) = known {
            self.by_start.remove(&(micros(entry.call.started_at), id));
            entry.call = call;
            entry.version += 1;
            entry.facts.push(fact);
            entry.decisions.extend(decision);
        } else {
            let decisions = Vec::from_iter(decision);
            self.entries.insert(id, Entry { call, version: 1, facts: vec![fact], decisions });
        }
        self.by_start.insert((start, id));
        self.grow(growth);
        if let Some(auction) = auction {
            let known = self.auctions.remove(&auction.request.id);
            self.auctions.insert(auction.request.id, merged(auction, known));
        }
        Ok(())
    }

    fn begin(
        &mut self,
        call: CallId,
        step: &StepKey,
        until: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Begun {
        if let Some(reply) = self.entries.get(&call).and_then(|entry| entry.reply(step)) {
            return Begun::Stored(reply.clone());
        }
        let begun = self.begun.entry(call).or_default();
        let busy = begun.entry(step.clone()).or_insert(now);
        if *busy > now {
            return Begun::Busy { until: *busy };
        }
        *busy = until;
        Begun::Fresh
    }

    /// Whether somebody works on a step of a call.
    pub(super) fn is_begun(&self, call: CallId, now: DateTime<Utc>) -> bool {
        self.begun.get(&call).is_some_and(|steps| steps.values().any(|until| *until > now))
    }

    /// The newest bid of each of these targets on a caller in a campaign, if it still holds.
    fn live_bids(
        &self,
        wanted: &EarlierBids,
        now: DateTime<Utc>,
    ) -> BTreeMap<TargetId, EarlierBid> {
        let EarlierBids { campaign, caller, targets } = wanted;
        let fits = |one: &&AuctionRecord| {
            one.request.campaign == *campaign && one.caller.as_ref() == Some(caller)
        };
        let mut own: Vec<_> = self.auctions.values().filter(fits).collect();
        own.sort_by_key(|one| (one.request.opened_at, one.request.id));
        let mut newest = BTreeMap::new();
        for response in own.into_iter().flat_map(|one| &one.responses) {
            if let Some(offer) = &response.offer {
                newest.insert(response.target, (offer, response.opened_at));
            }
        }
        // Only what holds is copied: a caller who calls all day has many bids that do not.
        let holds = |bid: &Bid| bid.expires_at.is_some_and(|until| until > now);
        newest.retain(|target, (bid, _)| targets.contains(target) && holds(bid));
        let copied = |(bid, made_at): (&Bid, _)| EarlierBid { bid: bid.clone(), made_at };
        newest.into_iter().map(|(target, one)| (target, copied(one))).collect()
    }

    /// The log of a call's newest auction.
    fn auction_of(&self, call: CallId) -> Option<AuctionLog> {
        let own = self.auctions.values().filter(|one| one.request.call == call);
        let newest = own.max_by_key(|one| (one.request.opened_at, one.request.id));
        newest.map(|one| one.log.clone())
    }

    fn grow(&mut self, growth: Growth) {
        for tally in growth.tallies {
            let activity = self.activity.entry((tally.campaign, tally.candidate)).or_default();
            activity.offered += u64::from(tally.offered);
            activity.answered += u64::from(tally.answered);
            activity.converted = activity.converted.saturating_add_signed(tally.converted.into());
            if let Some(ended_at) = tally.ended_at.map(micros) {
                let last = self.last_ended_at.entry(tally.candidate).or_insert(ended_at);
                *last = ended_at.max(*last);
            }
        }
        let Some(caller) = growth.caller.filter(|_| !growth.contacts.is_empty()) else { return };
        let contacts = self.contacts.entry(caller).or_default();
        for new in growth.contacts {
            let connected_at = new.connected_at.map(micros);
            let converted_at = new.converted_at.map(micros);
            contacts
                .entry((new.campaign, new.buyer))
                .and_modify(|known| {
                    known.connected_at = known.connected_at.max(connected_at);
                    known.converted_at = known.converted_at.max(converted_at);
                })
                .or_insert(Contact { connected_at, converted_at, ..new });
        }
    }

    /// What candidates did in a campaign, and when any campaign last kept them busy.
    fn activity(
        &self,
        campaign: CampaignId,
        candidates: &[CandidateId],
    ) -> BTreeMap<CandidateId, Activity> {
        let of = |candidate: &CandidateId| Activity {
            last_ended_at: self.last_ended_at.get(candidate).copied(),
            ..self.activity.get(&(campaign, *candidate)).copied().unwrap_or_default()
        };
        candidates.iter().map(|candidate| (*candidate, of(candidate))).collect()
    }

    fn list(&self, filter: &CallFilter, page: PageRequest) -> Page<Call> {
        let after = page.after.map(|after| (after.created_at, CallId::from_uuid(after.id)));
        let end = after.unwrap_or((DateTime::<Utc>::MAX_UTC, CallId::from_uuid(Uuid::max())));
        let calls = self.by_start.range(..end).rev().filter_map(|(_, id)| self.call(*id));
        let calls = calls.filter(|call| fits(call, filter)).take(page.limit + 1);
        Page::from_surplus(calls.cloned().collect(), page.limit, |call| Cursor {
            created_at: micros(call.started_at),
            id: call.id.uuid(),
        })
    }
}

impl Entry {
    /// The call's way through its flow, if it ran one.
    fn passage(&self) -> Option<Passage> {
        let session = self.call.flow.as_ref()?;
        Some(Passage {
            call: self.call.id,
            version: session.version,
            status: session.status,
            started_at: self.call.started_at,
            ended_at: self.call.ended_at,
            runs: self.facts.iter().flat_map(|fact| &fact.nodes).cloned().collect(),
        })
    }
}

fn fits(call: &Call, filter: &CallFilter) -> bool {
    let CallFilter { campaign, buyer, status, from, to, caller, flow, flow_status, tags } = filter;
    let flow_is = |status| call.flow.as_ref().is_some_and(|session| session.status == status);
    campaign.is_none_or(|campaign| call.campaign == campaign)
        && buyer.is_none_or(|buyer| call.buyer() == Some(buyer))
        && status.is_none_or(|status| call.status == status)
        && from.is_none_or(|from| call.started_at >= from)
        && to.is_none_or(|to| call.started_at < to)
        && caller.as_ref().is_none_or(|caller| call.caller.address == *caller)
        && flow.is_none_or(|flow| ran(call, flow))
        && flow_status.is_none_or(flow_is)
        && tags.iter().all(|(name, value)| call.tags.value(name) == Some(value))
}

fn ran(call: &Call, filter: FlowFilter) -> bool {
    call.flow.as_ref().is_some_and(|session| match filter {
        FlowFilter::Any => true,
        FlowFilter::Flow(flow) => session.flow == flow,
    })
}

#[async_trait]
impl Calls for MemoryStore {
    async fn look(
        &self,
        tenant: TenantId,
        call: CallId,
        ask: &Ask,
        now: DateTime<Utc>,
    ) -> Result<Look, StoreError> {
        let (mut state, now) = (self.lock(), micros(now));
        let tenant = state.tenant(tenant);
        let entry = tenant.calls.entries.get(&call);
        let used = |cap| tenant.places.used_by_others(cap, call, now);
        let contacts = ask.caller.as_ref().and_then(|caller| tenant.calls.contacts.get(caller));
        let (activity, bids) = (ask.activity.as_ref(), ask.bids.as_ref());
        Ok(Look {
            call: entry.map(|entry| (entry.call.clone(), entry.version)),
            reply: entry
                .zip(ask.step.as_ref())
                .and_then(|(entry, step)| entry.reply(step).cloned()),
            usage: ask.caps.iter().map(|cap| (cap.key, used(cap))).collect(),
            contacts: contacts.into_iter().flat_map(BTreeMap::values).cloned().collect(),
            activity: activity
                .map(|(campaign, buyers)| tenant.calls.activity(*campaign, buyers))
                .unwrap_or_default(),
            auction: tenant.calls.auction_of(call),
            bids: bids.map(|wanted| tenant.calls.live_bids(wanted, now)).unwrap_or_default(),
        })
    }

    async fn begin(
        &self,
        tenant: TenantId,
        call: CallId,
        step: &StepKey,
        until: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Begun, StoreError> {
        let (until, now) = (micros(until), micros(now));
        Ok(self.lock().tenant(tenant).calls.begin(call, step, until, now))
    }

    async fn draw(
        &self,
        tenant: TenantId,
        call: CallId,
        rotation: &str,
        _now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        Ok(self.lock().tenant(tenant).calls.draw(call, rotation))
    }

    async fn save(&self, tenant: TenantId, mut save: Save) -> Result<(), SaveError> {
        let mut state = self.lock();
        let id = save.call.id;
        // A call is one tenant's for ever, so another tenant's save of it came too late.
        if state.calls.get(&id).is_some_and(|owner| *owner != tenant) {
            return Err(SaveError::Conflict);
        }
        let releases = save.releases.clone();
        let (outbox, now) = (std::mem::take(&mut save.outbox), micros(save.fact.at));
        let book = state.tenant(tenant);
        book.calls.save(save)?;
        book.places.release(id, &releases);
        if let Some(over) = book.calls.call(id).filter(|call| call.is_over()) {
            book.places.close(over);
        }
        state.calls.insert(id, tenant);
        state.post.write(tenant, id, outbox, now);
        Ok(())
    }

    async fn read(&self, tenant: TenantId, call: CallId) -> Result<Option<Journey>, StoreError> {
        let mut state = self.lock();
        Ok(state.tenant(tenant).calls.entries.get(&call).map(|entry| Journey {
            call: entry.call.clone(),
            facts: entry.facts.clone(),
            decisions: entry.decisions.clone(),
        }))
    }

    async fn list(
        &self,
        tenant: TenantId,
        filter: &CallFilter,
        page: PageRequest,
    ) -> Result<Page<Call>, StoreError> {
        Ok(self.lock().tenant(tenant).calls.list(filter, page))
    }

    async fn passages(
        &self,
        tenant: TenantId,
        filter: &PassageFilter,
        page: PageRequest,
    ) -> Result<Page<Passage>, StoreError> {
        let PassageFilter { flow, from, to } = *filter;
        let flow = Some(FlowFilter::Flow(flow));
        let filter = CallFilter { flow, from, to, ..CallFilter::default() };
        let mut state = self.lock();
        let calls = &state.tenant(tenant).calls;
        let Page { items, next } = calls.list(&filter, page);
        let passages = items.iter().filter_map(|call| calls.entries.get(&call.id)?.passage());
        Ok(Page { items: passages.collect(), next })
    }
}
