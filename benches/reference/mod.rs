//! The least that W1 can cost: the workload written out by hand, without an engine and without parameters, tuned.
//!
//! Poisson arrivals at 1.2/s. Fixed windows of 60 s, 60 calls each, and a month that never binds. An admitted call takes a
//! lognormal time (mean 2 s, coefficient of variation 1). A refused one is tried again after U(0, min(60 s, 2^(k-1) s)), six
//! attempts in all. Every completion is an event; the engine knows that nothing depends on them and leaves them out.
//!
//! What makes it fast: variates drawn a block at a time, a sorted vector as the event queue (there are about ten events), a
//! request packed into one word, a log-linear histogram, and no check of anything. Sums wrap, because the profile would
//! check them otherwise.

mod w2;

pub use w2::{w2, w2s};

use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, SeedableRng};
use rand_distr::{Distribution, Exp1, StandardNormal};

const SECOND: f64 = 1e9; // ns
const MEAN_GAP: f64 = SECOND / 1.2;
const MINUTE: u64 = 60_000_000_000;
const MONTH: u64 = 2_592_000_000_000_000;
const CALLS_A_MINUTE: u64 = 60;
const CALLS_A_MONTH: u64 = 1_000_000_000;
const ATTEMPTS: u64 = 6;
/// The longest delay after attempt k.
const LONGEST_DELAY: [f64; 8] = [0.0, 1e9, 2e9, 4e9, 8e9, 16e9, 32e9, 60e9];

/// What came of a run.
pub struct Outcome {
    pub refused: [u64; ATTEMPTS as usize],
    pub attempts: u64,
    pub gave_up: u64,
    pub latency: Histogram,
}

/// Simulates `requests` requests (at least 1) to their end.
pub fn w1(requests: u64, seed: u64) -> Outcome {
    let mut run = Run {
        draws: Draws::new(seed),
        queue: Queue::new(),
        minute: Window { end: MINUTE, used: 0 },
        month: Window { end: MONTH, used: 0 },
        attempts: 0,
        refused: [0; 8],
        gave_up: 0,
    };
    let mut latency = Histogram::new();
    let mut left = requests - 1;
    let mut next = run.draws.gap();
    loop {
        if next <= run.queue.next_at() {
            if next == u64::MAX {
                break;
            }
            let now = next;
            next = u64::MAX;
            if left > 0 {
                left -= 1;
                next = now.wrapping_add(run.draws.gap());
            }
            run.attempt(now, now, 1);
        } else {
            let (now, event) = run.queue.pop();
            match (event & 7, event >> 3) {
                (0, arrived) => latency.record(now.wrapping_sub(arrived)),
                (attempt, arrived) => run.attempt(now, arrived, attempt),
            }
        }
    }
    let refused = std::array::from_fn(|at| run.refused[at + 1]);
    Outcome { refused, attempts: run.attempts, gave_up: run.gave_up, latency }
}

struct Run {
    draws: Draws,
    queue: Queue,
    minute: Window,
    month: Window,
    attempts: u64,
    refused: [u64; 8],
    gave_up: u64,
}

struct Window {
    end: u64,
    used: u64,
}

impl Run {
    /// The `attempt`-th attempt (from 1) of the request that arrived at `arrived`.
    #[inline(always)]
    fn attempt(&mut self, now: u64, arrived: u64, attempt: u64) {
        self.attempts = self.attempts.wrapping_add(1);
        while now >= self.minute.end {
            self.minute = Window { end: self.minute.end.wrapping_add(MINUTE), used: 0 };
        }
        if now >= self.month.end {
            self.month = Window { end: self.month.end.wrapping_add(MONTH), used: 0 };
        }
        if self.minute.used < CALLS_A_MINUTE && self.month.used < CALLS_A_MONTH {
            self.minute.used = self.minute.used.wrapping_add(1);
            self.month.used = self.month.used.wrapping_add(1);
            self.queue.push(now.wrapping_add(self.draws.service()), arrived << 3);
            return;
        }
        let nth = (attempt & 7) as usize;
        self.refused[nth] = self.refused[nth].wrapping_add(1);
        if attempt == ATTEMPTS {
            self.gave_up = self.gave_up.wrapping_add(1);
        } else {
            let delay = nanos(self.draws.uniform() * LONGEST_DELAY[nth]);
            self.queue.push(now.wrapping_add(delay), arrived << 3 | attempt.wrapping_add(1));
        }
    }
}

