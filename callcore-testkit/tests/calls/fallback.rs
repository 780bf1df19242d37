//! What comes after a dial that leads to nobody.

use crate::check;

#[test]
fn a_busy_buyer_is_followed_by_the_next() {
    check(
        "
        now 2026-11-23 09:00 America/New_York
        campaign Sales attempts 3 dial-timeout 20
        buyer East +12125550001 priority 1 caps concurrent 1 daily 50
        buyer West +12125550002 priority 2
        call 1 from +13105550001
          East busy
          West answers after 4s talks 60s
        > dial East, rings 20s
        < busy
        > dial West
        < answered 60s
        > hang up
        = answered by West, held 0
        ",
    );
}

#[test]
fn nobody_answers_and_the_caller_hears_the_message() {
    check(
        "
        now 2026-11-23 09:00
        campaign Sales dial-timeout 10
        message Sorry, all lines are busy. Goodbye.
        buyer East +12125550001 priority 1
        buyer West +12125550002 priority 2
        call 1 from +13105550001
          East busy
          West no answer
        > dial East, rings 10s
        < busy
        > dial West
        < no-answer
        > say Sorry, all lines are busy. Goodbye.
        > hang up
        = no answer, held 0, status completed
        ",
    );
}

#[test]
fn without_a_message_of_its_own_the_campaign_speaks_the_general_one() {
    check(
        "
        now 2026-11-23 09:00
        campaign Sales
        call 1 from +13105550001
        > say Nobody is available.
        > hang up
        = no buyer assigned, held 0
        ",
    );
}

#[test]
fn the_no_route_number_is_dialled_instead_of_a_message() {
    check(
        "
        now 2026-11-23 09:00
        campaign Sales no-route +12125550008
        buyer East +12125550001
        call 1 from +13105550001
          East busy
          +12125550008 answers after 3s talks 20s
        > dial East
        < busy
        > dial +12125550008
        < answered 20s
        > hang up
        = no answer, held 0, status completed
        ",
    );
}

#[test]
fn the_no_route_number_is_the_end_of_the_line() {
    check(
        "
        now 2026-11-23 09:00
        campaign Sales no-route +12125550008
        buyer East +12125550001 paused
        call 1 from +13105550001
          +12125550008 busy
        ! East paused
        > dial +12125550008
        < busy
        > hang up
        = no buyer all filtered, held 0
        ",
    );
}

#[test]
fn the_attempt_limit_ends_the_search() {
    check(
        "
        now 2026-11-23 09:00
        campaign Sales attempts 2
        buyer A +12125550001 priority 1
        buyer B +12125550002 priority 2
        buyer C +12125550003 priority 3
        call 1 from +13105550001
          A busy
          B busy
          C answers after 1s talks 60s
        > dial A
        < busy
        > dial B
        < busy
        > say Nobody is available.
        > hang up
        = attempt limit, held 0
        ",
    );
}

#[test]
fn a_short_call_is_offered_again() {
    check(
        "
        now 2026-11-23 09:00
        campaign Sales reroute 1 under 10
        buyer A +12125550001 priority 1
        buyer B +12125550002 priority 2
        buyer C +12125550003 priority 3
        call 1 from +13105550001
          A answers after 2s talks 9s
          B answers after 2s talks 5s
          C answers after 2s talks 60s
        > dial A
        < answered 9s
        > dial B
        < answered 5s
        > hang up
        = answered by B, rerouted 1, held 0
        ",
    );
}

#[test]
fn a_call_that_is_long_enough_is_not_offered_again() {
    check(
        "
        now 2026-11-23 09:00
        campaign Sales reroute 2 under 10
        buyer A +12125550001 priority 1
        buyer B +12125550002 priority 2
        call 1 from +13105550001
          A answers after 2s talks 10s
        > dial A
        < answered 10s
        > hang up
        = answered by A, rerouted 0
        ",
    );
}

#[test]
fn a_reroute_is_an_attempt_of_its_own() {
    check(
        "
        now 2026-11-23 09:00
        campaign Sales attempts 1 reroute 1 under 10
        buyer A +12125550001 priority 1
        buyer B +12125550002 priority 2
        call 1 from +13105550001
          A answers after 2s talks 3s
          B busy
        > dial A
        < answered 3s
        > dial B
        < busy
        > say Nobody is available.
        > hang up
        = answered by A, rerouted 1, no answer
        ",
    );
}
