//! Kills the server at random, mostly while it is busy, and starts it again.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use crate::carrier::Carrier;
use crate::chance::Chance;
use crate::server::Server;

/// How long requests gather before a kill.
const GATHERING: Duration = Duration::from_millis(150);

/// Enough. On a slow machine calls take longer, and without an end to the kills they would take
/// longer still.
const MOST_KILLS: u32 = 24;

#[derive(Debug)]
pub(crate) struct Killer {
    pub(crate) carrier: Arc<Carrier>,
    pub(crate) chance: Chance,
}

impl Killer {
    /// Kills until all calls are over and answers how often that was. The server runs then.
    pub(crate) async fn run(mut self, server: &mut Server, over: oneshot::Receiver<()>) -> u32 {
        let mut over = pin!(over);
        let mut kills = 0;
        loop {
            tokio::select! {
                _ = &mut over => return kills,
                () = tokio::time::sleep(self.chance.millis(300, 1_500)) => {}
            }
            if kills == MOST_KILLS {
                continue;
            }
            if self.chance.below(3) > 0 {
                // A kill that hits idle hands proves nothing: let requests gather, so that several
                // are somewhere between their first byte and their answer.
                self.carrier.gather(GATHERING).await;
                tokio::time::sleep(self.chance.millis(0, 30)).await;
            }
            server.kill().await;
            kills += 1;
            tokio::time::sleep(self.chance.millis(0, 150)).await;
            server.start().await;
        }
    }
}
