//! The reference adapter is the executable specification, so both stores answer the same to any
//! sequence of acts.

use std::fmt::Debug;
use std::time::Duration;

use callcore::auction::{Purpose, Verdict};
use callcore::call::{Attempt, AttemptTarget, Call, Growth, StepKey, Tally};
use callcore::memory::MemoryStore;
use callcore::model::{Assignment, Campaign, CampaignStatus, Kind, Object, TargetAssignment};
use callcore::port::{
    Ask, AuctionFilter, AuctionRecord, Auctions, CallFilter, Calls, Capacity, Directory, Due,
    EarlierBids, FlowFilter, FlowStage, Flows, Held, Lane, Outbox, PinnedFlow, Registry, Release,
    Reserved, Save, Settlement, SystemStore, Tried, Wanted,
};
use callcore::routing::{Cap, Claim};
use callcore::schedule::CapWindow;
use callcore::vocabulary::{CallId, Cursor, Destination, PageRequest, PhoneNumber, Seed, TenantId};
use callcore_store_sqlite::SqliteStore;
use callcore_testkit::fixtures::{
    attempt, auction, bid, buyer, buyer_cap, buyer_id, call, call_id, caller, campaign,
    campaign_id, campaign_on, candidate_id, claim, considered, contact, delivery, draft, exchange,
    flow, flow_id, flow_naming, in_flow, noon, number, number_id, over, phone, reservation, router,
    router_id, save, target, target_cap, target_claim, target_id, template, tenant,
};
use chrono::{DateTime, TimeDelta, Utc};

const SEQUENCES: u32 = 12;
const ACTS: u32 = 400;

/// Everything that the acts need of a store.
trait Store: Auctions + Calls + Capacity + Directory + Flows + Outbox + Registry + SystemStore {}
impl<T> Store for T where
    T: Auctions + Calls + Capacity + Directory + Flows + Outbox + Registry + SystemStore
{
}

/// Chance that is the same for both stores.
struct Chance(Seed, u128);

impl Chance {
    fn below(&mut self, bound: u32) -> u32 {
        self.1 += 1;
        let drawn = Seed::of_rank(self.0.rank(&self.1.to_be_bytes())).below(bound.into());
        u32::try_from(drawn).expect("it is below a u32")
    }

    fn window(&mut self) -> CapWindow {
        use CapWindow::{Concurrent, Daily, Hourly, Monthly, Total};
        [Concurrent, Concurrent, Hourly, Daily, Monthly, Total][self.below(6) as usize]
    }

    /// Caps of different keys, as a plan makes them.
    fn caps(&mut self) -> Vec<Cap> {
        let mut caps: Vec<Cap> = (0..self.below(4))
            .map(|_| match self.below(3) {
                0 => target_cap(self.below(3), self.window(), self.below(4)),
                _ => buyer_cap(self.below(3), self.window(), self.below(4)),
            })
            .collect();
        caps.sort_by_key(|cap| cap.key);
        caps.dedup_by_key(|cap| cap.key);
        caps
    }

    fn claims(&mut self) -> Vec<Claim> {
        let of = |chance: &mut Self, n| match chance.below(3) {
            0 => target_claim(n, chance.caps()),
            _ => claim(n, chance.caps()),
        };
        (0..=self.below(3)).map(|n| of(self, n)).collect()
    }

    fn page(&mut self, now: DateTime<Utc>) -> PageRequest {
        let created_at = now - Duration::from_secs(self.below(3_000).into());
        let cursor = Cursor { created_at, id: call_id(self.below(8)).uuid() };
        let after = (self.below(2) == 0).then_some(cursor);
        PageRequest { limit: self.below(4) as usize, after }
    }
}

/// What was granted and saved so far, as a caller knows it.
#[derive(Default)]
struct Known {
    held: Vec<(u32, u32, Held)>,
    steps: u32,
}

