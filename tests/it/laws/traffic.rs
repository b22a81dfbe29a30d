//! Every arrival process has its rate, and every distribution its mean and its bounds.
//!
//! A mean is judged by five standard errors, which a correct sampler exceeds once in 1.7 million times; seeds are fixed.

use crate::generate;
use ratecast::durations::{self, Durations};
use ratecast::params::Choice;
use ratecast::rng::{BLOCK, Seed, Stream};
use ratecast::traffic::arrivals::{self, Arrivals};
use ratecast::traffic::sizes::{self, Sizes};
use ratecast::units::{Civil, Rate, Share, SimDuration, SimTime, Tokens};
use std::fmt::Debug;

fn stream(seed: u64) -> Stream {
    Seed(seed).stream(0, "law")
}

/// Mean and standard error.
pub fn mean_and_error(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0);
    (mean, (variance / n).sqrt())
}

/// The registered models that are valid as they are, and `variants`; all kinds must be among them.
fn all<T: Choice + Clone + Debug>(registered: Vec<T>, variants: Vec<T>) -> Vec<T> {
    let kinds = generate::kinds_of(&registered);
    let is_valid = |model: &T| model.clone().parameters().check().is_ok();
    let models: Vec<T> = registered.into_iter().chain(variants).filter(is_valid).collect();
    for kind in kinds {
        assert!(models.iter().any(|model| model.kind() == kind), "no valid `{kind}` is judged; add a variant");
    }
    models
}

fn arrival_processes() -> Vec<Arrivals> {
    let rates = [(1, 7), (3, 1), (90_000, 60)].map(|(n, secs)| Rate::new(n, SimDuration::from_secs(secs)).unwrap());
    let poisson = |rate| Arrivals::Poisson(arrivals::Poisson { rate });
    let constant = |rate| Arrivals::Constant(arrivals::Constant { rate });
    let variants = rates.iter().flat_map(|&rate| [poisson(rate), constant(rate)]);
    generate::completed(Arrivals::registered()).into_iter().chain(variants).collect()
}

fn instants(arrivals: &Arrivals, seed: u64, chunk: usize, count: usize) -> Vec<SimTime> {
    let mut process = arrivals.model().process(stream(seed), &Civil::default());
    let mut out = vec![SimTime::ZERO; count];
    out.chunks_mut(chunk).for_each(|chunk| process.fill(chunk));
    out
}

#[test]
fn arrival_processes_have_their_rate() {
    // Counts of intervals so long that those of neighbours hardly depend on each other.
    const INTERVALS: usize = 400;
    for arrivals in arrival_processes().iter().filter(|arrivals| arrivals.model().total().is_none()) {
        let times = instants(arrivals, 1, BLOCK, 200_000);
        let rate = arrivals.model().mean_rate().per_second();
        let length = times.last().unwrap().as_secs_f64() / INTERVALS as f64;
        let mut counts = vec![0.0; INTERVALS];
        for time in &times[..times.len() - 1] {
            counts[((time.as_secs_f64() / length) as usize).min(INTERVALS - 1)] += 1.0;
        }
        let (_, error) = mean_and_error(&counts);
        let seen = (times.len() - 1) as f64;
        let expected = rate * length * INTERVALS as f64;
        // The ends cut off up to what comes at one instant, also where counts do not vary.
        let together = times.chunk_by(|one, next| one == next).map(<[SimTime]>::len).max().unwrap_or(1);
        let allowed = 5.0 * error * INTERVALS as f64 + together as f64;
        assert!((seen - expected).abs() <= allowed, "{arrivals:?}: {seen} arrivals for {expected} ± {allowed}");
    }
}

#[test]
fn processes_that_end_make_all_that_they_promise() {
    for arrivals in arrival_processes() {
        let Some(total) = arrivals.model().total() else { continue };
        let times = instants(&arrivals, 1, BLOCK, total as usize + 3);
        let (made, none) = times.split_at(total as usize);
        assert!(made.iter().all(|&at| at < SimTime::NEVER), "{arrivals:?}");
        assert!(none.iter().all(|&at| at == SimTime::NEVER), "{arrivals:?}");
        let lasted = (made[made.len() - 1] - made[0]).as_secs_f64();
        let expected = arrivals.model().mean_rate().per_second() * lasted;
        assert!((expected + 1.0 - total as f64).abs() < 1e-6 * total as f64, "{arrivals:?}: {expected}");
    }
}

