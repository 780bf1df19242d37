//! Reads a script: which lines set something up, which belong to a call, and what they say.

use callcore::model::{
    Assignment, Buyer, Campaign, CampaignStatus, Kind, Number, Object, RoutingType,
};
use callcore::port::Swept;
use callcore::vocabulary::{BuyerId, CampaignId, Destination, FlowId, NumberId, PhoneNumber};
use chrono::{DateTime, NaiveDateTime, TimeZone, Utc};
use chrono_tz::Tz;
use uuid::Uuid;

use super::code::Verdict;
use super::documents;
use super::flows::Draft;
use super::steps::{During, Group, Part, Placed, Step};
use super::words::{Read, Words, time};

/// The number of the first campaign, unless its line names another.
const CALLED: &str = "+18005550199";
const ANYTHING: &str = "now, +TIME, campaign, message, buyer, assign, unassign, delete, held, sweep, \
                        flow, code, leg, call, or a line of a call";

/// A script that was read.
#[derive(Debug, Default)]
pub(super) struct Script {
    pub(super) parts: Vec<Part>,
    pub(super) names: Names,
}

/// What a script calls whom.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    pub(super) buyers: Vec<(String, Uuid, Buyer)>,
}

impl Names {
    /// The name of whoever is dialled there; the address itself where nobody is named.
    pub(super) fn of_address<'a>(&'a self, address: &'a str) -> &'a str {
        let mut buyers = self.buyers.iter();
        let known = buyers.find(|(_, _, buyer)| buyer.destination.as_str() == address);
        known.map_or(address, |(name, ..)| name)
    }

    pub(super) fn of_buyer(&self, id: BuyerId) -> &str {
        let known = self.buyers.iter().find(|(_, known, _)| *known == id.uuid());
        known.map_or("nobody", |(name, ..)| name)
    }
}

#[derive(Debug)]
struct Owned {
    name: String,
    id: Uuid,
    number: String,
    campaign: Campaign,
}

#[derive(Debug, Default)]
pub(super) struct Reader {
    pub(super) script: Script,
    group: Option<Group>,
    campaigns: Vec<Owned>,
    /// The campaign that lines without a campaign's name are about.
    current: usize,
    /// The names of flows; the place is the id.
    flows: Vec<String>,
    /// The flow whose lines are being read.
    draft: Option<Draft>,
}

/// Reads a whole script.
pub(super) fn read(text: &str) -> Read<Script> {
    let mut reader = Reader::default();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if !line.is_empty() && !line.starts_with('#') {
            reader.line(index + 1, line)?;
        }
    }
    reader.end_flow()?;
    reader.end_group();
    Ok(reader.script)
}

impl Reader {
    fn line(&mut self, number: usize, line: &str) -> Read<()> {
        if let Some(draft) = &mut self.draft {
            if draft.line(&self.script.names, number, line)? {
                return Ok(());
            }
            self.end_flow()?;
        }
        let mut words = Words::new(number, line);
        let mut meanwhile = None;
        if self.group.is_some() {
            let mut ahead = words.clone();
            let after = ahead.next().and_then(time);
            if let Some(after) = after {
                ahead.expect("into")?;
                ahead.expect("call")?;
                meanwhile = Some(self.during(&mut ahead, after)?);
                words = ahead;
            }
        }
        let first = words.peek().unwrap_or_default();
        if first == "call" {
            words.next();
            let block = self.call(&mut words, meanwhile)?;
            if meanwhile.is_none() {
                self.end_group();
            }
            self.group.get_or_insert_default().calls.push(block);
            return Ok(());
        }
        if first == "flow" {
            words.next();
            if !words.clone().takes("off") {
                self.draft = Some(Draft::new(&mut words, meanwhile)?);
                return Ok(());
            }
        }
        if let Some(block) = self.group.as_mut().and_then(|group| group.calls.last_mut())
            && meanwhile.is_none()
            && block.line(&self.script.names, line, words.clone())?
        {
            return Ok(());
        }
        let steps = self.steps(&mut words)?;
        words.end()?;
        self.place(number, meanwhile, steps);
        Ok(())
    }

    /// Takes steps into the script: into the calls that go on, or after them.
    fn place(&mut self, line: usize, meanwhile: Option<During>, steps: Vec<Step>) {
        let placed = steps.into_iter().map(|step| Placed { line, step });
        match (meanwhile, &mut self.group) {
            (Some(during), Some(group)) => {
                group.meanwhile.extend(placed.map(|placed| (during, placed)));
            }
            _ => {
                let placed: Vec<_> = placed.map(Part::Step).collect();
                self.end_group();
                self.script.parts.extend(placed);
            }
        }
    }

