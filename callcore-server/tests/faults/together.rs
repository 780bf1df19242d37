//! Everybody fails but one, each in its way, in one auction.

use super::exchange::{Bidder, Exchange, Sound};
use super::guarded;
use super::modes::start_all;

/// How long everybody has: the one who is sound too.
const TIMEOUT_MS: u32 = 3_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_but_one_fail_each_in_its_way() {
    let all = start_all(TIMEOUT_MS).await;
    let sound = Sound::start().await;
    let mut bidders: Vec<Bidder> =
        all.iter().map(|failing| Bidder::failing(failing, TIMEOUT_MS)).collect();
    bidders.insert(all.len() / 2, sound.bidder(0, TIMEOUT_MS));
    let exchange = Exchange::of_new_tenant(guarded(), &bidders).await;
    let sale = exchange.sell().await;
    sale.check(&bidders, TIMEOUT_MS, "all but one");
    // Those that hang are waited for: one of them could have won.
    assert!(sale.record.request.duration_ms >= TIMEOUT_MS);
}
