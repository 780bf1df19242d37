//! The rules one by one: who is asked, what a reply comes to, what happens afterwards.

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::*;
use crate::auction::{
    Adjustment, Bid, BidReply, Declined, Failure, Health, Ranking, Rates, RenderError, Sign,
    Squash, Unconvertible, Verdict, replay,
};
use crate::model::{AuctionSettings, BidRanking, Pricing, ResaleSettings, Router};
use crate::vocabulary::{CallId, CampaignId, Currency, Money, Seed, TargetId, limits};

fn after(ms: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::milliseconds(ms)
}

fn target(id: u128) -> TargetId {
    TargetId::from_uuid(Uuid::from_u128(id))
}

fn dollars(amount: i64) -> Money {
    Money { amount: amount.into(), currency: Currency::USD }
}

fn terms() -> Terms {
    let campaign = CampaignId::from_uuid(Uuid::from_u128(9));
    Terms::new(CallId::derive("twilio", "AC1", "CA1"), campaign, Rates::into(Currency::USD))
}

fn invited(id: u128) -> Invitation {
    Invitation::new(target(id), format!("Target {id}"))
}

fn open(terms: Terms, invitations: Vec<Invitation>) -> Auction {
    Auction::open(terms, invitations, Seed::of_key("test"), after(0))
}

fn bid(amount: i64) -> Bid {
    Bid {
        amount: dollars(amount),
        destination: Some("+15551230001".parse().unwrap()),
        min_duration_secs: None,
        bid_id: None,
        expires_at: None,
    }
}

fn offers(bid: Bid) -> Reply {
    BidReply::Bid(bid).into()
}

fn verdict(settled: &Settled, id: u128) -> Verdict {
    settled.entry(target(id)).unwrap().verdict
}

#[test]
fn who_is_not_asked_has_a_verdict_at_once() {
    let failing = (0..99).fold(Health::default(), |health, _| health.after(Sign::Bad, after(0)));
    // Of a hundred that fail, about ninety are skipped: the first that is.
    let skipped = (1_000..).find(|id| !failing.admits(target(*id), Seed::of_key("test"), after(0)));
    let barred = |id, barred| Invitation { barred: Some(barred), ..invited(id) };
    let euros = Money { currency: "EUR".parse().unwrap(), ..dollars(1) };
    let cap = "daily cap 50/50".to_owned();
    let invitations = vec![
        barred(1, NotAsked::Paused),
        barred(2, NotAsked::Closed),
        barred(3, NotAsked::Capped { cap: cap.clone() }),
        barred(4, NotAsked::Duplicate),
        Invitation { min_bids: vec![euros], ..invited(5) },
        Invitation { adjustments: vec![Adjustment::Reject], ..invited(6) },
        Invitation { timeout_ms: 49, ..invited(7) },
        Invitation { health: failing, ..invited(skipped.unwrap()) },
        Invitation { timeout_ms: 50, ..invited(8) },
    ];
    let auction = open(terms(), invitations);
    let asked: Vec<_> = auction.asked().collect();
    assert_eq!(asked, [Asked { target_id: target(8), deadline: after(50) }]);
    assert_eq!(auction.deadline(), after(50));
    let settled = auction.settle(after(50));
    for (id, expected) in [
        (1, Verdict::Closed),
        (2, Verdict::Closed),
        (3, Verdict::Capped),
        (4, Verdict::Duplicate),
        (5, Verdict::WrongCurrency),
        (6, Verdict::NotNeeded),
        (7, Verdict::NotNeeded),
        (skipped.unwrap(), Verdict::Throttled),
        (8, Verdict::Timeout),
    ] {
        assert_eq!(verdict(&settled, id), expected, "{id}");
    }
    assert_eq!(settled.entry(target(3)).unwrap().why, Some(Why::Capped { cap }));
    assert_eq!(settled.outcome, Outcome::NoValidBid);
    // Only the one that was asked says something of its health.
    assert_eq!(settled.signs().collect::<Vec<_>>(), [(target(8), Sign::Bad)]);
}

#[test]
fn at_most_a_hundred_are_asked_the_first_by_priority() {
    let most = limits::AUCTION_TARGETS as u128;
    let invitations = (0..most + 20).map(|id| {
        let priority = if id < 10 { 9 } else { 2 };
        Invitation { priority, ..invited(id) }
    });
    let auction = open(terms(), invitations.collect());
    assert_eq!(auction.asked().count(), limits::AUCTION_TARGETS);
    let settled = auction.settle(after(2_000));
    let left_out = |id| settled.entry(target(id)).unwrap().why == Some(Why::TooMany);
    assert_eq!((0..10).filter(|id| left_out(*id)).count(), 10);
    assert_eq!(settled.entries.len(), limits::AUCTION_TARGETS + 20);
}

