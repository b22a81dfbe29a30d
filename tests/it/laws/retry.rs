//! Every retry policy stays within what it states.

use crate::generate::{self, Dice, OnPanic};
use ratecast::client::retry::{Backoff, Composed, HintRules, HintUse, Jitter, Law, LongHint, Persistence, RetryPolicy};
use ratecast::params::Choice;
use ratecast::scenario::clients;
use ratecast::units::SimDuration;

/// The least and the greatest delay that `policy` may choose by itself before its `retry`-th retry, in nanoseconds. A new
/// policy needs a line here.
fn bounds(policy: &RetryPolicy, retry: u32, previous: SimDuration) -> (f64, f64) {
    let nanos = |span: SimDuration| span.as_nanos() as f64;
    let exponential = |base: SimDuration, factor: f64, cap: SimDuration| {
        (nanos(base) * factor.powi(retry as i32 - 1)).min(nanos(cap))
    };
    match policy {
        RetryPolicy::NoRetry(_) => panic!("never retries"),
        RetryPolicy::Constant(p) => (nanos(p.base), nanos(p.base)),
        RetryPolicy::Linear(p) => {
            let step = (nanos(p.base) * f64::from(retry)).min(nanos(p.cap));
            (step, step)
        }
        RetryPolicy::Exponential(p) => {
            let step = exponential(p.growth.base, p.growth.factor, p.growth.cap);
            (step, step)
        }
        RetryPolicy::FullJitter(p) => (0.0, exponential(p.growth.base, p.growth.factor, p.growth.cap)),
        RetryPolicy::EqualJitter(p) => {
            let step = exponential(p.growth.base, p.growth.factor, p.growth.cap);
            (step / 2.0, step)
        }
        RetryPolicy::DecorrelatedJitter(p) => {
            let reach = 3.0 * nanos(previous).max(nanos(p.base));
            (nanos(p.base).min(nanos(p.cap)), reach.min(nanos(p.cap)))
        }
        RetryPolicy::Composed(p) => composed_bounds(p, retry, nanos(previous)),
    }
}

fn fibonacci(retry: u32) -> f64 {
    if retry <= 2 { 1.0 } else { fibonacci(retry - 1) + fibonacci(retry - 2) }
}

fn composed_bounds(p: &Composed, retry: u32, previous: f64) -> (f64, f64) {
    let nanos = |span: SimDuration| span.as_nanos() as f64;
    let (base, most) = (nanos(p.base), p.cap.map_or(f64::INFINITY, nanos));
    if p.first_at_once && retry == 1 {
        return (0.0, 0.0);
    }
    let grown = match (&p.delays, p.law) {
        _ if p.jitter == Jitter::Decorrelated => base,
        (Some(delays), _) => nanos(delays[(retry as usize).min(delays.len()) - 1]),
        (None, Law::Constant) => base,
        (None, Law::Linear) => base * f64::from(retry),
        (None, Law::Exponential) => base * p.factor.powi(retry as i32 - 1),
        (None, Law::Fibonacci) => base * fibonacci(retry),
    };
    let least = p.least.map_or(0.0, nanos);
    let step = grown.min(most).max(least);
    let (low, high) = match p.jitter {
        Jitter::None => (step, step),
        Jitter::Full => (0.0, step),
        Jitter::AboveLeast => (least, step),
        Jitter::Equal => (step / 2.0, step),
        Jitter::Factor { below, above } => (step * (1.0 - below.as_f64()), step * (1.0 + above.as_f64())),
        Jitter::Added(added) => (step, step + nanos(added)),
        // The greatest draw is 1 - 2^-53.
        Jitter::Exponential => (0.0, step * 53.0 * std::f64::consts::LN_2),
        Jitter::Decorrelated => (base.min(most), (3.0 * previous.max(base)).min(most)),
        // f(t) < 2^t, and two that follow one another are less than two steps apart.
        Jitter::DecorrelatedV2 => (0.0, (base * 2f64.powi(retry as i32) / 1.4).min(most)),
    };
    if p.cap_jittered { (low.min(most), high.min(most)) } else { (low, high) }
}

