//! Webhooks that come twice, late or in another order change nothing.

use crate::check;

#[test]
fn every_webhook_may_come_again() {
    check(
        "
        now 2026-11-23 09:00
        campaign Sales record mono
        buyer East +12125550001 priority 1 caps concurrent 1 daily 1
        buyer West +12125550002 priority 2 caps concurrent 1 daily 1
        call 1 from +13105550001
          East busy
          West answers after 4s talks 60s
        > dial East
        < busy
        > dial West
        < answered 60s
        > hang up
        = answered by West, held 0
        again voice
        again dial 1
        again dial 2
        again leg 1 ended
        again leg 2 ringing
        again leg 2 answered
        again leg 2 ended
        again recording
        again status completed
        again everything
        held 0
        ",
    );
}

#[test]
fn a_repeated_voice_webhook_gets_the_same_dial_although_the_world_has_changed() {
    check(
        "
        now 2026-11-23 09:00
        campaign Sales strategy round-robin
        buyer A +12125550001
        buyer B +12125550002
        call 1 from +13105550001
          A answers talks 60s
        > dial A
        < answered 60s
        > hang up
        = answered by A
        30s into call 1: buyer A paused
        again voice
        # The repetition took no turn: B is next, and then A would be.
        buyer A active
        call 2 from +13105550002
          B answers talks 5s
        > dial B
        < answered 5s
        > hang up
        = answered by B
        call 3 from +13105550003
          A answers talks 5s
        > dial A
        < answered 5s
        > hang up
        = answered by A
        ",
    );
}

#[test]
fn late_statuses_do_not_bring_a_call_back() {
    check(
        "
        now 2026-11-23 09:00
        campaign Sales
        buyer East +12125550001 caps concurrent 1
        call 1 from +13105550001
          East answers after 4s talks 60s
        > dial East
        < answered 60s
        > hang up
        = answered by East, held 0, status completed
        late status ringing
        late status in-progress
        late status completed
        late status failed
        late leg 1 ringing
        late leg 1 in-progress
        late leg 1 completed
        held 0
        ",
    );
}

#[test]
fn a_late_result_does_not_dial_anybody() {
    check(
        "
        now 2026-11-23 09:00
        campaign Sales
        buyer East +12125550001 priority 1 caps concurrent 1
        buyer West +12125550002 priority 2 caps concurrent 1
        call 1 from +13105550001
          East answers after 4s talks 60s
        > dial East
        < answered 60s
        > hang up
        = answered by East, held 0
        # No second dial was ever made.
        late dial 2 busy
        late dial 9 completed
        again dial 1
        held 0
        ",
    );
}

#[test]
fn every_request_may_come_twice_while_the_call_goes_on() {
    check(
        "
        now 2026-11-23 09:00
        campaign Sales reroute 1 under 10
        buyer A +12125550001 priority 1 caps concurrent 1 total 1
        buyer B +12125550002 priority 2 caps concurrent 1 total 1
        buyer C +12125550003 priority 3 caps concurrent 1 total 1
        call 1 from +13105550001
          every request twice
          A busy
          B answers after 2s talks 4s
          C answers after 2s talks 30s
        > dial A
        < busy
        > dial B
        < answered 4s
        > dial C
        < answered 30s
        > hang up
        = answered by C, rerouted 1, held 0
        ",
    );
}

#[test]
fn callbacks_may_come_out_of_order() {
    check(
        "
        now 2026-11-23 09:00
        campaign Sales
        buyer East +12125550001 caps concurrent 1
        call 1 from +13105550001
          callbacks out of order
          East answers after 4s talks 60s
        > dial East
        < answered 60s
        > hang up
        = answered by East, held 0, status completed
        ",
    );
}

#[test]
fn a_hung_up_callers_webhooks_may_come_again() {
    check(
        "
        now 2026-11-23 09:00
        campaign Sales
        buyer East +12125550001 caps concurrent 1 daily 1
        buyer West +12125550002
        call 1 from +13105550001
          East answers after 20s
          West answers after 20s
          caller hangs up at 8s
        > dial East
        < caller hangs up
        < canceled
        > hang up
        = caller hung up while ringing, held 0
        again everything
        late status completed
        held 0
        ",
    );
}

#[test]
fn a_no_route_calls_webhooks_may_come_again() {
    check(
        "
        now 2026-11-23 09:00
        campaign Sales no-route +12125550008
        buyer East +12125550001 paused
        call 1 from +13105550001
          +12125550008 answers after 1s talks 20s
        > dial +12125550008
        < answered 20s
        > hang up
        = no buyer all filtered, held 0
        again everything
        late status in-progress
        ",
    );
}
