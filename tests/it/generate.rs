//! Random parameters for tests that hold whatever they are. Everything comes from a stated seed.

use ratecast::client::adaptive::hedge::Hedge;
use ratecast::client::adaptive::rate::{self, SendRate};
use ratecast::client::adaptive::window::{self, Gather, WindowSpec};
use ratecast::client::control::breaker::{CircuitBreaker, Consecutive, Terms, Window};
use ratecast::client::control::budget::{
    Aws, Deposit, Envoy, Failures, Finagle, Grpc, NoBudget, OfLate, RetryBudget, Sre,
};
use ratecast::client::retry::{
    Composed, Constant, DecorrelatedJitter, EqualJitter, Exponential, FullJitter, Growth, HintRules, HintUse, Jitter,
    Law, Linear, LongHint, NoRetry, Persistence, RetryOn, RetryPolicy,
};
use ratecast::limiter::{
    self, Align, CalendarWindow, Concurrency, FixedWindow, Gcra, IntervalBucket, LeakyBucket, LimiterModel,
    LimiterSpec, Prepaid, Provisioned, SlidingCounter, SlidingLog, SubWindows, TokenBucket, Weighted,
};
use ratecast::params::{Choice, Literal, Named, OptionalSection, Parameter, Parameters, Presence, Visitor};
use ratecast::protocol::{Counts, Fault};
use ratecast::provider::{
    Beyond, LimitSpec, Names, Override, Price, Refusal, Reserve, Scope, Settle, Tier, TokenPrices,
};
use ratecast::rng::{Seed, Stream};
use ratecast::traffic::shape::{self, Daily, DayPreset, Holidays, Ramp, Random, Shape, Spike, Steps, Week, Weekly};
use ratecast::units::{
    Allowance, CalendarUnit, Civil, Day, Moment, Money, Period, Rate, RequestPrice, Share, SimDuration, TokenPrice,
    Tokens, grammar,
};
use std::ops::RangeInclusive;

/// Random choices.
pub struct Dice {
    stream: Stream,
}

impl Dice {
    /// The dice of one test case.
    pub fn new(purpose: &str, case: u64) -> Self {
        Dice { stream: Seed(case).stream(0, purpose) }
    }

    /// Each number of `range` alike.
    pub fn pick(&mut self, range: RangeInclusive<u64>) -> u64 {
        range.start() + self.stream.index(range.end() - range.start() + 1)
    }

    /// True so many times in a hundred.
    pub fn percent(&mut self, percent: u64) -> bool {
        self.stream.index(100) < percent
    }

    /// Each of `choices` alike.
    pub fn one_of<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.stream.index(choices.len() as u64) as usize].clone()
    }

    /// Uniform in [0, 1).
    pub fn uniform(&mut self) -> f64 {
        self.stream.uniform()
    }

    /// What `make` makes, or nothing, so many times in a hundred.
    pub fn perhaps<T>(&mut self, percent: u64, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.percent(percent) { Some(make(self)) } else { None }
    }
}

/// The names of the `registered` kinds.
pub fn kinds_of<T: Choice>(registered: &[T]) -> Vec<&'static str> {
    registered.iter().map(T::kind).collect()
}

/// Says what was tried if the test fails before this is dropped.
pub struct OnPanic<F: Fn() -> String>(pub F);

impl<F: Fn() -> String> Drop for OnPanic<F> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("tried: {}", (self.0)());
        }
    }
}

