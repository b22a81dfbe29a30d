//! What a tier costs: its calls one by one ([`PriceList`]), and its months ([`MonthTerms`]).

mod list;
mod month;
mod rates;

use super::{BATCH, Confidence};
use crate::params::{Invalid, Parameters, Visitor};
use crate::protocol::Class;
use crate::units::{Civil, HourlyPrice, Money, MonthlyFee, RequestPrice, Share, TokenPrice};
use rates::Quote;

pub use list::PriceList;
pub use month::{Contract, Credit, Free, MonthTerms, Step};
pub use rates::{Band, Override, Rates, TokenPrices};

/// The prices of a tier. Refused calls cost nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct Price {
    /// The subscription; `None` where it is not published, which is not the same as free.
    pub month: Option<MonthlyFee>,
    /// Paid once before the first call, as credit or to enter the tier. No part of a month's cost.
    pub entry: Option<Money>,
    /// Capacity that is paid by the hour, whether used or not.
    pub reserved: Reserved,
    /// Per answered call.
    pub request: RequestPrice,
    /// Per prompt token.
    pub input: TokenPrice,
    /// Per prompt token that is read from the cache; `input` where it is not stated.
    pub cached_input: Option<TokenPrice>,
    /// Per prompt token that is written to the cache; `input` where it is not stated.
    pub cache_write: Option<TokenPrice>,
    /// Per completion token.
    pub output: TokenPrice,
    /// Tokens, prompt and completion together, that a call is charged for at least; those that it lacks cost what input
    /// does.
    pub minimum_tokens: Option<u64>,
    /// What all prices per token are multiplied by, as for a region. Factors stack, each rounded to whole picodollars.
    pub factor: Option<Share>,
    /// What prices per token are multiplied by for classes whose `endpoint` is `batch`.
    pub batch: Option<Share>,
    /// Prices of the whole of a call with a long prompt, by name; of several that apply the one above most tokens.
    pub bands: Vec<(String, Band)>,
    /// What differs for classes of a `model`. What is left out is as above.
    pub models: Vec<(String, Override)>,
    /// What differs for classes of an `endpoint`, over what their model's prices are.
    pub endpoints: Vec<(String, Override)>,
    /// What differs for classes of a `region`, over both.
    pub regions: Vec<(String, Override)>,
    /// What differs for calls that go beyond reserved capacity, over all others.
    pub spill: Override,
    /// What is not proportional to use within a calendar month.
    pub terms: MonthTerms,
    /// IANA name of the time zone in which those months begin.
    pub zone: String,
    /// The tier that the account is moved up to, and when.
    pub next: Next,
    /// Where the prices come from, if not from the tier's source.
    pub source: Option<String>,
    /// How far they can be trusted, if not as far as the tier's figures.
    pub confidence: Option<Confidence>,
}

/// Capacity that is paid by the hour.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Reserved {
    /// How many units; one where only their price is stated.
    pub units: Option<u32>,
    /// What an hour of one costs.
    pub hour: HourlyPrice,
}

impl Parameters for Reserved {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.optional("units", &mut self.units);
        visitor.optional("hour", &mut self.hour);
    }

    fn check(&self) -> Result<(), Invalid> {
        if self.units.is_some() && self.hour == HourlyPrice::default() {
            let help = "state it, as in `hour = \"12 USD/h\"`";
            return Err(Invalid::new("hour", "the price of a reserved unit is missing", help));
        }
        Ok(())
    }
}

/// When an account is moved up to another tier: once it has paid so much and is so old.
///
/// That is told, and not played: the limits and prices of a run are those of its tier from the first month to the last one. To see
/// what an account meets later on, compare the later tier in the same scenario.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Next {
    /// The tier.
    pub tier: Option<String>,
    /// What was paid by then, the entry included.
    pub paid: Option<Money>,
    /// How many days ago the first payment was, at least.
    pub days: Option<u32>,
}

impl Parameters for Next {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.optional("tier", &mut self.tier);
        visitor.optional("paid", &mut self.paid);
        visitor.optional("days", &mut self.days);
    }

    fn check(&self) -> Result<(), Invalid> {
        let has_condition = self.paid.is_some() || self.days.is_some();
        match self.tier {
            None if has_condition => {
                Err(Invalid::new("tier", "the next tier is missing", "name it, as in `tier = \"paid-2\"`"))
            }
            Some(_) if !has_condition => {
                let help =
                    "state what must have been paid, as in `paid = \"50 USD\"`, or how long ago, as in `days = 7`";
                Err(Invalid::new("paid", "nothing says when the account is moved up", help))
            }
            _ => Ok(()),
        }
    }
}

impl Default for Price {
    fn default() -> Self {
        Price {
            month: None,
            entry: None,
            reserved: Reserved::default(),
            request: RequestPrice::default(),
            input: TokenPrice::default(),
            cached_input: None,
            cache_write: None,
            output: TokenPrice::default(),
            minimum_tokens: None,
            factor: None,
            batch: None,
            bands: Vec::new(),
            models: Vec::new(),
            endpoints: Vec::new(),
            regions: Vec::new(),
            spill: Override::default(),
            terms: MonthTerms::default(),
            zone: "UTC".to_owned(),
            next: Next::default(),
            source: None,
            confidence: None,
        }
    }
}

