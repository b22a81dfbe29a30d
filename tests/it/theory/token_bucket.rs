//! Token buckets, each case by both algorithms that decide alike.

use super::Trial;
use super::arrivals::{mean_rate, stated};
use super::case::Case;
use super::fixed_window::by_cost;
use super::judge::Estimate;
use super::setup::{REQUESTS, Setup, evenly_spaced, rate, secs, share_within, sizes};
use ratecast::client::retry::{Constant, Persistence, RetryPolicy};
use ratecast::limiter::{AnyLimiter, Gcra, Limiter, LimiterModel, LimiterSpec, TokenBucket, Verdict};
use ratecast::protocol::Counts;
use ratecast::traffic::sizes::Sizes;
use ratecast::units::{Rate, SimDuration, SimTime};

/// Makes a bucket from its refill and its capacity.
type Make = fn(Rate, u64) -> LimiterSpec;

fn bucket(refill: Rate, capacity: u64) -> LimiterSpec {
    LimiterSpec::TokenBucket(TokenBucket { refill, capacity: Some(capacity) })
}

fn gcra(rate: Rate, burst: u64) -> LimiterSpec {
    LimiterSpec::Gcra(Gcra { rate, burst })
}

/// Requests that go by before any is measured.
const WARMUP: f64 = 1e5;

macro_rules! by_both {
    ($($case:literal => $run:ident,)+) => {
        &[$(
            Trial::new($case, "token-bucket", |case, seed| $run(case, seed, bucket)),
            Trial::new($case, "gcra", |case, seed| $run(case, seed, gcra)),
        )+]
    };
}

pub const TRIALS: &[Trial] = by_both! {
    "P-TB-01" => equal_costs,
    "P-TB-02" => equal_costs,
    "P-TB-03" => equal_costs,
    "P-TB-04" => equal_costs,
    "P-TB-05" => equal_costs,
    "P-TB-06" => equal_costs,
    "P-TB-07" => other_arrivals,
    "P-TB-08" => other_arrivals,
    "P-TB-09" => other_arrivals,
    "P-TB-10" => other_arrivals,
    "P-TB-11" => other_arrivals,
    "P-TB-12" => other_arrivals,
    "P-TB-13" => other_arrivals,
    "P-TB-14" => mixed_costs,
    "P-TB-15" => deterministic,
    "P-TB-16" => deterministic,
    "P-TB-17" => deterministic,
    "P-TB-18" => deterministic,
    "P-TB-20" => waiting,
    "P-TB-21" => waiting,
};

/// A bucket that can hold half a token is one that counts half tokens.
struct Scaled {
    capacity: u64,
    cost: u64,
    refill: Rate,
}

impl Scaled {
    fn new(case: &Case, cost: u64, refill: f64) -> Self {
        let (capacity, scale) = case.fraction("capacity");
        Scaled { capacity, cost: cost * scale, refill: rate(refill * scale as f64) }
    }

    /// Puts the bucket in front of `setup`: on requests where each costs one, otherwise on prompt tokens.
    fn limit(&self, mut setup: Setup, make: Make) -> Setup {
        let limiter = make(self.refill, self.capacity);
        if self.cost == 1 {
            return setup.limit(limiter);
        }
        setup.scenario.traffic[0].1.input_tokens = Sizes::constant(self.cost as u32);
        setup.limit_on(Counts::InputTokens, limiter)
    }
}

fn equal_costs(case: &Case, seed: u64, make: Make) -> Vec<Estimate> {
    let scaled = Scaled::new(case, case.count("cost"), case.number("refill_rate"));
    let lambda = case.number("lambda");
    let setup = scaled.limit(Setup::measured(seed, lambda, WARMUP / lambda, REQUESTS), make);
    let total = setup.run(0).total();
    let offered = total.offered as f64;
    let scale = scaled.cost as f64 / case.number("cost");
    vec![
        Estimate::new("rejection_fraction", total.rejected() as f64 / offered, offered),
        Estimate::new("mean_retry_after_s", setup.mean_retry_after(1), offered),
        Estimate::new("mean_level_at_arrival_tokens", mean_level(&setup, &scaled) / scale, offered),
    ]
}

/// The mean level just before each arrival.
fn mean_level(setup: &Setup, scaled: &Scaled) -> f64 {
    let mut limiter = setup.tier.limits[0].1.limiter.start(&setup.scenario.start);
    let (mut sum, mut seen) = (0.0, 0);
    setup.each_request(0, |request, is_measured| {
        let now = request.arrived;
        if is_measured {
            sum += scaled.capacity as f64 - missing(&mut limiter, now, scaled);
            seen += 1;
        }
        if limiter.admits(now, scaled.cost) {
            limiter.charge(now, scaled.cost);
        }
    });
    sum / f64::from(seen)
}

