//! Memory stays flat, however often everybody fails. The process must do nothing else meanwhile, so
//! the test starts itself as one of its own.

use std::fs::read_to_string;
use std::process::Command;

use callcore::vocabulary::TenantId;
use uuid::Uuid;

use super::exchange::{Bidder, Exchange, Sound};
use super::modes::{Failing, start_all};
use super::{guarded, machine};

const TIMEOUT_MS: u32 = 300;
/// Auctions until every connection pool and every buffer has its size.
const WARM_UP: u32 = 8;
const ROUNDS: u32 = 32;
/// How much the process may grow in all these rounds, in kB: less than four kB for each bidder
/// and round, on machines too that give memory in pages of two MB.
const MOST_GROWN: u64 = 8 * 1024;
/// How much all bidders may take while they are asked, with their servers in the same process, in
/// kB: half of what one of them sends.
const MOST_AT_ONCE: u64 = 48 * 1024;
const ALONE: &str = "CALLCORE_FAULTS_ALONE";

#[test]
fn memory_stays_flat_over_rounds_of_faults() {
    if std::env::var_os(ALONE).is_some() {
        return runtime().block_on(rounds());
    }
    let _machine = runtime().block_on(machine());
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "memory::memory_stays_flat_over_rounds_of_faults", "--nocapture"]);
    let output = command.env(ALONE, "1").output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}\n{error}");
    println!("{told}");
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

async fn rounds() {
    let all = start_all(TIMEOUT_MS).await;
    let sound = Sound::start().await;
    round(&[], &sound).await;
    let before = kilobytes("VmRSS:");
    for _ in 0..WARM_UP {
        round(&all, &sound).await;
    }
    let warm = kilobytes("VmRSS:");
    for _ in 0..ROUNDS {
        round(&all, &sound).await;
    }
    let (grown, peak) = (kilobytes("VmRSS:").saturating_sub(warm), kilobytes("VmHWM:"));
    let at_once = peak.saturating_sub(before);
    println!("{} bidders, {ROUNDS} rounds: {grown} kB more, {at_once} kB at once", all.len());
    assert!(grown < MOST_GROWN, "{grown} kB more after {ROUNDS} rounds");
    assert!(at_once < MOST_AT_ONCE, "{at_once} kB more at the peak");
}

/// One auction of a switchboard that starts anew, so that nobody is throttled and nothing is stored,
/// with the client of the rounds before.
async fn round(all: &[Failing], sound: &Sound) {
    let mut bidders: Vec<Bidder> =
        all.iter().map(|failing| Bidder::failing(failing, TIMEOUT_MS)).collect();
    bidders.push(sound.bidder(0, TIMEOUT_MS));
    let tenant = TenantId::from_uuid(Uuid::from_u128(1));
    let exchange = Exchange::of(tenant, guarded(), &bidders).await;
    let sale = exchange.sell().await;
    assert_eq!(sale.record.request.asked, u32::try_from(bidders.len()).unwrap());
}

/// What Linux says of this process.
fn kilobytes(name: &str) -> u64 {
    let status = read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
