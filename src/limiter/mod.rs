//! Rate limits: what a provider counts and when it says no.
//!
//! A limiter is a pure state machine: `now` comes in, a verdict goes out. It knows no clock and no event queue, so the
//! same code serves the simulator and a live server. Everything is integer arithmetic, hence [`Verdict::RetryAt`] is exact:
//! one nanosecond earlier the same amount would be refused.
//!
//! To add one: a file with the model's parameters, its state and their tests, and a line in the list below.

mod calendar_window;
mod concurrency;
mod fixed_window;
mod gcra;
mod interval_bucket;
mod leaky_bucket;
mod prepaid;
mod provisioned;
mod ramp;
mod sliding_counter;
mod sliding_log;
mod sub_windows;
mod token_bucket;

use crate::params::Parameters;
use crate::units::{Civil, Rate, SimDuration, SimTime};

pub use calendar_window::CalendarWindow;
pub use concurrency::Concurrency;
pub use fixed_window::{Align, FixedWindow};
pub use gcra::Gcra;
pub use interval_bucket::IntervalBucket;
pub use leaky_bucket::LeakyBucket;
pub use prepaid::Prepaid;
pub use provisioned::Provisioned;
pub use ramp::Ramp;
pub use sliding_counter::{SlidingCounter, Weighted};
pub use sliding_log::SlidingLog;
pub use sub_windows::SubWindows;
pub use token_bucket::TokenBucket;

/// What a limit says to an amount at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It passes.
    Admit,
    /// It would pass at that instant, and not a nanosecond earlier, if nothing else were charged in between.
    RetryAt(SimTime),
    /// It passes after something that the limit cannot foresee: calls in flight have ended, or traffic has climbed.
    Busy,
    /// It is more than the limit can ever hold, or more than is left of what does not come back.
    Never,
}

/// The state of one limit.
///
/// Times must not run backwards from call to call. Refused amounts change nothing. An amount that passes by
/// [`Limiter::admits`] never breaks the limit's promise; one that is charged by [`Limiter::overdraw`] may, and later amounts
/// wait for it.
pub trait Limiter {
    /// Whether `amount` (at least 1) passes at `now`. May bring the state up to `now`, and charges nothing.
    fn admits(&mut self, now: SimTime, amount: u64) -> bool;

    /// Charges an `amount` that [`Limiter::admits`] at this very `now`.
    fn charge(&mut self, now: SimTime, amount: u64);

    /// When an `amount` that was refused at `now` would pass.
    fn opens(&self, now: SimTime, amount: u64) -> Verdict;

    /// Charges `amount` whether or not there is room: what was used is known only now.
    fn overdraw(&mut self, now: SimTime, amount: u64);

    /// Charges an `amount` that was refused, where a provider counts such calls too. A limit that refills is emptied by them
    /// and not overdrawn: 429s of OpenAI print no more as used than the limit.
    fn charge_refused(&mut self, now: SimTime, amount: u64) {
        self.overdraw(now, amount);
    }

    /// Gives back `amount` of what was charged at `charged`, no more than that; without effect where that counts no more.
    fn refund(&mut self, now: SimTime, charged: SimTime, amount: u64);

    /// For a limit that holds: a call that was charged `amount` has ended.
    fn settle(&mut self, _now: SimTime, _amount: u64) {}

    /// How long an amount that was just charged waits before it goes on.
    fn delay(&self, _now: SimTime) -> SimDuration {
        SimDuration::ZERO
    }

    /// What is left at `now` of a limit that can hold `capacity`, and when all of it is there again, if the limit knows.
    fn level(&mut self, now: SimTime, capacity: u64) -> (u64, Option<SimTime>) {
        let (mut left, mut most) = (0, capacity);
        while left < most {
            let middle = left + (most - left).div_ceil(2);
            if self.admits(now, middle) {
                left = middle;
            } else {
                most = middle - 1;
            }
        }
        let full_at = match self.verdict(now, capacity) {
            Verdict::Admit => Some(now),
            Verdict::RetryAt(instant) => Some(instant),
            Verdict::Busy | Verdict::Never => None,
        };
        (left, full_at)
    }

    /// Admit, or when.
    fn verdict(&mut self, now: SimTime, amount: u64) -> Verdict {
        if self.admits(now, amount) { Verdict::Admit } else { self.opens(now, amount) }
    }
}

/// The parameters of one limit.
pub trait LimiterModel: Parameters {
    /// Its state.
    type State: Limiter;

    /// The state at the scenario's start, with nothing used.
    fn start(&self, civil: &Civil) -> Self::State;

    /// The largest amount that it can admit at once.
    fn capacity(&self) -> u64;

    /// What it lets through in the long run; `None` where that depends on how long calls take.
    fn sustained(&self) -> Option<Rate>;

    /// The most that it can let through in a run of `span` from the start on, for a limit that counts over time; how much
    /// of it was used says how close the limit is.
    fn allows(&self, _civil: &Civil, span: SimDuration) -> Option<f64> {
        let rate = self.sustained()?;
        Some((rate.per_second() * span.as_secs_f64()).max(self.capacity() as f64))
    }

    /// Whether it allows dollars, counted in billionths, rather than requests or tokens.
    fn is_of_money(&self) -> bool {
        false
    }

    /// Whether it is a quota: an allowance per calendar day or month, or once for all, that may run out.
    fn is_quota(&self) -> bool {
        false
    }

    /// The length after which what was used counts no more; zero where nothing is counted over time.
    fn period(&self) -> SimDuration;

    /// Whether an amount is held until its call ends.
    fn holds(&self) -> bool {
        false
    }

