//! What saves add to the counters beside the calls.

use callcore::call::{Contact, Growth, StepKey, Tally};
use callcore::port::{Ask, Save};
use callcore::routing::Activity;
use callcore::vocabulary::{BuyerId, CampaignId, PhoneNumber};
use chrono::TimeDelta;

use crate::Harness;
use crate::fixtures::{buyer_id, call, campaign_id, contact, noon, phone, save, tally, target_id};
use crate::suite::kit::{Kit, race};

impl Kit {
    /// Saves call `n`, which is new, with this growth.
    async fn grow(&self, n: u32, growth: Growth) {
        let voice = StepKey::voice();
        self.save(Save { growth, ..save(call(self.tenant, n), None, &voice) }).await;
    }

    async fn activity(&self, campaign: CampaignId, buyer: BuyerId) -> Activity {
        let ask = Ask { activity: Some((campaign, vec![buyer.into()])), ..Ask::default() };
        self.look(99, &ask).await.activity.get(&buyer.into()).copied().unwrap_or_default()
    }

    async fn contacts(&self, caller: &PhoneNumber) -> Vec<Contact> {
        let ask = Ask { caller: Some(caller.clone()), ..Ask::default() };
        let mut contacts = self.look(99, &ask).await.contacts;
        contacts.sort_by_key(|contact| (contact.campaign, contact.buyer));
        contacts
    }
}

fn tallies(tallies: impl IntoIterator<Item = Tally>) -> Growth {
    Growth { tallies: tallies.into_iter().collect(), ..Growth::default() }
}

/// Counts are the campaign's and add up over saves.
pub async fn activity_counts_are_the_campaigns(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let (here, elsewhere, buyer) = (campaign_id(1), campaign_id(2), buyer_id(1));
    let full = Tally { answered: 2, converted: 3, ..tally(here, buyer) };
    kit.grow(1, tallies([full.clone(), tally(here, buyer_id(2))])).await;
    kit.grow(2, tallies([full, tally(elsewhere, buyer)])).await;
    let expected = Activity { offered: 2, answered: 4, converted: 6, last_ended_at: None };
    assert_eq!(kit.activity(here, buyer).await, expected);
    let once = Activity { offered: 1, ..Activity::default() };
    assert_eq!(kit.activity(elsewhere, buyer).await, once);
    assert_eq!(kit.activity(here, buyer_id(2)).await, once);
    assert_eq!(kit.activity(elsewhere, buyer_id(2)).await, Activity::default());
}

/// A conversion that is withdrawn is taken back from whom it was counted for, and another may get it
/// in the same save.
pub async fn a_conversion_can_be_taken_back(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let (here, one, other) = (campaign_id(1), buyer_id(1), buyer_id(2));
    let counted = |buyer, converted| Tally { offered: 0, converted, ..tally(here, buyer) };
    kit.grow(1, tallies([counted(one, 1)])).await;
    kit.grow(2, tallies([counted(one, 1)])).await;
    kit.grow(3, tallies([counted(one, -1), counted(other, 1)])).await;
    let converted = |converted| Activity { converted, ..Activity::default() };
    assert_eq!(kit.activity(here, one).await, converted(1));
    assert_eq!(kit.activity(here, other).await, converted(1));
    kit.grow(4, tallies([counted(one, -1)])).await;
    assert_eq!(kit.activity(here, one).await, converted(0));
}

/// Targets are counted as buyers are, each by itself.
pub async fn targets_are_counted_as_buyers_are(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let (here, target) = (campaign_id(1), target_id(1).into());
    let won = Tally { candidate: target, answered: 1, ..tally(here, buyer_id(1)) };
    kit.grow(1, tallies([Tally { ended_at: Some(noon()), ..won.clone() }])).await;
    kit.grow(2, tallies([won, tally(here, buyer_id(1))])).await;
    let ask = Ask { activity: Some((here, vec![target, buyer_id(1).into()])), ..Ask::default() };
    let activity = kit.look(99, &ask).await.activity;
    let last_ended_at = Some(noon());
    let expected = Activity { offered: 2, answered: 2, converted: 0, last_ended_at };
    assert_eq!(activity.get(&target), Some(&expected));
    assert_eq!(kit.activity(here, buyer_id(1)).await.offered, 1);
}

