//! Every retry policy and every known client, in whole runs of one request that meets a closed service: each attempt comes
//! at the nanosecond that the policy says, and never before its time.

use crate::generate::{self, Dice, OnPanic};
use ratecast::client::Strategy;
use ratecast::client::retry::{Backoff, HintRules, RetryPolicy};
use ratecast::durations::Durations;
use ratecast::engine::{Cell, Stop, simulate, simulate_in_full};
use ratecast::limiter::{Align, FixedWindow, LimiterSpec};
use ratecast::protocol::{Counts, Fault};
use ratecast::provider::faults::Outage;
use ratecast::provider::{Hint, LimitSpec, Service, Tier};
use ratecast::recorder::{ClassRecord, Record};
use ratecast::rng::{Seed, Uniforms};
use ratecast::scenario::{Scenario, clients};
use ratecast::traffic::Traffic;
use ratecast::traffic::arrivals::{Arrivals, Constant};
use ratecast::units::{Allowance, Moment, Rate, SimDuration, SimTime};

/// A service that is closed from the start for so long, by a window that somebody else has used up or by an outage.
#[derive(Clone, Copy, Debug)]
struct Closed {
    length: SimDuration,
    by_fault: bool,
    hint: Hint,
    seed: u64,
}

impl Closed {
    fn new(dice: &mut Dice) -> Self {
        let nanos = match dice.pick(0..=2) {
            0 => dice.pick(1..=3_000_000_000),
            1 => dice.pick(1..=300) * 1_000_000_000,
            _ => dice.pick(1..=300_000_000_000),
        };
        Closed {
            length: SimDuration::from_nanos(nanos),
            by_fault: dice.percent(40),
            hint: dice.one_of(&[Hint::Exact, Hint::WholeSeconds, Hint::Milliseconds, Hint::None]),
            seed: dice.pick(0..=1_000_000),
        }
    }

    /// The request of the second source meets the closed service.
    fn scenario(&self) -> Scenario {
        let rate = Rate::new(1, SimDuration::from_secs(1)).expect("a positive rate");
        let once = || Traffic {
            arrivals: Some(Arrivals::Constant(Constant { rate })),
            requests: Some(1),
            ..Traffic::default()
        };
        let none = Durations::constant(SimDuration::ZERO);
        let mut provider = Service {
            time_to_first_token: none.clone(),
            time_per_output_token: none,
            retry_after: self.hint,
            ..Service::default()
        };
        if self.by_fault {
            let outage = Outage {
                at: Some(Moment::After(SimDuration::ZERO)),
                length: self.length,
                retry_after: self.says(),
                ..Outage::default()
            };
            provider.faults.outage = vec![("closed".to_owned(), outage)];
        }
        let names = if self.by_fault { &["probe"][..] } else { &["wall", "probe"] };
        let traffic = names.iter().map(|name| ((*name).to_owned(), once())).collect();
        let duration = SimDuration::from_secs(1_200);
        Scenario { seed: self.seed, duration, provider, traffic, ..Scenario::default() }
    }

    fn tier(&self) -> Tier {
        let limiter =
            LimiterSpec::FixedWindow(FixedWindow { limit: Allowance::per(1, self.length), align: Align::Start });
        let limit = LimitSpec { counts: Counts::Requests, limiter, ..LimitSpec::default() };
        let limits = if self.by_fault { Vec::new() } else { vec![("window".to_owned(), limit)] };
        Tier { limits, ..Tier::default() }
    }

    /// What a 503 says.
    fn says(&self) -> Option<SimDuration> {
        (self.hint == Hint::WholeSeconds).then_some(SimDuration::from_secs(3))
    }

    /// What a 429 at `now` says.
    fn hint_at(&self, now: SimTime) -> Option<SimDuration> {
        let left = self.length.as_nanos() - now.as_nanos();
        let rounded = |unit: u64| SimDuration::from_nanos(left.div_ceil(unit) * unit);
        match self.hint {
            Hint::Exact => Some(rounded(1)),
            Hint::Milliseconds => Some(rounded(1_000_000)),
            Hint::WholeSeconds => Some(rounded(1_000_000_000)),
            _ => None,
        }
    }
}

/// What becomes of the request.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
struct Course {
    attempts: u64,
    /// When it was served; `None` where it was not.
    served: Option<SimDuration>,
    /// When the last attempt was.
    last: SimTime,
    /// Attempts that came exactly when a hint told them to.
    told: u64,
}

