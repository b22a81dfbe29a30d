//! All limits of a tier or none: the provider's bookkeeping against asking each limit by itself.

use crate::generate::{self, Dice, OnPanic};
use ratecast::limiter::{AnyLimiter, Limiter, LimiterModel, Verdict};
use ratecast::protocol::{Counts, Reply, Request};
use ratecast::provider::{Hint, LimitSpec, Quota, Scope, Tier};
use ratecast::units::{Civil, SimDuration, SimTime, Tokens};
use rayon::prelude::*;
use std::collections::BTreeMap;

/// Each limit is asked every time; there are no short cuts.
struct Naive {
    limits: Vec<NaiveLimit>,
}

/// Whom it counts apart, each with a limiter of its own and what was charged to it.
struct NaiveLimit {
    spec: LimitSpec,
    civil: Civil,
    parts: BTreeMap<u32, (AnyLimiter, u64)>,
}

impl NaiveLimit {
    fn part(&mut self, request: &Request) -> &mut (AnyLimiter, u64) {
        let number = match self.spec.scope {
            Scope::Account => 0,
            Scope::Source => u32::from(request.source),
            Scope::Client => request.client,
        };
        self.parts.entry(number).or_insert_with(|| (self.spec.limiter.start(&self.civil), 0))
    }
}

impl Naive {
    fn new(tier: &Tier, civil: &Civil) -> Self {
        let limit = |(_, spec): &(String, LimitSpec)| NaiveLimit {
            spec: spec.clone(),
            civil: civil.clone(),
            parts: BTreeMap::new(),
        };
        Naive { limits: tier.limits.iter().map(limit).collect() }
    }

    fn call(&mut self, now: SimTime, request: &Request) -> Reply {
        let mut last = None;
        for (at, limit) in self.limits.iter_mut().enumerate() {
            let amount = limit.spec.counts.of(request);
            let verdict = if amount == 0 { Verdict::Admit } else { limit.part(request).0.verdict(now, amount) };
            let opens = match verdict {
                Verdict::Admit => continue,
                // Nobody knows when calls end; it may be now.
                Verdict::Busy => now,
                Verdict::RetryAt(at) => at,
                Verdict::Never => SimTime::NEVER,
            };
            if last.is_none_or(|(latest, _, _)| opens > latest) {
                last = Some((opens, at as u16, verdict));
            }
        }
        match last {
            None => self.charge(now, request),
            Some((_, limit, Verdict::Never)) => Reply::TooLarge { limit },
            Some((_, limit, Verdict::Busy)) => Reply::TooManyRequests { limit, retry_after: None },
            Some((opens, limit, _)) => Reply::TooManyRequests { limit, retry_after: Some(opens - now) },
        }
    }

    fn charge(&mut self, now: SimTime, request: &Request) -> Reply {
        for limit in &mut self.limits {
            let amount = limit.spec.counts.of(request);
            if amount > 0 {
                let (limiter, charged) = limit.part(request);
                limiter.charge(now, amount);
                *charged += amount;
            }
        }
        Reply::Accepted
    }

    fn settle(&mut self, now: SimTime, request: &Request) {
        for limit in &mut self.limits {
            let amount = limit.spec.counts.of(request);
            limit.part(request).0.settle(now, amount);
        }
    }
}

/// `reply` to a client that is told of waits as `hint` says.
fn told(reply: Reply, hint: Hint) -> Reply {
    let Reply::TooManyRequests { limit, retry_after } = reply else { return reply };
    let whole_seconds = |wait: SimDuration| SimDuration::from_secs(wait.as_nanos().div_ceil(1_000_000_000));
    let retry_after = match hint {
        Hint::Exact => retry_after,
        Hint::WholeSeconds => retry_after.map(whole_seconds),
        Hint::None => None,
    };
    Reply::TooManyRequests { limit, retry_after }
}

const HINTS: [Hint; 3] = [Hint::Exact, Hint::WholeSeconds, Hint::None];

/// How many replies were compared.
#[derive(Clone, Copy, Default)]
struct Judged {
    accepted: u64,
    refused: u64,
    /// Refused while an earlier refusal still holds, where every limit counts requests: what the gate answers.
    gated: u64,
    too_large: u64,
}

