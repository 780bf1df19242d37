//! The twenty properties of an auction (`reference/rtb.md` §3), each with faults that it finds.
//!
//! `world` makes auctions up, `rig` drives them on a virtual clock and can plant a fault, `model`
//! says by brute force who ought to win, `properties` has one function per property.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod faults;
mod model;
mod properties;
mod rig;
mod simulation;
mod world;

use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};

use properties::Property;
use rig::{Fault, Rig};
use world::World;

/// Runs a property over made-up auctions, the same ones each time.
fn run(property: Property, fault: Fault, cases: u32) -> Result<(), Box<TestError<World>>> {
    let config =
        Config { cases, failure_persistence: None, max_shrink_iters: 512, ..Config::default() };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let rig = Rig { fault };
    let mut runner = TestRunner::new_with_rng(config, rng);
    runner.run(&world::any_world(), |world| property(&rig, &world)).map_err(Box::new)
}

macro_rules! properties {
    ($($name:ident: $($fault:ident),+;)*) => {
        $(
            #[test]
            fn $name() {
                if let Err(error) = run(properties::$name, Fault::None, 256) {
                    panic!("{error}");
                }
            }
        )*

        /// Each property fails where one of its faults is planted.
        mod planted {
            $(
                #[test]
                fn $name() {
                    for fault in [$(super::Fault::$fault),+] {
                        let found = super::run(super::properties::$name, fault, 4_000);
                        let failed = |error: &_| matches!(error, super::TestError::Fail(..));
                        assert!(
                            found.is_err_and(|error| failed(&*error)),
                            "{} finds no {fault:?}", stringify!($name),
                        );
                    }
                }
            )*
        }
    };
}

properties! {
    p01_the_winner_is_valid: FloorsIgnored;
    p02_no_valid_bid_beats_the_winner: SecondPlaceWins;
    p03_order_changes_nothing: FirstToArriveWinsTies;
    p04_the_log_re_derives_the_same_bytes: SeedNotLogged;
    p05_more_never_loses_and_less_never_changes_the_winner: HighBidsDropped;
    p06_what_cannot_win_changes_nothing: LateCounts;
    p07_a_higher_floor_never_adds_a_bid: FloorSlack;
    p08_the_second_price_does_not_depend_on_the_winner: PaysItsBid;
    p09_an_early_finish_changes_nothing: FirstReplyDecides;
    p10_the_decision_comes_in_time: WaitsForAll;
    p11_one_verdict_per_target_and_one_winner: TwoWinners, PlaceKept;
    p12_units_and_unit_rates_change_nothing: RoundsToWholeUnits;
    p13_modifiers_act_in_their_order: ModifiersReversed;
    p14_the_margin_is_kept: MarginGivenAway;
    p15_no_expired_bid_is_dialled: ExpiryForgotten;
    p16_ties_are_fair: TiesByName;
    p17_any_bytes_are_read: GarbageBids;
    p18_a_caller_is_not_pinged_twice: AsksAgain, HoldsForever;
    p19_what_is_no_amount_is_no_bid: EveryCurrencyIsOurs;
    p20_no_secret_is_in_the_log: SecretsKept;
}
