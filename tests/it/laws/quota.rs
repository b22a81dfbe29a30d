//! All limits of a tier or none: the provider's bookkeeping against asking each limit by itself.

use crate::generate::{self, Dice, OnPanic};
use ratecast::limiter::{AnyLimiter, Limiter, LimiterModel, Verdict};
use ratecast::protocol::{Class, Counts, Labels, Reply, Request};
use ratecast::provider::{Admitted, Beyond, Hint, LimitSpec, PriceList, Quota, Refusal, Reserve, Scope, Settle, Tier};
use ratecast::units::{Civil, Share, SimDuration, SimTime, Tokens};
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
    prices: PriceList,
    parts: BTreeMap<u32, (AnyLimiter, u64)>,
}

/// The classes of requests: two share a model, two a team.
fn classes() -> Vec<Class> {
    let class = |name: &str, model: &str, team: Option<&str>, max_tokens: Option<u32>| Class {
        name: name.to_owned(),
        labels: Labels { model: Some(model.to_owned()), team: team.map(str::to_owned), ..Labels::default() },
        max_tokens: max_tokens.map(Tokens::new),
        ..Class::default()
    };
    vec![
        class("a", "large", Some("x"), None),
        class("b", "small", Some("x"), Some(7)),
        class("c", "large", None, Some(8)),
    ]
}

/// What a request amounts to.
struct Amounts {
    reserved: u64,
    used: u64,
}

impl NaiveLimit {
    fn counts(&self, request: &Request) -> bool {
        let (only, except) = (&self.spec.only.models, &self.spec.except.models);
        (only.is_empty() || request.source != 1) && (except.is_empty() || request.source == 1)
    }

    fn part(&mut self, request: &Request) -> &mut (AnyLimiter, u64) {
        let number = match self.spec.scope {
            Scope::Source => u32::from(request.source),
            Scope::Client => request.client,
            Scope::Model => u32::from(request.source == 1),
            Scope::Team => u32::from(request.source == 2),
            _ => 0,
        };
        self.parts.entry(number).or_insert_with(|| (self.spec.limiter.start(&self.civil), 0))
    }

    fn amounts(&self, request: &Request, spilled: bool) -> Amounts {
        let prices = self.prices.beyond(spilled && self.spec.beyond == Beyond::Refuse);
        let max = [9, 7, 8][usize::from(request.source)];
        let stated = [0, 7, 8][usize::from(request.source)];
        let (input, cached) = (request.input.get(), request.cached.get());
        let prompt = u64::from(input - cached) + self.weighed(self.spec.cached, cached);
        let output = u64::from(request.output);
        let estimate = self.estimate(request);
        let spend = |output: u64| prices.of(&Request { output: Tokens::new(output as u32), ..*request });
        let (reserve, burnt) = (self.spec.reserve.unwrap_or_default(), self.spec.burndown * output);
        let (reserved, used) = match self.spec.counts {
            Counts::Requests => (1, 1),
            Counts::Spend => {
                let used = spend(output).billionths();
                let reserved = match self.spec.reserve {
                    None | Some(Reserve::Nothing) => 0,
                    Some(Reserve::Actual) => used,
                    Some(Reserve::Estimate | Reserve::RoomForMaxTokens) => spend(0).billionths(),
                    Some(_) => spend(max).billionths(),
                };
                (reserved, used)
            }
            Counts::InputTokens | Counts::UncachedInputTokens => match reserve {
                Reserve::Actual => (prompt, prompt),
                Reserve::Nothing => (0, prompt),
                _ => (estimate, prompt),
            },
            Counts::OutputTokens => match reserve {
                Reserve::Actual => (burnt, burnt),
                Reserve::MaxTokens => (max, burnt),
                Reserve::Larger => (stated, burnt),
                Reserve::Estimate | Reserve::RoomForMaxTokens | Reserve::Nothing => (0, burnt),
            },
            Counts::TotalTokens => match reserve {
                Reserve::Actual => (prompt + burnt, prompt + burnt),
                Reserve::MaxTokens => (estimate + max, prompt + burnt),
                Reserve::Larger => (estimate.max(stated), prompt + burnt),
                Reserve::Estimate | Reserve::RoomForMaxTokens => (estimate, prompt + burnt),
                Reserve::Nothing => (0, prompt + burnt),
            },
        };
        Amounts { reserved, used }
    }

    /// Cached tokens at such a weight.
    fn weighed(&self, weight: Share, cached: u32) -> u64 {
        let weight = if self.spec.counts == Counts::UncachedInputTokens { Share::default() } else { weight };
        part(weight, u64::from(cached))
    }