/// One act on a store. The answer is text, in which only errors of the ports appear.
async fn act(
    store: &dyn Store,
    chance: &mut Chance,
    known: &mut Known,
    now: DateTime<Utc>,
) -> String {
    let (tenant, n) = (tenant(chance.below(2)), chance.below(8));
    let id = call_id(n);
    match chance.below(33) {
        0..=2 => {
            let wanted = reservation(id, chance.below(3), chance.claims());
            let attempt = wanted.attempt;
            let reserved = Capacity::reserve(store, tenant, wanted, now).await;
            if let Ok(Reserved::Held(held)) = &reserved {
                known.held.push((n, attempt, held.clone()));
            }
            show(reserved)
        }
        3 => {
            let release = |chance: &mut Chance| Release {
                attempt: chance.below(3),
                refund: chance.below(2) == 0,
            };
            let releases = [release(chance), release(chance)];
            show(store.release(tenant, id, &releases, now).await)
        }
        4 => {
            let releases = [0, 1, 2].map(|attempt| Release { attempt, refund: false });
            let mut wanted = reservation(id, chance.below(3), chance.claims());
            wanted.releases = releases.into();
            show(Capacity::reserve(store, tenant, wanted, now).await)
        }
        5 => show(store.sweep(now).await),
        6 => show((store.held(tenant, now).await, SystemStore::call(store, id).await)),
        7 | 8 => {
            let written = next_save(store, chance, known, (tenant, n), now).await;
            show(store.save(tenant, written).await)
        }
        9 => {
            let ask = Ask {
                step: Some(step(chance.below(known.steps + 1))),
                caps: chance.caps(),
                caller: Some(phone(chance.below(2))),
                bids: Some(EarlierBids {
                    campaign: campaign_id(chance.below(2)),
                    caller: caller_number(chance.below(3)),
                    targets: vec![target_id(0), target_id(2)],
                }),
                activity: Some((
                    campaign_id(chance.below(2)),
                    vec![candidate_id(0), target_id(2).into()],
                )),
            };
            show((store.look(tenant, id, &ask, now).await, Calls::read(store, tenant, id).await))
        }
        10 => list_calls(store, chance, (tenant, id), now).await,
        11 => {
            let until = now + Duration::from_secs(chance.below(300).into());
            let step = step(chance.below(known.steps + 2));
            // The carrier delivers twice.
            let first = store.begin(tenant, id, &step, until, now).await;
            show((first, store.begin(tenant, id, &step, until, now).await))
        }
        12 => list_auctions(store, chance, (tenant, id), now).await,
        13..=15 => flows(store, chance, tenant, now).await,
        16 | 17 => outbox(store, chance, (tenant, id), now).await,
        _ => configure(store, chance, tenant, now).await,
    }
}

async fn flows(
    store: &dyn Store,
    chance: &mut Chance,
    tenant: TenantId,
    now: DateTime<Utc>,
) -> String {
    let (flow, version) = (flow_id(chance.below(2)), chance.below(4));
    let object = draft(flow_naming(chance.below(9), &[chance.below(3)], &[chance.below(3)]));
    let drafted = match chance.below(3) {
        0 => store.create(tenant, flow.uuid(), object, now).await,
        _ => store.replace(tenant, flow.uuid(), (1 + chance.below(3)).into(), object, now).await,
    };
    let newest = drafted.as_ref().map_or(1, |row| row.version);
    let published = store.publish(tenant, flow, newest, now).await;
    let pinned = PinnedFlow { flow, version };
    let campaign = campaign_id(chance.below(3));
    let stowed = match chance.below(4) {
        0 => store.archive(tenant, flow, now).await,
        _ => store.restore(tenant, flow).await,
    };
    let page = PageRequest { limit: 1 + chance.below(3) as usize, after: None };
    let stages =
        [None, Some(FlowStage::Draft), Some(FlowStage::Published), Some(FlowStage::Archived)];
    let stage = stages[chance.below(4) as usize];
    show((
        (drafted, published, stowed),
        (store.newest(tenant, flow).await, store.versions(tenant, flow, Some(version), 2).await),
        (store.record(tenant, flow).await, store.records(tenant, stage, page).await),
        store.version(tenant, flow, version).await,
        store.source(tenant, campaign, Some(pinned)).await,
        store.revision(tenant),
    ))
}

