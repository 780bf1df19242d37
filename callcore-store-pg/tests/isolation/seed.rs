//! Two tenants with rows in every table.

use std::time::Duration;

use callcore::auction::Verdict;
use callcore::call::{Growth, StepKey};
use callcore::model::CampaignStatus;
use callcore::port::{
    Accounts as _, Calls as _, Capacity as _, Credentials, Preferences, Registry as _, Save,
    SystemStore as _, User,
};
use callcore::schedule::CapWindow;
use callcore_store_pg::PgStore;
use callcore_testkit::fixtures::{
    api_key, assignment, auction, bid, buyer, buyer_cap, buyer_id, call, campaign_id, campaign_on,
    claim, considered, contact, decision, noon, number, number_id, owner, phone, reservation,
    router, router_id, save, session, tally, target, target_assignment, target_id, tenant, token,
    user_id,
};

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
    let campaign = campaign_on(line, n, CampaignStatus::Active);
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
    let call = call(tenant(n), n);
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
    let auction = considered(auction(&call, 1, noon()), &call, 1, Verdict::Won, offer);
    let auction = Some(auction);
    store
        .save(tenant(n), Save { growth, decision, auction, ..save(call, None, &step) })
        .await
        .expect("the store takes it");
}
