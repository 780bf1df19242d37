//! Workers come and go: the pool outlives all that happens to them.

use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use std::{fs, io};

use callcore::port::{Script, ScriptError};
use callcore_script::{Options, ScriptPool, WorkerCommand};
use rustix::process::{Pid, Signal, kill_process};
use tokio::time::timeout;

use common::{
    call, command, eventually, has_ended, is_gone, killed_only, options, pool, resident_kib,
    tenant, workers,
};

mod common;

const GOOD: &str = "return call.vars.zip === '90210'";

#[tokio::test]
async fn a_worker_that_is_killed_while_idle_is_replaced() {
    let pool = pool("idle").await;
    let before = workers("idle");
    for id in &before {
        kill_process(Pid::from_raw(*id).unwrap(), Signal::KILL).unwrap();
    }
    eventually("the workers end", || before.iter().all(|id| has_ended(*id))).await;
    // It finds them dead, starts others, and waits for the first of those.
    assert_eq!(pool.run(tenant(1), GOOD, &call()).await, Ok(true));
    eventually("three workers again", || workers("idle").len() == 3).await;
}

#[tokio::test]
async fn a_worker_that_is_killed_while_it_runs_is_replaced() {
    let options = Options { workers: 1, ..killed_only(common::GUARD) };
    let pool = ScriptPool::start(command("running"), options).await.unwrap();
    let before = workers("running");
    let call = call();
    let run = pool.run(tenant(1), "for (;;);", &call);
    let kill = async {
        for id in &before {
            kill_process(Pid::from_raw(*id).unwrap(), Signal::KILL).unwrap();
        }
    };
    // The run is asked for first, and has taken its worker when the kill comes.
    let (result, ()) = tokio::join!(run, kill);
    assert!(matches!(result, Err(ScriptError::Unavailable(_))), "{result:?}");
    // Until the spare one has ended, nobody can tell that it is dead.
    eventually("both have ended", || before.iter().all(|id| has_ended(*id))).await;
    // A dead worker is found out when its turn comes, and each of the two has one.
    assert_eq!(pool.run(tenant(1), GOOD, &call).await, Ok(true));
    assert_eq!(pool.run(tenant(1), GOOD, &call).await, Ok(true));
    eventually("two workers again", || workers("running").len() == 2).await;
    eventually("both are gone", || before.iter().all(|id| is_gone(*id))).await;
}

#[tokio::test]
async fn a_caller_that_stops_waiting_frees_the_worker() {
    let options = Options { workers: 1, ..killed_only(common::GUARD) };
    let pool = ScriptPool::start(command("dropped"), options).await.unwrap();
    let before = workers("dropped");
    let call = call();
    let run = pool.run(tenant(1), "for (;;);", &call);
    assert!(timeout(Duration::from_millis(20), run).await.is_err());
    assert_eq!(pool.run(tenant(1), GOOD, &call).await, Ok(true));
    eventually("the endless one is gone", || before.iter().any(|id| is_gone(*id))).await;
    eventually("two workers again", || workers("dropped").len() == 2).await;
}

#[tokio::test]
async fn dropping_the_pool_ends_its_workers() {
    let pool = pool("end").await;
    let all = workers("end");
    assert_eq!(all.len(), 3);
    drop(pool);
    eventually("all are gone", || all.iter().all(|id| is_gone(*id))).await;
}

#[tokio::test]
async fn whoever_finds_all_workers_busy_is_told() {
    let wait_limit = Duration::from_millis(20);
    let options = Options { workers: 1, wait_limit, ..killed_only(common::GUARD) };
    let pool = ScriptPool::start(command("busy"), options).await.unwrap();
    let call = call();
    let long = pool.run(tenant(1), "for (;;);", &call);
    let second = tokio::select! {
        // The endless one is asked for first, and has the only worker.
        biased;
        ended = long => panic!("it never ends by itself: {ended:?}"),
        second = pool.run(tenant(1), GOOD, &call) => second,
    };
    assert_eq!(second, Err(ScriptError::Unavailable("all workers are busy".to_owned())));
}

