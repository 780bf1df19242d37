//! The sender by itself, on a store in memory and on time that nobody waits for: whose deliveries wait
//! for whose, what is noted when, and what is never sent.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use callcore::call::{Delivery, Payload, StepKey};
use callcore::memory::{MemoryStore, Offline};
use callcore::port::{
    Calls as _, Clock, DeliveryRecord, DeliveryStatus, Due, Egress, Http, HttpError, HttpRequest,
    HttpResponse, Lane, Outbox, Save, Settlement, StoreError, Wanted,
};
use callcore::vocabulary::{CallId, TenantId};
use callcore_server::outbox::Sender;
use callcore_server::start;
use callcore_server::state::{App, Stores};
use callcore_testkit::ManualClock;
use callcore_testkit::fixtures::{call, call_id, delivery, noon, recall, requests, save, tenant};
use chrono::{DateTime, TimeDelta, Utc};
use tempfile::TempDir;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::office::{PATIENCE, settings};

/// Everybody whom a request is sent to, of whom some never answer.
#[derive(Clone, Debug)]
struct Receivers {
    asked: Arc<Mutex<BTreeMap<TenantId, usize>>>,
    silent: Option<TenantId>,
    gate: Arc<Semaphore>,
}

impl Receivers {
    fn new(silent: Option<TenantId>) -> Self {
        Self { asked: Arc::default(), silent, gate: Arc::new(Semaphore::new(0)) }
    }

    fn asked(&self, tenant: TenantId) -> usize {
        self.asked.lock().unwrap().get(&tenant).copied().unwrap_or_default()
    }
}

#[derive(Debug)]
struct Way(Receivers, TenantId);

impl Egress for Receivers {
    fn tenant(&self, tenant: TenantId) -> Arc<dyn Http> {
        Arc::new(Way(self.clone(), tenant))
    }
}

#[async_trait]
impl Http for Way {
    async fn send(&self, _: HttpRequest) -> Result<HttpResponse, HttpError> {
        let Self(receivers, tenant) = self;
        *receivers.asked.lock().unwrap().entry(*tenant).or_default() += 1;
        if receivers.silent == Some(*tenant) {
            receivers.gate.acquire().await.unwrap().forget();
        }
        Ok(HttpResponse { status: 200, headers: Vec::new(), body: Vec::new() })
    }
}

/// An outbox that cannot be written for a while.
#[derive(Debug)]
struct Away {
    inner: Arc<MemoryStore>,
    refusals: AtomicUsize,
}

#[async_trait]
impl Outbox for Away {
    async fn claim(
        &self,
        wanted: &Wanted,
        until: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Vec<Due>, StoreError> {
        self.inner.claim(wanted, until, now).await
    }

    async fn settle(&self, settled: &[Settlement], now: DateTime<Utc>) -> Result<(), StoreError> {
        let one_less = |left: usize| left.checked_sub(1);
        if self.refusals.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less).is_ok() {
            return Err(StoreError::unavailable(std::io::Error::other("away")));
        }
        self.inner.settle(settled, now).await
    }

    async fn forget(
        &self,
        before: DateTime<Utc>,
        most: usize,
        now: DateTime<Utc>,
    ) -> Result<usize, StoreError> {
        self.inner.forget(before, most, now).await
    }

    async fn of_call(
        &self,
        tenant: TenantId,
        call: CallId,
    ) -> Result<Vec<DeliveryRecord>, StoreError> {
        Outbox::of_call(&*self.inner, tenant, call).await
    }
}

struct Room {
    store: Arc<MemoryStore>,
    clock: Arc<ManualClock>,
    receivers: Receivers,
    app: App,
    _folder: TempDir,
}

