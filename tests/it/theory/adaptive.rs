//! Rates and windows that grow until something is lost: the laws alone, against theory.

use super::Trial;
use super::case::Case;
use super::judge::Estimate;
use super::setup::{REQUESTS, Setup, secs, share_within};
use ratecast::client::adaptive::hedge::Hedge;
use ratecast::client::adaptive::rate::{self, RateControl, RateModel};
use ratecast::client::adaptive::window::{self, Gather, Sample, Window, WindowSpec};
use ratecast::durations::{Durations, Exponential, Lognormal};
use ratecast::rng::{Seed, Stream};
use ratecast::units::{Rate, SimDuration, SimTime};

pub const TRIALS: &[Trial] = &[
    Trial::new("P-RT-17", "hedge", hedged),
    Trial::new("P-RT-18", "hedge", hedged),
    Trial::new("P-RC-11", "aimd", sawtooth),
    Trial::new("P-RC-12", "aimd window", rounds),
    Trial::new("P-RC-13", "aimd", losses_in_time),
    Trial::new("P-RC-14", "aimd", losses_by_call),
];

fn controller(case: &Case, start: f64) -> Box<dyn RateControl> {
    let rate = |per_second: f64| Rate::nearest(per_second).expect("a rate");
    let model = rate::Aimd {
        start: rate(start),
        increase: rate(case.number("alpha")),
        beta: case.number("beta"),
        // The law of theory has neither.
        floor: rate(1e-6),
        ceiling: rate(1e6),
    };
    model.start()
}

/// The integrals of a rate that is linear between losses, and of its square.
#[derive(Default)]
struct Sums {
    secs: f64,
    rate: f64,
    square: f64,
    losses: f64,
}

impl Sums {
    /// Adds a stretch with so much at its begin and at its end.
    fn add(&mut self, secs: f64, begin: f64, end: f64) {
        self.secs += secs;
        self.rate += secs * (begin + end) / 2.0;
        self.square += secs * (begin * begin + begin * end + end * end) / 3.0;
    }

    fn means(&self) -> [f64; 2] {
        [self.rate / self.secs, self.square / self.secs]
    }
}

/// A millisecond at a time; the rate passes the capacity by no more than it grows in one.
fn sawtooth(case: &Case, _seed: u64) -> Vec<Estimate> {
    const STEP: SimDuration = SimDuration::from_nanos(1_000_000);
    let capacity = case.number("capacity");
    let mut control = controller(case, capacity * case.number("beta"));
    let (mut now, mut sums, mut last) = (SimTime::ZERO, Sums::default(), SimTime::ZERO);
    while sums.losses < 10.0 {
        let begin = control.rate(now).expect("it limits");
        now += STEP;
        let end = control.rate(now).expect("it limits");
        sums.add(STEP.as_secs_f64(), begin, end);
        if end >= capacity {
            control.answered(now, true);
            (sums.losses, last) = (sums.losses + 1.0, now);
        }
    }
    let [mean, square] = sums.means();
    vec![
        Estimate::new("mean_rate_per_s", mean, 1),
        Estimate::new("period_s", last.as_secs_f64() / sums.losses, 1),
        Estimate::new("mean_square_rate", square, 1),
    ]
}

/// Each round is one sample: all of a round's calls are in flight at once, and one that is turned away speaks for all.
fn rounds(case: &Case, _seed: u64) -> Vec<Estimate> {
    assert_eq!(case.count("increment"), 1);
    let model = window::Aimd {
        start: case.count("w0") as u32,
        least: 1,
        most: 1_000,
        beta: case.number("beta"),
        gather: Gather::EACH,
        ..window::Aimd::default()
    };
    let mut window = Window::new(&WindowSpec::Aimd(model));
    let (mut sent, mut rejected, mut decreases) = (0, 0, 0);
    for round in 0..case.count("rounds") {
        let calls = u64::from(window.limit());
        let over = calls.saturating_sub(case.count("capacity"));
        (sent, rejected, decreases) = (sent + calls, rejected + over, decreases + u64::from(over > 0));
        let at = SimTime::from_nanos(round);
        let sample = Sample { at, took: SimDuration::ZERO, in_flight: calls as u32, dropped: over > 0 };
        window.sample(sample, || 0.0);
    }
    let estimate = |metric: &str, count: u64| Estimate::new(metric, count as f64, 1);
    vec![estimate("requests_sent", sent), estimate("requests_rejected", rejected), estimate("decreases", decreases)]
}

