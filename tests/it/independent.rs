//! Decisions against implementations of other authors: the `governor` crate, on a clock that the test moves, and the sliding
//! counter as it was published.
//!
//! Governor keeps the time per request in whole nanoseconds. Where that is exact, GCRA and the token bucket must agree with it
//! decision by decision and wait by wait (a bucket of capacity b admits what GCRA with burst b does). Where it is cut off,
//! governor is ahead by less than a nanosecond for each request that it has admitted, and never behind.

use governor::clock::{Clock, FakeRelativeClock};
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use ratecast::limiter::{Gcra, Limiter, LimiterModel, SlidingCounter, TokenBucket, Verdict};
use ratecast::rng::{Seed, Stream};
use ratecast::units::{Allowance, Civil, Rate, SimDuration, SimTime};
use std::num::NonZeroU32;
use std::time::Duration;

type Direct = RateLimiter<NotKeyed, InMemoryState, FakeRelativeClock, NoOpMiddleware<governor::nanos::Nanos>>;

/// Governor, asked like a limiter of ours.
struct Theirs {
    limiter: Direct,
    clock: FakeRelativeClock,
    now: u64,
}

impl Theirs {
    /// One request each `period` nanoseconds, `burst` at once.
    fn new(period: u64, burst: u32) -> Self {
        let clock = FakeRelativeClock::default();
        let quota = Quota::with_period(Duration::from_nanos(period)).unwrap().allow_burst(some(burst));
        Theirs { limiter: RateLimiter::direct_with_clock(quota, clock.clone()), clock, now: 0 }
    }

    /// Whether `amount` passes, and if so takes it.
    fn verdict(&mut self, now: SimTime, amount: u32) -> Verdict {
        self.clock.advance(Duration::from_nanos(now.as_nanos() - self.now));
        self.now = now.as_nanos();
        match self.limiter.check_n(some(amount)) {
            Ok(Ok(())) => Verdict::Admit,
            Ok(Err(not_until)) => {
                let wait = not_until.wait_time_from(self.clock.now()).as_nanos() as u64;
                Verdict::RetryAt(now + SimDuration::from_nanos(wait))
            }
            Err(_) => Verdict::Never,
        }
    }
}

fn some(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).unwrap()
}

/// What `ours` says, and takes if it passes.
fn verdict(ours: &mut impl Limiter, now: SimTime, amount: u32) -> Verdict {
    let verdict = ours.verdict(now, amount.into());
    if verdict == Verdict::Admit {
        ours.charge(now, amount.into());
    }
    verdict
}

fn gcra(rate: Rate, burst: u32) -> impl Limiter {
    Gcra { rate, burst: burst.into() }.start(&Civil::default())
}

fn bucket(rate: Rate, capacity: u32) -> impl Limiter {
    TokenBucket { refill: rate, capacity: Some(capacity.into()) }.start(&Civil::default())
}

/// The next arrival, a few of them at the same instant; about `load` times as many as pass in the long run.
fn next(stream: &mut Stream, now: SimTime, period: u64, load: f64) -> SimTime {
    let gap = if stream.uniform() < 0.1 { 0.0 } else { stream.exponential() * period as f64 / load };
    now + SimDuration::from_nanos(gap as u64)
}

#[test]
fn a_million_decisions_are_those_of_governor() {
    const SEED: u64 = 31;
    // Nanoseconds a request, and the burst.
    let settings =
        [(1, 1), (250_000_000, 1), (1_000_000_000, 60), (20_000_000, 7), (8_640_000_000, 10_000), (999_999_937, 3)];
    let each = 1_000_000 / settings.len();
    let (mut admitted, mut refused, mut never) = (0, 0, 0);
    for (at, &(period, burst)) in settings.iter().enumerate() {
        let rate = Rate::new(1, SimDuration::from_nanos(period)).unwrap();
        let (mut gcra, mut bucket) = (gcra(rate, burst), bucket(rate, burst));
        let mut theirs = Theirs::new(period, burst);
        let mut stream = Seed(SEED).stream(at as u64, "arrivals");
        let mut now = SimTime::ZERO;
        for arrival in 0..=each {
            now = next(&mut stream, now, period, 1.5);
            // One at a time mostly, sometimes some, now and then more than ever fit.
            let amount = if stream.uniform() < 0.9 { 1 } else { 1 + stream.index(u64::from(burst) + 1) as u32 };
            let expected = theirs.verdict(now, amount);
            let found = [verdict(&mut gcra, now, amount), verdict(&mut bucket, now, amount)];
            assert_eq!(
                found, [expected; 2],
                "seed {SEED}, {period} ns, burst {burst}, arrival {arrival}: {amount} at {now:?}"
            );
            match expected {
                Verdict::Admit => admitted += 1,
                Verdict::Never => never += 1,
                _ => refused += 1,
            }
        }
    }
    println!("governor: {admitted} admitted, {refused} refused for a while and {never} for good, all alike");
    assert!(admitted > 300_000 && refused > 200_000 && never > 5_000, "all three were put to the test");
}