    /// The prompt as it is estimated at admission.
    fn estimate(&self, request: &Request) -> u64 {
        let (input, cached) = (request.input.get(), request.cached.get());
        let weight = self.spec.cached_at_arrival.unwrap_or(self.spec.cached);
        part(self.spec.estimate, u64::from(input - cached) + self.weighed(weight, cached))
    }

    /// What `request` must find room for.
    fn asked(&self, request: &Request, spilled: bool) -> u64 {
        if !self.counts(request) {
            return 0;
        }
        let nothing = self.spec.reserve == Some(Reserve::Nothing)
            || (self.spec.reserve.is_none() && self.spec.counts == Counts::Spend);
        let reserved = self.amounts(request, spilled).reserved;
        let max = [9, 7, 8][usize::from(request.source)];
        match (self.spec.reserve, self.spec.counts) {
            (Some(Reserve::RoomForMaxTokens), Counts::Spend) => {
                let prices = self.prices.beyond(spilled && self.spec.beyond == Beyond::Refuse);
                prices.of(&Request { output: Tokens::new(max), ..*request }).billionths()
            }
            (Some(Reserve::RoomForMaxTokens), _) => self.estimate(request) + u64::from(max),
            _ if nothing => reserved.max(1),
            _ => reserved,
        }
    }

    fn overdraw(&mut self, now: SimTime, request: &Request, amount: u64) {
        if amount > 0 {
            let (limiter, charged) = self.part(request);
            limiter.overdraw(now, amount);
            *charged += amount;
        }
    }
}

/// The share of so much, rounded up.
fn part(share: Share, of: u64) -> u64 {
    (share.as_f64() * of as f64 - 1e-9).ceil().max(0.0) as u64
}

impl Naive {
    fn new(tier: &Tier, civil: &Civil) -> Self {
        let limit = |(_, spec): &(String, LimitSpec)| NaiveLimit {
            spec: spec.clone(),
            civil: civil.clone(),
            prices: PriceList::new(&tier.price, &classes()),
            parts: BTreeMap::new(),
        };
        Naive { limits: tier.limits.iter().map(limit).collect() }
    }

