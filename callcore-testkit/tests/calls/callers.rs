//! Callers: who calls again, where they are, and when they hang up.

use crate::check;

#[test]
fn a_caller_who_was_there_goes_elsewhere_until_the_days_are_over() {
    check(
        "
        now 2026-11-23 09:00
        campaign Sales
        buyer East +12125550001 priority 1 duplicates buyer days 7
        buyer West +12125550002 priority 2
        call 1 from +13105550001
          East answers after 2s talks 10s
        > dial East
        < answered 10s
        > hang up
        = answered by East
        +6d
        call 2 from +13105550001
          West answers after 2s talks 10s
        ! East duplicate: caller reached this buyer on 23 Nov 2026 09:00 UTC
        > dial West
        < answered 10s
        > hang up
        = answered by West
        # Somebody else is welcome.
        call 3 from +13105550002
          East answers after 2s talks 10s
        > dial East
        < answered 10s
        > hang up
        = answered by East
        # East answered at 09:00:02, and that is seven days.
        now 2026-11-30 09:00:01
        call 4 from +13105550001
          West answers after 2s talks 10s
        ! East duplicate: caller reached this buyer on 23 Nov 2026 09:00 UTC
        > dial West
        < answered 10s
        > hang up
        = answered by West
        buyer West paused
        now 2026-11-30 09:00:02
        call 5 from +13105550001
          East answers after 2s talks 10s
        > dial East
        < answered 10s
        > hang up
        = answered by East
        ",
    );
}

#[test]
fn a_caller_who_reached_nobody_is_no_duplicate() {
    check(
        "
        now 2026-11-23 09:00
        campaign Sales
        buyer East +12125550001 duplicates campaign
        call 1 from +13105550001
          East busy
        > dial East
        < busy
        > say Nobody is available.
        > hang up
        = no answer
        call 2 from +13105550001
          East answers after 2s talks 10s
        > dial East
        < answered 10s
        > hang up
        = answered by East
        call 3 from +13105550001
        ! East duplicate: caller reached the campaign on 23 Nov 2026 09:00 UTC
        > say Nobody is available.
        > hang up
        = no buyer duplicate
        ",
    );
}

#[test]
fn a_rule_for_converted_callers_lets_the_others_call_again() {
    check(
        "
        now 2026-11-23 09:00
        campaign Sales converts after 30 earns 8.75 USD
        buyer East +12125550001 duplicates buyer converted
        call 1 from +13105550001
          East answers after 2s talks 29s
        > dial East
        < answered 29s
        > hang up
        = answered by East, status completed
        call 2 from +13105550001
          East answers after 2s talks 30s
        > dial East
        < answered 30s
        > hang up
        = answered by East, converted, earned 8.75 USD
        call 3 from +13105550001
        ! East duplicate: caller converted with this buyer on 23 Nov 2026 09:01 UTC
        > say Nobody is available.
        > hang up
        = no buyer duplicate
        ",
    );
}

#[test]
fn callers_who_do_not_show_their_number_are_no_duplicates_of_each_other() {
    check(
        "
        now 2026-11-23 09:00
        campaign Sales
        buyer East +12125550001 duplicates buyer
        call 1 from anonymous
          East answers after 2s talks 10s
        > dial East
        < answered 10s
        > hang up
        = answered by East
        call 2 from anonymous
          East answers after 2s talks 10s
        > dial East
        < answered 10s
        > hang up
        = answered by East
        # A number that stands for callers who hide theirs.
        call 3 from +266696687
          East answers after 2s talks 10s
        > dial East
        < answered 10s
        > hang up
        = answered by East
        call 4 from +266696687
          East answers after 2s talks 10s
        > dial East
        < answered 10s
        > hang up
        = answered by East
        ",
    );
}

#[test]
fn buyers_take_callers_from_where_they_want_them() {
    check(
        "
        now 2026-11-23 09:00
        campaign Sales
        buyer Coast +12125550001 priority 1 allow state CA allow state OR deny area-code 310
        buyer North +12125550002 priority 2 allow country CA
        buyer City  +12125550003 priority 3 allow zip 900
        call 1 from +14155550001 country US state CA zip 94105
          Coast answers after 1s talks 5s
        ! North the caller's place is not on the allow list
        ! City the caller's place is not on the allow list
        > dial Coast
        < answered 5s
        > hang up
        = answered by Coast
        call 2 from +13105550001 country US state CA zip 90001
          City answers after 1s talks 5s
        ! Coast callers from area code 310 are denied
        ! North the caller's place is not on the allow list
        > dial City
        < answered 5s
        > hang up
        = answered by City
        call 3 from +14165550001 country CA state ON
          North answers after 1s talks 5s
        > dial North
        < answered 5s
        > hang up
        = answered by North
        # Nobody knows where this one is.
        call 4 from +12125550099
        > say Nobody is available.
        > hang up
        = no buyer all filtered
        ",
    );
}

#[test]
fn a_caller_who_hangs_up_before_anything_rings_holds_nothing() {
    check(
        "
        now 2026-11-23 09:00
        campaign Sales
        buyer East +12125550001 caps concurrent 1
        call 1 from +13105550001
          caller hangs up at 0s
        > dial East
        < caller hangs up
        = caller hung up while ringing, held 0, status no-answer
        call 2 from +13105550002
          East answers after 2s talks 5s
        > dial East
        < answered 5s
        > hang up
        = answered by East
        ",
    );
}

#[test]
fn a_caller_who_hangs_up_while_it_rings_is_not_dialled_on() {
    check(
        "
        now 2026-11-23 09:00
        campaign Sales
        buyer East +12125550001 priority 1 caps concurrent 1 daily 1
        buyer West +12125550002 priority 2
        call 1 from +13105550001
          East answers after 20s
          caller hangs up at 8s
        > dial East
        < caller hangs up
        < canceled
        > hang up
        = caller hung up while ringing, held 0, status completed, 8s
        # The place of the day is given back as well.
        call 2 from +13105550002
          East answers after 2s talks 5s
        > dial East
        < answered 5s
        > hang up
        = answered by East
        ",
    );
}

#[test]
fn a_caller_who_hangs_up_in_the_second_ringing_is_not_offered_again() {
    check(
        "
        now 2026-11-23 09:00
        campaign Sales
        buyer A +12125550001 priority 1 caps concurrent 1
        buyer B +12125550002 priority 2 caps concurrent 1
        buyer C +12125550003 priority 3 caps concurrent 1
        call 1 from +13105550001
          A busy after 2s
          caller hangs up at 6s
        > dial A
        < busy
        > dial B
        < caller hangs up
        < canceled
        > hang up
        = caller hung up while ringing, held 0
        ",
    );
}

#[test]
fn a_caller_who_hangs_up_while_talking_was_answered() {
    check(
        "
        now 2026-11-23 09:00
        campaign Sales reroute 1 under 30
        buyer East +12125550001 priority 1 caps concurrent 1
        buyer West +12125550002 priority 2
        call 1 from +13105550001
          East answers after 4s talks 60s
          caller hangs up at 10s
        > dial East
        < caller hangs up
        < answered 6s
        > hang up
        = answered by East, held 0, status completed, rerouted 0
        ",
    );
}

#[test]
fn a_caller_who_does_not_hear_the_message_out() {
    check(
        "
        now 2026-11-23 09:00
        campaign Sales
        message We are closed today, please call again tomorrow.
        call 1 from +13105550001
          caller hangs up at 1s
        > say We are closed today, please call again tomorrow.
        > hang up
        < caller hangs up
        = no buyer assigned, status completed, 1s
        ",
    );
}