/// A limiter of the given kind whose periods are some `unit`s long. A new kind needs a line here.
pub fn limiter(dice: &mut Dice, kind: &str, unit: SimDuration) -> LimiterSpec {
    let amount = dice.pick(1..=12);
    let span = unit.saturating_mul(dice.pick(1..=20));
    let limit = Allowance::per(amount, span);
    let rate = Rate::new(dice.pick(1..=9), span).expect("a positive rate");
    let spec = match kind {
        "fixed-window" => {
            let align = dice.one_of(&[Align::Epoch, Align::Start, Align::FirstRequest]);
            LimiterSpec::FixedWindow(FixedWindow { limit, align })
        }
        "calendar-window" => {
            let unit = dice.one_of(&[CalendarUnit::Day, CalendarUnit::Month]);
            let zone = dice.one_of(&["UTC", "America/Los_Angeles", "Asia/Kolkata", "America/Sao_Paulo"]).to_owned();
            let limit = Allowance { amount, is_money: false, period: Period::Calendar(unit) };
            LimiterSpec::CalendarWindow(CalendarWindow { limit, zone })
        }
        "sliding-log" => LimiterSpec::SlidingLog(SlidingLog { limit }),
        "sliding-counter" => {
            let weighted = dice.one_of(&[Weighted::Exact, Weighted::RoundedDown]);
            let align = dice.one_of(&[Align::Epoch, Align::Start]);
            LimiterSpec::SlidingCounter(SlidingCounter { limit, weighted, align })
        }
        "sub-windows" => {
            // At least twice a step, and often no multiple of it.
            let limit = Allowance::per(amount, span + unit);
            let step = SimDuration::from_nanos(dice.pick(unit.as_nanos()..=span.as_nanos()));
            let align = dice.one_of(&[Align::Epoch, Align::Start, Align::FirstRequest]);
            LimiterSpec::SubWindows(SubWindows { limit, step, align })
        }
        "token-bucket" => {
            let capacity = dice.perhaps(90, |_| amount);
            LimiterSpec::TokenBucket(TokenBucket { refill: rate, capacity })
        }
        "gcra" => LimiterSpec::Gcra(Gcra { rate, burst: amount }),
        "leaky-bucket" => LimiterSpec::LeakyBucket(LeakyBucket { rate, queue: amount - 1 }),
        "interval-bucket" => {
            let capacity = dice.perhaps(70, |dice| dice.pick(1..=20));
            LimiterSpec::IntervalBucket(IntervalBucket { refill: limit, capacity })
        }
        "ramp" => {
            let growth = Share::from_hundred_millionths(dice.pick(0..=150_000_000));
            LimiterSpec::Ramp(limiter::Ramp { floor: limit, step: dice.pick(1..=5), growth })
        }
        "provisioned" => LimiterSpec::Provisioned(Provisioned { throughput: rate, burst: Some(amount) }),
        "prepaid" => LimiterSpec::Prepaid(Prepaid { credit: Money::from_billionths(5 * amount) }),
        "concurrency" => LimiterSpec::Concurrency(Concurrency { limit: amount }),
        other => panic!("the limiter `{other}` is registered; say here how to make a random one"),
    };
    checked(spec)
}

/// A retry policy of the given kind. A new kind needs a line here.
pub fn retry_policy(dice: &mut Dice, kind: &str) -> RetryPolicy {
    let base = SimDuration::from_nanos(dice.pick(0..=3_000_000_000));
    let cap = base + SimDuration::from_nanos(dice.pick(0..=20_000_000_000));
    let growth = Growth { base, cap, factor: 1.0 + 3.0 * dice.uniform() };
    let persistence = persistence(dice);
    checked(match kind {
        "none" => RetryPolicy::NoRetry(NoRetry {}),
        "constant" => RetryPolicy::Constant(Constant { base, persistence }),
        "linear" => RetryPolicy::Linear(Linear { base, cap, persistence }),
        "exponential" => RetryPolicy::Exponential(Exponential { growth, persistence }),
        "full-jitter" => RetryPolicy::FullJitter(FullJitter { growth, persistence }),
        "equal-jitter" => RetryPolicy::EqualJitter(EqualJitter { growth, persistence }),
        "decorrelated-jitter" => RetryPolicy::DecorrelatedJitter(DecorrelatedJitter { base, cap, persistence }),
        "backoff" => RetryPolicy::Composed(composed(dice, growth, persistence)),
        other => panic!("the retry policy `{other}` is registered; say here how to make a random one"),
    })
}

