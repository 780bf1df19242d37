//! How many requests are under way at once: a tenant whose bidders hang must not use up the sockets
//! of the process, nor one bidder those of the tenant.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// How many requests of one tenant are under way, in all and to one host.
const MOST: usize = 1024;
const MOST_TO_HOST: usize = 256;

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    by_host: HashMap<String, usize>,
}

/// The places of one tenant.
#[derive(Clone, Debug, Default)]
pub(super) struct Places(Arc<Mutex<Taken>>);

/// A place for one request, given back when dropped.
#[derive(Debug)]
pub(super) struct Place {
    places: Places,
    host: String,
}

impl Places {
    /// A place for a request to this host, if one is free.
    pub(super) fn take(&self, host: &str) -> Option<Place> {
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let to_host = taken.by_host.get(host).copied().unwrap_or_default();
        if taken.all >= MOST || to_host >= MOST_TO_HOST {
            return None;
        }
        taken.all += 1;
        taken.by_host.insert(host.to_owned(), to_host + 1);
        Some(Place { places: self.clone(), host: host.to_owned() })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.0.lock().unwrap_or_else(PoisonError::into_inner);
        taken.all -= 1;
        if let Some(to_host) = taken.by_host.get_mut(&self.host) {
            *to_host -= 1;
            if *to_host == 0 {
                taken.by_host.remove(&self.host);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{MOST, MOST_TO_HOST, Places};

    #[test]
    fn a_hanging_host_leaves_places_for_others_and_all_come_back() {
        let places = Places::default();
        let mut held: Vec<_> = (0..MOST_TO_HOST).map(|_| places.take("hangs").unwrap()).collect();
        assert!(places.take("hangs").is_none());
        held.extend((MOST_TO_HOST..MOST).map(|n| places.take(&format!("host {n}")).unwrap()));
        assert!(places.take("another").is_none());
        drop(held);
        let taken = places.0.lock().unwrap();
        assert_eq!((taken.all, taken.by_host.len()), (0, 0));
    }
}
