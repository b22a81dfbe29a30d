//! An overload that calls bring about themselves.

use super::super::congestion::check_power;
use crate::params::{Invalid, Parameters, Visitor};
use crate::units::SimDuration;

/// The share of calls that are refused with 529 is `(n / at)^power`, at most all, where `n` is the number of calls in
/// flight.
///
/// Retries of the refused add to what is in flight, hence to the refusals: the storm feeds itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Overload {
    /// Calls in flight at which every further one is refused, at least 1.
    pub at: u64,
    /// How sharp the bend is, in 0.1..=10.
    pub power: f64,
    /// The `Retry-After` of those 529s; without it there is none.
    pub retry_after: Option<SimDuration>,
}

impl Default for Overload {
    fn default() -> Self {
        Overload { at: 100, power: 4.0, retry_after: None }
    }
}

impl Parameters for Overload {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.required("at", &mut self.at);
        visitor.optional("power", &mut self.power);
        visitor.optional("retry-after", &mut self.retry_after);
    }

    fn check(&self) -> Result<(), Invalid> {
        if self.at == 0 {
            let help = "write how many calls in flight are the most, as in `100`";
            return Err(Invalid::new("at", "a service that is overloaded by nothing refuses everything", help));
        }
        check_power(self.power)
    }
}

impl Overload {
    /// The share that is refused with so many in flight.
    pub fn share(&self, in_flight: u64) -> f64 {
        libm::pow(in_flight as f64 / self.at as f64, self.power).min(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_refused_of_an_idle_service_and_everything_of_a_full_one() {
        let overload = Overload { at: 8, power: 2.0, retry_after: None };
        assert_eq!([0, 4, 8, 9].map(|n| overload.share(n)), [0.0, 0.25, 1.0, 1.0]);
    }
}