/// A controller of the send rate of the given kind. A new kind needs a line here.
pub fn send_rate(dice: &mut Dice, kind: &str) -> SendRate {
    let rate = |dice: &mut Dice| Rate::new(dice.pick(1..=50), SimDuration::from_secs(dice.pick(1..=20))).unwrap();
    let below_one = |dice: &mut Dice| 0.05 + 0.9 * dice.uniform();
    checked(match kind {
        "cubic" => SendRate::Cubic(rate::Cubic {
            beta: below_one(dice),
            scale: 0.01 + 2.0 * dice.uniform(),
            floor: rate(dice),
            headroom: 1.0 + 3.0 * dice.uniform(),
            measured_over: SimDuration::from_nanos(dice.pick(1..=3_000_000_000)),
            weight: below_one(dice),
        }),
        "aimd" => {
            let mut rates = [rate(dice), rate(dice), rate(dice)];
            rates.sort_by(|one, other| one.per_second().total_cmp(&other.per_second()));
            let [floor, start, ceiling] = rates;
            SendRate::Aimd(rate::Aimd { start, increase: rate(dice), beta: below_one(dice), floor, ceiling })
        }
        other => panic!("the send rate `{other}` is registered; say here how to make a random one"),
    })
}

/// A controller of the calls in flight of the given kind. A new kind needs a line here.
pub fn window(dice: &mut Dice, kind: &str) -> WindowSpec {
    let mut bounds = [(); 3].map(|()| dice.pick(1..=60) as u32);
    bounds.sort_unstable();
    let [least, start, most] = bounds;
    let smoothing = 0.05 + 0.95 * dice.uniform();
    let time = SimDuration::from_nanos(dice.pick(1..=2_000_000_000));
    let gather = dice.perhaps(60, |dice| Gather { samples: dice.pick(1..=12), time }).unwrap_or(Gather::EACH);
    checked(match kind {
        "vegas" => WindowSpec::Vegas(window::Vegas { start, most, smoothing, probe: dice.pick(1..=40) as u32, gather }),
        "gradient2" => {
            let (queue, long) = (dice.pick(0..=9) as u32, dice.pick(1..=900) as u32);
            let tolerance = 1.0 + dice.uniform();
            let model = window::Gradient2 { start, least, most, smoothing, queue, tolerance, long, gather };
            WindowSpec::Gradient2(model)
        }
        "aimd" => {
            let (beta, timeout) = (0.05 + 0.9 * dice.uniform(), SimDuration::from_secs(dice.pick(0..=9)));
            WindowSpec::Aimd(window::Aimd { start, least, most, beta, timeout, gather })
        }
        other => panic!("the window `{other}` is registered; say here how to make a random one"),
    })
}

/// A client that hedges.
pub fn hedge(dice: &mut Dice) -> Hedge {
    let delay = SimDuration::from_nanos(dice.pick(0..=12) * 250_000_000);
    let percentile = dice.perhaps(40, |dice| 1.0 + 98.0 * dice.uniform());
    checked_section(Hedge {
        delay: if percentile.is_some() { dice.perhaps(50, |_| delay) } else { Some(delay) },
        percentile,
        samples: dice.pick(1..=20),
        extra: dice.pick(1..=4) as u32,
        share: dice.perhaps(30, |dice| Share::from_hundred_millionths(dice.pick(1..=100_000_000))),
    })
}