#[test]
fn one_who_is_invited_twice_is_considered_once() {
    let auction = open(terms(), vec![invited(1), Invitation { priority: 2, ..invited(1) }]);
    assert_eq!(auction.asked().count(), 1);
    assert_eq!(auction.settle(after(0)).log.invitations[0].priority, 2);
}

#[test]
fn of_several_replies_the_earliest_counts_in_any_order() {
    let mut auction = open(terms(), vec![invited(1), invited(2)]);
    assert_eq!(auction.record(target(1), offers(bid(5)), after(20)), Progress::Waiting);
    assert_eq!(auction.record(target(1), offers(bid(9)), after(20)), Progress::Waiting);
    assert_eq!(auction.record(target(1), offers(bid(9)), after(30)), Progress::Waiting);
    assert_eq!(auction.record(target(3), offers(bid(9)), after(5)), Progress::Waiting);
    let mut turned = open(terms(), vec![invited(2), invited(1)]);
    let _ = turned.record(target(1), offers(bid(9)), after(30));
    let _ = turned.record(target(1), offers(bid(5)), after(20));
    let (settled, turned) = (auction.settle(after(1_000)), turned.settle(after(1_000)));
    assert_eq!(settled.winner().unwrap().price, dollars(5));
    assert_eq!(settled, turned);
}

#[test]
fn a_reply_counts_up_to_its_deadline() {
    let mut auction = open(terms(), vec![invited(1), invited(2)]);
    let _ = auction.record(target(1), offers(bid(5)), after(1_000));
    let _ = auction.record(target(2), offers(bid(9)), after(1_001));
    let settled = auction.settle(after(1_500));
    assert_eq!(settled.winner().unwrap().target_id, target(1));
    let late = settled.entry(target(2)).unwrap();
    assert_eq!((late.verdict, late.rank), (Verdict::Timeout, None));
    assert_eq!(late.why, Some(Why::Late { by_ms: 1, with_bid: true }));
    assert_eq!(settled.late_bids(), 1);
    assert_eq!(late.detail().as_deref(), Some("a bid, 1 ms late"));

    // What came after the decision is not in it: late stays late, and the rest was not needed.
    let mut auction = open(terms(), vec![invited(1), invited(2), invited(3)]);
    let _ = auction.record(target(1), offers(bid(5)), after(500));
    let _ = auction.record(target(2), offers(bid(9)), after(1_001));
    let settled = auction.settle(after(499));
    let verdicts = [1, 2, 3].map(|id| verdict(&settled, id));
    assert_eq!(verdicts, [Verdict::NotNeeded, Verdict::Timeout, Verdict::NotNeeded]);
    assert_eq!(settled.winner(), None);
}

#[test]
fn an_amount_is_more_than_zero() {
    let mut auction = open(terms(), vec![invited(1), invited(2)]);
    let _ = auction.record(target(1), offers(bid(0)), after(10));
    let _ = auction.record(target(2), offers(bid(-5)), after(10));
    let settled = auction.settle(after(10));
    assert_eq!((verdict(&settled, 1), verdict(&settled, 2)), (Verdict::NoBid, Verdict::Malformed));
}

#[test]
fn what_cannot_be_written_is_not_asked() {
    let mut auction = open(terms(), vec![invited(1), invited(2)]);
    let _ = auction.record(target(1), RenderError::TooLong(8_192), after(0));
    let _ = auction.record(target(2), RenderError::DotSegment, after(0));
    let settled = auction.settle(after(0));
    assert_eq!(
        (verdict(&settled, 1), verdict(&settled, 2)),
        (Verdict::TooLarge, Verdict::Malformed)
    );
    assert!(settled.entries.iter().all(|entry| !entry.asked && entry.sign.is_none()));
}

#[test]
fn it_ends_when_nobody_who_is_out_could_win() {
    let at_most = |id, max| Invitation { max_bids: vec![dollars(max)], ..invited(id) };
    let four = || vec![at_most(1, 9), at_most(2, 6), at_most(3, 4), at_most(4, 9)];
    let mut auction = open(terms(), four());
    assert_eq!(auction.record(target(3), offers(bid(4)), after(10)), Progress::Waiting);
    assert_eq!(auction.record(target(1), offers(bid(7)), after(20)), Progress::Waiting);
    assert_eq!(
        auction.record(target(4), BidReply::NoBid(Declined::default()), after(30)),
        Progress::Decided
    );
    let settled = auction.settle(after(30));
    assert_eq!(settled.winner().unwrap().target_id, target(1));
    assert_eq!(verdict(&settled, 2), Verdict::NotNeeded);
    assert_eq!(settled.entry(target(2)).unwrap().sign, None);

    // At second price it must not change what is paid either.
    let second_price = Terms { pricing: Pricing::SecondPrice, ..terms() };
    let mut auction = open(second_price, four());
    let _ = auction.record(target(1), offers(bid(7)), after(10));
    let _ = auction.record(target(4), BidReply::NoBid(Declined::default()), after(10));
    assert_eq!(auction.record(target(3), offers(bid(4)), after(10)), Progress::Waiting);
    assert_eq!(auction.record(target(2), offers(bid(6)), after(20)), Progress::Decided);
    assert_eq!(auction.settle(after(20)).winner().unwrap().price, dollars(6));
}

