//! The owner, credentials, sessions and keys before the tenant is known.

use callcore::port::{AccountsError, Credentials, Session, User};
use chrono::{DateTime, TimeDelta, Utc};

use crate::Harness;
use crate::fixtures::{api_key, instant, noon, owner, session, tenant, token};
use crate::suite::kit::{Kit, assert_is, race};

/// Half an hour, as the fixtures' sessions have it.
const IDLE_SECS: u32 = 1_800;

impl Kit {
    async fn set_up(&self) {
        self.system.set_up(owner(self.tenant), noon()).await.expect("there is no user yet");
    }

    async fn session_at(&self, now: DateTime<Utc>) -> Option<(Session, User)> {
        self.system.session(&token(1), IDLE_SECS, now).await.expect("the store answers")
    }
}

/// The first tenant is created with its owner while there is no user, and then never again.
pub async fn the_owner_is_set_up_once(harness: &impl Harness) {
    let kit = Kit::of(harness);
    assert!(!kit.system.is_set_up().await.expect("the store answers"));
    kit.set_up().await;
    assert!(kit.system.is_set_up().await.expect("the store answers"));
    let mut second = owner(tenant(2));
    second.user.id = crate::fixtures::user_id(2);
    second.user.username = "second".into();
    let again = kit.system.set_up(second, noon()).await;
    assert_is!(again, Err(AccountsError::AlreadySetUp));
    let unknown = kit.system.credentials("second").await.expect("the store answers");
    assert!(unknown.is_none(), "a refused owner leaves nothing behind");
}

/// **Atomicity**: of several at once exactly one succeeds.
pub async fn of_several_set_ups_exactly_one_succeeds(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let set_up = race(16, |n| {
        let kit = kit.clone();
        async move {
            let mut owner = owner(tenant(n));
            owner.user.id = crate::fixtures::user_id(n);
            owner.user.username = format!("owner{n}");
            kit.system.set_up(owner, noon()).await.ok().map(|()| n)
        }
    });
    let winners: Vec<_> = set_up.await.into_iter().flatten().collect();
    assert_eq!(winners.len(), 1);
    for n in 0..16 {
        let found = kit.system.credentials(&format!("owner{n}")).await.expect("the store answers");
        assert_eq!(found.is_some(), winners[0] == n);
    }
}

/// Another tenant is created with its owner, unless anybody signs in with that name.
pub async fn another_tenant_has_an_owner_of_its_own(harness: &impl Harness) {
    let kit = Kit::of(harness);
    kit.set_up().await;
    let mut second = owner(tenant(2));
    second.user.id = crate::fixtures::user_id(2);
    for taken in ["owner@example.com", "OWNER@Example.com"] {
        second.user.username = taken.into();
        let refused = kit.system.add_tenant(second.clone(), noon()).await;
        assert_is!(refused, Err(AccountsError::UsernameTaken));
    }
    second.user.username = "Second".into();
    kit.system.add_tenant(second.clone(), noon()).await.expect("the name is free");
    let found = kit.system.credentials("second").await.expect("the store answers");
    assert!(found == Some(second), "{found:?}");
    let first = kit.system.credentials("owner@example.com").await.expect("the store answers");
    assert!(first == Some(owner(kit.tenant)), "{first:?}");
}

/// **Atomicity**: of several tenants at once with one owner's name exactly one appears.
pub async fn of_several_tenants_one_gets_the_username(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let added = race(16, |n| {
        let kit = kit.clone();
        async move {
            let mut owner = owner(tenant(n));
            owner.user.id = crate::fixtures::user_id(n);
            owner.user.username = if n % 2 == 0 { "Second".into() } else { "second".into() };
            kit.system.add_tenant(owner.clone(), noon()).await.ok().map(|()| owner)
        }
    });
    let mut winners: Vec<_> = added.await.into_iter().flatten().collect();
    assert_eq!(winners.len(), 1);
    let found = kit.system.credentials("SECOND").await.expect("the store answers");
    assert!(found == winners.pop(), "{found:?}");
}

/// A user is found by name in upper or lower case, as it was written; an unknown name is `None`.
pub async fn a_username_is_found_in_any_case(harness: &impl Harness) {
    let kit = Kit::of(harness);
    kit.set_up().await;
    for name in ["Owner@Example.com", "owner@example.com", "OWNER@EXAMPLE.COM"] {
        let found: Option<Credentials> =
            kit.system.credentials(name).await.expect("the store answers");
        assert!(found == Some(owner(kit.tenant)), "{name} gives {found:?}");
    }
    for name in ["", "owner", "owner@example.com ", "owner_example.com", "%"] {
        let found = kit.system.credentials(name).await.expect("the store answers");
        assert!(found.is_none(), "{name:?} is nobody");
    }
}

