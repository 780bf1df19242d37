//! The whole of it through the router, on a clock that stands still until it is told.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Request, StatusCode, header};
use callcore::memory::{MemoryStore, Offline};
use callcore::port::Clock;
use chrono::{DateTime, TimeDelta, Utc};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::config::Settings;
use crate::state::Stores;

const PASSWORD: &str = "correct horse battery staple";

#[derive(Debug, Default)]
struct StillClock(Mutex<Duration>);

impl StillClock {
    fn pass(&self, minutes: u64) {
        *self.0.lock().unwrap() += Duration::from_secs(60 * minutes);
    }
}

#[async_trait]
impl Clock for StillClock {
    fn now(&self) -> DateTime<Utc> {
        let elapsed = TimeDelta::from_std(self.monotonic()).unwrap();
        DateTime::from_timestamp(1_800_000_000, 0).unwrap() + elapsed
    }

    fn monotonic(&self) -> Duration {
        *self.0.lock().unwrap()
    }

    async fn sleep_until(&self, _: Duration) {
        std::future::pending::<()>().await;
    }
}

struct World {
    clock: Arc<StillClock>,
    router: Router,
}

#[derive(Debug)]
struct Answer {
    status: StatusCode,
    cookie: Option<String>,
    body: Value,
}

impl World {
    async fn new() -> Self {
        // With both secrets given nothing is written to disk.
        let settings = Settings {
            public_url: Some("https://calls.example.com".into()),
            session_secret: Some("s".repeat(32)),
            encryption_key: Some("e".repeat(32)),
            ..Settings::default()
        };
        let config = settings.check().unwrap();
        let clock = Arc::new(StillClock::default());
        let stores = Stores::of(&Arc::new(MemoryStore::default()));
        let (egress, script) = (Arc::new(Offline), Arc::new(Offline));
        let app = crate::start::shared(config, stores, Arc::clone(&clock) as _, egress, script);
        let world = Self { clock, router: crate::app::router(&app) };
        let made = world.ask("POST", "/api/auth/setup", "", credentials(PASSWORD)).await;
        assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
        world
    }

    /// `proof` is a whole `Cookie` or, with `Bearer` before it, `Authorization` header.
    async fn ask(&self, method: &str, path: &str, proof: &str, body: Value) -> Answer {
        let name = if proof.starts_with("Bearer") { header::AUTHORIZATION } else { header::COOKIE };
        let mut request = Request::builder().method(method).uri(path).header(name, proof);
        let mut content = Body::empty();
        if !body.is_null() {
            request = request.header(header::CONTENT_TYPE, "application/json");
            content = Body::from(body.to_string());
        }
        self.send(request.body(content).unwrap()).await
    }

    async fn send(&self, mut request: Request<Body>) -> Answer {
        let peer: SocketAddr = "192.0.2.7:4711".parse().unwrap();
        request.extensions_mut().insert(ConnectInfo(peer));
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let line = response.headers().get(header::SET_COOKIE).map(|line| line.to_str().unwrap());
        let cookie = line.map(|line| line.split(';').next().unwrap().to_owned());
        let body = response.into_body().collect().await.unwrap().to_bytes();
        Answer { status, cookie, body: serde_json::from_slice(&body).unwrap_or_default() }
    }

    async fn log_in(&self, proof: &str) -> String {
        let answer = self.ask("POST", "/api/auth/login", proof, credentials(PASSWORD)).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        answer.cookie.unwrap()
    }

    async fn get(&self, path: &str, proof: &str) -> Answer {
        self.ask("GET", path, proof, Value::Null).await
    }

    async fn is_in(&self, proof: &str) -> bool {
        self.get("/api/auth/user", proof).await.status == StatusCode::OK
    }
}

fn credentials(password: &str) -> Value {
    json!({ "username": "owner", "password": password })
}

#[tokio::test]
async fn the_owner_is_set_up_once_and_answered_without_the_password() {
    let world = World::new().await;
    let again = world.ask("POST", "/api/auth/setup", "", credentials(PASSWORD)).await;
    assert_eq!(again.status, StatusCode::CONFLICT);
    let cookie = world.log_in("").await;
    let answer = world.get("/api/auth/user", &cookie).await;
    assert_eq!(answer.body["user"]["username"], "owner");
    assert_eq!(answer.body["user"]["createdAt"], "2027-01-15T08:00:00Z");
    assert_eq!(answer.body["user"].as_object().unwrap().len(), 3);
}

