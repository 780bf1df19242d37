//! Several servers with one database and one address at the carrier.

use std::time::{Duration, Instant};

use callcore::model::HttpMethod;
use callcore::port::{Http, HttpRequest};
use callcore_server::client::HttpClient;
use tokio::sync::oneshot;

use crate::chance::Chance;
use crate::server::Server;
use crate::world::PUBLIC_URL;

/// How long a server may take until it can work with a database that is there. Much more than it
/// needs: the machine may be busy.
const READY_WITHIN: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(crate) struct Fleet {
    pub(crate) servers: Vec<Server>,
}

impl Fleet {
    /// Servers that do not run yet.
    pub(crate) fn install(count: usize, database_url: &str) -> Self {
        let settings = [
            ("DATABASE_URL", database_url.to_owned()),
            ("PUBLIC_URL", PUBLIC_URL.to_owned()),
            ("SESSION_SECRET", "the-session-secret-of-all-servers".to_owned()),
            ("ENCRYPTION_KEY", "the-encryption-key-of-all-servers".to_owned()),
        ];
        Self { servers: (0..count).map(|_| Server::install(&settings)).collect() }
    }

    /// Starts all at once, so that all find an empty database and migrate it.
    pub(crate) async fn start(&mut self) {
        let starting = self.servers.iter_mut().map(|server| async {
            server.start().await;
            server.ready().await;
        });
        futures_util::future::join_all(starting).await;
    }

    pub(crate) fn urls(&self) -> Vec<String> {
        self.servers.iter().map(Server::url).collect()
    }

    /// Stops all as an operator does: none may have died, and all must go soon.
    pub(crate) async fn stop(&mut self, within: Duration) {
        for server in &mut self.servers {
            let stopped_in = server.stop().await;
            assert!(stopped_in <= within, "a server took {stopped_in:?} to stop");
        }
    }

    /// Kills one server after the other, as long as calls go on, and answers how often that was.
    /// All run then.
    pub(crate) async fn kill_some(
        &mut self,
        every: Duration,
        mut chance: Chance,
        mut over: oneshot::Receiver<()>,
    ) -> u32 {
        let mut kills = 0;
        // The first kill finds the calls in full swing.
        let mut next = tokio::time::Instant::now() + every / 2;
        loop {
            tokio::select! {
                _ = &mut over => return kills,
                () = tokio::time::sleep_until(next) => {}
            }
            next += every;
            let victim = chance.below(self.servers.len() as u64);
            let victim = &mut self.servers[usize::try_from(victim).expect("there are few")];
            victim.kill().await;
            kills += 1;
            tokio::time::sleep(chance.millis(200, 1_500)).await;
            victim.start().await;
        }
    }
}

impl Server {
    /// Waits until it says that it can work.
    pub(crate) async fn ready(&self) {
        let begun = Instant::now();
        loop {
            let (status, body) = self.readiness().await;
            if status == 200 {
                return;
            }
            assert!(begun.elapsed() < READY_WITHIN, "the server is not ready: {status} {body}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// What it says of its readiness.
    pub(crate) async fn readiness(&self) -> (u16, String) {
        let request = HttpRequest {
            method: HttpMethod::Get,
            url: format!("{}/readyz", self.url()),
            headers: Vec::new(),
            body: Vec::new(),
            timeout: Duration::from_secs(15),
            most_body_bytes: 10_000,
        };
        match HttpClient::default().send(request).await {
            Ok(answer) => (answer.status, String::from_utf8_lossy(&answer.body).into_owned()),
            Err(error) => (0, error.to_string()),
        }
    }
}
