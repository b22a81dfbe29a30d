//! Full jitter.

use super::{Growth, Persistence, RetryModel};
use crate::params::{Invalid, Parameters, Visitor};
use crate::units::SimDuration;

/// Uniform between zero and the exponential delay (Brooker, AWS Architecture Blog 2015).
#[derive(Clone, Debug, PartialEq, Default)]
pub struct FullJitter {
    /// The delay before jitter.
    pub growth: Growth,
    /// How long the client keeps at it.
    pub persistence: Persistence,
}

impl Parameters for FullJitter {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        self.growth.visit(visitor);
        self.persistence.visit(visitor);
    }

    fn check(&self) -> Result<(), Invalid> {
        self.growth.check()?;
        self.persistence.check()
    }
}

impl RetryModel for FullJitter {
    fn step(&self, retry: u32) -> SimDuration {
        self.growth.step(retry)
    }

    #[inline]
    fn jitter(&self, step: SimDuration, _previous: SimDuration, draw: f64) -> SimDuration {
        step.scale(draw)
    }

    fn mean(&self, step: SimDuration) -> Option<SimDuration> {
        Some(step.scale(0.5))
    }

    fn persistence(&self) -> Persistence {
        self.persistence
    }
}
