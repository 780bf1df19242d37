//! Call scripts: whole calls as tables, played by a simulated phone against a whole server.
//!
//! A script sets up campaigns and buyers, says who calls and what the buyers' phones do, and what
//! must come of it. [`check()`] plays it in virtual time: each request of the phone is signed, verified
//! and handled by the real switchboard on a store, and its TwiML is carried out. Whatever a script
//! says, the phone's report of each call must equal the server's journey of it.
//!
//! ```
//! callcore_testkit::script::check("
//!     now 2026-11-23 09:00 America/New_York
//!     campaign Sales attempts 3 dial-timeout 20
//!     buyer East +12125550001 priority 1 caps concurrent 1 daily 50
//!     buyer West +12125550002 priority 2
//!
//!     call 1 from +13105550001
//!       East busy
//!       West answers after 4s talks 60s
//!     > dial East
//!     < busy
//!     > dial West
//!     < answered 60s
//!     > hang up
//!     = answered by West, held 0
//! ");
//! ```
//!
//! # Set-up lines
//!
//! ```text
//! now 2026-11-23 09:00 America/New_York      the time of day; without a zone it is UTC
//! +30s                                       ms, s, m, h or d go by
//! campaign Sales [on +18005550199] …         creates it, or changes it if there is one of the name
//!   strategy priority|round-robin|capacity|performance|skills   attempts 3   dial-timeout 20
//!   max-length 600   reroute 2 under 10   record off|mono|dual   caller-id caller|dialled
//!   caller-id fixed +12125550009   no-route +12125550008   needs spanish 3   converts after 30
//!   earns 8.75 USD   active|paused|draft|completed
//! message Nobody is here.                    what callers hear whom nobody takes
//! buyer East +12125550001 …                  creates and assigns it, or changes it without a number
//!   priority 1   weight 3   caps concurrent 1 hourly 2 daily 3 monthly 4 total 5   wrap-up 30
//!   zone America/New_York   hours mon-fri 09:00-12:00,13:00-17:00   holiday 2026-12-25 Christmas
//!   allow|deny country US|state CA|area-code 310|zip 900   duplicates buyer|campaign [converted]
//!   [days 7]   skill spanish 3   agent available|busy|break|offline   converts after 30
//!   pays 8.75 USD   active|paused
//! assign East [to Sales] [priority 1] [weight 3] [caps …]       unassign East
//! delete campaign Sales
//! flow Main                                  publishes a flow, which the campaign then runs; its lines:
//!   menu ivr_menu { "message": "…" }         a node: its id, its type, and its settings as JSON, which
//!                                            may go on in further lines
//!   menu key:1 -> sales                      a connection: a node, its exit, and where that leads
//! flow Main draft                            edits it without publishing it
//! flow off                                   the campaign has no flow any more
//! code yes|no|fails return call.vars.a;      what custom code comes to; all other code cannot be run
//! held 1                                     so many places must be held
//! sweep [expired 1] [ended 1] [orphaned 1]   sweeps, and must free so many leases
//! ```
//!
//! # Calls
//!
//! ```text
//! call 1 from +13105550001 [to +18005550199] [country US] [state CA] [city …] [zip 90001]
//!   East answers after 4s talks 60s          or busy, fails, no answer; several lines are for
//!   +12125550008 no answer                   several dials; an address may stand for a name
//!   caller hangs up at 10s                   without a time it answers the next question, as do
//!   caller presses 1                         also `at 3s`, counted from the first ring
//!   caller says sales [with confidence 0.5]
//!   caller talks 9s                          leaves a message, for instance
//!   caller stays silent
//!   queue sales answers after 30s talks 20s  or holds 3, who wait there already
//!   conference joined after 8s talks 30s     or recalled after 25s, or stays empty
//!   every request twice                      as when the first answer is lost
//!   callbacks out of order
//!   lost dial 1                              a webhook that never arrives
//! > dial East, rings 20s, from the caller    what the phone is told, with details if they matter
//! > ask Press 1., keys, waits 10s, most 1    also `say`, `play`, `record`, `queue`, `conference`,
//!                                            `come back at once`, `hang up`
//! < busy                                     what comes of a dial; `answered 60s`, `no-answer`, …
//! < presses 1                                what a caller does where a flow had asked; `silence`, …
//! < caller hangs up
//! ! West closed: opens 10:00 Mon 23 Nov EST  why a buyer was refused: all of them or none
//! = no answer, held 0, status completed      how it ended, with details if they matter
//! = flow completed, exits start:next a:yes   after that, where a flow ran: or abandoned, failed, expired
//! ~ pixel: GET https://p.example/            and what waits to be sent to others because of the call
//! nowhere 4321                               after the call: a text that is in neither journal nor log
//! later 28h flow expired                     after the call: how its flow stands, if nothing comes
//! again voice                                after the call, a webhook comes once more
//! late status ringing                        after the call, one comes that did not come before
//! 10s into call 1: call 2 from +13105550002  goes on together with call 1
//! 10s into call 1: buyer West paused         any set-up line, a flow with its lines included
//! 10s into call 1: leg 1 in-progress         somebody who was invited into the caller's conference
//! ```
//!
//! A flow without a `start` begins with its first node, and `buyerId` may be the name of a buyer.
//!
//! Webhooks are `voice`, `dial 1`, `flow 1`, `leg 1 ringing`, `leg 1 answered`, `leg 1 ended`,
//! `status completed`, `recording`, `transcription` and `everything`. Late ones are written in the carrier's words:
//! `late dial 1 busy`, `late leg 1 in-progress`, or with keys or silence: `late flow 1 silence`. A repeated one must get the same bytes and change
//! nothing at all; a late one may change nothing but the journal.

