//! What the people of one call do.

use callcore_twiml::phone::{Input, Script};

use crate::chance::Chance;
use crate::people;
use crate::world::BUYERS;

/// Draws what the caller and the buyers do.
pub(crate) fn draw(chance: &mut Chance) -> Script {
    people::draw(BUYERS.iter().map(|buyer| buyer.number), chance)
}

/// Nobody answers, and the caller hangs up.
pub(crate) fn gives_up() -> Script {
    Script::new().at(1_000, Input::HangUp)
}
