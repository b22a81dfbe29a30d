//! The least that W2 and W2s can cost, in the manner of W1.
//!
//! Arrivals, service times and back-off as in W1. Every request is of one of four classes (0.4, 0.3, 0.2, 0.1) and asks for
//! lognormal tokens (mean 1,500, coefficient of variation 1.5), drawn once. Two buckets, full at the start, are asked and
//! charged together: 60 requests refilled at 1/s, and 108,000 tokens. In front of them are slots, held during a call and not
//! during back-off, and a queue, first in, first out.

use super::{ATTEMPTS, BLOCK, Block, Draws, Histogram, LONGEST_DELAY, Outcome, Queue, exp, nanos};
use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, SeedableRng};
use rand_distr::{Distribution, StandardNormal};
use std::collections::VecDeque;

const REQUESTS_IN_BUCKET: f64 = 60.0;
const REQUESTS_A_NANOSECOND: f64 = 1e-9;
const TOKENS_IN_BUCKET: f64 = 108_000.0;

/// Simulates `requests` requests (at least 1) to their end, with 8 slots and 1,800 tokens a second.
pub fn w2(requests: u64, seed: u64) -> Outcome {
    Run::<8, 1_800>::new(seed).finish(requests)
}

/// W2 under stress: 4 slots and 1,400 tokens a second.
pub fn w2s(requests: u64, seed: u64) -> Outcome {
    Run::<4, 1_400>::new(seed).finish(requests)
}

struct Run<const SLOTS: u32, const TOKENS_A_SECOND: u32> {
    draws: Draws,
    sizes: Sizes,
    events: Queue, // (time, number of the call << 1 | whether it is to be tried)
    calls: Vec<Call>,
    free: Vec<u32>,
    waiting: VecDeque<u32>,
    busy: u32,
    requests: Bucket,
    tokens: Bucket,
    attempts: u64,
    refused: [u64; 8],
    gave_up: u64,
    latency: [Histogram; 4],
}

/// A request under way, in a place of its own from arrival to outcome.
#[derive(Clone, Copy)]
struct Call {
    arrived: u64,
    tokens: f64,
    class: u8,
    attempt: u8, // from 1
}

impl<const SLOTS: u32, const TOKENS_A_SECOND: u32> Run<SLOTS, TOKENS_A_SECOND> {
    fn new(seed: u64) -> Self {
        let bucket = |most, gain| Bucket { level: most, at: 0, most, gain };
        Run {
            draws: Draws::new(seed),
            sizes: Sizes::new(seed),
            events: Queue::new(),
            calls: Vec::with_capacity(1024),
            free: Vec::with_capacity(1024),
            waiting: VecDeque::with_capacity(1024),
            busy: 0,
            requests: bucket(REQUESTS_IN_BUCKET, REQUESTS_A_NANOSECOND),
            tokens: bucket(TOKENS_IN_BUCKET, f64::from(TOKENS_A_SECOND) * 1e-9),
            attempts: 0,
            refused: [0; 8],
            gave_up: 0,
            latency: std::array::from_fn(|_| Histogram::new()),
        }
    }

    fn finish(mut self, requests: u64) -> Outcome {
        let mut left = requests - 1;
        let mut next = self.draws.gap();
        loop {
            if next <= self.events.next_at() {
                if next == u64::MAX {
                    break;
                }
                let now = next;
                next = u64::MAX;
                if left > 0 {
                    left -= 1;
                    next = now.wrapping_add(self.draws.gap());
                }
                let (tokens, class) = self.sizes.take();
                let number = self.keep(Call { arrived: now, tokens, class, attempt: 1 });
                self.call(now, number);
            } else {
                let (now, event) = self.events.pop();
                let number = (event >> 1) as u32;
                if event & 1 == 0 { self.complete(now, number) } else { self.call(now, number) }
            }
        }
        let refused = std::array::from_fn(|at| self.refused[at + 1]);
        let [mut latency, others @ ..] = self.latency;
        others.iter().for_each(|other| latency.merge(other));
        Outcome { refused, attempts: self.attempts, gave_up: self.gave_up, latency }
    }

