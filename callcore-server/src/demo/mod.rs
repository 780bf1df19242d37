//! A demonstration that plays real calls: a server on a file of its own, a demo tenant, and the
//! simulated phone that calls it through signed webhooks over HTTP. Prints what each caller heard,
//! who was dialled, why the others were not, and what would have let them in.

pub mod bidder;
mod flow;
mod print;
mod scenario;
mod stage;

use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;

use crate::config::{ConfigError, Settings};
use crate::script::Workers;
use crate::secrets::random_token;
use crate::start::{self, StartError};

use scenario::scenarios;
use stage::Stage;

/// Where the demo's server listens, unless it is told.
const LISTEN: &str = "127.0.0.1:8080";

/// Why there is no demonstration.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// A setting is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The server does not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// Something could not be written or read.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// The demo tenant could not be set up.
    #[error("the demo tenant could not be set up: {0}")]
    Stage(String),
    /// Something did not go as told.
    #[error("{failed} things did not go as told in {played} calls")]
    NotAsTold {
        /// How many did not.
        failed: usize,
        /// How many were played.
        played: usize,
    },
}

/// Plays the demonstration. Without `once` the server stays up until `stop` is ready.
///
/// # Errors
/// [`DemoError`]; [`DemoError::NotAsTold`] where a call did not go as its scenario says.
pub async fn run(
    settings: Settings,
    once: bool,
    stop: impl Future<Output = ()>,
) -> Result<(), DemoError> {
    let folder = tempfile::Builder::new().prefix("callcore-demo-").tempdir()?;
    let auth_token = random_token();
    // With `--once` nobody else needs the port, so any free one does.
    let port = if once { "127.0.0.1:0" } else { LISTEN };
    let listen = settings.listen.clone().unwrap_or_else(|| port.to_owned());
    let account = "AC000000000000000000000000000demo1".to_owned();
    let config = Settings {
        data_dir: Some(folder.path().display().to_string()),
        database_url: None,
        // The demo's bidders are on this machine.
        allow_private_targets: Some("true".into()),
        listen: Some(free_port(&listen)?),
        public_url: None,
        twilio_account_sid: Some(account.clone()),
        twilio_auth_token: Some(auth_token.clone()),
        ..settings
    }
    .check()?;
    let server = start::bind(config, Arc::new(Workers::default())).await?;
    let app = Arc::clone(server.app());
    let serving = tokio::spawn(server.run(std::future::pending()));
    let bidders = TcpListener::bind("127.0.0.1:0").await?;
    let bidders_at = bidders.local_addr()?;
    let bidding = tokio::spawn(bidder::serve(bidders, scenario::rules()));
    let stage = Stage::new(app, account, auth_token, bidders_at).await?;
    let url = stage.url().to_owned();

    let mut out = std::io::stdout();
    print::opening(&mut out, &url)?;
    let (mut played, mut failed) = (0, 0);
    for scenario in scenarios() {
        let result = stage.play(&scenario).await?;
        played += result.calls.len();
        failed += result.calls.iter().filter(|call| !call.faults.is_empty()).count();
        print::scenario(&mut out, &scenario, &result)?;
    }
    let (forged_is_refused, held) = (stage.forged_is_refused().await, stage.held().await?);
    failed += usize::from(!forged_is_refused) + usize::from(held > 0);
    print::closing(&mut out, forged_is_refused, held)?;
    if !once {
        print::stays_up(&mut out, &url, stage.password())?;
        out.flush()?;
        stop.await;
    }
    bidding.abort();
    serving.abort();
    if failed > 0 { Err(DemoError::NotAsTold { failed, played }) } else { Ok(()) }
}

/// The address itself, with a free port where it has port 0: the public URL names it before the
/// server listens.
fn free_port(listen: &str) -> Result<String, DemoError> {
    match listen.parse::<SocketAddr>() {
        Ok(address) if address.port() == 0 => {
            let listener = std::net::TcpListener::bind(address)?;
            Ok(listener.local_addr()?.to_string())
        }
        // A wrong address is told by the configuration's own check.
        _ => Ok(listen.to_owned()),
    }
}