/// Variates, a block of each kind at a time.
struct Draws {
    generator: Xoshiro256PlusPlus,
    gaps: Block<u64>,
    services: Block<u64>,
    uniforms: Block<f64>,
    scratch: [f64; BLOCK],
    mu: f64,
    sigma: f64,
}

const BLOCK: usize = 512;

struct Block<T> {
    values: [T; BLOCK],
    next: usize,
}

impl<T: Copy + Default> Block<T> {
    fn new() -> Self {
        Block { values: [T::default(); BLOCK], next: BLOCK }
    }

    #[inline(always)]
    fn take(&mut self) -> T {
        let value = self.values[self.next & (BLOCK - 1)];
        self.next = self.next.wrapping_add(1);
        value
    }
}

impl Draws {
    fn new(seed: u64) -> Self {
        let variance = 2f64.ln(); // ln(1 + cv²)
        Draws {
            generator: Xoshiro256PlusPlus::seed_from_u64(seed),
            gaps: Block::new(),
            services: Block::new(),
            uniforms: Block::new(),
            scratch: [0.0; BLOCK],
            mu: 2f64.ln() - variance / 2.0 + SECOND.ln(),
            sigma: variance.sqrt(),
        }
    }

    #[inline(always)]
    fn gap(&mut self) -> u64 {
        if self.gaps.next == BLOCK {
            self.draw_gaps();
        }
        self.gaps.take()
    }

    #[inline(never)]
    fn draw_gaps(&mut self) {
        self.scratch.fill_with(|| Exp1.sample(&mut self.generator));
        for (gap, exponential) in self.gaps.values.iter_mut().zip(&self.scratch) {
            *gap = nanos(exponential * MEAN_GAP);
        }
        self.gaps.next = 0;
    }

    #[inline(always)]
    fn service(&mut self) -> u64 {
        if self.services.next == BLOCK {
            self.draw_services();
        }
        self.services.take()
    }

    #[inline(never)]
    fn draw_services(&mut self) {
        self.scratch.fill_with(|| StandardNormal.sample(&mut self.generator));
        for (service, normal) in self.services.values.iter_mut().zip(&self.scratch) {
            *service = nanos(exp(self.mu + self.sigma * normal));
        }
        self.services.next = 0;
    }

    #[inline(always)]
    fn uniform(&mut self) -> f64 {
        if self.uniforms.next == BLOCK {
            self.draw_uniforms();
        }
        self.uniforms.take()
    }

    #[inline(never)]
    fn draw_uniforms(&mut self) {
        const STEP: f64 = 1.0 / (1u64 << 53) as f64;
        self.uniforms.values.fill_with(|| (self.generator.next_u64() >> 11) as f64 * STEP);
        self.uniforms.next = 0;
    }
}

/// Whole nanoseconds by the one instruction that truncates.
#[inline(always)]
fn nanos(x: f64) -> u64 {
    // SAFETY: every variate is finite, at least 0 and far below 2^63: 32 s at most for a delay, and no gap or service time
    // that the generator can produce reaches an hour.
    unsafe { x.to_int_unchecked::<i64>() as u64 }
}

