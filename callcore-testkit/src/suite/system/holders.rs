//! Whose something is.

use callcore::model::{CampaignStatus, Kind};
use callcore::port::NumberHolder;
use chrono::TimeDelta;

use crate::Harness;
use crate::fixtures::{
    call, call_id, campaign_id, campaign_on, noon, number, number_id, phone, target_id, tenant,
};
use crate::suite::kit::Kit;

impl Kit {
    async fn holder(&self, n: u32) -> Option<NumberHolder> {
        self.system.number(&phone(n)).await.expect("the store answers")
    }

    /// The campaign that answers number 1.
    async fn answering(&self) -> Option<u32> {
        let campaign = self.holder(1).await.expect("somebody holds it").campaign?;
        (1..10).find(|n| campaign_id(*n) == campaign)
    }

    /// Puts campaign `n` on number 1, `n` seconds after noon.
    async fn campaign_at(&self, n: u32, status: CampaignStatus) {
        let campaign = campaign_on(number_id(1), n, status);
        let now = noon() + TimeDelta::seconds(i64::from(n));
        self.try_create(campaign_id(n).uuid(), campaign, now).await.expect("nothing forbids it");
    }

    /// Writes campaign `n` again with this status, so many seconds after noon.
    async fn change(&self, n: u32, status: CampaignStatus, seconds: i64) {
        let stored = self.read(Kind::Campaign, campaign_id(n).uuid()).await;
        let stored = stored.expect("it was created");
        let changed = self.set_status(&stored, status, noon() + TimeDelta::seconds(seconds)).await;
        changed.expect("nothing forbids this status");
    }
}

/// **Errors**: a number that nobody holds is `None`.
pub async fn an_unknown_number_has_no_holder(harness: &impl Harness) {
    let kit = Kit::of(harness);
    assert_eq!(kit.holder(1).await, None);
    kit.number(1).await;
    assert_eq!(kit.holder(2).await, None);
}

/// A number is found with its tenant, also where no campaign names it.
pub async fn a_number_is_found_with_its_tenant(harness: &impl Harness) {
    let kit = Kit::of(harness);
    for n in [1, 2] {
        let kit = kit.as_tenant(n);
        kit.number(n).await;
        let holder = NumberHolder { tenant: tenant(n), number: number_id(n), campaign: None };
        assert_eq!(kit.holder(n).await, Some(holder));
        kit.campaign_on(n, 5, CampaignStatus::Draft).await;
        let campaign = Some(campaign_id(5));
        assert_eq!(kit.holder(n).await, Some(NumberHolder { campaign, ..holder }));
    }
}

/// The active campaign answers, whatever was changed after it.
pub async fn the_active_campaign_answers(harness: &impl Harness) {
    let kit = Kit::of(harness);
    kit.number(1).await;
    kit.campaign_at(1, CampaignStatus::Draft).await;
    kit.campaign_at(2, CampaignStatus::Active).await;
    kit.campaign_at(3, CampaignStatus::Paused).await;
    kit.campaign_at(4, CampaignStatus::Completed).await;
    assert_eq!(kit.answering().await, Some(2));
}

/// Where none is active, the one that was changed last answers, but a completed one only where there
/// is no other.
pub async fn else_the_campaign_that_was_changed_last_answers(harness: &impl Harness) {
    let kit = Kit::of(harness);
    kit.number(1).await;
    kit.campaign_at(1, CampaignStatus::Draft).await;
    kit.campaign_at(2, CampaignStatus::Paused).await;
    kit.campaign_at(3, CampaignStatus::Completed).await;
    assert_eq!(kit.answering().await, Some(2));
    kit.change(1, CampaignStatus::Draft, 10).await;
    assert_eq!(kit.answering().await, Some(1));
    kit.change(3, CampaignStatus::Completed, 11).await;
    assert_eq!(kit.answering().await, Some(1));
    kit.change(1, CampaignStatus::Completed, 12).await;
    assert_eq!(kit.answering().await, Some(2));
    kit.change(2, CampaignStatus::Completed, 13).await;
    assert_eq!(kit.answering().await, Some(2));
    kit.change(3, CampaignStatus::Completed, 14).await;
    assert_eq!(kit.answering().await, Some(3));
}

/// **Ordering**: who holds a number is told as of every acknowledged change.
pub async fn a_number_follows_every_acknowledged_change(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let stored = kit.number(1).await;
    kit.campaign_at(1, CampaignStatus::Active).await;
    let holder = kit.holder(1).await;
    kit.try_replace(&stored, number(2), noon()).await.expect("nobody holds number 2");
    assert_eq!(kit.holder(1).await, None);
    assert_eq!(kit.holder(2).await, holder, "the campaign goes with its number");
    kit.delete(Kind::Campaign, campaign_id(1).uuid()).await.expect("nothing holds it");
    assert_eq!(kit.holder(2).await.expect("it is still held").campaign, None);
    kit.delete(Kind::Number, stored.id).await.expect("nothing holds it");
    assert_eq!(kit.holder(2).await, None);
    kit.as_tenant(2).number(2).await;
    assert_eq!(kit.holder(2).await.expect("it is held again").tenant, tenant(2));
}

/// Whose call it is; an unknown one is `None`.
pub async fn a_call_is_found_with_its_tenant(harness: &impl Harness) {
    let kit = Kit::of(harness);
    for n in [1, 2] {
        let kit = kit.as_tenant(n);
        assert_eq!(kit.system.call(call_id(n)).await.expect("the store answers"), None);
        kit.save_new(call(kit.tenant, n)).await;
        assert_eq!(kit.system.call(call_id(n)).await.expect("the store answers"), Some(tenant(n)));
    }
}

/// Which tenants have a target; an unknown one is nobody's. **Ordering**: as of every acknowledged
/// change.
pub async fn a_target_is_found_with_every_tenant_that_has_it(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let owners = async || kit.system.target(target_id(1)).await.expect("the store answers");
    assert_eq!(owners().await, []);
    kit.as_tenant(2).target(1).await;
    kit.as_tenant(2).target(2).await;
    assert_eq!(owners().await, [tenant(2)]);
    kit.as_tenant(1).target(1).await;
    assert_eq!(owners().await, [tenant(1), tenant(2)], "in the order of their ids");
    let (ours, theirs) = (kit.as_tenant(1), kit.as_tenant(2));
    theirs.delete(Kind::Target, target_id(1).uuid()).await.expect("nothing holds it");
    assert_eq!(owners().await, [tenant(1)]);
    ours.delete(Kind::Target, target_id(1).uuid()).await.expect("nothing holds it");
    assert_eq!(owners().await, []);
}
