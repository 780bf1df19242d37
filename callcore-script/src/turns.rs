//! Whose code runs next: tenants take turns, and none of them takes all places.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use callcore::vocabulary::TenantId;
use tokio::sync::oneshot;

use crate::pool::lock;

/// The places that code runs in.
#[derive(Debug)]
pub(crate) struct Turns {
    /// How many a tenant may have at once: all but one, so that another's code finds one that is free
    /// or will soon be.
    share: usize,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    free: usize,
    held: HashMap<TenantId, usize>,
    waiting: HashMap<TenantId, VecDeque<oneshot::Sender<Turn>>>,
    /// The tenants that wait, in the order in which they are served.
    order: VecDeque<TenantId>,
}

/// A place; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Turn {
    turns: Arc<Turns>,
    tenant: TenantId,
}

impl Turns {
    pub(crate) fn new(places: usize) -> Self {
        let state = State {
            free: places,
            held: HashMap::new(),
            waiting: HashMap::new(),
            order: VecDeque::new(),
        };
        Self { share: places.saturating_sub(1).max(1), state: Mutex::new(state) }
    }

    /// Waits for a place. Whoever stops waiting loses nothing but the turn.
    pub(crate) async fn take(self: &Arc<Self>, tenant: TenantId) -> Option<Turn> {
        let (sender, receiver) = oneshot::channel();
        {
            let mut state = lock(&self.state);
            let line = state.waiting.entry(tenant).or_default();
            line.push_back(sender);
            if line.len() == 1 {
                state.order.push_back(tenant);
            }
        }
        self.deal();
        receiver.await.ok()
    }

    /// Hands out what is free.
    fn deal(self: &Arc<Self>) {
        loop {
            let next = lock(&self.state).next(self.share);
            let Some((tenant, waits)) = next else { return };
            // Who has stopped waiting in this very moment drops the turn, which deals again.
            let _ = waits.send(Turn { turns: Arc::clone(self), tenant });
        }
    }
}

impl State {
    /// Takes a place for the first tenant in order who waits and has a share left; the tenant is then
    /// the last in order.
    fn next(&mut self, share: usize) -> Option<(TenantId, oneshot::Sender<Turn>)> {
        if self.free == 0 {
            return None;
        }
        for _ in 0..self.order.len() {
            let tenant = self.order.pop_front()?;
            let Some(line) = self.waiting.get_mut(&tenant) else { continue };
            while line.front().is_some_and(oneshot::Sender::is_closed) {
                line.pop_front();
            }
            let held = self.held.get(&tenant).copied().unwrap_or(0);
            let first = if held < share { line.pop_front() } else { None };
            if line.is_empty() {
                self.waiting.remove(&tenant);
            } else {
                self.order.push_back(tenant);
            }
            if let Some(first) = first {
                self.free -= 1;
                *self.held.entry(tenant).or_default() += 1;
                return Some((tenant, first));
            }
        }
        None
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        {
            let mut state = lock(&self.turns.state);
            state.free += 1;
            if let Some(held) = state.held.get_mut(&self.tenant) {
                *held -= 1;
                if *held == 0 {
                    state.held.remove(&self.tenant);
                }
            }
        }
        self.turns.deal();
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::Pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    const A: &str = "00000000-0000-0000-0000-000000000001";
    const B: &str = "00000000-0000-0000-0000-000000000002";
    const C: &str = "00000000-0000-0000-0000-000000000003";

    type Waits = Pin<Box<dyn Future<Output = Option<Turn>>>>;

    fn waits(turns: &Arc<Turns>, tenant: &str) -> Waits {
        let tenant = tenant.parse().unwrap();
        let turns = Arc::clone(turns);
        let mut waits: Waits = Box::pin(async move { turns.take(tenant).await });
        assert!(turn(&mut waits).is_none(), "a place was free");
        waits
    }

    fn turn(waits: &mut Waits) -> Option<Turn> {
        match waits.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(turn) => turn,
            Poll::Pending => None,
        }
    }

    fn taken(turns: &Arc<Turns>, tenant: &str) -> Turn {
        let tenant = tenant.parse().unwrap();
        let turns = Arc::clone(turns);
        let mut waits: Waits = Box::pin(async move { turns.take(tenant).await });
        turn(&mut waits).expect("a place is free")
    }

    #[test]
    fn one_place_is_left_for_others() {
        let turns = Arc::new(Turns::new(3));
        let held = [taken(&turns, A), taken(&turns, A)];
        let mut third = waits(&turns, A);
        let other = taken(&turns, B);
        drop(held);
        assert!(turn(&mut third).is_some());
        drop(other);
    }

    #[test]
    fn a_single_place_is_everybodys() {
        let turns = Arc::new(Turns::new(1));
        let held = taken(&turns, A);
        let (mut own, mut other) = (waits(&turns, A), waits(&turns, B));
        drop(held);
        let held = turn(&mut own).unwrap();
        assert!(turn(&mut other).is_none());
        drop(held);
        assert!(turn(&mut other).is_some());
    }

    #[test]
    fn tenants_that_wait_take_turns() {
        let turns = Arc::new(Turns::new(2));
        let (a, b) = (taken(&turns, A), taken(&turns, B));
        let mut greedy: Vec<Waits> = (0..5).map(|_| waits(&turns, A)).collect();
        let mut modest = waits(&turns, C);
        // The place of A goes to A, who asked first; then it is the turn of C.
        drop(a);
        let a = turn(&mut greedy[0]).unwrap();
        drop(a);
        assert!(turn(&mut greedy[1]).is_none());
        let c = turn(&mut modest).unwrap();
        drop(b);
        assert!(turn(&mut greedy[1]).is_some());
        drop(c);
    }

    #[test]
    fn who_stops_waiting_blocks_nobody() {
        let turns = Arc::new(Turns::new(1));
        let held = taken(&turns, A);
        let given_up: Vec<Waits> = (0..1_000).map(|_| waits(&turns, A)).collect();
        let mut other = waits(&turns, B);
        drop(given_up);
        drop(held);
        assert!(turn(&mut other).is_some());
        let state = lock(&turns.state);
        assert_eq!((state.free, state.waiting.len(), state.order.len()), (1, 0, 0));
        assert!(state.held.is_empty());
    }

    #[test]
    fn a_turn_that_is_never_picked_up_is_given_back() {
        let turns = Arc::new(Turns::new(1));
        let held = taken(&turns, A);
        let (first, mut second) = (waits(&turns, A), waits(&turns, B));
        drop(held);
        // The turn lies ready for somebody who does not look.
        assert!(turn(&mut second).is_none());
        drop(first);
        assert!(turn(&mut second).is_some());
    }
}
