//! Limits on what is in flight, and the client's queue in front of its slots.

use super::Trial;
use super::case::Case;
use super::fixed_window::by_cost;
use super::judge::Estimate;
use super::setup::{REQUESTS, Setup, evenly_spaced, mean, poisson, rate, secs, share_within, traffic};
use ratecast::client::Queue;
use ratecast::durations::{Durations, Exponential, Lognormal};
use ratecast::limiter::{Concurrency, LeakyBucket, LimiterSpec};
use ratecast::metrics::{Bill, Metric, Sample, Value};
use ratecast::protocol::Counts;
use ratecast::recorder::{ClassRecord, Failure, LatencyHistogram};
use ratecast::traffic::Traffic;
use ratecast::traffic::arrivals::{Arrivals, Gamma};
use ratecast::traffic::sizes::{self, HeavyTail, Sizes};
use ratecast::units::{Money, Share, SimDuration, Tokens};

pub const TRIALS: &[Trial] = &[
    Trial::new("P-CQ-01", "concurrency", loss),
    Trial::new("P-CQ-02", "concurrency", loss),
    Trial::new("P-CQ-03", "concurrency", loss),
    Trial::new("P-CQ-04", "concurrency", weighted_loss),
    Trial::new("P-CQ-05", "queue", queue),
    Trial::new("P-CQ-06", "queue", queue),
    Trial::new("P-CQ-07", "queue", queue),
    Trial::new("P-CQ-08", "queue", queue),
    Trial::new("P-CQ-09", "queue", queue),
    Trial::new("P-CQ-10", "queue", queue),
    Trial::new("P-CQ-05", "servers", servers),
    Trial::new("P-CQ-06", "servers", servers),
    Trial::new("P-CQ-08", "servers", servers),
    Trial::new("P-CQ-11", "queue-capacity", waiting_room),
    Trial::new("P-CQ-12", "queue", two_branches),
    Trial::new("P-CQ-13", "queue", two_stages),
    Trial::new("P-CQ-14", "queue", queue),
    Trial::new("P-CQ-19", "queue", renewal_fed),
    Trial::new("P-CQ-20", "queue", renewal_fed),
    Trial::new("P-CQ-21", "queue-patience", random_patience),
    Trial::new("P-CQ-22", "queue-deadline", |case, seed| patience(case, seed, Given::Queue)),
    Trial::new("P-CQ-22", "class-deadline", |case, seed| patience(case, seed, Given::Class)),
    Trial::new("P-CQ-22", "queue-patience", |case, seed| patience(case, seed, Given::Patience)),
    Trial::new("P-CQ-23", "queue", late_answers),
    Trial::new("P-CQ-25", "elided", |case, seed| started_empty(case, seed, None)),
    Trial::new("P-CQ-25", "not elided", |case, seed| started_empty(case, seed, Some(1_000_000))),
    Trial::new("P-TB-22", "queue-capacity", leaky_bucket),
    Trial::new("P-TB-22", "leaky-bucket", delaying_limiter),
];

/// Requests that go by before any is measured.
const WARMUP: f64 = 1e5;

fn service(case: &Case) -> Durations {
    let mean = secs(case.number("service_mean"));
    match case.text("service_distribution") {
        "exponential" => Durations::Exponential(Exponential { mean }),
        "lognormal" => Durations::Lognormal(Lognormal { mean, cv: case.number("service_cv") }),
        "deterministic" => Durations::constant(mean),
        other => panic!("no distribution {other}"),
    }
}

/// How long an output token takes where a law of durations is that of counts of tokens: short enough to round nothing.
const PER_TOKEN: SimDuration = SimDuration::from_nanos(1_000);

/// That long, in tokens of [`PER_TOKEN`].
fn tokens(secs: f64) -> Tokens {
    Tokens::new((secs * 1e6).round() as u32)
}

