//! Conversations.

use super::{Context, Script, UserModel, check_pause, check_turns, mean_turns};
use crate::durations::{Durations, Lognormal};
use crate::params::{Invalid, Parameters, Presence, Visitor};
use crate::traffic::arrivals::Arrivals;
use crate::traffic::sizes::{Geometric, Sizes};
use crate::units::{SimDuration, Tokens};

crate::words! {
    /// What a user does after a request that has failed for good.
    #[derive(Default)]
    pub enum OnFailure {
        /// Goes away: the rest of the session is not asked.
        #[default]
        Leave = "leave",
        /// Goes on with the next turn.
        GoOn = "go-on",
    }
}

/// Sessions that start as an arrival process and have several turns; each turn sends along all that was said before.
///
/// `input-tokens` and `output-tokens` of the source are those of one turn: what is new, and the answer. Input that an earlier
/// call of the session has sent or brought counts as cached while the last call is no longer ago than `cached-for`.
#[derive(Clone, Debug, PartialEq)]
pub struct Sessions {
    /// When sessions start.
    pub starts: Arrivals,
    /// How many turns a session has; at least 1 whatever is drawn.
    pub turns: Sizes,
    /// From an answer to the next prompt; its mean above zero.
    pub think_time: Durations,
    /// Tokens in front of the first prompt: instructions and tools.
    pub prefix: Tokens,
    /// The most input tokens of a request. Where they would be more, what was said is cut to the last half of that first, and
    /// nothing of this request is cached.
    pub context_window: Option<Tokens>,
    /// How long after a call its input is still cached.
    pub cached_for: SimDuration,
    /// What the user does after a request that has failed for good.
    pub on_failure: OnFailure,
}

impl Default for Sessions {
    fn default() -> Self {
        Sessions {
            starts: Arrivals::default(),
            turns: Sizes::Geometric(Geometric { mean: 5.0, max: None }),
            // Coding sessions recorded in 2025: median 10 s, 90th percentile 162 s, which is a sigma of about 2.
            think_time: Durations::Lognormal(Lognormal { mean: SimDuration::from_secs(30), cv: 1.5 }),
            prefix: Tokens::new(0),
            context_window: None,
            cached_for: SimDuration::from_secs(300),
            on_failure: OnFailure::Leave,
        }
    }
}

impl Parameters for Sessions {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.choice("starts", Presence::Required, &mut self.starts);
        visitor.choice("turns", Presence::Optional, &mut self.turns);
        visitor.choice("think-time", Presence::Optional, &mut self.think_time);
        visitor.optional("prefix", &mut self.prefix);
        visitor.optional("context-window", &mut self.context_window);
        visitor.optional("cached-for", &mut self.cached_for);
        visitor.optional("on-failure", &mut self.on_failure);
    }

    fn check(&self) -> Result<(), Invalid> {
        check_turns("turns", &self.turns)?;
        check_pause("think-time", &self.think_time)?;
        check_window(self.prefix, self.context_window)
    }
}

/// Refuses a window that the prefix fills.
pub(super) fn check_window(prefix: Tokens, window: Option<Tokens>) -> Result<(), Invalid> {
    match window {
        Some(window) if window <= prefix => {
            let message = format!("a context window of {window} tokens has no room beside a prefix of {prefix}");
            Err(Invalid::new("context-window", message, "write a larger window, or leave it out"))
        }
        _ => Ok(()),
    }
}

impl UserModel for Sessions {
    fn script(&self) -> Script {
        Script {
            at_once: 0,
            turns: Some(self.turns.clone()),
            pause: self.think_time.clone(),
            context: Some(Context { prefix: self.prefix, window: self.context_window, cached_for: self.cached_for }),
            leaves: self.on_failure == OnFailure::Leave,
            fan_out: None,
        }
    }

    fn starts(&self) -> Option<&Arrivals> {
        Some(&self.starts)
    }

    fn expected_requests(&self, secs: f64, _service: SimDuration) -> f64 {
        expected_starts(&self.starts, secs) * mean_turns(&self.turns)
    }
}

/// How many threads start in `secs` seconds.
pub(super) fn expected_starts(starts: &Arrivals, secs: f64) -> f64 {
    let expected = starts.model().mean_rate().per_second() * secs;
    starts.model().total().map_or(expected, |total| expected.min(total as f64))
}
