//! Somebody whom pixels are sent to.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, Semaphore, mpsc};

use crate::office::PATIENCE;

/// What arrived.
#[derive(Debug)]
pub(crate) struct Arrived {
    pub(crate) path: String,
    /// The delivery's id.
    pub(crate) id: String,
}

/// A receiver that answers what it is told to.
#[derive(Debug)]
pub(crate) struct Receiver {
    pub(crate) url: String,
    arrived: mpsc::UnboundedReceiver<Arrived>,
    gate: Arc<Semaphore>,
}

#[derive(Debug)]
struct Answers {
    statuses: Mutex<Vec<u16>>,
    arrived: mpsc::UnboundedSender<Arrived>,
    gate: Arc<Semaphore>,
}

impl Receiver {
    /// A receiver that answers these one after the other, and the last one from then on.
    pub(crate) async fn answering(statuses: &[u16]) -> Self {
        Self::serve(statuses, Semaphore::MAX_PERMITS).await
    }

    /// A receiver that keeps everybody waiting until [`Self::answer`].
    pub(crate) async fn silent() -> Self {
        Self::serve(&[200], 0).await
    }

    async fn serve(statuses: &[u16], at_once: usize) -> Self {
        let (sender, arrived) = mpsc::unbounded_channel();
        let gate = Arc::new(Semaphore::new(at_once));
        let answers = Answers {
            statuses: Mutex::new(statuses.to_vec()),
            arrived: sender,
            gate: Arc::clone(&gate),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(take).with_state(Arc::new(answers));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, arrived, gate }
    }

    /// Lets one answer go out.
    pub(crate) fn answer(&self) {
        self.gate.add_permits(1);
    }

    /// What arrives next.
    pub(crate) async fn next(&mut self) -> Arrived {
        let next = tokio::time::timeout(PATIENCE, self.arrived.recv()).await;
        next.expect("a request arrives").unwrap()
    }

    /// What arrived and was not looked at.
    pub(crate) fn rest(&mut self) -> Vec<Arrived> {
        std::iter::from_fn(|| self.arrived.try_recv().ok()).collect()
    }
}

async fn take(State(answers): State<Arc<Answers>>, request: Request) -> StatusCode {
    let id = request.headers().get("X-Callcore-Delivery").map(|id| id.to_str().unwrap().to_owned());
    let path = request.uri().to_string();
    answers.arrived.send(Arrived { path, id: id.unwrap_or_default() }).unwrap();
    answers.gate.acquire().await.unwrap().forget();
    let mut statuses = answers.statuses.lock().await;
    let status = if statuses.len() > 1 { statuses.remove(0) } else { statuses[0] };
    StatusCode::from_u16(status).unwrap()
}
