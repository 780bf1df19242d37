//! Every input that fuzzing keeps, run as ordinary tests: the same functions, without libFuzzer.

#[path = "../../fuzz/src/lib.rs"]
pub mod fuzz;

use std::fs;
use std::path::Path;

/// The inputs of a target with their names.
fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(target);
    let entries = fs::read_dir(folder).expect("it is part of the repository");
    let inputs = entries.map(|entry| {
        let entry = entry.expect("a readable folder");
        let name = entry.file_name().to_string_lossy().into_owned();
        (name, fs::read(entry.path()).expect("a readable file"))
    });
    inputs.collect()
}

#[test]
fn every_definition_is_checked_and_played() {
    let inputs = corpus("flow_definition");
    let mut programs = 0;
    for (name, bytes) in &inputs {
        println!("{name}");
        fuzz::definition(bytes);
        programs += usize::from(fuzz::has_program(bytes));
        let broken = name.starts_with("broken");
        assert!(!broken || !fuzz::has_program(bytes), "{name} is refused");
    }
    assert!(programs >= 25, "the corpus reaches {programs} programs of {}", inputs.len());
}

#[test]
fn every_definition_survives_being_written() {
    for (name, bytes) in corpus("flow_roundtrip") {
        println!("{name}");
        fuzz::roundtrip(&bytes);
    }
}

#[test]
fn every_answer_of_a_bidder_is_read() {
    let inputs = corpus("bid_response");
    let mut bids = 0;
    for (name, bytes) in &inputs {
        println!("{name}");
        fuzz::bid_response(bytes);
        bids += usize::from(fuzz::is_bid(bytes));
    }
    assert!(bids >= 20, "{bids} of {} are a bid", inputs.len());
}

/// Programs come not only from documents: bytes that decide reach them often enough.
#[test]
fn flows_that_are_built_from_bytes_are_often_runnable() {
    let mut state = 1_u64;
    let mut programs = 0;
    for _ in 0..200 {
        let bytes: Vec<u8> = std::iter::repeat_with(|| next(&mut state)).take(600).collect();
        fuzz::definition(&bytes);
        programs += usize::from(fuzz::has_program(&bytes));
    }
    assert!(programs >= 40, "{programs} of 200 have a program");
}

/// A linear congruential generator (Knuth's MMIX): the same bytes on every machine.
fn next(state: &mut u64) -> u8 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    // Never the brace that opens a document.
    u8::try_from(*state >> 56).ok().filter(|byte| *byte != b'{').unwrap_or_default()
}
