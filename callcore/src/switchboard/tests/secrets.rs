//! What a caller entered in confidence is said to the caller and to nobody else.

use serde_json::{Value, json};

use super::desk::Desk;
use super::flows::flow;
use crate::call::CallStatus;

fn card() -> Value {
    let menu = json!({ "message": "You entered {card}.", "options": [
        { "key": "1", "label": "Right" }, { "key": "2", "label": "Wrong" } ] });
    let secret = json!({ "prompt": "Your card?", "variable": "card", "sensitive": true });
    let open = json!({ "prompt": "Your ZIP code?", "variable": "card" });
    flow(
        &[
            ("card", "gather_input", secret),
            ("menu", "ivr_menu", menu),
            ("zip", "gather_input", open),
            ("bye", "end", json!({ "message": "You live at {card}." })),
        ],
        &[
            ("card", "valid", "menu"),
            ("menu", "key:1", "zip"),
            ("menu", "key:2", "card"),
            ("zip", "valid", "bye"),
        ],
    )
}

#[test]
fn a_read_back_is_repeated_and_kept_nowhere_that_is_shown() {
    let mut desk = Desk::open();
    desk.buyer("A", |_| {});
    desk.flow(&card());
    desk.activate(|_| {});
    assert_eq!(desk.voice(1), "ask 1: Your card?");
    assert_eq!(desk.keys(1, 1, "4111"), "ask 2: You entered 4111.");
    assert_eq!(desk.keys(1, 2, "2"), "ask 3: Your card?");
    assert_eq!(desk.keys(1, 3, "5222"), "ask 4: You entered 5222.");
    // The first card is in no variable any more.
    let hidden = |desk: &Desk| {
        let journal = desk.journal(1);
        assert!(!journal.contains("4111") && !journal.contains("5222"), "{journal}");
        assert_eq!(journal.matches("You entered ****.").count(), 2, "{journal}");
    };
    hidden(&desk);
    // Whoever repeats a webhook hears what was said the first time.
    assert_eq!(desk.keys(1, 1, "0000"), "ask 2: You entered 4111.");
    assert_eq!(desk.keys(1, 3, "0000"), "ask 4: You entered 5222.");
    // The name now stands for something that is no secret.
    assert_eq!(desk.keys(1, 4, "1"), "ask 5: Your ZIP code?");
    assert_eq!(desk.keys(1, 3, "0000"), "ask 4: You entered 5222.");
    assert_eq!(desk.keys(1, 5, "90210"), "say You live at 90210., hangup");
    hidden(&desk);
    assert!(desk.journal(1).contains("You live at 90210."));
    desk.status(1, CallStatus::Completed);
    let record = serde_json::to_string(&desk.call(1)).unwrap();
    assert!(!record.contains("4111") && !record.contains("5222"), "{record}");
    assert!(record.contains("90210"), "{record}");
    // Nobody listens any more.
    assert_eq!(desk.keys(1, 3, "0000"), "ask 4: You entered ****.");
}

#[test]
fn a_secret_is_forgotten_with_the_flow_also_where_the_caller_hangs_up() {
    let mut desk = Desk::open();
    desk.buyer("A", |_| {});
    desk.flow(&card());
    desk.activate(|_| {});
    desk.voice(1);
    desk.keys(1, 1, "4111");
    let record = |desk: &Desk| serde_json::to_string(&desk.call(1)).unwrap();
    assert!(record(&desk).contains("4111"), "the flow needs it");
    desk.status(1, CallStatus::Completed);
    assert!(!record(&desk).contains("4111"), "{}", record(&desk));
    assert_eq!(desk.call(1).flow.unwrap().variables["card"], "****");
}

#[test]
fn replies_are_kept_as_long_as_the_carrier_may_repeat_and_no_longer() {
    let mut desk = Desk::open();
    desk.buyer("A", |_| {});
    desk.flow(&card());
    desk.activate(|_| {});
    desk.voice(1);
    for round in 0..40 {
        let card = format!("{}", 4_000 + round);
        let read_back = format!("ask {}: You entered {card}.", 2 * round + 2);
        assert_eq!(desk.keys(1, 2 * round + 1, &card), read_back);
        assert_eq!(desk.keys(1, 2 * round + 1, &card), read_back);
        desk.keys(1, 2 * round + 2, "2");
    }
    assert_eq!(desk.keys(1, 1, "0000"), "ask 2: You entered ****.");
    assert_eq!(desk.keys(1, 79, "0000"), "ask 80: You entered 4039.");
    assert!(!desk.journal(1).contains("4000"));
    let session = desk.call(1).flow.unwrap();
    let kept = serde_json::to_string(&session).unwrap();
    assert_eq!(kept.matches("You entered").count(), crate::vocabulary::limits::FLOW_REPLIES);
}
