//! From a configuration to a server that listens.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use axum::Router;
use callcore::port::{Clock, Egress, Script};
use callcore::switchboard::{Ports, Switchboard};
use callcore_twiml::render::Renderer;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::auth::Guard;
use crate::clock::SystemClock;
use crate::config::Config;
use crate::directory::OpenDirectory;
use crate::outbox::Bell;
use crate::secrets::Sealer;
use crate::state::{App, Shared, Stores};
use crate::twilio::Carrier;
use crate::{app, metrics, outbox, outgoing, serve, store, sweeper};

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The store cannot be opened.
    #[error("the database {database} cannot be opened: {source}")]
    Store {
        /// Which one.
        database: String,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The address cannot be listened on.
    #[error("LISTEN: {address} cannot be listened on: {source}")]
    Listen {
        /// Which address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
}

/// A server that listens and does not serve yet.
#[derive(Debug)]
pub struct Server {
    app: App,
    listener: TcpListener,
    router: Router,
}

/// Opens the store and listens. `script` runs the custom code of flows: the binary passes
/// [`script::Workers`](crate::script::Workers), and a program that cannot be its own worker
/// [`Offline`](callcore::memory::Offline).
///
/// # Errors
/// [`StartError`].
pub async fn bind(config: Config, script: Arc<dyn Script>) -> Result<Server, StartError> {
    let stores = store::open(&config.database).await?;
    let address = config.listen;
    let listener = TcpListener::bind(address)
        .await
        .map_err(|source| StartError::Listen { address, source })?;
    let egress = outgoing::egress(&config);
    let clock = Arc::new(SystemClock::default());
    let app = shared(config, stores, clock, egress, script);
    let router = app::router(&app);
    Ok(Server { app, listener, router })
}

/// Assembles what handlers share.
pub fn shared(
    config: Config,
    stores: Stores,
    clock: Arc<dyn Clock>,
    egress: Arc<dyn Egress>,
    script: Arc<dyn Script>,
) -> App {
    metrics::install();
    let sealer = config.encryption_key.as_ref().map(|key| Arc::new(Sealer::new(key)));
    let directory = OpenDirectory::new(Arc::clone(&stores.directory), sealer.clone());
    let stores = Stores { directory: Arc::new(directory), ..stores };
    let ports = Ports {
        directory: Arc::clone(&stores.directory),
        system: Arc::clone(&stores.system),
        calls: Arc::clone(&stores.calls),
        capacity: Arc::clone(&stores.capacity),
        egress: Arc::clone(&egress),
        script: Arc::clone(&script),
        clock: Arc::clone(&clock),
    };
    Arc::new(Shared {
        switchboard: Arc::new(Switchboard::new(ports, Default::default())),
        renderer: Renderer::new(config.public_url.as_str()),
        carrier: Carrier::new(config.twilio_api_url.as_str(), config.twilio_auth_token.clone()),
        outbox: Bell::default(),
        guard: Guard::new(&config.session_secret, &config.public_url),
        sealer,
        egress,
        script,
        script_turn: Semaphore::new(1),
        stores,
        clock,
        config,
    })
}

impl Server {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.listener.local_addr().unwrap_or(self.app.config.listen)
    }

    /// What its handlers share.
    pub fn app(&self) -> &App {
        &self.app
    }

    /// Serves until `stop` is ready, and then until the requests are done that are going on, those
    /// of callers and those to others.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let sweeper = tokio::spawn(sweeper::run(Arc::clone(&self.app)));
        let sender = outbox::Sender::start(Arc::clone(&self.app));
        let stopping = OnceLock::new();
        let stop = async {
            stop.await;
            stopping.get_or_init(Instant::now);
            // What the last requests leave to send is sent by whoever serves on, or comes next.
            sender.quiet();
        };
        serve::serve(self.listener, self.router, stop).await;
        sweeper.abort();
        // What was being sent then may take longer than the requests did.
        sender.stop(*stopping.get_or_init(Instant::now) + serve::DRAIN).await;
    }
}