/// A budget of the given kind, small enough to be used up. A new kind needs a line here.
pub fn retry_budget(dice: &mut Dice, kind: &str) -> RetryBudget {
    let share = Share::from_hundred_millionths(dice.pick(1..=60_000_000));
    let memory = SimDuration::from_nanos(dice.pick(1_000_000..=30_000_000_000));
    let cost = |dice: &mut Dice| dice.pick(1..=20) as u32;
    checked(match kind {
        "none" => RetryBudget::NoBudget(NoBudget {}),
        "aws" => RetryBudget::Aws(Aws {
            capacity: dice.pick(20..=200) as u32,
            throttled_cost: cost(dice),
            fault_cost: cost(dice),
            timeout_cost: dice.perhaps(50, cost),
        }),
        "grpc" => {
            let token_ratio = dice.pick(1..=2_000) as f64 / 1_000.0;
            RetryBudget::Grpc(Grpc { max_tokens: dice.pick(1..=40) as u32, token_ratio })
        }
        "deposit" => {
            let bucket = dice.pick(1..=12);
            RetryBudget::Deposit(Deposit { share, bucket, initial: dice.pick(0..=bucket) })
        }
        "finagle" => RetryBudget::Finagle(Finagle { memory, per_second: dice.pick(0..=3) as u32, share }),
        "envoy" => RetryBudget::Envoy(Envoy { share, least: dice.pick(0..=4) }),
        "sre" => RetryBudget::Sre(Sre { retries: OfLate { share, window: memory } }),
        "failures" => RetryBudget::Failures(Failures { failed: OfLate { share, window: memory } }),
        other => panic!("the budget `{other}` is registered; say here how to make a random one"),
    })
}

/// A breaker of the given kind. A new kind needs a line here.
pub fn breaker(dice: &mut Dice, kind: &str) -> CircuitBreaker {
    let open_time = SimDuration::from_nanos(dice.pick(1..=20_000_000_000));
    let counts = dice.one_of(&[RetryOn::ALL, RetryOn::of(true, &[]), RetryOn::of(false, &[Fault::Unavailable])]);
    let terms = Terms { open_time, counts };
    let calls = dice.pick(1..=30) as u32;
    checked(match kind {
        "consecutive" => {
            let (failures, probes) = (dice.pick(1..=6) as u32, dice.pick(1..=4) as u32);
            CircuitBreaker::Consecutive(Consecutive { failures, probes, terms })
        }
        "window" => {
            let last = dice.perhaps(30, |dice| SimDuration::from_secs(dice.pick(1..=30)));
            let slow_call = dice.perhaps(40, |dice| SimDuration::from_nanos(dice.pick(0..=3_000_000_000)));
            let share = |dice: &mut Dice| Share::from_hundred_millionths(dice.pick(1..=60_000_000));
            CircuitBreaker::Window(Window {
                calls: if last.is_some() { None } else { Some(calls) },
                last,
                failures: share(dice),
                minimum: dice.perhaps(50, |dice| dice.pick(1..=u64::from(calls)) as u32),
                slow_call,
                slow_rate: if slow_call.is_some() { dice.perhaps(70, share) } else { None },
                trials: dice.pick(1..=12) as u32,
                terms,
            })
        }
        other => panic!("the breaker `{other}` is registered; say here how to make a random one"),
    })
}

fn composed(dice: &mut Dice, growth: Growth, persistence: Persistence) -> Composed {
    let span = |dice: &mut Dice, most| SimDuration::from_nanos(dice.pick(0..=most));
    let [below, above] = [(); 2].map(|()| Share::from_hundred_millionths(dice.pick(0..=100_000_000)));
    let (none, added) = (Share::default(), span(dice, 3_000_000_000));
    let jitter = dice.one_of(&[
        Jitter::None,
        Jitter::Full,
        Jitter::AboveLeast,
        Jitter::Equal,
        Jitter::Factor { below, above: none },
        Jitter::Factor { below: none, above },
        Jitter::Factor { below, above: below },
        Jitter::Added(added),
        Jitter::Exponential,
        Jitter::Decorrelated,
        Jitter::DecorrelatedV2,
    ]);
    let cap = dice.perhaps(70, |_| growth.cap);
    let has_own_law = matches!(jitter, Jitter::Decorrelated | Jitter::DecorrelatedV2);
    let extras = if has_own_law { 0 } else { 1 };
    Composed {
        law: dice.one_of(&[Law::Constant, Law::Linear, Law::Exponential, Law::Fibonacci]),
        base: growth.base,
        factor: growth.factor,
        delays: dice.perhaps(20 * extras, |dice| (0..dice.pick(1..=4)).map(|_| span(dice, 20_000_000_000)).collect()),
        fault_base: dice.perhaps(30 * extras, |dice| span(dice, 3_000_000_000)),
        first_at_once: dice.percent(30),
        least: dice.perhaps(30 * extras, |dice| span(dice, growth.cap.as_nanos())),
        cap,
        jitter,
        cap_jittered: cap.is_some() && dice.percent(50 * extras),
        persistence,
    }
}

