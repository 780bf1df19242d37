//! Callers whom somebody takes out of a queue: what they hear afterwards, and how their calls end.

use callcore::flow::templates;

use crate::check;

/// The lines of a ready-made flow.
fn template(id: &str) -> String {
    let mut lines = String::from("flow Main\n");
    for template in templates().iter().filter(|template| template.id == id) {
        for node in &template.definition.nodes {
            lines += &format!("{} {} {}\n", node.id, node.kind, node.others["config"]);
        }
        for one in &template.definition.connections {
            let [source, exit, target] =
                ["source", "sourceHandle", "target"].map(|key| one.text(key).unwrap_or_default());
            lines += &format!("{source} {exit} -> {target}\n");
        }
    }
    lines
}

#[test]
fn an_agent_of_the_queue_serves_a_caller_who_overflowed() {
    let flow = template("agent-queue");
    let waits = "
        > ask For English, press 1. For Spanish, press 2.
        < presses 1
        ! East daily cap 1/1
        > say All agents are busy. Please stay on the line.
        > queue agents";
    check(&format!(
        "
        now 2026-11-23 09:00
        campaign Sales
        buyer East +12125550001 skill english 3 caps daily 1
        {flow}
        call 1 from +13105550001
          caller presses 1
          East answers after 2s talks 60s
        > ask For English, press 1. For Spanish, press 2.
        < presses 1
        > dial East
        < answered 60s
        > hang up
        = answered by East
        = flow completed, exits start:next language:key:1 english:connected
        call 2 from +13105550002
          caller presses 1
          queue agents answers after 30s talks 20s
        {waits}
        < leaves the queue: bridged
        > say Thank you for your call. Goodbye.
        > hang up
        = answered, held 0
        = flow completed, exits start:next language:key:1 english:overflow waiting:next queue:connected
        again everything
        call 3 from +13105550003
          caller presses 1
          queue agents answers after 30s talks 60s
          caller hangs up at 70s
        {waits}
        < caller hangs up
        < leaves the queue: bridged
        > say Thank you for your call. Goodbye.
        > hang up
        = answered, held 0, status completed
        = flow completed, exits start:next language:key:1 english:overflow waiting:next queue:connected
        again everything
        call 4 from +13105550004
          caller presses 1
          caller hangs up at 40s
        {waits}
        < caller hangs up
        < leaves the queue: hangup
        > hang up
        = no buyer all capped, held 0
        = flow abandoned, exits start:next language:key:1 english:overflow waiting:next
        "
    ));
}

#[test]
fn a_caller_whom_an_agent_served_is_not_rung_through_where_the_flow_fails() {
    check(
        r#"
        now 2026-11-23 09:00
        campaign Sales
        buyer East +12125550001
        flow Main
          wait action { "actionType": "queue", "queue": "sales" }
          survey gather_input { "prompt": "How was it?", "maxRetries": 0 }
          bye end {}
          wait connected -> survey
          survey valid -> bye
        call 1 from +13105550001
          queue sales answers after 30s talks 20s
          caller stays silent
        > queue sales
        < leaves the queue: bridged
        > ask How was it?
        < silence
        > hang up
        = answered, held 0
        = flow failed, exits start:next wait:connected survey:failed
        again everything
        call 2 from +13105550002
          queue sales holds 1000
          East answers after 2s talks 20s
        > queue sales
        < leaves the queue: queue-full
        > dial East
        < answered 20s
        > hang up
        = answered by East, held 0
        = flow failed, exits start:next wait:failed
        "#,
    );
}

#[test]
fn a_caller_who_hangs_up_on_an_agent_completes_the_flow() {
    for order in ["", "callbacks out of order", "every request twice"] {
        check(&format!(
            r#"
            now 2026-11-23 09:00
            campaign Sales
            flow Main
              wait action {{ "actionType": "queue", "queue": "sales" }}
            call 1 from +13105550001
              queue sales answers after 30s talks 60s
              caller hangs up at 50s
              {order}
            > queue sales
            < caller hangs up
            < leaves the queue: bridged
            > hang up
            = answered, held 0, status completed
            = flow completed, exits start:next wait:connected
            again everything
            "#
        ));
    }
}
