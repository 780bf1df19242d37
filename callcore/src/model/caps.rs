//! How many calls somebody takes.

use serde::{Deserialize, Serialize};

use crate::schedule::CapWindow;
use crate::vocabulary::Problem;

/// Caps of a buyer or of an assignment. An absent one is unlimited; zero takes no call.
///
/// All but `concurrent` count the calls that connected or are still in progress in the window;
/// an attempt that never connected gives its place back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Caps {
    /// Calls at the same time.
    pub concurrent: Option<u32>,
    /// Calls per local clock hour.
    pub hourly: Option<u32>,
    /// Calls per local date.
    pub daily: Option<u32>,
    /// Calls per local calendar month.
    pub monthly: Option<u32>,
    /// Calls ever.
    pub total: Option<u32>,
}

impl Caps {
    /// The limits that are set, from the shortest window to the longest.
    pub fn limits(&self) -> impl Iterator<Item = (CapWindow, u32)> {
        [
            (CapWindow::Concurrent, self.concurrent),
            (CapWindow::Hourly, self.hourly),
            (CapWindow::Daily, self.daily),
            (CapWindow::Monthly, self.monthly),
            (CapWindow::Total, self.total),
        ]
        .into_iter()
        .filter_map(|(window, limit)| Some((window, limit?)))
    }

    /// Warnings about caps that are allowed but rarely meant (spec CAM-4). `path` is where the caps
    /// stand in the checked document.
    pub fn check(&self, path: &str) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (window, limit) in self.limits() {
            if limit == 0 {
                problems.push(Problem::warning(
                    "zero_cap",
                    format!("{path}/{}", window.name()),
                    format!("a {} cap of 0 takes no call at all", window.name()),
                ));
            }
        }
        let mut shorter: Option<(CapWindow, u32)> = None;
        for (window, limit) in self.limits() {
            if let Some((short_window, short_limit)) = shorter
                && limit < short_limit
            {
                problems.push(Problem::warning(
                    "cap_below_shorter_window",
                    format!("{path}/{}", window.name()),
                    format!(
                        "the {} cap of {limit} is below the {} cap of {short_limit}, which can then never be used up",
                        window.name(),
                        short_window.name()
                    ),
                ));
            }
            shorter = Some((window, limit));
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_caps_are_warnings_with_their_place() {
        let caps = Caps { concurrent: Some(5), daily: Some(3), total: Some(0), ..Caps::default() };
        let found: Vec<_> = caps
            .check("/caps")
            .into_iter()
            .map(|problem| (problem.code.into_owned(), problem.path))
            .collect();
        assert_eq!(
            found,
            [
                ("zero_cap".to_owned(), "/caps/total".to_owned()),
                ("cap_below_shorter_window".to_owned(), "/caps/daily".to_owned()),
                ("cap_below_shorter_window".to_owned(), "/caps/total".to_owned()),
            ]
        );
        assert!(Caps::default().check("/caps").is_empty());
    }
}