impl Price {
    /// Whether a month costs something else than its calls do one by one.
    pub fn is_billed_by_month(&self) -> bool {
        !self.terms.are_none()
    }

    /// Whether what a call costs depends on its tokens.
    pub fn depends_on_tokens(&self) -> bool {
        let classes = self.models.iter().chain(&self.endpoints).chain(&self.regions).map(|(_, differs)| differs);
        let mut prices = classes
            .chain([&self.spill])
            .flat_map(|differs| differs.bands.iter().map(|(_, band)| &band.prices).chain([&differs.prices]));
        let is_priced = |stated: &TokenPrices| *stated != TokenPrices::default();
        let free = TokenPrice::default();
        self.input != free
            || self.output != free
            || self.cached_input.is_some()
            || self.cache_write.is_some()
            || self.bands.iter().any(|(_, band)| is_priced(&band.prices))
            || prices.any(is_priced)
    }

    /// The scenario's start in the zone of the months; as it is where that zone is unknown, which `check` rules out.
    pub fn civil(&self, start: &Civil) -> Civil {
        start.in_zone(&self.zone).unwrap_or_else(|_| start.clone())
    }

    /// What `calls` in a calendar month cost together which cost `listed` one by one.
    pub fn bill(&self, calls: u64, listed: Money) -> Money {
        self.terms.bill(calls, listed, self.request.0)
    }

    /// What so many milliseconds of reserved capacity cost.
    pub fn reservation(&self, millis: u64) -> Money {
        let units = u64::from(self.reserved.units.unwrap_or(1));
        self.reserved.hour.0.saturating_mul(units).prorate(millis, 3_600_000)
    }

    /// The prices that hold for calls of `class`.
    fn quote(&self, class: &Class) -> Quote<'_> {
        let (request, input) = (self.request.0, self.input.0);
        let plain = Rates { request, input, cached: input, written: input, output: self.output.0 };
        let (cached_input, cache_write) = (self.cached_input, self.cache_write);
        let cached = TokenPrices { input: None, cached_input, cache_write, output: None };
        let factors = self.factor.into_iter().collect();
        let mut quote = Quote { rates: plain.with(&cached), bands: &self.bands, factors };
        let labels = [
            (&self.models, &class.labels.model),
            (&self.endpoints, &class.labels.endpoint),
            (&self.regions, &class.labels.region),
        ];
        for (overrides, label) in labels {
            let of_label = overrides.iter().find(|(name, _)| Some(name) == label.as_ref());
            of_label.iter().for_each(|(_, differs)| quote.apply(differs));
        }
        if class.labels.endpoint.as_deref() == Some(BATCH) {
            quote.factors.extend(self.batch);
        }
        quote
    }
}

impl Parameters for Price {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.optional("month", &mut self.month);
        visitor.optional("entry", &mut self.entry);
        visitor.section("reserved", &mut self.reserved);
        visitor.optional("request", &mut self.request);
        visitor.optional("input", &mut self.input);
        visitor.optional("cached-input", &mut self.cached_input);
        visitor.optional("cache-write", &mut self.cache_write);
        visitor.optional("output", &mut self.output);
        visitor.optional("minimum-tokens", &mut self.minimum_tokens);
        visitor.optional("factor", &mut self.factor);
        visitor.optional("batch", &mut self.batch);
        visitor.named("bands", &mut self.bands);
        visitor.named("models", &mut self.models);
        visitor.named("endpoints", &mut self.endpoints);
        visitor.named("regions", &mut self.regions);
        visitor.section("spill", &mut self.spill);
        visitor.section("free", &mut self.terms.free);
        visitor.named("steps", &mut self.terms.steps);
        visitor.section("contract", &mut self.terms.contract);
        visitor.optional("zone", &mut self.zone);
        visitor.section("next", &mut self.next);
        visitor.optional("source", &mut self.source);
        visitor.optional("confidence", &mut self.confidence);
    }

    fn check(&self) -> Result<(), Invalid> {
        rates::check_factor("factor", self.factor)?;
        rates::check_factor("batch", self.batch)?;
        let of_batch = self.endpoints.iter().find(|(name, _)| name == BATCH);
        if self.batch.is_some() && of_batch.is_some_and(|(_, batch)| batch.factor.is_some()) {
            let help = "leave it out, or `endpoints.batch.factor`";
            return Err(Invalid::new("batch", "the factor of batches is stated twice", help));
        }
        if self.minimum_tokens.is_some_and(|tokens| tokens > u64::from(u32::MAX)) {
            let help = format!("write at most {}", u32::MAX);
            return Err(Invalid::new("minimum-tokens", "this is more than a call can have", help));
        }
        let has_step = self.terms.steps.iter().any(|(_, step)| step.requests.is_some());
        let classes = [("models", &self.models), ("endpoints", &self.endpoints), ("regions", &self.regions)];
        for (key, overrides) in classes {
            if overrides.iter().any(|(_, differs)| differs.request.is_some()) && has_step {
                let message = "`steps` set the price of a call by its number, and it differs by class here";
                return Err(Invalid::new(key, message, "leave `request` out, or the steps on `requests`"));
            }
        }
        if Civil::default().in_zone(&self.zone).is_err() {
            let help = "write an IANA name, as in `\"UTC\"` or `\"America/Los_Angeles\"`";
            return Err(Invalid::new("zone", format!("`{}` is not a time zone", self.zone), help));
        }
        Ok(())
    }
}
