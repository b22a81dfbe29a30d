//! Equal jitter.

use super::{Growth, Persistence, RetryModel};
use crate::params::{Invalid, Parameters, Visitor};
use crate::units::SimDuration;

/// Half the exponential delay plus a uniform draw of up to the other half (Brooker, AWS Architecture Blog 2015).
#[derive(Clone, Debug, PartialEq, Default)]
pub struct EqualJitter {
    /// The delay before jitter.
    pub growth: Growth,
    /// How long the client keeps at it.
    pub persistence: Persistence,
}

impl Parameters for EqualJitter {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        self.growth.visit(visitor);
        self.persistence.visit(visitor);
    }

    fn check(&self) -> Result<(), Invalid> {
        self.growth.check()?;
        self.persistence.check()
    }
}

impl RetryModel for EqualJitter {
    fn step(&self, retry: u32) -> SimDuration {
        self.growth.step(retry)
    }

    #[inline]
    fn jitter(&self, step: SimDuration, _previous: SimDuration, draw: f64) -> SimDuration {
        step.scale(0.5 + 0.5 * draw)
    }

    fn mean(&self, step: SimDuration) -> Option<SimDuration> {
        Some(step.scale(0.75))
    }

    fn persistence(&self) -> Persistence {
        self.persistence
    }
}
