//! Cases of [`Accounts`](callcore::port::Accounts).

use std::collections::BTreeMap;

use callcore::port::{AccountsError, Preferences, Session};
use callcore::vocabulary::UserId;
use chrono::{DateTime, TimeDelta, Utc};

use super::kit::{Kit, assert_is};
use crate::Harness;
use crate::fixtures::{
    api_key, api_key_id, instant, noon, owner, session, session_id, token, user_id,
};

impl Kit {
    async fn with_owner(harness: &impl Harness) -> Self {
        let kit = Self::of(harness);
        kit.system.set_up(owner(kit.tenant), noon()).await.expect("there is no user yet");
        kit
    }

    /// Opens session `n` with token `n`, `n` minutes after noon.
    async fn open(&self, n: u32) -> Session {
        let session = session(n, noon() + TimeDelta::minutes(i64::from(n)));
        let opened = self.accounts.open_session(self.tenant, session.clone(), token(n)).await;
        opened.expect("the store answers");
        session
    }

    async fn sessions(&self, user: UserId, now: DateTime<Utc>) -> Vec<Session> {
        self.accounts.sessions(self.tenant, user, now).await.expect("the store answers")
    }

    async fn preferences(&self, user: UserId) -> Preferences {
        self.accounts.preferences(self.tenant, user).await.expect("the store answers")
    }

    async fn set_preferences(&self, user: UserId, entries: &[(&str, &str)]) {
        let set = self.accounts.set_preferences(self.tenant, user, preferences(entries)).await;
        set.expect("the store answers");
    }
}

fn preferences(entries: &[(&str, &str)]) -> Preferences {
    let owned = entries.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    Preferences(BTreeMap::from_iter(owned))
}

/// **Ordering**: sessions are listed newest first, every field of them.
pub async fn sessions_are_listed_newest_first(harness: &impl Harness) {
    let kit = Kit::with_owner(harness).await;
    assert_eq!(kit.sessions(user_id(1), noon()).await, Vec::new());
    let (second, first, third) = (kit.open(2).await, kit.open(1).await, kit.open(3).await);
    let now = noon() + TimeDelta::minutes(5);
    assert_eq!(kit.sessions(user_id(1), now).await, [third, second, first]);
    assert_eq!(kit.sessions(user_id(2), now).await, Vec::new());
}

/// Sessions that are over, idle or in any case, are not listed.
pub async fn sessions_that_are_over_are_not_listed(harness: &impl Harness) {
    let kit = Kit::with_owner(harness).await;
    let first = kit.open(1).await;
    let second = kit.open(2).await;
    let still = first.idle_until - TimeDelta::microseconds(1);
    assert_eq!(kit.sessions(user_id(1), still).await, [second.clone(), first.clone()]);
    assert_eq!(kit.sessions(user_id(1), first.idle_until).await, std::slice::from_ref(&second));
    assert_eq!(kit.sessions(user_id(1), second.ends_at).await, Vec::new());
}

/// A session's instants are kept to the microsecond.
pub async fn a_sessions_instants_are_kept_to_the_microsecond(harness: &impl Harness) {
    let kit = Kit::with_owner(harness).await;
    let fine = session(1, instant("2026-11-22T12:00:00.123456789Z"));
    let opened = kit.accounts.open_session(kit.tenant, fine, token(1)).await;
    opened.expect("the store answers");
    let expected = session(1, instant("2026-11-22T12:00:00.123456Z"));
    assert_eq!(kit.sessions(user_id(1), expected.created_at).await, [expected]);
}

/// **Errors**: a session that ended is gone, and only this user's can be ended.
pub async fn a_closed_session_is_gone(harness: &impl Harness) {
    let kit = Kit::with_owner(harness).await;
    let first = kit.open(1).await;
    let second = kit.open(2).await;
    let close = |user, session| kit.accounts.close_session(kit.tenant, user, session);
    assert_is!(close(user_id(2), first.id).await, Err(AccountsError::NotFound));
    assert_is!(close(user_id(1), session_id(9)).await, Err(AccountsError::NotFound));
    close(user_id(1), first.id).await.expect("the session is open");
    assert_is!(close(user_id(1), first.id).await, Err(AccountsError::NotFound));
    assert_eq!(kit.sessions(user_id(1), second.created_at).await, [second]);
}

