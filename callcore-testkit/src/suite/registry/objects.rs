//! Creating, reading and replacing one object.

use std::collections::BTreeMap;

use callcore::model::{
    AuctionSettings, Availability, BidRanking, Buyer, Campaign, Caps, Conversion, DuplicateRule,
    DuplicateScope, HttpMethod, Kind, NoRoute, Object, Pricing, Reroute, ResaleSettings,
    RestrictAfter, Router, Strategy, Target, TargetAuth, TargetStatus, Webhook,
};
use callcore::port::RegistryError;
use callcore::vocabulary::{Currency, Money};
use chrono::TimeDelta;
use chrono_tz::Tz;

use crate::Harness;
use crate::fixtures::{
    assignment, buyer, buyer_id, campaign, campaign_id, draft, flow, flow_id, flow_naming, instant,
    modifier, noon, number, number_id, phone, router, router_id, target, target_id, template,
};
use crate::suite::kit::{Kit, assert_is, race};

fn full_buyer() -> Buyer {
    Buyer {
        company: "Ünïted “Quotes” & <Tags>; DROP TABLE buyers; --".into(),
        availability: Availability::Break,
        caps: Some(Caps { concurrent: Some(0), total: Some(u32::MAX), ..Caps::default() }),
        timezone: Tz::Asia__Kathmandu,
        skills: BTreeMap::from([("español/日本語".to_owned(), 3)]),
        duplicates: Some(DuplicateRule {
            scope: DuplicateScope::Campaign,
            after: RestrictAfter::Converted,
            days: Some(30),
        }),
        wrap_up_secs: 90,
        notes: "line\nbreak\t\u{1F4DE}".into(),
        ..buyer(1)
    }
}

fn full_campaign() -> Campaign {
    Campaign {
        strategy: Strategy::RoundRobin,
        no_route: NoRoute { message: Some("¿Qué?".into()), number: Some(phone(9)) },
        required_skills: BTreeMap::from([("a".to_owned(), 1), ("b".to_owned(), 5)]),
        reroute: Some(Reroute { under_secs: 10, attempts: 2 }),
        conversion: Some(Conversion { after_secs: 120 }),
        auction: Some(full_auction()),
        webhooks: vec![Webhook {
            url: "https://example.com/hook?x=%20".into(),
            events: Vec::new(),
            secret: Some("secret".into()),
        }],
        ..campaign(1)
    }
}

fn full_auction() -> AuctionSettings {
    let rate = "1.0800".to_owned().try_into().expect("a rate");
    AuctionSettings {
        increment: Some(dollars("0.01")),
        currency: Some(Currency::USD),
        rates: BTreeMap::from([("EUR".to_owned(), rate)]),
        ranking: BidRanking::ExpectedRevenue,
        modifiers: vec![modifier(Some("CA")), modifier(None)],
        resale: Some(ResaleSettings {
            payout: Some(dollars("2.50")),
            loss_allowed: true,
            ..ResaleSettings::default()
        }),
        ..AuctionSettings::default()
    }
}

fn full_target() -> Target {
    Target {
        status: TargetStatus::Paused,
        company: "Ünïted “Quotes” & <Tags>; DROP TABLE rtb_targets; --".into(),
        method: HttpMethod::Get,
        headers: BTreeMap::from([("X-Campaign".to_owned(), "{campaign_id}".to_owned())]),
        auth: Some(TargetAuth::Bearer { token: "secret".into() }),
        request_body: Some("{\"zip\": \"{caller_zip}\"}".into()),
        timeout_ms: 700,
        min_bid: Some(dollars("0.50")),
        max_bid: Some(dollars("150")),
        caps: Some(Caps { concurrent: Some(0), total: Some(u32::MAX), ..Caps::default() }),
        timezone: Tz::Asia__Kathmandu,
        expose_caller_id: false,
        ..target(1)
    }
}

fn full_router() -> Router {
    let mut router = router(1, [2, 1]);
    router.assignments[0].priority = 9;
    router.assignments[1].weight = 1_000;
    router.assignments[1].modifiers = vec![modifier(None)];
    Router {
        timeout_ms: 300,
        min_bidders: 0,
        pricing: Pricing::SecondPrice,
        ranking: Some(BidRanking::ExpectedRevenue),
        modifiers: vec![modifier(Some("CA"))],
        ..router
    }
}

fn dollars(amount: &str) -> Money {
    Money { amount: amount.parse().expect("an amount"), currency: Currency::USD }
}

