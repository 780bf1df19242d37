//! A bidder to try auctions against: it bids by rules from a file, with delays, refusals and
//! failures, each bidder at a path of its own.
//!
//! Run it: `cargo run -p examples --example bidding_server -- examples/bidders.json`
//!
//! Try: create a target with the endpoint `http://127.0.0.1:8090/acme` on a server with
//! `ALLOW_PRIVATE_TARGETS=true`, assign it to a campaign of the routing type `rtb`, and call.

use std::error::Error;

use callcore_server::demo::bidder::{self, Rule};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    run(std::env::args().skip(1), |line| println!("{line}")).await
}

/// Serves the bidders of a file of rules, at an address if one is given, and tells where they are.
pub(crate) async fn run(
    mut arguments: impl Iterator<Item = String>,
    tell: impl Fn(String),
) -> Result<(), Box<dyn Error>> {
    let path = arguments.next().ok_or("the path of a file of rules is expected")?;
    let address = arguments.next().unwrap_or_else(|| "127.0.0.1:8090".to_owned());
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
    let rules: Vec<Rule> =
        serde_json::from_str(&text).map_err(|error| format!("{path}: {error}"))?;
    let listener = TcpListener::bind(&address).await?;
    for rule in &rules {
        tell(format!("{} bids at http://{}/{}", rule.name, listener.local_addr()?, rule.name));
    }
    Ok(bidder::serve(listener, rules).await?)
}
