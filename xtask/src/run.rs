//! A run of several steps: each is timed, a failing one does not hide the next.

use std::time::Instant;

use crate::failure::Failure;

/// The steps of one command so far.
#[derive(Debug)]
pub(crate) struct Run {
    failed: Vec<&'static str>,
    started: Instant,
}

impl Run {
    pub(crate) fn start() -> Self {
        Self { failed: Vec::new(), started: Instant::now() }
    }

    /// Runs one step, prints how long it took, and answers its value when it succeeded.
    pub(crate) fn step<T>(
        &mut self,
        name: &'static str,
        act: impl FnOnce() -> Result<T, Failure>,
    ) -> Option<T> {
        println!("==> {name}");
        let started = Instant::now();
        let result = act();
        let elapsed = started.elapsed();
        match result {
            Ok(value) => {
                println!("==> {name}: ok in {elapsed:.1?}");
                Some(value)
            }
            Err(failure) => {
                println!("==> {name}: FAILED after {elapsed:.1?}: {failure}");
                self.failed.push(name);
                None
            }
        }
    }

    /// Records a step that cannot run because one that it builds on failed.
    pub(crate) fn blocked(&mut self, name: &'static str, by: &str) {
        println!("==> {name}: FAILED, it needs `{by}`");
        self.failed.push(name);
    }

    /// Prints the total and answers whether every step succeeded.
    pub(crate) fn finish(self) -> Result<(), Failure> {
        println!("==> total: {:.1?}", self.started.elapsed());
        if self.failed.is_empty() { Ok(()) } else { Err(Failure::Steps { names: self.failed }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_step_fails_the_run_and_lets_the_next_one_run() {
        let mut run = Run::start();
        let first: Option<()> = run.step("first", || Err(Failure::Findings { errors: 1 }));
        let second = run.step("second", || Ok(2));
        run.blocked("third", "first");

        assert_eq!((first, second), (None, Some(2)));
        let failure = run.finish().expect_err("the first step failed");
        assert_eq!(failure.to_string(), "failed: first, third");
    }

    #[test]
    fn a_run_without_failures_succeeds() {
        let mut run = Run::start();
        run.step("only", || Ok(()));
        assert!(run.finish().is_ok());
    }
}
