//! The carrier could not use an answer of ours to a step of a flow: the caller is not lost.

use crate::flow::menu;
use crate::office::{Office, configure, settings};
use crate::world::{PUBLIC_URL, TENANT};

#[tokio::test]
async fn the_answer_to_a_step_is_given_again() {
    let folder = tempfile::tempdir().unwrap();
    let office = Office::open(settings(&folder)).await;
    configure(&office.app.stores, menu("Goodbye.")).await;
    office.line.voice("CA1").await;
    let url = format!("{PUBLIC_URL}/api/webhooks/flow/{TENANT}/1");
    let failed =
        [("ErrorCode", "11200"), ("ErrorUrl", url.as_str()), ("CallStatus", "in-progress")];
    let first = office.line.step("CA1", 1, &[("Digits", "1")]).await;
    assert!(first.text.contains("Goodbye."), "{first:?}");
    let again = office.line.webhook("/api/webhooks/fallback", "CA1", &failed).await;
    assert_eq!((again.status, &again.text), (200, &first.text));

    // The answer never came: what the caller pressed is lost, and they are asked again.
    office.line.voice("CA2").await;
    let asked = office.line.webhook("/api/webhooks/fallback", "CA2", &failed).await;
    assert!(asked.text.contains("Press 1."), "{asked:?}");
    let heard = office.line.step("CA2", 2, &[("Digits", "1")]).await;
    assert!(heard.text.contains("Goodbye."), "{heard:?}");
    office.close().await;
}
