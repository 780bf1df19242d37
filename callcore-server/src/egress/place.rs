//! Places of which nobody takes all. A tenant whose bidders hang must not use up the sockets of the
//! process, nor one bidder those of its tenant, nor one tenant the threads that look names up.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

/// Places that are taken in the name of a host or a tenant.
#[derive(Debug)]
pub(super) struct Places<K>(Arc<Shared<K>>);

#[derive(Debug)]
struct Shared<K> {
    most: usize,
    most_of_one: usize,
    taken: Mutex<Taken<K>>,
}

#[derive(Debug)]
struct Taken<K> {
    all: usize,
    by_key: HashMap<K, usize>,
}

/// A place, given back when dropped.
#[derive(Debug)]
pub(super) struct Place<K: Eq + Hash> {
    places: Places<K>,
    key: K,
}

/// Why there is no place: how many are taken, and how many of them in the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Full {
    pub(super) all: usize,
    pub(super) of_one: usize,
}

impl<K> Clone for Places<K> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<K: Clone + Eq + Hash> Places<K> {
    /// So many places in all and for one.
    pub(super) fn new(most: usize, most_of_one: usize) -> Self {
        let taken = Mutex::new(Taken { all: 0, by_key: HashMap::new() });
        Self(Arc::new(Shared { most, most_of_one, taken }))
    }

    /// A place for this one, while it has fewer than are free. So however many hang, whoever has none
    /// finds one.
    ///
    /// # Errors
    /// [`Full`].
    pub(super) fn take(&self, key: &K) -> Result<Place<K>, Full> {
        let Shared { most, most_of_one, taken } = &*self.0;
        let mut taken = taken.lock().unwrap_or_else(PoisonError::into_inner);
        let (all, of_one) = (taken.all, taken.by_key.get(key).copied().unwrap_or_default());
        if of_one >= (most - all).min(*most_of_one) {
            return Err(Full { all, of_one });
        }
        taken.all += 1;
        taken.by_key.insert(key.clone(), of_one + 1);
        Ok(Place { places: self.clone(), key: key.clone() })
    }
}

impl<K: Eq + Hash> Drop for Place<K> {
    fn drop(&mut self) {
        let mut taken = self.places.0.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.all -= 1;
        if let Some(of_one) = taken.by_key.get_mut(&self.key) {
            *of_one -= 1;
            if *of_one == 0 {
                taken.by_key.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes all that this one gets.
    fn all(places: &Places<&'static str>, key: &'static str) -> Vec<Place<&'static str>> {
        std::iter::from_fn(|| places.take(&key).ok()).collect()
    }

    #[test]
    fn who_hangs_leaves_places_for_others_and_all_come_back() {
        let places = Places::new(64, 16);
        let hanging = ["a", "b", "c", "d", "e"].map(|key| all(&places, key));
        // Four of them could have taken all.
        assert_eq!(hanging.each_ref().map(Vec::len), [16, 16, 16, 8, 4]);
        assert_eq!(places.take(&"a").unwrap_err(), Full { all: 60, of_one: 16 });
        assert_eq!(all(&places, "another").len(), 2);
        drop(hanging);
        let taken = places.0.taken.lock().unwrap();
        assert_eq!((taken.all, taken.by_key.len()), (0, 0));
    }

    #[test]
    fn whoever_has_none_finds_the_last_place() {
        let places = Places::new(64, 16);
        let one_each: Vec<_> = (0..64).map(|key| places.take(&key).unwrap()).collect();
        assert_eq!(places.take(&64).unwrap_err(), Full { all: 64, of_one: 0 });
        drop(one_each);
        assert!(places.take(&64).is_ok());
    }
}
