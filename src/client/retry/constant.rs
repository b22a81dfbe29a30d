//! A constant delay.

use super::{Persistence, RetryModel};
use crate::params::{Invalid, Parameters, Visitor};
use crate::units::SimDuration;

/// Waits `base` before every retry.
#[derive(Clone, Debug, PartialEq)]
pub struct Constant {
    /// The delay.
    pub base: SimDuration,
    /// How long the client keeps at it.
    pub persistence: Persistence,
}

impl Default for Constant {
    fn default() -> Self {
        Constant { base: SimDuration::from_secs(1), persistence: Persistence::default() }
    }
}

impl Parameters for Constant {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.optional("base", &mut self.base);
        self.persistence.visit(visitor);
    }

    fn check(&self) -> Result<(), Invalid> {
        self.persistence.check()
    }
}

impl RetryModel for Constant {
    fn step(&self, _retry: u32) -> SimDuration {
        self.base
    }

    fn persistence(&self) -> Persistence {
        self.persistence
    }
}
