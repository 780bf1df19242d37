//! Nothing to use: the benchmarks are in `benches/`. `cargo bench -p benches`.
