//! Campaigns that are not active, and numbers that nobody holds.

use crate::check;

#[test]
fn a_paused_campaign_dials_nobody() {
    check(
        "
        now 2026-11-23 09:00
        campaign Sales paused no-route +12125550008
        message We are back soon.
        buyer East +12125550001
        call 1 from +13105550001
        > say We are back soon.
        > hang up
        = campaign not active, held 0
        campaign Sales active
        call 2 from +13105550001
          East answers after 1s talks 5s
        > dial East
        < answered 5s
        > hang up
        = answered by East
        ",
    );
}

#[test]
fn drafts_and_completed_campaigns_dial_nobody() {
    check(
        "
        now 2026-11-23 09:00
        campaign Sales draft
        buyer East +12125550001
        call 1 from +13105550001
        > say Nobody is available.
        > hang up
        = campaign not active
        campaign Sales completed
        call 2 from +13105550001
        > say Nobody is available.
        > hang up
        = campaign not active
        ",
    );
}

#[test]
fn a_number_that_nobody_holds_is_answered_and_not_recorded() {
    check(
        "
        now 2026-11-23 09:00
        campaign Sales
        buyer East +12125550001
        call 1 from +13105550001 to +18005550111
        > say Nobody is available.
        > hang up
        = not recorded, held 0
        again everything
        ",
    );
}

#[test]
fn a_campaign_that_is_paused_while_it_rings_goes_on_with_the_call() {
    check(
        "
        now 2026-11-23 09:00
        campaign Sales
        buyer A +12125550001 priority 1
        buyer B +12125550002 priority 2
        call 1 from +13105550001
          A busy after 10s
          B answers after 1s talks 5s
        > dial A
        < busy
        > dial B
        < answered 5s
        > hang up
        = answered by B
        5s into call 1: campaign Sales paused
        ",
    );
}

#[test]
fn a_campaign_that_is_deleted_while_it_rings_ends_the_call() {
    check(
        "
        now 2026-11-23 09:00
        campaign Sales
        buyer A +12125550001 priority 1 caps concurrent 1
        buyer B +12125550002 priority 2
        call 1 from +13105550001
          A busy after 10s
        > dial A
        < busy
        > hang up
        = campaign gone, held 0
        5s into call 1: delete campaign Sales
        ",
    );
}

#[test]
fn a_buyer_who_is_taken_out_while_another_rings_is_not_dialled() {
    check(
        "
        now 2026-11-23 09:00
        campaign Sales
        buyer A +12125550001 priority 1
        buyer B +12125550002 priority 2
        call 1 from +13105550001
          A busy after 10s
        > dial A
        < busy
        > say Nobody is available.
        > hang up
        = no answer
        5s into call 1: unassign B
        ",
    );
}

#[test]
fn two_campaigns_share_a_buyer_and_its_caps() {
    check(
        "
        now 2026-11-23 09:00
        campaign Sales
        buyer East +12125550001 caps concurrent 1
        campaign Support on +18005550100
        assign East
        call 1 from +13105550001 to +18005550199
          East answers after 2s talks 60s
        > dial East
        < answered 60s
        > hang up
        = answered by East, held 0
        10s into call 1: call 2 from +13105550002 to +18005550100
        ! East concurrent cap 1/1
        > say Nobody is available.
        > hang up
        = no buyer all capped
        ",
    );
}
