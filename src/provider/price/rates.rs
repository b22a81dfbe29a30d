//! Prices that hold for some of the calls: long prompts, a model, an endpoint, a region.

use crate::params::{Invalid, Parameters, Visitor};
use crate::units::{Money, RequestPrice, Share, TokenPrice};

/// Prices of one kind of token each, and of a call, once it is settled which of all stated ones hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Rates {
    /// A call, whatever its size.
    pub request: Money,
    /// A prompt token that is neither read from the cache nor written to it.
    pub input: Money,
    /// A prompt token that is read from the cache.
    pub cached: Money,
    /// A prompt token that is written to the cache.
    pub written: Money,
    /// A completion token.
    pub output: Money,
}

impl Rates {
    /// These with token prices as stated. A price of input speaks for cached and written input too, unless those are
    /// stated beside it.
    pub(super) fn with(mut self, stated: &TokenPrices) -> Self {
        if let Some(input) = stated.input {
            (self.input, self.cached, self.written) = (input.0, input.0, input.0);
        }
        self.cached = stated.cached_input.map_or(self.cached, |price| price.0);
        self.written = stated.cache_write.map_or(self.written, |price| price.0);
        self.output = stated.output.map_or(self.output, |price| price.0);
        self
    }

    /// These with token prices multiplied, each rounded to a whole picodollar.
    pub(super) fn times(self, input: Share, output: Share) -> Self {
        Rates {
            input: self.input.share(input),
            cached: self.cached.share(input),
            written: self.written.share(input),
            output: self.output.share(output),
            ..self
        }
    }

    /// These, but none above a million million dollars, so that the cost of a call is an exact [`Money`] whatever factors
    /// are stacked.
    fn capped(self) -> Self {
        let cap = |price: Money| price.min(Money::from_usd(1_000_000_000_000));
        let Rates { request, input, cached, written, output } = self;
        Rates {
            request: cap(request),
            input: cap(input),
            cached: cap(cached),
            written: cap(written),
            output: cap(output),
        }
    }
}

/// Prices per token. What is left out is as it is where these do not hold.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct TokenPrices {
    /// Per prompt token that is neither read from the cache nor written to it.
    pub input: Option<TokenPrice>,
    /// Per prompt token that is read from the cache; where only `input` is stated beside it, that.
    pub cached_input: Option<TokenPrice>,
    /// Per prompt token that is written to the cache; likewise.
    pub cache_write: Option<TokenPrice>,
    /// Per completion token.
    pub output: Option<TokenPrice>,
}

impl TokenPrices {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.optional("input", &mut self.input);
        visitor.optional("cached-input", &mut self.cached_input);
        visitor.optional("cache-write", &mut self.cache_write);
        visitor.optional("output", &mut self.output);
    }

    fn state_any(&self) -> bool {
        *self != TokenPrices::default()
    }
}

/// The highest factor of a price.
const MOST: Share = Share::from_hundred_millionths(100 * Share::ONE.hundred_millionths());

/// Refuses a factor that no price list has.
pub(super) fn check_factor(key: &'static str, factor: Option<Share>) -> Result<(), Invalid> {
    match factor {
        Some(factor) if factor > MOST => {
            Err(Invalid::new(key, format!("{factor} is more than {MOST}"), "write a factor, as in `110%`"))
        }
        _ => Ok(()),
    }
}

/// Prices of the whole of a call whose prompt is long.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Band {
    /// Prompts with more tokens than this, cached ones included.
    pub above: u64,
    /// Prices of its own.
    pub prices: TokenPrices,
    /// What the prices of input are multiplied by, cached and written input included, in place of prices of its own.
    pub input_factor: Option<Share>,
    /// What the price of output is multiplied by, in place of a price of its own.
    pub output_factor: Option<Share>,
}

impl Parameters for Band {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.required("above", &mut self.above);
        self.prices.visit(visitor);
        visitor.optional("input-factor", &mut self.input_factor);
        visitor.optional("output-factor", &mut self.output_factor);
    }

    fn check(&self) -> Result<(), Invalid> {
        check_factor("input-factor", self.input_factor)?;
        check_factor("output-factor", self.output_factor)?;
        let TokenPrices { input, cached_input, cache_write, output } = &self.prices;
        let input = [input, cached_input, cache_write].iter().any(|price| price.is_some());
        let twice = [
            ("input-factor", input && self.input_factor.is_some()),
            ("output-factor", output.is_some() && self.output_factor.is_some()),
        ];
        match twice.into_iter().find(|(_, twice)| *twice) {
            Some((key, _)) => {
                Err(Invalid::new(key, "both a factor and a price are stated", "leave one of the two out"))
            }
            None => Ok(()),
        }
    }
}

/// Prices that differ for a model, an endpoint or a region, or where capacity is exceeded.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Override {
    /// Per call.
    pub request: Option<RequestPrice>,
    /// Per token.
    pub prices: TokenPrices,
    /// Prices of calls with long prompts, by name. Prices per token that are stated here hold for long prompts too,
    /// unless these say otherwise: those of the tier do not.
    pub bands: Vec<(String, Band)>,
    /// What all prices per token are multiplied by; factors of a model, an endpoint and a region stack.
    pub factor: Option<Share>,
}

impl Parameters for Override {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.optional("request", &mut self.request);
        self.prices.visit(visitor);
        visitor.named("bands", &mut self.bands);
        visitor.optional("factor", &mut self.factor);
    }

    fn check(&self) -> Result<(), Invalid> {
        check_factor("factor", self.factor)
    }
}

/// Which of the stated prices hold for some calls.
#[derive(Clone, Debug)]
pub(super) struct Quote<'p> {
    pub rates: Rates,
    pub bands: &'p [(String, Band)],
    pub factors: Vec<Share>,
}

impl<'p> Quote<'p> {
    /// What holds where `other` differs.
    pub fn apply(&mut self, other: &'p Override) {
        self.rates.request = other.request.map_or(self.rates.request, |price| price.0);
        self.rates = self.rates.with(&other.prices);
        if other.prices.state_any() || !other.bands.is_empty() {
            self.bands = &other.bands;
        }
        self.factors.extend(other.factor);
    }

    /// The prices by length of the prompt: (prompts longer than this, prices), the shortest first.
    pub fn by_length(&self) -> Vec<(u64, Rates)> {
        let factored =
            |rates: Rates| self.factors.iter().fold(rates, |rates, factor| rates.times(*factor, *factor)).capped();
        let one = Share::ONE;
        let of_band = |band: &Band| {
            let rates = self.rates.with(&band.prices);
            rates.times(band.input_factor.unwrap_or(one), band.output_factor.unwrap_or(one))
        };
        let mut lengths: Vec<(u64, Rates)> =
            self.bands.iter().map(|(_, band)| (band.above, factored(of_band(band)))).collect();
        lengths.sort_by_key(|(above, _)| *above);
        lengths.insert(0, (0, factored(self.rates)));
        lengths
    }
}