    /// A flow has all its lines: it is written, and the current campaign runs it.
    fn end_flow(&mut self) -> Read<()> {
        let Some(draft) = self.draft.take() else { return Ok(()) };
        let (line, meanwhile, published) = (draft.line, draft.meanwhile, draft.published);
        let known = self.flows.iter().position(|name| *name == draft.name);
        let index = known.unwrap_or(self.flows.len());
        if known.is_none() {
            self.flows.push(draft.name.clone());
        }
        let id = Uuid::from_u128(0x400 + u128::try_from(index).unwrap_or_default());
        let definition = Box::new(draft.definition()?);
        let mut steps = vec![Step::Flow { id, definition, published }];
        if published {
            let words = Words::new(line, "");
            let owned = self.current(&words)?;
            owned.campaign.flow_id = Some(FlowId::from_uuid(id));
            steps.push(put(&words, owned.id, owned.campaign.clone().into())?);
        }
        self.place(line, meanwhile, steps);
        Ok(())
    }

    /// Reads the rest of `10s into call 1:`.
    fn during(&self, words: &mut Words<'_>, after: chrono::TimeDelta) -> Read<During> {
        let expected = "the number of a call of this group and a colon";
        let word = words.word(expected)?;
        let call = word.strip_suffix(':').and_then(|number| number.parse().ok());
        let calls = self.group.iter().flat_map(|group| &group.calls);
        match call {
            Some(call) if calls.map(|block| block.number).any(|known| known == call) => {
                Ok(During { after, call })
            }
            _ => Err(words.wrong(expected, word)),
        }
    }

    fn end_group(&mut self) {
        self.script.parts.extend(self.group.take().map(Part::Group));
    }

    /// The number that reaches the current campaign.
    pub(super) fn called(&self) -> &str {
        self.campaigns.get(self.current).map_or(CALLED, |owned| &owned.number)
    }

    fn steps(&mut self, words: &mut Words<'_>) -> Read<Vec<Step>> {
        let first = words.word(ANYTHING)?;
        Ok(match first {
            "assign" => vec![self.assign(words)?],
            "buyer" => self.buyer(words)?,
            "campaign" => self.campaign(words)?,
            "code" => {
                let verdicts =
                    [("yes", Verdict::Yes), ("no", Verdict::No), ("fails", Verdict::Fails)];
                let verdict = words.choice(&verdicts)?;
                vec![Step::Code(words.text(), verdict)]
            }
            "delete" => {
                words.expect("campaign")?;
                let id = self.campaigns[self.known_campaign(words)?].id;
                vec![Step::Delete(Kind::Campaign, id)]
            }
            // The rest of `flow off`.
            "off" => {
                let owned = self.current(words)?;
                owned.campaign.flow_id = None;
                vec![put(words, owned.id, owned.campaign.clone().into())?]
            }
            "leg" => {
                let attempt = words.read("the number of an attempt")?;
                vec![Step::Leg { attempt, status: words.word("the status of a leg")?.to_owned() }]
            }
            "held" => vec![Step::Held(words.read("a number of places")?)],
            "message" => {
                let message = words.text();
                let owned = self.current(words)?;
                owned.campaign.no_route.message = Some(message);
                vec![put(words, owned.id, owned.campaign.clone().into())?]
            }
            "now" => vec![Step::Now(now(words)?)],
            "sweep" => vec![Step::Sweep(swept(words)?)],
            "unassign" => {
                let buyer = self.known_buyer(words)?;
                vec![Step::Unassign(CampaignId::from_uuid(self.current(words)?.id), buyer)]
            }
            wait => match wait.strip_prefix('+').and_then(time) {
                Some(time) => vec![Step::Wait(time)],
                None => return Err(words.wrong(ANYTHING, wait)),
            },
        })
    }

    fn current(&mut self, words: &Words<'_>) -> Read<&mut Owned> {
        let none = words.wrong("a campaign line before", "");
        self.campaigns.get_mut(self.current).ok_or(none)
    }

    fn known_campaign(&self, words: &mut Words<'_>) -> Read<usize> {
        let name = words.word("the name of a campaign")?;
        let known = self.campaigns.iter().position(|owned| owned.name == name);
        known.ok_or_else(|| words.wrong("the name of a campaign", name))
    }

    fn known_buyer(&self, words: &mut Words<'_>) -> Read<BuyerId> {
        let name = words.word("the name of a buyer")?;
        let known = self.script.names.buyers.iter().find(|(known, ..)| known == name);
        let known = known.ok_or_else(|| words.wrong("the name of a buyer", name))?;
        Ok(BuyerId::from_uuid(known.1))
    }

