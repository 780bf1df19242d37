//! Two tenants with rows in every table.

use std::time::Duration;

use callcore::auction::{Purpose, Verdict};
use callcore::call::{Call, Growth, StepKey};
use callcore::model::{Campaign, CampaignStatus};
use callcore::port::{
    Accounts as _, Calls as _, Capacity as _, Credentials, Flows as _, NewTrial, Preferences,
    Registry as _, Save, SystemStore as _, User,
};
use callcore::schedule::CapWindow;
use callcore::vocabulary::TrialId;
use callcore_store_pg::PgStore;
use callcore_testkit::fixtures::{
    api_key, assignment, auction, bid, buyer, buyer_cap, buyer_id, call, campaign_id, campaign_on,
    claim, considered, contact, decision, delivery, draft, exchange, flow, flow_id, in_flow, noon,
    number, number_id, owner, phone, reservation, router, router_id, save, session, tally, target,
    target_assignment, target_id, template, tenant, token, user_id,
};
use uuid::Uuid;

/// The tenants 1 and 2, with the same ids wherever an id is a tenant's own.
pub(crate) async fn both(store: &PgStore) {
    store.set_up(owner(tenant(1)), noon()).await.expect("the store takes it");
    let second = Credentials {
        user: User { username: "second".into(), ..owner(tenant(2)).user },
        ..owner(tenant(2))
    };
    store.add_tenant(second, noon()).await.expect("the store takes it");
    for n in [1, 2] {
        configure(store, n).await;
        sign_in(store, n).await;
        receive_a_call(store, n).await;
    }
}

async fn configure(store: &PgStore, n: u32) {
    let tenant = tenant(n);
    let line = number_id(1);
    store.create(tenant, line.uuid(), number(n).into(), noon()).await.expect("the store takes it");
    for (id, object) in
        [(flow_id(1).uuid(), draft(flow(n))), (flow_id(2).uuid(), template(flow(n)))]
    {
        store.create(tenant, id, object, noon()).await.expect("the store takes it");
    }
    store.publish(tenant, flow_id(1), 1, noon()).await.expect("the store takes it");
    let trial = NewTrial {
        id: TrialId::from_uuid(Uuid::from_u128(n.into())),
        flow: flow_id(1),
        campaign: campaign_id(1),
        definition: flow(n),
    };
    store.try_out(tenant, trial, noon()).await.expect("the store takes it");
    let campaign = campaign_on(line, n, CampaignStatus::Active);
    let campaign = Campaign { flow_id: Some(flow_id(1)), ..campaign };
    store
        .create(tenant, campaign_id(1).uuid(), campaign.into(), noon())
        .await
        .expect("the store takes it");
    store
        .create(tenant, buyer_id(1).uuid(), buyer(n).into(), noon())
        .await
        .expect("the store takes it");
    store
        .assign(tenant, campaign_id(1), buyer_id(1), assignment(n), noon())
        .await
        .expect("the store takes it");
    for (id, object) in
        [(target_id(1).uuid(), target(n).into()), (router_id(1).uuid(), router(n, [1]).into())]
    {
        store.create(tenant, id, object, noon()).await.expect("the store takes it");
    }
    store
        .assign_target(tenant, campaign_id(1), target_id(1), target_assignment(n), noon())
        .await
        .expect("the store takes it");
}

async fn sign_in(store: &PgStore, n: u32) {
    let tenant = tenant(n);
    store.open_session(tenant, session(1, noon()), token(n)).await.expect("the store takes it");
    store.add_api_key(tenant, api_key(1, noon()), token(n)).await.expect("the store takes it");
    store
        .set_preferences(tenant, user_id(1), Preferences::default())
        .await
        .expect("the store takes it");
}

async fn receive_a_call(store: &PgStore, n: u32) {
    let call = Call { flow: Some(in_flow(1, 1)), ..call(tenant(n), n) };
    store.draw(tenant(n), call.id, "rotation", noon()).await.expect("the store takes it");
    let claim = claim(1, [buyer_cap(1, CapWindow::Concurrent, 5)]);
    store
        .reserve(tenant(n), reservation(call.id, 1, [claim]), noon())
        .await
        .expect("the store takes it");
    let growth = Growth {
        tallies: vec![tally(campaign_id(1), buyer_id(1))],
        caller: Some(phone(n)),
        contacts: vec![contact(campaign_id(1), buyer_id(1), noon() + Duration::from_secs(1))],
    };
    let decision = Some(decision(&call));
    let step = StepKey::voice();
    let until = noon() + Duration::from_secs(1);
    store.begin(tenant(n), call.id, &step, until, noon()).await.expect("the store takes it");
    let offer = Some(bid(n, Some(until)));
    let mut auction = considered(auction(&call, 1, noon()), &call, 1, Verdict::Won, offer);
    auction.exchanges = vec![exchange(1, Purpose::Bid, Some("{}"))];
    let auction = Some(auction);
    let outbox = vec![delivery(1)];
    store
        .save(tenant(n), Save { growth, decision, auction, outbox, ..save(call, None, &step) })
        .await
        .expect("the store takes it");
}
