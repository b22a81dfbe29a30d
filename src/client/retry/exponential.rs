//! Exponential back-off without jitter.

use super::{Growth, Persistence, RetryModel};
use crate::params::{Invalid, Parameters, Visitor};
use crate::units::SimDuration;

/// `min(cap, base * factor^(retry - 1))`: clients that were refused together come back together.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Exponential {
    /// The delay before jitter.
    pub growth: Growth,
    /// How long the client keeps at it.
    pub persistence: Persistence,
}

impl Parameters for Exponential {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        self.growth.visit(visitor);
        self.persistence.visit(visitor);
    }

    fn check(&self) -> Result<(), Invalid> {
        self.growth.check()?;
        self.persistence.check()
    }
}

impl RetryModel for Exponential {
    fn step(&self, retry: u32) -> SimDuration {
        self.growth.step(retry)
    }

    fn persistence(&self) -> Persistence {
        self.persistence
    }
}
