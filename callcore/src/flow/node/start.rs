//! `start`: where every call enters.

use super::{Behaviour, ExitRule};
use crate::flow::act::Act;
use crate::flow::desk::Desk;
use crate::flow::reader::Reader;

#[derive(Debug)]
pub(super) struct Start;

pub(super) fn read(_: &Reader<'_>) -> Option<Start> {
    Some(Start)
}

impl Behaviour for Start {
    fn exits(&self) -> Vec<ExitRule> {
        vec![ExitRule::required("next")]
    }

    fn enter(&self, _: &mut Desk<'_>) -> Act {
        Act::exit("next")
    }
}
