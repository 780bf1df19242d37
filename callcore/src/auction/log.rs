//! The log of an auction: everything that its result follows from (spec RTB-7).

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::machine::{Aftermath, Invitation, Received, Terms};
use crate::vocabulary::Seed;

/// Everything that decided an auction, as plain data. [`replay`](super::replay()) makes the result
/// from it and from nothing else, to the same bytes.
///
/// There is nothing in it of the caller but our id of the call: tags became the modifiers that
/// matched them, and requests are logged elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuctionLog {
    /// Its terms.
    pub terms: Terms,
    /// Its chance.
    pub seed: Seed,
    /// When it was opened.
    pub opened_at: DateTime<Utc>,
    /// When it was settled.
    pub settled_at: DateTime<Utc>,
    /// Who was considered, in the order of their ids.
    pub invitations: Vec<Invitation>,
    /// What came back, in the order of the targets' ids.
    pub replies: Vec<Received>,
    /// What happened to its winners, in order.
    pub aftermath: Vec<Aftermath>,
}
