//! From the words of set-up lines to campaigns, buyers and assignments.

use callcore::model::{
    Assignment, Availability, Buyer, BuyerStatus, CallerIdPolicy, CallerIdRule, Campaign,
    CampaignStatus, Caps, Conversion, DuplicateRule, DuplicateScope, GeoKind, GeoMatch, GeoRule,
    Recording, Reroute, RestrictAfter, Strategy,
};
use callcore::schedule::{BusinessHours, DayHours, Holiday, ScheduleDocument, TimeRange};
use callcore::vocabulary::Money;

use super::words::{Read, Words};

const DAYS: [(&str, usize); 7] =
    [("mon", 0), ("tue", 1), ("wed", 2), ("thu", 3), ("fri", 4), ("sat", 5), ("sun", 6)];

/// Changes a campaign as the rest of the line says.
pub(super) fn campaign(words: &mut Words<'_>, campaign: &mut Campaign) -> Read<()> {
    while let Some(word) = words.next() {
        match word {
            "active" => campaign.status = CampaignStatus::Active,
            "attempts" => campaign.max_attempts = words.read("a number of attempts")?,
            "caller-id" => campaign.caller_id = caller_id(words)?,
            "completed" => campaign.status = CampaignStatus::Completed,
            "converts" => campaign.conversion = Some(conversion(words)?),
            "dial-timeout" => campaign.dial_timeout_secs = words.read("seconds")?,
            "draft" => campaign.status = CampaignStatus::Draft,
            "earns" => campaign.revenue = Some(money(words)?),
            "max-length" => campaign.max_call_length_secs = words.read("seconds")?,
            "needs" => {
                let skill = words.word("a skill")?.to_owned();
                campaign.required_skills.insert(skill, words.read("a proficiency")?);
            }
            "no-route" => campaign.no_route.number = Some(words.read("a number")?),
            "paused" => campaign.status = CampaignStatus::Paused,
            "record" => {
                let choices =
                    [("off", Recording::Off), ("mono", Recording::Mono), ("dual", Recording::Dual)];
                campaign.recording = words.choice(&choices)?;
            }
            "reroute" => {
                let attempts = words.read("how often")?;
                words.expect("under")?;
                let under_secs = words.read("seconds")?;
                campaign.reroute = Some(Reroute { under_secs, attempts });
            }
            "strategy" => campaign.strategy = strategy(words)?,
            other => return Err(words.wrong("a setting of a campaign", other)),
        }
    }
    Ok(())
}

fn strategy(words: &mut Words<'_>) -> Read<Strategy> {
    words.choice(&[
        ("priority", Strategy::Priority),
        ("round-robin", Strategy::RoundRobin),
        ("capacity", Strategy::Capacity),
        ("performance", Strategy::Performance),
        ("skills", Strategy::Skills),
    ])
}

fn caller_id(words: &mut Words<'_>) -> Read<CallerIdRule> {
    let choices = [
        ("caller", CallerIdPolicy::Caller),
        ("dialled", CallerIdPolicy::Dialled),
        ("fixed", CallerIdPolicy::Fixed),
    ];
    let policy = words.choice(&choices)?;
    let number = match policy {
        CallerIdPolicy::Fixed => Some(words.read("a number")?),
        CallerIdPolicy::Caller | CallerIdPolicy::Dialled => None,
    };
    Ok(CallerIdRule { policy, number })
}

fn conversion(words: &mut Words<'_>) -> Read<Conversion> {
    words.expect("after")?;
    Ok(Conversion { after_secs: words.read("seconds")? })
}

fn money(words: &mut Words<'_>) -> Read<Money> {
    Ok(Money { amount: words.read("an amount")?, currency: words.read("a currency")? })
}

/// Changes a buyer as the rest of the line says.
pub(super) fn buyer(words: &mut Words<'_>, buyer: &mut Buyer) -> Read<()> {
    while let Some(word) = words.next() {
        match word {
            "active" => buyer.status = BuyerStatus::Active,
            "agent" => buyer.availability = availability(words)?,
            "allow" => geo(buyer).allow.push(place(words)?),
            "caps" => buyer.caps = Some(caps(words)?),
            "converts" => buyer.conversion = Some(conversion(words)?),
            "deny" => geo(buyer).deny.push(place(words)?),
            "duplicates" => buyer.duplicates = Some(duplicates(words)?),
            "holiday" => {
                let date = words.word("a date")?.to_owned();
                let name = words.word("the name of the day")?.to_owned();
                schedule(buyer).holidays.push(Holiday { date, enabled: true, name });
            }
            "hours" => hours(words, &mut schedule(buyer).business_hours)?,
            "paused" => buyer.status = BuyerStatus::Paused,
            "pays" => buyer.revenue = Some(money(words)?),
            "priority" => buyer.priority = words.read("a priority")?,
            "skill" => {
                let skill = words.word("a skill")?.to_owned();
                buyer.skills.insert(skill, words.read("a proficiency")?);
            }
            "weight" => buyer.weight = words.read("a weight")?,
            "wrap-up" => buyer.wrap_up_secs = words.read("seconds")?,
            "zone" => buyer.timezone = words.read("a time zone")?,
            other => return Err(words.wrong("a setting of a buyer", other)),
        }
    }
    Ok(())
}