impl Room {
    fn new(silent: Option<TenantId>, refusals: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (store, clock) = (Arc::new(MemoryStore::default()), ManualClock::new(noon()));
        let (clock, receivers) = (Arc::new(clock), Receivers::new(silent));
        let outbox = Away { inner: Arc::clone(&store), refusals: AtomicUsize::new(refusals) };
        let stores = Stores { outbox: Arc::new(outbox), ..Stores::of(&store) };
        let (config, egress) = (settings(&folder).check().unwrap(), Arc::new(receivers.clone()));
        let app = start::shared(config, stores, clock.clone(), egress, Arc::new(Offline));
        Self { store, clock, receivers, app, _folder: folder }
    }

    /// Saves call `n` of a tenant with these deliveries.
    async fn post(&self, tenant: TenantId, n: u32, outbox: Vec<Delivery>) {
        let saved = save(call(tenant, n), None, &StepKey::voice());
        self.store.save(tenant, Save { outbox, ..saved }).await.unwrap();
        self.app.outbox.ring();
    }

    async fn deliveries(&self, tenant: TenantId, n: u32) -> Vec<DeliveryRecord> {
        Outbox::of_call(&*self.store, tenant, call_id(n)).await.unwrap()
    }

    /// The first delivery of a call, once it is settled.
    async fn settled(&self, tenant: TenantId, n: u32) -> DeliveryRecord {
        self.once(tenant, n, |first| first.status != DeliveryStatus::Waiting).await
    }

