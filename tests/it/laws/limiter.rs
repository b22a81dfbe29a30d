//! Every limiter keeps its promise exactly: it admits all that the promise allows and nothing more.

use crate::generate::{self, Dice, OnPanic};
use ratecast::limiter::{
    Align, AnyLimiter, FixedWindow, Limiter, LimiterModel, LimiterSpec, Ramp, SlidingCounter, SubWindows, TokenBucket,
    Verdict, Weighted,
};
use ratecast::params::Choice;
use ratecast::units::{CalendarUnit, Civil, Period, Rate, SimDuration, SimTime};
use rayon::prelude::*;

/// The largest amount that is asked of a limit without a capacity.
const MOST: u64 = 40;

/// Sequences for each kind.
const SEQUENCES: u64 = 10_000;
const STEPS: u64 = 14;

/// The promise of a limiter, worked out anew for each question from the list of what was admitted.
///
/// Nothing here is fast or shares an idea with the limiters. That a limit is never exceeded in any span that it promises
/// is the definition; that it opens at an instant is found by asking about others.
struct Promise<'a> {
    spec: &'a LimiterSpec,
    civil: Civil,
    /// What was charged, by admission or overdrawn, and what was given back, below zero; in the order in which it happened.
    events: Vec<(SimTime, i128)>,
    /// What was charged, without what of it was given back.
    admitted: Vec<(SimTime, u64)>,
    windows: Vec<i64>, // of `admitted`
    in_flight: Vec<u64>,
}

impl<'a> Promise<'a> {
    fn new(spec: &'a LimiterSpec, civil: &Civil) -> Self {
        let civil = match spec {
            LimiterSpec::CalendarWindow(model) => civil.in_zone(&model.zone).unwrap(),
            _ => civil.clone(),
        };
        let (events, admitted) = (Vec::new(), Vec::new());
        Promise { spec, civil, events, admitted, windows: Vec::new(), in_flight: Vec::new() }
    }

    /// The number of the window of such a length that holds `at`.
    fn numbered(&self, at: SimTime, align: Align, length: SimDuration) -> i64 {
        let since_start = u128::from(at.as_nanos());
        let since_epoch = u128::from(self.civil.epoch_nanos()) + since_start;
        let nanos = if align == Align::Epoch { since_epoch } else { since_start };
        (nanos / u128::from(length.as_nanos())) as i64
    }

    /// The number of the window that holds `at`, where there are windows that do not depend on what happens.
    fn window(&self, at: SimTime) -> i64 {
        match self.spec {
            LimiterSpec::FixedWindow(model) => self.numbered(at, model.align, model.limit.period.mean_length()),
            LimiterSpec::CalendarWindow(model) => {
                let date = self.civil.at(at).date();
                let month = i64::from(date.year()) * 12 + i64::from(date.month());
                let is_day = model.limit.period == Period::Calendar(CalendarUnit::Day);
                if is_day { month * 31 + i64::from(date.day()) } else { month }
            }
            _ => 0,
        }
    }

    fn sum_where(&self, counts: impl Fn(usize, SimTime) -> bool) -> u64 {
        let each = self.admitted.iter().enumerate();
        each.filter(|(index, (at, _))| counts(*index, *at)).map(|(_, (_, amount))| amount).sum()
    }

    fn in_window(&self, now: SimTime) -> u64 {
        let window = self.window(now);
        self.sum_where(|index, _| self.windows[index] == window)
    }

    /// The sum since the last window was opened by an amount that came after the one before had ended.
    fn since_opening(&self, now: SimTime, length: SimDuration) -> u64 {
        let mut opened = None;
        for (at, _) in &self.admitted {
            if opened.is_none_or(|opened: SimTime| *at >= opened + length) {
                opened = Some(*at);
            }
        }
        match opened {
            Some(opened) if now < opened + length => self.sum_where(|_, at| at >= opened),
            _ => 0,
        }
    }

    /// What was admitted in the window of such a length that holds `now`, or in one so many before.
    fn in_numbered(&self, now: SimTime, (align, length): (Align, SimDuration), before: i64) -> u64 {
        let window = self.numbered(now, align, length) - before;
        self.sum_where(|_, at| self.numbered(at, align, length) == window)
    }

