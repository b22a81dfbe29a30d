//! The earliest deadline first.

use super::{OrderModel, Place};
use crate::params::{Parameters, Visitor};

/// The request whose deadline (`deadline` of its class, or of the queue) comes first goes first; those without one go last.
/// If any order meets all deadlines on one slot with calls that take equally long, this one does (Jackson 1955; Liu and
/// Layland, Journal of the ACM 20, 1973).
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Deadline {}

impl Parameters for Deadline {
    fn visit(&mut self, _visitor: &mut dyn Visitor) {}
}

impl OrderModel for Deadline {
    fn rank(&self, place: &Place, _number: u64) -> u64 {
        place.deadline.as_nanos()
    }
}
