//! Fuzzing: builds the targets of `fuzz/` as cargo-fuzz does, without it, and lets each search.
//!
//! No crate of ours has `unsafe`, so no address sanitizer is built in and stable Rust is enough.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    command::{self, cargo},
    failure::Failure,
    run::Run,
    setup::compiler,
    workspace::Workspace,
};

const TARGETS: [&str; 3] = ["bid_response", "flow_definition", "flow_roundtrip"];

/// What makes the compiler report to libFuzzer which code an input reached, and what it compared.
const INSTRUMENTED: [&str; 7] = [
    "--cfg fuzzing",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Ccodegen-units=1",
];

/// An input that takes longer, in seconds, is a finding, and so is one that takes more MiB. Inputs
/// are at most this long, in bytes.
const LIMITS: [&str; 3] = ["-timeout=25", "-rss_limit_mb=2048", "-max_len=16384"];

/// Where a search begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seed {
    /// Somewhere else each time: for runs that are meant to find something.
    Any,
    /// At the same place each time, so that CI goes red over a change and not over its luck.
    Fixed,
}

impl Seed {
    /// What libFuzzer is told; without a word it draws a seed.
    fn argument(self) -> Option<&'static str> {
        match self {
            Self::Any => None,
            Self::Fixed => Some("-seed=1"),
        }
    }
}

/// `cargo xtask fuzz`.
pub(crate) fn run(workspace: &Workspace, seconds: u32) -> Result<(), Failure> {
    let mut steps = Run::start();
    search(workspace, &mut steps, seconds, Seed::Any);
    steps.finish()
}

/// Runs every target for so long, one after the other. The inputs of `fuzz/corpus` come first; new
/// ones that reach more are kept below the target folder, and one that breaks something below
/// `fuzz/artifacts`.
pub(crate) fn search(workspace: &Workspace, steps: &mut Run, seconds: u32, seed: Seed) {
    match steps.step("build the fuzz targets", || Built::build(workspace)) {
        Some(built) => TARGETS.into_iter().for_each(|target| {
            steps.step(target, || built.search(&workspace.root, target, seconds, seed));
        }),
        None => TARGETS.into_iter().for_each(|target| {
            steps.blocked(target, "build the fuzz targets");
        }),
    }
}

/// The targets, ready to run.
#[derive(Debug)]
struct Built {
    /// The folder of all that fuzzing writes beside findings.
    folder: PathBuf,
    /// The folder of the binaries.
    binaries: PathBuf,
}

impl Built {
    fn build(workspace: &Workspace) -> Result<Self, Failure> {
        compiler::find_or_install()?;
        let folder = workspace.target_folder()?.join("fuzz");
        let host = host(&command::output(Command::new("rustc").arg("-vV"))?)?;
        let arguments = ["build", "--locked", "--release", "--manifest-path", "fuzz/Cargo.toml"];
        let mut build = cargo(&workspace.root, &arguments);
        // With a target named, build scripts are compiled without these flags: nothing could link them.
        build.args(["--target", &host, "--target-dir"]).arg(&folder);
        command::run(build.env("RUSTFLAGS", INSTRUMENTED.join(" ")))?;
        let binaries = folder.join(host).join("release");
        Ok(Self { folder, binaries })
    }

    fn search(&self, root: &Path, target: &str, seconds: u32, seed: Seed) -> Result<(), Failure> {
        let found = self.folder.join("corpus").join(target);
        let artifacts = root.join("fuzz/artifacts").join(target);
        for folder in [&found, &artifacts] {
            fs::create_dir_all(folder).map_err(Failure::io("cannot make a folder"))?;
        }
        let mut fuzzer = Command::new(self.binaries.join(target));
        fuzzer.current_dir(root).args(LIMITS).args([
            "-dict=fuzz/flow.dict",
            "-verbosity=0",
            "-print_funcs=0",
        ]);
        fuzzer.arg(format!("-max_total_time={seconds}")).arg("-print_final_stats=1");
        fuzzer.args(seed.argument());
        fuzzer.arg(format!("-artifact_prefix=fuzz/artifacts/{target}/"));
        // libFuzzer writes into the first folder only.
        command::run(fuzzer.arg(found).arg(format!("fuzz/corpus/{target}")))
    }
}

/// The machine that rustc compiles for, in what `rustc -vV` answers.
fn host(version: &str) -> Result<String, Failure> {
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or_else(|| Failure::Unexpected {
        tool: "rustc -vV",
        answer: "no line `host: …`".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_host_is_read_from_what_rustc_says() {
        let version = "rustc 1.95.0 (5 2026-04-14)\nbinary: rustc\nhost: a-b-c\nrelease: 1\n";
        assert_eq!(host(version).expect("it is there"), "a-b-c");
        assert!(host("rustc 1.95.0").is_err());
    }

    #[test]
    fn only_a_fixed_seed_is_told() {
        assert_eq!((Seed::Any.argument(), Seed::Fixed.argument()), (None, Some("-seed=1")));
    }

    #[test]
    fn every_target_is_run_and_has_a_corpus() {
        let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz");
        let names = |folder: &str| -> BTreeSet<String> {
            let entries = fs::read_dir(fuzz.join(folder)).expect("it is part of the repository");
            let names = entries.map(|entry| entry.expect("readable").file_name());
            let names = names.map(|name| name.into_string().expect("a plain name"));
            names.map(|name| name.trim_end_matches(".rs").to_owned()).collect()
        };
        let targets = TARGETS.map(str::to_owned).into();
        assert_eq!(names("fuzz_targets"), targets);
        assert_eq!(names("corpus"), targets);
    }
}