/// The last conversation is any campaign's, and the newest one stays, also where an older one is
/// saved later.
pub async fn the_last_conversation_is_any_campaigns(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let buyer = buyer_id(1);
    let newest = noon() + TimeDelta::microseconds(1);
    let ended = |campaign, at| Tally { ended_at: Some(at), ..tally(campaign, buyer) };
    kit.grow(1, tallies([ended(campaign_id(1), newest)])).await;
    kit.grow(2, tallies([ended(campaign_id(2), noon())])).await;
    kit.grow(3, tallies([tally(campaign_id(2), buyer)])).await;
    for campaign in [1, 2, 3].map(campaign_id) {
        assert_eq!(kit.activity(campaign, buyer).await.last_ended_at, Some(newest));
    }
    assert_eq!(kit.activity(campaign_id(1), buyer_id(2)).await.last_ended_at, None);
}

/// **Atomicity**: of counters that many calls grow at once nothing is lost.
pub async fn counters_that_grow_at_once_lose_nothing(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let caller = phone(1);
    race(64, |n| {
        let (kit, caller) = (kit.clone(), caller.clone());
        async move {
            let connected = noon() + TimeDelta::seconds(i64::from(n));
            let growth = Growth {
                tallies: vec![Tally {
                    ended_at: Some(connected),
                    ..tally(campaign_id(1), buyer_id(1))
                }],
                caller: Some(caller),
                contacts: vec![contact(campaign_id(1), buyer_id(1), connected)],
            };
            kit.grow(n, growth).await;
        }
    })
    .await;
    let newest = noon() + TimeDelta::seconds(63);
    let activity = kit.activity(campaign_id(1), buyer_id(1)).await;
    assert_eq!((activity.offered, activity.last_ended_at), (64, Some(newest)));
    let contacts = kit.contacts(&caller).await;
    assert_eq!(contacts, [contact(campaign_id(1), buyer_id(1), newest)]);
}

/// A caller's contacts are told for every campaign, and nobody else's.
pub async fn contacts_are_the_callers_in_any_campaign(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let reached = |caller: u32, contacts: &[Contact]| Growth {
        tallies: Vec::new(),
        caller: Some(phone(caller)),
        contacts: contacts.to_vec(),
    };
    let first = contact(campaign_id(1), buyer_id(1), noon());
    let second = contact(campaign_id(1), buyer_id(2), noon());
    let elsewhere = contact(campaign_id(2), buyer_id(1), noon());
    kit.grow(1, reached(1, &[first.clone(), second.clone()])).await;
    kit.grow(2, reached(1, std::slice::from_ref(&elsewhere))).await;
    kit.grow(3, reached(2, std::slice::from_ref(&second))).await;
    assert_eq!(kit.contacts(&phone(1)).await, [first, second.clone(), elsewhere]);
    assert_eq!(kit.contacts(&phone(2)).await, [second]);
    assert_eq!(kit.contacts(&phone(3)).await, Vec::new());
    assert_eq!(kit.look(99, &Ask::default()).await.contacts, Vec::new(), "nobody was asked for");
}

/// Of a caller's contacts with a buyer through a campaign the newest instants stay, each by itself.
pub async fn the_newest_contact_stays(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let minute = |minutes| Some(noon() + TimeDelta::minutes(minutes));
    let steps = [
        ((minute(1), None), (minute(1), None)),
        ((minute(3), None), (minute(3), None)),
        ((None, minute(4)), (minute(3), minute(4))),
        ((minute(2), minute(2)), (minute(3), minute(4))),
        ((minute(5), None), (minute(5), minute(4))),
    ];
    for (n, ((connected_at, converted_at), expected)) in (0..).zip(steps) {
        let (campaign, buyer) = (campaign_id(1), buyer_id(1));
        let contact = Contact { campaign, buyer, connected_at, converted_at };
        let growth =
            Growth { caller: Some(phone(1)), contacts: vec![contact], ..Growth::default() };
        kit.grow(n, growth).await;
        let (connected_at, converted_at) = expected;
        let expected = Contact { campaign, buyer, connected_at, converted_at };
        assert_eq!(kit.contacts(&phone(1)).await, [expected]);
    }
}

/// Counters are each tenant's own, also under the same ids.
pub async fn counters_are_each_tenants_own(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let growth = Growth {
        tallies: vec![Tally { ended_at: Some(noon()), ..tally(campaign_id(1), buyer_id(1)) }],
        caller: Some(phone(1)),
        contacts: vec![contact(campaign_id(1), buyer_id(1), noon())],
    };
    kit.grow(1, growth).await;
    let other = kit.as_tenant(2);
    assert_eq!(other.activity(campaign_id(1), buyer_id(1)).await, Activity::default());
    assert_eq!(other.contacts(&phone(1)).await, Vec::new());
}
