//! Custom JavaScript of call flows, run in worker processes that can be killed.
//!
//! [`ScriptPool`] is the [`Script`](callcore::port::Script) port of callcore. It keeps a few
//! worker processes ready, hands each at most one run at a time, and kills a worker that does not
//! answer in time; another stands ready, and a new one is started in the background. A worker
//! limits its own memory, processor time, files and processes before it reads the first code, and
//! runs every code in a fresh QuickJS engine, so that no run sees what another left. Tenants that wait
//! take turns, and none of them has all places at once.
//!
//! What this crate is not: it is no general JavaScript runtime. Code gets no network, files,
//! timers, modules, console or promises, and it cannot change anything. It needs a Unix system.
//!
//! # The language
//!
//! Code is the body of a strict function, at most [`MAX_CODE_BYTES`] long, with one parameter
//! `call`, which is frozen through and through: `return call.vars.zip === "90210"`. What it
//! returns counts as JavaScript counts it: `0`, `""`, `NaN`, `null`, `undefined`, `0n` and `false`
//! are false, all else is true. The pure parts of the language are there and nothing else:
//!
//! - `Array`, `BigInt`, `Boolean`, `JSON`, `Map`, `Math`, `Number`, `Object`, `RegExp`, `Set`,
//!   `String`, the errors, `Infinity`, `NaN`, `undefined`, `isFinite`, `isNaN`, `parseFloat`,
//!   `parseInt`, and encoding and decoding of URIs.
//! - `Math.random` and `Date` are absent: the same code on the same call answers the same.
//!   `call.now` says when it is.
//! - `eval` and the constructors of functions are absent, and `import()` has nothing to import.
//! - Code that returns a promise, or anything with a `then`, has failed: nothing waits for it.
//!
//! Numbers are JavaScript's: integers of the call above 2^53 lose their last digits.
//!
//! # Starting workers
//!
//! A program may be its own worker, as the server is. It asks before anything else, above all
//! before it starts threads or an async runtime:
//!
//! ```standalone_crate
//! use callcore::port::Script;
//! use callcore::vocabulary::TenantId;
//! use callcore_script::{Options, ScriptPool, WorkerCommand, worker};
//!
//! fn main() -> std::io::Result<()> {
//!     if worker::is_requested() {
//!         return worker::run();
//!     }
//!     tokio::runtime::Runtime::new()?.block_on(async {
//!         let pool = ScriptPool::start(WorkerCommand::this_program()?, Options::default()).await?;
//!         let call = serde_json::json!({ "vars": { "zip": "90210" } });
//!         let tenant: TenantId = "11111111-1111-1111-1111-111111111111".parse().unwrap();
//!         let answer = pool.run(tenant, "return call.vars.zip.startsWith('902')", &call).await;
//!         assert_eq!(answer, Ok(true));
//!         Ok(())
//!     })
//! }
//! ```
//!
//! `examples/own_worker.rs` is this program with more to see. Where the program cannot be changed,
//! name the binary `callcore-script-worker` of this crate: `WorkerCommand::new(path)`.

mod child;
mod command;
mod frame;
mod message;
mod options;
mod pool;
mod turns;
pub mod worker;

pub use command::WorkerCommand;
pub use options::{MAX_CALL_BYTES, MAX_CODE_BYTES, MAX_MESSAGE_CHARS, Options};
pub use pool::ScriptPool;
