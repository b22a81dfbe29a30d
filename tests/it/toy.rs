//! A small scenario with a parameter of every sort, for tests of the reader that know no real model.

use ratecast::params::{Invalid, Parameters, Visitor};
use ratecast::units::{
    Allowance, Civil, Money, MonthlyFee, Period, Rate, RequestPrice, Share, SimDuration, TokenPrice, Tokens,
};
use std::num::NonZeroU32;

/// The root.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Toy {
    pub name: Option<String>,
    pub duration: SimDuration,
    pub start: Option<Civil>,
    pub seed: u64,
    pub verbose: bool,
    pub order: Order,
    pub tiers: Vec<String>,
    pub weights: Vec<u64>,
    pub limit: Limit,
    pub cost: Option<Cost>,
    pub window: Window,
    pub traffic: Vec<(String, Source)>,
    pub strategy: Vec<(String, Strategy)>,
}

impl Parameters for Toy {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.optional("name", &mut self.name);
        visitor.required("duration", &mut self.duration);
        visitor.optional("start", &mut self.start);
        visitor.optional("seed", &mut self.seed);
        visitor.optional("verbose", &mut self.verbose);
        visitor.optional("order", &mut self.order);
        visitor.optional("tiers", &mut self.tiers);
        visitor.optional("weights", &mut self.weights);
        visitor.choice("limit", ratecast::params::Presence::Optional, &mut self.limit);
        visitor.optional_section("cost", &mut self.cost);
        visitor.section("window", &mut self.window);
        visitor.named("traffic", &mut self.traffic);
        visitor.named("strategy", &mut self.strategy);
    }

    fn check(&self) -> Result<(), Invalid> {
        if self.tiers.len() != self.weights.len() && !self.weights.is_empty() {
            let message = format!("there are {} tiers and {} weights", self.tiers.len(), self.weights.len());
            return Err(Invalid::new("weights", message, "write one weight for each of `tiers`"));
        }
        Ok(())
    }
}

ratecast::words! {
    /// In which order to serve.
    #[derive(Default)]
    pub enum Order {
        /// First come, first served.
        #[default]
        Fifo = "fifo",
        /// The most urgent first.
        Priority = "priority",
    }
}

/// A section whose keys all have defaults.
#[derive(Clone, Debug, PartialEq)]
pub struct Window {
    pub from: SimDuration,
    pub until: SimDuration,
}

impl Default for Window {
    fn default() -> Self {
        Window { from: SimDuration::ZERO, until: SimDuration::from_secs(60) }
    }
}

impl Parameters for Window {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.optional("from", &mut self.from);
        visitor.optional("until", &mut self.until);
    }

    fn check(&self) -> Result<(), Invalid> {
        if self.from >= self.until {
            let message = format!("the window ends at {}, before it begins at {}", self.until, self.from);
            return Err(Invalid::new("until", message, "write a later end"));
        }
        Ok(())
    }
}

/// A section that is absent unless it is written.
#[derive(Clone, Debug, PartialEq)]
pub struct Cost {
    pub budget: Money,
    pub input: TokenPrice,
    pub request: Option<RequestPrice>,
    pub fee: Option<MonthlyFee>,
}

impl Default for Cost {
    fn default() -> Self {
        let input = TokenPrice(Money::from_picos(3_000_000));
        Cost { budget: Money::from_usd(500), input, request: None, fee: None }
    }
}

impl Parameters for Cost {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.optional("budget", &mut self.budget);
        visitor.optional("input", &mut self.input);
        visitor.optional("request", &mut self.request);
        visitor.optional("fee", &mut self.fee);
    }
}

/// Kinds of limits, one of them the default.
mod limit {
    use super::*;

    #[derive(Clone, Debug, PartialEq)]
    pub struct Window {
        pub allowance: Allowance,
    }

    impl Default for Window {
        fn default() -> Self {
            Window { allowance: Allowance::per(60, SimDuration::from_secs(60)) }
        }
    }

    impl Parameters for Window {
        fn visit(&mut self, visitor: &mut dyn Visitor) {
            visitor.required("allowance", &mut self.allowance);
        }

        fn check(&self) -> Result<(), Invalid> {
            match self.allowance.period {
                Period::Fixed(_) => Ok(()),
                Period::Calendar(unit) => {
                    let message = format!("a {} has no fixed length", unit.name());
                    Err(Invalid::new("allowance", message, "write the length, as in `60/24h`"))
                }
            }
        }
    }

    #[derive(Clone, Debug, PartialEq, Default)]
    pub struct Slots {
        pub slots: u32,
        pub largest: Tokens,
    }

    impl Parameters for Slots {
        fn visit(&mut self, visitor: &mut dyn Visitor) {
            visitor.required("slots", &mut self.slots);
            visitor.optional("largest", &mut self.largest);
        }
    }
}

ratecast::models! {
    /// A limit.
    pub enum Limit {
        /// So many in a window.
        limit::Window = "window",
        /// So many at once.
        limit::Slots = "slots",
    }
}

impl Default for Limit {
    fn default() -> Self {
        Limit::Window(limit::Window::default())
    }
}

/// Something that must say which kind it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    pub arrivals: Arrivals,
    pub share: Share,
}