#[tokio::test]
async fn code_is_checked_beside_code_that_takes_all_places() {
    let options = Options { workers: 1, ..killed_only(common::GUARD) };
    let pool = ScriptPool::start(command("checks"), options).await.unwrap();
    let call = call();
    let checks = async {
        for _ in 0..3 {
            assert_eq!(pool.check(GOOD).await, Ok(()));
        }
    };
    tokio::select! {
        ended = pool.run(tenant(1), "for (;;);", &call) => panic!("{ended:?}"),
        () = checks => {}
    }
}

#[tokio::test]
async fn memory_that_runs_took_is_given_back() {
    let pool = ScriptPool::start(command("flat"), killed_only(common::GUARD)).await.unwrap();
    let code = "return 'x'.repeat(4e5).split('').length === 4e5";
    let mut resident = Vec::new();
    for _ in 0..2 {
        for _ in 0..20 {
            assert_eq!(pool.run(tenant(1), code, &call()).await, Ok(true));
        }
        resident.push(workers("flat").into_iter().map(resident_kib).max().unwrap());
    }
    assert!(resident[1] < resident[0] + 4 * 1024, "grows from round to round: {resident:?} KiB");
}

#[tokio::test]
async fn a_worker_has_limits_and_nothing_of_its_parent() {
    let _pool = pool("confined").await;
    let id = *workers("confined").first().unwrap();
    let limits = fs::read_to_string(format!("/proc/{id}/limits")).unwrap();
    let hard = |name: &str| {
        let line = limits.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().to_owned()
    };
    for name in ["Max core file size", "Max file size", "Max open files", "Max processes"] {
        assert_eq!(hard(name), "0", "{name}");
    }
    assert_eq!(hard("Max data size"), (96 * 1024 * 1024).to_string());
    assert_eq!(hard("Max address space"), (1120 * 1024 * 1024).to_string());
    assert_eq!(fs::read(format!("/proc/{id}/environ")).unwrap(), b"");
    assert_eq!(fs::read_link(format!("/proc/{id}/cwd")).unwrap().to_str(), Some("/"));
    assert_eq!(fs::read_link(format!("/proc/{id}/fd/2")).unwrap().to_str(), Some("/dev/null"));
    let group = fs::read_to_string(format!("/proc/{id}/stat")).unwrap();
    let (_, after_name) = group.rsplit_once(") ").unwrap();
    assert_eq!(after_name.split(' ').nth(2), Some(id.to_string().as_str()), "its own group");
}

