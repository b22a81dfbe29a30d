//! Last in, first out.

use super::{OrderModel, Place};
use crate::params::{Parameters, Visitor};

/// The one that joined last goes first. Under overload those who have just come are answered in time and the others never,
/// where `fifo` would answer all of them too late.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Lifo {}

impl Parameters for Lifo {
    fn visit(&mut self, _visitor: &mut dyn Visitor) {}
}

impl OrderModel for Lifo {
    fn rank(&self, _place: &Place, number: u64) -> u64 {
        u64::MAX - number
    }
}
