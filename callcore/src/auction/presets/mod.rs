//! Ready-made targets for the formats in the wild (`reference/rtb.md` §1). Each is an ordinary target
//! document, a file beside this one: nothing about a preset is special once it is copied. What is in
//! capitals is for the tenant to fill in.

use crate::model::Target;

/// A ready-made target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preset {
    /// Its word.
    pub name: &'static str,
    /// What it is for, in a sentence.
    pub description: &'static str,
    /// The target as JSON, as the HTTP API takes it.
    pub document: &'static str,
}

impl Preset {
    /// All presets.
    pub const ALL: &'static [Self] = &[
        Self {
            name: "standard",
            description: "The plain format: every variable out, one flat object back.",
            document: include_str!("standard.json"),
        },
        Self {
            name: "ringba",
            description: "A Ringba RTB id; the buyer sees the caller id.",
            document: include_str!("ringba.json"),
        },
        Self {
            name: "retreaver",
            description: "A Retreaver RTB postback key; the number is held until the bid expires.",
            document: include_str!("retreaver.json"),
        },
        Self {
            name: "trackdrive",
            description: "A TrackDrive inbound webhook: ping, then post for the number.",
            document: include_str!("trackdrive.json"),
        },
        Self {
            name: "callgrid",
            description: "A CallGrid grid that answers with a phone number.",
            document: include_str!("callgrid.json"),
        },
    ];

    /// The preset of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        Self::ALL.iter().find(|preset| preset.name == name)
    }

    /// The target.
    ///
    /// ```
    /// use callcore::auction::Preset;
    ///
    /// let mut target = Preset::named("ringba").expect("is a preset").target();
    /// target.endpoint_url = "https://rtb.ringba.com/v1/production/0123.json".to_owned();
    /// assert!(target.compile().is_ok());
    /// ```
    pub fn target(&self) -> Target {
        serde_json::from_str(self.document)
            .expect("every preset is a target: a test reads them all")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_is_a_target_without_problems() {
        for preset in Preset::ALL {
            let target = preset.target();
            assert_eq!(target.check(), [], "{}", preset.name);
            assert!(target.compile().is_ok(), "{}", preset.name);
            assert_eq!(Preset::named(preset.name), Some(preset));
        }
    }
}