impl Default for Source {
    fn default() -> Self {
        Source { arrivals: Arrivals::default(), share: Share::ONE }
    }
}

impl Parameters for Source {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.choice("arrivals", ratecast::params::Presence::Required, &mut self.arrivals);
        visitor.optional("share", &mut self.share);
    }
}

mod arrivals {
    use super::*;

    fn one_a_second() -> Rate {
        Rate::new(1, SimDuration::from_secs(1)).expect("neither is zero")
    }

    #[derive(Clone, Debug, PartialEq)]
    pub struct Poisson {
        pub rate: Rate,
        pub batch: NonZeroU32,
    }

    impl Default for Poisson {
        fn default() -> Self {
            Poisson { rate: one_a_second(), batch: NonZeroU32::MIN }
        }
    }

    impl Parameters for Poisson {
        fn visit(&mut self, visitor: &mut dyn Visitor) {
            visitor.optional("batch", &mut self.batch);
            visitor.required("rate", &mut self.rate);
        }
    }

    #[derive(Clone, Debug, PartialEq)]
    pub struct Gamma {
        pub rate: Rate,
        pub cv: f64,
    }

    impl Default for Gamma {
        fn default() -> Self {
            Gamma { rate: one_a_second(), cv: 1.0 }
        }
    }

    impl Parameters for Gamma {
        fn visit(&mut self, visitor: &mut dyn Visitor) {
            visitor.required("rate", &mut self.rate);
            visitor.required("cv", &mut self.cv);
        }

        fn check(&self) -> Result<(), Invalid> {
            match self.cv > 0.0 {
                true => Ok(()),
                false => Err(Invalid::new("cv", format!("`{}` is not above zero", self.cv), "write a positive number")),
            }
        }
    }

    #[derive(Clone, Debug, PartialEq, Default)]
    pub struct Silent;

    impl Parameters for Silent {
        fn visit(&mut self, _: &mut dyn Visitor) {}
    }
}

ratecast::models! {
    /// When requests arrive.
    pub enum Arrivals {
        /// Independent of one another.
        arrivals::Poisson = "poisson",
        /// More or less evenly.
        arrivals::Gamma = "gamma",
        /// Never.
        arrivals::Silent = "silent",
    }
}

impl Default for Arrivals {
    fn default() -> Self {
        Arrivals::Silent(arrivals::Silent)
    }
}

/// A model with a kind in its own table, a section that must be written, and one that may be.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Strategy {
    pub retry: Retry,
    pub queue: Queue,
    pub breaker: Option<Breaker>,
}

impl Parameters for Strategy {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.kind(ratecast::params::Presence::Required, &mut self.retry);
        visitor.section("queue", &mut self.queue);
        visitor.optional_section("breaker", &mut self.breaker);
    }
}

/// A section with a key that has no default.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Queue {
    pub capacity: u32,
    pub deadline: Option<SimDuration>,
}

impl Parameters for Queue {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.required("capacity", &mut self.capacity);
        visitor.optional("deadline", &mut self.deadline);
    }
}

/// A section with a first required key.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Breaker {
    pub after: u32,
    pub pause: SimDuration,
}

impl Parameters for Breaker {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.required("after", &mut self.after);
        visitor.optional("pause", &mut self.pause);
    }
}

mod retry {
    use super::*;

    #[derive(Clone, Debug, PartialEq, Default)]
    pub struct Never;

    impl Parameters for Never {
        fn visit(&mut self, _: &mut dyn Visitor) {}
    }

    /// A kind with a section of its own.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Backoff {
        pub base: SimDuration,
        pub cap: SimDuration,
        pub jitter: Jitter,
    }

    impl Default for Backoff {
        fn default() -> Self {
            let jitter = Jitter { share: Share::ONE, fixed: Vec::new() };
            Backoff { base: SimDuration::from_secs(1), cap: SimDuration::from_secs(60), jitter }
        }
    }

    impl Parameters for Backoff {
        fn visit(&mut self, visitor: &mut dyn Visitor) {
            visitor.required("base", &mut self.base);
            visitor.optional("cap", &mut self.cap);
            visitor.section("jitter", &mut self.jitter);
        }

        fn check(&self) -> Result<(), Invalid> {
            match self.base <= self.cap {
                true => Ok(()),
                false => {
                    let message = format!("the cap of {} is below the base of {}", self.cap, self.base);
                    Err(Invalid::new("cap", message, "raise `cap`, or lower `base`"))
                }
            }
        }
    }

    #[derive(Clone, Debug, PartialEq, Default)]
    pub struct Jitter {
        pub share: Share,
        pub fixed: Vec<f64>,
    }

    impl Parameters for Jitter {
        fn visit(&mut self, visitor: &mut dyn Visitor) {
            visitor.optional("share", &mut self.share);
            visitor.optional("fixed", &mut self.fixed);
        }
    }
}

pub use arrivals::{Gamma, Poisson, Silent};
pub use limit::{Slots, Window as WindowLimit};
pub use retry::{Backoff, Jitter, Never};

ratecast::models! {
    /// What to do after a refusal.
    pub enum Retry {
        /// Give up at once.
        retry::Never = "never",
        /// Wait longer each time.
        retry::Backoff = "backoff",
    }
}

impl Default for Retry {
    fn default() -> Self {
        Retry::Never(retry::Never)
    }
}