impl Judged {
    fn add(self, other: Judged) -> Judged {
        Judged {
            accepted: self.accepted + other.accepted,
            refused: self.refused + other.refused,
            gated: self.gated + other.gated,
            too_large: self.too_large + other.too_large,
        }
    }
}

struct Course {
    dice: Dice,
    naive: Naive,
    quotas: [Quota; 3], // in the order of HINTS
    in_flight: Vec<Request>,
    now: SimTime,
    closed_until: SimTime,
    is_plain: bool,
}

impl Course {
    fn new(mut dice: Dice) -> Self {
        let limits = dice.pick(1..=4);
        let tier = generate::tier(&mut dice, limits, SimDuration::from_nanos(5));
        let civil = generate::start(&mut dice);
        Course {
            dice,
            naive: Naive::new(&tier, &civil),
            quotas: HINTS.map(|hint| Quota::new(&tier, &civil, hint)),
            in_flight: Vec::new(),
            now: SimTime::ZERO,
            closed_until: SimTime::ZERO,
            is_plain: tier.limits.iter().all(|(_, limit)| limit.counts == Counts::Requests && !limit.limiter.holds()),
        }
    }

    fn request(&mut self) -> Request {
        let tokens = |dice: &mut Dice| Tokens::new(dice.pick(0..=7) as u32);
        let (input, output) = (tokens(&mut self.dice), tokens(&mut self.dice));
        let cached = Tokens::new(self.dice.pick(0..=u64::from(input)) as u32);
        let (source, client) = (self.dice.pick(0..=1) as u16, self.dice.pick(0..=2) as u32);
        let service = SimDuration::from_nanos(1);
        Request { arrived: self.now, input, cached, output, source, client, service, ..Request::default() }
    }

    fn advance(&mut self) {
        self.now = match self.dice.pick(0..=5) {
            0..=2 => self.now,
            3 => self.now.max(self.closed_until),
            _ => self.now + SimDuration::from_nanos(self.dice.pick(0..=20)),
        };
        if self.dice.percent(30) && !self.in_flight.is_empty() {
            let ended = self.in_flight.swap_remove(0);
            self.naive.settle(self.now, &ended);
            self.quotas.iter_mut().for_each(|quota| quota.settle(self.now, &ended));
        }
    }

    fn step(&mut self, judged: &mut Judged) {
        self.advance();
        let (now, request) = (self.now, self.request());
        let reply = self.naive.call(now, &request);
        for (quota, hint) in self.quotas.iter_mut().zip(HINTS) {
            assert_eq!(quota.call(now, &request), told(reply, hint), "{hint:?} at {now:?}");
        }
        match reply {
            Reply::Accepted => {
                self.in_flight.push(request);
                judged.accepted += 1;
            }
            Reply::TooManyRequests { retry_after, .. } => {
                judged.refused += 1;
                judged.gated += u64::from(self.is_plain && now < self.closed_until);
                // Jumping by months would leave nothing to see of shorter limits.
                let near = retry_after.filter(|wait| wait.as_nanos() < 1_000);
                self.closed_until = now + near.unwrap_or(SimDuration::ZERO);
            }
            Reply::TooLarge { .. } => judged.too_large += 1,
            Reply::Failed { fault } => panic!("limits do not fail: {fault:?}"),
        }
    }

    fn finish(self) {
        for quota in &self.quotas {
            let charged: Vec<u64> = quota.usage().map(|usage| usage.charged).collect();
            let most = |limit: &NaiveLimit| limit.parts.values().map(|(_, charged)| *charged).max().unwrap_or(0);
            assert_eq!(charged, self.naive.limits.iter().map(most).collect::<Vec<_>>());
        }
    }
}

fn judge(sequence: u64) -> Judged {
    let _tried = OnPanic(|| format!("sequence {sequence} of the dice `quota`"));
    let mut judged = Judged::default();
    let mut course = Course::new(Dice::new("quota", sequence));
    (0..40).for_each(|_| course.step(&mut judged));
    course.finish();
    judged
}

#[test]
fn a_call_is_charged_to_all_limits_or_to_none() {
    let judged = (0..10_000u64).into_par_iter().map(judge).reduce(Judged::default, Judged::add);
    let Judged { accepted, refused, gated, too_large } = judged;
    assert!(
        [accepted, refused, gated, too_large].iter().all(|&seen| seen > 5_000),
        "{accepted} {refused} {gated} {too_large}"
    );
}
