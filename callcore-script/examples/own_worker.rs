//! A program that is its own worker, and asks tenants' code about a call.
//!
//! ```sh
//! cargo run -p callcore-script --example own_worker
//! ```

use std::io;

use callcore::port::Script;
use callcore::vocabulary::TenantId;
use callcore_script::{Options, ScriptPool, WorkerCommand, worker};
use serde_json::json;

fn main() -> io::Result<()> {
    // Before anything else: the pool starts this same program again, with an argument.
    if worker::is_requested() {
        return worker::run();
    }
    tokio::runtime::Runtime::new()?.block_on(ask())
}

async fn ask() -> io::Result<()> {
    let pool = ScriptPool::start(WorkerCommand::this_program()?, Options::default()).await?;
    let tenant: TenantId =
        "11111111-1111-1111-1111-111111111111".parse().map_err(io::Error::other)?;
    let call = json!({
        "caller": "+12125550123",
        "called": "+18005550100",
        "vars": { "zip": "90210", "age": 67 },
        "tags": { "source": "radio" },
        "now": "2026-11-22T14:05:00Z",
    });
    let codes = [
        "return call.vars.age >= 65 && call.tags.source === 'radio'",
        "return /^9021\\d$/.test(call.vars.zip)",
        "const hour = Number(call.now.slice(11, 13));\nreturn hour < 9 || hour >= 17",
        "return call.vars.zipcode.length === 5",
        "return fetch('https://example.com')",
        "for (;;);",
        "return 'x'.repeat(2 ** 29)",
        "return call.vars.zip ===",
    ];
    for code in codes {
        match pool.run(tenant, code, &call).await {
            Ok(answer) => println!("{answer}: {code}"),
            Err(error) => println!("{error}: {code}"),
        }
    }
    Ok(())
}