#[tokio::test]
async fn a_sign_in_makes_a_new_session_and_ends_the_old_one() {
    let world = World::new().await;
    let first = world.log_in("").await;
    assert!(first.starts_with("__Host-callcore="));
    let second = world.log_in(&first).await;
    assert_ne!(first, second);
    assert!(!world.is_in(&first).await);
    assert!(world.is_in(&second).await);
    let out = world.ask("POST", "/api/auth/logout", &second, Value::Null).await;
    assert_eq!((out.status, out.cookie), (StatusCode::NO_CONTENT, Some("__Host-callcore=".into())));
    assert!(!world.is_in(&second).await);
    let out = world.ask("POST", "/api/auth/logout", "", Value::Null).await;
    assert_eq!(out.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn a_session_ends_idle_after_half_an_hour_and_always_after_twelve() {
    let world = World::new().await;
    let idle = world.log_in("").await;
    world.clock.pass(29);
    assert!(world.is_in(&idle).await);
    world.clock.pass(30);
    assert!(!world.is_in(&idle).await);
    let busy = world.log_in("").await;
    for _ in 0..35 {
        world.clock.pass(20);
        assert!(world.is_in(&busy).await);
    }
    world.clock.pass(20);
    assert!(!world.is_in(&busy).await);
}

#[tokio::test]
async fn ten_failures_lock_even_for_the_right_password() {
    let world = World::new().await;
    let login = |password: &str| {
        let body = credentials(password);
        world.ask("POST", "/api/auth/login", "", body)
    };
    for _ in 0..10 {
        assert_eq!(login("wrong").await.status, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(login(PASSWORD).await.status, StatusCode::TOO_MANY_REQUESTS);
    world.clock.pass(1);
    assert_eq!(login(PASSWORD).await.status, StatusCode::OK);
    assert_eq!(login("wrong").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn an_unknown_user_is_answered_as_a_wrong_password() {
    let world = World::new().await;
    let wrong = world.ask("POST", "/api/auth/login", "", credentials("wrong")).await;
    for username in ["nobody", "\0", &"x".repeat(5000)] {
        let body = json!({ "username": username, "password": PASSWORD });
        let unknown = world.ask("POST", "/api/auth/login", "", body).await;
        assert_eq!((unknown.status, &unknown.body), (wrong.status, &wrong.body));
        assert_eq!(unknown.cookie, None);
    }
}

#[tokio::test]
async fn an_api_key_works_until_it_is_revoked_and_never_falls_back_to_a_cookie() {
    let world = World::new().await;
    let cookie = world.log_in("").await;
    let body = json!({ "name": "reports" });
    let made = world.ask("POST", "/api/auth/api-keys", &cookie, body).await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    let token = made.body["token"].as_str().unwrap();
    let bearer = format!("Bearer {token}");
    assert!(world.is_in(&bearer).await);
    let listed = world.get("/api/auth/api-keys", &bearer).await.body;
    assert_eq!(listed["items"][0]["id"], made.body["id"]);
    assert!(!listed.to_string().contains(token));
    let path = format!("/api/auth/api-keys/{}", made.body["id"].as_str().unwrap());
    for expected in [StatusCode::NO_CONTENT, StatusCode::NOT_FOUND] {
        let gone = world.ask("DELETE", &path, &cookie, Value::Null).await;
        assert_eq!(gone.status, expected);
    }
    assert!(!world.is_in(&bearer).await);
    let both = Request::get("/api/auth/user")
        .header(header::AUTHORIZATION, bearer)
        .header(header::COOKIE, &cookie);
    let both = world.send(both.body(Body::empty()).unwrap()).await;
    assert_eq!(both.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn sessions_are_listed_and_ended() {
    let world = World::new().await;
    let others = [world.log_in("").await, world.log_in("").await, world.log_in("").await];
    world.clock.pass(1);
    let cookie = world.log_in("").await;
    let listed = world.get("/api/auth/sessions?limit=2", &cookie).await.body;
    assert_eq!(listed["items"].as_array().unwrap().len(), 2);
    assert!(listed["nextCursor"].is_string());
    let current: Vec<_> = [&listed["items"][0], &listed["items"][1]]
        .map(|item| item["current"].as_bool().unwrap())
        .into();
    assert_eq!(current, [true, false]);
    assert_eq!(listed["items"][0]["address"], "192.0.2.7");
    let path = format!("/api/auth/sessions/{}", listed["items"][1]["id"].as_str().unwrap());
    for expected in [StatusCode::NO_CONTENT, StatusCode::NOT_FOUND] {
        assert_eq!(world.ask("DELETE", &path, &cookie, Value::Null).await.status, expected);
    }
    let rest = world.ask("DELETE", "/api/auth/sessions", &cookie, Value::Null).await;
    assert_eq!(rest.status, StatusCode::NO_CONTENT);
    for other in others {
        assert!(!world.is_in(&other).await);
    }
    assert!(world.is_in(&cookie).await);
}

#[tokio::test]
async fn preferences_are_replaced() {
    let world = World::new().await;
    let cookie = world.log_in("").await;
    assert_eq!(world.get("/api/auth/preferences", &cookie).await.body, json!({}));
    let wanted = json!({ "theme": "dark", "id": "mine" });
    let put = world.ask("PUT", "/api/auth/preferences", &cookie, wanted.clone()).await;
    assert_eq!((put.status, &put.body), (StatusCode::OK, &wanted));
    assert_eq!(world.get("/api/auth/preferences", &cookie).await.body, wanted);
}

#[tokio::test]
async fn malformed_proofs_are_unauthenticated() {
    let world = World::new().await;
    let proofs: [&[u8]; 6] = [
        b"",
        b"Bearer",
        b"Bearer \xff",
        b"Bearer ck_",
        b"__Host-callcore=\xff",
        b"__Host-callcore=x",
    ];
    for proof in proofs {
        for name in [header::AUTHORIZATION, header::COOKIE] {
            let request = Request::get("/api/auth/user").header(name, proof);
            let answer = world.send(request.body(Body::empty()).unwrap()).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{proof:?}");
        }
    }
}
