//! How many calls the Postgres store routes, against floors that are measured in the same run, one
//! round after the other, on the same cluster.
//!
//! `CALLCORE_TEST_POSTGRES` is the URL of a superuser of a throw-away cluster. With
//! `CALLCORE_BENCH_CHECK=1` a ratio below its limit is a failure.

#[path = "store/bed.rs"]
mod bed;
#[path = "store/floor.rs"]
mod floor;
#[path = "store/routed.rs"]
mod routed;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use callcore::port::{Capacity as _, Release};
use criterion::Criterion;
use tokio::runtime::Runtime;

use bed::Bed;

/// How long each side of a comparison runs in each round.
const ROUND: Duration = Duration::from_millis(1_500);
/// Rounds of each comparison; the middle one counts.
const ROUNDS: usize = 3;
/// The least that a routed call may do of its floor, in hundredths.
const ROUTED_AT_LEAST: u64 = 70;
/// The least that batching may do of the unbatched design, in hundredths.
const BATCHED_AT_LEAST: u64 = 400;

/// Numbers of calls, each used once.
static CALLS: AtomicU32 = AtomicU32::new(1);

fn next_call() -> u32 {
    CALLS.fetch_add(1, Ordering::Relaxed)
}

fn main() -> ExitCode {
    // `cargo test` runs benches without this, only to see that they start.
    if !std::env::args().any(|argument| argument == "--bench") {
        return ExitCode::SUCCESS;
    }
    let runtime = Runtime::new().expect("a runtime starts");
    let bed = runtime.block_on(Bed::make());
    latencies(&runtime, &bed);
    let good = runtime.block_on(comparisons(&bed));
    runtime.block_on(Bed::unmake(bed));
    match good || std::env::var_os("CALLCORE_BENCH_CHECK").is_none() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

/// One act after the other, nobody else there.
fn latencies(runtime: &Runtime, bed: &Arc<Bed>) {
    let mut criterion = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(2))
        .without_plots();
    for act in routed::ACTS {
        criterion.bench_function(act, |bencher| {
            bencher.iter_custom(|times| {
                runtime.block_on(async {
                    let mut spent = Duration::ZERO;
                    for _ in 0..times {
                        spent += routed::time(bed, act, next_call()).await;
                    }
                    spent
                })
            });
        });
    }
}

/// Runs all comparisons and prints them. Answers whether each is within its limit.
async fn comparisons(bed: &Arc<Bed>) -> bool {
    println!("\n{:<44} {:>9} {:>9} {:>7} {:>7}", "per second", "store", "floor", "ratio", "limit");
    let mut good = true;
    for tasks in [1, 16] {
        let name = format!("routed call, {tasks} task(s), same statements");
        let (store, floor) = (routed::by_port, floor::same_statements);
        good &= compare(bed, &name, tasks, Some(ROUTED_AT_LEAST), store, floor).await;
        let name = format!("routed call, {tasks} task(s), plain SQL");
        compare(bed, &name, tasks, None, routed::by_port, floor::plain_sql).await;
    }
    // A batch is at most as large as there are tasks, so a few of them gain little.
    for (tasks, limit) in [(16, None), (64, None), (128, Some(BATCHED_AT_LEAST))] {
        let name = format!("hot cap, {tasks} tasks, unbatched");
        let floor = |bed| floor::pair(bed, 0);
        good &= compare(bed, &name, tasks, limit, |bed| pair(bed, 0), floor).await;
    }
    let spread = |bed| pair(bed, 1 + next_call() % 100);
    let floor = |bed| floor::pair(bed, 1 + next_call() % 100);
    compare(bed, "100 caps, 64 tasks, unbatched", 64, None, spread, floor).await;
    good
}

/// A place under the cap of one buyer, taken and given back.
async fn pair(bed: Arc<Bed>, buyer: u32) {
    let (store, wanted) = (&bed.store, routed::one_cap(next_call(), buyer));
    let (call, now) = (wanted.call, chrono::DateTime::UNIX_EPOCH);
    let reserved = store.reserve(bed.tenant, wanted, now).await;
    assert!(matches!(reserved, Ok(callcore::port::Reserved::Held(_))), "{reserved:?}");
    let releases = [Release { attempt: 1, refund: false }];
    store.release(bed.tenant, call, &releases, now).await.expect("the store answers");
}

/// Runs both sides in turn, prints how much each did in a second, and answers whether the ratio is
/// within its limit, which is in hundredths.
async fn compare<A, B>(
    bed: &Arc<Bed>,
    name: &str,
    tasks: u32,
    limit: Option<u64>,
    store: impl Fn(Arc<Bed>) -> A + Copy + Send + 'static,
    floor: impl Fn(Arc<Bed>) -> B + Copy + Send + 'static,
) -> bool
where
    A: Future<Output = ()> + Send + 'static,
    B: Future<Output = ()> + Send + 'static,
{
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let (floor, store) = (rate(bed, tasks, floor).await, rate(bed, tasks, store).await);
        rounds.push((store * 100 / floor.max(1), store, floor));
    }
    rounds.sort_unstable();
    let (ratio, store, floor) = rounds[ROUNDS / 2];
    let shown = |ratio: u64| format!("{}.{:02}", ratio / 100, ratio % 100);
    let limit_shown = limit.map_or("-".to_owned(), shown);
    println!("{name:<44} {store:>9} {floor:>9} {:>7} {limit_shown:>7}", shown(ratio));
    limit.is_none_or(|limit| ratio >= limit)
}

/// How often as many tasks as told do it in a second.
async fn rate<F>(
    bed: &Arc<Bed>,
    tasks: u32,
    act: impl Fn(Arc<Bed>) -> F + Copy + Send + 'static,
) -> u64
where
    F: Future<Output = ()> + Send + 'static,
{
    let begun = Instant::now();
    let run = |_| {
        let bed = Arc::clone(bed);
        tokio::spawn(async move {
            let mut done = 0_u64;
            while begun.elapsed() < ROUND {
                act(Arc::clone(&bed)).await;
                done += 1;
            }
            done
        })
    };
    let running: Vec<_> = (0..tasks).map(run).collect();
    let mut done = 0;
    for task in running {
        done += task.await.expect("nothing fails on an idle cluster");
    }
    let millis = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    done * 1_000 / millis.max(1)
}
