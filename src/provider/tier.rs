//! A named set of limits with prices.

use super::{Headers, LimitSpec, Price, Scope};
use crate::limiter::LimiterModel;
use crate::params::{Invalid, Parameters, Visitor};
use crate::protocol::Counts;
use crate::units::Tokens;

/// A tier as a catalogue file or a scenario states it.
#[derive(Clone, Debug, PartialEq)]
pub struct Tier {
    /// A line about it.
    pub summary: String,
    /// Where its figures come from.
    pub source: String,
    /// The date of that source.
    pub as_of: String,
    /// Its limits by name, all of which must admit a call.
    pub limits: Vec<(String, LimitSpec)>,
    /// Its prices.
    pub price: Price,
    /// How long an answer can be: what a limit reserves for a call that states no `max_tokens`.
    pub max_output: Tokens,
    /// What its replies print about its limits.
    pub headers: Headers,
    /// Servers of its own, each of which works on one call at a time, in place of those that all share; in
    /// 1..=1,000,000.
    pub servers: Option<u32>,
}

impl Default for Tier {
    fn default() -> Self {
        Tier {
            summary: String::new(),
            source: String::new(),
            as_of: String::new(),
            limits: Vec::new(),
            price: Price::default(),
            max_output: Tokens::new(64_000),
            headers: Headers::None,
            servers: None,
        }
    }
}

impl Parameters for Tier {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.optional("summary", &mut self.summary);
        visitor.optional("source", &mut self.source);
        visitor.optional("as-of", &mut self.as_of);
        visitor.named("limits", &mut self.limits);
        visitor.section("price", &mut self.price);
        visitor.optional("max-output", &mut self.max_output);
        visitor.optional("headers", &mut self.headers);
        visitor.optional("servers", &mut self.servers);
    }

    fn check(&self) -> Result<(), Invalid> {
        // Limits are numbered in 16 bits.
        if self.limits.len() > 1_000 {
            return Err(Invalid::new("limits", "more than 1000 limits", "leave some out"));
        }
        super::servers::check_count(self.servers)
    }
}

impl Tier {
    /// Requests a second that its request limits let through in the long run, those that count all calls together; infinite
    /// without such a limit. The smaller of two tiers is the one with the lower figure.
    pub fn size(&self) -> f64 {
        let is_one = |limit: &LimitSpec| limit.counts == Counts::Requests && limit.scope == Scope::Account;
        let counted = self.limits.iter().filter(|(_, limit)| is_one(limit));
        counted
            .filter_map(|(_, limit)| limit.limiter.sustained())
            .map(|rate| rate.per_second())
            .fold(f64::INFINITY, f64::min)
    }
}
