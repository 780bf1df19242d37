//! What callers and others are told: `play_audio`, `end`, `action` hangup, and `tracking_pixel`.

use crate::check;

#[test]
fn texts_and_sounds_are_heard_and_the_flow_ends() {
    check(
        r#"
        now 2026-11-23 09:00
        campaign Sales
        flow Main
          begin start
          slow play_audio { "messageType": "tts", "text": "Hello {caller_number}.",
                            "voice": "Polly.Joanna", "speed": 0.8, "loop": 2 }
          music play_audio { "messageType": "audio", "audioUrl": "https://sounds.example/a.mp3",
                             "loop": 3 }
          bye end { "endType": "message", "message": "Goodbye.", "language": "en-US" }
          begin next -> slow
          slow next -> music
          music next -> bye
        call 1 from +13105550001
        > say Hello +13105550001., 2 times, voice Polly.Joanna, speed 80%
        > play https://sounds.example/a.mp3, 3 times
        > say Goodbye., in en-US
        > hang up
        = flow completed, held 0, status completed
        = flow completed, exits begin:next slow:next music:next, in bye
        call 2 from anonymous
          caller hangs up at 3s
        > say Hello anonymous.
        > play https://sounds.example/a.mp3
        > say Goodbye.
        > hang up
        < caller hangs up
        = flow completed
        = flow completed, exits begin:next slow:next music:next
        "#,
    );
}

#[test]
fn the_address_of_a_sound_is_filled_in_for_each_call() {
    check(
        r#"
        now 2026-11-23 09:00
        campaign Sales
        flow Main
          sound play_audio { "audioUrl": "https://sounds.example/{caller_number}/{tag.lang|en}.mp3" }
          bye end
          sound next -> bye
        call 1 from +13105550001
        > play https://sounds.example/%2B13105550001/en.mp3
        > hang up
        = flow completed, held 0
        = flow completed, exits start:next sound:next, in bye
        call 2 from anonymous
        > play https://sounds.example/anonymous/en.mp3
        > hang up
        = flow completed, held 0
        = flow completed, exits start:next sound:next, in bye
        "#,
    );
}

#[test]
fn both_ways_to_hang_up() {
    for (node, said) in [
        (r#"bye end { "endType": "hangup" }"#, ""),
        (r#"bye end"#, ""),
        (r#"bye action { "actionType": "hangup" }"#, ""),
        (r#"bye action { "actionType": "hangup", "message": "Not now." }"#, "> say Not now."),
    ] {
        check(&format!(
            "
            now 2026-11-23 09:00
            campaign Sales
            flow Main
              {node}
            call 1 from +13105550001
            {said}
            > hang up
            = flow completed, held 0
            = flow completed, exits start:next, in bye
            "
        ));
    }
}

/// The time of a last message begins when it does: what comes before it is a step of its own.
#[test]
fn a_last_message_leaves_the_end_of_the_call_to_be_sent() {
    check(
        r#"
        now 2026-11-23 09:00
        campaign Sales
        flow Main
          story play_audio { "text": "A long story." }
          bye end { "message": "Goodbye.", "maxPlaybackSeconds": 20 }
          story next -> bye
        call 1 from +13105550001
          every request twice
        > say A long story.
        > come back at once
        > say Goodbye.
        > hang up
        = flow completed
        = flow completed, exits start:next story:next
        ~ cut: ends the call, after 20s, retries 3
        again voice
        again flow 1
        "#,
    );
}

#[test]
fn a_pixel_fires_once_for_each_event_and_the_call_goes_on() {
    check(
        r#"
        now 2026-11-23 09:00
        campaign Sales
        flow Main
          pixel tracking_pixel {
            "pixelUrl": "https://analytics.example.com/track?v=1",
            "parameters": { "caller": "{caller_number}", "when": "{timestamp}" },
            "customPixels": [ { "name": "Conversion", "url": "https://conversion.example.com/pixel",
                                "parameters": { "event": "call start", "value": "1.00" } } ],
            "events": [ { "name": "qualified", "value": "12.50", "currency": "USD" },
                        { "name": "seen" } ],
            "timeout": 5, "retries": 4 }
          form tracking_pixel { "pixelUrl": "https://form.example.com/", "method": "POST",
                                "parameters": { "to": "{called_number}" } }
          bye end { "message": "Goodbye." }
          pixel next -> form
          form next -> bye
        call 1 from +13105550001
          every request twice
        > say Goodbye.
        > hang up
        = flow completed
        = flow completed, exits start:next pixel:next form:next
        ~ qualified: GET https://analytics.example.com/track?v=1&caller=%2B13105550001&currency=USD&event=qualified&value=12.50&when=2026-11-23T09%3A00%3A00Z, within 5000ms, retries 4
        ~ seen: GET https://analytics.example.com/track?v=1&caller=%2B13105550001&event=seen&when=2026-11-23T09%3A00%3A00Z
        ~ Conversion: GET https://conversion.example.com/pixel?event=call%20start&value=1.00
        ~ pixel: POST https://form.example.com/ to=%2B18005550199, within 3000ms, retries 2
        again voice
        "#,
    );
}