/// e^x for |x| < 700 as plain arithmetic, so that a loop over it becomes vector code: x = k ln 2 + r, a Taylor polynomial
/// for e^r, and k into the exponent's bits.
#[inline(always)]
fn exp(x: f64) -> f64 {
    const SHIFTER: f64 = 6_755_399_441_055_744.0; // 1.5 * 2^52
    const LN_2_HIGH: f64 = f64::from_bits(0x3fe6_2e42_fee0_0000);
    const LN_2_LOW: f64 = f64::from_bits(0x3dea_39ef_3579_3c76);
    const TERMS: [f64; 12] = [
        1.0 / 39_916_800.0,
        1.0 / 3_628_800.0,
        1.0 / 362_880.0,
        1.0 / 40_320.0,
        1.0 / 5_040.0,
        1.0 / 720.0,
        1.0 / 120.0,
        1.0 / 24.0,
        1.0 / 6.0,
        0.5,
        1.0,
        1.0,
    ];
    let shifted = x * std::f64::consts::LOG2_E + SHIFTER;
    let k = shifted - SHIFTER;
    let r = x - k * LN_2_HIGH - k * LN_2_LOW;
    let polynomial = TERMS.iter().fold(1.0 / 479_001_600.0, |sum, term| sum * r + term);
    f64::from_bits(polynomial.to_bits().wrapping_add(shifted.to_bits() << 52))
}

/// (time, arrival << 3 | number of the attempt, 0 for a completion), the latest first and the next one last.
struct Queue(Vec<(u64, u64)>);

impl Queue {
    fn new() -> Self {
        Queue(Vec::with_capacity(1024))
    }

    #[inline(always)]
    fn next_at(&self) -> u64 {
        self.0.last().map_or(u64::MAX, |event| event.0)
    }

    #[inline(always)]
    fn pop(&mut self) -> (u64, u64) {
        self.0.pop().expect("an event is due")
    }

    #[inline(always)]
    fn push(&mut self, at: u64, request: u64) {
        let event = (at, request);
        let mut place = self.0.len();
        self.0.push(event);
        let events = &mut self.0[..];
        // SAFETY: `place` begins at the index of the last element and only decreases, to 0 at the least.
        unsafe {
            while place > 0 && *events.get_unchecked(place.wrapping_sub(1)) < event {
                *events.get_unchecked_mut(place) = *events.get_unchecked(place.wrapping_sub(1));
                place = place.wrapping_sub(1);
            }
            *events.get_unchecked_mut(place) = event;
        }
    }
}

/// Log-linear, 128 buckets for every doubling: a quantile is off by at most 0.4 %.
pub struct Histogram {
    counts: Vec<u64>,
    count: u64,
    sum: u128, // ns
}

const BITS: u32 = 7;

impl Histogram {
    fn new() -> Self {
        Histogram { counts: vec![0; (64 - BITS as usize) << BITS], count: 0, sum: 0 }
    }

    #[inline(always)]
    fn record(&mut self, nanos: u64) {
        let value = nanos | 1 << BITS;
        let shift = 63u32.wrapping_sub(value.leading_zeros()).wrapping_sub(BITS);
        let bucket = ((shift as usize) << BITS).wrapping_add((value >> shift) as usize).wrapping_sub(1 << BITS);
        // SAFETY: `value` has its leading bit at BITS..=63, so that shift is in 0..=63 - BITS and value >> shift in
        // 2^BITS..2^(BITS + 1); hence bucket < (64 - BITS) << BITS.
        unsafe {
            let count = self.counts.get_unchecked_mut(bucket);
            *count = count.wrapping_add(1);
        }
        self.sum = self.sum.wrapping_add(u128::from(nanos));
        self.count = self.count.wrapping_add(1);
    }

    fn merge(&mut self, other: &Histogram) {
        self.counts.iter_mut().zip(&other.counts).for_each(|(mine, theirs)| *mine += theirs);
        self.count += other.count;
        self.sum += other.sum;
    }

    /// Their mean in seconds.
    pub fn mean(&self) -> f64 {
        self.sum as f64 / self.count as f64 * 1e-9
    }

    /// The `q`-quantile in seconds.
    pub fn quantile(&self, q: f64) -> f64 {
        let rank = (q * self.count as f64).ceil() as u64;
        let mut seen = 0;
        let bucket = self.counts.iter().position(|count| {
            seen += count;
            seen >= rank
        });
        let bucket = bucket.expect("the rank is at most the count");
        let (shift, place) = (bucket >> BITS, (bucket & ((1 << BITS) - 1)) + (1 << BITS));
        (place as f64 + 0.5) * (1u64 << shift) as f64 * 1e-9
    }
}