/// The service as a time for each output token and their number: one token that takes all of it, or as many of
/// [`PER_TOKEN`] as a law says that durations do not know.
fn work(case: &Case) -> (Durations, Sizes) {
    let sizes = match case.text("service_distribution") {
        "gamma" => {
            let cv = 1.0 / case.number("service_shape").sqrt();
            Sizes::Gamma(sizes::Gamma { mean: tokens(case.number("service_mean")), cv, max: None })
        }
        "pareto" => {
            let alpha = case.number("service_alpha");
            let tail_from = tokens(case.number("service_mean") * (alpha - 1.0) / alpha);
            // Cut at 4,295 s, which takes less than a millionth off the mean.
            let max = Tokens::new(u32::MAX);
            Sizes::HeavyTail(HeavyTail {
                tail: Share::ONE,
                tail_from,
                tail_exponent: alpha,
                max,
                ..HeavyTail::default()
            })
        }
        _ => return (service(case), Sizes::constant(1)),
    };
    (Durations::constant(PER_TOKEN), sizes)
}

fn loss(case: &Case, seed: u64) -> Vec<Estimate> {
    let lambda = case.number("lambda");
    let limiter = LimiterSpec::Concurrency(Concurrency { limit: case.count("concurrency_limit") });
    let mut setup = Setup::measured(seed, lambda, WARMUP / lambda, REQUESTS).limit(limiter);
    (setup.scenario.provider.time_per_output_token, setup.scenario.traffic[0].1.output_tokens) = work(case);
    let record = setup.run(0);
    let total = record.total();
    let offered = total.offered as f64;
    let in_progress = record.limits[0].held as f64 / setup.scenario.duration.as_nanos() as f64;
    vec![
        Estimate::new("rejection_fraction", total.rejected() as f64 / offered, offered),
        Estimate::new("mean_in_progress", in_progress, offered),
    ]
}

/// A pool of units, of which calls of three kinds hold 1, 4 and 8 for times of three laws.
fn weighted_loss(case: &Case, seed: u64) -> Vec<Estimate> {
    let (lambda, costs) = (case.number("lambda"), case.list("costs"));
    let limiter = LimiterSpec::Concurrency(Concurrency { limit: case.count("pool") });
    let setup = Setup::measured(seed, lambda, WARMUP / lambda, REQUESTS).limit_on(Counts::InputTokens, limiter);
    let mut setup = setup.split(lambda, &costs, &case.list("class_probabilities"));
    setup.scenario.provider.time_per_output_token = Durations::constant(PER_TOKEN);
    let means: Vec<Tokens> = case.list("service_mean").into_iter().map(tokens).collect();
    let cv = case.list("service_parameter")[1];
    let laws = [
        Sizes::Gamma(sizes::Gamma { mean: means[0], cv: 1.0, max: None }),
        Sizes::Lognormal(sizes::Lognormal { mean: means[1], cv, max: None }),
        Sizes::constant(means[2].get()),
    ];
    setup.scenario.traffic.iter_mut().zip(laws).for_each(|((_, traffic), law)| traffic.output_tokens = law);
    let total = setup.run(0).total();
    let offered = total.offered as f64;
    let mut estimates = vec![Estimate::new("rejection_fraction", total.rejected() as f64 / offered, offered)];
    estimates.extend(by_cost(&setup, 1, &costs));
    estimates
}

/// A queue whose waits can be seen one by one, which a record by itself does not show.
///
/// Two sources of one name arrive together, for they draw from the same streams; the first has no output tokens, hence no
/// service time here. So each request has a shadow that enters the queue just before it, holds its slot for no time at
/// all and thereby delays nobody: the shadow's latency is the request's wait.
struct Shadowed {
    setup: Setup,
}

impl Shadowed {
    fn new(mut setup: Setup, (per_token, tokens): (Durations, Sizes), slots: u64) -> Self {
        setup.scenario.provider.time_per_output_token = per_token;
        setup.scenario.traffic[0].1.output_tokens = tokens;
        Shadowed::of(setup, slots)
    }

    /// A shadow for each source of `setup`.
    fn of(mut setup: Setup, slots: u64) -> Self {
        setup.strategy.concurrency = Some(slots as u32);
        let with_shadow = |(name, traffic): (String, Traffic)| {
            let shadow = Traffic { output_tokens: Sizes::constant(0), ..traffic.clone() };
            [(name.clone(), shadow), (name, traffic)]
        };
        setup.scenario.traffic =
            std::mem::take(&mut setup.scenario.traffic).into_iter().flat_map(with_shadow).collect();
        Shadowed { setup }
    }

