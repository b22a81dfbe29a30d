//! The client: everything that stands between the application's request and the provider's reply.

pub mod adaptive;
mod bandwidth;
pub mod batch;
pub mod cache;
mod classes;
pub mod coalesce;
pub mod continuation;
pub mod control;
mod estimate;
pub mod flow;
mod key;
mod layer;
pub mod prompt_cache;
pub mod queue;
pub mod retry;
mod route;
pub mod transfer;

use crate::params::{Invalid, Parameters, Presence, Visitor};
use crate::units::SimDuration;
use adaptive::hedge::Hedge;
use adaptive::rate::SendRate;
use adaptive::window::WindowSpec;
use batch::Batch;
use cache::CacheSpec;
use coalesce::Coalesce;
use control::Throttle;
use control::breaker::CircuitBreaker;
use control::budget::RetryBudget;
use flow::{Pacing, Steer};
use prompt_cache::PromptCache;
use retry::{MOST_LAYERS, RetryPolicy};
use transfer::Transfer;

pub use bandwidth::Bandwidth;
pub use classes::lists;
pub use estimate::Estimate;
pub use key::Key;
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
    /// Its budget for them, if it has one.
    pub budget: Option<RetryBudget>,
    /// Its breaker, if it has one.
    pub breaker: Option<CircuitBreaker>,
    /// Its throttling of itself, if it does.
    pub throttle: Option<Throttle>,
    /// How it learns how fast to send, if it does.
    pub send_rate: Option<SendRate>,
    /// How long it waits for an answer, if not for ever.
    pub timeout: Option<SimDuration>,
    /// Its pace, if it keeps one.
    pub pacing: Option<Pacing>,
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
    /// How fast it lets itself send, learnt from 429s.
    pub send_rate: Option<SendRate>,
    /// How many calls it keeps in flight, learnt from how they end; `concurrency` bounds them too.
    pub window: Option<WindowSpec>,
    /// How long a call is waited for, above zero, on every route: one that takes longer is given up, and is as one that the
    /// provider ends with 504. The time in the provider's queue counts, that in the lane of batches does not.
    pub timeout: Option<SimDuration>,
    /// What happens after a 429.
    pub retry: RetryPolicy,
    /// How many retries all requests may make together, those of the clients around this one too.
    pub budget: Option<RetryBudget>,
    /// What stops calls for a while when too many failed; each route has its own.
    pub breaker: Option<CircuitBreaker>,
    /// What turns calls down at random when the service does not take them; each route has its own.
    pub throttle: Option<Throttle>,
    /// A further call for a request whose call takes long.
    pub hedge: Option<Hedge>,
    /// Clients around this one that try again on their own, by name, the innermost first.
    pub around: Vec<(String, Layer)>,
    /// Other ways to an answer, by name, in the order in which they are tried.
    pub route: Vec<(String, Route)>,
    /// Calls are spread over all routes; without it the next route is taken where one has failed for good.
    pub spread: Option<Spread>,
    /// Whether a request that nothing answers, in its time, gets a canned answer. Who has lost patience takes none.
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
        let is_direct = self.around.is_empty() && self.route.is_empty() && !self.canned && self.transfer.is_none();
        let controls_nothing = self.budget.is_none() && self.breaker.is_none() && self.throttle.is_none();
        let sends_as_it_comes = self.queue.is_plain() && !self.has_gate() && self.hedge.is_none();
        let is_sure = self.retry.model().persistence().is_sure();
        let is_patient = self.timeout.is_none();
        is_direct && controls_nothing && sends_as_it_comes && is_sure && is_patient && !self.spares_calls()
    }

    /// Whether it has fewer calls, or smaller ones, than requests ask for.
    fn spares_calls(&self) -> bool {
        self.cache.is_some() || self.coalesce.is_some() || self.batch.is_some() || self.prompt_cache.is_some()
    }

    /// Whether calls may have to wait although a slot is free.
    fn has_gate(&self) -> bool {
        self.pacing.is_some() || self.steer.is_some() || self.send_rate.is_some() || self.window.is_some()
    }
}

/// Lists the key `preset`. Gives one that has just been read, which the keys beside it start from.
fn visit_preset(preset: &mut Option<Preset>, visitor: &mut dyn Visitor) -> Option<Preset> {
    let before = preset.clone();
    visitor.optional("preset", preset);
    preset.clone().filter(|preset| before.as_ref() != Some(preset))
}

impl Parameters for Strategy {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        if let Some(preset) = visit_preset(&mut self.preset, visitor) {
            let Preset { name: _, retry, budget, breaker, throttle, send_rate, timeout, pacing } = preset;
            (self.retry, self.budget, self.breaker, self.throttle) = (retry, budget, breaker, throttle);
            (self.send_rate, self.timeout, self.pacing) = (send_rate, timeout, pacing);
        }
        visitor.optional("concurrency", &mut self.concurrency);
        visitor.section("queue", &mut self.queue);
        visitor.optional_section("pacing", &mut self.pacing);
        visitor.optional_section("steer", &mut self.steer);
        visitor.choice("send-rate", Presence::Optional, &mut self.send_rate);
        visitor.choice("window", Presence::Optional, &mut self.window);
        visitor.choice("retry", Presence::Optional, &mut self.retry);
        visitor.optional("timeout", &mut self.timeout);
        visitor.choice("budget", Presence::Optional, &mut self.budget);
        visitor.choice("breaker", Presence::Optional, &mut self.breaker);
        visitor.optional_section("throttle", &mut self.throttle);
        visitor.optional_section("hedge", &mut self.hedge);
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
        if self.timeout.is_some_and(SimDuration::is_zero) {
            return Err(Invalid::new("timeout", "every call would time out at once", "write a time above zero"));
        }
        let Queue { capacity, patience, order, .. } = &self.queue;
        let minds_the_line = capacity.is_some() || patience.is_some() || *order != queue::Order::default();
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