    /// Whether the present window and the weighted one before it are below the limit.
    fn weighted_fits(&self, now: SimTime, amount: u64, model: &SlidingCounter) -> bool {
        let length = model.limit.period.mean_length();
        let windows = (model.align, length);
        let into = match model.align {
            Align::Epoch => (self.civil.epoch_nanos() + now.as_nanos()) % length.as_nanos(),
            _ => now.as_nanos() % length.as_nanos(),
        };
        let nanos = u128::from(length.as_nanos());
        // In so many parts of a request as the window has nanoseconds.
        let mut before = u128::from(self.in_numbered(now, windows, 1)) * (nanos - u128::from(into));
        if model.weighted == Weighted::RoundedDown {
            before -= before % nanos;
        }
        before + u128::from(self.in_numbered(now, windows, 0) + amount) * nanos
            <= u128::from(model.limit.amount) * nanos
    }

    /// Whether windows of both lengths have room.
    fn both_fit(&self, now: SimTime, amount: u64, model: &SubWindows) -> bool {
        let period = model.limit.period.mean_length();
        let share = (1..).find(|share| {
            u128::from(*share) * u128::from(period.as_nanos())
                >= u128::from(model.limit.amount) * u128::from(model.step.as_nanos())
        });
        [(period, model.limit.amount), (model.step, share.unwrap())].into_iter().all(|(length, most)| {
            let used = match model.align {
                Align::FirstRequest => self.since_opening(now, length),
                align => self.in_numbered(now, (align, length), 0),
            };
            used + amount <= most
        })
    }

    /// Whether every span that ends now holds at most `burst` and what `rate` allows in its length.
    fn spans_fit(&self, now: SimTime, amount: u64, burst: u64, rate: Rate) -> bool {
        let mut sum = i128::from(amount);
        let fits = |sum: i128, span: SimDuration| {
            (sum - i128::from(burst)) * i128::from(rate.nanos())
                <= i128::from(span.as_nanos()) * i128::from(rate.events())
        };
        fits(sum, SimDuration::ZERO)
            && self.events.iter().rev().all(|(at, amount)| {
                sum += amount;
                *amount < 0 || fits(sum, now - *at)
            })
    }

    /// What a bucket holds at `now` that gains `gain` at the end of each `length`.
    fn level_in_steps(&self, now: SimTime, capacity: u64, (gain, length): (u64, SimDuration)) -> i128 {
        let (mut level, mut steps) = (i128::from(capacity), 0);
        for (at, amount) in self.events.iter().copied().chain([(now, 0)]) {
            let due = at.as_nanos() / length.as_nanos();
            level += i128::from(due - steps) * i128::from(gain);
            level = level.min(i128::from(capacity)) - amount;
            (level, steps) = (level.min(i128::from(capacity)), due);
        }
        level
    }

    /// What a climbing limit allows in the window that holds `now`.
    fn climbed(&self, now: SimTime, model: &Ramp) -> u64 {
        let windows = (Align::Epoch, model.floor.period.mean_length());
        match self.in_numbered(now, windows, 1) {
            0 => model.floor.amount,
            used => model.floor.amount.max(used + model.growth.of(used) + model.step),
        }
    }

    /// The first edge of a clock's window after `now`.
    fn next_edge(&self, now: SimTime, length: SimDuration) -> SimTime {
        let into = (u128::from(self.civil.epoch_nanos()) + u128::from(now.as_nanos())) % u128::from(length.as_nanos());
        SimTime::from_nanos(now.as_nanos() + length.as_nanos() - into as u64)
    }

    /// Whether every span that ends now holds less than `burst` and what `rate` allows in its length.
    fn something_left(&self, now: SimTime, burst: u64, rate: Rate) -> bool {
        let mut sum = 0;
        self.events.iter().rev().all(|(at, amount)| {
            sum += amount;
            let over = (sum - i128::from(burst)) * i128::from(rate.nanos());
            *amount < 0 || over < i128::from((now - *at).as_nanos()) * i128::from(rate.events())
        })
    }