    fn measured(case: &Case, seed: u64) -> Self {
        let lambda = case.number("lambda");
        let setup = Setup::measured(seed, lambda, WARMUP / lambda, REQUESTS);
        Shadowed::new(setup, work(case), case.count("servers"))
    }

    /// The waits of those served, and the requests themselves.
    fn run(&self) -> (LatencyHistogram, ClassRecord) {
        let (mut waits, mut requests) = (LatencyHistogram::default(), ClassRecord::default());
        for pair in self.setup.run(0).classes.chunks_exact(2) {
            waits.merge(&pair[0].latency);
            requests.merge(&pair[1]);
        }
        (waits, requests)
    }
}

/// How many of those served did not wait at all.
fn undelayed(waits: &LatencyHistogram) -> f64 {
    match waits.cumulative().first() {
        Some((wait, count)) if wait.is_zero() => *count as f64,
        _ => 0.0,
    }
}

fn mean_wait(requests: &ClassRecord) -> f64 {
    requests.queued as f64 * 1e-9 / requests.served() as f64
}

/// From buckets of 0.4 %: the error of a square is about a millionth.
fn mean_square(waits: &LatencyHistogram) -> f64 {
    let (mut sum, mut before) = (0.0, 0);
    for (wait, seen) in waits.cumulative() {
        sum += wait.as_secs_f64().powi(2) * (seen - before) as f64;
        before = seen;
    }
    sum / waits.count() as f64
}

/// Every metric of the case that waits and responses tell.
fn queue_metrics(case: &Case, waits: &LatencyHistogram, requests: &ClassRecord) -> Vec<Estimate> {
    let offered = requests.offered;
    let estimate = |metric: &str, value: f64| Estimate::new(metric, value, offered as f64);
    let known = [
        ("fraction_delayed", 1.0 - undelayed(waits) / offered as f64),
        ("mean_wait_s", mean_wait(requests)),
        ("mean_square_wait_s2", mean_square(waits)),
        ("mean_response_s", requests.latency.mean_s().unwrap()),
        ("wait_p99_s", waits.quantile(0.99).unwrap().as_secs_f64()),
    ];
    let asked = known.iter().filter(|(metric, _)| case.expected.contains_key(*metric));
    let mut estimates: Vec<Estimate> = asked.map(|(metric, value)| estimate(metric, *value)).collect();
    for (histogram, prefix) in
        [(waits, "fraction_waiting_more_than_"), (&requests.latency, "fraction_response_more_than_")]
    {
        for (metric, secs) in case.thresholds(prefix, "_s") {
            estimates.push(estimate(&metric, 1.0 - share_within(histogram, secs, offered)));
        }
    }
    estimates
}

fn queue(case: &Case, seed: u64) -> Vec<Estimate> {
    let (waits, requests) = Shadowed::measured(case, seed).run();
    queue_metrics(case, &waits, &requests)
}

/// The same queue, inside the provider.
fn servers(case: &Case, seed: u64) -> Vec<Estimate> {
    let mut shadowed = Shadowed::measured(case, seed);
    shadowed.setup.scenario.provider.servers = shadowed.setup.strategy.concurrency.take();
    let (waits, mut requests) = shadowed.run();
    // To the client such a wait is part of the call; the shadows tell it apart.
    requests.queued = waits.sum_nanos();
    queue_metrics(case, &waits, &requests)
}

fn renewal_fed(case: &Case, seed: u64) -> Vec<Estimate> {
    let lambda = 1.0 / case.number("interarrival_mean");
    let source = match case.text("interarrival_distribution") {
        "deterministic" => evenly_spaced(lambda),
        "gamma" => {
            let shape = Some(case.number("interarrival_shape"));
            traffic(Arrivals::Gamma(Gamma { rate: rate(lambda), cv: None, shape }))
        }
        other => panic!("no distribution {other}"),
    };
    let setup = Setup::measured_of(seed, source, lambda, (WARMUP / lambda, REQUESTS));
    let (waits, requests) = Shadowed::new(setup, work(case), 1).run();
    queue_metrics(case, &waits, &requests)
}

