//! What a policy, or several around one another, comes to where every call fails at once and no reply carries a hint. Coins of
//! a policy (`persistence`) all fall so that it goes on.

use super::stack::Stack;
use super::{Backoff, Failing, RetryPolicy};
use crate::rng::{Seed, Stream};
use crate::units::{SimDuration, SimTime};

/// The window whose closing the figures are about.
pub const WINDOW: SimDuration = SimDuration::from_secs(60);
/// Random figures come from at most so many walks, whose draws are those of the stream [`STREAM`] of seed 1.
pub const WALKS: u64 = 20_000;
/// The stream of those draws.
pub const STREAM: &str = "retry-schedule";

/// Calls of all walks together, at most about.
const CALLS: u64 = 2_000_000;
/// Walks stop here: whoever goes on for so long never gives up.
const MOST_CALLS: u64 = 10_000;
/// Delays that are told one by one.
const MOST_DELAYS: u32 = 10;
/// The greatest draw.
const LAST: f64 = 1.0 - f64::EPSILON / 2.0;

/// The delay before one retry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delay {
    /// The least.
    pub least: SimDuration,
    /// The mean.
    pub mean: SimDuration,
    /// The greatest.
    pub most: SimDuration,
}

/// Policies around one another.
#[derive(Clone, Debug)]
pub struct Schedule {
    stack: Stack,
}

/// What becomes of a request whose every call fails.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outlook {
    /// Calls that it makes: the fewest, the mean and the most of all walks.
    pub calls: (u64, f64, u64),
    /// The mean of what it waits in all; `None` where it never gives up.
    pub mean_wait: Option<SimDuration>,
    /// What it waits in all at the longest; `None` where it never gives up.
    pub longest_wait: Option<SimDuration>,
    /// The chance that a fixed window of [`WINDOW`], which is full when the first call comes, at an instant of it that is
    /// uniform, refuses all others too.
    pub trapped: f64,
    /// Walks behind the figures; 0 where they are exact.
    pub walks: u64,
}

/// One course of events.
#[derive(Clone, Copy, PartialEq)]
struct Walk {
    calls: u64,
    wait: SimDuration,
}

impl Schedule {
    /// Those of `policies` around one another, the innermost first; at least one.
    pub fn new<'p>(policies: impl IntoIterator<Item = &'p RetryPolicy>) -> Self {
        Schedule { stack: Stack::new(policies) }
    }

    /// The delays before the first retries of the innermost layer, whatever the answer that it retries.
    pub fn delays(&self) -> Vec<Delay> {
        let Some(backoff) = self.stack.layers.first() else { return Vec::new() };
        let retries = backoff.persistence.attempts.saturating_sub(1).min(MOST_DELAYS) as usize;
        let (least, most) = (delays_of(backoff, retries, || 0.0), delays_of(backoff, retries, || LAST));
        let steps = &backoff.steps[..retries];
        let means: Option<Vec<SimDuration>> = steps.iter().map(|step| backoff.policy.model().mean(*step)).collect();
        let means = means.unwrap_or_else(|| means_of(backoff, retries));
        let delay = |((least, mean), most)| Delay { least, mean, most };
        least.into_iter().zip(means).zip(most).map(delay).collect()
    }

    /// What becomes of a request whose every call fails so.
    pub fn outlook(&self, failing: Failing) -> Outlook {
        let [least, half, most] = [0.0, 0.5, LAST].map(|draw| self.walk(failing, || draw));
        let sums = self.sums(failing);
        let longest_wait = sums.longest.filter(|_| self.ends());
        let calls = (most.calls, most.calls as f64, most.calls);
        if least == most {
            let mean_wait = longest_wait.map(|_| most.wait);
            return Outlook { calls, mean_wait, longest_wait, trapped: missed(most.wait), walks: 0 };
        }
        // What is sure to end within the window leaves it with a chance that is linear in the wait.
        if let Some(mean) = sums.mean
            && sums.longest.is_some_and(|longest| longest <= WINDOW)
        {
            return Outlook { calls, mean_wait: Some(mean), longest_wait, trapped: missed(mean), walks: 0 };
        }
        let drawn = self.draw(failing, (CALLS / half.calls).clamp(200, WALKS));
        let mean_wait = longest_wait.and(sums.mean.or(drawn.mean_wait));
        Outlook { mean_wait, longest_wait, ..drawn }
    }

    fn draw(&self, failing: Failing, walks: u64) -> Outlook {
        let mut stream = stream();
        let (mut fewest, mut most, mut calls, mut wait, mut trapped) = (u64::MAX, 0, 0u64, 0u128, 0.0);
        for _ in 0..walks {
            let walk = self.walk(failing, || stream.uniform());
            (fewest, most) = (fewest.min(walk.calls), most.max(walk.calls));
            calls += walk.calls;
            wait += u128::from(walk.wait.as_nanos());
            trapped += missed(walk.wait);
        }
        let n = walks as f64;
        let mean_wait = Some(SimDuration::from_nanos((wait / u128::from(walks)) as u64));
        Outlook { calls: (fewest, calls as f64 / n, most), mean_wait, longest_wait: None, trapped: trapped / n, walks }
    }

    /// Calls one after the other until the outermost layer gives up.
    fn walk(&self, failing: Failing, mut draw: impl FnMut() -> f64) -> Walk {
        let mut standing = self.stack.begin(SimTime::ZERO);
        let mut walk = Walk { calls: 0, wait: SimDuration::ZERO };
        let ends = self.ends();
        loop {
            walk.calls += 1;
            let now = SimTime::ZERO.saturating_add(walk.wait);
            let Some(delay) = self.stack.after(now, failing, &mut standing, &mut draw, || 0.0) else {
                return walk;
            };
            walk.wait = walk.wait.saturating_add(delay);
            // Whoever never gives up is followed to the end of the window.
            if walk.calls >= MOST_CALLS || (!ends && walk.wait >= WINDOW) {
                return walk;
            }
        }
    }

    /// What no wait passes and what is waited in the mean, as sums over the layers.
    fn sums(&self, failing: Failing) -> Sums {
        let mut sums = Sums { mean: Some(SimDuration::ZERO), longest: Some(SimDuration::ZERO) };
        self.stack.layers.iter().for_each(|layer| sums = sums.around(layer, failing));
        sums
    }

    fn ends(&self) -> bool {
        self.stack.layers.iter().all(Backoff::ends)
    }
}

