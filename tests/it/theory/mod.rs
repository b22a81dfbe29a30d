//! Simulations against theory: exact answers for limits, queues and retries that no simulator was needed to find.
//!
//! Each case of `tests/data/theory.json` is stated in terms of the models, simulated, and judged: |z| < 4 for each metric
//! with a standard error, equality for those without, and a chi-square over the primary metrics of all cases with 0.1 %
//! in each tail. With new seeds a correct simulator would be accused about once in forty times (some 440 metrics at
//! 6.3e-5, and twice 0.1 %). The seeds are fixed, so a failure means that numbers have changed: run it with others before
//! you call it a bug, but loosen nothing.
//!
//! `cargo test --test it theory -- --nocapture` prints all of them.
//!
//! For clients that contend for a row there is no theory: those cases are means over many runs of another program, with
//! their standard errors.
//!
//! Some classical systems are none that the models can state, and have no case: processor sharing (congestion slows a call
//! by what is in flight when it begins, not by what comes later), and a network of two queues one behind the other (a slot
//! is held until the answer is there).

mod adaptive;
mod arrivals;
mod batching;
mod caching;
mod case;
mod contest;
mod control;
mod cost;
mod dispersion;
mod failing_calls;
mod fixed_window;
mod flow;
mod interval_bucket;
mod judge;
mod queue;
mod retry;
mod setup;
mod sliding_counter;
mod sliding_log;
mod token_bucket;
mod users;

use case::Case;
pub use judge::chi_square;
use judge::{Estimate, Finding};
use rayon::prelude::*;

/// A case and one way to state it.
struct Trial {
    case: &'static str,
    /// What is put to the test, where a case has several ways.
    model: &'static str,
    run: fn(&Case, u64) -> Vec<Estimate>,
}

impl Trial {
    const fn new(case: &'static str, model: &'static str, run: fn(&Case, u64) -> Vec<Estimate>) -> Self {
        Trial { case, model, run }
    }

    /// A seed of its own for each trial, so that trials are independent of each other.
    fn seed(&self) -> u64 {
        let name = self.case.bytes().chain(self.model.bytes());
        name.fold(20_250_303, |seed: u64, byte| (seed ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
    }
}

fn trials() -> impl Iterator<Item = &'static Trial> {
    let families = [
        fixed_window::TRIALS,
        token_bucket::TRIALS,
        interval_bucket::TRIALS,
        sliding_log::TRIALS,
        sliding_counter::TRIALS,
        queue::TRIALS,
        flow::TRIALS,
        retry::TRIALS,
        control::TRIALS,
        cost::TRIALS,
        adaptive::TRIALS,
        caching::TRIALS,
        batching::TRIALS,
        arrivals::TRIALS,
        users::TRIALS,
        contest::TRIALS,
    ];
    families.into_iter().flatten()
}

fn findings(cases: &[Case]) -> Vec<Finding> {
    let trials: Vec<&Trial> = trials().collect();
    let judged = trials.par_iter().with_max_len(1).flat_map_iter(|trial| {
        let case = cases.iter().find(|case| case.id == trial.case).unwrap_or_else(|| panic!("no case {}", trial.case));
        let estimates = (trial.run)(case, trial.seed());
        estimates.into_iter().map(|estimate| Finding::new(case, trial.model, &estimate))
    });
    judged.collect()
}

#[test]
fn simulations_agree_with_theory() {
    let findings = findings(&Case::all());
    findings.iter().for_each(|finding| println!("{finding}"));
    let scores = |only_primary: bool| -> Vec<f64> {
        findings.iter().filter(|f| f.is_primary || !only_primary).filter_map(Finding::z).collect()
    };
    let (all, primary) = (scores(false), scores(true));
    let largest = all.iter().fold(0.0, |most: f64, z| most.max(z.abs()));
    let squares: f64 = primary.iter().map(|z| z * z).sum();
    println!("{} scores, largest |z| {largest:.2}; chi-square {squares:.1} of {}", all.len(), primary.len());

    let wrong: Vec<String> = findings.iter().filter(|f| !f.holds()).map(Finding::to_string).collect();
    assert!(wrong.is_empty(), "not as theory has it:\n{}", wrong.join("\n"));
    // 3.09 leaves 0.1 % in each tail: above, something is biased; below, the scores are not what they say.
    assert!(chi_square(&primary).abs() < 3.09, "chi-square {squares} of {}", primary.len());
}

#[test]
fn every_case_is_tried() {
    for case in Case::all() {
        assert!(trials().any(|trial| trial.case == case.id), "{} ({}) is never tried", case.id, case.title);
    }
}
