//! The client: everything that stands between the application's request and the provider's reply.

pub mod batch;
pub mod cache;
pub mod coalesce;
pub mod continuation;
mod key;
mod layer;
pub mod prompt_cache;
pub mod retry;
mod route;
pub mod transfer;

use crate::params::{Invalid, Parameters, Presence, Visitor};
use crate::units::SimDuration;
use batch::Batch;
use cache::CacheSpec;
use coalesce::Coalesce;
use prompt_cache::PromptCache;
use retry::{MOST_LAYERS, RetryPolicy};
use transfer::Transfer;

pub use key::Key;
pub use layer::Layer;
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
    /// Keeps answers, and gives them again to requests with the same key.
    pub cache: Option<CacheSpec>,
    /// Requests wait for a call that is under way for the same key.
    pub coalesce: Option<Coalesce>,
    /// Sends several requests in one call.
    pub batch: Option<Batch>,
    /// Has the provider keep the beginning of prompts.
    pub prompt_cache: Option<PromptCache>,
    /// What the way over the network takes.
    pub transfer: Option<Transfer>,
}

impl Strategy {
    /// Whether it does nothing but queue and try again.
    pub fn is_plain(&self) -> bool {
        self.around.is_empty()
            && self.route.is_empty()
            && !self.canned
            && !self.spares_calls()
            && self.transfer.is_none()
    }

    /// Whether it has fewer calls, or smaller ones, than requests ask for.
    fn spares_calls(&self) -> bool {
        self.cache.is_some() || self.coalesce.is_some() || self.batch.is_some() || self.prompt_cache.is_some()
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
        visitor.choice("retry", Presence::Optional, &mut self.retry);
        visitor.named("around", &mut self.around);
        visitor.named("route", &mut self.route);
        visitor.optional_section("spread", &mut self.spread);
        visitor.optional("canned", &mut self.canned);
        visitor.optional_section("cache", &mut self.cache);
        visitor.optional_section("coalesce", &mut self.coalesce);
        visitor.optional_section("batch", &mut self.batch);
        visitor.optional_section("prompt-cache", &mut self.prompt_cache);
        visitor.optional_section("transfer", &mut self.transfer);
    }

    fn check(&self) -> Result<(), Invalid> {
        if self.concurrency == Some(0) {
            return Err(Invalid::new("concurrency", "0 slots send nothing", "write at least 1, or leave it out"));
        }
        if self.concurrency.is_none() && self.queue.capacity.is_some() {
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

/// First in, first out, in front of the slots.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Queue {
    /// Requests that may wait; one more is shed at once. Without it there is no bound.
    pub capacity: Option<u64>,
    /// No attempt of a request starts later than this after its arrival: a request still waiting then, or one whose next
    /// retry would come later, ends as expired; one that waits for others, to share a call, when that is over.
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
