//! What the log keeps of the words between us and targets.

use super::auctions::{auction, confirmed, dollars};
use super::bidders::Does;
use super::desk::Desk;
use crate::auction::{Exchange, Purpose};
use crate::call::DialOutcome;
use crate::model::{RoutingType, TargetAuth};
use crate::vocabulary::limits;

fn exchange(desk: &Desk, target: &str, purpose: Purpose) -> Exchange {
    let all = desk.auction(1).exchanges;
    let target = desk.target_id(target);
    let mut own = all.into_iter().filter(|one| one.target == target && one.purpose == purpose);
    own.next().expect("it was asked")
}

#[test]
fn every_request_is_kept_and_every_answer_that_came() {
    let desk = auction(&["a", "b", "c", "d", "e"]);
    desk.bidders.bids("a", "9", "0001");
    desk.bidders.will("b", Does::Hangs);
    desk.bidders.will("c", Does::Fails(503));
    desk.bidders.will("d", Does::Says("<html>no bid \u{1F4DE}".into()));
    desk.bidders.will("e", Does::IsGone);
    assert_eq!(desk.voice(1), "dial +12125550001");
    let answers = ["a", "b", "c", "d", "e"].map(|name| {
        let Exchange { request, answer, .. } = exchange(&desk, name, Purpose::Bid);
        assert_eq!(request.url, format!("https://{name}/"));
        assert!(request.body.contains("+14155550100"), "{}", request.body);
        answer.map(|answer| (answer.status, answer.body))
    });
    let [a, b, c, d, e] = answers;
    assert!(a.is_some_and(|(status, body)| status == 200 && body.contains("0001")));
    assert_eq!((b, e), (None, None));
    assert_eq!(c.map(|(status, _)| status), Some(503));
    assert_eq!(d, Some((200, "<html>no bid \u{1F4DE}".to_owned())));
    assert_eq!(desk.auction(1).exchanges.len(), 5);
    assert_eq!(desk.auction(1).request.winner_name.as_deref(), Some("a"));
}

#[test]
fn a_hidden_caller_is_hidden_in_what_was_sent_and_a_secret_in_both() {
    let mut desk = Desk::open();
    desk.target("a", |target| {
        target.auth = Some(TargetAuth::Bearer { token: "hunter2hunter2".into() });
        target.expose_caller_id = false;
    });
    desk.activate(|campaign| campaign.routing_type = RoutingType::Rtb);
    let echo = r#"{"accepted":false,"rejectReason":"Bearer hunter2hunter2 of +14155550100"}"#;
    desk.bidders.will("a", Does::Says(echo.into()));
    desk.voice(1);
    let kept = exchange(&desk, "a", Purpose::Bid);
    let text = serde_json::to_string(&kept).unwrap();
    assert!(!text.contains("hunter2") && !text.contains("4155550100"), "{text}");
    assert!(kept.request.headers.contains(&("Authorization".to_owned(), "…".to_owned())));
    let answer = kept.answer.expect("it answered");
    assert_eq!(answer.body, r#"{"accepted":false,"rejectReason":"Bearer … of …"}"#);
}

#[test]
fn of_a_large_answer_the_beginning_is_kept() {
    let desk = auction(&["a"]);
    let filler = "x".repeat(limits::BID_BODY_BYTES - 100);
    let bid = format!(r#"{{"bidAmount":5,"destinationNumber":"+12125550001","x":"{filler}"}}"#);
    desk.bidders.will("a", Does::Says(bid.clone()));
    assert_eq!(desk.voice(1), "dial +12125550001");
    let answer = exchange(&desk, "a", Purpose::Bid).answer.expect("it answered");
    assert_eq!(answer.body, bid[..limits::EXCHANGE_BYTES]);
    assert_eq!((answer.body_bytes, answer.truncated), (bid.len() as u64, true));
}

#[test]
fn confirmations_are_kept_beside_the_bids_also_those_of_later_steps() {
    let mut desk = Desk::open();
    desk.target("a", |_| {});
    desk.target("b", confirmed);
    desk.activate(|campaign| campaign.routing_type = RoutingType::Rtb);
    desk.bidders.bids("a", "9", "0001");
    desk.bidders.bids("b", "8", "0002");
    desk.bidders.will("confirm/a", Does::Says(r#"{"status":"accepted"}"#.into()));
    assert_eq!(desk.voice(1), "dial +12125550001");
    let before = desk.auction(1).exchanges;
    assert_eq!(before.len(), 2);
    assert_eq!(desk.result(1, 1, DialOutcome::Busy, 0), "dial +12125550002");
    let after = desk.auction(1);
    assert_eq!(after.request.winner_name.as_deref(), Some("b"));
    assert_eq!(after.request.price, dollars("8"));
    let of = |purpose| move |one: &&Exchange| one.purpose == purpose;
    assert!(after.exchanges.iter().filter(of(Purpose::Bid)).eq(&before));
    let confirm = exchange(&desk, "b", Purpose::Confirm);
    assert_eq!(confirm.request.url, "https://confirm/a");
    assert_eq!(confirm.answer.expect("it answered").body, r#"{"status":"accepted"}"#);
}
