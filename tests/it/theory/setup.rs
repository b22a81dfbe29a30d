//! The cell that a case describes, and its runs.

use ratecast::client::Strategy;
use ratecast::client::retry::{NoRetry, RetryPolicy};
use ratecast::durations::Durations;
use ratecast::engine::{Cell, Stop, simulate};
use ratecast::limiter::{Align, FixedWindow, LimiterSpec};
use ratecast::protocol::{Counts, Reply, Request};
use ratecast::provider::{Hint, LimitSpec, Quota, Service, Tier};
use ratecast::recorder::{LatencyHistogram, Record};
use ratecast::scenario::Scenario;
use ratecast::traffic::arrivals::{Arrivals, Constant, Poisson};
use ratecast::traffic::sizes::{Empirical, Sizes};
use ratecast::traffic::{Columns, Feed, Traffic};
use ratecast::units::{Allowance, Rate, SimDuration, Tokens, grammar};
use rayon::prelude::*;

/// Requests that a case measures, unless it says otherwise.
pub const REQUESTS: f64 = 1e6;

/// A cell with no limit, no retry, no queue and calls that take no time, until told otherwise.
pub struct Setup {
    pub scenario: Scenario,
    pub tier: Tier,
    pub strategy: Strategy,
}

/// The whole nanoseconds nearest to `secs` seconds.
pub fn secs(secs: f64) -> SimDuration {
    SimDuration::from_secs_f64(secs)
}

/// Exactly the decimal number `per_second`.
pub fn rate(per_second: f64) -> Rate {
    grammar::rate(&format!("{per_second}/s")).expect("a rate")
}

pub fn poisson(per_second: f64) -> Traffic {
    traffic(Arrivals::Poisson(Poisson { rate: rate(per_second) }))
}

/// Requests at the instants k / `per_second`, k = 0, 1, …
pub fn evenly_spaced(per_second: f64) -> Traffic {
    traffic(Arrivals::Constant(Constant { rate: rate(per_second) }))
}

pub fn traffic(arrivals: Arrivals) -> Traffic {
    Traffic { arrivals: Some(arrivals), ..Traffic::default() }
}

/// Prompt sizes from a list with weights.
pub fn sizes(costs: &[f64], weights: &[f64]) -> Sizes {
    let values = costs.iter().map(|&cost| Tokens::new(cost as u32)).collect();
    Sizes::Empirical(Empirical { values, weights: weights.to_vec() })
}

/// `amount` per window of `length` seconds.
pub fn window(amount: u64, length: f64, align: Align) -> LimiterSpec {
    LimiterSpec::FixedWindow(FixedWindow { limit: Allowance::per(amount, secs(length)), align })
}

impl Setup {
    /// One source, for so long.
    pub fn new(seed: u64, traffic: Traffic, duration: SimDuration) -> Self {
        let none = Durations::constant(SimDuration::ZERO);
        let provider = Service {
            time_to_first_token: none.clone(),
            time_per_output_token: none,
            retry_after: Hint::Exact,
            ..Service::default()
        };
        let scenario =
            Scenario { seed, duration, provider, traffic: vec![("app".to_owned(), traffic)], ..Scenario::default() };
        let strategy = Strategy { retry: RetryPolicy::NoRetry(NoRetry {}), ..Strategy::default() };
        Setup { scenario, tier: Tier::default(), strategy }
    }

    /// Poisson traffic of which about `requests` are measured, after a warm-up of `warmup` seconds.
    pub fn measured(seed: u64, per_second: f64, warmup: f64, requests: f64) -> Self {
        Setup::measured_of(seed, poisson(per_second), per_second, (warmup, requests))
    }

    /// The same of any traffic whose mean rate is `per_second`.
    pub fn measured_of(seed: u64, traffic: Traffic, per_second: f64, (warmup, requests): (f64, f64)) -> Self {
        let mut setup = Setup::new(seed, traffic, secs(warmup + requests / per_second));
        setup.scenario.warmup = secs(warmup);
        setup
    }

    /// Adds a limit on requests.
    pub fn limit(self, limiter: LimiterSpec) -> Self {
        self.limit_on(Counts::Requests, limiter)
    }

    /// Adds a limit.
    pub fn limit_on(mut self, counts: Counts, limiter: LimiterSpec) -> Self {
        let name = format!("limit-{}", self.tier.limits.len());
        self.tier.limits.push((name, LimitSpec { counts, limiter, ..LimitSpec::default() }));
        self
    }

