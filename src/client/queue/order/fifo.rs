//! First in, first out.

use super::{OrderModel, Place};
use crate::params::{Parameters, Visitor};

/// Requests go in the order in which they joined the line. One that comes back after a refusal joins anew.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Fifo {}

impl Parameters for Fifo {
    fn visit(&mut self, _visitor: &mut dyn Visitor) {}
}

impl OrderModel for Fifo {
    fn rank(&self, _place: &Place, _number: u64) -> u64 {
        0
    }
}
