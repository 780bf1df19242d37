//! The real binary, with a folder and a port that it keeps over all of its lives.

use std::fs::{self, File, OpenOptions};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use callcore::model::HttpMethod;
use callcore::port::{Http, HttpRequest};
use callcore_server::client::HttpClient;
use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::world::{ACCOUNT, TOKEN};

const STARTS_WITHIN: Duration = Duration::from_secs(60);

/// Below the ports that outgoing connections get: while the server is down, one of those could
/// otherwise take its port.
const PORTS: std::ops::Range<u16> = 20_000..32_000;

#[derive(Debug)]
pub(crate) struct Server {
    folder: TempDir,
    address: SocketAddr,
    settings: Vec<(&'static str, String)>,
    client: HttpClient,
    child: Option<Child>,
}

impl Server {
    /// A server that does not run yet, with what is set beside its folder, address and account.
    pub(crate) fn install(settings: &[(&'static str, String)]) -> Self {
        let folder = tempfile::tempdir().expect("there is a place for temporary files");
        let (client, settings) = (HttpClient::default(), settings.to_vec());
        Self { folder, address: free_address(), settings, client, child: None }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address())
    }

    /// Where it keeps its files.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Starts it and waits until it says that it is well.
    pub(crate) async fn start(&mut self) {
        let child = Command::new(env!("CARGO_BIN_EXE_callcore-server"))
            .env_clear()
            .env("DATA_DIR", self.folder())
            .env("LISTEN", self.address.to_string())
            .env("TWILIO_ACCOUNT_SID", ACCOUNT)
            .env("TWILIO_AUTH_TOKEN", TOKEN)
            .env("RUST_LOG", "warn")
            .envs(self.settings.iter().map(|(name, value)| (*name, value)))
            // Not where a callcore.toml of somebody else may be.
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(self.log())
            .kill_on_drop(true)
            .spawn()
            .expect("the binary was built for this test");
        let begun = Instant::now();
        let health_url = format!("{}/healthz", self.url());
        let child = self.child.insert(child);
        loop {
            let health = HttpRequest {
                method: HttpMethod::Get,
                url: health_url.clone(),
                headers: Vec::new(),
                body: Vec::new(),
                timeout: Duration::from_secs(2),
                most_body_bytes: 1_000,
            };
            if matches!(self.client.send(health).await, Ok(answer) if answer.status == 200) {
                return;
            }
            let ended = child.try_wait().expect("it is a child of this process");
            assert_eq!(ended, None, "the server ends instead of starting");
            assert!(begun.elapsed() < STARTS_WITHIN, "the server does not start");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// SIGKILL.
    pub(crate) async fn kill(&mut self) {
        let mut child = self.child.take().expect("the server runs");
        child.start_kill().expect("the server runs");
        child.wait().await.expect("it is a child of this process");
    }

    /// SIGTERM.
    pub(crate) async fn ask_to_stop(&self) {
        let id = self.child.as_ref().and_then(Child::id).expect("the server runs");
        let sent = Command::new("kill").args(["-TERM", &id.to_string()]).status().await;
        assert!(sent.expect("there is a kill command").success(), "the server is gone already");
    }

    /// Waits for the end that was asked for and answers how long that took.
    pub(crate) async fn stopped(&mut self) -> Duration {
        let begun = Instant::now();
        let mut child = self.child.take().expect("the server runs");
        let ended = tokio::time::timeout(Duration::from_secs(30), child.wait()).await;
        let status = ended.expect("the server stops").expect("it is a child of this process");
        assert!(status.success(), "the server stops with {status}");
        begun.elapsed()
    }

    pub(crate) async fn stop(&mut self) -> Duration {
        self.ask_to_stop().await;
        self.stopped().await
    }

    fn log(&self) -> File {
        let path = self.folder.path().join("server.log");
        OpenOptions::new().create(true).append(true).open(path).expect("the folder is ours")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = fs::read_to_string(self.folder.path().join("server.log")).unwrap_or_default();
            let lines: Vec<&str> = log.lines().collect();
            let last = &lines[lines.len().saturating_sub(40)..];
            eprintln!("the last lines of the server:\n{}", last.join("\n"));
        }
    }
}

fn free_address() -> SocketAddr {
    // Tests that run side by side begin in different places.
    let begin = u16::try_from(uuid::Uuid::new_v4().as_u128() % PORTS.len() as u128);
    let begin = begin.expect("a port") + PORTS.start;
    let mut ports = (begin..PORTS.end).chain(PORTS.start..begin);
    let free = ports.find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok());
    SocketAddr::from(([127, 0, 0, 1], free.expect("not all ports are taken")))
}
