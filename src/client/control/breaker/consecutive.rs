//! Failures in a row.

use super::{BreakerModel, Decision, Ended, Judge, Terms, Trials};
use crate::params::{Invalid, Parameters, Visitor};

/// Opens after `failures` in a row; a success begins the run anew. Half-open, the first failure opens it again, and
/// `probes` successes close it.
#[derive(Clone, Debug, PartialEq)]
pub struct Consecutive {
    /// Failures in a row that open it, at least 1.
    pub failures: u32,
    /// Good calls that close it, at least 1; no more than these are made.
    pub probes: u32,
    /// How long it stays open, and what is a failure.
    pub terms: Terms,
}

impl Default for Consecutive {
    fn default() -> Self {
        Consecutive { failures: 5, probes: 1, terms: Terms::default() }
    }
}

impl Parameters for Consecutive {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.optional("failures", &mut self.failures);
        visitor.optional("probes", &mut self.probes);
        self.terms.visit(visitor);
    }

    fn check(&self) -> Result<(), Invalid> {
        if self.failures == 0 {
            return Err(Invalid::new("failures", "it would open before it is ever closed", "write at least 1"));
        }
        if self.probes == 0 {
            return Err(Invalid::new("probes", "without a probe it never closes", "write at least 1"));
        }
        self.terms.check()
    }
}

impl BreakerModel for Consecutive {
    fn terms(&self) -> Terms {
        self.terms
    }

    fn judge(&self) -> Box<dyn Judge> {
        Box::new(Run { most: self.failures, probes: self.probes, failed: 0 })
    }
}

#[derive(Debug)]
struct Run {
    most: u32,
    probes: u32,
    failed: u32, // in a row
}

impl Judge for Run {
    fn opens(&mut self, call: Ended) -> bool {
        self.failed = if call.is_failure { self.failed + 1 } else { 0 };
        self.failed >= self.most
    }

    fn most_trials(&self) -> u32 {
        self.probes
    }

    fn decides(&self, trials: Trials) -> Option<Decision> {
        match trials {
            Trials { failed: 1.., .. } => Some(Decision::Open),
            Trials { succeeded, .. } if succeeded >= self.probes => Some(Decision::Close),
            _ => None,
        }
    }

    fn reset(&mut self) {
        self.failed = 0;
    }
}
