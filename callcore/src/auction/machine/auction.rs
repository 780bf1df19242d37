//! The machine's door: `open`, `record`.

use chrono::{DateTime, TimeDelta, Utc};

use super::entry::Why;
use super::judge::{Bounds, Judged};
use super::reply::{Received, Reply};
use super::terms::{Invitation, NotAsked, Terms};
use crate::auction::ranking::Key;
use crate::auction::{BidReply, Verdict, modifier};
use crate::vocabulary::{Seed, TargetId, limits};

/// An auction that is open: a value, which knows no clock and sends nothing.
///
/// ```
/// use callcore::auction::{Auction, Bid, BidReply, Invitation, Progress, Rates, Terms, Verdict};
/// use callcore::vocabulary::{CallId, CampaignId, Currency, Money, Seed, TargetId, TenantId};
/// use chrono::{DateTime, TimeDelta};
/// use uuid::Uuid;
///
/// let call = CallId::derive("twilio", "AC1", "CA1");
/// let campaign = CampaignId::from_uuid(Uuid::from_u128(1));
/// let terms = Terms::new(call, campaign, Rates::into(Currency::USD));
/// let [acme, best] = [2, 3].map(|id| TargetId::from_uuid(Uuid::from_u128(id)));
/// let invitations = vec![Invitation::new(acme, "Acme"), Invitation::new(best, "Best")];
/// let seed = Seed::derive(TenantId::from_uuid(Uuid::nil()), call, "voice", "auction");
/// let start = DateTime::UNIX_EPOCH;
///
/// let bid = |amount: &str| -> Result<_, rust_decimal::Error> {
///     Ok(BidReply::Bid(Bid {
///         amount: Money { amount: amount.parse()?, currency: Currency::USD },
///         destination: Some("+15551230001".parse().expect("a number")),
///         min_duration_secs: None,
///         bid_id: None,
///         expires_at: None,
///     }))
/// };
/// let mut auction = Auction::open(terms, invitations, seed, start);
/// let after = |ms| start + TimeDelta::milliseconds(ms);
/// assert_eq!(auction.record(acme, bid("4.20")?, after(80)), Progress::Waiting);
/// assert_eq!(auction.record(best, bid("4.50")?, after(120)), Progress::Decided);
/// let settled = auction.settle(after(120));
///
/// let winner = settled.winner().expect("somebody won");
/// assert_eq!((winner.target_name.as_str(), winner.price.to_string()), ("Best", "4.50 USD".into()));
/// assert_eq!(settled.entry(acme).map(|entry| entry.verdict), Some(Verdict::Lost));
/// assert_eq!(callcore::auction::replay(&settled.log), settled);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Auction {
    pub(super) terms: Terms,
    pub(super) seed: Seed,
    pub(super) opened_at: DateTime<Utc>,
    /// One per target, in the order of their ids.
    pub(super) slots: Vec<Slot>,
    /// How many targets were asked and have not replied.
    pub(super) out: usize,
    /// The latest instant that was seen.
    pub(super) latest: DateTime<Utc>,
}

/// One target in the auction.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    pub(super) invitation: Invitation,
    pub(super) part: Part,
}

/// How a target takes part.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "almost everybody is asked")]
pub(super) enum Part {
    /// Not at all.
    Barred(Verdict, Why),
    /// With an earlier bid; it is not asked again.
    Earlier(Judged),
    /// It is asked.
    Asked {
        deadline: DateTime<Utc>,
        bounds: Bounds,
        /// The key of the best bid that it could make, where that has a bound.
        best: Option<Key>,
        got: Option<Got>,
    },
}

/// A reply that was recorded.
#[derive(Clone, Debug)]
pub(super) struct Got {
    pub(super) received: Received,
    pub(super) judged: Judged,
}

/// A target that has to be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The target.
    pub target_id: TargetId,
    /// Until when its reply counts.
    pub deadline: DateTime<Utc>,
}

/// Whether there is anything to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Progress {
    /// Somebody who is still out could change who wins or what is paid.
    Waiting,
    /// Nobody can: settle now.
    Decided,
}

impl Auction {
    /// Opens an auction: everybody is invited, and each is asked or has a verdict already. A target
    /// that is invited twice is considered once, with its better priority.
    pub fn open(
        terms: Terms,
        mut invitations: Vec<Invitation>,
        seed: Seed,
        opened_at: DateTime<Utc>,
    ) -> Self {
        invitations.sort_by_key(|invitation| (invitation.target_id, invitation.priority));
        invitations.dedup_by_key(|invitation| invitation.target_id);
        let slot = |invitation: Invitation| {
            let part = part(&terms, &invitation, seed, opened_at)
                .unwrap_or_else(|(verdict, why)| Part::Barred(verdict, why));
            Slot { invitation, part }
        };
        let mut slots: Vec<Slot> = invitations.into_iter().map(slot).collect();
        keep_to_the_limit(&mut slots, seed);
        let out = slots.iter().filter(|slot| matches!(slot.part, Part::Asked { .. })).count();
        let mut auction = Self { terms, seed, opened_at, slots, out, latest: opened_at };
        auction.ask_nobody_in_vain();
        auction
    }

    /// Who has to be asked, all at once.
    pub fn asked(&self) -> impl Iterator<Item = Asked> {
        self.slots.iter().filter_map(|slot| match slot.part {
            Part::Asked { deadline, .. } => {
                Some(Asked { target_id: slot.invitation.target_id, deadline })
            }
            Part::Barred(..) | Part::Earlier(_) => None,
        })
    }

