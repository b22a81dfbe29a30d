//! Decorrelated jitter.

use super::growth::check_cap;
use super::{Persistence, RetryModel};
use crate::params::{Invalid, Parameters, Visitor};
use crate::units::SimDuration;

/// `min(cap, U(base, 3 * previous))`, where the first `previous` is `base` (Brooker, AWS Architecture Blog 2015).
#[derive(Clone, Debug, PartialEq)]
pub struct DecorrelatedJitter {
    /// The least delay.
    pub base: SimDuration,
    /// The longest delay.
    pub cap: SimDuration,
    /// How long the client keeps at it.
    pub persistence: Persistence,
}

impl Default for DecorrelatedJitter {
    fn default() -> Self {
        DecorrelatedJitter {
            base: SimDuration::from_secs(1),
            cap: SimDuration::from_secs(60),
            persistence: Persistence::default(),
        }
    }
}

impl Parameters for DecorrelatedJitter {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.optional("base", &mut self.base);
        visitor.optional("cap", &mut self.cap);
        self.persistence.visit(visitor);
    }

    fn check(&self) -> Result<(), Invalid> {
        check_cap(self.base, self.cap)?;
        self.persistence.check()
    }
}

impl RetryModel for DecorrelatedJitter {
    fn step(&self, _retry: u32) -> SimDuration {
        self.base
    }

    fn jitter(&self, base: SimDuration, previous: SimDuration, draw: f64) -> SimDuration {
        // Never below `base`: the first delay has none before it, and an obeyed hint may have been shorter.
        let reach = previous.max(base).saturating_mul(3) - base;
        (base + reach.scale(draw)).min(self.cap)
    }

    fn mean(&self, _step: SimDuration) -> Option<SimDuration> {
        None
    }

    fn persistence(&self) -> Persistence {
        self.persistence
    }
}