/// What becomes of a hint: obeyed, replaced by the own delay, or the end.
fn told(persistence: &Persistence, hint: SimDuration, own: SimDuration, draw: f64) -> Option<SimDuration> {
    if !persistence.honor_retry_after {
        return Some(own);
    }
    let rules = persistence.hints;
    let is_long = persistence.max_retry_after.is_some_and(|max| hint > max);
    let hint = match rules.long {
        Some(LongHint::GiveUp) if is_long => return None,
        Some(LongHint::Clip) if is_long => persistence.max_retry_after?,
        _ if is_long => return Some(own),
        _ => hint,
    };
    let hint = hint + rules.extra.unwrap_or_default() + rules.jitter.unwrap_or_default().scale(draw);
    Some(match rules.usage {
        Some(HintUse::Ceiling) => hint.min(own),
        Some(HintUse::Floor) if hint > own => rules.stretch.map_or(hint, |stretch| hint.min(own + stretch)),
        Some(HintUse::Floor) => own,
        _ => hint,
    })
}

/// How often each branch was taken.
#[derive(Default)]
struct Judged {
    own: u64,
    believed: u64,
    disbelieved: u64,
    out_of_attempts: u64,
    out_of_time: u64,
    bent: u64,
}

struct Refusal {
    refusals: u32,
    previous: SimDuration,
    hint: Option<SimDuration>,
    elapsed: SimDuration,
}

impl Refusal {
    fn new(dice: &mut Dice) -> Self {
        let span = |dice: &mut Dice| SimDuration::from_nanos(dice.pick(0..=20_000_000_000));
        let refusals = dice.pick(1..=9) as u32;
        let previous = if refusals == 1 { SimDuration::ZERO } else { span(dice) };
        Refusal { refusals, previous, hint: dice.perhaps(50, span), elapsed: span(dice) }
    }

    /// What the policy says, given `draw`, and whether it drew.
    fn delay(&self, backoff: &Backoff, hint: Option<SimDuration>, draw: f64) -> (Option<SimDuration>, bool) {
        let mut drawn = false;
        let delay = backoff.delay(self.refusals, self.previous, hint, self.elapsed, || {
            drawn = true;
            draw
        });
        (delay, drawn)
    }
}

fn is_believed(persistence: &Persistence, hint: SimDuration) -> bool {
    persistence.honor_retry_after && persistence.max_retry_after.is_none_or(|max| hint <= max)
}

fn judge(policy: &RetryPolicy, dice: &mut Dice, judged: &mut Judged) {
    let backoff = Backoff::new(policy);
    let persistence = policy.model().persistence();
    let mut refusal = Refusal::new(dice);
    let draw = dice.uniform();
    if dice.percent(30) {
        refusal.elapsed = just_in_time(policy, &refusal, draw).unwrap_or(refusal.elapsed);
    }
    let (delay, drawn) = refusal.delay(&backoff, refusal.hint, draw);
    let attempts = if persistence.retry_on.refusals { persistence.attempts } else { 1 };
    if refusal.refusals >= attempts {
        judged.out_of_attempts += 1;
        assert_eq!(delay, None, "more than {attempts} attempts");
        return;
    }
    let bends = persistence.hints != HintRules::NONE;
    let believed = refusal.hint.filter(|&hint| !bends && is_believed(&persistence, hint));
    let Some(wanted) = wanted(policy, &refusal, draw) else {
        assert_eq!((delay, persistence.hints.long), (None, Some(LongHint::GiveUp)), "gave up");
        judged.bent += 1;
        return;
    };
    if let Some(total) = persistence.total_time {
        let is_late = refusal.elapsed + wanted > total;
        assert_eq!(delay.is_none(), is_late, "{wanted} more after {} of {total}", refusal.elapsed);
        judged.out_of_time += u64::from(is_late);
    }
    let Some(delay) = delay else {
        assert!(persistence.total_time.is_some(), "gave up with attempts and time left");
        return;
    };
    if let Some(hint) = believed {
        judged.believed += 1;
        assert_eq!((delay, drawn), (hint, false), "a believed hint is obeyed, and draws nothing");
        return;
    }
    if bends && refusal.hint.is_some() {
        judged.bent += 1;
        assert_eq!(delay, wanted, "a hint is bent as the rules say");
        return;
    }
    judged.own += 1;
    judged.disbelieved += u64::from(refusal.hint.is_some());
    assert_eq!(Some(delay), refusal.delay(&backoff, None, draw).0, "a hint that is not believed changes nothing");
    let (least, most) = bounds(policy, refusal.refusals, refusal.previous);
    // Each step of the growth is rounded to a nanosecond, and those errors grow with the steps, at most fourfold.
    let slack = 5.0 + 4f64.powi(refusal.refusals as i32 - 1);
    let nanos = delay.as_nanos() as f64;
    assert!(nanos >= least - slack && nanos <= most + slack, "{nanos} is outside {least}..={most}");
}

