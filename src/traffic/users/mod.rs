//! Users who wait for answers: when they ask next depends on when, and whether, they were answered.
//!
//! ```text
//!  starts ──► thread: ask ──► wait ──► (fan out, wait for all) ──► pause ──► ask … until its turns are over
//! ```
//!
//! Every such model is a [`Script`] that one [`Crowd`] plays. To add one: a file with its parameters and its script, and a
//! line in the list below. What a thread draws depends on its own number only, never on what became of the others, so that
//! two tiers meet the same users as far as their answers allow.

mod agents;
mod closed_loop;
mod crowd;
mod sessions;

use crate::durations::Durations;
use crate::params::{Invalid, Parameters};
use crate::traffic::arrivals::Arrivals;
use crate::traffic::sizes::Sizes;
use crate::units::{SimDuration, Tokens};

pub use agents::{Agents, SubAgents};
pub use closed_loop::ClosedLoop;
pub use crowd::{Crowd, Prompt};
pub use sessions::{OnFailure, Sessions};

/// The parameters of users who wait.
pub trait UserModel: Parameters {
    /// How they behave.
    fn script(&self) -> Script;

    /// When threads start, one at each arrival; `None` where all are there at once.
    fn starts(&self) -> Option<&Arrivals> {
        None
    }

    /// How many requests they make in `secs` seconds if each answer takes `service`, without refusals; at least 0.
    fn expected_requests(&self, secs: f64, service: SimDuration) -> f64;
}

crate::models! {
    /// Any users who wait for answers.
    pub enum Users: dyn UserModel {
        /// A fixed number of users, each with one request at a time and a pause after its answer.
        closed_loop::ClosedLoop = "closed-loop",
        /// Conversations of several turns, whose context grows.
        sessions::Sessions = "sessions",
        /// Tasks of an agent that calls, uses tools, and now and then waits for sub-agents.
        agents::Agents = "agents",
    }
}

impl Default for Users {
    fn default() -> Self {
        Users::ClosedLoop(ClosedLoop::default())
    }
}

/// How users behave, in one form for all models.
#[derive(Clone, Debug)]
pub struct Script {
    /// Threads that are there from the start, each with a pause before its first request.
    pub at_once: u32,
    /// How many requests a thread makes; without end where there is none.
    pub turns: Option<Sizes>,
    /// From an answer to the next request of the thread.
    pub pause: Durations,
    /// Whether what was said goes along with each request.
    pub context: Option<Context>,
    /// Whether a thread ends with its first failed request.
    pub leaves: bool,
    /// Whether a thread starts others and waits for them.
    pub fan_out: Option<FanOut>,
}

/// What goes along with each request of a thread.
#[derive(Clone, Debug)]
pub struct Context {
    /// Tokens in front of the first prompt: instructions and tools.
    pub prefix: Tokens,
    /// The most input tokens of a request; where they would be more, what was said is cut to half of that.
    pub window: Option<Tokens>,
    /// How long after a call its input is still cached.
    pub cached_for: SimDuration,
}

/// Threads that a thread starts.
#[derive(Clone, Debug)]
pub struct FanOut {
    /// After which share of the answers, in 0..=1.
    pub share: f64,
    /// How many at a time; at most 1000.
    pub count: Sizes,
    /// How many requests each of them makes.
    pub turns: Sizes,
    /// How deep they nest: at 1 those started do not start others.
    pub depth: u8,
}

/// Refuses a pause that cannot be above zero: a refused user would ask again at the same instant, without end.
fn check_pause(key: &'static str, pause: &Durations) -> Result<(), Invalid> {
    if pause.model().mean().is_zero() {
        let message = "a pause of 0 would let a refused user ask without end at one instant";
        return Err(Invalid::new(key, message, "write a pause above zero, as in `\"100ms\"`"));
    }
    Ok(())
}

/// Refuses a number of turns that is always below one.
fn check_turns(key: &'static str, turns: &Sizes) -> Result<(), Invalid> {
    if turns.model().largest() == Some(Tokens::new(0)) {
        let help = format!("write at least 1, as in `{key}.constant = {{ value = 5 }}`");
        return Err(Invalid::new(key, "a thread of 0 requests makes no traffic", help));
    }
    Ok(())
}

/// The mean number of turns of a thread; each has at least one.
fn mean_turns(turns: &Sizes) -> f64 {
    turns.model().mean().max(1.0)
}
