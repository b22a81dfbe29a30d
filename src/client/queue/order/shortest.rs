//! The fewest tokens first.

use super::{OrderModel, Place};
use crate::client::Estimate;
use crate::params::{Parameters, Visitor};
use crate::protocol::{Class, Request};

/// The request with the fewest expected tokens, prompt and answer together, goes first. No order makes the mean wait shorter
/// where time goes by tokens (Smith, Naval Research Logistics Quarterly 3, 1956); large requests pay for it.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Shortest {
    /// How the answer is guessed.
    pub estimate: Estimate,
}

impl Parameters for Shortest {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.optional("estimate", &mut self.estimate);
    }
}

impl OrderModel for Shortest {
    fn rank(&self, place: &Place, _number: u64) -> u64 {
        place.size
    }

    fn size(&self, request: &Request, class: &Class) -> u64 {
        self.estimate.tokens(request, class)
    }
}