/// Erlang's distribution of two stages: the first token is one, the only output token the other.
fn two_stages(case: &Case, seed: u64) -> Vec<Estimate> {
    assert_eq!((case.text("service_distribution"), case.count("service_shape")), ("gamma", 2));
    let stage = Durations::Exponential(Exponential { mean: secs(case.number("service_mean") / 2.0) });
    let lambda = case.number("lambda");
    let mut setup = Setup::measured(seed, lambda, WARMUP / lambda, REQUESTS);
    setup.scenario.provider.time_to_first_token = stage.clone();
    setup.scenario.provider.time_per_output_token = stage;
    setup.scenario.traffic[0].1.output_tokens = Sizes::constant(1);
    setup.strategy.concurrency = Some(case.count("servers") as u32);
    let total = setup.run(0).total();
    // A shadow would take the first stage too, so who was delayed cannot be told here.
    vec![Estimate::new("mean_wait_s", mean_wait(&total), total.offered as f64)]
}

/// Two kinds of calls, short and long ones, each with exponential times: together a hyperexponential law.
fn two_branches(case: &Case, seed: u64) -> Vec<Estimate> {
    assert_eq!(case.text("service_distribution"), "hyperexponential2");
    let (lambda, mean, scv) = (case.number("lambda"), case.number("service_mean"), case.number("service_scv"));
    let short = 0.5 * (1.0 + ((scv - 1.0) / (scv + 1.0)).sqrt());
    let shares = [short, 1.0 - short];
    let mut setup = Setup::measured(seed, lambda, WARMUP / lambda, REQUESTS).split(lambda, &[0.0, 1.0], &shares);
    setup.scenario.provider.time_per_output_token = Durations::constant(PER_TOKEN);
    for ((_, traffic), share) in setup.scenario.traffic.iter_mut().zip(shares) {
        // Balanced: either branch is half of the work.
        let mean = tokens(0.5 * mean / share);
        traffic.output_tokens = Sizes::Gamma(sizes::Gamma { mean, cv: 1.0, max: None });
    }
    let (waits, requests) = Shadowed::of(setup, case.count("servers")).run();
    queue_metrics(case, &waits, &requests)
}

fn waiting_room(case: &Case, seed: u64) -> Vec<Estimate> {
    let mut shadowed = Shadowed::measured(case, seed);
    let room = case.count("system_capacity") - case.count("servers");
    // Shadows wait as well: twice the places for twice the requests.
    shadowed.setup.strategy.queue = Queue { capacity: Some(2 * room), ..Queue::default() };
    let (waits, requests) = shadowed.run();
    let (offered, served) = (requests.offered as f64, requests.served() as f64);
    vec![
        Estimate::new("rejection_fraction", requests.failures[Failure::Shed as usize] as f64 / offered, offered),
        Estimate::new("mean_wait_of_admitted_s", mean_wait(&requests), offered),
        Estimate::new("fraction_of_admitted_delayed", 1.0 - undelayed(&waits) / served, offered),
    ]
}

/// How a bound on waiting is stated.
enum Given {
    /// As a deadline of the queue.
    Queue,
    /// As one of the requests themselves.
    Class,
    /// As a patience that is the same for all.
    Patience,
}

fn patience(case: &Case, seed: u64, given: Given) -> Vec<Estimate> {
    let mut shadowed = Shadowed::measured(case, seed);
    let timeout = case.number("timeout");
    let deadline = Some(secs(timeout));
    let setup = &mut shadowed.setup;
    match given {
        Given::Queue => setup.strategy.queue.deadline = deadline,
        Given::Class => setup.scenario.traffic.iter_mut().for_each(|(_, traffic)| traffic.deadline = deadline),
        Given::Patience => setup.strategy.queue.patience = deadline.map(Durations::constant),
    }
    let (waits, requests) = shadowed.run();
    let (offered, expired) = (requests.offered as f64, requests.failures[Failure::Expired as usize] as f64);
    let waited = requests.queued as f64 * 1e-9 + expired * timeout;
    vec![
        Estimate::new("timeout_fraction", expired / offered, offered),
        Estimate::new("fraction_delayed", 1.0 - undelayed(&waits) / offered, offered),
        Estimate::new("mean_wait_s", waited / offered, offered),
    ]
}