async fn outbox(
    store: &dyn Store,
    chance: &mut Chance,
    (tenant, id): (TenantId, CallId),
    now: DateTime<Utc>,
) -> String {
    let later = now + Duration::from_secs(chance.below(300).into());
    let lane = if chance.below(2) == 0 { Lane::Carrier } else { Lane::Tenants };
    let (most, most_of_one) = (chance.below(4) as usize, chance.below(3) as usize);
    let underway = [(tenant, chance.below(2) as usize)].into();
    let wanted = Wanted { lane, most, most_of_one, underway };
    let claimed = store.claim(&wanted, later, now).await;
    let tried = match chance.below(4) {
        0 => Tried::Delivered,
        1 => Tried::GivenUp { reason: "gone".into() },
        _ => Tried::Again { at: later, reason: "busy".into() },
    };
    let due = match claimed.as_deref() {
        Ok([.., due]) if chance.below(2) == 0 => due.clone(),
        _ => Due {
            tenant,
            call: id,
            delivery: delivery(chance.below(20)),
            attempt: chance.below(4),
            age: TimeDelta::zero(),
        },
    };
    let settled = store.settle(&[Settlement { due, tried }], now).await;
    let before = now - Duration::from_secs(chance.below(900).into());
    let forgotten = store.forget(before, chance.below(3) as usize, now).await;
    show((claimed, settled, forgotten, Outbox::of_call(store, tenant, id).await))
}

async fn list_calls(
    store: &dyn Store,
    chance: &mut Chance,
    (tenant, id): (TenantId, CallId),
    now: DateTime<Utc>,
) -> String {
    let filter = CallFilter {
        campaign: (chance.below(3) == 0).then(|| campaign_id(1)),
        buyer: (chance.below(3) == 0).then(|| buyer_id(chance.below(3))),
        flow: match chance.below(4) {
            0 => Some(FlowFilter::Any),
            1 => Some(FlowFilter::Flow(flow_id(chance.below(2)))),
            _ => None,
        },
        from: (chance.below(3) == 0).then(|| now - Duration::from_secs(900)),
        ..CallFilter::default()
    };
    let page = chance.page(now);
    let drawn = store.draw(tenant, id, &chance.below(2).to_string(), now).await;
    show((Calls::list(store, tenant, &filter, page).await, drawn))
}

async fn list_auctions(
    store: &dyn Store,
    chance: &mut Chance,
    (tenant, id): (TenantId, CallId),
    now: DateTime<Utc>,
) -> String {
    let filter = AuctionFilter {
        call: (chance.below(4) == 0).then_some(id),
        campaign: (chance.below(4) == 0).then(|| campaign_id(1)),
        target: (chance.below(3) == 0).then(|| target_id(chance.below(3))),
        verdict: (chance.below(3) == 0).then(|| verdict(chance)),
    };
    let page = chance.page(now);
    let requests = store.requests(tenant, &filter, page).await;
    let responses = store.responses(tenant, &filter, page).await;
    show((requests, responses, Auctions::of_call(store, tenant, id).await))
}

fn caller_number(n: u32) -> PhoneNumber {
    caller(n).number.expect("a caller of this range has a number")
}

fn verdict(chance: &mut Chance) -> Verdict {
    [Verdict::Won, Verdict::Lost, Verdict::NoBid][chance.below(3) as usize]
}