    /// Whether what it admits may have to wait.
    fn delays(&self) -> bool {
        false
    }

    /// What it allows, in a few characters: `60/min`.
    fn label(&self) -> String;
}

macro_rules! limiters {
    ($(#[doc = $doc:literal] $module:ident::$model:ident = $kind:literal,)+) => {
        crate::models! {
            /// The parameters of any limiter.
            pub enum LimiterSpec { $(#[doc = $doc] $module::$model = $kind,)+ }
        }

        /// The state of any limiter.
        #[derive(Clone, Debug)]
        pub enum AnyLimiter { $(#[doc = $doc] $model(<$module::$model as LimiterModel>::State),)+ }

        impl LimiterModel for LimiterSpec {
            type State = AnyLimiter;
            fn start(&self, civil: &Civil) -> AnyLimiter {
                match self { $(LimiterSpec::$model(model) => AnyLimiter::$model(model.start(civil)),)+ }
            }
            fn capacity(&self) -> u64 {
                match self { $(LimiterSpec::$model(model) => model.capacity(),)+ }
            }
            fn sustained(&self) -> Option<Rate> {
                match self { $(LimiterSpec::$model(model) => model.sustained(),)+ }
            }
            fn period(&self) -> SimDuration {
                match self { $(LimiterSpec::$model(model) => model.period(),)+ }
            }
            fn allows(&self, civil: &Civil, span: SimDuration) -> Option<f64> {
                match self { $(LimiterSpec::$model(model) => model.allows(civil, span),)+ }
            }
            fn is_of_money(&self) -> bool {
                match self { $(LimiterSpec::$model(model) => model.is_of_money(),)+ }
            }
            fn is_quota(&self) -> bool {
                match self { $(LimiterSpec::$model(model) => model.is_quota(),)+ }
            }
            fn holds(&self) -> bool {
                match self { $(LimiterSpec::$model(model) => model.holds(),)+ }
            }
            fn delays(&self) -> bool {
                match self { $(LimiterSpec::$model(model) => model.delays(),)+ }
            }
            fn label(&self) -> String {
                match self { $(LimiterSpec::$model(model) => model.label(),)+ }
            }
        }

        impl Parameters for LimiterSpec {
            fn visit(&mut self, visitor: &mut dyn crate::params::Visitor) {
                match self { $(LimiterSpec::$model(model) => model.visit(visitor),)+ }
            }
        }

        impl Limiter for AnyLimiter {
            #[inline(always)]
            fn admits(&mut self, now: SimTime, amount: u64) -> bool {
                match self { $(AnyLimiter::$model(state) => state.admits(now, amount),)+ }
            }
            #[inline(always)]
            fn charge(&mut self, now: SimTime, amount: u64) {
                match self { $(AnyLimiter::$model(state) => state.charge(now, amount),)+ }
            }
            #[inline]
            fn opens(&self, now: SimTime, amount: u64) -> Verdict {
                match self { $(AnyLimiter::$model(state) => state.opens(now, amount),)+ }
            }
            fn overdraw(&mut self, now: SimTime, amount: u64) {
                match self { $(AnyLimiter::$model(state) => state.overdraw(now, amount),)+ }
            }
            fn charge_refused(&mut self, now: SimTime, amount: u64) {
                match self { $(AnyLimiter::$model(state) => state.charge_refused(now, amount),)+ }
            }
            fn refund(&mut self, now: SimTime, charged: SimTime, amount: u64) {
                match self { $(AnyLimiter::$model(state) => state.refund(now, charged, amount),)+ }
            }
            #[inline]
            fn delay(&self, now: SimTime) -> SimDuration {
                match self { $(AnyLimiter::$model(state) => state.delay(now),)+ }
            }
            #[inline]
            fn settle(&mut self, now: SimTime, amount: u64) {
                match self { $(AnyLimiter::$model(state) => state.settle(now, amount),)+ }
            }
        }
    };
}

limiters! {
    /// Counts per window of fixed length; everything is free again at the window's edge.
    fixed_window::FixedWindow = "fixed-window",
    /// Counts per calendar day or month in a time zone.
    calendar_window::CalendarWindow = "calendar-window",
    /// Remembers each admitted amount for exactly one period.
    sliding_log::SlidingLog = "sliding-log",
    /// Counts per window and weighs the window before by how much of it a sliding one still covers.
    sliding_counter::SlidingCounter = "sliding-counter",
    /// Counts per window and, for a share of the amount, per shorter windows within.
    sub_windows::SubWindows = "sub-windows",
    /// Refills continuously at a constant rate, up to its capacity.
    token_bucket::TokenBucket = "token-bucket",
    /// Spaces amounts by a theoretical arrival time, with a tolerance (ITU-T I.371).
    gcra::Gcra = "gcra",
    /// Refills in steps, up to its capacity.
    interval_bucket::IntervalBucket = "interval-bucket",
    /// Lets amounts go on at a constant rate; what comes sooner waits in a queue.
    leaky_bucket::LeakyBucket = "leaky-bucket",
    /// Holds an amount for as long as its call takes.
    concurrency::Concurrency = "concurrency",
    /// Allows somewhat more than was used in the window before.
    ramp::Ramp = "ramp",
    /// Admits anything while its meter stands below 100 %.
    provisioned::Provisioned = "provisioned",
    /// Dollars that do not come back once they are spent.
    prepaid::Prepaid = "prepaid",
}

impl Default for LimiterSpec {
    fn default() -> Self {
        LimiterSpec::FixedWindow(FixedWindow::default())
    }
}
