//! Caps: full, freed, and counted by local windows.

use crate::check;

#[test]
fn a_full_buyer_is_passed_over() {
    check(
        "
        now 2026-11-23 09:00
        campaign Sales
        buyer East +12125550001 priority 1 caps concurrent 1
        buyer West +12125550002 priority 2
        call 1 from +13105550001
          East answers after 2s talks 60s
        > dial East
        < answered 60s
        > hang up
        = answered by East, held 0
        10s into call 1: call 2 from +13105550002
          West answers after 2s talks 60s
        ! East concurrent cap 1/1
        > dial West
        < answered 60s
        > hang up
        = answered by West
        11s into call 1: held 1
        ",
    );
}

#[test]
fn everybody_is_full_until_a_place_is_freed() {
    check(
        "
        now 2026-11-23 09:00
        campaign Sales
        buyer East +12125550001 caps concurrent 1
        call 1 from +13105550001
          East answers after 2s talks 10s
        > dial East
        < answered 10s
        > hang up
        = answered by East
        11s into call 1: call 2 from +13105550002
        ! East concurrent cap 1/1
        > say Nobody is available.
        > hang up
        = no buyer all capped
        13s into call 1: call 3 from +13105550003
          East answers after 2s talks 10s
        > dial East
        < answered 10s
        > hang up
        = answered by East, held 0
        ",
    );
}

#[test]
fn a_busy_dial_frees_its_place_at_once() {
    check(
        "
        now 2026-11-23 09:00
        campaign Sales
        buyer East +12125550001 priority 1 caps concurrent 1 daily 1
        buyer West +12125550002 priority 2
        call 1 from +13105550001
          East busy after 1s
          West answers after 2s talks 60s
        > dial East
        < busy
        > dial West
        < answered 60s
        > hang up
        = answered by West
        5s into call 1: call 2 from +13105550002
          East answers after 2s talks 10s
        > dial East
        < answered 10s
        > hang up
        = answered by East, held 0
        ",
    );
}

#[test]
fn a_daily_cap_begins_anew_at_the_buyers_own_midnight() {
    check(
        "
        now 2026-11-23 23:00 America/New_York
        campaign Sales
        buyer East +12125550001 zone America/New_York caps daily 1
        call 1 from +13105550001
          East answers after 2s talks 10s
        > dial East
        < answered 10s
        > hang up
        = answered by East
        +30m
        call 2 from +13105550002
        ! East daily cap 1/1
        > say Nobody is available.
        > hang up
        = no buyer all capped
        now 2026-11-24 00:00 America/New_York
        call 3 from +13105550003
          East answers after 2s talks 10s
        > dial East
        < answered 10s
        > hang up
        = answered by East
        ",
    );
}

#[test]
fn hourly_monthly_and_total_caps_have_windows_of_their_own() {
    check(
        "
        now 2026-11-30 22:30
        campaign Sales
        buyer Hour  +12125550001 priority 1 caps hourly 1
        buyer Month +12125550002 priority 2 caps monthly 1
        buyer Ever  +12125550003 priority 3 caps total 1
        call 1 from +13105550001
          Hour answers talks 5s
        > dial Hour
        < answered 5s
        > hang up
        = answered by Hour
        call 2 from +13105550001
          Month answers talks 5s
        > dial Month
        < answered 5s
        > hang up
        = answered by Month
        call 3 from +13105550001
          Ever answers talks 5s
        > dial Ever
        < answered 5s
        > hang up
        = answered by Ever
        call 4 from +13105550001
        ! Hour hourly cap 1/1
        ! Month monthly cap 1/1
        ! Ever total cap 1/1
        > say Nobody is available.
        > hang up
        = no buyer all capped
        now 2026-11-30 23:00
        call 5 from +13105550001
          Hour answers talks 5s
        ! Month monthly cap 1/1
        ! Ever total cap 1/1
        > dial Hour
        < answered 5s
        > hang up
        = answered by Hour
        now 2026-12-01 00:00
        buyer Hour paused
        call 6 from +13105550001
          Month answers talks 5s
        ! Hour paused
        ! Ever total cap 1/1
        > dial Month
        < answered 5s
        > hang up
        = answered by Month
        ",
    );
}

#[test]
fn an_assignments_caps_count_the_calls_of_its_campaign_only() {
    check(
        "
        now 2026-11-23 09:00
        campaign Sales
        buyer East +12125550001
        assign East caps daily 1
        campaign Support on +18005550100
        assign East
        call 1 from +13105550001 to +18005550199
          East answers talks 5s
        > dial East
        < answered 5s
        > hang up
        = answered by East
        call 2 from +13105550001 to +18005550199
        ! East daily cap 1/1
        > say Nobody is available.
        > hang up
        = no buyer all capped
        call 3 from +13105550001 to +18005550100
          East answers talks 5s
        > dial East
        < answered 5s
        > hang up
        = answered by East
        ",
    );
}

#[test]
fn a_cap_that_fills_while_the_first_rings_is_met_by_the_next_one() {
    check(
        "
        now 2026-11-23 09:00
        campaign Sales
        buyer A +12125550001 priority 1
        buyer B +12125550002 priority 2 caps concurrent 1
        buyer C +12125550003 priority 3
        campaign Support on +18005550100
        assign B
        call 1 from +13105550001 to +18005550199
          A busy after 10s
          C answers after 1s talks 5s
        > dial A
        < busy
        > dial C
        < answered 5s
        > hang up
        = answered by C
        5s into call 1: call 2 from +13105550002
          B answers after 1s talks 60s
        > dial B
        < answered 60s
        > hang up
        = answered by B, held 0
        ",
    );
}
