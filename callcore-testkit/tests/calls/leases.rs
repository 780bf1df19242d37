//! Places whose webhooks never come: leases run out, and the sweeper finds them.

use crate::check;

#[test]
fn a_lost_status_and_result_leave_a_place_until_the_lease_runs_out() {
    check(
        "
        now 2026-11-23 09:00
        campaign Sales dial-timeout 20 max-length 100
        buyer East +12125550001 caps concurrent 1
        call 1 from +13105550001
          lost dial 1
          lost status completed
          East answers after 2s talks 10s
        > dial East
        < answered 10s
        > nothing: lost
        = going on, held 1
        call 2 from +13105550002
        ! East concurrent cap 1/1
        > say Nobody is available.
        > hang up
        = no buyer all capped
        sweep
        # The lease is 20 + 100 + 35 s long.
        now 2026-11-23 09:02:34
        sweep
        held 1
        now 2026-11-23 09:02:35
        sweep expired 1
        held 0
        call 3 from +13105550003
          East answers after 2s talks 10s
        > dial East
        < answered 10s
        > hang up
        = answered by East, held 0
        ",
    );
}

#[test]
fn a_lost_result_is_made_good_by_the_calls_own_end() {
    check(
        "
        now 2026-11-23 09:00
        campaign Sales
        buyer East +12125550001 caps concurrent 1
        call 1 from +13105550001
          lost dial 1
          East answers after 2s talks 10s
        > dial East
        < answered 10s
        > nothing: lost
        = answered by East, held 0, status completed
        sweep
        ",
    );
}

#[test]
fn an_expired_lease_frees_its_place_without_a_sweep() {
    check(
        "
        now 2026-11-23 09:00
        campaign Sales dial-timeout 20 max-length 100
        buyer East +12125550001 caps concurrent 1
        call 1 from +13105550001
          lost dial 1
          lost status completed
          East answers after 2s talks 10s
        > dial East
        < answered 10s
        > nothing: lost
        = going on, held 1
        now 2026-11-23 09:02:35
        call 2 from +13105550002
          East answers after 2s talks 10s
        > dial East
        < answered 10s
        > hang up
        = answered by East, held 0
        ",
    );
}

#[test]
fn a_sweep_takes_nothing_from_a_call_that_goes_on() {
    check(
        "
        now 2026-11-23 09:00
        campaign Sales
        buyer East +12125550001 caps concurrent 1
        call 1 from +13105550001
          East answers after 2s talks 60m
        > dial East
        < answered 3600s
        > hang up
        = answered by East, held 0
        50m into call 1: sweep
        51m into call 1: held 1
        ",
    );
}
