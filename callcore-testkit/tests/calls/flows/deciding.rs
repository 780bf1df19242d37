//! `business_hours` and `condition`: which way a call goes without asking anybody.

use crate::check;

const HOURS: &str = r#"
    now 2026-11-23 09:00 America/New_York
    campaign Sales
    flow Main
      hours business_hours {
        "timezone": "America/New_York",
        "businessHours": {
          "monday": { "enabled": true, "timeRanges": [ { "open": "09:00", "close": "12:00" },
                                                       { "open": "13:00", "close": "17:00" } ] },
          "tuesday": { "enabled": false, "timeRanges": [ { "open": "09:00", "close": "17:00" } ] },
          "friday": { "enabled": true, "timeRanges": [ { "open": "22:00", "close": "02:00" } ] } },
        "holidays": [ { "date": "2026-11-30", "enabled": true, "name": "Founding day" },
                      { "date": "2026-12-07", "enabled": false, "name": "Cancelled" } ],
        "holidayBehavior": "override" }
      open end { "message": "We are open." }
      closed end { "message": "We are closed." }
      holiday end { "message": "We have a holiday." }
      hours open -> open
      hours closed -> closed
      hours holiday -> holiday
"#;

/// A call at an instant, what it hears, and the exit that it takes.
fn at(number: usize, now: &str, heard: &str, exit: &str) -> String {
    format!(
        "
        now {now}
        call {number} from +13105550001
        > say {heard}
        > hang up
        = flow completed
        = flow completed, exits start:next hours:{exit}
        "
    )
}

#[test]
fn hours_are_open_closed_or_a_holiday() {
    let (open, closed) = (("We are open.", "open"), ("We are closed.", "closed"));
    let calls = [
        ("2026-11-23 08:59:59 America/New_York", closed),
        ("2026-11-23 09:00 America/New_York", open),
        ("2026-11-23 12:00 America/New_York", closed),
        ("2026-11-23 13:00 America/New_York", open),
        ("2026-11-23 17:00 America/New_York", closed),
        // Not enabled, and missing.
        ("2026-11-24 10:00 America/New_York", closed),
        ("2026-11-25 10:00 America/New_York", closed),
        // Past midnight.
        ("2026-11-27 23:00 America/New_York", open),
        ("2026-11-28 01:59:59 America/New_York", open),
        ("2026-11-28 02:00 America/New_York", closed),
        ("2026-11-30 10:00 America/New_York", ("We have a holiday.", "holiday")),
        ("2026-12-07 10:00 America/New_York", open),
    ];
    let calls: String =
        (1..).zip(calls).map(|(n, (now, (heard, exit)))| at(n, now, heard, exit)).collect();
    check(&format!("{HOURS}{calls}"));
}

#[test]
fn a_holiday_without_a_way_of_its_own_is_closed() {
    let falls_back = HOURS
        .replace("hours holiday -> holiday", "")
        .replace("holiday end { \"message\": \"We have a holiday.\" }", "");
    let monday = "2026-11-30 10:00 America/New_York";
    check(&format!("{falls_back}{}", at(1, monday, "We are closed.", "holiday")));
    let regular = HOURS.replace("\"override\"", "\"regular\"");
    check(&format!("{regular}{}", at(1, monday, "We are open.", "open")));
}

#[test]
fn callers_are_told_apart_by_their_numbers() {
    for (rule, value, yes, no) in [
        ("starts_with", r#""+1310""#, "+13105550001", "+12125550001"),
        ("equals", r#""+13105550001""#, "+13105550001", "+13105550002"),
        ("in_list", r#"["+13105550009", "+13105550001"]"#, "+13105550001", "+13105550002"),
        ("in_list", r#""+13105550009, +13105550001""#, "+13105550001", "+13105550002"),
        ("matches", r#""^[+]1(310|213)""#, "+12135550001", "+12125550001"),
        ("starts_with", r#""+""#, "+13105550001", "anonymous"),
    ] {
        check(&format!(
            r#"
            now 2026-11-23 09:00
            campaign Sales
            flow Main
              known condition {{ "conditionType": "caller_id", "rule": "{rule}", "value": {value} }}
              yes end {{ "message": "We know you." }}
              no end {{ "message": "Who are you?" }}
              known yes -> yes
              known no -> no
            call 1 from {yes}
            > say We know you.
            > hang up
            = flow completed
            = flow completed, exits start:next known:yes
            call 2 from {no}
            > say Who are you?
            > hang up
            = flow completed
            = flow completed, exits start:next known:no
            "#
        ));
    }
}

#[test]
fn the_time_decides() {
    check(
        r#"
        campaign Sales
        flow Main
          early condition { "conditionType": "time", "timezone": "Europe/Berlin",
                            "startTime": "22:00", "endTime": "06:00", "daysOfWeek": ["monday"] }
          yes end { "message": "Night." }
          no end { "message": "Day." }
          early yes -> yes
          early no -> no
        now 2026-11-23 22:00 Europe/Berlin
        call 1 from +13105550001
        > say Night.
        > hang up
        = flow completed
        = flow completed, exits start:next early:yes
        # Monday's night lasts into Tuesday.
        now 2026-11-24 05:59 Europe/Berlin
        call 2 from +13105550001
        > say Night.
        > hang up
        = flow completed
        = flow completed, exits start:next early:yes
        now 2026-11-24 06:00 Europe/Berlin
        call 3 from +13105550001
        > say Day.
        > hang up
        = flow completed
        = flow completed, exits start:next early:no
        now 2026-11-24 23:00 Europe/Berlin
        call 4 from +13105550001
        > say Day.
        > hang up
        = flow completed
        = flow completed, exits start:next early:no
        "#,
    );
}

const CUSTOM: &str = r#"
    now 2026-11-23 09:00
    campaign Sales
    flow Main
      judge condition { "conditionType": "custom", "code": "return judge(call);" }
      yes end { "message": "Yes." }
      no end { "message": "No." }
      error end { "message": "It broke." }
      judge yes -> yes
      judge no -> no
      judge error -> error
"#;

#[test]
fn custom_code_says_yes_or_no_or_breaks() {
    for (verdict, heard, exit) in
        [("yes", "Yes.", "yes"), ("no", "No.", "no"), ("fails", "It broke.", "error")]
    {
        check(&format!(
            "{CUSTOM}
            code {verdict} return judge(call);
            call 1 from +13105550001
            > say {heard}
            > hang up
            = flow completed
            = flow completed, exits start:next judge:{exit}
            "
        ));
    }
}

#[test]
fn broken_code_without_a_way_of_its_own_is_a_no() {
    let falls_back = CUSTOM
        .replace("judge error -> error", "")
        .replace("error end { \"message\": \"It broke.\" }", "");
    check(&format!(
        "{falls_back}
        code fails return judge(call);
        call 1 from +13105550001
        > say No.
        > hang up
        = flow completed
        = flow completed, exits start:next judge:error, the code failed: Error: as the script says
        "
    ));
}