    #[inline(always)]
    fn keep(&mut self, call: Call) -> u32 {
        match self.free.pop() {
            Some(number) => {
                self.calls[number as usize] = call;
                number
            }
            None => {
                self.calls.push(call);
                (self.calls.len() - 1) as u32
            }
        }
    }

    /// A request is to be tried, now or when a slot is free.
    #[inline(always)]
    fn call(&mut self, now: u64, number: u32) {
        if self.busy == SLOTS { self.waiting.push_back(number) } else { self.attempt(now, number) }
    }

    #[inline(always)]
    fn attempt(&mut self, now: u64, number: u32) {
        self.attempts = self.attempts.wrapping_add(1);
        self.requests.refill(now);
        self.tokens.refill(now);
        // SAFETY: every number was given by `keep`, and `calls` never shrinks.
        let call = unsafe { self.calls.get_unchecked_mut(number as usize) };
        if self.requests.level >= 1.0 && self.tokens.level >= call.tokens {
            self.requests.level -= 1.0;
            self.tokens.level -= call.tokens;
            self.busy = self.busy.wrapping_add(1);
            self.events.push(now.wrapping_add(self.draws.service()), u64::from(number) << 1);
            return;
        }
        let nth = usize::from(call.attempt & 7);
        call.attempt = call.attempt.wrapping_add(1);
        self.refused[nth] = self.refused[nth].wrapping_add(1);
        if nth as u64 == ATTEMPTS {
            self.gave_up = self.gave_up.wrapping_add(1);
            self.free.push(number);
        } else {
            let delay = nanos(self.draws.uniform() * LONGEST_DELAY[nth]);
            self.events.push(now.wrapping_add(delay), u64::from(number) << 1 | 1);
        }
    }

    #[inline(always)]
    fn complete(&mut self, now: u64, number: u32) {
        let call = self.calls[number as usize];
        self.latency[usize::from(call.class & 3)].record(now.wrapping_sub(call.arrived));
        self.free.push(number);
        self.busy = self.busy.wrapping_sub(1);
        while self.busy < SLOTS
            && let Some(number) = self.waiting.pop_front()
        {
            self.attempt(now, number);
        }
    }
}

/// A bucket as floats have it; what is lost to rounding is far below a token.
struct Bucket {
    level: f64,
    at: u64,
    most: f64,
    gain: f64, // in a nanosecond
}

impl Bucket {
    #[inline(always)]
    fn refill(&mut self, now: u64) {
        self.level = (self.level + now.wrapping_sub(self.at) as f64 * self.gain).min(self.most);
        self.at = now;
    }
}

/// Tokens and classes, a block at a time.
struct Sizes {
    generator: Xoshiro256PlusPlus,
    tokens: Block<f64>,
    classes: [u8; BLOCK],
    mu: f64,
    sigma: f64,
}

impl Sizes {
    fn new(seed: u64) -> Self {
        let variance = 3.25f64.ln(); // ln(1 + cv²)
        Sizes {
            // Apart from the stream that the rest is drawn from.
            generator: Xoshiro256PlusPlus::seed_from_u64(!seed),
            tokens: Block::new(),
            classes: [0; BLOCK],
            mu: 1_500f64.ln() - variance / 2.0,
            sigma: variance.sqrt(),
        }
    }

    #[inline(always)]
    fn take(&mut self) -> (f64, u8) {
        if self.tokens.next == BLOCK {
            self.draw();
        }
        let class = self.classes[self.tokens.next & (BLOCK - 1)];
        (self.tokens.take(), class)
    }

    #[inline(never)]
    fn draw(&mut self) {
        let tokens = &mut self.tokens.values;
        tokens.fill_with(|| StandardNormal.sample(&mut self.generator));
        tokens.iter_mut().for_each(|tokens| *tokens = exp(self.mu + self.sigma * *tokens));
        for class in &mut self.classes {
            const STEP: f64 = 1.0 / (1u64 << 53) as f64;
            let uniform = (self.generator.next_u64() >> 11) as f64 * STEP;
            *class = u8::from(uniform >= 0.4) + u8::from(uniform >= 0.7) + u8::from(uniform >= 0.9);
        }
        self.tokens.next = 0;
    }
}