    /// The same, whose limits charge refused calls too.
    pub fn counting_refused(mut self) -> Self {
        self.tier.limits.iter_mut().for_each(|(_, limit)| limit.counts_refused = true);
        self
    }

    /// Splits the traffic into one Poisson source for each size of prompt. The sum of independent Poisson processes is
    /// one whose requests draw their size at random, and this way the record tells the sizes apart.
    pub fn split(mut self, per_second: f64, costs: &[f64], shares: &[f64]) -> Self {
        let source = |(cost, share): (&f64, &f64)| {
            // Rounded, because a product such as 6 * 0.7 is not a decimal of few digits in binary.
            let rate = (per_second * share * 1e9).round() / 1e9;
            let traffic = Traffic { input_tokens: Sizes::constant(*cost as u32), ..poisson(rate) };
            (format!("cost-{cost}"), traffic)
        };
        self.scenario.traffic = costs.iter().zip(shares).map(source).collect();
        self
    }

    /// One replication.
    pub fn run(&self, replication: u64) -> Record {
        let cell = Cell { scenario: &self.scenario, tier: &self.tier, strategy: &self.strategy };
        simulate(cell, replication, Stop::default()).unwrap_or_else(|error| panic!("{error}"))
    }

    /// What `look` sees in each of `runs` replications, in their order.
    pub fn runs<T: Send>(&self, runs: u64, look: impl Fn(Record) -> T + Sync) -> Vec<T> {
        (0..runs).into_par_iter().map(|replication| look(self.run(replication))).collect()
    }

    /// Hands every request of a replication to `see`, in the order of arrival and without an engine, for figures that a
    /// record does not hold. The second argument says whether the request is measured. Only for a single source.
    pub fn each_request(&self, replication: u64, mut see: impl FnMut(&Request, bool)) {
        let (name, traffic) = &self.scenario.traffic[0];
        let mut feed = Feed::new(traffic, name, &self.scenario.setting(replication)).expect("no log");
        let mut columns = Columns::default();
        let span = |duration: SimDuration| duration.as_nanos();
        loop {
            let rows = feed.fill(&mut columns).expect("no log");
            for row in 0..rows {
                let arrived = columns.arrived[row];
                if arrived.as_nanos() >= span(self.scenario.duration) {
                    return;
                }
                let (input, output) = (columns.input[row], columns.output[row]);
                let request = Request { arrived, input, output, service: SimDuration::ZERO, ..Request::default() };
                see(&request, arrived.as_nanos() >= span(self.scenario.warmup));
            }
        }
    }

    /// The sum of the exact `Retry-After` over refused requests in seconds, and how many were refused, without retries.
    pub fn retry_after(&self, replication: u64) -> (f64, u64) {
        let mut quota = Quota::new(&self.tier, &self.scenario.facts(), &self.scenario.start, Hint::Exact);
        let (mut sum, mut refused) = (0.0, 0);
        self.each_request(replication, |request, is_measured| {
            if let Reply::TooManyRequests { retry_after: Some(wait), .. } = quota.call(request.arrived, request)
                && is_measured
            {
                sum += wait.as_secs_f64();
                refused += 1;
            }
        });
        (sum, refused)
    }

    /// The mean of the exact `Retry-After` over all refused requests of `runs` replications.
    pub fn mean_retry_after(&self, runs: u64) -> f64 {
        let all = (0..runs).into_par_iter().map(|replication| self.retry_after(replication));
        let (sum, refused) = all.reduce(|| (0.0, 0), |one, other| (one.0 + other.0, one.1 + other.1));
        sum / refused as f64
    }
}

/// The share of `population` that took at most `secs`. Within the bucket that holds `secs` counts are taken as even.
pub fn share_within(latency: &LatencyHistogram, secs: f64, population: u64) -> f64 {
    let nanos = secs * 1e9;
    let half_bucket = |middle: f64| (middle.log2().floor() - 9.0).exp2();
    let mut below = 0;
    for (middle, within) in latency.cumulative() {
        let middle = middle.as_nanos() as f64;
        if middle + half_bucket(middle) > nanos {
            let part = (nanos - (middle - half_bucket(middle))) / (2.0 * half_bucket(middle));
            let inside = (within - below) as f64 * part.clamp(0.0, 1.0);
            return (below as f64 + inside) / population as f64;
        }
        below = within;
    }
    below as f64 / population as f64
}

pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}
