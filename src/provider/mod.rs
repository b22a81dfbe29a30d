//! The provider: a tier's limits, its prices, how long a call takes, and how the service behaves under load and when it
//! breaks.

mod batch;
mod behaviour;
mod charging;
mod congestion;
pub mod faults;
pub mod headers;
mod latency;
mod ledger;
mod limit;
mod load;
mod price;
mod quota;
mod servers;
mod tier;

use crate::durations::Durations;
use crate::params::{Invalid, Parameters, Presence, Visitor};
use crate::protocol::Class;

pub use batch::BatchLane;
pub use behaviour::{Behaviour, Course, LOAD};
pub use charging::{Charging, Reserve, Settle, Terms};
pub use congestion::Congestion;
pub use faults::Faults;
pub use headers::Headers;
pub use latency::{Latency, ModelLatency, ServiceTimes, SourceTimes};
pub use ledger::Ledger;
pub use limit::{Beyond, LimitSpec, Names, Refusal, Scope};
pub use load::{Load, LoadPath, Pressure};
pub use price::{
    Band, Contract, Credit, Free, MonthTerms, Next, Override, Price, PriceList, Reserved, Step, TokenPrices,
};
pub use quota::{Admitted, Quota, Room, Usage};
pub use servers::Servers;
pub use tier::{Confidence, Tier};

/// The endpoint whose calls pay the price of batches, and meet their limits.
const BATCH: &str = "batch";

crate::words! {
    /// What the `Retry-After` of a 429 says.
    #[derive(Default)]
    pub enum Hint {
        /// Whole seconds, rounded up, as the header is defined (RFC 9110).
        #[default]
        WholeSeconds = "whole-seconds",
        /// Milliseconds, rounded up.
        Milliseconds = "milliseconds",
        /// The exact time.
        Exact = "exact",
        /// Whole seconds of at most a minute, whatever the wait: what is left of it after whole minutes. Gemini's replies say
        /// so even when the day is spent.
        WithinMinute = "within-minute",
        /// Nothing: the header is missing.
        None = "none",
    }
}

/// How the service behaves, whatever the tier.
#[derive(Clone, Debug, PartialEq)]
pub struct Service {
    /// From admission to the first token.
    pub time_to_first_token: Durations,
    /// From each output token to the next.
    pub time_per_output_token: Durations,
    /// What a 429 says about when to come back.
    pub retry_after: Hint,
    /// Models that take other times, by name.
    pub models: Vec<(String, ModelLatency)>,
    /// Slows down with the calls in flight.
    pub congestion: Option<Congestion>,
    /// Servers that each work on one call at a time, in 1..=1,000,000; without it there are always enough.
    pub servers: Option<u32>,
    /// How calls of the endpoint `batch` are worked on; without it they are as all others.
    pub batch: Option<BatchLane>,
    /// What others ask of it at the same time.
    pub load: Option<Load>,
    /// How it breaks.
    pub faults: Faults,
}

impl Default for Service {
    fn default() -> Self {
        let Latency { time_to_first_token, time_per_output_token } = Latency::default();
        Service {
            time_to_first_token,
            time_per_output_token,
            retry_after: Hint::WholeSeconds,
            models: Vec::new(),
            congestion: None,
            servers: None,
            batch: None,
            load: None,
            faults: Faults::default(),
        }
    }
}

impl Parameters for Service {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.choice("time-to-first-token", Presence::Optional, &mut self.time_to_first_token);
        visitor.choice("time-per-output-token", Presence::Optional, &mut self.time_per_output_token);
        visitor.optional("retry-after", &mut self.retry_after);
        visitor.named("models", &mut self.models);
        visitor.optional_section("congestion", &mut self.congestion);
        visitor.optional("servers", &mut self.servers);
        visitor.optional_section("batch", &mut self.batch);
        visitor.optional_section("load", &mut self.load);
        visitor.section("faults", &mut self.faults);
    }

    fn check(&self) -> Result<(), Invalid> {
        servers::check_count(self.servers)?;
        if self.servers.is_none() && self.load.as_ref().is_some_and(|load| load.servers.is_some()) {
            let help = "state `provider.servers`, as in `servers = 16`, or leave `load.servers` out";
            return Err(Invalid::new("load", "others cannot hold servers where there are none", help));
        }
        Ok(())
    }
}

impl Service {
    /// The times of models that have none of their own.
    pub fn others(&self) -> Latency {
        Latency {
            time_to_first_token: self.time_to_first_token.clone(),
            time_per_output_token: self.time_per_output_token.clone(),
        }
    }

    /// The same as calls of `tier` find it, which may have times of its own.
    pub fn at(&self, tier: &Tier) -> Service {
        let Latency { time_to_first_token, time_per_output_token } = tier.latency.or(&self.others());
        Service { time_to_first_token, time_per_output_token, ..self.clone() }
    }

    /// What is particular to the model that `class` asks for.
    pub fn model(&self, class: &Class) -> Option<&ModelLatency> {
        let model = class.labels.model.as_ref()?;
        self.models.iter().find(|(name, _)| name == model).map(|(_, latency)| latency)
    }

    /// The times of calls of `class`.
    pub fn latency(&self, class: &Class) -> Latency {
        self.model(class).map_or_else(|| self.others(), |model| model.or(&self.others()))
    }
}
