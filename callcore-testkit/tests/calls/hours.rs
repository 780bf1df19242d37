//! Hours, holidays, clocks that are put back, and the work after a conversation.

use crate::check;

#[test]
fn a_buyer_is_dialled_in_its_own_hours() {
    check(
        "
        now 2026-11-23 09:59:50 America/New_York
        campaign Sales
        buyer East +12125550001 zone America/New_York hours mon 10:00-17:00
        call 1 from +13105550001
        ! East closed: opens 10:00 Mon 23 Nov EST
        > say Nobody is available.
        > hang up
        = no buyer all closed
        now 2026-11-23 10:00 America/New_York
        call 2 from +13105550001
          East answers talks 5s
        > dial East
        < answered 5s
        > hang up
        = answered by East
        now 2026-11-23 17:00 America/New_York
        call 3 from +13105550001
        ! East closed: opens 10:00 Mon 30 Nov EST
        > say Nobody is available.
        > hang up
        = no buyer all closed
        ",
    );
}

#[test]
fn each_buyer_has_a_zone_of_its_own() {
    check(
        "
        now 2026-11-23 18:00 America/New_York
        campaign Sales
        buyer East +12125550001 priority 1 zone America/New_York hours mon-fri 09:00-17:00
        buyer West +12125550002 priority 2 zone America/Los_Angeles hours mon-fri 09:00-17:00
        call 1 from +13105550001
          West answers after 2s talks 30s
        ! East closed: opens 09:00 Tue 24 Nov EST
        > dial West
        < answered 30s
        > hang up
        = answered by West
        ",
    );
}

#[test]
fn a_lunch_break_and_a_night_shift() {
    check(
        "
        now 2026-11-23 12:30
        campaign Sales
        buyer Day   +12125550001 priority 1 hours mon-fri 09:00-12:00,13:00-17:00
        buyer Night +12125550002 priority 2 hours mon-sun 22:00-06:00
        call 1 from +13105550001
        ! Day closed: opens 13:00 Mon 23 Nov UTC
        ! Night closed: opens 22:00 Mon 23 Nov UTC
        > say Nobody is available.
        > hang up
        = no buyer all closed
        now 2026-11-24 05:59
        call 2 from +13105550001
          Night answers talks 5s
        ! Day closed: opens 09:00 Tue 24 Nov UTC
        > dial Night
        < answered 5s
        > hang up
        = answered by Night
        ",
    );
}

#[test]
fn the_hours_are_local_when_the_clocks_go_back() {
    check(
        "
        # In New York the clocks go back on 1 November 2026: 09:00 is 13:00 UTC before it, 14:00 after.
        now 2026-10-31 13:00 UTC
        campaign Sales
        buyer East +12125550001 zone America/New_York hours mon-sun 09:00-17:00
        call 1 from +13105550001
          East answers talks 5s
        > dial East
        < answered 5s
        > hang up
        = answered by East
        now 2026-11-01 13:00 UTC
        call 2 from +13105550001
        ! East closed: opens 09:00 Sun 1 Nov EST
        > say Nobody is available.
        > hang up
        = no buyer all closed
        now 2026-11-01 14:00 UTC
        call 3 from +13105550001
          East answers talks 5s
        > dial East
        < answered 5s
        > hang up
        = answered by East
        ",
    );
}

#[test]
fn the_hours_are_local_when_the_clocks_go_forward() {
    check(
        "
        # In Berlin 02:00 to 03:00 does not exist on 29 March 2026.
        now 2026-03-29 00:59:59 UTC
        campaign Sales
        buyer Nord +493012345678 zone Europe/Berlin hours sun 03:00-04:00
        call 1 from +13105550001
        ! Nord closed: opens 03:00 Sun 29 Mar CEST
        > say Nobody is available.
        > hang up
        = no buyer all closed
        now 2026-03-29 01:00 UTC
        call 2 from +13105550001
          Nord answers talks 5s
        > dial Nord
        < answered 5s
        > hang up
        = answered by Nord
        now 2026-03-29 02:00 UTC
        call 3 from +13105550001
        ! Nord closed: opens 03:00 Sun 5 Apr CEST
        > say Nobody is available.
        > hang up
        = no buyer all closed
        ",
    );
}

#[test]
fn on_a_holiday_the_hours_do_not_apply() {
    check(
        "
        now 2026-12-25 10:00 America/New_York
        campaign Sales
        buyer East +12125550001 priority 1 zone America/New_York hours mon-fri 09:00-17:00 holiday 2026-12-25 Christmas
        buyer West +12125550002 priority 2
        call 1 from +13105550001
          West answers talks 5s
        ! East holiday Christmas: opens 09:00 Mon 28 Dec EST
        > dial West
        < answered 5s
        > hang up
        = answered by West
        now 2026-12-28 09:00 America/New_York
        call 2 from +13105550001
          East answers talks 5s
        > dial East
        < answered 5s
        > hang up
        = answered by East
        ",
    );
}

#[test]
fn an_agent_wraps_up_before_the_next_call() {
    check(
        "
        now 2026-11-23 09:00:00
        campaign Support
        buyer Ana +12125550001 priority 1 wrap-up 30
        buyer Ben +12125550002 priority 2
        call 1 from +13105550001
          Ana answers after 5s talks 10s
        > dial Ana
        < answered 10s
        > hang up
        = answered by Ana
        +29s
        call 2 from +13105550002
          Ben answers after 1s talks 5s
        ! Ana wrapping up until 09:00:45 UTC
        > dial Ben
        < answered 5s
        > hang up
        = answered by Ben
        now 2026-11-23 09:00:45
        call 3 from +13105550003
          Ana answers after 1s talks 5s
        > dial Ana
        < answered 5s
        > hang up
        = answered by Ana
        ",
    );
}

#[test]
fn an_unanswered_dial_needs_no_wrapping_up() {
    check(
        "
        now 2026-11-23 09:00
        campaign Support
        buyer Ana +12125550001 wrap-up 600
        call 1 from +13105550001
          Ana busy
        > dial Ana
        < busy
        > say Nobody is available.
        > hang up
        = no answer
        call 2 from +13105550002
          Ana answers after 1s talks 5s
        > dial Ana
        < answered 5s
        > hang up
        = answered by Ana
        ",
    );
}
