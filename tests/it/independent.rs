//! Decisions against an implementation of other authors: the `governor` crate, on a clock that the test moves.
//!
//! Governor keeps the time per request in whole nanoseconds. Where that is exact, GCRA and the token bucket must agree with it
//! decision by decision and wait by wait (a bucket of capacity b admits what GCRA with burst b does). Where it is cut off,
//! governor is ahead by less than a nanosecond for each request that it has admitted, and never behind.

use governor::clock::{Clock, FakeRelativeClock};
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use ratecast::limiter::{Gcra, Limiter, LimiterModel, TokenBucket, Verdict};
use ratecast::rng::{Seed, Stream};
use ratecast::units::{Civil, Rate, SimDuration, SimTime};
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