/// With nobody left to kill it, the system does.
#[test]
fn a_worker_without_a_pool_runs_out_of_processor_time() {
    let mut worker = Command::new(env!("CARGO_BIN_EXE_callcore-script-worker"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut send = |text: &str| {
        let length = u32::try_from(text.len()).unwrap().to_be_bytes();
        let input = worker.stdin.as_mut().unwrap();
        input.write_all(&[length.as_slice(), text.as_bytes()].concat()).unwrap();
    };
    send(r#"{"run_ms":20000,"processor_seconds":1,"memory_bytes":33554432}"#);
    send(r#"{"run":{"code":"for (;;);","call":"null"}}"#);
    assert_eq!(worker.wait().unwrap().signal(), Some(Signal::XCPU.as_raw()));
}

#[test]
fn a_worker_ends_with_its_input() {
    let mut worker = Command::new(env!("CARGO_BIN_EXE_callcore-script-worker"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = Vec::new();
    worker.stdout.take().unwrap().read_to_end(&mut output).unwrap();
    assert!(worker.wait().unwrap().success());
    assert_eq!(output, b"");
}

/// A shell that says it is ready and then does something else than a worker. `read` waits for the
/// end of a line, which never comes, or of the input.
fn impostor(marker: &str, then: &str) -> WorkerCommand {
    let script = format!("printf '\\0\\0\\0\\007\"ready\"'; {then}");
    WorkerCommand::new("/bin/sh").argument("-c").argument(script).argument(marker)
}

#[tokio::test]
async fn a_worker_that_answers_nonsense_is_killed() {
    let cases = [
        ("flood", "while :; do printf 'yyyyyyyy'; done"),
        ("long", "printf '\\0\\0\\020\\001'; read -r _"),
        ("other", "printf '\\0\\0\\0\\010\"absent\"'; read -r _"),
        ("wrong", "printf '\\0\\0\\0\\012\"readable\"'; read -r _"),
        // More than the limits, and less than the request.
        ("ends", "head -c 100 >/dev/null; exit"),
    ];
    for (marker, then) in cases {
        let options = Options { workers: 1, kill_after: common::GUARD, ..options() };
        let pool = ScriptPool::start(impostor(marker, then), options).await.unwrap();
        let before = workers(marker);
        assert_eq!(before.len(), 2, "{marker}");
        let result = pool.run(tenant(1), GOOD, &call()).await;
        assert!(matches!(result, Err(ScriptError::Unavailable(_))), "{marker}: {result:?}");
        drop(pool);
        eventually("the impostor is gone", || before.iter().all(|id| is_gone(*id))).await;
    }
}

#[tokio::test]
async fn a_worker_that_says_nothing_is_killed_in_time() {
    let options = Options { workers: 1, ..options() };
    let silent = impostor("silent", "read -r _");
    let pool = ScriptPool::start(silent, options).await.unwrap();
    let before = workers("silent");
    assert_eq!(pool.run(tenant(1), GOOD, &call()).await, Err(ScriptError::Timeout));
    eventually("one is gone", || before.iter().any(|id| is_gone(*id))).await;
    eventually("another is there", || workers("silent").len() == 2).await;
}

/// The limits are as they come. Code that never ends is stopped by the engine; a process that is
/// stopped by the system can neither answer nor end, so nothing but the kill from outside ends it.
#[tokio::test]
async fn endless_code_costs_its_worker_and_its_caller_is_answered() {
    let Options { run_limit, kill_after, .. } = Options::default();
    for (marker, patient, is_stopped, least) in [
        ("endless", "endless-patient", false, run_limit),
        ("stopped", "stopped-patient", true, kill_after),
    ] {
        let as_they_come = Options { workers: 1, wait_limit: common::GUARD, ..Options::default() };
        let pool = ScriptPool::start(command(marker), as_they_come).await.unwrap();
        let options = Options { workers: 1, ..killed_only(common::GUARD) };
        let patience = ScriptPool::start(command(patient), options).await.unwrap();
        let before = workers(marker);
        assert_eq!(before.len(), 2, "one that runs and one that stands by");
        for id in before.iter().chain(&workers(patient)).filter(|_| is_stopped) {
            kill_process(Pid::from_raw(*id).unwrap(), Signal::STOP).unwrap();
        }
        let (began, call) = (Instant::now(), call());
        let result = tokio::select! {
            // Asked first, it would be answered first, were it not for the limits.
            biased;
            ended = patience.run(tenant(1), "for (;;);", &call) => panic!("{marker}: {ended:?}"),
            result = pool.run(tenant(1), "for (;;);", &call) => result,
        };
        assert_eq!(result, Err(ScriptError::Timeout), "{marker}");
        assert!(began.elapsed() >= least, "{marker}: before its time, {:?}", began.elapsed());
        eventually("its worker is gone", || before.iter().any(|id| is_gone(*id))).await;
        eventually("another is there", || workers(marker).len() == 2).await;
        assert_eq!(before.intersection(&workers(marker)).count(), 1, "{marker}: one was replaced");
    }
}

#[tokio::test]
async fn a_pool_whose_workers_do_not_start_does_not_start() {
    let start = |program: &'static str| ScriptPool::start(WorkerCommand::new(program), options());
    let absent = start("/nowhere/callcore-script-worker").await.unwrap_err();
    assert_eq!(absent.kind(), io::ErrorKind::NotFound);
    assert!(start("/bin/true").await.is_err());
    assert!(ScriptPool::start(command("none"), Options { workers: 0, ..options() }).await.is_err());
}

/// Each of these is ready once all of them are there, which nobody would be who comes one by one.
#[tokio::test]
async fn workers_start_at_the_same_time() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("workers_start_at_the_same_time");
    // There is one where the test ran before.
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    let folder = folder.display();
    let others = format!("[ $(ls '{folder}' | wc -l) -ge 3 ]");
    let ready = "printf '\\0\\0\\0\\007\"ready\"'; read -r _";
    let script = format!(": > '{folder}'/$$; until {others}; do sleep 0.02; done; {ready}");
    let together = WorkerCommand::new("/bin/sh").argument("-c").argument(script).argument("all");
    let pool = ScriptPool::start(together, Options { workers: 2, ..options() }).await.unwrap();
    assert_eq!(workers("all").len(), 3);
    drop(pool);
}