/// The time after which the wanted delay ends exactly when the time is up.
fn just_in_time(policy: &RetryPolicy, refusal: &Refusal, draw: f64) -> Option<SimDuration> {
    let persistence = policy.model().persistence();
    let wanted = wanted(policy, refusal, draw)?;
    persistence.total_time.filter(|&total| total >= wanted).map(|total| total - wanted)
}

/// What the policy would wait if time did not matter.
fn wanted(policy: &RetryPolicy, refusal: &Refusal, draw: f64) -> Option<SimDuration> {
    let own = unlimited_delay(policy, refusal, draw)?;
    match refusal.hint {
        Some(hint) => told(&policy.model().persistence(), hint, own, draw),
        None => Some(own),
    }
}

/// What the policy would wait by itself if time did not matter.
fn unlimited_delay(policy: &RetryPolicy, refusal: &Refusal, draw: f64) -> Option<SimDuration> {
    let patient = Refusal { elapsed: SimDuration::ZERO, ..*refusal };
    let mut policy = policy.clone();
    without_total_time(&mut policy);
    patient.delay(&Backoff::new(&policy), None, draw).0
}

fn without_total_time(policy: &mut RetryPolicy) {
    let persistence = match policy {
        RetryPolicy::NoRetry(_) => return,
        RetryPolicy::Constant(p) => &mut p.persistence,
        RetryPolicy::Linear(p) => &mut p.persistence,
        RetryPolicy::Exponential(p) => &mut p.persistence,
        RetryPolicy::FullJitter(p) => &mut p.persistence,
        RetryPolicy::EqualJitter(p) => &mut p.persistence,
        RetryPolicy::DecorrelatedJitter(p) => &mut p.persistence,
        RetryPolicy::Composed(p) => &mut p.persistence,
    };
    persistence.total_time = None;
}

#[test]
fn retry_policies_stay_within_their_bounds() {
    for kind in generate::kinds_of(&RetryPolicy::registered()) {
        let mut judged = Judged::default();
        for case in 0..20_000 {
            let mut dice = Dice::new(kind, case);
            let policy = generate::retry_policy(&mut dice, kind);
            let _tried = OnPanic(|| format!("case {case} of the dice `{kind}`: {policy:?}"));
            judge(&policy, &mut dice, &mut judged);
        }
        let Judged { own, believed, disbelieved, out_of_attempts, out_of_time, bent } = judged;
        assert!(out_of_attempts > 1_000, "{kind}");
        let retries = kind != "none";
        let seen = [own, believed, disbelieved, out_of_time, bent];
        assert!(seen.iter().all(|&seen| (seen > 300) == retries), "{kind}: too few judged: {seen:?}");
    }
}

/// The defaults, with the extremes of the draw.
#[test]
fn registered_retry_policies_stay_within_their_bounds() {
    let mut judged = 0;
    for policy in RetryPolicy::registered().iter().filter(|policy| policy.kind() != "none") {
        let backoff = Backoff::new(policy);
        let mut previous = SimDuration::ZERO;
        for retry in 1..policy.model().persistence().attempts {
            for draw in [0.0, 0.5, 1.0 - f64::EPSILON / 2.0] {
                let delay =
                    backoff.delay(retry, previous, None, SimDuration::ZERO, || draw).expect("attempts are left");
                let (least, most) = bounds(policy, retry, previous);
                let nanos = delay.as_nanos() as f64;
                assert!(nanos >= least - 1.0 && nanos <= most + 1.0, "{policy:?}, retry {retry}: {delay}");
                previous = delay;
                judged += 1;
            }
        }
    }
    assert!(judged > 50);
}

/// The same for every client of the catalogue.
#[test]
fn known_clients_stay_within_their_bounds() {
    let mut judged = Judged::default();
    for name in clients::names() {
        let policy = clients::client(name).expect("a known client").retry;
        for case in 0..1_000 {
            let mut dice = Dice::new(name, case);
            let _tried = OnPanic(|| format!("case {case} of the dice `{name}`: {policy:?}"));
            judge(&policy, &mut dice, &mut judged);
        }
    }
    // The clients with a limit of time have more of it than the dice use up.
    let Judged { own, believed, disbelieved, out_of_attempts, out_of_time: _, bent } = judged;
    let seen = [own, believed, disbelieved, out_of_attempts, bent];
    assert!(seen.iter().all(|&seen| seen > 100), "too few judged: {seen:?}");
}
