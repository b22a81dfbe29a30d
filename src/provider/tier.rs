//! A named set of limits with prices.

use super::{Beyond, Headers, LimitSpec, ModelLatency, Price, Scope};
use crate::limiter::{LimiterModel, LimiterSpec};
use crate::params::{Invalid, Parameters, Visitor};
use crate::protocol::Counts;
use crate::units::{CalendarUnit, Money, Period, Tokens};
use jiff::civil::Date;

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

/// A tier as a catalogue file or a scenario states it.
#[derive(Clone, Debug, PartialEq)]
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
    /// The tier that took its place, where it is kept for the past: then its figures are not old, but those of their time.
    pub superseded_by: Option<String>,
    /// What its figures leave out, and what was assumed where the source is silent.
    pub notes: Option<Vec<String>>,
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
    /// How long its calls take, in place of the times of the service; a model that has times of its own keeps them.
    pub latency: ModelLatency,
}

impl Default for Tier {
    fn default() -> Self {
        Tier {
            summary: String::new(),
            provider: None,
            model: None,
            source: String::new(),
            as_of: String::new(),
            confidence: None,
            superseded_by: None,
            notes: None,
            limits: Vec::new(),
            price: Price::default(),
            max_output: Tokens::new(64_000),
            headers: Headers::None,
            servers: None,
            latency: ModelLatency::default(),
        }
    }
}

impl Parameters for Tier {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.optional("summary", &mut self.summary);
        visitor.optional("provider", &mut self.provider);
        visitor.optional("model", &mut self.model);
        visitor.optional("source", &mut self.source);
        visitor.optional("as-of", &mut self.as_of);
        visitor.optional("confidence", &mut self.confidence);
        visitor.optional("superseded-by", &mut self.superseded_by);
        visitor.optional("notes", &mut self.notes);
        visitor.named("limits", &mut self.limits);
        visitor.section("price", &mut self.price);
        visitor.optional("max-output", &mut self.max_output);
        visitor.optional("headers", &mut self.headers);
        visitor.optional("servers", &mut self.servers);
        self.latency.visit(visitor);
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

    /// The most that all calls of a calendar month may cost together, by a limit of the month or by what was paid beforehand;
    /// `None` without such a limit.
    pub fn spend_cap(&self) -> Option<Money> {
        let of_all = |limit: &&LimitSpec| {
            limit.counts == Counts::Spend
                && limit.scope == Scope::Account
                && limit.beyond == Beyond::Refuse
                && limit.counts_all()
        };
        let cap = |limit: &LimitSpec| match &limit.limiter {
            LimiterSpec::CalendarWindow(window) => {
                let is_monthly = window.limit.period == Period::Calendar(CalendarUnit::Month);
                is_monthly.then(|| Money::from_billionths(window.limit.amount))
            }
            LimiterSpec::Prepaid(prepaid) => Some(prepaid.credit),
            _ => None,
        };
        self.limits.iter().map(|(_, limit)| limit).filter(of_all).filter_map(cap).min()
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
