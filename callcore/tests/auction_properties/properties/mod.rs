//! One function per property of `reference/rtb.md` §3, by its number there.

mod choice;
mod conduct;
mod money;

pub(crate) use choice::{
    p01_the_winner_is_valid, p02_no_valid_bid_beats_the_winner, p03_order_changes_nothing,
    p04_the_log_re_derives_the_same_bytes, p05_more_never_loses_and_less_never_changes_the_winner,
    p06_what_cannot_win_changes_nothing, p09_an_early_finish_changes_nothing, p16_ties_are_fair,
};
pub(crate) use conduct::{
    p10_the_decision_comes_in_time, p11_one_verdict_per_target_and_one_winner,
    p15_no_expired_bid_is_dialled, p17_any_bytes_are_read, p18_a_caller_is_not_pinged_twice,
    p19_what_is_no_amount_is_no_bid, p20_no_secret_is_in_the_log,
};
pub(crate) use money::{
    p07_a_higher_floor_never_adds_a_bid, p08_the_second_price_does_not_depend_on_the_winner,
    p12_units_and_unit_rates_change_nothing, p13_modifiers_act_in_their_order,
    p14_the_margin_is_kept,
};

use proptest::test_runner::TestCaseError;

use crate::rig::Rig;
use crate::world::World;

pub(crate) type Property = fn(&Rig, &World) -> Outcome;
pub(crate) type Outcome = Result<(), TestCaseError>;