fn hint_rules(dice: &mut Dice, has_limit: bool) -> HintRules {
    let span = |dice: &mut Dice| SimDuration::from_nanos(dice.pick(0..=5_000_000_000));
    let long = [LongHint::Ignore, LongHint::Clip, LongHint::GiveUp];
    let usage = dice.perhaps(60, |dice| dice.one_of(&[HintUse::Replace, HintUse::Floor, HintUse::Ceiling]));
    HintRules {
        long: if has_limit { dice.perhaps(60, |dice| dice.one_of(&long)) } else { None },
        usage,
        extra: dice.perhaps(40, span),
        jitter: dice.perhaps(40, span),
        stretch: if usage == Some(HintUse::Floor) { dice.perhaps(50, span) } else { None },
    }
}

fn persistence(dice: &mut Dice) -> Persistence {
    let span = |dice: &mut Dice| SimDuration::from_nanos(dice.pick(0..=30_000_000_000));
    let honor_retry_after = dice.percent(60);
    let max_retry_after = if honor_retry_after { dice.perhaps(40, span) } else { None };
    let bends = honor_retry_after && dice.percent(30);
    Persistence {
        attempts: dice.pick(1..=8) as u32,
        total_time: dice.perhaps(30, span),
        honor_retry_after,
        max_retry_after,
        hints: if bends { hint_rules(dice, max_retry_after.is_some()) } else { HintRules::NONE },
        retry_on: retry_on(dice),
        persistence: if dice.percent(85) {
            Share::ONE
        } else {
            Share::from_hundred_millionths(dice.pick(0..=99_999_999))
        },
    }
}

fn retry_on(dice: &mut Dice) -> RetryOn {
    let words = ["429", "5xx", "500", "503", "504", "529", "dropped"];
    let mut some = RetryOn::ALL;
    if dice.percent(30) {
        let chosen: Vec<Literal> = words.iter().filter(|_| dice.percent(50)).map(|word| Literal::Text(word)).collect();
        some.read(&Literal::List(chosen)).expect("known words");
    }
    some
}

/// A tier with so many limits, whose periods are some `unit`s long.
pub fn tier(dice: &mut Dice, limits: u64, unit: SimDuration) -> Tier {
    // Tiers that count nothing but requests over time are common, and the provider has a short cut for them.
    let plain = dice.percent(40);
    let kinds = kinds_of(&LimiterSpec::registered());
    let limit = |at: u64| {
        let limiter = loop {
            let kind = dice.one_of(&kinds);
            let limiter = limiter(dice, kind, unit);
            if !(plain && (limiter.holds() || limiter.is_of_money())) {
                break limiter;
            }
        };
        let any = [
            Counts::Requests,
            Counts::InputTokens,
            Counts::UncachedInputTokens,
            Counts::OutputTokens,
            Counts::TotalTokens,
        ];
        let counts = match () {
            _ if plain => Counts::Requests,
            _ if limiter.is_of_money() => Counts::Spend,
            _ => dice.one_of(&any),
        };
        let scopes = [Scope::Source, Scope::Client, Scope::Model, Scope::Team];
        let scope = if plain || dice.percent(70) { Scope::Account } else { dice.one_of(&scopes) };
        let mut spec = LimitSpec { counts, scope, limiter, ..LimitSpec::default() };
        if !plain {
            charge_somehow(dice, &mut spec);
        }
        (format!("limit-{at}"), checked_section(spec))
    };
    let limits = (0..limits).map(limit).collect();
    let billionths = |count| Money::from_billionths(count);
    let price = Price {
        request: RequestPrice(billionths(1)),
        input: TokenPrice(billionths(1)),
        output: TokenPrice(billionths(2)),
        spill: Override {
            request: Some(RequestPrice(billionths(dice.one_of(&[0, 3])))),
            prices: TokenPrices {
                output: Some(TokenPrice(billionths(dice.one_of(&[1, 4])))),
                ..TokenPrices::default()
            },
            ..Override::default()
        },
        ..Price::default()
    };
    Tier { limits, price, max_output: Tokens::new(9), ..Tier::default() }
}

