//! What a dial says beside whom: limits, caller ids, recordings, SIP.

use crate::check;

#[test]
fn a_sip_destination_is_dialled_as_sip() {
    check(
        "
        now 2026-11-23 09:00
        campaign Sales
        buyer Pbx +12125550001 priority 2
        buyer Sip sip:sales@pbx.example.com;transport=tls priority 1
        call 1 from +13105550001
          Sip busy
          Pbx answers after 2s talks 10s
        > dial Sip, at sip:sales@pbx.example.com;transport=tls
        < busy
        > dial Pbx, at +12125550001
        < answered 10s
        > hang up
        = answered by Pbx
        again everything
        ",
    );
}

#[test]
fn a_caller_from_sip_is_no_number() {
    check(
        "
        now 2026-11-23 09:00
        campaign Sales
        buyer East +12125550001 duplicates buyer
        call 1 from sip:ann@example.com
          East answers after 2s talks 10s
        > dial East, from the caller
        < answered 10s
        > hang up
        = answered by East
        ",
    );
}

#[test]
fn a_conversation_is_recorded() {
    check(
        "
        now 2026-11-23 09:00
        campaign Sales record dual
        buyer East +12125550001 priority 1
        buyer West +12125550002 priority 2
        call 1 from +13105550001
          East busy
          West answers after 2s talks 42s
        > dial East, record dual
        < busy
        > dial West, record dual
        < answered 42s
        > hang up
        = answered by West, recorded 42s
        again recording
        again everything
        ",
    );
}

#[test]
fn without_recording_there_is_none() {
    check(
        "
        now 2026-11-23 09:00
        campaign Sales record mono
        buyer East +12125550001
        call 1 from +13105550001
          East answers after 2s talks 5s
        > dial East, record mono
        < answered 5s
        > hang up
        = answered by East, recorded 5s
        campaign Sales record off
        call 2 from +13105550001
          East answers after 2s talks 5s
        > dial East, record off
        < answered 5s
        > hang up
        = answered by East
        ",
    );
}

#[test]
fn buyers_see_the_number_that_the_policy_says() {
    check(
        "
        now 2026-11-23 09:00
        campaign Sales
        buyer East +12125550001
        call 1 from +13105550001
          East answers talks 5s
        > dial East, from the caller
        < answered 5s
        > hang up
        = answered by East
        campaign Sales caller-id dialled
        call 2 from +13105550001
          East answers talks 5s
        > dial East, from +18005550199
        < answered 5s
        > hang up
        = answered by East
        campaign Sales caller-id fixed +12125550009
        call 3 from +13105550001
          East answers talks 5s
        > dial East, from +12125550009
        < answered 5s
        > hang up
        = answered by East
        ",
    );
}

#[test]
fn a_conversation_lasts_as_long_as_it_may() {
    check(
        "
        now 2026-11-23 09:00
        campaign Sales max-length 60
        buyer East +12125550001 caps concurrent 1
        call 1 from +13105550001
          East answers after 2s talks 10m
        > dial East, lasts 60s
        < answered 60s
        > hang up
        = answered by East, held 0, 62s
        ",
    );
}

#[test]
fn a_phone_rings_as_long_as_it_may() {
    check(
        "
        now 2026-11-23 09:00
        campaign Sales dial-timeout 10
        buyer Slow +12125550001 priority 1
        buyer Fast +12125550002 priority 2
        call 1 from +13105550001
          Slow answers after 20s talks 10s
          Fast answers after 9s talks 10s
        > dial Slow, rings 10s
        < no-answer
        > dial Fast, rings 10s
        < answered 10s
        > hang up
        = answered by Fast
        ",
    );
}

#[test]
fn the_buyers_own_terms_go_before_the_campaigns() {
    check(
        "
        now 2026-11-23 09:00
        campaign Sales converts after 30 earns 8.75 USD
        buyer East +12125550001 converts after 60 pays 12.50 USD
        call 1 from +13105550001
          East answers after 2s talks 59s
        > dial East
        < answered 59s
        > hang up
        = answered by East, status completed
        call 2 from +13105550001
          East answers after 2s talks 60s
        > dial East
        < answered 60s
        > hang up
        = answered by East, converted, earned 12.50 USD
        ",
    );
}