/// What the time between losses says, after the first thousand. `next_loss` says when the next one comes.
fn lossy(
    mut control: Box<dyn RateControl>,
    secs: f64,
    next_loss: impl FnMut(SimTime, &mut dyn RateControl) -> SimTime,
) -> Vec<Estimate> {
    const WARMUP: u32 = 1_000;
    let mut next_loss = next_loss;
    let (mut now, mut sums, mut losses) = (SimTime::ZERO, Sums::default(), 0);
    while sums.secs < secs {
        let begin = control.rate(now).expect("it limits");
        let loss = next_loss(now, &mut *control);
        losses += 1;
        if losses > WARMUP {
            sums.add((loss - now).as_secs_f64(), begin, control.rate(loss).expect("it limits"));
            sums.losses += 1.0;
        }
        control.answered(loss, true);
        now = loss;
    }
    let [mean, square] = sums.means();
    vec![
        Estimate::new("mean_rate_per_s", mean, sums.secs),
        Estimate::new("mean_square_rate", square, sums.secs),
        Estimate::new("loss_events_per_s", sums.losses / sums.secs, sums.secs),
    ]
}

fn losses_in_time(case: &Case, seed: u64) -> Vec<Estimate> {
    let mut stream = Seed(seed).stream(0, "losses");
    let kappa = case.number("kappa");
    lossy(controller(case, 10.0), 1e6, |now, _| now + SimDuration::from_secs_f64(stream.exponential() / kappa))
}

/// Calls go one by one when the controller lets them, and each is lost by itself.
fn losses_by_call(case: &Case, seed: u64) -> Vec<Estimate> {
    let mut stream: Stream = Seed(seed).stream(0, "losses");
    let p = case.number("p");
    lossy(controller(case, 40.0), 2e5, |now, control| {
        let mut now = now;
        loop {
            now = control.ready_at(now);
            control.sent(now);
            if stream.uniform() < p {
                return now;
            }
        }
    })
}

/// Whole runs without a limit; that the call which comes too late runs on makes no difference to its request.
fn hedged(case: &Case, seed: u64) -> Vec<Estimate> {
    let mean = secs(case.number("latency_mean"));
    let mut setup = Setup::measured(seed, 10.0, 0.0, REQUESTS);
    setup.scenario.provider.time_to_first_token = match case.text("latency_distribution") {
        "exponential" => Durations::Exponential(Exponential { mean }),
        "lognormal" => Durations::Lognormal(Lognormal { mean, cv: case.number("latency_cv") }),
        other => panic!("no latency {other}"),
    };
    setup.strategy.hedge = Some(Hedge { delay: Some(secs(case.number("hedge_delay"))), ..Hedge::default() });
    let total = setup.run(0).total();
    let offered = total.offered as f64;
    // Where 99 % are answered, by halving.
    let (mut low, mut high) = (0.0, 100.0);
    while high - low > 1e-7 {
        let middle = (low + high) / 2.0;
        if share_within(&total.latency, middle, total.offered) < 0.99 { low = middle } else { high = middle }
    }
    vec![
        Estimate::new("mean_latency_s", total.latency.mean_s().unwrap(), offered),
        Estimate::new("copies_per_request", total.attempts() as f64 / offered, offered),
        Estimate::new("latency_p99_s", high, offered),
    ]
}
