//! A fixed number of users.

use super::{Script, UserModel, check_pause};
use crate::durations::{Durations, Exponential};
use crate::params::{Invalid, Parameters, Presence, Visitor};
use crate::units::SimDuration;

/// `count` users, each of whom asks, waits for the answer, thinks, and asks again, whatever became of the request.
///
/// Each thinks before the first request, so that they do not all come at once. With answers after `R` and thoughts of mean
/// `Z` they make `count / (R + Z)` requests a second (Little's law; Denning and Buzen, ACM Comput. Surv. 10, 1978): a
/// slower service lowers the traffic, which an open process does not show.
#[derive(Clone, Debug, PartialEq)]
pub struct ClosedLoop {
    /// How many users, in 1..=100000.
    pub count: u32,
    /// From an answer, or a final failure, to the user's next request; its mean above zero.
    pub think_time: Durations,
}

impl Default for ClosedLoop {
    fn default() -> Self {
        ClosedLoop { count: 10, think_time: Durations::Exponential(Exponential { mean: SimDuration::from_secs(30) }) }
    }
}

impl Parameters for ClosedLoop {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.required("count", &mut self.count);
        visitor.choice("think-time", Presence::Required, &mut self.think_time);
    }

    fn check(&self) -> Result<(), Invalid> {
        if !(1..=100_000).contains(&self.count) {
            let message = format!("{} users are outside 1 to 100000", self.count);
            return Err(Invalid::new("count", message, "write a number from 1 to 100000, as in `25`"));
        }
        check_pause("think-time", &self.think_time)
    }
}

impl UserModel for ClosedLoop {
    fn script(&self) -> Script {
        Script {
            at_once: self.count,
            turns: None,
            pause: self.think_time.clone(),
            context: None,
            leaves: false,
            fan_out: None,
        }
    }

    fn expected_requests(&self, secs: f64, service: SimDuration) -> f64 {
        let cycle = (self.think_time.model().mean() + service).as_secs_f64();
        f64::from(self.count) * secs / cycle
    }
}