    /// When the auction has to be settled, whoever is still out.
    pub fn deadline(&self) -> DateTime<Utc> {
        self.asked().map(|asked| asked.deadline).max().unwrap_or(self.opened_at)
    }

    /// Records what came back from a target at an instant, and says whether that decides the
    /// auction. The order of calls does not matter, the instants do: of several replies of one
    /// target the earliest counts, and a repetition changes nothing. A target that was not asked is
    /// not listened to.
    pub fn record(
        &mut self,
        target: TargetId,
        reply: impl Into<Reply>,
        at: DateTime<Utc>,
    ) -> Progress {
        let at = at.max(self.opened_at);
        let index = self.slots.binary_search_by_key(&target, |slot| slot.invitation.target_id);
        let Some(Slot { invitation, part }) = index.ok().map(|index| &mut self.slots[index]) else {
            return self.progress();
        };
        let Part::Asked { deadline, bounds, got, .. } = part else { return self.progress() };
        if got.as_ref().is_some_and(|got| got.received.at <= at) {
            return self.progress();
        }
        let reply = reply.into();
        let judged = match late(&reply, *deadline, at) {
            Some(why) => Judged::Out(Verdict::Timeout, why),
            None => bounds.judge(&self.terms, invitation, &reply),
        };
        self.out -= usize::from(got.is_none());
        self.latest = self.latest.max(at);
        *got = Some(Got { received: Received { target_id: target, at, reply }, judged });
        self.progress()
    }
}

/// The evidence of lateness; `None` for a reply in time.
fn late(reply: &Reply, deadline: DateTime<Utc>, at: DateTime<Utc>) -> Option<Why> {
    if at <= deadline {
        return None;
    }
    Some(match reply {
        Reply::Answered(reply) => {
            let with_bid = matches!(reply, BidReply::Bid(_));
            Why::Late { by_ms: millis(at - deadline), with_bid }
        }
        Reply::Unanswered(unanswered) => Why::Said { text: unanswered.to_string() },
    })
}

/// Whole milliseconds.
pub(super) fn millis(time: TimeDelta) -> u32 {
    u32::try_from(time.num_milliseconds().max(0)).unwrap_or(u32::MAX)
}

/// How a target takes part. The order of the rules is that of the module's documentation.
fn part(
    terms: &Terms,
    invitation: &Invitation,
    seed: Seed,
    opened_at: DateTime<Utc>,
) -> Result<Part, (Verdict, Why)> {
    match &invitation.barred {
        None => {}
        Some(NotAsked::Paused) => return Err((Verdict::Closed, Why::Paused)),
        Some(NotAsked::Closed) => return Err((Verdict::Closed, Why::Closed)),
        Some(NotAsked::Capped { cap }) => {
            return Err((Verdict::Capped, Why::Capped { cap: cap.clone() }));
        }
        Some(NotAsked::Duplicate) => return Err((Verdict::Duplicate, Why::DuplicateCaller)),
    }
    let bounds = Bounds::of(terms, invitation)?;
    if modifier::rejects(&invitation.adjustments) {
        return Err((Verdict::NotNeeded, Why::ModifierRejects));
    }
    let running = |bid: &&crate::auction::Bid| {
        bid.expires_at.is_some()
            && super::judge::holds(bid.expires_at, opened_at, terms.dial_buffer_ms)
    };
    if let Some(bid) = invitation.earlier_bid.as_ref().filter(running) {
        let reply = Reply::Answered(BidReply::Bid(bid.clone()));
        return Ok(Part::Earlier(bounds.judge(terms, invitation, &reply)));
    }
    let (least, most) = (*limits::BID_TIMEOUT_MS.start(), *limits::BID_TIMEOUT_MS.end());
    let left_ms = invitation.timeout_ms.min(terms.timeout_ms).min(most);
    if left_ms < least {
        return Err((Verdict::NotNeeded, Why::NoTime { left_ms }));
    }
    if !invitation.health.admits(invitation.target_id, seed, opened_at) {
        let permille = invitation.health.skipped_permille(opened_at);
        return Err((Verdict::Throttled, Why::Throttled { permille }));
    }
    let best = bounds.best_key(terms, invitation);
    let deadline = opened_at + TimeDelta::milliseconds(left_ms.into());
    Ok(Part::Asked { deadline, bounds, best, got: None })
}

/// Of too many targets, the first by priority and lot take part.
fn keep_to_the_limit(slots: &mut [Slot], seed: Seed) {
    let takes_part = |slot: &&mut Slot| !matches!(slot.part, Part::Barred(..));
    let mut parts: Vec<&mut Slot> = slots.iter_mut().filter(takes_part).collect();
    if parts.len() <= limits::AUCTION_TARGETS {
        return;
    }
    parts.sort_by_cached_key(|slot| {
        let Invitation { target_id, priority, weight, .. } = slot.invitation;
        let key = Key { score: rust_decimal::Decimal::ZERO, priority, weight, target: target_id };
        (priority, key.lot(seed), target_id)
    });
    for slot in &mut parts[limits::AUCTION_TARGETS..] {
        slot.part = Part::Barred(Verdict::NotNeeded, Why::TooMany);
    }
}
