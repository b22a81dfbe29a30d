//! No retry.

use super::{Persistence, RetryModel};
use crate::params::{Parameters, Visitor};
use crate::units::SimDuration;

/// Gives up at the first refusal.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct NoRetry {}

impl Parameters for NoRetry {
    fn visit(&mut self, _visitor: &mut dyn Visitor) {}
}

impl RetryModel for NoRetry {
    fn step(&self, _retry: u32) -> SimDuration {
        SimDuration::ZERO
    }

    fn persistence(&self) -> Persistence {
        Persistence::ONCE
    }
}