/// One of two auctions of a call, in one of two campaigns.
fn auction_of(chance: &mut Chance, call: &Call, n: u32, now: DateTime<Utc>) -> AuctionRecord {
    let call = &Call { campaign: campaign_id(chance.below(2)), ..call.clone() };
    let mut record = auction(call, n * 2 + chance.below(2), now);
    for n in 0..3 {
        let expires_at =
            (chance.below(4) > 0).then(|| now + Duration::from_secs(chance.below(60_000).into()));
        let offer = (chance.below(2) == 0).then(|| bid(1 + chance.below(9), expires_at));
        if chance.below(3) > 0 {
            record = considered(record, call, n, verdict(chance), offer);
        }
    }
    let targets = record.responses.iter().map(|response| response.target);
    for n in (0..3).filter(|n| targets.clone().any(|target| target == target_id(*n))) {
        let answer = ["{}", "no"].get(n as usize).copied();
        let purpose = [Purpose::Bid, Purpose::Confirm][n as usize % 2];
        record.exchanges.push(exchange(n, purpose, answer));
    }
    record
}

fn step(n: u32) -> StepKey {
    StepKey::dial_result(n)
}

/// A save of a call from the state that the store shows, mostly with the right version.
async fn next_save(
    store: &dyn Store,
    chance: &mut Chance,
    known: &mut Known,
    (tenant, n): (TenantId, u32),
    now: DateTime<Utc>,
) -> Save {
    let look = store.look(tenant, call_id(n), &Ask::default(), now).await;
    let (mut written, expected) = match look.expect("the store answers").call {
        Some((call, version)) => (call, Some(version + u64::from(chance.below(6) == 0))),
        None => (Call { started_at: now, ..call(tenant, n) }, None),
    };
    for (_, made, held) in known.held.iter().filter(|(owner, ..)| *owner == n) {
        if chance.below(2) == 0 && written.attempts.iter().all(|known| known.attempt != *made) {
            written.attempts.push(attempt(*made, held));
        }
    }
    if chance.below(6) == 0 {
        let destination = Destination::Number(phone(9));
        written.attempts.push(Attempt::dialled(2, AttemptTarget::NoRoute, destination, now));
    }
    if chance.below(5) == 0 {
        written = over(written, now);
    }
    known.steps += chance.below(4).min(1);
    let (campaign, buyer) = (campaign_id(chance.below(2)), buyer_id(chance.below(3)));
    let candidate = match chance.below(2) {
        0 => buyer.into(),
        _ => target_id(chance.below(3)).into(),
    };
    let ended_at = (chance.below(2) == 0).then_some(now);
    let growth = Growth {
        tallies: vec![Tally {
            campaign,
            candidate,
            offered: 1,
            answered: 1,
            converted: 0,
            ended_at,
        }],
        caller: Some(phone(chance.below(2))),
        contacts: vec![contact(campaign, buyer, now)],
    };
    let auction = (chance.below(2) == 0).then(|| auction_of(chance, &written, n, now));
    if chance.below(5) == 0 {
        written.flow = Some(in_flow(chance.below(2), 1));
    }
    let outbox = (0..chance.below(3)).map(|_| delivery(chance.below(20))).collect();
    let mut saved = save(written, expected, &step(known.steps));
    saved.fact.at = now;
    Save { growth, auction, outbox, ..saved }
}

