//! Everybody fails but one, each in its way, in one auction.

use callcore::auction::Verdict;

use super::exchange::{Bidder, Exchange, Sound};
use super::modes::start_all;
use super::{guarded, machine};

/// How long those have who are too late. It is less than the client waits for a connection, which
/// would be another verdict.
const LATE_MS: u32 = 2_500;
/// How long all others have, among them the one who is sound.
const TIMEOUT_MS: u32 = 8_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_but_one_fail_each_in_its_way() {
    let _machine = machine().await;
    let all = start_all(LATE_MS).await;
    let sound = Sound::start().await;
    let mut bidders: Vec<Bidder> =
        all.iter().map(|failing| Bidder::failing(failing, limit_ms(failing.verdict))).collect();
    bidders.insert(all.len() / 2, sound.bidder(0, TIMEOUT_MS));
    let exchange = Exchange::of_new_tenant(guarded(), &bidders).await;
    let sale = exchange.sell().await;
    sale.check(&bidders, LATE_MS, "all but one");
    // Those that hang are waited for: one of them could have won.
    assert!(sale.record.request.duration_ms >= LATE_MS);
}

fn limit_ms(verdict: Verdict) -> u32 {
    if verdict == Verdict::Timeout { LATE_MS } else { TIMEOUT_MS }
}