/// Lets a limit charge by any policy that suits it.
fn charge_somehow(dice: &mut Dice, spec: &mut LimitSpec) {
    if dice.percent(20) {
        spec.only = Names { models: vec!["large".to_owned()], ..Names::default() };
    }
    if dice.percent(10) {
        spec.except = Names { models: vec!["large".to_owned()], ..Names::default() };
    }
    if dice.percent(10) {
        spec.beyond = Beyond::Spill;
    }
    if dice.percent(3) {
        spec.refusal = Refusal::Bad;
    }
    spec.counts_refused = !spec.limiter.holds() && dice.percent(20);
    if spec.counts == Counts::Requests || dice.percent(40) {
        return;
    }
    let any = [
        Reserve::Actual,
        Reserve::Estimate,
        Reserve::MaxTokens,
        Reserve::Larger,
        Reserve::RoomForMaxTokens,
        Reserve::Nothing,
    ];
    spec.reserve = Some(dice.one_of(&any));
    spec.settle = Some(match () {
        _ if spec.limiter.holds() => Settle::Never,
        _ if spec.reserve == Some(Reserve::Nothing) => dice.one_of(&[Settle::AtEnd, Settle::AsGenerated]),
        _ => dice.one_of(&[Settle::Never, Settle::AtEnd, Settle::AsGenerated]),
    });
    if spec.limiter.holds() && spec.reserve == Some(Reserve::Nothing) {
        spec.reserve = None;
    }
    spec.burndown = dice.pick(1..=3);
    spec.cached = dice.one_of(&[Share::default(), Share::from_hundred_millionths(30_000_000), Share::ONE]);
    spec.estimate = dice.one_of(&[Share::ONE, Share::from_hundred_millionths(80_000_000)]);
    spec.cached_at_arrival = dice.perhaps(20, |_| Share::from_hundred_millionths(60_000_000));
}

/// An instant of which calendar windows and whole periods make something of interest.
pub fn start(dice: &mut Dice) -> Civil {
    let starts = [
        "2025-01-01T00:00:00Z",
        "2024-02-28T23:59:59.999999993Z",
        "2025-03-08T17:23:45.123456789[America/Los_Angeles]",
        "2025-11-01T00:00:00[America/New_York]",
        "1970-01-01T00:00:00Z",
    ];
    Civil::parse(dice.one_of(&starts)).expect("an instant")
}

/// `section`, which must not complain about itself.
fn checked_section<T: Parameters + std::fmt::Debug>(section: T) -> T {
    section.check().unwrap_or_else(|invalid| panic!("{section:?} is no valid case: {invalid:?}"));
    section
}

/// `model`, which must not complain about itself.
fn checked<T: Choice + std::fmt::Debug>(mut model: T) -> T {
    let verdict = model.parameters().check();
    verdict.unwrap_or_else(|invalid| panic!("{model:?} is no valid case: {invalid:?}"));
    model
}

/// The registered models, each completed with values for what its defaults leave open, so that all of them are valid.
pub fn completed<T: Choice + std::fmt::Debug>(registered: Vec<T>) -> Vec<T> {
    registered.into_iter().map(|model| checked(complete(model))).collect()
}

/// Gives every key that a model misses the first of some values that it takes.
fn complete<T: Choice>(mut model: T) -> T {
    while let Err(invalid) = model.parameters().check() {
        let values = [
            Literal::Number("2.0"),
            Literal::Text("2min"),
            Literal::List(vec![Literal::Text("30s"), Literal::Text("10s")]),
            Literal::List(vec![Literal::Number("1"), Literal::Number("5"), Literal::Number("20")]),
        ];
        let helps = |value: &Literal| {
            let mut set = Set { key: invalid.key, value: value.clone(), is_taken: false };
            model.parameters().visit(&mut set);
            set.is_taken && model.parameters().check().err().is_none_or(|other| other.key != invalid.key)
        };
        let is_helped = values.iter().any(helps);
        assert!(is_helped, "`{}` of `{}`: {}; add a value", invalid.key, model.kind(), invalid.message);
    }
    model
}

