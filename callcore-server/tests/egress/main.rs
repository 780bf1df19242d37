//! The guarded client against hostile URLs, name servers and bidders, over real sockets on this
//! machine. No packet leaves it: where a public address is meant to be connected to, connections are
//! made from 127.0.0.1, which leads nowhere but here.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod addresses;
mod answers;
mod connections;
mod limits;
mod listener;
mod names;
mod redirects;
mod spellings;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use callcore::model::HttpMethod;
use callcore::port::{Http, HttpRequest};
use callcore::vocabulary::TenantId;
use callcore_server::egress::{GuardedClient, Options, Policy};
use uuid::Uuid;

/// Far above what anything here takes on a busy machine.
const GUARD: Duration = Duration::from_secs(20);

fn tenant(number: u128) -> TenantId {
    TenantId::from_uuid(Uuid::from_u128(number))
}

/// Whether this machine has IPv6, if only for itself.
fn has_ipv6() -> bool {
    std::net::TcpListener::bind("[::1]:0").is_ok()
}

/// As in development: private targets are allowed.
fn open() -> Options {
    Options { policy: Policy::new(true), ..Options::default() }
}

/// As in production, with the one port that the test listens on, so that it is the address and not
/// the port that is refused.
fn guarded(port: u16) -> Options {
    let policy = Policy::default().with_port(port);
    Options { policy, source: Some(IpAddr::V4(Ipv4Addr::LOCALHOST)), ..Options::default() }
}

fn client(options: Options) -> Arc<dyn Http> {
    GuardedClient::new(options).unwrap().tenant(tenant(1))
}

/// A client without connections that may reach this machine.
fn fresh() -> Arc<dyn Http> {
    // Reading the system's certificates is slow, so it is done once.
    static OPEN: LazyLock<GuardedClient> = LazyLock::new(|| GuardedClient::new(open()).unwrap());
    static TENANTS: AtomicU64 = AtomicU64::new(1);
    OPEN.tenant(tenant(TENANTS.fetch_add(1, Ordering::Relaxed).into()))
}

fn get(url: impl Into<String>) -> HttpRequest {
    HttpRequest {
        method: HttpMethod::Get,
        url: url.into(),
        headers: Vec::new(),
        body: Vec::new(),
        timeout: GUARD,
        most_body_bytes: 64 * 1024,
    }
}

fn post(url: impl Into<String>, body: &str) -> HttpRequest {
    HttpRequest { method: HttpMethod::Post, body: body.into(), ..get(url) }
}