mod agree;
mod block;
mod code;
mod documents;
mod flow_lines;
mod flows;
mod late;
mod office;
mod reader;
mod run;
mod steps;
mod transcript;
mod wire;
mod words;

use callcore::port::Journey;
use callcore_twiml::phone::Report;

pub use agree::differences;

use crate::{Harness, Memory};

/// One call of a script, as both sides tell it.
#[derive(Clone, Debug)]
pub struct Played {
    /// Its number in the script.
    pub number: u32,
    /// The phone's report.
    pub report: Report,
    /// The server's journey, as it was when the call was over; none for a number that is nobody's.
    pub journey: Option<Journey>,
}

/// Why a script does not pass.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Failure {
    /// A line cannot be read.
    Unreadable {
        /// The number of the line, from 1.
        line: usize,
        /// What should stand there.
        expected: String,
        /// What stands there; empty is nothing.
        found: String,
    },
    /// Something is not as the script says.
    Unmet {
        /// The number of the line, from 1.
        line: usize,
        /// What, with the whole call.
        what: String,
    },
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unreadable { line, expected, found } if found.is_empty() => {
                write!(f, "line {line} of the script: {expected} is missing")
            }
            Self::Unreadable { line, expected, found } => {
                write!(f, "line {line} of the script: {expected} is expected instead of {found:?}")
            }
            Self::Unmet { line, what } => write!(f, "line {line} of the script: {what}"),
        }
    }
}

impl std::error::Error for Failure {}

/// Plays a script on a new store.
///
/// # Errors
/// [`Failure`] names the first line that cannot be read or does not come true.
pub async fn play<H: Harness>(script: &str) -> Result<Vec<Played>, Failure> {
    run::run::<H>(reader::read(script)?).await
}

/// Plays a script on the store in memory.
///
/// # Panics
/// Where the script cannot be read or does not come true.
pub fn check(script: &str) -> Vec<Played> {
    check_on::<Memory>(script)
}

/// Plays a script on a store of your own.
///
/// # Panics
/// As [`check()`].
pub fn check_on<H: Harness>(script: &str) -> Vec<Played> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.unwrap_or_else(|error| panic!("no runtime: {error}"));
    match runtime.block_on(play::<H>(script)) {
        Ok(played) => played,
        Err(failure) => panic!("{failure}"),
    }
}
