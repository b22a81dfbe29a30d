//! What a tier costs.

use super::Confidence;
use crate::params::{Parameters, Visitor};
use crate::protocol::{Class, Request};
use crate::units::{Money, MonthlyFee, RequestPrice, TokenPrice};

/// The prices of a tier. Only calls that were answered are charged.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Price {
    /// The subscription; `None` where it is not published, which is not the same as free.
    pub month: Option<MonthlyFee>,
    /// Per answered call.
    pub request: RequestPrice,
    /// Per prompt token.
    pub input: TokenPrice,
    /// Per completion token.
    pub output: TokenPrice,
    /// Where the prices come from, if not from the tier's source.
    pub source: Option<String>,
    /// How far they can be trusted, if not as far as the tier's figures.
    pub confidence: Option<Confidence>,
}

impl Price {
    /// What one answered call costs, without the subscription.
    pub fn of(&self, request: &Request, _class: &Class, _spilled: bool) -> Money {
        self.usage(1, u64::from(request.input), u64::from(request.output))
    }

    /// What `requests` answered calls with so many tokens cost, without the subscription.
    pub fn usage(&self, requests: u64, input: u64, output: u64) -> Money {
        self.request.0 * requests + self.input.0 * input + self.output.0 * output
    }
}

impl Parameters for Price {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.optional("month", &mut self.month);
        visitor.optional("request", &mut self.request);
        visitor.optional("input", &mut self.input);
        visitor.optional("output", &mut self.output);
        visitor.optional("source", &mut self.source);
        visitor.optional("confidence", &mut self.confidence);
    }
}