/// Every session of a user but one is ended, or every one, and they are counted.
pub async fn other_sessions_are_closed_and_counted(harness: &impl Harness) {
    let kit = Kit::with_owner(harness).await;
    let mut opened = Vec::new();
    for n in 1..=4 {
        opened.push(kit.open(n).await);
    }
    let now = opened[3].created_at;
    let close = |user, keep| kit.accounts.close_other_sessions(kit.tenant, user, keep);
    assert_eq!(close(user_id(2), None).await.expect("the store answers"), 0);
    let kept = opened[1].clone();
    assert_eq!(close(user_id(1), Some(kept.id)).await.expect("the store answers"), 3);
    assert_eq!(kit.sessions(user_id(1), now).await, [kept]);
    for n in [1, 3, 4] {
        let gone = kit.system.session(&token(n), 60, now).await.expect("the store answers");
        assert!(gone.is_none(), "session {n} is gone for the very next request");
    }
    assert_eq!(close(user_id(1), None).await.expect("the store answers"), 1);
    assert_eq!(kit.sessions(user_id(1), now).await, Vec::new());
}

/// **Ordering**: the API keys of a tenant are listed newest first.
pub async fn api_keys_are_listed_newest_first(harness: &impl Harness) {
    let kit = Kit::with_owner(harness).await;
    let mut keys = Vec::new();
    for n in [2, 1, 3] {
        let key = api_key(n, noon() + TimeDelta::microseconds(i64::from(n)));
        let added = kit.accounts.add_api_key(kit.tenant, key.clone(), token(n)).await;
        added.expect("the store answers");
        keys.push(key);
    }
    keys.sort_by_key(|key| std::cmp::Reverse(key.created_at));
    assert_eq!(kit.accounts.api_keys(kit.tenant).await.expect("the store answers"), keys);
}

/// **Errors**: a revoked API key is gone, and an unknown one cannot be revoked.
pub async fn a_revoked_api_key_is_gone(harness: &impl Harness) {
    let kit = Kit::with_owner(harness).await;
    let accounts = &kit.accounts;
    accounts.add_api_key(kit.tenant, api_key(1, noon()), token(1)).await.expect("it answers");
    accounts.add_api_key(kit.tenant, api_key(2, noon()), token(2)).await.expect("it answers");
    let unknown = accounts.revoke_api_key(kit.tenant, api_key_id(9)).await;
    assert_is!(unknown, Err(AccountsError::NotFound));
    accounts.revoke_api_key(kit.tenant, api_key_id(1)).await.expect("the key is there");
    let again = accounts.revoke_api_key(kit.tenant, api_key_id(1)).await;
    assert_is!(again, Err(AccountsError::NotFound));
    assert_eq!(accounts.api_keys(kit.tenant).await.expect("it answers"), [api_key(2, noon())]);
}

/// Preferences are empty until they are set, and setting replaces all of them.
pub async fn preferences_are_replaced_as_a_whole(harness: &impl Harness) {
    let kit = Kit::with_owner(harness).await;
    assert_eq!(kit.preferences(user_id(1)).await, Preferences::default());
    for entries in [&[("a", "1"), ("b", "")][..], &[("ü \"'", "\u{1F4DE}\n")], &[]] {
        kit.set_preferences(user_id(1), entries).await;
        assert_eq!(kit.preferences(user_id(1)).await, preferences(entries));
    }
}

/// What another tenant names reads as absent, and is not changed.
pub async fn another_tenants_accounts_are_absent_to_every_act(harness: &impl Harness) {
    let kit = Kit::with_owner(harness).await;
    let opened = kit.open(1).await;
    let now = opened.created_at;
    let key = api_key(1, noon());
    kit.accounts.add_api_key(kit.tenant, key.clone(), token(2)).await.expect("it answers");
    kit.set_preferences(user_id(1), &[("theme", "dark")]).await;

    let other = kit.as_tenant(2);
    let user = user_id(1);
    assert_eq!(other.sessions(user, now).await, Vec::new());
    let closed = other.accounts.close_session(other.tenant, user, opened.id).await;
    assert_is!(closed, Err(AccountsError::NotFound));
    let closed = other.accounts.close_other_sessions(other.tenant, user, None).await;
    assert_eq!(closed.expect("the store answers"), 0);
    assert_eq!(other.accounts.api_keys(other.tenant).await.expect("it answers"), Vec::new());
    let revoked = other.accounts.revoke_api_key(other.tenant, key.id).await;
    assert_is!(revoked, Err(AccountsError::NotFound));
    assert_eq!(other.preferences(user).await, Preferences::default());

    assert_eq!(kit.sessions(user, now).await, [opened]);
    assert_eq!(kit.accounts.api_keys(kit.tenant).await.expect("it answers"), [key]);
    assert_eq!(kit.preferences(user).await, preferences(&[("theme", "dark")]));
}
