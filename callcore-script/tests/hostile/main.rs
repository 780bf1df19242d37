//! Code that means harm ends in time, and harms nobody.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

use callcore::port::{Script, ScriptError};
use callcore_script::{MAX_MESSAGE_CHARS, ScriptPool};
use tokio::sync::{Mutex, MutexGuard};

use common::{
    GUARD, call, eventually, is_gone, killed_only, options, pool_with, resident_kib, tenant,
    workers,
};
use table::{End, HOSTILE, long};

#[path = "../common/mod.rs"]
mod common;
mod table;

/// Hostile code takes all of the machine that it can get, so these tests do not run side by side.
static MACHINE: Mutex<()> = Mutex::const_new(());

const HARMLESS: &str = "return call.vars.zip === '90210' && call.vars.age > 65";

fn codes() -> Vec<(&'static str, String, End)> {
    let short = HOSTILE.iter().map(|(name, code, end)| (*name, (*code).to_owned(), *end));
    short.chain(long()).collect()
}

fn is_as_told(end: End, result: &Result<bool, ScriptError>) -> bool {
    match (end, result) {
        (End::Answers(told), Ok(answer)) => told == *answer,
        (End::Memory, Err(ScriptError::Memory))
        | (End::Stopped, Err(ScriptError::Memory | ScriptError::Timeout))
        | (End::Timeout, Err(ScriptError::Timeout)) => true,
        (End::Syntax(part), Err(ScriptError::Syntax(message)))
        | (End::Thrown(part), Err(ScriptError::Thrown(message))) => {
            message.contains(part) && message.chars().count() <= MAX_MESSAGE_CHARS
        }
        _ => false,
    }
}

/// Whether the code ends by itself, given the time.
fn is_finite(end: End) -> bool {
    !matches!(end, End::Timeout | End::Stopped)
}

async fn machine() -> MutexGuard<'static, ()> {
    MACHINE.lock().await
}

/// Asks harmless code until told to stop; answers how often it was asked.
async fn ask_harmless(pool: &ScriptPool, is_over: &AtomicBool) -> usize {
    let (mut asked, mut late) = (0, 0);
    while !is_over.load(Ordering::Relaxed) {
        match pool.run(tenant(2), HARMLESS, &call()).await {
            Ok(true) => {}
            // The machine itself may stand still for longer than the limit.
            Err(ScriptError::Timeout) => late += 1,
            other => panic!("harmless code beside hostile: {other:?}"),
        }
        asked += 1;
    }
    assert!(late * 10 <= asked, "harmless code was late {late} times of {asked}");
    asked
}

/// Runs the codes one after the other, with harmless code beside them, and compares how they end.
async fn each_ends_as_told(pool: ScriptPool, codes: Vec<(&'static str, String, End)>) {
    let is_over = AtomicBool::new(false);
    let ask_hostile = async {
        let mut problems = Vec::new();
        for (name, code, end) in &codes {
            let start = Instant::now();
            let result = pool.run(tenant(1), code, &call()).await;
            let took = start.elapsed();
            if !is_as_told(*end, &result) {
                problems.push(format!("{name}: told {end:?}, found {result:?}"));
            }
            if took > GUARD {
                problems.push(format!("{name}: took {took:?}"));
            }
        }
        is_over.store(true, Ordering::Relaxed);
        problems
    };
    let (problems, asked) = tokio::join!(ask_hostile, ask_harmless(&pool, &is_over));
    assert_eq!(problems, Vec::<String>::new());
    assert!(asked > codes.len(), "harmless code was answered only {asked} times");
}

/// The limits of time are as they come, 200 and 250 ms.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_never_ends_is_ended_in_time_while_harmless_code_is_answered() {
    let _machine = machine().await;
    let endless = codes().into_iter().filter(|(_, _, end)| !is_finite(*end)).collect();
    each_ends_as_told(pool_with("endless", options()).await, endless).await;
}