fn geo(buyer: &mut Buyer) -> &mut GeoRule {
    buyer.geo.get_or_insert_default()
}

fn schedule(buyer: &mut Buyer) -> &mut ScheduleDocument {
    buyer.schedule.get_or_insert_default()
}

fn availability(words: &mut Words<'_>) -> Read<Availability> {
    words.choice(&[
        ("available", Availability::Available),
        ("busy", Availability::Busy),
        ("break", Availability::Break),
        ("offline", Availability::Offline),
    ])
}

fn place(words: &mut Words<'_>) -> Read<GeoMatch> {
    let kind = words.choice(&[
        ("country", GeoKind::Country),
        ("state", GeoKind::State),
        ("area-code", GeoKind::AreaCode),
        ("zip", GeoKind::ZipPrefix),
    ])?;
    Ok(GeoMatch { kind, value: words.word("a place")?.to_owned() })
}

fn duplicates(words: &mut Words<'_>) -> Read<DuplicateRule> {
    let scope = words
        .choice(&[("buyer", DuplicateScope::Buyer), ("campaign", DuplicateScope::Campaign)])?;
    let after =
        if words.takes("converted") { RestrictAfter::Converted } else { RestrictAfter::Connected };
    let days = if words.takes("days") { Some(words.read("a number of days")?) } else { None };
    Ok(DuplicateRule { scope, after, days })
}

fn caps(words: &mut Words<'_>) -> Read<Caps> {
    let mut caps = Caps::default();
    while let Some(word) = words.peek() {
        let cap = match word {
            "concurrent" => &mut caps.concurrent,
            "hourly" => &mut caps.hourly,
            "daily" => &mut caps.daily,
            "monthly" => &mut caps.monthly,
            "total" => &mut caps.total,
            _ => break,
        };
        words.next();
        *cap = Some(words.read("a number of calls")?);
    }
    if caps == Caps::default() {
        let found = words.peek().unwrap_or_default();
        return Err(words.wrong("concurrent, hourly, daily, monthly or total", found));
    }
    Ok(caps)
}

/// Reads `mon-fri 09:00-12:00,13:00-17:00`.
fn hours(words: &mut Words<'_>, hours: &mut BusinessHours) -> Read<()> {
    let expected = "days such as mon or mon-fri";
    let days = words.word(expected)?;
    let (first, last) = days.split_once('-').unwrap_or((days, days));
    let day = |name| DAYS.iter().find(|(day, _)| *day == name).map(|(_, index)| *index);
    let (Some(first), Some(last)) = (day(first), day(last)) else {
        return Err(words.wrong(expected, days));
    };
    let expected = "hours such as 09:00-17:00";
    let ranges = words.word(expected)?;
    let mut time_ranges = Vec::new();
    for range in ranges.split(',') {
        let Some((open, close)) = range.split_once('-') else {
            return Err(words.wrong(expected, range));
        };
        time_ranges.push(TimeRange { open: open.to_owned(), close: close.to_owned() });
    }
    let week = [
        &mut hours.monday,
        &mut hours.tuesday,
        &mut hours.wednesday,
        &mut hours.thursday,
        &mut hours.friday,
        &mut hours.saturday,
        &mut hours.sunday,
    ];
    for (index, day) in week.into_iter().enumerate() {
        if (first..=last).contains(&index) {
            *day = Some(DayHours { enabled: true, time_ranges: time_ranges.clone() });
        }
    }
    Ok(())
}

/// Reads an assignment from the rest of the line.
pub(super) fn assignment(words: &mut Words<'_>) -> Read<Assignment> {
    let mut assignment = Assignment::default();
    while let Some(word) = words.next() {
        match word {
            "caps" => assignment.caps = Some(caps(words)?),
            "priority" => assignment.priority = Some(words.read("a priority")?),
            "weight" => assignment.weight = Some(words.read("a weight")?),
            other => return Err(words.wrong("priority, weight or caps", other)),
        }
    }
    Ok(assignment)
}
