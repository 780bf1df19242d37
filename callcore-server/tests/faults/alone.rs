//! One bidder fails, at a place drawn by a seed among 1, 5 and 20: nobody else loses anything by it.

use callcore::auction::Verdict;
use futures_util::stream::{self, StreamExt};

use super::chance::{Chance, seed};
use super::exchange::{Bidder, Exchange, Sound};
use super::modes::{Failing, start_all};
use super::{guarded, machine};

/// How long those have who are too late. All others have [`LONG_MS`], so that a busy machine makes
/// nobody late who is not meant to be.
const SHORT_MS: u32 = 400;
const LONG_MS: u32 = 8_000;
const SIZES: [u32; 3] = [1, 5, 20];
/// How many auctions are held at once.
const AT_ONCE: usize = 8;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_fails_costs_nobody_else_anything() {
    let _machine = machine().await;
    let seed = seed();
    let mut chance = Chance::of(seed, 1);
    let (sound, all) = (Sound::start().await, start_all(SHORT_MS).await);
    let mut auctions = Vec::new();
    for failing in &all {
        for size in SIZES {
            let place = u32::try_from(chance.below(size.into())).unwrap();
            auctions.push(auction(failing, &sound, place, size, seed));
        }
    }
    stream::iter(auctions).buffer_unordered(AT_ONCE).collect::<()>().await;
    for failing in &all {
        // Nobody is asked twice, and no redirect is followed.
        let expected = if failing.is_connected_to() { SIZES.len() } else { 0 };
        assert_eq!(failing.accepts(), expected, "{}", failing.name);
    }
}

async fn auction(failing: &Failing, sound: &Sound, place: u32, size: u32, seed: u64) {
    let timeout_ms = if failing.verdict == Verdict::Timeout { SHORT_MS } else { LONG_MS };
    let bidders: Vec<Bidder> = (0..size)
        .map(|n| match n {
            n if n == place => Bidder::failing(failing, timeout_ms),
            n => sound.bidder(n, LONG_MS),
        })
        .collect();
    let exchange = Exchange::of_new_tenant(guarded(), &bidders).await;
    let about = format!("{}, at {place} of {size}, seed {seed}", failing.name);
    exchange.sell().await.check(&bidders, SHORT_MS, &about);
}
