//! The client: everything that stands between the application's request and the provider's reply.

mod estimate;
pub mod flow;
mod layer;
pub mod queue;
pub mod retry;
mod route;

use crate::params::{Invalid, Parameters, Presence, Visitor};
use flow::{Pacing, Steer};
use retry::{MOST_LAYERS, RetryPolicy};

pub use estimate::Estimate;
pub use layer::Layer;
pub use queue::Queue;
pub use route::{Choice, Route, Spread};

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
    /// A pace of its own below the limits.
    pub pacing: Option<Pacing>,
    /// How it goes by the headers of replies.
    pub steer: Option<Steer>,
    /// What happens after a 429.
    pub retry: RetryPolicy,
    /// Clients around this one that try again on their own, by name, the innermost first.
    pub around: Vec<(String, Layer)>,
    /// Other ways to an answer, by name, in the order in which they are tried.
    pub route: Vec<(String, Route)>,
    /// Calls are spread over all routes; without it the next route is taken where one has failed for good.
    pub spread: Option<Spread>,
    /// Whether a request that nothing answers gets a canned answer.
    pub canned: bool,
}

impl Strategy {
    /// Whether it does nothing but queue and try again.
    pub fn is_plain(&self) -> bool {
        self.around.is_empty() && self.route.is_empty() && !self.canned && self.queue.is_plain() && !self.has_gate()
    }

    /// Whether calls may have to wait although a slot is free.
    fn has_gate(&self) -> bool {
        self.pacing.is_some() || self.steer.is_some()
    }
}

/// Lists the key `preset`. One that has just been read is what `retry` starts from.
fn visit_preset(preset: &mut Option<Preset>, retry: &mut RetryPolicy, visitor: &mut dyn Visitor) {
    let before = preset.clone();
    visitor.optional("preset", preset);
    if let Some(preset) = preset
        && before.as_ref() != Some(preset)
    {
        *retry = preset.retry.clone();
    }
}

impl Parameters for Strategy {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visit_preset(&mut self.preset, &mut self.retry, visitor);
        visitor.optional("concurrency", &mut self.concurrency);
        visitor.section("queue", &mut self.queue);
        visitor.optional_section("pacing", &mut self.pacing);
        visitor.optional_section("steer", &mut self.steer);
        visitor.choice("retry", Presence::Optional, &mut self.retry);
        visitor.named("around", &mut self.around);
        visitor.named("route", &mut self.route);
        visitor.optional_section("spread", &mut self.spread);
        visitor.optional("canned", &mut self.canned);
    }

    fn check(&self) -> Result<(), Invalid> {
        if self.concurrency == Some(0) {
            return Err(Invalid::new("concurrency", "0 slots send nothing", "write at least 1, or leave it out"));
        }
        let minds_the_line = self.queue.capacity.is_some() || self.queue.order != queue::Order::default();
        if self.concurrency.is_none() && !self.has_gate() && minds_the_line {
            let help = "add `concurrency`, as in `concurrency = 8`";
            return Err(Invalid::new("queue", "nothing ever queues without a bound on `concurrency`", help));
        }
        if self.around.len() >= MOST_LAYERS {
            let message = format!("{} clients around this one are too many", self.around.len());
            return Err(Invalid::new("around", message, format!("write at most {}", MOST_LAYERS - 1)));
        }
        if self.route.len() > route::MOST_ROUTES {
            let message = format!("{} routes are too many", self.route.len());
            return Err(Invalid::new("route", message, format!("write at most {}", route::MOST_ROUTES)));
        }
        if self.spread.is_some() && self.route.is_empty() {
            let help = "add a `route`, or leave `spread` out";
            return Err(Invalid::new("spread", "there is one way only, and nothing to spread calls over", help));
        }
        Ok(())
    }
}
