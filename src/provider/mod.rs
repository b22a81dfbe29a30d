//! The provider: a tier's limits, its prices, and how long a call takes.

mod charging;
mod ledger;
mod limit;
mod price;
mod quota;
mod tier;

use crate::durations::Durations;
use crate::params::{Parameters, Presence, Visitor};
use crate::rng::Stream;
use crate::units::{SimDuration, Tokens};

pub use charging::{Charging, Reserve, Settle, Terms};
pub use ledger::Ledger;
pub use limit::{Beyond, LimitSpec, Only, Scope};
pub use price::Price;
pub use quota::{Admitted, Quota, Usage};
pub use tier::{Confidence, Tier};

crate::words! {
    /// What the `Retry-After` of a 429 says.
    pub enum Hint {
        /// Whole seconds, rounded up, as the header is defined (RFC 9110).
        WholeSeconds = "whole-seconds",
        /// The exact time.
        Exact = "exact",
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
}

impl Default for Service {
    fn default() -> Self {
        Service {
            time_to_first_token: Durations::constant(SimDuration::from_nanos(600_000_000)),
            time_per_output_token: Durations::constant(SimDuration::from_nanos(15_000_000)),
            retry_after: Hint::WholeSeconds,
        }
    }
}

impl Parameters for Service {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.choice("time-to-first-token", Presence::Optional, &mut self.time_to_first_token);
        visitor.choice("time-per-output-token", Presence::Optional, &mut self.time_per_output_token);
        visitor.optional("retry-after", &mut self.retry_after);
    }
}

impl Service {
    /// The service time of one request with `output` tokens: `first token + outputs * per token`.
    pub fn draw(&self, first: &mut Stream, per_token: &mut Stream, output: Tokens) -> SimDuration {
        let (mut to_first, mut to_next) = ([0.0], [0.0]);
        self.time_to_first_token.model().fill(first, &mut to_first);
        self.time_per_output_token.model().fill(per_token, &mut to_next);
        service_time(to_first[0], to_next[0], output)
    }

    /// The mean service time of requests with so many output tokens on average.
    pub fn mean(&self, outputs: f64) -> SimDuration {
        let per_token = self.time_per_output_token.model().mean().scale(outputs);
        self.time_to_first_token.model().mean().saturating_add(per_token)
    }
}

/// From a call's draws, in nanoseconds, rounded once.
fn service_time(to_first: f64, per_token: f64, output: Tokens) -> SimDuration {
    let longest = SimDuration::HORIZON.as_nanos() as f64;
    SimDuration::from_nanos_f64((to_first + per_token * f64::from(output.get())).min(longest))
}

/// The service times of one traffic source's requests, drawn in the order of their arrival.
#[derive(Clone, Debug)]
pub struct ServiceTimes {
    service: Service,
    first: Stream,
    per_token: Stream,
    scratch: Vec<f64>,
}

impl ServiceTimes {
    /// Draws from a stream for the first token and one for the others, so that changing one leaves the other as it was.
    pub fn new(service: &Service, first: Stream, per_token: Stream) -> Self {
        ServiceTimes { service: service.clone(), first, per_token, scratch: Vec::new() }
    }

    /// `first token + outputs * per token` for each place of `out`, rounded once to nanoseconds.
    pub fn fill(&mut self, outputs: &[Tokens], out: &mut [SimDuration]) {
        let count = out.len();
        self.scratch.resize(2 * count, 0.0);
        let (first, per_token) = self.scratch.split_at_mut(count);
        self.service.time_to_first_token.model().fill(&mut self.first, first);
        self.service.time_per_output_token.model().fill(&mut self.per_token, per_token);
        for (((out, output), first), per_token) in out.iter_mut().zip(outputs).zip(first).zip(per_token) {
            *out = service_time(*first, *per_token, *output);
        }
    }
}