async fn configure(
    store: &dyn Store,
    chance: &mut Chance,
    tenant: TenantId,
    now: DateTime<Utc>,
) -> String {
    let n = chance.below(3);
    let status = match chance.below(4) {
        0 | 1 => CampaignStatus::Active,
        2 => CampaignStatus::Paused,
        _ => CampaignStatus::Completed,
    };
    let (id, object): (_, Object) = match chance.below(15) {
        0 => (number_id(n).uuid(), number(chance.below(3)).into()),
        1 => (buyer_id(n).uuid(), buyer(n).into()),
        2 => (campaign_id(n).uuid(), campaign(n).into()),
        3 => (target_id(n).uuid(), target(n).into()),
        4 => {
            let named = [chance.below(3), 3, chance.below(3) + 4];
            let named = &named[..chance.below(2) as usize];
            (router_id(n).uuid(), router(n, named.iter().copied()).into())
        }
        5 => {
            let named = Some(router_id(chance.below(3)));
            let naming = Campaign { rtb_router_id: named, ..campaign(n) };
            (campaign_id(n).uuid(), naming.into())
        }
        6 => (flow_id(n).uuid(), draft(flow(n))),
        7 => (flow_id(n).uuid(), template(flow(n))),
        8 => {
            let named = Some(flow_id(chance.below(3)));
            (campaign_id(n).uuid(), Campaign { flow_id: named, ..campaign(n) }.into())
        }
        _ => (campaign_id(n).uuid(), campaign_on(number_id(chance.below(2)), n, status).into()),
    };
    let kind = object.kind();
    let (campaign, buyer) = (campaign_id(chance.below(3)), buyer_id(chance.below(3)));
    let target = target_id(chance.below(3));
    let done = match chance.below(11) {
        0..=2 => show(store.create(tenant, id, object, now).await),
        3 => show(store.replace(tenant, id, chance.below(3).into(), object, now).await),
        4 => show(store.delete(tenant, kind, id).await),
        5 | 6 => show(store.assign(tenant, campaign, buyer, Assignment::default(), now).await),
        7 => show(store.unassign(tenant, campaign, buyer).await),
        8 | 9 => {
            let assignment = TargetAssignment::default();
            show(store.assign_target(tenant, campaign, target, assignment, now).await)
        }
        _ => show(store.unassign_target(tenant, campaign, target).await),
    };
    let kind = Kind::ALL[chance.below(7) as usize];
    let seen = (
        Registry::list(store, tenant, kind, PageRequest::LARGEST).await,
        (
            store.source(tenant, campaign, None).await,
            store.target_assignments(tenant, campaign).await,
        ),
        SystemStore::number(store, &phone(chance.below(3))).await,
        (store.revision(tenant), store.numbers_revision()),
    );
    done + &show(seen)
}

fn show(value: impl Debug) -> String {
    format!("{value:?}")
}

#[tokio::test]
async fn both_stores_answer_the_same() {
    let mut answers = String::new();
    for sequence in 0..SEQUENCES {
        let directory = tempfile::tempdir().unwrap();
        let sqlite = SqliteStore::open(&directory.path().join("callcore.db")).await.unwrap();
        let memory = MemoryStore::new();
        let seed = Seed::of_key(&sequence.to_string());
        let mut chances = [Chance(seed, 0), Chance(seed, 0)];
        let mut known = [Known::default(), Known::default()];
        let mut now = noon();
        for n in 0..ACTS {
            let expected = act(&memory, &mut chances[0], &mut known[0], now).await;
            let actual = act(&sqlite, &mut chances[1], &mut known[1], now).await;
            assert_eq!(actual, expected, "act {n} of sequence {sequence} at {now}");
            answers += &actual;
            now += Duration::from_secs(chances[0].below(120).into());
            chances[1].below(120);
            if n % 40 == 39 {
                now += Duration::from_secs(3_000);
            }
        }
    }
    // Agreement proves little where nothing happened.
    for answer in [
        "Held(",
        "Full {",
        "CallEnded",
        "Err(Conflict)",
        "expired: 1",
        "orphaned: 1",
        "reply: Some",
        "VersionConflict",
        "NotFound(",
        "NumberUnavailable",
        "NumberInUse(",
        "InUse([",
        "UnknownReference { path: \"/rtbRouterId\"",
        "UnknownReference { path: \"/assignments/0/targetId\"",
        "UnknownReference { path: \"/flowId\"",
        "FlowVersion { number: 2",
        "FlowVersionSummary { number: 1",
        "FlowArchived",
        "flow: Some(FlowSource {",
        "Due {",
        "attempt: 2, age",
        "DeliveryRecord {",
        "GivenUp",
        "flow: Some(FlowSession {",
        "kind: Router",
        "router: Some",
        "AssignedTarget {",
        "Fresh",
        "Busy {",
        "Stored(",
        "bids: {TargetId",
        "auction: Some",
        "AuctionRecord {",
        "BidResponseRecord {",
        "purpose: Confirm",
    ] {
        assert!(answers.contains(answer), "{answer} was never answered");
    }
}
