//! Work that is there at an instant and due at a later one.

use super::{ArrivalModel, ArrivalProcess};
use crate::params::{Invalid, Parameters, Visitor};
use crate::rng::Stream;
use crate::units::{Civil, Moment, Rate, SimDuration, SimTime};

crate::words! {
    /// When the requests of a backlog are made.
    pub enum Spread {
        /// At equal distances, from the instant on at which the work is there.
        Evenly = "evenly",
        /// All of them at once, when the work is there.
        AtOnce = "at-once",
    }
}

/// `requests` pieces of work that become available at one instant and are due at another: a nightly job, a re-index.
#[derive(Clone, Debug, PartialEq)]
pub struct Backlog {
    /// How many. At least 1.
    pub requests: u64,
    /// When the work is there; by default at the scenario's start, which is also what an earlier instant means.
    pub available: Moment,
    /// When all of it should have been asked for; after `available`.
    pub due: Moment,
    /// Whether the requests use the time until then.
    pub spread: Spread,
}

impl Default for Backlog {
    fn default() -> Self {
        let due = Moment::After(SimDuration::from_secs(8 * 3_600));
        Backlog { requests: 10_000, available: Moment::default(), due, spread: Spread::Evenly }
    }
}

impl Parameters for Backlog {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.required("requests", &mut self.requests);
        visitor.optional("available", &mut self.available);
        visitor.required("due", &mut self.due);
        visitor.optional("spread", &mut self.spread);
    }

    fn check(&self) -> Result<(), Invalid> {
        if self.requests == 0 {
            return Err(Invalid::new("requests", "a backlog of 0 requests is none", "write at least 1"));
        }
        if self.available.is_before(&self.due) == Some(false) {
            let message = format!("the work is due at {}, no later than it is there", self.due);
            return Err(Invalid::new("due", message, format!("write an instant after {}", self.available)));
        }
        Ok(())
    }
}

impl Backlog {
    /// From when to when, in nanoseconds after the start.
    fn window(&self, start: &Civil) -> (u64, u64) {
        let from = self.available.nanos_after(start).max(0).unsigned_abs();
        let until = self.due.nanos_after(start).max(0).unsigned_abs();
        (from, until.max(from))
    }
}

impl ArrivalModel for Backlog {
    fn process(&self, _stream: Stream, start: &Civil) -> Box<dyn ArrivalProcess> {
        let (from, until) = self.window(start);
        let span = if self.spread == Spread::Evenly { until - from } else { 0 };
        Box::new(Process { from, span, requests: self.requests, made: 0 })
    }

    /// Between `available` and `due`.
    fn mean_rate(&self) -> Rate {
        let (from, until) = self.window(&Civil::default());
        Rate::new(self.requests, SimDuration::from_nanos((until - from).max(1))).unwrap_or(super::once_a_second())
    }

    fn total(&self) -> Option<u64> {
        Some(self.requests)
    }

    fn keeps_civil_time(&self) -> bool {
        true
    }
}

struct Process {
    from: u64, // ns
    span: u64, // ns
    requests: u64,
    made: u64,
}

impl ArrivalProcess for Process {
    fn fill(&mut self, out: &mut [SimTime]) {
        for instant in out {
            if self.made == self.requests {
                *instant = SimTime::NEVER;
                continue;
            }
            let into = u128::from(self.span) * u128::from(self.made) / u128::from(self.requests);
            *instant = SimTime::from_nanos(self.from.saturating_add(into as u64));
            self.made += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Seed;

    #[test]
    fn the_work_is_spread_up_to_its_due_time() {
        let text = |text| Moment::parse(text).unwrap();
        let mut backlog =
            Backlog { requests: 4, available: text("2025-01-01T09:00"), due: text("10h"), ..Backlog::default() };
        let hours = |backlog: &Backlog| {
            let mut out = [SimTime::ZERO; 5];
            backlog.process(Seed(1).stream(0, ""), &Civil::default()).fill(&mut out);
            out.map(|at| if at == SimTime::NEVER { f64::INFINITY } else { at.as_secs_f64() / 3_600.0 })
        };
        assert_eq!(hours(&backlog), [9.0, 9.25, 9.5, 9.75, f64::INFINITY]);
        backlog.spread = Spread::AtOnce;
        assert_eq!(hours(&backlog), [9.0, 9.0, 9.0, 9.0, f64::INFINITY]);
    }
}