/// What is created reads back, every field of it.
pub async fn a_created_object_reads_back(harness: &impl Harness) {
    let kit = Kit::of(harness);
    kit.target(2).await;
    let objects: [(Kind, uuid::Uuid, Object); 7] = [
        (Kind::Target, target_id(1).uuid(), full_target().into()),
        (Kind::Router, router_id(1).uuid(), full_router().into()),
        (Kind::Buyer, buyer_id(1).uuid(), full_buyer().into()),
        (Kind::Number, number_id(1).uuid(), number(1).into()),
        (Kind::Campaign, campaign_id(1).uuid(), full_campaign().into()),
        (Kind::Flow, flow_id(1).uuid(), draft(flow_naming(1, &[1], &[1]))),
        (Kind::FlowTemplate, flow_id(2).uuid(), template(flow_naming(2, &[1], &[1]))),
    ];
    for (kind, id, object) in objects {
        let created = kit.create(id, object.clone()).await;
        assert_eq!((created.id, created.version), (id, 1));
        assert_eq!((created.created_at, created.updated_at), (noon(), noon()));
        assert_eq!(created.value, object);
        assert_eq!(kit.read(kind, id).await, Some(created));
    }
}

/// Instants are kept to the microsecond, in the answer as in what is read.
pub async fn instants_are_kept_to_the_microsecond(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let id = buyer_id(1).uuid();
    let created = kit.try_create(id, buyer(1), instant("2026-11-22T12:00:00.123456789Z")).await;
    let created = created.expect("nothing forbids this object");
    assert_eq!(created.created_at, instant("2026-11-22T12:00:00.123456Z"));
    assert_eq!(created.updated_at, created.created_at);
    assert_eq!(kit.read(Kind::Buyer, id).await, Some(created));
}

/// **Errors**: an unknown object is `None`; an object is known under its own kind only.
pub async fn an_unknown_object_reads_as_none(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let id = buyer_id(1).uuid();
    assert_eq!(kit.read(Kind::Buyer, id).await, None);
    kit.buyer(1).await;
    assert_eq!(kit.read(Kind::Campaign, id).await, None);
    assert_eq!(kit.read(Kind::Number, id).await, None);
}

/// **Idempotency**: a second create of the same id is a version conflict.
pub async fn a_second_create_of_an_id_is_a_version_conflict(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let first = kit.buyer(1).await;
    let again = kit.try_create(first.id, buyer(2), noon()).await;
    assert_is!(again, Err(RegistryError::VersionConflict));
    assert_eq!(kit.read(Kind::Buyer, first.id).await, Some(first));
}

/// **Idempotency**: of several creates of one id at once exactly one succeeds.
pub async fn of_several_creates_of_an_id_exactly_one_succeeds(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let id = buyer_id(1).uuid();
    let created = race(16, |n| {
        let kit = kit.clone();
        async move { kit.try_create(id, buyer(n), noon()).await.ok() }
    });
    let mut created: Vec<_> = created.await.into_iter().flatten().collect();
    assert_eq!(created.len(), 1);
    assert_eq!(kit.read(Kind::Buyer, id).await, created.pop());
}

/// A replace raises the version by one and keeps the instant of creation.
pub async fn a_replace_raises_the_version(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let first = kit.buyer(1).await;
    let later = noon() + TimeDelta::microseconds(1);
    let second = kit.try_replace(&first, buyer(2), later).await.expect("the version is right");
    assert_eq!((second.id, second.version), (first.id, 2));
    assert_eq!((second.created_at, second.updated_at), (noon(), later));
    assert_eq!(second.value, buyer(2).into());
    assert_eq!(kit.read(Kind::Buyer, first.id).await, Some(second));
}

/// **Errors**: a replace of a version that is not the newest is a version conflict.
pub async fn a_replace_of_another_version_is_a_conflict(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let first = kit.buyer(1).await;
    let second = kit.try_replace(&first, buyer(2), noon()).await.expect("the version is right");
    for version in [0, 1, 3] {
        let other = kit.registry.replace(kit.tenant, first.id, version, buyer(3).into(), noon());
        assert_is!(other.await, Err(RegistryError::VersionConflict));
    }
    assert_eq!(kit.read(Kind::Buyer, first.id).await, Some(second));
}

/// **Errors**: an unknown object cannot be replaced, nor one of another kind.
pub async fn a_replace_of_an_unknown_object_is_not_found(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let id = buyer_id(1).uuid();
    let unknown = kit.registry.replace(kit.tenant, id, 1, buyer(1).into(), noon()).await;
    assert_is!(unknown, Err(RegistryError::NotFound(Kind::Buyer)));
    let first = kit.buyer(1).await;
    let other_kind = kit.try_replace(&first, campaign(1), noon()).await;
    assert_is!(other_kind, Err(RegistryError::NotFound(Kind::Campaign)));
    assert_eq!(kit.read(Kind::Buyer, id).await, Some(first));
}

