//! Linear back-off.

use super::growth::check_cap;
use super::{Persistence, RetryModel};
use crate::params::{Invalid, Parameters, Visitor};
use crate::units::SimDuration;

/// `min(cap, base * retry)`.
#[derive(Clone, Debug, PartialEq)]
pub struct Linear {
    /// The first delay, and what each later one adds.
    pub base: SimDuration,
    /// The longest delay.
    pub cap: SimDuration,
    /// How long the client keeps at it.
    pub persistence: Persistence,
}

impl Default for Linear {
    fn default() -> Self {
        Linear { base: SimDuration::from_secs(1), cap: SimDuration::from_secs(60), persistence: Persistence::default() }
    }
}

impl Parameters for Linear {
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

impl RetryModel for Linear {
    fn step(&self, retry: u32) -> SimDuration {
        self.base.saturating_mul(u64::from(retry)).min(self.cap)
    }

    fn persistence(&self) -> Persistence {
        self.persistence
    }
}