/// Nothing but the code itself and the limit of memory can end it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_ends_by_itself_ends_as_told_while_harmless_code_is_answered() {
    let _machine = machine().await;
    let finite = codes().into_iter().filter(|(_, _, end)| is_finite(*end)).collect();
    each_ends_as_told(pool_with("finite", killed_only(GUARD)).await, finite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_checked_is_never_run() {
    let _machine = machine().await;
    let pool = pool_with("checked", killed_only(GUARD)).await;
    for (name, code, end) in codes() {
        let result = pool.check(&code).await;
        let is_as_told = match end {
            End::Syntax(part) => {
                matches!(&result, Err(ScriptError::Syntax(message)) if message.contains(part))
            }
            End::Memory if name.starts_with("deep") => result == Err(ScriptError::Memory),
            _ => result == Ok(()),
        };
        assert!(is_as_told, "{name}: {result:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_pool_is_whole_after_a_storm_of_them() {
    const ROUNDS: usize = 2;
    let _machine = machine().await;
    let pool = std::sync::Arc::new(pool_with("storm", options()).await);
    let before = workers("storm");
    assert_eq!(before.len(), 3, "two that run and one that stands by");
    for _ in 0..ROUNDS {
        let mut runs = tokio::task::JoinSet::new();
        for (_, code, _) in codes() {
            let pool = std::sync::Arc::clone(&pool);
            runs.spawn(async move { pool.run(tenant(1), &code, &call()).await });
        }
        // Most wait in vain for their turn. What they are told is the other tests' matter.
        runs.join_all().await;
    }
    eventually("three workers again", || workers("storm").len() == 3).await;
    let patient = async { while pool.run(tenant(2), HARMLESS, &call()).await != Ok(true) {} };
    tokio::time::timeout(GUARD, patient).await.expect("harmless code after the storm");
    eventually("three workers again", || workers("storm").len() == 3).await;
    for id in before.difference(&workers("storm")) {
        eventually("whoever was replaced is gone", || is_gone(*id)).await;
    }
    for id in workers("storm") {
        let resident = resident_kib(id);
        assert!(resident < 32 * 1024, "worker {id} keeps {resident} KiB");
    }
}

/// Eight calls of one tenant run endless code all the time, and the limits of time are as they come.
/// It is judged in turns, not in seconds: nobody waits until all others had theirs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn endless_code_of_one_tenant_does_not_keep_anothers_from_its_turn() {
    let _machine = machine().await;
    let pool = pool_with("fair", options()).await;
    let (is_over, ended) = (AtomicBool::new(false), AtomicUsize::new(0));
    let endless = || async {
        while !is_over.load(Ordering::Relaxed) {
            let result = pool.run(tenant(1), "for (;;);", &call()).await;
            assert!(result.is_err(), "{result:?}");
            ended.fetch_add(1, Ordering::Relaxed);
        }
    };
    let good = async {
        // All of them want a turn.
        while ended.load(Ordering::Relaxed) == 0 {
            tokio::task::yield_now().await;
        }
        let before = ended.load(Ordering::Relaxed);
        let (mut answered, mut late) = (0, 0);
        while answered < 20 {
            match pool.run(tenant(2), HARMLESS, &call()).await {
                Ok(true) => answered += 1,
                // The machine itself may stand still for longer than the limit.
                Err(ScriptError::Timeout) => late += 1,
                other => panic!("code of another tenant: {other:?}"),
            }
            assert!(late <= answered + 10, "harmless code was late {late} times, not {answered}");
        }
        is_over.store(true, Ordering::Relaxed);
        let meanwhile = ended.load(Ordering::Relaxed) - before;
        let asked = answered + late;
        // Without a place that is always left to others, each would wait for the end of one.
        assert!(4 * meanwhile <= 3 * asked, "{asked} runs saw {meanwhile} of the other's end");
    };
    let hostile = async {
        let [a, b, c, d, e, f, g, h] = [(); 8].map(|()| endless());
        tokio::join!(a, b, c, d, e, f, g, h)
    };
    let (_, ()) = tokio::join!(hostile, good);
}