/// **Atomicity**: of several replaces at once with the same version exactly one succeeds.
pub async fn of_several_replaces_exactly_one_succeeds(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let first = kit.buyer(1).await;
    let replaced = race(32, |n| {
        let (kit, first) = (kit.clone(), first.clone());
        async move { kit.try_replace(&first, buyer(n), noon()).await }
    });
    let mut winners = Vec::new();
    for outcome in replaced.await {
        match outcome {
            Ok(stored) => winners.push(stored),
            Err(refused) => assert_is!(refused, RegistryError::VersionConflict),
        }
    }
    assert_eq!(winners.len(), 1);
    assert_eq!(kit.read(Kind::Buyer, first.id).await, winners.pop());
}

/// **Atomicity**: an object and the raised revision appear together or not at all.
pub async fn a_refused_write_changes_nothing(harness: &impl Harness) {
    let kit = Kit::of(harness);
    kit.number(1).await;
    let first = kit.buyer(1).await;
    let revisions = (kit.revision(), kit.directory.numbers_revision());
    let taken = kit.try_create(number_id(2).uuid(), number(1), noon()).await;
    assert_is!(taken, Err(RegistryError::NumberUnavailable));
    let again = kit.try_create(first.id, buyer(2), noon()).await;
    assert_is!(again, Err(RegistryError::VersionConflict));
    let late = kit.registry.replace(kit.tenant, first.id, 9, buyer(2).into(), noon()).await;
    assert_is!(late, Err(RegistryError::VersionConflict));
    assert_is!(kit.assign(1, 1).await, Err(RegistryError::NotFound(_)));
    assert_eq!(kit.read(Kind::Number, number_id(2).uuid()).await, None);
    assert_eq!((kit.revision(), kit.directory.numbers_revision()), revisions);
}

/// Another tenant's object reads as absent to every act, and no act changes it.
pub async fn another_tenants_objects_are_absent_to_every_act(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let number_row = kit.number(1).await;
    let campaign_row = kit.campaign(1).await;
    let buyer_row = kit.buyer(1).await;
    let target_row = kit.target(1).await;
    let router_row = kit.router(1, &[]).await;
    let flow_row = kit.flow(1).await;
    let template_row = kit.create(flow_id(2).uuid(), template(flow(2))).await;
    kit.assign(1, 1).await.expect("both are there");
    let revision = kit.revision();

    let other = kit.as_tenant(2);
    let rows = [
        (Kind::Buyer, &buyer_row, Object::from(buyer(2))),
        (Kind::Campaign, &campaign_row, campaign(2).into()),
        (Kind::Number, &number_row, number(2).into()),
        (Kind::Target, &target_row, target(2).into()),
        (Kind::Router, &router_row, router(2, []).into()),
        (Kind::Flow, &flow_row, draft(flow(2))),
        (Kind::FlowTemplate, &template_row, template(flow(3))),
    ];
    for (kind, row, object) in rows {
        assert_eq!(other.read(kind, row.id).await, None);
        let replaced = other.try_replace(row, object, noon()).await;
        assert_is!(replaced, Err(RegistryError::NotFound(found)) if found == kind);
        assert_is!(other.delete(kind, row.id).await, Err(RegistryError::NotFound(found)) if found == kind);
        assert_eq!(kit.read(kind, row.id).await.as_ref(), Some(row));
    }
    let (campaign, buyer) = (campaign_id(1), buyer_id(1));
    let assigned = other.registry.assign(other.tenant, campaign, buyer, assignment(5), noon());
    assert_is!(assigned.await, Err(RegistryError::NotFound(Kind::Campaign)));
    let unassigned = other.registry.unassign(other.tenant, campaign, buyer).await;
    assert_is!(unassigned, Err(RegistryError::NotFound(_)));
    let listed = other.registry.assignments(other.tenant, campaign).await;
    assert_is!(listed, Err(RegistryError::NotFound(Kind::Campaign)));
    // The other tenant's own campaign cannot take a buyer that is not its own.
    other.campaign(2).await;
    assert_is!(other.assign(2, 1).await, Err(RegistryError::NotFound(Kind::Buyer)));
    assert_eq!(kit.assigned(1).await, [buyer.uuid()]);
    assert_eq!(kit.revision(), revision);
}