/// Sums of waits: the mean where it is known exactly, and the longest where there is one.
#[derive(Clone, Copy)]
struct Sums {
    mean: Option<SimDuration>,
    longest: Option<SimDuration>,
}

impl Sums {
    /// These with `layer` around them: each of its tries is a whole course of what is inside it.
    fn around(self, layer: &Backoff, failing: Failing) -> Sums {
        let (tries, total) = (layer.tries(failing), layer.persistence.total_time);
        let sum = |delays: Vec<SimDuration>, inside: SimDuration| {
            let inside = inside.saturating_mul(u64::from(tries));
            delays.into_iter().fold(inside, SimDuration::saturating_add)
        };
        let counted = if layer.ends_by_count() { self.longest } else { None };
        let counted = counted.map(|inside| sum(after_each(layer, failing, tries - 1, || LAST), inside));
        // The last try begins in time; what is inside it may take longer.
        let timed = self.longest.zip(total).map(|(inside, total)| total.saturating_add(inside));
        // A limit of time that binds would make the number of tries random.
        let is_counted = counted.is_some_and(|longest| total.is_none_or(|total| longest <= total));
        let mean = self.mean.filter(|_| is_counted).and_then(|inside| {
            let steps = layer.steps_for(failing);
            let step = |retry: u32| steps[(retry as usize).min(steps.len()) - 1];
            let means: Option<Vec<SimDuration>> =
                (1..tries).map(|retry| layer.policy.model().mean(step(retry))).collect();
            Some(sum(means?, inside))
        });
        Sums { mean, longest: counted.into_iter().chain(timed).min() }
    }
}

impl Backoff {
    fn steps_for(&self, failing: Failing) -> &[SimDuration] {
        if matches!(failing, Failing::Refused(_)) { &self.steps } else { &self.fault_steps }
    }

    fn ends_by_count(&self) -> bool {
        u64::from(self.persistence.attempts) < MOST_CALLS
    }

    fn ends(&self) -> bool {
        self.ends_by_count() || self.persistence.total_time.is_some()
    }
}

/// The first delays, whatever else ends the policy.
fn delays_of(backoff: &Backoff, retries: usize, draw: impl FnMut() -> f64) -> Vec<SimDuration> {
    after_each(backoff, Failing::Refused(None), retries as u32, draw)
}

fn after_each(backoff: &Backoff, failing: Failing, retries: u32, mut draw: impl FnMut() -> f64) -> Vec<SimDuration> {
    let mut previous = SimDuration::ZERO;
    let next = |retry: u32| {
        previous = backoff.own_delay(backoff.steps_for(failing), retry, previous, &mut draw);
        previous
    };
    (1..=retries).map(next).collect()
}

fn means_of(backoff: &Backoff, retries: usize) -> Vec<SimDuration> {
    let mut stream = stream();
    let mut sums = vec![0u128; retries];
    for _ in 0..WALKS {
        let delays = delays_of(backoff, retries, || stream.uniform());
        sums.iter_mut().zip(delays).for_each(|(sum, delay)| *sum += u128::from(delay.as_nanos()));
    }
    sums.into_iter().map(|sum| SimDuration::from_nanos((sum / u128::from(WALKS)) as u64)).collect()
}

/// The share of the instants of a window from which so long a wait does not lead out of it.
fn missed(wait: SimDuration) -> f64 {
    (1.0 - wait.as_secs_f64() / WINDOW.as_secs_f64()).max(0.0)
}

fn stream() -> Stream {
    Seed(1).stream(0, STREAM)
}