#[test]
fn arrivals_are_in_order_and_depend_on_nothing_but_the_seed() {
    for arrivals in arrival_processes() {
        let times = instants(&arrivals, 3, BLOCK, 5_000);
        assert!(times.windows(2).all(|pair| pair[0] <= pair[1]), "{arrivals:?}");
        for chunk in [1, 7, BLOCK, 5_000] {
            assert_eq!(times, instants(&arrivals, 3, chunk, 5_000), "{arrivals:?} in chunks of {chunk}");
        }
    }
}

fn size_models() -> Vec<Sizes> {
    let list = |values: &[u32]| values.iter().copied().map(Tokens::new).collect::<Vec<_>>();
    let tokens = Tokens::new;
    all(
        Sizes::registered(),
        vec![
            Sizes::constant(0),
            Sizes::constant(u32::MAX),
            Sizes::Uniform(sizes::Uniform { min: tokens(3), max: tokens(900) }),
            Sizes::Uniform(sizes::Uniform { min: tokens(0), max: tokens(u32::MAX) }),
            Sizes::Lognormal(sizes::Lognormal { mean: tokens(350), cv: 0.9, max: None }),
            Sizes::Lognormal(sizes::Lognormal { mean: tokens(350), cv: 0.9, max: Some(tokens(400)) }),
            Sizes::Lognormal(sizes::Lognormal { mean: tokens(1_200), cv: 2.5, max: Some(tokens(4_096)) }),
            Sizes::Lognormal(sizes::Lognormal { mean: tokens(80), cv: 0.0, max: Some(tokens(50)) }),
            Sizes::Gamma(sizes::Gamma { mean: tokens(800), cv: 0.2, max: None }),
            Sizes::Gamma(sizes::Gamma { mean: tokens(800), cv: 2.0, max: Some(tokens(700)) }),
            Sizes::Geometric(sizes::Geometric { mean: 1.0, max: None }),
            Sizes::Geometric(sizes::Geometric { mean: 40.0, max: Some(tokens(30)) }),
            Sizes::HeavyTail(sizes::HeavyTail { tail: Share::ONE, tail_exponent: 1.0, ..Default::default() }),
            Sizes::HeavyTail(sizes::HeavyTail { tail_exponent: 0.7, tail_from: tokens(90), ..Default::default() }),
            Sizes::Empirical(sizes::Empirical { values: list(&[5]), weights: vec![] }),
            Sizes::Empirical(sizes::Empirical { values: list(&[9, 1, 1, 40]), weights: vec![] }),
            Sizes::Empirical(sizes::Empirical { values: list(&[1, 5, 20]), weights: vec![0.7, 0.0, 0.1] }),
        ],
    )
}

#[test]
fn sizes_have_their_mean_and_keep_their_bound() {
    for sizes in size_models() {
        let mut counts = vec![Tokens::new(0); 400_000];
        sizes.model().fill(&mut stream(5), &mut counts);
        let values: Vec<f64> = counts.iter().map(|count| f64::from(count.get())).collect();
        let (mean, error) = mean_and_error(&values);
        let expected = sizes.model().mean();
        assert!((mean - expected).abs() <= 5.0 * error + 1e-9 * expected, "{sizes:?}: {mean} for {expected} ± {error}");
        if let Some(largest) = sizes.model().largest() {
            assert!(counts.iter().all(|&count| count <= largest), "{sizes:?}");
        }
    }
}

#[test]
fn durations_have_their_mean() {
    let secs = SimDuration::from_secs;
    let variants = vec![
        Durations::constant(SimDuration::from_nanos(15_000_000)),
        Durations::Exponential(durations::Exponential { mean: SimDuration::from_nanos(700) }),
        Durations::Lognormal(durations::Lognormal { mean: secs(2), cv: 1.0 }),
        Durations::Lognormal(durations::Lognormal { mean: secs(40), cv: 0.0 }),
    ];
    for durations in all(Durations::registered(), variants) {
        let mut nanos = vec![0.0; 400_000];
        durations.model().fill(&mut stream(7), &mut nanos);
        let (mean, error) = mean_and_error(&nanos);
        let expected = durations.model().mean().as_nanos() as f64;
        let allowed = 5.0 * error + 1e-9 * expected;
        assert!((mean - expected).abs() <= allowed, "{durations:?}: {mean} ns for {expected} ± {error}");
        assert!(nanos.iter().all(|&nanos| nanos >= 0.0 && nanos.is_finite()), "{durations:?}");
    }
}
