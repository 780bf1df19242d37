//! What spans objects: whose a number is, and which campaign is active on it.

use std::borrow::Cow;

use callcore::model::{Campaign, CampaignStatus, Kind, Number};
use callcore::port::{Holder, RegistryError};

use crate::Harness;
use crate::fixtures::{campaign, campaign_id, campaign_on, noon, number, number_id};
use crate::suite::kit::{Kit, assert_is, race};

/// **Errors**: a number that any tenant holds is unavailable.
pub async fn a_number_is_available_once(harness: &impl Harness) {
    let kit = Kit::of(harness);
    kit.number(1).await;
    for kit in [&kit, &kit.as_tenant(2)] {
        let second = kit.try_create(number_id(2).uuid(), number(1), noon()).await;
        assert_is!(second, Err(RegistryError::NumberUnavailable));
        assert_eq!(kit.read(Kind::Number, number_id(2).uuid()).await, None);
    }
}

/// **Errors**: of several creates of a number at once, by different tenants, exactly one succeeds.
pub async fn of_several_creates_of_a_number_exactly_one_succeeds(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let created = race(32, |n| {
        let kit = kit.as_tenant(n % 4 + 1);
        async move { kit.try_create(number_id(n).uuid(), number(7), noon()).await }
    });
    let mut winners = 0;
    for outcome in created.await {
        match outcome {
            Ok(_) => winners += 1,
            Err(refused) => assert_is!(refused, RegistryError::NumberUnavailable),
        }
    }
    assert_eq!(winners, 1);
}

/// **Errors**: a replace that takes another's number is refused; one that keeps its own is not.
pub async fn a_replaced_number_is_checked_as_a_created_one(harness: &impl Harness) {
    let kit = Kit::of(harness);
    kit.as_tenant(2).number(2).await;
    let own = kit.number(1).await;
    let taken = kit.try_replace(&own, number(2), noon()).await;
    assert_is!(taken, Err(RegistryError::NumberUnavailable));
    assert_eq!(kit.read(Kind::Number, own.id).await.as_ref(), Some(&own));
    let renamed = Number { friendly_name: "Front desk".into(), ..number(1) };
    let kept = kit.try_replace(&own, renamed.clone(), noon()).await.expect("it is its own");
    assert_eq!(kept.value, renamed.into());
}

/// A number that was deleted or replaced by another is available to everybody.
pub async fn a_number_that_was_given_up_is_available_again(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let other = kit.as_tenant(2);
    kit.number(1).await;
    kit.delete(Kind::Number, number_id(1).uuid()).await.expect("nothing holds it");
    let taken = other.number(1).await;
    other.try_replace(&taken, number(2), noon()).await.expect("nobody holds number 2");
    let again = kit.try_create(number_id(3).uuid(), number(1), noon()).await;
    again.expect("the other tenant has number 2 now");
    let second = kit.try_create(number_id(4).uuid(), number(2), noon()).await;
    assert_is!(second, Err(RegistryError::NumberUnavailable));
}

/// **Errors**: a campaign names only a number that its tenant holds.
pub async fn a_campaign_names_only_a_number_of_its_tenant(harness: &impl Harness) {
    let kit = Kit::of(harness);
    kit.as_tenant(2).number(2).await;
    let plain = kit.campaign(1).await;
    // Nobody's, and another tenant's.
    for number in [number_id(1), number_id(2)] {
        let naming = campaign_on(number, 1, CampaignStatus::Draft);
        let created = kit.try_create(campaign_id(9).uuid(), naming.clone(), noon()).await;
        assert_is!(
            created,
            Err(RegistryError::UnknownReference {
                path: Cow::Borrowed("/phoneNumberId"),
                kind: Kind::Number
            })
        );
        let replaced = kit.try_replace(&plain, naming, noon()).await;
        assert_is!(
            replaced,
            Err(RegistryError::UnknownReference {
                path: Cow::Borrowed("/phoneNumberId"),
                kind: Kind::Number
            })
        );
    }
    assert_eq!(kit.read(Kind::Campaign, campaign_id(9).uuid()).await, None);
    assert_eq!(kit.read(Kind::Campaign, plain.id).await, Some(plain));
}

