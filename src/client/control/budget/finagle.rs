//! The retry budget of Finagle, and of tower after it.

use super::{Budget, BudgetModel, Grant, Load, check_memory, check_share};
use crate::client::control::recent::Recent;
use crate::client::retry::Failing;
use crate::params::{Invalid, Parameters, Visitor};
use crate::units::{Share, SimDuration, SimTime};

/// Within `memory` a client may retry `share` of the requests that it began in it, and `per-second` times its length on
/// top.
///
/// Each request deposits `share` of a retry, each retry takes one out, and both are forgotten after `memory`, a tenth of it
/// at a time; what the rate lets through within `memory` is always there besides.
#[derive(Clone, Debug, PartialEq)]
pub struct Finagle {
    /// How long deposits and retries count, from 1 ms to a day.
    pub memory: SimDuration,
    /// Retries a second that are granted whatever was deposited.
    pub per_second: u32,
    /// Retries per request, above 0 and up to 1.
    pub share: Share,
}

impl Default for Finagle {
    fn default() -> Self {
        Finagle {
            memory: SimDuration::from_secs(10),
            per_second: 10,
            share: Share::from_hundred_millionths(20_000_000),
        }
    }
}

impl Parameters for Finagle {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.optional("memory", &mut self.memory);
        visitor.optional("per-second", &mut self.per_second);
        visitor.optional("share", &mut self.share);
    }

    fn check(&self) -> Result<(), Invalid> {
        check_memory("memory", self.memory)?;
        check_share(self.share)
    }
}

impl BudgetModel for Finagle {
    fn start(&self) -> Box<dyn Budget> {
        Box::new(Balance { recent: Recent::new(self.memory, SLICES), reserve: self.reserve(), deposit: self.deposit() })
    }
}

/// A retry, in hundred-millionths.
const ONE: i64 = Share::ONE.hundred_millionths() as i64;

/// How many steps forgetting is done in.
const SLICES: u64 = 10;

impl Finagle {
    fn deposit(&self) -> i64 {
        self.share.hundred_millionths().min(ONE as u64) as i64
    }

    /// The retries that are always there, rounded down to whole ones.
    fn reserve(&self) -> i64 {
        let retries = u128::from(self.per_second) * u128::from(self.memory.as_nanos()) / 1_000_000_000;
        i64::try_from(retries * ONE as u128).unwrap_or(i64::MAX)
    }
}

#[derive(Debug)]
struct Balance {
    recent: Recent, // deposits less retries
    reserve: i64,
    deposit: i64,
}

impl Budget for Balance {
    fn began(&mut self, now: SimTime) {
        self.recent.add(now, self.deposit);
    }

    fn grants(&mut self, now: SimTime, _failing: Failing, _load: Load) -> Option<Grant> {
        if self.recent.total(now).saturating_add(self.reserve) < ONE {
            return None;
        }
        self.recent.add(now, -ONE);
        Some(Grant::FREE)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::granted;
    use super::*;

    fn at(secs: u64) -> SimTime {
        SimTime::ZERO + SimDuration::from_secs(secs)
    }

    #[test]
    fn an_idle_client_may_retry_ten_times_a_second_of_its_memory() {
        let mut budget = Finagle::default().start();
        assert_eq!([0, 1, 9, 10, 10].map(|secs| granted(&mut *budget, at(secs), 1_000)), [100, 0, 0, 100, 0]);
    }

    #[test]
    fn five_requests_buy_a_retry_for_as_long_as_they_are_remembered() {
        let mut budget = Finagle { per_second: 0, ..Finagle::default() }.start();
        (0..24).for_each(|_| budget.began(at(0)));
        assert_eq!(granted(&mut *budget, at(3), 2), 2);
        (0..6).for_each(|_| budget.began(at(9)));
        assert_eq!(granted(&mut *budget, at(9), 9), 4, "30 requests buy 6, and 2 are made");
        // The 24 requests of the first second are forgotten before the retries made on them, as Finagle has it.
        assert_eq!(granted(&mut *budget, at(10), 9), 0);
        (0..5).for_each(|_| budget.began(at(20)));
        assert_eq!(granted(&mut *budget, at(20), 9), 1);
    }
}