    /// The first delivery of a call, once it is so.
    async fn once(
        &self,
        tenant: TenantId,
        n: u32,
        is_so: impl Fn(&DeliveryRecord) -> bool,
    ) -> DeliveryRecord {
        let begun = Instant::now();
        loop {
            let first = self.deliveries(tenant, n).await.remove(0);
            if is_so(&first) {
                return first;
            }
            assert!(begun.elapsed() < 4 * PATIENCE, "{first:?}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_tenant_whose_receiver_hangs_keeps_nobody_waiting() {
    let (hanging, other) = (tenant(1), tenant(2));
    let room = Room::new(Some(hanging), 0);
    room.post(hanging, 1, (100..500).map(delivery).collect()).await;
    let sender = Sender::start(Arc::clone(&room.app));
    room.once(hanging, 1, |first| first.attempts == 1).await;
    room.post(other, 2, vec![delivery(1)]).await;
    room.post(hanging, 3, vec![recall(2)]).await;
    assert_eq!(room.settled(other, 2).await.status, DeliveryStatus::Delivered);
    assert_eq!(room.settled(hanging, 3).await.status, DeliveryStatus::Delivered);
    assert_eq!((room.receivers.asked(hanging), room.receivers.asked(other)), (32, 1));
    // A place that is given back is taken at once.
    room.receivers.gate.add_permits(5);
    room.settled(hanging, 1).await;
    while room.receivers.asked(hanging) < 37 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    sender.stop(Instant::now()).await;
}

#[tokio::test(start_paused = true)]
async fn what_arrived_is_noted_once_the_store_can_be_written_and_not_sent_again() {
    let room = Room::new(None, 12);
    room.post(tenant(1), 1, vec![delivery(1)]).await;
    let sender = Sender::start(Arc::clone(&room.app));
    let delivered = room.settled(tenant(1), 1).await;
    assert_eq!((delivered.status, delivered.attempts), (DeliveryStatus::Delivered, 1));
    assert_eq!(room.receivers.asked(tenant(1)), 1);
    sender.stop(Instant::now() + PATIENCE).await;
}

#[tokio::test(start_paused = true)]
async fn whoever_stops_begins_nothing_more_and_notes_what_was_under_way() {
    let silent = tenant(1);
    let room = Room::new(Some(silent), 2);
    room.post(silent, 1, vec![delivery(1)]).await;
    let sender = Sender::start(Arc::clone(&room.app));
    room.once(silent, 1, |first| first.attempts == 1).await;
    sender.quiet();
    room.post(tenant(2), 2, vec![delivery(2)]).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    room.receivers.gate.add_permits(1);
    sender.stop(Instant::now() + PATIENCE).await;
    let (begun, not_begun) = (room.settled(silent, 1).await, room.deliveries(tenant(2), 2).await);
    assert_eq!(begun.status, DeliveryStatus::Delivered);
    assert_eq!((not_begun[0].status, not_begun[0].attempts), (DeliveryStatus::Waiting, 0));
}

#[tokio::test(start_paused = true)]
async fn an_address_that_became_too_long_is_given_up_at_once() {
    let room = Room::new(None, 0);
    let long = |bytes: usize| {
        let mut filled = delivery(u32::try_from(bytes).unwrap());
        if let Payload::Http { url, .. } = &mut filled.payload {
            *url = format!("{:x<bytes$}", "https://example.com/");
        }
        filled
    };
    room.post(tenant(1), 1, vec![long(8_193)]).await;
    room.post(tenant(2), 2, vec![long(8_192)]).await;
    let sender = Sender::start(Arc::clone(&room.app));
    let (given_up, sent) = (room.settled(tenant(1), 1).await, room.settled(tenant(2), 2).await);
    assert_eq!((given_up.status, given_up.attempts), (DeliveryStatus::GivenUp, 1));
    let reason = "the address has 8193 bytes once it is filled, at most 8192 are sent";
    assert_eq!(given_up.reason.as_deref(), Some(reason));
    assert_eq!(sent.status, DeliveryStatus::Delivered);
    assert_eq!((room.receivers.asked(tenant(1)), room.receivers.asked(tenant(2))), (0, 1));
    sender.stop(Instant::now() + PATIENCE).await;
}

#[tokio::test(start_paused = true)]
async fn what_was_begun_too_often_is_given_up() {
    let room = Room::new(None, 0);
    room.post(tenant(1), 1, vec![delivery(1)]).await;
    // Twice for its retries, and ten times more.
    for _ in 0..12 {
        let claimed = room.store.claim(&requests(1), noon(), noon()).await.unwrap();
        assert_eq!(claimed.len(), 1);
    }
    let sender = Sender::start(Arc::clone(&room.app));
    let given_up = room.settled(tenant(1), 1).await;
    assert_eq!((given_up.status, given_up.attempts), (DeliveryStatus::GivenUp, 13));
    assert_eq!(room.receivers.asked(tenant(1)), 0);
    sender.stop(Instant::now() + PATIENCE).await;
}

/// However often it was claimed, a recall waits for as long as the carrier is given.
#[tokio::test(start_paused = true)]
async fn a_recall_whose_first_try_was_never_noted_comes_no_earlier() {
    let room = Room::new(None, 0);
    let mut watch = recall(1);
    if let Payload::Recall { after_secs, .. } = &mut watch.payload {
        *after_secs = 50;
    }
    watch.retries = 5;
    room.post(tenant(1), 1, vec![watch]).await;
    let acts = Wanted { lane: Lane::Carrier, ..requests(1) };
    assert_eq!(room.store.claim(&acts, noon(), noon()).await.unwrap().len(), 1);
    room.clock.advance(Duration::from_secs(10));
    let sender = Sender::start(Arc::clone(&room.app));
    let waits =
        room.once(tenant(1), 1, |first| first.attempts == 2 && first.reason.is_some()).await;
    assert_eq!(waits.status, DeliveryStatus::Waiting);
    assert_eq!(waits.reason.as_deref(), Some("the call may go on by itself before"));
    room.clock.advance(Duration::from_millis(39_900));
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(room.deliveries(tenant(1), 1).await[0].attempts, 2);
    room.clock.advance(Duration::from_millis(100));
    let done = room.settled(tenant(1), 1).await;
    assert_eq!((done.status, done.attempts), (DeliveryStatus::Delivered, 3));
    assert_eq!(room.clock.now(), noon() + TimeDelta::seconds(50));
    sender.stop(Instant::now() + PATIENCE).await;
}
