//! How calls were shared between the branches of a splitter.

/// The figures of one branch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Branch {
    /// Calls that the splitter sent here at first.
    pub taken: u64,
    /// Calls that came here since the branch before could not take them.
    pub retried: u64,
    /// How many calls it should have been sent at first by its configured share, in millionths of a
    /// call; `None` where it has no share, as a splitter that goes by the time gives none.
    pub expected_millionths: Option<u64>,
}

impl Branch {
    pub(super) fn merge(&mut self, other: &Self) {
        self.taken += other.taken;
        self.retried += other.retried;
        if let Some(millionths) = other.expected_millionths {
            *self.expected_millionths.get_or_insert_default() += millionths;
        }
    }
}
