//! What one call costs.

use super::Price;
use super::rates::{Quote, Rates};
use crate::protocol::{Class, Request};
use crate::units::{Money, Share, Tokens};

/// The prices of calls, by class.
#[derive(Clone, Debug, Default)]
pub struct PriceList {
    classes: Vec<Tariff>,
    /// Those of calls that spill, where those cost otherwise.
    spilled: Option<Box<PriceList>>,
    is_free: bool,
}

/// What the calls of one class cost.
#[derive(Clone, Debug)]
struct Tariff {
    /// (prompts longer than this, prices), the shortest first; at least one.
    lengths: Vec<(u64, Rates)>,
    /// The share of uncached input that is written to the cache.
    written: Share,
    /// Tokens that a call is charged for at least.
    minimum: u64,
}

impl PriceList {
    /// The prices of `price` for calls of these classes, in the order of their numbers.
    pub fn new(price: &Price, classes: &[Class]) -> Self {
        let tariff = |class: &Class, spills: bool| {
            let mut quote = price.quote(class);
            if spills {
                quote.apply(&price.spill);
            }
            Tariff::new(&quote, class.cache_write, price.minimum_tokens.unwrap_or(0))
        };
        let of = |spills| -> Vec<Tariff> { classes.iter().map(|class| tariff(class, spills)).collect() };
        let list = |classes: Vec<Tariff>, spilled: Option<Box<PriceList>>| {
            let is_free = classes.iter().all(Tariff::is_free) && spilled.iter().all(|spilled| spilled.is_free);
            PriceList { classes, spilled, is_free: is_free && !price.is_billed_by_month() }
        };
        let spills = price.spill != super::Override::default();
        list(of(false), spills.then(|| Box::new(list(of(true), None))))
    }

    /// Whether calls cost nothing and nobody counts them, so that there is nothing to keep.
    #[inline]
    pub fn is_free(&self) -> bool {
        self.is_free
    }

    /// The prices of calls that went beyond what is reserved, where `spilled`; otherwise these.
    #[inline]
    pub fn beyond(&self, spilled: bool) -> &PriceList {
        match &self.spilled {
            Some(prices) if spilled => prices,
            _ => self,
        }
    }

    /// What a call costs that is answered. Calls of a class that is not there cost nothing.
    #[inline]
    pub fn of(&self, request: &Request) -> Money {
        self.classes.get(usize::from(request.source)).map_or(Money::ZERO, |tariff| tariff.of(request))
    }

    /// The same of a call that writes at least so many tokens of its prompt to the cache.
    pub fn of_writing(&self, request: &Request, written: Tokens) -> Money {
        let tariff = self.classes.get(usize::from(request.source));
        tariff.map_or(Money::ZERO, |tariff| tariff.of_writing(request, written.into()))
    }
}

impl Tariff {
    fn new(quote: &Quote, written: Share, minimum: u64) -> Self {
        Tariff { lengths: quote.by_length(), written, minimum }
    }

    fn is_free(&self) -> bool {
        self.lengths.iter().all(|(_, rates)| *rates == Rates::default())
    }

    fn rates(&self, prompt: u64) -> &Rates {
        let longer = self.lengths.iter().rev().find(|(above, _)| prompt > *above);
        longer.map_or(&self.lengths[0].1, |(_, rates)| rates)
    }

    #[inline]
    fn of(&self, request: &Request) -> Money {
        self.of_writing(request, 0)
    }

    fn of_writing(&self, request: &Request, more: u64) -> Money {
        let [input, cached, output] = [request.input, request.cached, request.output].map(u64::from);
        let rates = self.rates(input);
        let uncached = input - cached;
        let written = if self.written == Share::default() { 0 } else { self.written.of(uncached) };
        let written = written.max(more).min(uncached);
        let short = self.minimum.saturating_sub(input + output);
        rates.request
            + rates.input * (uncached - written + short)
            + rates.cached * cached
            + rates.written * written
            + rates.output * output
    }
}
