//! A named set of limits with prices.

use super::Price;
use crate::limiter::{LimiterModel, LimiterSpec};
use crate::params::{Invalid, Parameters, Presence, Visitor};
use crate::protocol::Counts;

crate::words! {
    /// Whom a limit counts together.
    #[derive(Default)]
    pub enum Scope {
        /// All calls of the account.
        #[default]
        Account = "account",
        /// The calls of each traffic source apart.
        Source = "source",
        /// The calls of each client apart, whatever source they come from.
        Client = "client",
    }
}

/// One rule of a tier.
#[derive(Clone, Debug, PartialEq)]
pub struct LimitSpec {
    /// What it counts.
    pub counts: Counts,
    /// Whom it counts together.
    pub scope: Scope,
    /// How it counts, how much it allows and over which span.
    pub limiter: LimiterSpec,
}

impl Default for LimitSpec {
    fn default() -> Self {
        LimitSpec { counts: Counts::Requests, scope: Scope::Account, limiter: LimiterSpec::default() }
    }
}

impl LimitSpec {
    /// What it allows, in a few characters: `60/min`, `90000/min input-tokens`.
    pub fn label(&self) -> String {
        let counts = match self.counts {
            Counts::Requests => self.limiter.label(),
            tokens => format!("{} {}", self.limiter.label(), tokens.word()),
        };
        match self.scope {
            Scope::Account => counts,
            scope => format!("{counts} a {}", scope.word()),
        }
    }
}

impl Parameters for LimitSpec {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.optional("counts", &mut self.counts);
        visitor.optional("scope", &mut self.scope);
        visitor.kind(Presence::Required, &mut self.limiter);
    }
}

/// A tier as a catalogue file or a scenario states it.
#[derive(Clone, Debug, PartialEq, Default)]
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
}

impl Parameters for Tier {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.optional("summary", &mut self.summary);
        visitor.optional("source", &mut self.source);
        visitor.optional("as-of", &mut self.as_of);
        visitor.named("limits", &mut self.limits);
        visitor.section("price", &mut self.price);
    }

    fn check(&self) -> Result<(), Invalid> {
        // Limits are numbered in 16 bits.
        if self.limits.len() > 1_000 {
            return Err(Invalid::new("limits", "more than 1000 limits", "leave some out"));
        }
        Ok(())
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
