//! Custom code that never ends takes the error exit, and costs nobody else anything. The binary runs
//! it in processes of its own, so this is the binary.

use std::time::{Duration, Instant};

use callcore_server::database::Database;
use callcore_server::store;
use serde_json::json;
use tokio::task::JoinSet;

use crate::flow::flow;
use crate::office::{Line, configure};
use crate::server::Server;
use crate::world::PUBLIC_URL;

/// What the limit of 250 ms may become on a machine that does other things as well; sooner than the
/// fallback of 9.5 s.
const ENDS_WITHIN: Duration = Duration::from_secs(8);
/// How long the workers may take to start; one that could not be started is tried again after a
/// minute.
const STARTS_WITHIN: Duration = Duration::from_secs(90);
/// Callers who make good calls beside the hostile ones, and how many each makes.
const GOOD_LINES: usize = 3;
const GOOD_CALLS: usize = 10;
/// Hostile calls one after the other.
const HOSTILE: usize = 6;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn code_that_never_ends_takes_the_error_exit_and_others_do_not_notice() {
    // The code of all calls is the same; it depends on what the caller pressed.
    let code = "if (call.vars.code === '666') { while (true) {} } return call.vars.code === '1';";
    let flow = flow(
        &[
            ("code", "gather_input", json!({ "prompt": "Code?", "variable": "code" })),
            ("check", "condition", json!({ "conditionType": "custom", "code": code })),
            ("yes", "end", json!({ "message": "It said yes." })),
            ("no", "end", json!({ "message": "It said no." })),
            ("error", "end", json!({ "message": "It failed." })),
        ],
        &[
            ("code", "valid", "check"),
            ("check", "yes", "yes"),
            ("check", "no", "no"),
            ("check", "error", "error"),
        ],
    );
    let mut server = Server::install(&[("PUBLIC_URL", PUBLIC_URL.to_owned())]);
    server.start().await;
    let database = Database::parse(&format!("sqlite:{}/callcore.db", server.folder().display()));
    let stores = store::open(&database.unwrap()).await.unwrap();
    configure(&stores, flow).await;
    let line = Line::to(server.url());
    until_it_runs(&line).await;

    let mut good = JoinSet::new();
    for lane in 0..GOOD_LINES {
        good.spawn(call_again_and_again(line.clone(), lane));
    }
    let mut slowest = Duration::ZERO;
    for number in 0..HOSTILE {
        let (heard, after) = enter(&line, &format!("CAhostile{number}"), "666").await;
        assert!(heard.contains("It failed."), "{heard}");
        assert!(after >= Duration::from_millis(200), "the code was not run: {after:?}");
        slowest = slowest.max(after);
    }
    let (failed, slowest_good) = good
        .join_all()
        .await
        .into_iter()
        .fold((0, Duration::ZERO), |(failed, slowest), (of_one, after)| {
            (failed + of_one, slowest.max(after))
        });
    println!("hostile code was answered within {slowest:?}, good code within {slowest_good:?}");
    assert!(slowest <= ENDS_WITHIN, "hostile code was answered after {slowest:?}");
    assert!(slowest_good <= ENDS_WITHIN, "good code was answered after {slowest_good:?}");
    // Two workers and limits of milliseconds: a machine that stands still for a second costs some.
    assert!(failed * 5 <= GOOD_LINES * GOOD_CALLS, "good code failed {failed} times");
    server.stop().await;
}

/// The first code of all starts the workers, and a worker that is late to start keeps code waiting.
async fn until_it_runs(line: &Line) {
    let begun = Instant::now();
    for number in 0.. {
        let (heard, _) = enter(line, &format!("CAfirst{number}"), "1").await;
        if heard.contains("It said yes.") {
            return;
        }
        assert!(heard.contains("It failed."), "{heard}");
        assert!(begun.elapsed() < STARTS_WITHIN, "no code was run in {:?}", begun.elapsed());
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// Good calls one after the other: how many took the error exit, and the slowest answer.
async fn call_again_and_again(line: Line, lane: usize) -> (usize, Duration) {
    let (mut failed, mut slowest) = (0, Duration::ZERO);
    for number in 0..GOOD_CALLS {
        let (code, expected) =
            if number % 2 == 0 { ("1", "It said yes.") } else { ("2", "It said no.") };
        let (heard, after) = enter(&line, &format!("CAgood{lane}-{number}"), code).await;
        slowest = slowest.max(after);
        if heard.contains("It failed.") {
            failed += 1;
        } else {
            assert!(heard.contains(expected), "{heard}");
        }
    }
    (failed, slowest)
}

/// A call that enters a code; what it hears, and after how long.
async fn enter(line: &Line, call: &str, code: &str) -> (String, Duration) {
    assert!(line.voice(call).await.text.contains("Code?"));
    let answer = line.step(call, 1, &[("Digits", code)]).await;
    (answer.text, answer.after)
}
