//! What the people of one call do.

use callcore_twiml::phone::{Input, Reaction, Script};

use crate::chance::Chance;

/// Draws a script: buyers who talk, some of them longer than they may, are busy, do not answer or
/// cannot be reached, and a caller who hangs up now and then, mostly while it rings.
pub(crate) fn draw(numbers: impl IntoIterator<Item = &'static str>, chance: &mut Chance) -> Script {
    let mut script = Script::new();
    for number in numbers {
        script = script.callee(number, reaction(chance));
    }
    if chance.one_in(5) {
        script = script.at(chance.between(200, 5_000), Input::HangUp);
    }
    script
}

fn reaction(chance: &mut Chance) -> Reaction {
    match chance.below(10) {
        0 | 1 => Reaction::Busy { after_ms: chance.between(100, 2_000) },
        2 => Reaction::Fails { after_ms: chance.between(100, 2_000) },
        3 => Reaction::NoAnswer,
        _ => Reaction::talks(chance.between(300, 4_500), chance.between(1_000, 8_000)),
    }
}
