//! A flow that is edited and published in the middle of a call changes the next call, not that one.

use crate::flow::menu;
use crate::office::{Office, configure, journey, publish, settings};

#[tokio::test]
async fn a_running_call_keeps_its_version_and_the_next_takes_the_new_one() {
    let folder = tempfile::tempdir().unwrap();
    let office = Office::open(settings(&folder)).await;
    configure(&office.app.stores, menu("The first version.")).await;
    assert!(office.line.voice("CA1").await.text.contains("Press 1."));
    publish(&office.app.stores, menu("The second version.")).await;
    assert!(office.line.voice("CA2").await.text.contains("Press 1."));
    let heard = office.line.step("CA1", 1, &[("Digits", "1")]).await;
    assert!(heard.text.contains("The first version."), "{heard:?}");
    let heard = office.line.step("CA2", 1, &[("Digits", "1")]).await;
    assert!(heard.text.contains("The second version."), "{heard:?}");
    for (call, version) in [("CA1", 1), ("CA2", 2)] {
        let call = journey(&office.app.stores, call).await.call;
        assert_eq!(call.flow.unwrap().version, version);
    }
    office.close().await;
}