/// What a bucket lacks is what flows in until all that it can hold would pass.
fn missing(limiter: &mut AnyLimiter, now: SimTime, scaled: &Scaled) -> f64 {
    match limiter.verdict(now, scaled.capacity) {
        Verdict::Admit => 0.0,
        Verdict::RetryAt(full) => (full - now).as_secs_f64() * scaled.refill.per_second(),
        other => panic!("a bucket holds its capacity, yet says {other:?}"),
    }
}

/// Arrivals of every kind but Poisson.
fn other_arrivals(case: &Case, seed: u64, make: Make) -> Vec<Estimate> {
    let scaled = Scaled::new(case, 1, case.number("refill_rate"));
    let traffic = stated(case);
    let lambda = mean_rate(&traffic);
    let setup = Setup::measured_of(seed, traffic, lambda, (WARMUP / lambda, REQUESTS));
    let total = scaled.limit(setup, make).run(0).total();
    let offered = total.offered as f64;
    vec![Estimate::new("rejection_fraction", total.rejected() as f64 / offered, offered)]
}

fn mixed_costs(case: &Case, seed: u64, make: Make) -> Vec<Estimate> {
    let (lambda, costs, shares) = (case.number("lambda"), case.list("costs"), case.list("cost_probabilities"));
    let limiter = make(rate(case.number("refill_rate")), case.count("capacity"));
    let mut setup = Setup::measured(seed, lambda, WARMUP / lambda, REQUESTS).limit_on(Counts::InputTokens, limiter);
    setup.scenario.traffic[0].1.input_tokens = sizes(&costs, &shares);
    let total = setup.run(0).total();
    let offered = total.offered as f64;
    let mut estimates = vec![Estimate::new("rejection_fraction", total.rejected() as f64 / offered, offered)];
    estimates.extend(by_cost(&setup.split(lambda, &costs, &shares), 1, &costs));
    estimates
}

fn deterministic(case: &Case, seed: u64, make: Make) -> Vec<Estimate> {
    let whole = |name: &str| case.text(name).parse::<f64>().expect("a whole number");
    let scaled = Scaled::new(case, 1, whole("refill_rate"));
    evenly(case, |traffic_rate, n| {
        let mut setup = Setup::new(seed, evenly_spaced(traffic_rate), SimDuration::HORIZON);
        setup.scenario.traffic[0].1.requests = Some(n);
        scaled.limit(setup, make)
    })
}

/// How many of a case's evenly spaced requests are admitted, and which is the first that is not.
pub fn evenly(case: &Case, setup: impl Fn(f64, u64) -> Setup) -> Vec<Estimate> {
    let (n, spacing) = (case.count("n"), case.text("request_rate").parse::<f64>().expect("a whole rate"));
    let record = setup(spacing, n).run(0);
    // The first one arrives at zero, and none but whole requests arrive before the first refusal.
    let first = record.limits[0].first_refused.map_or(-1.0, |at| (at.as_secs_f64() * spacing).round());
    vec![
        Estimate::new("admitted", record.total().admitted as f64, n as f64),
        Estimate::new("index_of_first_rejection", first, n as f64),
    ]
}

/// A client that waits for its token: it comes back exactly when it is told to. Of those who come back together the one
/// that was refused first is first, and a request that arrives in between is told the same instant: the queue is FIFO.
fn waiting(case: &Case, seed: u64, make: Make) -> Vec<Estimate> {
    let lambda = case.number("lambda");
    let limiter = make(rate(case.number("refill_rate")), case.count("capacity"));
    let mut setup = Setup::measured(seed, lambda, WARMUP / lambda, REQUESTS).limit(limiter);
    let persistence = Persistence { attempts: u32::MAX, honor_retry_after: true, ..Persistence::default() };
    setup.strategy.retry = RetryPolicy::Constant(Constant { base: secs(1.0), persistence });
    let total = setup.run(0).total();
    let offered = total.offered as f64;
    let mut estimates = vec![
        Estimate::new("fraction_delayed", total.first_rejected() as f64 / offered, offered),
        Estimate::new("mean_wait_s", total.latency.mean_s().unwrap(), offered),
    ];
    for (metric, secs) in case.thresholds("fraction_waiting_more_than_", "_s") {
        estimates.push(Estimate::new(metric, 1.0 - share_within(&total.latency, secs, total.offered), offered));
    }
    estimates
}