#[test]
fn nobody_is_asked_who_could_not_beat_a_bid_that_is_held() {
    let held = || Invitation {
        earlier_bid: Some(Bid { expires_at: Some(after(60_000)), ..bid(7) }),
        ..invited(1)
    };
    let at_most = |max| Invitation { max_bids: vec![dollars(max)], ..invited(2) };
    let mut auction = open(terms(), vec![held(), at_most(6)]);
    assert_eq!((auction.asked().count(), auction.deadline()), (0, after(0)));
    assert_eq!(auction.record(target(2), offers(bid(6)), after(10)), Progress::Decided);
    let settled = auction.settle(after(0));
    assert_eq!(settled.winner().unwrap().target_id, target(1));
    let of = |id| settled.entry(target(id)).unwrap();
    assert_eq!((verdict(&settled, 2), of(2).asked), (Verdict::NotNeeded, false));
    let told = |id| of(id).detail().unwrap();
    assert_eq!(told(1), "not asked: its bid of an earlier call still held");
    assert_eq!(told(2), "not asked: a bid that still held could not be beaten");

    // Whoever could bid more, or could set the price, is asked.
    assert_eq!(open(terms(), vec![held(), at_most(8)]).asked().count(), 1);
    assert_eq!(open(terms(), vec![held(), invited(2)]).asked().count(), 1);
    let second_price = Terms { pricing: Pricing::SecondPrice, ..terms() };
    assert_eq!(open(second_price, vec![held(), at_most(6)]).asked().count(), 1);
    let patient = Terms { finish_early: false, ..terms() };
    let mut auction = open(patient, vec![held(), at_most(9)]);
    let _ = auction.record(target(2), offers(bid(8)), after(10));
    let settled = auction.settle(after(10));
    let lost = settled.entry(target(1)).unwrap().detail();
    assert_eq!(
        lost.as_deref(),
        Some("outbid by Target 2; not asked: its bid of an earlier call still held")
    );
}

#[test]
fn it_ends_when_too_few_bids_can_come() {
    let mut auction = open(Terms { min_bidders: 2, ..terms() }, vec![invited(1), invited(2)]);
    let failed = BidReply::Failed(Failure::TooLarge);
    assert_eq!(auction.record(target(1), failed, after(10)), Progress::Decided);
    let mut auction = open(Terms { min_bidders: 3, ..terms() }, vec![invited(1), invited(2)]);
    let _ = auction.record(target(1), offers(bid(5)), after(10));
    let _ = auction.record(target(2), offers(bid(6)), after(10));
    let settled = auction.settle(after(10));
    assert_eq!(settled.outcome, Outcome::TooFewBidders { valid: 2, needed: 3 });
    assert_eq!((verdict(&settled, 1), verdict(&settled, 2)), (Verdict::Lost, Verdict::Lost));
    assert_eq!((settled.winner(), settled.next_valid(after(10))), (None, None));
}

#[test]
fn one_offer_through_two_targets_counts_once() {
    let same = |amount| offers(Bid { bid_id: Some("RTB1".to_owned()), ..bid(amount) });
    let needs_two = Terms { min_bidders: 2, pricing: Pricing::SecondPrice, ..terms() };
    let mut auction = open(needs_two, vec![invited(1), invited(2), invited(3)]);
    let _ = auction.record(target(1), same(5), after(10));
    let _ = auction.record(target(2), same(7), after(10));
    let _ = auction.record(target(3), offers(bid(2)), after(10));
    let settled = auction.settle(after(10));
    assert_eq!(verdict(&settled, 1), Verdict::Duplicate);
    let why = settled.entry(target(1)).unwrap().detail();
    assert_eq!(why.as_deref(), Some("the same offer as Target 2's"));
    assert_eq!(settled.winner().unwrap().price, dollars(2));

    // The same id at another destination is another offer.
    let elsewhere = Some("+15551239999".parse().unwrap());
    let other = Bid { bid_id: Some("RTB1".to_owned()), destination: elsewhere, ..bid(6) };
    let mut auction = open(terms(), vec![invited(1), invited(2)]);
    let _ = auction.record(target(1), same(7), after(10));
    let _ = auction.record(target(2), offers(other), after(10));
    assert_eq!(verdict(&auction.settle(after(10)), 2), Verdict::Lost);
}