/// Three a second: governor takes 333,333,333 ns for a third of a second. A client that always calls as soon as ours lets it
/// is always let in by governor, which would have done so earlier by a third of a nanosecond for each call so far.
#[test]
fn governor_is_ahead_by_what_it_cuts_off() {
    const CALLS: u64 = 30_000;
    let rate = Rate::new(3, SimDuration::from_secs(1)).unwrap();
    let (mut ours, mut theirs) = (gcra(rate, 5), Theirs::new(333_333_333, 5));
    let (mut now, mut most) = (SimTime::ZERO, 0);
    for call in 0..CALLS {
        assert_eq!(verdict(&mut ours, now, 1), Verdict::Admit, "call {call}");
        assert_eq!(theirs.verdict(now, 1), Verdict::Admit, "call {call}");
        let (Verdict::RetryAt(opens), Verdict::RetryAt(theirs_opens)) =
            (verdict(&mut ours, now, 1), theirs.verdict(now, 1))
        else {
            continue; // the burst is not spent yet
        };
        assert!(theirs_opens <= opens, "call {call}: governor is never behind");
        let ahead = (opens - theirs_opens).as_nanos();
        // A third of a nanosecond a call, and less than one by which ours rounds up to a whole instant.
        assert!(3 * ahead < (call + 1) + 3, "call {call}: {ahead} ns");
        most = most.max(ahead);
        now = opens;
    }
    assert!(most >= CALLS / 3 - 10, "the difference is there: {most} ns");
}

/// The same with random arrivals: where decisions differ, governor admits within that lead of the instant at which ours opens.
#[test]
fn random_arrivals_differ_within_the_lead_alone() {
    const SEED: u64 = 32;
    let mut differences = 0u32;
    for (at, (events, burst)) in [(3, 1), (3, 4), (7, 10), (700_000, 30)].into_iter().enumerate() {
        let rate = Rate::new(events, SimDuration::from_secs(1)).unwrap();
        let period = 1_000_000_000 / events;
        let mut stream = Seed(SEED).stream(at as u64, "arrivals");
        let start = || (gcra(rate, burst), Theirs::new(period, burst));
        let ((mut ours, mut theirs), mut admitted) = (start(), 0);
        let (mut now, mut begin) = (SimTime::ZERO, SimTime::ZERO);
        for arrival in 0..250_000 {
            now = next(&mut stream, now, period, 1.3);
            let since = SimTime::ZERO + (now - begin);
            let (mine, other) = (verdict(&mut ours, since, 1), theirs.verdict(since, 1));
            if (mine == Verdict::Admit) == (other == Verdict::Admit) {
                admitted += u64::from(mine == Verdict::Admit);
                continue;
            }
            let Verdict::RetryAt(opens) = mine else { panic!("governor refuses what ours admits: {other:?}") };
            let lead = (opens - since).as_nanos();
            assert!(lead <= admitted + 1, "seed {SEED}, {events}/s, arrival {arrival}: {lead} ns");
            // From here on one has admitted more than the other: both begin anew.
            differences += 1;
            ((ours, theirs), admitted, begin) = (start(), 0, now);
        }
    }
    println!("governor: {differences} of a million decisions differ, all by less than a nanosecond a call");
    assert!(differences < 10_000);
}

/// The sliding counter as Cloudflare published it, in floats: what this minute has had, and of what the last one had the
/// share that the last sixty seconds still cover.
struct Published {
    window: f64,
    limit: f64,
    number: f64,
    before: f64,
    present: f64,
}

impl Published {
    /// What it would come to if `amount` more were let in.
    fn estimate(&mut self, now: SimTime, amount: u32) -> f64 {
        let windows = now.as_nanos() as f64 / 1e9 / self.window;
        let number = windows.floor();
        if number > self.number {
            self.before = if number == self.number + 1.0 { self.present } else { 0.0 };
            (self.number, self.present) = (number, 0.0);
        }
        self.before * (1.0 - (windows - number)) + self.present + f64::from(amount)
    }
}

#[test]
fn a_million_decisions_are_those_of_the_published_counter() {
    const SEED: u64 = 33;
    let (mut admitted, mut refused, mut close) = (0u32, 0u32, 0u32);
    for (at, (limit, window)) in [(1, 1), (60, 60), (500, 10), (10_000, 3_600)].into_iter().enumerate() {
        let model =
            SlidingCounter { limit: Allowance::per(limit, SimDuration::from_secs(window)), ..Default::default() };
        let mut ours = model.start(&Civil::default());
        let (window, limit) = (window as f64, limit as f64);
        let mut theirs = Published { window, limit, number: 0.0, before: 0.0, present: 0.0 };
        let (mut stream, mut now) = (Seed(SEED).stream(at as u64, "arrivals"), SimTime::ZERO);
        let period = (window * 1e9 / limit) as u64;
        for arrival in 0..250_000 {
            now = next(&mut stream, now, period, 1.4);
            let amount = if stream.uniform() < 0.9 { 1 } else { 1 + stream.index(limit as u64) as u32 };
            let estimate = theirs.estimate(now, amount);
            let is_let_in = verdict(&mut ours, now, amount) == Verdict::Admit;
            if is_let_in != (estimate <= theirs.limit) {
                // Floats of some 1e8 seconds times a limit: rounding alone may decide so close to it.
                assert!(
                    (estimate - limit).abs() < 1e-6 * limit,
                    "seed {SEED}, {limit} in {window} s, arrival {arrival}: {estimate}"
                );
                close += 1;
            }
            theirs.present += if is_let_in { f64::from(amount) } else { 0.0 };
            admitted += u32::from(is_let_in);
            refused += u32::from(!is_let_in);
        }
    }
    println!("the published counter: {admitted} admitted, {refused} refused, {close} decided by rounding");
    assert!(admitted > 300_000 && refused > 200_000 && close < 1_000, "both were put to the test");
}