/// A session is answered with its user, marked as seen, and lasts anew from then.
pub async fn a_session_lasts_as_long_as_it_is_used(harness: &impl Harness) {
    let kit = Kit::of(harness);
    kit.set_up().await;
    let opened = session(1, noon());
    kit.accounts
        .open_session(kit.tenant, opened.clone(), token(1))
        .await
        .expect("the store answers");
    for minutes in [29, 58, 87] {
        let now = noon() + TimeDelta::minutes(minutes);
        let (found, user) = kit.session_at(now).await.expect("it was used in time");
        let idle_until = now + TimeDelta::minutes(30);
        assert_eq!(found, Session { seen_at: now, idle_until, ..opened.clone() });
        assert_eq!(user, owner(kit.tenant).user);
    }
}

/// A session that was not used in time is over, to the microsecond, and does not come back.
pub async fn an_idle_session_ends(harness: &impl Harness) {
    let kit = Kit::of(harness);
    kit.set_up().await;
    kit.accounts
        .open_session(kit.tenant, session(1, noon()), token(1))
        .await
        .expect("the store answers");
    let end = noon() + TimeDelta::minutes(30);
    assert!(kit.session_at(end).await.is_none());
    assert!(kit.session_at(end + TimeDelta::hours(1)).await.is_none());
    assert!(kit.session_at(end - TimeDelta::microseconds(1)).await.is_some());
}

/// A session ends at its absolute end, however much it is used, and is never idle beyond it.
pub async fn a_session_ends_in_any_case(harness: &impl Harness) {
    let kit = Kit::of(harness);
    kit.set_up().await;
    let opened = Session { ends_at: noon() + TimeDelta::minutes(40), ..session(1, noon()) };
    kit.accounts.open_session(kit.tenant, opened, token(1)).await.expect("the store answers");
    let end = instant("2026-11-22T12:40:00Z");
    let (found, _) =
        kit.session_at(noon() + TimeDelta::minutes(20)).await.expect("it was used in time");
    assert_eq!((found.idle_until, found.ends_at), (end, end));
    assert!(kit.session_at(end - TimeDelta::microseconds(1)).await.is_some());
    assert!(kit.session_at(end).await.is_none());
    // One that was never used, and whose idle end lies beyond the absolute one.
    let unused =
        Session { ends_at: end, idle_until: end + TimeDelta::hours(1), ..session(2, noon()) };
    kit.accounts.open_session(kit.tenant, unused, token(2)).await.expect("the store answers");
    let over = kit.system.session(&token(2), IDLE_SECS, end).await.expect("the store answers");
    assert!(over.is_none());
}

/// **Errors**: an unknown or revoked session is `None`, for the very next request.
pub async fn an_unknown_session_is_none(harness: &impl Harness) {
    let kit = Kit::of(harness);
    kit.set_up().await;
    assert!(kit.session_at(noon()).await.is_none());
    let opened = session(1, noon());
    kit.accounts
        .open_session(kit.tenant, opened.clone(), token(1))
        .await
        .expect("the store answers");
    let other = kit.system.session(&token(2), IDLE_SECS, noon()).await.expect("the store answers");
    assert!(other.is_none());
    kit.accounts
        .close_session(kit.tenant, opened.user, opened.id)
        .await
        .expect("the session is open");
    assert!(kit.session_at(noon()).await.is_none());
}

/// An API key is answered with its user and marked as used; an unknown or revoked one is `None`.
pub async fn an_api_key_is_marked_as_used(harness: &impl Harness) {
    let kit = Kit::of(harness);
    kit.set_up().await;
    let key = api_key(1, noon());
    kit.accounts.add_api_key(kit.tenant, key.clone(), token(1)).await.expect("the store answers");
    let later = noon() + TimeDelta::minutes(1);
    let (found, user) = kit
        .system
        .api_key(&token(1), later)
        .await
        .expect("the store answers")
        .expect("the key was added");
    assert_eq!((found.id, found.used_at), (key.id, Some(later)));
    assert_eq!(user, owner(kit.tenant).user);
    let listed = kit.accounts.api_keys(kit.tenant).await.expect("the store answers");
    assert_eq!(listed[0].used_at, Some(later));
    let unknown = kit.system.api_key(&token(2), later).await.expect("the store answers");
    assert!(unknown.is_none());
    kit.accounts.revoke_api_key(kit.tenant, key.id).await.expect("the key is there");
    let revoked = kit.system.api_key(&token(1), later).await.expect("the store answers");
    assert!(revoked.is_none());
}

/// A session's token is no key's, and the other way round.
pub async fn a_token_is_good_for_one_thing(harness: &impl Harness) {
    let kit = Kit::of(harness);
    kit.set_up().await;
    let (accounts, system) = (&kit.accounts, &kit.system);
    accounts.open_session(kit.tenant, session(1, noon()), token(1)).await.expect("it answers");
    accounts.add_api_key(kit.tenant, api_key(1, noon()), token(2)).await.expect("it answers");
    assert!(system.api_key(&token(1), noon()).await.expect("it answers").is_none());
    assert!(system.session(&token(2), IDLE_SECS, noon()).await.expect("it answers").is_none());
}