    fn call(&mut self, now: SimTime, request: &Request) -> Reply {
        let mut last = None;
        let verdict = |limit: &mut NaiveLimit, spilled| match limit.asked(request, spilled) {
            0 => Verdict::Admit,
            amount => limit.part(request).0.verdict(now, amount),
        };
        let mut spilled = false;
        for limit in self.limits.iter_mut().filter(|limit| limit.spec.beyond == Beyond::Spill) {
            spilled |= verdict(limit, false) != Verdict::Admit;
        }
        for (at, limit) in self.limits.iter_mut().enumerate().filter(|(_, limit)| limit.spec.beyond == Beyond::Refuse) {
            let verdict = verdict(limit, spilled);
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
        let Some((_, limit, _)) = last else { return self.charge(now, request, spilled) };
        for limit in self.limits.iter_mut().filter(|limit| limit.spec.counts_refused) {
            let amount = if limit.counts(request) { limit.amounts(request, spilled).reserved } else { 0 };
            if amount > 0 {
                let (limiter, charged) = limit.part(request);
                limiter.charge_refused(now, amount);
                *charged += amount;
            }
        }
        // Asked again: the one that refused may have been charged for it.
        let refusing = &mut self.limits[usize::from(limit)];
        let amount = refusing.asked(request, spilled);
        let never_fits = amount.min(refusing.asked(request, false)) > refusing.spec.limiter.capacity();
        if never_fits || refusing.spec.refusal == Refusal::Bad {
            return Reply::TooLarge { limit };
        }
        let retry_after = match refusing.part(request).0.verdict(now, amount) {
            Verdict::RetryAt(opens) => Some(opens - now),
            _ => None,
        };
        Reply::TooManyRequests { limit, retry_after }
    }

    fn charge(&mut self, now: SimTime, request: &Request, spilled: bool) -> Reply {
        let mut wait = SimDuration::ZERO;
        for limit in self.limits.iter_mut().filter(|limit| !spilled || limit.spec.beyond != Beyond::Spill) {
            let amount = if limit.counts(request) { limit.amounts(request, spilled).reserved } else { 0 };
            if amount > 0 {
                let (limiter, charged) = limit.part(request);
                limiter.charge(now, amount);
                wait = wait.max(limiter.delay(now));
                *charged += amount;
            }
        }
        Reply::Accepted { wait, spilled }
    }

    /// The limits that took something of `call`.
    fn charged(&mut self, request: &Request, call: &Admitted) -> impl Iterator<Item = &mut NaiveLimit> {
        let counts =
            |limit: &&mut NaiveLimit| limit.counts(request) && !(call.spilled && limit.spec.beyond == Beyond::Spill);
        self.limits.iter_mut().filter(counts)
    }

    fn generate(&mut self, now: SimTime, request: &Request, call: &Admitted, more: u64) {
        for limit in self.charged(request, call).filter(|limit| limit.spec.settle == Some(Settle::AsGenerated)) {
            if matches!(limit.spec.counts, Counts::OutputTokens | Counts::TotalTokens) {
                limit.overdraw(now, request, limit.spec.burndown * more);
            }
        }
    }

    fn settle(&mut self, now: SimTime, request: &Request, call: &Admitted, output: Option<Tokens>) {
        let ended = Request { output: output.unwrap_or(call.generated), ..*request };
        for limit in self.charged(request, call) {
            let Amounts { reserved, .. } = limit.amounts(request, call.spilled);
            let is_unpaid = output.is_none() && limit.spec.counts == Counts::Spend;
            let used = if is_unpaid { 0 } else { limit.amounts(&ended, call.spilled).used };
            let is_by_default = limit.spec.settle.is_none() && limit.spec.counts == Counts::Spend;
            let settle = limit.spec.settle.unwrap_or(if is_by_default { Settle::AtEnd } else { Settle::Never });
            let counts_output = matches!(limit.spec.counts, Counts::OutputTokens | Counts::TotalTokens);
            let is_metered = counts_output && settle == Settle::AsGenerated;
            let generated = if is_metered { limit.spec.burndown * u64::from(call.generated) } else { 0 };
            if limit.spec.limiter.holds() {
                limit.part(request).0.settle(now, reserved);
            } else if settle != Settle::Never {
                let taken = reserved + generated;
                limit.overdraw(now, request, used.saturating_sub(taken));
                let back = taken.saturating_sub(used);
                let (limiter, charged) = limit.part(request);
                limiter.refund(now, call.at, back);
                *charged -= back;
            }
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
        Hint::Milliseconds | Hint::WithinMinute => unreachable!("not among those that are tried"),
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
    spilled: u64,
}

impl Judged {
    fn add(self, other: Judged) -> Judged {
        Judged {
            accepted: self.accepted + other.accepted,
            refused: self.refused + other.refused,
            gated: self.gated + other.gated,
            too_large: self.too_large + other.too_large,
            spilled: self.spilled + other.spilled,
        }
    }
}

struct Course {
    dice: Dice,
    naive: Naive,
    quotas: [Quota; 3], // in the order of HINTS
    in_flight: Vec<(Request, Admitted)>,
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
            quotas: HINTS.map(|hint| Quota::new(&tier, &classes(), &civil, hint)),
            in_flight: Vec::new(),
            now: SimTime::ZERO,
            closed_until: SimTime::ZERO,
            is_plain: tier.limits.iter().all(|(_, limit)| {
                let is_simple = *limit == LimitSpec { limiter: limit.limiter.clone(), ..LimitSpec::default() };
                is_simple && !limit.limiter.holds()
            }),
        }
    }

    fn request(&mut self) -> Request {
        let tokens = |dice: &mut Dice| Tokens::new(dice.pick(0..=7) as u32);
        let (input, output) = (tokens(&mut self.dice), tokens(&mut self.dice));
        let cached = Tokens::new(self.dice.pick(0..=u64::from(input)) as u32);
        let (source, client) = (self.dice.pick(0..=2) as u16, self.dice.pick(0..=2) as u32);
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
            let (ended, call) = self.in_flight.swap_remove(0);
            // Most calls come to their end; some break off on the way, paid for or not.
            let output = match self.dice.pick(0..=9) {
                0 => None,
                1 => {
                    let part = self.dice.pick(u64::from(call.generated)..=u64::from(ended.output));
                    Some(Tokens::new(part as u32))
                }
                _ => Some(ended.output),
            };
            self.naive.settle(self.now, &ended, &call, output);
            self.quotas.iter_mut().for_each(|quota| quota.settle(self.now, &ended, &call, output));
        }
        if self.dice.percent(30) && !self.in_flight.is_empty() {
            let (request, call) = &mut self.in_flight[0];
            let output = self.dice.pick(u64::from(call.generated)..=u64::from(request.output));
            self.naive.generate(self.now, request, call, output - u64::from(call.generated));
            let output = Tokens::new(output as u32);
            self.quotas.iter_mut().for_each(|quota| quota.generate(self.now, request, call, output));
            call.generated = output;
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
            Reply::Accepted { spilled, .. } => {
                self.in_flight.push((request, Admitted { at: now, generated: Tokens::new(0), spilled, factor: 1.0 }));
                judged.spilled += u64::from(spilled);
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
    let Judged { accepted, refused, gated, too_large, spilled } = judged;
    assert!(
        [accepted, refused, gated, too_large, spilled].iter().all(|&seen| seen > 5_000),
        "{accepted} {refused} {gated} {too_large} {spilled}"
    );
}
