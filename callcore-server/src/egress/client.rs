//! The guarded client, and which tenants have connections.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use callcore::port::Http;
use callcore::vocabulary::TenantId;
use reqwest::header::{ACCEPT_ENCODING, HeaderMap, HeaderValue};
use reqwest::redirect::Policy as Redirects;
use reqwest::{Client, retry};
use rustls::ClientConfig;
use rustls::client::Resumption;
use rustls_platform_verifier::BuilderVerifierExt;
use tokio::time::Instant;
use tower::util::MapRequestLayer;

use super::exchange::{TenantClient, connecting};
use super::names::{Directory, Keep, Names, SystemNames, TenantNames};
use super::target::Policy;

/// How long making a connection may take, shared among the addresses of a name, so that one dead
/// address leaves time for the next.
pub(super) const CONNECT: Duration = Duration::from_secs(3);
/// How long a silent connection is trusted before it is probed.
const PROBE: Duration = Duration::from_secs(5);
/// How many idle connections to one host are kept.
const MOST_IDLE: usize = 32;
/// How many TLS sessions of one tenant are kept.
const MOST_SESSIONS: usize = 32;
/// How long a tenant without requests keeps its client.
const TENANT_IDLE: Duration = Duration::from_secs(60);
const USER_AGENT: &str = concat!("callcore/", env!("CARGO_PKG_VERSION"));

/// How the client goes about it.
#[derive(Clone, Debug)]
pub struct Options {
    /// Which targets are allowed.
    pub policy: Policy,
    /// The address that connections are made from, where the host has several.
    pub source: Option<IpAddr>,
    /// How long an idle connection is kept: shorter than servers do, so that none is used that the
    /// other side has closed already.
    pub idle: Duration,
    /// How long an answer of the name service is used again; it is checked anew each time.
    pub keep_names: Duration,
    /// How long an old answer of the name service stands in while the name is looked up again, and
    /// while that fails, counted from when it came; it is checked anew each time.
    pub keep_stale_names: Duration,
    /// How many tenants have connections at once; the one unused for longest loses its own first.
    pub most_tenants: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            policy: Policy::default(),
            source: None,
            idle: Duration::from_secs(4),
            keep_names: Duration::from_secs(5),
            keep_stale_names: Duration::from_secs(60),
            most_tenants: 512,
        }
    }
}

/// The system's certificates cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("no TLS towards other servers: {0}")]
pub struct NoTls(#[from] rustls::Error);

/// Sends the requests of all tenants to URLs that they configured, each over connections of the
/// tenant's own.
#[derive(Debug)]
pub struct GuardedClient {
    options: Options,
    policy: Arc<Policy>,
    directory: Directory,
    tls: ClientConfig,
    tenants: Mutex<Tenants>,
}

#[derive(Debug)]
struct Tenants {
    known: HashMap<TenantId, Known>,
    swept: Instant,
}

#[derive(Debug)]
struct Known {
    client: Arc<TenantClient>,
    used: Instant,
}

impl GuardedClient {
    /// With the names that the operating system knows.
    ///
    /// # Errors
    /// [`NoTls`] where the system has no certificates.
    pub fn new(options: Options) -> Result<Self, NoTls> {
        Self::with_names(options, Arc::new(SystemNames))
    }

    /// With another name service.
    ///
    /// # Errors
    /// [`NoTls`] where the system has no certificates.
    pub fn with_names(options: Options, names: Arc<dyn Names>) -> Result<Self, NoTls> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_platform_verifier()?
            .with_no_client_auth();
        let policy = Arc::new(options.policy.clone());
        let keep = Keep { fresh: options.keep_names, stale: options.keep_stale_names };
        let directory = Directory::new(names, policy.clone(), keep);
        let tenants = Tenants { known: HashMap::new(), swept: Instant::now() };
        Ok(Self { options, policy, directory, tls, tenants: Mutex::new(tenants) })
    }

    /// This tenant's client. Ask anew for each call or job: a client that is held on to lives on
    /// after it was given up here.
    pub fn tenant(&self, tenant: TenantId) -> Arc<dyn Http> {
        let now = Instant::now();
        let mut tenants = self.tenants.lock().unwrap_or_else(PoisonError::into_inner);
        tenants.sweep(now);
        if let Some(known) = tenants.known.get_mut(&tenant) {
            known.used = now;
            return known.client.clone();
        }
        tenants.make_room(self.options.most_tenants);
        let client = Arc::new(self.client_of(tenant));
        tenants.known.insert(tenant, Known { client: client.clone(), used: now });
        client
    }

    fn client_of(&self, tenant: TenantId) -> TenantClient {
        let mut tls = self.tls.clone();
        // A session is as good as a connection for telling tenants apart, or not.
        tls.resumption = Resumption::in_memory_sessions(MOST_SESSIONS);
        let identity = (ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        let client = Client::builder()
            .tls_backend_preconfigured(tls)
            .dns_resolver(TenantNames::new(tenant, self.directory.clone()))
            .connector_layer(MapRequestLayer::new(connecting))
            .local_address(self.options.source)
            .redirect(Redirects::none())
            .retry(retry::never())
            .no_proxy()
            .referer(false)
            .user_agent(USER_AGENT)
            .default_headers(HeaderMap::from_iter([identity]))
            .connect_timeout(CONNECT)
            .tcp_keepalive(PROBE)
            .tcp_nodelay(true)
            .pool_idle_timeout(self.options.idle)
            .pool_max_idle_per_host(MOST_IDLE)
            .build()
            .expect("TLS is configured already, and nothing else can fail");
        TenantClient::new(tenant, client, self.policy.clone())
    }
}

impl Tenants {
    fn sweep(&mut self, now: Instant) {
        if now.duration_since(self.swept) >= TENANT_IDLE {
            self.swept = now;
            self.known.retain(|_, known| now.duration_since(known.used) < TENANT_IDLE);
        }
    }

    fn make_room(&mut self, most: usize) {
        if self.known.len() < most {
            return;
        }
        let oldest = self.known.iter().min_by_key(|(_, known)| known.used);
        if let Some(tenant) = oldest.map(|(tenant, _)| *tenant) {
            self.known.remove(&tenant);
        }
    }
}
