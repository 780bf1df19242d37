//! Who is dialled first.

use crate::check;

#[test]
fn priority_one_is_dialled_first() {
    check(
        "
        now 2026-11-23 09:00 America/New_York
        campaign Sales strategy priority
        buyer Third  +12125550003 priority 3
        buyer First  +12125550001 priority 1
        buyer Second +12125550002 priority 2

        call 1 from +13105550001
          First no answer
          Second fails
          Third answers after 2s talks 30s
        > dial First
        < no-answer
        > dial Second
        < failed
        > dial Third
        < answered 30s
        > hang up
        = answered by Third, held 0, rerouted 0
        ",
    );
}

#[test]
fn an_assignment_overrides_the_priority() {
    check(
        "
        now 2026-11-23 09:00
        campaign Sales
        buyer East +12125550001 priority 1
        buyer West +12125550002 priority 2
        assign West priority 1
        assign East priority 9
        call 1 from +13105550001
          West answers after 1s talks 5s
        > dial West
        < answered 5s
        > hang up
        = answered by West
        ",
    );
}

#[test]
fn round_robin_gives_each_buyer_every_third_call() {
    check(
        "
        now 2026-11-23 09:00
        campaign Sales strategy round-robin
        buyer A +12125550001 priority 1
        buyer B +12125550002 priority 2
        buyer C +12125550003 priority 3
        call 1 from +13105550001
          C answers talks 5s
        > dial C
        < answered 5s
        > hang up
        = answered by C
        call 2 from +13105550001
          A answers talks 5s
        > dial A
        < answered 5s
        > hang up
        = answered by A
        call 3 from +13105550001
          B answers talks 5s
        > dial B
        < answered 5s
        > hang up
        = answered by B
        call 4 from +13105550001
          C answers talks 5s
        > dial C
        < answered 5s
        > hang up
        = answered by C
        ",
    );
}

#[test]
fn weights_are_exact_shares_of_a_priority() {
    check(
        "
        now 2026-11-23 09:00
        campaign Sales
        buyer Heavy +12125550001 weight 3
        buyer Light +12125550002 weight 1
        call 1 from +13105550001
          Heavy answers talks 5s
        > dial Heavy
        < answered 5s
        > hang up
        = answered by Heavy
        call 2 from +13105550001
          Heavy answers talks 5s
        > dial Heavy
        < answered 5s
        > hang up
        = answered by Heavy
        call 3 from +13105550001
          Light answers talks 5s
        > dial Light
        < answered 5s
        > hang up
        = answered by Light
        call 4 from +13105550001
          Heavy answers talks 5s
        > dial Heavy
        < answered 5s
        > hang up
        = answered by Heavy
        ",
    );
}

#[test]
fn the_capacity_strategy_prefers_who_has_the_largest_free_share() {
    check(
        "
        now 2026-11-23 09:00
        campaign Sales strategy capacity
        buyer Small +12125550001 priority 1 caps concurrent 2
        buyer Large +12125550002 priority 2 caps concurrent 10
        # Nothing is taken, so the priority tells.
        call 1 from +13105550001
          Small answers after 1s talks 60s
        > dial Small
        < answered 60s
        > hang up
        = answered by Small
        # Half of Small is taken: 1/2 is free there, and 10/10 at Large.
        10s into call 1: call 2 from +13105550002
          Large answers after 1s talks 60s
        > dial Large
        < answered 60s
        > hang up
        = answered by Large
        # 1/2 is free at Small, and 9/10 at Large.
        20s into call 1: call 3 from +13105550003
          Large answers after 1s talks 20s
        > dial Large
        < answered 20s
        > hang up
        = answered by Large, held 0
        ",
    );
}

#[test]
fn the_skills_strategy_wants_the_best_fit_and_refuses_who_has_too_little() {
    check(
        "
        now 2026-11-23 09:00
        campaign Support strategy skills needs spanish 3
        buyer Ana  +12125550001 priority 2 skill spanish 5
        buyer Ben  +12125550002 priority 1 skill spanish 3
        buyer Carl +12125550003 skill spanish 2
        call 1 from +13105550001
          Ana busy
          Ben answers after 2s talks 10s
        ! Carl skill spanish 2 of at least 3
        > dial Ana
        < busy
        > dial Ben
        < answered 10s
        > hang up
        = answered by Ben
        ",
    );
}

#[test]
fn paused_and_unavailable_buyers_are_not_dialled() {
    check(
        "
        now 2026-11-23 09:00
        campaign Sales
        buyer Paused +12125550001 paused
        buyer Away   +12125550002 agent break
        buyer Here   +12125550003
        call 1 from +13105550001
          Here answers after 1s talks 5s
        ! Paused paused
        ! Away agent is on a break
        > dial Here
        < answered 5s
        > hang up
        = answered by Here
        # Both come back, and Here leaves.
        buyer Paused active priority 1
        buyer Away agent available
        buyer Here agent offline
        call 2 from +13105550002
          Paused busy
          Away answers after 1s talks 5s
        ! Here agent is offline
        > dial Paused
        < busy
        > dial Away
        < answered 5s
        > hang up
        = answered by Away
        ",
    );
}

#[test]
fn a_buyer_who_is_paused_while_another_rings_is_passed_over() {
    check(
        "
        now 2026-11-23 09:00
        campaign Sales
        buyer A +12125550001 priority 1
        buyer B +12125550002 priority 2
        buyer C +12125550003 priority 3
        call 1 from +13105550001
          A busy after 10s
          C answers after 1s talks 5s
        > dial A
        < busy
        > dial C
        < answered 5s
        > hang up
        = answered by C
        5s into call 1: buyer B paused
        ",
    );
}

#[test]
fn callers_of_different_places_take_turns_of_their_own() {
    check(
        "
        now 2026-11-23 09:00
        campaign Sales strategy round-robin
        buyer Any  +12125550001
        buyer West +12125550002 allow state CA
        # Callers from elsewhere have Any alone, and take no turn of those who may have both.
        call 1 from +13105550001 state CA
          Any answers talks 5s
          West answers talks 5s
        > dial Any
        < answered 5s
        > hang up
        = answered by Any
        call 2 from +12125550099 state NY
          Any answers talks 5s
        > dial Any
        < answered 5s
        > hang up
        = answered by Any
        call 3 from +13105550001 state CA
          West answers talks 5s
        > dial West
        < answered 5s
        > hang up
        = answered by West
        call 4 from +12125550099 state NY
          Any answers talks 5s
        > dial Any
        < answered 5s
        > hang up
        = answered by Any
        call 5 from +13105550001 state CA
          Any answers talks 5s
        > dial Any
        < answered 5s
        > hang up
        = answered by Any
        ",
    );
}