    /// Whether the promise is kept if `amount` passes at `now`.
    fn allows(&self, now: SimTime, amount: u64) -> bool {
        match self.spec {
            LimiterSpec::FixedWindow(FixedWindow { limit, align: Align::FirstRequest }) => {
                amount + self.since_opening(now, limit.period.mean_length()) <= limit.amount
            }
            LimiterSpec::FixedWindow(model) => amount + self.in_window(now) <= model.limit.amount,
            LimiterSpec::CalendarWindow(model) => amount + self.in_window(now) <= model.limit.amount,
            LimiterSpec::SlidingLog(model) => {
                let length = model.limit.period.mean_length();
                amount + self.sum_where(|_, at| at + length > now) <= model.limit.amount
            }
            LimiterSpec::SlidingCounter(model) => self.weighted_fits(now, amount, model),
            LimiterSpec::SubWindows(model) => self.both_fit(now, amount, model),
            LimiterSpec::TokenBucket(model) => self.spans_fit(now, amount, model.capacity(), model.refill),
            LimiterSpec::Gcra(model) => self.spans_fit(now, amount, model.burst, model.rate),
            LimiterSpec::LeakyBucket(model) => self.spans_fit(now, amount, model.queue + 1, model.rate),
            LimiterSpec::IntervalBucket(model) => {
                let steps = (model.refill.amount, model.refill.period.mean_length());
                i128::from(amount) <= self.level_in_steps(now, model.capacity(), steps)
            }
            LimiterSpec::Ramp(model) => {
                let windows = (Align::Epoch, model.floor.period.mean_length());
                amount + self.in_numbered(now, windows, 0) <= self.climbed(now, model)
            }
            LimiterSpec::Provisioned(model) => {
                let in_a_minute = || (model.throughput.per_second() * 60.0) as u64;
                self.something_left(now, model.burst.unwrap_or_else(in_a_minute).max(1), model.throughput)
            }
            LimiterSpec::Prepaid(model) => amount + self.sum_where(|_, _| true) <= model.credit.billionths(),
            LimiterSpec::Concurrency(model) => amount + self.in_flight.iter().sum::<u64>() <= model.limit,
        }
    }

    fn verdict(&self, now: SimTime, amount: u64) -> Verdict {
        if self.allows(now, amount) {
            return Verdict::Admit;
        }
        match self.spec {
            LimiterSpec::Prepaid(_) => return Verdict::Never,
            LimiterSpec::Ramp(model) => {
                let edge = self.next_edge(now, model.floor.period.mean_length());
                return if self.allows(edge, amount) { Verdict::RetryAt(edge) } else { Verdict::Busy };
            }
            _ => {}
        }
        if !Promise::new(self.spec, &self.civil).allows(now, amount) {
            return Verdict::Never;
        }
        if self.spec.holds() { Verdict::Busy } else { Verdict::RetryAt(self.opens(now, amount)) }
    }

    /// The first instant after `now` at which `amount` is allowed; promises that open stay open if nothing happens.
    fn opens(&self, now: SimTime, amount: u64) -> SimTime {
        let after = |nanos: u64| SimTime::from_nanos(now.as_nanos() + nanos);
        let (mut refused, mut allowed) = (0, 1);
        while !self.allows(after(allowed), amount) {
            (refused, allowed) = (allowed, 2 * allowed);
        }
        while allowed - refused > 1 {
            let middle = refused + (allowed - refused) / 2;
            if self.allows(after(middle), amount) {
                allowed = middle;
            } else {
                refused = middle;
            }
        }
        after(allowed)
    }

    /// Gives back some of what was charged as the `charge`-th.
    fn refund(&mut self, now: SimTime, charge: usize, amount: u64) {
        // What a climb starts from is what was used when the window ended.
        if let LimiterSpec::Ramp(model) = self.spec {
            let window = |at| self.numbered(at, Align::Epoch, model.floor.period.mean_length());
            if window(self.admitted[charge].0) != window(now) {
                return;
            }
        }
        self.admitted[charge].1 -= amount;
        self.events.push((now, -i128::from(amount)));
    }

    fn charge(&mut self, now: SimTime, amount: u64) {
        self.events.push((now, i128::from(amount)));
        self.windows.push(self.window(now));
        self.admitted.push((now, amount));
        self.in_flight.push(amount);
    }
}

