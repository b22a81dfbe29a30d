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
    /// It passes when calls in flight have ended; the limit does not know when that is.
    Busy,
    /// It is more than the limit can ever hold.
    Never,
}

/// The state of one limit.
///
/// Times must not run backwards from call to call. Refused amounts change nothing.
pub trait Limiter {
    /// Whether `amount` (at least 1) passes at `now`. Brings the state up to `now` and charges nothing.
    fn admits(&mut self, now: SimTime, amount: u64) -> bool;

    /// Charges an `amount` that [`Limiter::admits`] at this very `now`.
    fn charge(&mut self, now: SimTime, amount: u64);

    /// When an `amount` that was refused at `now` would pass.
    fn opens(&self, now: SimTime, amount: u64) -> Verdict;

    /// A call that was charged `amount` has ended.
    fn settle(&mut self, _now: SimTime, _amount: u64) {}

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

    /// Whether it is a quota: an allowance per calendar day or month that may run out.
    fn is_quota(&self) -> bool {
        false
    }

    /// The length after which what was used counts no more; zero where nothing is counted over time.
    fn period(&self) -> SimDuration;

    /// Whether an amount is held until its call ends.
    fn holds(&self) -> bool {
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
            fn is_quota(&self) -> bool {
                match self { $(LimiterSpec::$model(model) => model.is_quota(),)+ }
            }
            fn holds(&self) -> bool {
                match self { $(LimiterSpec::$model(model) => model.holds(),)+ }
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
            #[inline]
            fn charge(&mut self, now: SimTime, amount: u64) {
                match self { $(AnyLimiter::$model(state) => state.charge(now, amount),)+ }
            }
            #[inline]
            fn opens(&self, now: SimTime, amount: u64) -> Verdict {
                match self { $(AnyLimiter::$model(state) => state.opens(now, amount),)+ }
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
    /// Holds an amount for as long as its call takes.
    concurrency::Concurrency = "concurrency",
}

impl Default for LimiterSpec {
    fn default() -> Self {
        LimiterSpec::FixedWindow(FixedWindow::default())
    }
}
