//! A bidder closes the connection that was kept from the last auction: it is asked once more over a
//! new one, and once only.

use callcore::auction::Verdict;

use super::exchange::{Bidder, Exchange, Sound};
use super::listener::Listener;
use super::listener::Step::{Read, Reset, Send};
use super::wire::ok;
use super::{guarded, machine};

const TIMEOUT_MS: u32 = 5_000;
const DOLLARS: u32 = 30;

#[tokio::test]
async fn a_connection_that_died_between_two_auctions_loses_no_bid() {
    let _machine = machine().await;
    for reset in [false, true] {
        let answer = Send(ok(r#"{"bidAmount":30,"phoneNumber":"+12125550030"}"#));
        let mut once = vec![Read, answer, Read];
        let mut never = vec![Read];
        if reset {
            once.push(Reset);
            never.push(Reset);
        }
        let listener = Listener::start(vec![once.clone(), once, never]).await;
        let sound = Sound::start().await;
        let expecting = |expected| {
            let played = Bidder::at(listener.port, TIMEOUT_MS, expected);
            [sound.bidder(0, TIMEOUT_MS), played, sound.bidder(1, TIMEOUT_MS)]
        };
        let bids = expecting(Ok(DOLLARS));
        let exchange = Exchange::of_new_tenant(guarded(), &bids).await;
        exchange.sell().await.check(&bids, TIMEOUT_MS, "over a new connection");
        exchange.sell().await.check(&bids, TIMEOUT_MS, "the kept connection died");
        assert_eq!(listener.accepts(), 2, "reset: {reset}");
        let gone = expecting(Err(Verdict::Unreachable));
        exchange.sell().await.check(&gone, TIMEOUT_MS, "the new connection died too");
        assert_eq!(listener.accepts(), 3, "reset: {reset}");
    }
}