/// **Errors**: an active campaign whose number another active one has is refused, by create and by
/// replace; the error names the other.
pub async fn a_second_active_campaign_on_a_number_is_refused(harness: &impl Harness) {
    let kit = Kit::of(harness);
    kit.number(1).await;
    let first = kit.campaign_on(1, 1, CampaignStatus::Active).await;
    let holder = Holder { kind: Kind::Campaign, id: first.id, name: "Campaign 1".into() };
    let second = campaign_on(number_id(1), 2, CampaignStatus::Active);
    let created = kit.try_create(campaign_id(2).uuid(), second, noon()).await;
    assert_is!(created, Err(RegistryError::NumberInUse(found)) if found == holder);

    let draft = kit.campaign_on(1, 2, CampaignStatus::Draft).await;
    let activated = kit.set_status(&draft, CampaignStatus::Active, noon()).await;
    assert_is!(activated, Err(RegistryError::NumberInUse(found)) if found == holder);
    assert_eq!(kit.read(Kind::Campaign, draft.id).await.as_ref(), Some(&draft));

    let elsewhere = Campaign { status: CampaignStatus::Active, ..campaign(3) };
    let elsewhere = kit.create(campaign_id(3).uuid(), elsewhere).await;
    let moved = campaign_on(number_id(1), 3, CampaignStatus::Active);
    let moved = kit.try_replace(&elsewhere, moved, noon()).await;
    assert_is!(moved, Err(RegistryError::NumberInUse(found)) if found == holder);
}

/// Only activity excludes: others share the number, the active one can be changed, and once it has
/// stopped the next can start.
pub async fn an_active_campaign_excludes_only_other_active_ones(harness: &impl Harness) {
    let kit = Kit::of(harness);
    kit.number(1).await;
    let first = kit.campaign_on(1, 1, CampaignStatus::Active).await;
    let mut waiting = Vec::new();
    for (n, status) in
        [(2, CampaignStatus::Draft), (3, CampaignStatus::Paused), (4, CampaignStatus::Completed)]
    {
        waiting.push(kit.campaign_on(1, n, status).await);
    }
    let changed = kit.set_status(&first, CampaignStatus::Active, noon()).await;
    let changed = changed.expect("it does not exclude itself");
    kit.set_status(&changed, CampaignStatus::Paused, noon()).await.expect("pausing is free");
    let started = kit.set_status(&waiting[0], CampaignStatus::Active, noon()).await;
    started.expect("nobody is active");
}

/// **Atomicity**: two campaigns are never active on one number, also where they start at once.
pub async fn of_several_activations_on_a_number_exactly_one_succeeds(harness: &impl Harness) {
    let kit = Kit::of(harness);
    kit.number(1).await;
    let mut drafts = Vec::new();
    for n in 1..=16 {
        drafts.push(kit.campaign_on(1, n, CampaignStatus::Draft).await);
    }
    let activated = race(16, |n| {
        let (kit, draft) = (kit.clone(), drafts[n as usize].clone());
        async move { kit.set_status(&draft, CampaignStatus::Active, noon()).await }
    });
    let mut winners = 0;
    for outcome in activated.await {
        match outcome {
            Ok(_) => winners += 1,
            Err(refused) => assert_is!(refused, RegistryError::NumberInUse(_)),
        }
    }
    assert_eq!(winners, 1);
}

/// A campaign never names a number that is gone, also where one is deleted as the other is created.
pub async fn a_number_is_never_both_named_and_deleted(harness: &impl Harness) {
    let kit = Kit::of(harness);
    for n in 1..=8 {
        kit.number(n).await;
        race(2, |side| {
            let kit = kit.clone();
            async move {
                let id = campaign_id(n).uuid();
                let naming = campaign_on(number_id(n), n, CampaignStatus::Draft);
                match side {
                    0 => drop(kit.try_create(id, naming, noon()).await),
                    _ => drop(kit.delete(Kind::Number, number_id(n).uuid()).await),
                }
            }
        })
        .await;
        let named = kit.read(Kind::Campaign, campaign_id(n).uuid()).await.is_some();
        let there = kit.read(Kind::Number, number_id(n).uuid()).await.is_some();
        assert_eq!(named, there, "exactly one of the two goes through");
    }
}