/// The course that `policy` leads to, step by step, with the draws of the run.
fn foretold(policy: &RetryPolicy, closed: &Closed, replication: u64) -> Course {
    let backoff = Backoff::new(policy);
    let persistence = policy.model().persistence();
    let mut draws = Uniforms::new(Seed(closed.seed).stream(replication, "jitter/probe"));
    let mut coins = Uniforms::new(Seed(closed.seed).stream(replication, "persistence/probe"));
    let (mut course, mut previous) = (Course { attempts: 1, ..Course::default() }, SimDuration::ZERO);
    let opens = SimTime::ZERO + closed.length;
    while course.last < opens {
        let (now, calls) = (course.last, course.attempts as u32);
        let elapsed = now - SimTime::ZERO;
        let hint = closed.hint_at(now);
        let delay = match closed.by_fault {
            true if !backoff.retries(Fault::Unavailable) => None,
            true => backoff.delay_after_fault(calls, previous, closed.says(), elapsed, || draws.draw()),
            false => backoff.delay(calls, previous, hint, elapsed, || draws.draw()),
        };
        let Some(delay) = delay else { return course };
        if !persistence.is_sure() && coins.draw() >= persistence.persistence.as_f64() {
            return course;
        }
        previous = delay;
        course.last = now + delay;
        course.attempts += 1;
        assert!(course.attempts <= u64::from(persistence.attempts), "too many attempts");
        let total = course.last - SimTime::ZERO;
        assert!(persistence.total_time.is_none_or(|most| total <= most), "an attempt after its time");
        if let Some(hint) = hint.filter(|&hint| !closed.by_fault && persistence.believes(hint))
            && persistence.hints == HintRules::NONE
        {
            assert_eq!(course.last, now + hint, "an attempt that is not when the hint says");
            course.told += 1;
        }
    }
    course.served = Some(course.last - SimTime::ZERO);
    course
}

/// The same as a run has it.
fn seen(record: &Record, course: &Course) -> Course {
    let probe: &ClassRecord = record.classes.last().expect("a source that probes");
    assert_eq!((probe.offered, probe.served() + probe.failed(), probe.pending), (1, 1, 0), "one request, one outcome");
    // The interval of the last attempt that was turned away, and no later one, holds such attempts.
    let turned_away = record.timeline.bins().iter().rposition(|bin| bin.rejected + bin.errors > 0);
    if course.served.is_none() {
        let bin = course.last.as_nanos() / record.timeline.step().as_nanos();
        assert_eq!(turned_away, Some(bin as usize), "the last attempt");
    }
    let served = (probe.served() == 1).then(|| SimDuration::from_nanos(probe.latency.sum_nanos() as u64));
    Course { attempts: probe.attempts(), served, ..*course }
}

fn judge(policy: &RetryPolicy, dice: &mut Dice, sums: &mut [u64; 4]) {
    let closed = Closed::new(dice);
    let _closed = OnPanic(|| format!("{closed:?}"));
    let replication = dice.pick(0..=2);
    let (scenario, tier) = (closed.scenario(), closed.tier());
    let strategy = Strategy { retry: policy.clone(), ..Strategy::default() };
    let cell = Cell { scenario: &scenario, tier: &tier, strategy: &strategy };
    let course = foretold(policy, &closed, replication);
    let run = || simulate(cell, replication, Stop::default()).unwrap_or_else(|error| panic!("{error}"));
    let record = run();
    assert_eq!(seen(&record, &course), course);
    assert_eq!(record, run(), "the same again");
    let full = simulate_in_full(cell, replication, Stop::default()).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(record, full, "the full client does the same");
    for (sum, more) in sums.iter_mut().zip([
        u64::from(course.served.is_some_and(|latency| !latency.is_zero())),
        u64::from(course.served.is_none()),
        course.attempts - 1,
        course.told,
    ]) {
        *sum += more;
    }
}

#[test]
fn every_policy_waits_as_it_says() {
    for kind in generate::kinds_of(&RetryPolicy::registered()) {
        let mut sums = [0; 4];
        for case in 0..400 {
            let mut dice = Dice::new("waiting", case);
            let policy = generate::retry_policy(&mut dice, kind);
            let _tried = OnPanic(|| format!("case {case} of `{kind}`: {policy:?}"));
            judge(&policy, &mut dice, &mut sums);
        }
        println!("{kind}: served late, given up, retries, told by a hint: {sums:?}");
        let [served, failed, retries, told] = sums;
        let never = kind == "none";
        assert!(
            failed > 50 && (never || (served > 50 && retries > 300 && told > 15)),
            "too little was judged: {sums:?}"
        );
    }
}

#[test]
fn every_known_client_waits_as_it_says() {
    let mut sums = [0; 4];
    for name in clients::names() {
        let policy = clients::client(name).expect("a known client").retry;
        for case in 0..40 {
            let mut dice = Dice::new(name, case);
            let _tried = OnPanic(|| format!("case {case} of `{name}`"));
            judge(&policy, &mut dice, &mut sums);
        }
    }
    println!("served late, given up, retries, told by a hint: {sums:?}");
    assert!(sums.iter().all(|&sum| sum > 100), "too little was judged: {sums:?}");
}
