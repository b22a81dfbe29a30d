//! A named set of limits with prices.

use super::Price;
use crate::limiter::{LimiterModel, LimiterSpec};
use crate::params::{Invalid, Parameters, Presence, Visitor};
use crate::protocol::Counts;
use jiff::civil::Date;

crate::words! {
    /// Whom a limit counts together.
    #[derive(Default)]
    pub enum Scope {
        /// All calls of the account.
        #[default]
        Account = "account",
        /// The calls of each traffic source, and of each class of one, apart.
        Source = "source",
        /// The calls of each client apart, whatever source they come from.
        Client = "client",
    }
}

crate::words! {
    /// How far a published figure can be trusted.
    #[derive(Default)]
    pub enum Confidence {
        /// Several documents, or real replies, agree.
        Confirmed = "confirmed",
        /// One document alone states it.
        #[default]
        Single = "single-source",
        /// Documents contradict one another; a note says how.
        Disputed = "disputed",
        /// No document that states it was found.
        Unconfirmed = "unconfirmed",
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
    /// Where its figure comes from, if not from the tier's source.
    pub source: Option<String>,
    /// How far its figure can be trusted, if not as far as the tier's.
    pub confidence: Option<Confidence>,
}

impl Default for LimitSpec {
    fn default() -> Self {
        LimitSpec {
            counts: Counts::Requests,
            scope: Scope::Account,
            limiter: LimiterSpec::default(),
            source: None,
            confidence: None,
        }
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
        visitor.optional("source", &mut self.source);
        visitor.optional("confidence", &mut self.confidence);
    }
}

/// A tier as a catalogue file or a scenario states it.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Tier {
    /// A line about it.
    pub summary: String,
    /// Who sells it.
    pub provider: Option<String>,
    /// The model, or the group of models that share its limits.
    pub model: Option<String>,
    /// Where its figures come from.
    pub source: String,
    /// The date of that source: `2025`, `2025-09` or `2025-09-05`.
    pub as_of: String,
    /// How far its figures can be trusted.
    pub confidence: Option<Confidence>,
    /// What its figures leave out, and what was assumed where the source is silent.
    pub notes: Option<Vec<String>>,
    /// Its limits by name, all of which must admit a call.
    pub limits: Vec<(String, LimitSpec)>,
    /// Its prices.
    pub price: Price,
}

impl Parameters for Tier {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.optional("summary", &mut self.summary);
        visitor.optional("provider", &mut self.provider);
        visitor.optional("model", &mut self.model);
        visitor.optional("source", &mut self.source);
        visitor.optional("as-of", &mut self.as_of);
        visitor.optional("confidence", &mut self.confidence);
        visitor.optional("notes", &mut self.notes);
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
    /// The first day of the date of its source; `None` where that is no date.
    pub fn dated(&self) -> Option<Date> {
        let whole = match self.as_of.len() {
            4 => format!("{}-01-01", self.as_of),
            7 => format!("{}-01", self.as_of),
            _ => self.as_of.clone(),
        };
        if whole.len() == 10 { whole.parse().ok() } else { None }
    }

    /// Days from [`Tier::dated`] to `today`.
    pub fn days_old(&self, today: Date) -> Option<i32> {
        Some((today - self.dated()?).get_days())
    }

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
