//! Lists of objects.

use callcore::model::{CampaignStatus, Kind};
use callcore::vocabulary::{Cursor, PageRequest};
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::Harness;
use crate::fixtures::{
    buyer, buyer_id, campaign_id, flow, flow_id, noon, router_id, target_id, template,
};
use crate::suite::kit::Kit;

impl Kit {
    async fn create_buyer_at(&self, n: u32, now: DateTime<Utc>) {
        self.try_create(buyer_id(n).uuid(), buyer(n), now).await.expect("nothing forbids it");
    }

    async fn list(&self, kind: Kind, page: PageRequest) -> (Vec<Uuid>, Option<Cursor>) {
        let listed = self.registry.list(self.tenant, kind, page).await.expect("the store answers");
        (listed.items.iter().map(|row| row.id).collect(), listed.next)
    }
}

fn ids(numbers: impl IntoIterator<Item = u32>) -> Vec<Uuid> {
    numbers.into_iter().map(|n| buyer_id(n).uuid()).collect()
}

/// **Ordering**: newest first, by creation and then by id, both descending. A later write does not
/// move an object.
pub async fn a_list_is_newest_first(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let later = noon() + TimeDelta::microseconds(1);
    kit.create_buyer_at(2, noon()).await;
    kit.create_buyer_at(1, later).await;
    kit.create_buyer_at(4, noon()).await;
    kit.create_buyer_at(3, noon()).await;
    let oldest = kit.read(Kind::Buyer, buyer_id(2).uuid()).await.expect("it was created");
    let much_later = noon() + TimeDelta::hours(1);
    kit.try_replace(&oldest, buyer(9), much_later).await.expect("the version is right");
    let (found, next) = kit.list(Kind::Buyer, PageRequest::default()).await;
    assert_eq!(found, ids([1, 4, 3, 2]));
    assert_eq!(next, None);
}

/// A list holds whole rows of one kind of one tenant, and nothing else.
pub async fn a_list_holds_one_kind_of_one_tenant(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let stored = kit.buyer(1).await;
    kit.number(1).await;
    kit.campaign_on(1, 1, CampaignStatus::Draft).await;
    kit.as_tenant(2).buyer(2).await;
    for n in [1, 2] {
        kit.target(n).await;
        kit.router(n, &[n]).await;
        kit.flow(n).await;
        kit.create(flow_id(n + 2).uuid(), template(flow(n))).await;
    }
    let page = kit.registry.list(kit.tenant, Kind::Buyer, PageRequest::default()).await;
    assert_eq!(page.expect("the store answers").items, [stored]);
    let (campaigns, _) = kit.list(Kind::Campaign, PageRequest::default()).await;
    assert_eq!(campaigns, [campaign_id(1).uuid()]);
    let (targets, _) = kit.list(Kind::Target, PageRequest::default()).await;
    assert_eq!(targets, [2, 1].map(|n| target_id(n).uuid()));
    let (routers, _) = kit.list(Kind::Router, PageRequest::default()).await;
    assert_eq!(routers, [2, 1].map(|n| router_id(n).uuid()));
    let (flows, _) = kit.list(Kind::Flow, PageRequest::default()).await;
    assert_eq!(flows, [2, 1].map(|n| flow_id(n).uuid()));
    let (templates, _) = kit.list(Kind::FlowTemplate, PageRequest::default()).await;
    assert_eq!(templates, [4, 3].map(|n| flow_id(n).uuid()));
    let (foreign, next) = kit.as_tenant(3).list(Kind::Buyer, PageRequest::default()).await;
    assert_eq!((foreign, next), (Vec::new(), None));
}

/// A page says that there is another one exactly where there is.
pub async fn a_full_last_page_has_no_next(harness: &impl Harness) {
    let kit = Kit::of(harness);
    for n in 1..=4 {
        kit.create_buyer_at(n, noon()).await;
    }
    let (first, next) = kit.list(Kind::Buyer, PageRequest { limit: 2, after: None }).await;
    assert_eq!(first, ids([4, 3]));
    let (second, end) = kit.list(Kind::Buyer, PageRequest { limit: 2, after: next }).await;
    assert_eq!(second, ids([2, 1]));
    assert_eq!(end, None);
}

/// **Ordering**: following the cursors meets every object that exists throughout exactly once, also
/// where objects come and go meanwhile and many have the same instant.
pub async fn following_the_cursors_meets_every_object_once(harness: &impl Harness) {
    let kit = Kit::of(harness);
    for n in 1..=20 {
        let instant = noon() + TimeDelta::microseconds(i64::from(n / 7));
        kit.create_buyer_at(n, instant).await;
    }
    let mut met = Vec::new();
    let mut page = PageRequest { limit: 3, after: None };
    for round in 0..20 {
        let (found, next) = kit.list(Kind::Buyer, page).await;
        assert!(found.len() <= 3, "a page keeps to its limit");
        met.extend(found);
        page.after = next;
        if next.is_none() {
            break;
        }
        // The cursor survives the wire and the loss of the object that it stands on.
        page.after = next.map(|cursor| cursor.to_string().parse().expect("a cursor"));
        let last = met.last().copied().expect("a page with a next one is not empty");
        if round % 2 == 0 {
            kit.delete(Kind::Buyer, last).await.expect("nothing holds it");
        }
        kit.create_buyer_at(100 + round, noon() + TimeDelta::hours(1)).await;
    }
    assert_eq!(page.after, None, "the walk comes to its end");
    assert_eq!(met, ids((1..=20).rev()));
}