/// A limiter beside its promise, with a clock that moves where it hurts.
struct Course<'a> {
    dice: Dice,
    promise: Promise<'a>,
    limiter: AnyLimiter,
    now: SimTime,
    opens: Option<SimTime>, // an instant that was named
}

/// How many verdicts were compared.
#[derive(Clone, Copy, Default)]
struct Judged {
    admitted: u64,
    retry_at: u64,
    busy: u64,
    never: u64,
}

impl<'a> Course<'a> {
    fn new(mut dice: Dice, spec: &'a LimiterSpec) -> Self {
        let civil = generate::start(&mut dice);
        let limiter = spec.start(&civil);
        Course { promise: Promise::new(spec, &civil), limiter, dice, now: SimTime::ZERO, opens: None }
    }

    fn advance(&mut self) {
        let period = self.promise.spec.period().as_nanos().max(10);
        let nanos = SimTime::from_nanos;
        self.now = match (self.dice.pick(0..=9), self.opens.take()) {
            (0..=2, _) => self.now,
            (3..=4, Some(opens)) => self.now.max(opens),
            (5, Some(opens)) => self.now.max(nanos(opens.as_nanos() - 1)),
            (6, _) => nanos(self.now.as_nanos() + self.dice.pick(0..=2 * period)),
            _ => nanos(self.now.as_nanos() + self.dice.pick(0..=period / 4)),
        };
    }

    /// The largest amount to ask for.
    fn most(&self) -> u64 {
        self.promise.spec.capacity().min(MOST)
    }

    /// An amount is charged though nobody asked whether there is room, or some of one is given back.
    fn correct(&mut self) {
        if self.promise.spec.holds() {
            return;
        }
        let (now, most) = (self.now, self.most());
        if self.dice.percent(10) {
            let amount = self.dice.pick(1..=most + 1);
            self.limiter.overdraw(now, amount);
            self.promise.charge(now, amount);
        }
        if self.dice.percent(20) && !self.promise.admitted.is_empty() {
            let charge = self.dice.pick(0..=self.promise.admitted.len() as u64 - 1) as usize;
            let (at, amount) = self.promise.admitted[charge];
            let amount = self.dice.pick(0..=amount);
            self.limiter.refund(now, at, amount);
            self.promise.refund(now, charge, amount);
        }
    }

    fn amount(&mut self) -> u64 {
        let capacity = self.most();
        match self.dice.pick(0..=9) {
            0..=3 => 1,
            4 => capacity,
            5 => capacity + 1,
            _ => self.dice.pick(1..=capacity),
        }
    }

    /// A call ends, which matters only to limits that hold.
    fn settle(&mut self) {
        if self.dice.percent(40) && !self.promise.in_flight.is_empty() {
            let ended = self.dice.pick(0..=self.promise.in_flight.len() as u64 - 1);
            let amount = self.promise.in_flight.swap_remove(ended as usize);
            self.limiter.settle(self.now, amount);
        }
    }

    fn step(&mut self, judged: &mut Judged) {
        self.advance();
        self.settle();
        self.correct();
        let (now, amount) = (self.now, self.amount());
        // Asked of the limiter itself: were a question to change anything, a later verdict would differ.
        let most = self.most();
        larger_amounts_open_no_sooner(&mut self.limiter, now, most);
        let verdict = self.limiter.verdict(now, amount);
        assert_eq!(verdict, self.promise.verdict(now, amount), "{amount} at {now:?} after {:?}", self.promise.admitted);
        match verdict {
            Verdict::Admit => {
                self.limiter.charge(now, amount);
                self.promise.charge(now, amount);
                judged.admitted += 1;
            }
            Verdict::RetryAt(opens) => {
                opens_exactly(self.limiter.clone(), opens, amount);
                self.opens = Some(opens);
                judged.retry_at += 1;
            }
            Verdict::Busy => judged.busy += 1,
            Verdict::Never => judged.never += 1,
        }
    }
}

