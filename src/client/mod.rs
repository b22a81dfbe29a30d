//! The client: everything that stands between the application's request and the provider's reply.

pub mod batch;
pub mod cache;
pub mod coalesce;
pub mod continuation;
mod key;
pub mod prompt_cache;
pub mod retry;
pub mod transfer;

use crate::params::{Invalid, Parameters, Visitor};
use crate::units::SimDuration;
use retry::RetryPolicy;

pub use key::Key;

/// A real client that a strategy begins as. How one is found by its name is the catalogue's business.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Preset {
    /// Its name in the catalogue.
    pub name: String,
    /// Its retries.
    pub retry: RetryPolicy,
}

/// Everything that a client does about its limits.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Strategy {
    /// The real client that it begins as; every key that is stated beside it differs from that client.
    pub preset: Option<Preset>,
    /// Calls in flight at once, at most; without a bound every request is sent at once. A slot is held during a call and
    /// not during back-off.
    pub concurrency: Option<u32>,
    /// The queue in front of the slots.
    pub queue: Queue,
    /// What happens after a 429.
    pub retry: RetryPolicy,
}

impl Parameters for Strategy {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        let before = self.preset.clone();
        visitor.optional("preset", &mut self.preset);
        // One that has just been read is what the keys below it start from.
        if let Some(preset) = &self.preset
            && before.as_ref() != Some(preset)
        {
            self.retry = preset.retry.clone();
        }
        visitor.optional("concurrency", &mut self.concurrency);
        visitor.section("queue", &mut self.queue);
        visitor.choice("retry", crate::params::Presence::Optional, &mut self.retry);
    }

    fn check(&self) -> Result<(), Invalid> {
        if self.concurrency == Some(0) {
            return Err(Invalid::new("concurrency", "0 slots send nothing", "write at least 1, or leave it out"));
        }
        if self.concurrency.is_none() && self.queue.capacity.is_some() {
            let help = "add `concurrency`, as in `concurrency = 8`";
            return Err(Invalid::new("queue", "nothing ever queues without a bound on `concurrency`", help));
        }
        Ok(())
    }
}

/// First in, first out, in front of the slots.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Queue {
    /// Requests that may wait; one more is shed at once. Without it there is no bound.
    pub capacity: Option<u64>,
    /// No attempt of a request starts later than this after its arrival: a request still waiting then, or one whose next
    /// retry would come later, ends as expired.
    pub deadline: Option<SimDuration>,
}

impl Parameters for Queue {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.optional("capacity", &mut self.capacity);
        visitor.optional("deadline", &mut self.deadline);
    }

    fn check(&self) -> Result<(), Invalid> {
        if self.deadline.is_some_and(SimDuration::is_zero) {
            return Err(Invalid::new(
                "deadline",
                "everything that waits would expire at once",
                "write a time above zero",
            ));
        }
        Ok(())
    }
}
