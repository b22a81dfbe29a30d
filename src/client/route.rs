//! Other ways to an answer: another tier, model, endpoint or region.

use crate::params::{Invalid, Parameters, Visitor};
use crate::units::SimDuration;

/// A second way to an answer, beside the tier that is judged. What is not stated is as there.
///
/// A route is another service or another part of it, never another key for the same limits: changing keys to get around
/// them is what no provider allows.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Route {
    /// The tier whose limits and prices hold there, by name. Without it those of the tier that is judged.
    pub tier: Option<String>,
    /// The model that answers there.
    pub model: Option<String>,
    /// The endpoint that is called, such as `batch`.
    pub endpoint: Option<String>,
    /// The region that is called.
    pub region: Option<String>,
    /// The classes that may go there, by name: a source, or `source/class`. Without it all may.
    pub classes: Option<Vec<String>>,
    /// Whether they go there first, and to the tier that is judged only from there.
    pub first: bool,
}

impl Parameters for Route {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.optional("tier", &mut self.tier);
        visitor.optional("model", &mut self.model);
        visitor.optional("endpoint", &mut self.endpoint);
        visitor.optional("region", &mut self.region);
        visitor.optional("classes", &mut self.classes);
        visitor.optional("first", &mut self.first);
    }

    fn check(&self) -> Result<(), Invalid> {
        let is_same = [&self.tier, &self.model, &self.endpoint, &self.region].iter().all(|part| part.is_none());
        if is_same {
            let help = "say what differs: `tier`, `model`, `endpoint` or `region`";
            return Err(Invalid::new("tier", "this route leads where every call goes", help));
        }
        if self.classes.as_ref().is_some_and(Vec::is_empty) {
            return Err(Invalid::new("classes", "no class may go there", "name some, or leave it out"));
        }
        Ok(())
    }
}

/// The most routes of a strategy.
pub(super) const MOST_ROUTES: usize = 16;

crate::words! {
    /// Which of several healthy routes the next call takes.
    #[derive(Default)]
    pub enum Choice {
        /// One after the other.
        #[default]
        RoundRobin = "round-robin",
        /// The one with the fewest calls under way; of several the first one stated.
        LeastBusy = "least-busy",
    }
}

/// Calls are spread over all routes, the first tier among them, rather than taking them one after the other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// Which of those that are not cooling down is next.
    pub by: Choice,
    /// How long a route gets no calls after one that failed. A retry goes to another one at once where there is one.
    pub cool_down: SimDuration,
}

impl Default for Spread {
    /// As the router of LiteLLM does it.
    fn default() -> Self {
        Spread { by: Choice::RoundRobin, cool_down: SimDuration::from_secs(5) }
    }
}

impl Parameters for Spread {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.optional("by", &mut self.by);
        visitor.optional("cool-down", &mut self.cool_down);
    }
}
