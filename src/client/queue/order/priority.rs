//! The highest priority first.

use super::{OrderModel, Place};
use crate::params::{Parameters, Visitor};

/// The class with the highest `priority` goes first, and within it who joined first. A call under way is never interrupted
/// (Cobham, Operations Research 2, 1954). Low priorities starve while there is enough to do for high ones.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Priority {}

impl Parameters for Priority {
    fn visit(&mut self, _visitor: &mut dyn Visitor) {}
}

impl OrderModel for Priority {
    fn rank(&self, place: &Place, _number: u64) -> u64 {
        u64::from(u8::MAX - place.priority)
    }
}