/// Refused a nanosecond before, admitted at the instant.
fn opens_exactly(mut limiter: AnyLimiter, opens: SimTime, amount: u64) {
    let before = SimTime::from_nanos(opens.as_nanos() - 1);
    assert_eq!(limiter.verdict(before, amount), Verdict::RetryAt(opens), "just before");
    assert_eq!(limiter.verdict(opens, amount), Verdict::Admit, "at {opens:?}");
}

fn larger_amounts_open_no_sooner(limiter: &mut AnyLimiter, now: SimTime, capacity: u64) {
    let mut last = SimTime::ZERO;
    for amount in [1, 2, 3, capacity / 2, capacity - capacity / 4, capacity, capacity + 1] {
        if amount == 0 || (amount < 4 && amount > capacity / 2) {
            continue;
        }
        let opens = match limiter.verdict(now, amount) {
            Verdict::Admit => now,
            Verdict::RetryAt(at) => at,
            Verdict::Busy => SimTime::from_nanos(u64::MAX - 1),
            Verdict::Never => SimTime::NEVER,
        };
        assert!(opens >= last, "{amount} passes at {opens:?}, less only at {last:?}");
        last = opens;
    }
}

fn judge(kind: &str) -> Judged {
    let mut judged = Judged::default();
    for sequence in 0..SEQUENCES {
        let mut dice = Dice::new(kind, sequence);
        let spec = generate::limiter(&mut dice, kind, SimDuration::from_nanos(3));
        run(sequence, dice, &spec, &mut judged);
    }
    judged
}

fn run(sequence: u64, dice: Dice, spec: &LimiterSpec, judged: &mut Judged) {
    let _tried = OnPanic(|| format!("sequence {sequence} of {spec:?}"));
    let mut course = Course::new(dice, spec);
    (0..STEPS).for_each(|_| course.step(judged));
}

#[test]
fn limiters_do_what_they_promise() {
    generate::kinds_of(&LimiterSpec::registered()).par_iter().for_each(|kind| {
        let judged = judge(kind);
        let (later, fewest) = (judged.retry_at + judged.busy, SEQUENCES);
        // Credit does not come back, and two limits take any amount some time.
        let comes_back = *kind != "prepaid";
        let refuses_for_good = !matches!(*kind, "ramp" | "provisioned");
        assert!(judged.admitted > fewest, "{kind}: too few admitted");
        assert!(later > fewest || !comes_back, "{kind}: too few refused for a while");
        assert!(judged.never > fewest / 10 || !refuses_for_good, "{kind}: too few refused for good");
    });
}

#[test]
fn registered_defaults_do_what_they_promise() {
    let mut judged = Judged::default();
    for spec in &LimiterSpec::registered() {
        for sequence in 0..20 {
            run(sequence, Dice::new(spec.kind(), sequence), spec, &mut judged);
        }
    }
    assert!(judged.admitted > 0 && judged.retry_at > 0 && judged.busy > 0);
}

/// The widest figures that a scenario can state must not overflow: a century of waiting, a bucket of 2^63 tokens.
#[test]
fn extreme_parameters_stay_exact() {
    let century = SimTime::ZERO + SimDuration::HORIZON;
    let buckets = [
        (1, SimDuration::HORIZON, 1),
        (u64::MAX, SimDuration::from_nanos(1), 1 << 63),
        (1, SimDuration::HORIZON, 1 << 63),
    ];
    for (events, period, capacity) in buckets {
        let refill = Rate::new(events, period).unwrap();
        let spec = LimiterSpec::TokenBucket(TokenBucket { refill, capacity: Some(capacity) });
        let civil = Civil::default();
        let (mut promise, mut limiter) = (Promise::new(&spec, &civil), spec.start(&civil));
        for (now, amount) in [(SimTime::ZERO, capacity), (SimTime::ZERO, 1), (century, 1), (century, capacity)] {
            let verdict = limiter.verdict(now, amount);
            let is_near = matches!(verdict, Verdict::RetryAt(at) if at < SimTime::NEVER);
            if verdict == Verdict::Admit || is_near {
                assert_eq!(verdict, promise.verdict(now, amount), "{spec:?}: {amount} at {now:?}");
            }
            if verdict == Verdict::Admit {
                limiter.charge(now, amount);
                promise.charge(now, amount);
            }
        }
    }
}