/// A request and its shadow draw the same patience, from streams of one name, and leave together if at all. How long those
/// waited who left no record says. (The mean wait is the mean patience times the share that leaves: nothing new.)
fn random_patience(case: &Case, seed: u64) -> Vec<Estimate> {
    let mut shadowed = Shadowed::measured(case, seed);
    let law = Exponential { mean: secs(case.number("patience_mean")) };
    shadowed.setup.strategy.queue.patience = Some(Durations::Exponential(law));
    let (waits, requests) = shadowed.run();
    let (offered, expired) = (requests.offered as f64, requests.failures[Failure::Expired as usize] as f64);
    vec![
        Estimate::new("timeout_fraction", expired / offered, offered),
        Estimate::new("fraction_delayed", 1.0 - undelayed(&waits) / offered, offered),
    ]
}

/// Answers that come when nobody waits for them any more.
fn late_answers(case: &Case, seed: u64) -> Vec<Estimate> {
    let (_, requests) = Shadowed::measured(case, seed).run();
    let in_time = share_within(&requests.latency, case.number("deadline"), requests.offered);
    let per_second = requests.offered as f64 / (REQUESTS / case.number("lambda"));
    vec![
        Estimate::new("timeout_fraction", 1.0 - in_time, requests.offered as f64),
        Estimate::new("goodput_per_s", in_time * per_second, requests.offered as f64),
    ]
}

/// What has no outcome when the run ends, without a drain, is in progress.
fn started_empty(case: &Case, seed: u64, slots: Option<u32>) -> Vec<Estimate> {
    const RUNS: u32 = 20_000;
    let mut setup = Setup::new(seed, poisson(case.number("lambda")), secs(case.number("time")));
    setup.scenario.provider.time_to_first_token = service(case);
    setup.scenario.drain = secs(0.0);
    setup.strategy.concurrency = slots;
    let pending = setup.runs(RUNS.into(), |record| record.total().pending as f64);
    let more_than_22 = pending.iter().filter(|&&n| n > 22.0).count() as f64 / f64::from(RUNS);
    vec![
        Estimate::new("mean_in_progress", mean(&pending), RUNS),
        Estimate::new("probability_more_than_22_in_progress", more_than_22, RUNS),
    ]
}

/// A limiter that delays is a slot that each request holds for the spacing, with `burst` places to wait.
fn leaky_bucket(case: &Case, seed: u64) -> Vec<Estimate> {
    let lambda = case.number("lambda");
    let mut setup = Setup::measured(seed, lambda, WARMUP / lambda, REQUESTS);
    setup.scenario.provider.time_to_first_token = Durations::constant(secs(1.0 / case.number("rate")));
    setup.strategy.concurrency = Some(1);
    setup.strategy.queue = Queue { capacity: Some(case.count("burst")), ..Queue::default() };
    let total = setup.run(0).total();
    let offered = total.offered as f64;
    vec![
        Estimate::new("rejection_fraction", total.failures[Failure::Shed as usize] as f64 / offered, offered),
        Estimate::new("mean_delay_of_admitted_s", mean_wait(&total), offered),
    ]
}

/// The same by a limiter of the provider: calls wait after they were admitted.
fn delaying_limiter(case: &Case, seed: u64) -> Vec<Estimate> {
    let lambda = case.number("lambda");
    let limiter = LeakyBucket { rate: rate(case.number("rate")), queue: case.count("burst") };
    let setup = Setup::measured(seed, lambda, WARMUP / lambda, REQUESTS).limit(LimiterSpec::LeakyBucket(limiter));
    let total = setup.run(0).total();
    let offered = total.offered as f64;
    let bill = Bill { usage: Money::ZERO, of_month: None, fixed: Money::ZERO, months: 1.0 };
    let sample = Sample::of(&total, setup.scenario.duration, bill);
    let Value::Is(delay) = sample.get(Metric::ProviderWaitMean) else { panic!("some calls are served") };
    vec![
        Estimate::new("rejection_fraction", total.rejected() as f64 / offered, offered),
        Estimate::new("mean_delay_of_admitted_s", delay, offered),
    ]
}