/// Sets one key.
struct Set<'a> {
    key: &'static str,
    value: Literal<'a>,
    is_taken: bool,
}

impl Visitor for Set<'_> {
    fn value(&mut self, key: &'static str, _presence: Presence, slot: &mut dyn Parameter) {
        if key == self.key {
            self.is_taken = slot.read(&self.value).is_ok();
        }
    }
    fn section(&mut self, _key: &'static str, _slot: &mut dyn Parameters) {}
    fn optional_section(&mut self, _key: &'static str, _slot: &mut dyn OptionalSection) {}
    fn kind(&mut self, _presence: Presence, _slot: &mut dyn Choice) {}
    fn choice(&mut self, _key: &'static str, _presence: Presence, _slot: &mut dyn Choice) {}
    fn named(&mut self, _key: &'static str, _slot: &mut dyn Named) {}
}

/// A shape of each kind that bends the first minute. A new kind needs a line here.
pub fn shapes() -> Vec<Shape> {
    let none = Shape::default;
    let secs = |secs| Moment::After(SimDuration::from_secs(secs));
    let (chat, week) = (Some(DayPreset::Chat), Some(Week::Coding));
    let holidays = Holidays { dates: vec![Day::parse("2025-01-01").unwrap()], ..Holidays::default() };
    let growth = shape::Growth { per_month: grammar::share("1000%").unwrap() };
    let ramp = Ramp { to: secs(20), ..Ramp::default() };
    let steps = Steps { at: vec![secs(1), secs(3)], factors: vec![0.5, 3.0] };
    let spike = Spike { rise: SimDuration::from_secs(1), decay: SimDuration::from_secs(4), ..Spike::default() };
    let shapes = vec![
        Shape { daily: Some(Daily { preset: chat, ..Daily::default() }), ..none() },
        Shape { weekly: Some(Weekly { preset: week, ..Weekly::default() }), ..none() },
        Shape { holidays: Some(holidays), ..none() },
        Shape { growth: Some(growth), ..none() },
        Shape { ramp: Some(ramp), ..none() },
        Shape { steps: Some(steps), ..none() },
        Shape { spike: Some(Spike { at: Some(secs(2)), ..spike.clone() }), ..none() },
        Shape { spike: Some(Spike { every: Some(SimDuration::from_secs(60)), ..spike }), ..none() },
        Shape { random: Some(Random { cv: 0.5, memory: SimDuration::from_secs(2) }), ..none() },
    ];
    let keys: Vec<_> = shapes.iter().flat_map(shape_keys).collect();
    for shape in Shape::registered() {
        assert!(keys.contains(&shape_keys(&shape)[0]), "add a shape with {:?}", shape_keys(&shape));
    }
    shapes
}

/// The sections that are there.
pub fn shape_keys(shape: &Shape) -> Vec<&'static str> {
    let mut present = Present(Vec::new());
    shape.clone().visit(&mut present);
    present.0
}

struct Present(Vec<&'static str>);

impl Visitor for Present {
    fn value(&mut self, _key: &'static str, _presence: Presence, _slot: &mut dyn Parameter) {}
    fn section(&mut self, _key: &'static str, _slot: &mut dyn Parameters) {}
    fn optional_section(&mut self, key: &'static str, slot: &mut dyn OptionalSection) {
        self.0.extend(slot.is_present().then_some(key));
    }
    fn kind(&mut self, _presence: Presence, _slot: &mut dyn Choice) {}
    fn choice(&mut self, _key: &'static str, _presence: Presence, _slot: &mut dyn Choice) {}
    fn named(&mut self, _key: &'static str, _slot: &mut dyn Named) {}
}