#[test]
fn the_next_valid_bid_is_taken_when_a_winner_falls_out() {
    let invitations = (1..=5).map(invited).collect();
    let mut auction = open(terms(), invitations);
    let until = |ms| Some(after(ms));
    let _ = auction.record(target(1), offers(bid(9)), after(10));
    let _ = auction.record(target(2), offers(bid(8)), after(10));
    let _ =
        auction.record(target(3), offers(Bid { expires_at: until(5_999), ..bid(7) }), after(10));
    let _ =
        auction.record(target(4), offers(Bid { expires_at: until(6_000), ..bid(6) }), after(10));
    let _ = auction.record(target(5), offers(bid(5)), after(10));
    let mut settled = auction.settle(after(10));
    let cap = "concurrency cap 1/1".to_owned();
    let (refused, busy) = ("refused: sold".to_owned(), "busy".to_owned());
    let next = settled.fall(target(1), Fall::Capped { cap }, after(20));
    assert_eq!(next.unwrap().target_id, target(2));
    settled.confirm(target(2), "sip:acme@example.com".parse().unwrap(), after(50));
    assert_eq!(
        settled.winner().unwrap().destination.as_ref().unwrap().as_str(),
        "sip:acme@example.com"
    );
    // A second is the buffer: at 5 s the third has too little left, the fourth exactly enough.
    let next = settled.fall(target(2), Fall::NotConfirmed { text: refused }, after(5_000));
    assert_eq!(next.unwrap().target_id, target(4));
    assert_eq!(settled.offer(after(5_001)).unwrap().target_id, target(5));
    assert_eq!(settled.fall(target(5), Fall::DialFailed { text: busy }, after(9_000)), None);
    assert_eq!(settled.outcome, Outcome::NobodyLeft);
    let verdicts: Vec<_> = (1..=5).map(|id| verdict(&settled, id)).collect();
    use Verdict::{Capped, ConfirmFailed, Expired, Lost};
    assert_eq!(verdicts, [Capped, ConfirmFailed, Expired, Expired, Lost]);
    let json = serde_json::to_string(&settled.log).unwrap();
    assert_eq!(replay(&serde_json::from_str(&json).unwrap()), settled);
}

#[test]
fn settings_and_routers_make_terms() {
    let euro: Currency = "EUR".parse().unwrap();
    let settings = AuctionSettings {
        timeout_ms: 700,
        min_bid: Some(Money { amount: Decimal::TWO, currency: euro }),
        ..AuctionSettings::default()
    };
    let in_euros = AuctionSettings {
        currency: Some(euro),
        ranking: BidRanking::ExpectedRevenue,
        resale: Some(ResaleSettings { payout: settings.min_bid, ..ResaleSettings::default() }),
        ..settings.clone()
    };
    let made = terms().with_settings(&in_euros).unwrap();
    assert_eq!((made.currency(), made.min_bid), (euro, Decimal::TWO));
    assert_eq!(made.ranking, Ranking::ExpectedRevenue(Squash::FULL));
    assert_eq!(made.resale.and_then(|resale| resale.least_price()), Some(Decimal::TWO));
    let no_rate = Unconvertible::NoRate(euro, Currency::USD);
    assert_eq!(terms().with_settings(&settings), Err(no_rate));
    let rates = Rates::into(Currency::USD).with(euro, Decimal::TEN).unwrap();
    let terms = Terms { rates, ..terms() }.with_settings(&settings).unwrap();
    assert_eq!((terms.timeout_ms, terms.min_bid), (700, Decimal::from(20)));
    let terms = terms.with_router(&Router { min_bidders: 3, ..Router::new("Insurance") });
    assert_eq!((terms.timeout_ms, terms.min_bidders), (2_000, 3));
    assert_eq!(terms.min_bid, Decimal::from(20));
}

#[test]
fn no_deadline_is_later_than_eight_seconds() {
    let terms = Terms { timeout_ms: u32::MAX, ..terms() };
    let auction = open(terms, vec![Invitation { timeout_ms: u32::MAX, ..invited(1) }]);
    assert_eq!(auction.deadline(), after(8_000));
}

#[test]
fn a_secret_in_a_destination_costs_the_whole_reply() {
    let echoed = Bid { destination: Some("sip:KEY@example.com".parse().unwrap()), ..bid(5) };
    let reply = offers(echoed.clone()).redacted(&["KEY"]);
    let error = "[redacted]".to_owned();
    assert_eq!(
        reply,
        Reply::from(Unanswered::NotHttp { error }),
        "a blotted number is never dialled"
    );
    assert_eq!(offers(echoed.clone()).redacted(&["", "other"]), offers(echoed));
}
