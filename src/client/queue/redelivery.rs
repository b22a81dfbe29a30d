//! A message queue between the application and its workers: what fails is delivered again.

use crate::params::{Invalid, Parameters, Visitor};
use crate::units::{SimDuration, SimTime};

/// Deliveries as message queues make them. Workers (`concurrency`) take messages; nobody waits for an answer, so what counts
/// is when each is done. A worker that fails, its own retries included, lets go of the message, which is then invisible until
/// it is delivered again; after the last delivery it goes to the dead letters and ends as given up, or by the error that it
/// failed with.
///
/// With Amazon SQS `visibility-timeout` (30 s by default) runs from the moment a worker has taken the message, and
/// `deliveries` is `maxReceiveCount`. RabbitMQ delivers again at once, or after a delay of the dead-letter exchange, which is
/// `delay` from the failure on with a `visibility-timeout` of zero; its quorum queues deliver 20 times and more by default.
/// A worker that takes longer than the visibility timeout keeps its message: duplicates are left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Redelivery {
    /// How often a message is delivered, the first time included; at least 2.
    pub deliveries: u32,
    /// A failed message is invisible at least so long after a worker has taken it.
    pub visibility_timeout: SimDuration,
    /// And at least so long after the failure.
    pub delay: SimDuration,
}

impl Default for Redelivery {
    fn default() -> Self {
        let (visibility_timeout, delay) = (SimDuration::from_secs(30), SimDuration::ZERO);
        Redelivery { deliveries: 5, visibility_timeout, delay }
    }
}

impl Parameters for Redelivery {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.optional("deliveries", &mut self.deliveries);
        visitor.optional("visibility-timeout", &mut self.visibility_timeout);
        visitor.optional("delay", &mut self.delay);
    }

    fn check(&self) -> Result<(), Invalid> {
        if self.deliveries < 2 {
            let message = format!("with {} deliveries nothing is delivered again", self.deliveries);
            return Err(Invalid::new("deliveries", message, "write at least 2, or leave `redelivery` out"));
        }
        Ok(())
    }
}

impl Redelivery {
    /// When a message is visible again whose `delivery`-th delivery (from 1) failed at `failed`, after a worker had taken it at
    /// `taken`; `None` where that was the last one.
    pub fn again(&self, delivery: u32, taken: SimTime, failed: SimTime) -> Option<SimTime> {
        let visible = taken.saturating_add(self.visibility_timeout).max(failed.saturating_add(self.delay));
        (delivery < self.deliveries).then_some(visible)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_comes_back_after_both_times() {
        let secs = |secs: u64| SimTime::ZERO + SimDuration::from_secs(secs);
        let sqs = Redelivery { deliveries: 3, ..Redelivery::default() };
        assert_eq!(sqs.again(1, secs(10), secs(12)), Some(secs(40)));
        assert_eq!(sqs.again(2, secs(10), secs(55)), Some(secs(55)));
        assert_eq!(sqs.again(3, secs(10), secs(12)), None);
        let nacked = Redelivery { visibility_timeout: SimDuration::ZERO, delay: SimDuration::from_secs(5), ..sqs };
        assert_eq!(nacked.again(1, secs(10), secs(12)), Some(secs(17)));
    }
}
