//! A listener that plays a script to whoever connects.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use super::wire::Bytes;

/// What a bidder does with a connection, one step after the other. After the last it closes.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Reads a request.
    Read,
    /// Sends this.
    Send(Bytes),
    /// Sends this, a byte in 100 ms.
    Drip(&'static [u8]),
    /// Sends this so many times.
    Flood(Bytes, u64),
    /// Sends this every 10 ms, for ever.
    Pour(Bytes),
    /// Waits.
    Wait(Duration),
    /// Waits for the other side to close.
    Hang,
    /// Resets the connection.
    Reset,
}

/// Where a bidder is, and how often it was connected to.
#[derive(Debug)]
pub(crate) struct Listener {
    pub(crate) port: u16,
    accepts: Arc<AtomicUsize>,
    /// Bound and not listening: whoever connects is refused, and nobody else gets the port.
    refusing: Option<TcpSocket>,
}

impl Listener {
    /// Plays the script of its number to each connection, and the last one to all that follow.
    pub(crate) async fn start(scripts: Vec<Vec<Step>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let accepts = Arc::new(AtomicUsize::new(0));
        let counted = accepts.clone();
        let scripts: Vec<Arc<[Step]>> = scripts.into_iter().map(Arc::from).collect();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let number = counted.fetch_add(1, Ordering::SeqCst);
                let script = scripts[number.min(scripts.len() - 1)].clone();
                tokio::spawn(async move { play(stream, &script).await });
            }
        });
        Self { port, accepts, refusing: None }
    }

    /// Refuses connections.
    pub(crate) fn refusing() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let port = socket.local_addr().unwrap().port();
        Self { port, accepts: Arc::default(), refusing: Some(socket) }
    }

    pub(crate) fn is_refusing(&self) -> bool {
        self.refusing.is_some()
    }

    pub(crate) fn accepts(&self) -> usize {
        self.accepts.load(Ordering::SeqCst)
    }
}

/// Ends early where the other side is gone.
async fn play(mut stream: TcpStream, script: &[Step]) {
    for step in script {
        let outcome = match step {
            Step::Read => read(&mut stream).await,
            Step::Send(bytes) => stream.write_all(bytes).await.ok(),
            Step::Drip(bytes) => drip(&mut stream, bytes).await,
            Step::Flood(piece, times) => flood(&mut stream, piece, *times).await,
            Step::Pour(piece) => pour(&mut stream, piece).await,
            Step::Wait(time) => {
                tokio::time::sleep(*time).await;
                Some(())
            }
            Step::Hang => {
                let mut ignored = [0; 1024];
                while stream.read(&mut ignored).await.is_ok_and(|read| read > 0) {}
                Some(())
            }
            Step::Reset => stream.set_zero_linger().ok(),
        };
        if outcome.is_none() {
            return;
        }
    }
}

async fn drip(stream: &mut TcpStream, bytes: &[u8]) -> Option<()> {
    for byte in bytes {
        stream.write_all(&[*byte]).await.ok()?;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Some(())
}

async fn flood(stream: &mut TcpStream, piece: &[u8], times: u64) -> Option<()> {
    for _ in 0..times {
        stream.write_all(piece).await.ok()?;
    }
    Some(())
}

async fn pour(stream: &mut TcpStream, piece: &[u8]) -> Option<()> {
    loop {
        stream.write_all(piece).await.ok()?;
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Reads one request with its body.
async fn read(stream: &mut TcpStream) -> Option<()> {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        if let Some(end) = request.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&request[..end]).to_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            let length: usize = length.map_or(0, |length| length.parse().unwrap());
            if request.len() >= end + 4 + length {
                return Some(());
            }
        }
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return None,
            Ok(read) => request.extend_from_slice(&buffer[..read]),
        }
    }
}