    fn campaign(&mut self, words: &mut Words<'_>) -> Read<Vec<Step>> {
        let name = words.word("the name of a campaign")?;
        let mut steps = Vec::new();
        if let Some(known) = self.campaigns.iter().position(|owned| owned.name == name) {
            self.current = known;
        } else {
            let index = u128::try_from(self.campaigns.len()).unwrap_or_default();
            let number = if words.takes("on") { words.word("a number")? } else { CALLED };
            let parsed: PhoneNumber =
                number.parse().map_err(|_| words.wrong("a number", number))?;
            let number_id = Uuid::from_u128(0x300 + index);
            steps.push(Step::Put(number_id, Number::new(parsed).into()));
            let mut campaign = Campaign::new(name, RoutingType::Direct);
            campaign.phone_number_id = Some(NumberId::from_uuid(number_id));
            campaign.status = CampaignStatus::Active;
            self.current = self.campaigns.len();
            let (name, number) = (name.to_owned(), number.to_owned());
            let id = Uuid::from_u128(0x200 + index);
            self.campaigns.push(Owned { name, id, number, campaign });
        }
        let owned = self.current(words)?;
        documents::campaign(words, &mut owned.campaign)?;
        steps.push(put(words, owned.id, owned.campaign.clone().into())?);
        Ok(steps)
    }

    fn buyer(&mut self, words: &mut Words<'_>) -> Read<Vec<Step>> {
        let name = words.word("the name of a buyer")?;
        let campaign = CampaignId::from_uuid(self.current(words)?.id);
        let buyers = &mut self.script.names.buyers;
        if let Some((_, id, buyer)) = buyers.iter_mut().find(|(known, ..)| known == name) {
            documents::buyer(words, buyer)?;
            return Ok(vec![put(words, *id, buyer.clone().into())?]);
        }
        let destination: Destination = words.read("a number or SIP address")?;
        let index = u128::try_from(buyers.len()).unwrap_or_default();
        let id = Uuid::from_u128(0x100 + index);
        let mut buyer = Buyer::new(name, destination);
        documents::buyer(words, &mut buyer)?;
        buyers.push((name.to_owned(), id, buyer.clone()));
        Ok(vec![
            put(words, id, buyer.into())?,
            Step::Assign(campaign, BuyerId::from_uuid(id), Assignment::default()),
        ])
    }

    fn assign(&mut self, words: &mut Words<'_>) -> Read<Step> {
        let buyer = self.known_buyer(words)?;
        if words.takes("to") {
            self.current = self.known_campaign(words)?;
        }
        let campaign = CampaignId::from_uuid(self.current(words)?.id);
        Ok(Step::Assign(campaign, buyer, documents::assignment(words)?))
    }
}

/// Writes an object that the product itself would take.
fn put(words: &Words<'_>, id: Uuid, object: Object) -> Read<Step> {
    match object.check().into_iter().find(callcore::vocabulary::Problem::blocks) {
        Some(problem) => Err(words.wrong(problem.message, &problem.path)),
        None => Ok(Step::Put(id, object)),
    }
}

/// Reads `2026-11-23 09:00 America/New_York`.
fn now(words: &mut Words<'_>) -> Read<DateTime<Utc>> {
    let expected = "a date and a time such as 2026-11-23 09:00:00";
    let (date, time) = (words.word(expected)?, words.word(expected)?);
    let seconds = if time.len() == "09:00".len() { ":00" } else { "" };
    let text = format!("{date} {time}{seconds}");
    let local = NaiveDateTime::parse_from_str(&text, "%Y-%m-%d %H:%M:%S");
    let local = local.map_err(|_| words.wrong(expected, &text))?;
    let zone: Tz = if words.peek().is_some() { words.read("a time zone")? } else { Tz::UTC };
    let instant = zone.from_local_datetime(&local).earliest();
    let instant = instant.ok_or_else(|| words.wrong("a time that there is in the zone", &text))?;
    Ok(instant.with_timezone(&Utc))
}

fn swept(words: &mut Words<'_>) -> Read<Swept> {
    let mut swept = Swept::default();
    while let Some(word) = words.next() {
        let count = match word {
            "ended" => &mut swept.ended,
            "expired" => &mut swept.expired,
            "orphaned" => &mut swept.orphaned,
            other => return Err(words.wrong("expired, ended or orphaned", other)),
        };
        *count = words.read("a number of leases")?;
    }
    Ok(swept)
}
