//! Agents that start others.

use super::sessions::{OnFailure, check_window, expected_starts};
use super::{Context, FanOut, Script, UserModel, check_pause, check_turns, mean_turns};
use crate::durations::{Durations, Lognormal};
use crate::params::{Invalid, Parameters, Presence, Visitor};
use crate::traffic::arrivals::Arrivals;
use crate::traffic::sizes::{Geometric, Sizes};
use crate::units::{Share, SimDuration, Tokens};

/// Tasks of an agent that share one key: it calls, uses a tool, and calls again with all that was said before. After some
/// answers it starts sub-agents, which call at once and on their own, and goes on when all of them are done.
#[derive(Clone, Debug, PartialEq)]
pub struct Agents {
    /// When tasks start.
    pub starts: Arrivals,
    /// How many calls the agent makes for a task, those of sub-agents apart; at least 1 whatever is drawn.
    pub turns: Sizes,
    /// From an answer to the next call of the same agent; its mean above zero.
    pub tool_time: Durations,
    /// Tokens in front of the first prompt of every agent: instructions and tools.
    pub prefix: Tokens,
    /// The most input tokens of a call. Where they would be more, what was said is cut to the last half of that first, and
    /// nothing of this call is cached.
    pub context_window: Option<Tokens>,
    /// How long after a call its input is still cached.
    pub cached_for: SimDuration,
    /// What an agent does after a call that has failed for good. A sub-agent that leaves is done.
    pub on_failure: OnFailure,
    /// Sub-agents, if there are any.
    pub sub_agents: Option<SubAgents>,
}

impl Default for Agents {
    fn default() -> Self {
        Agents {
            starts: Arrivals::default(),
            turns: Sizes::Geometric(Geometric { mean: 20.0, max: None }),
            tool_time: Durations::Lognormal(Lognormal { mean: SimDuration::from_secs(5), cv: 2.0 }),
            prefix: Tokens::new(0),
            context_window: None,
            cached_for: SimDuration::from_secs(300),
            on_failure: OnFailure::Leave,
            sub_agents: None,
        }
    }
}

impl Parameters for Agents {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.choice("starts", Presence::Required, &mut self.starts);
        visitor.choice("turns", Presence::Optional, &mut self.turns);
        visitor.choice("tool-time", Presence::Optional, &mut self.tool_time);
        visitor.optional("prefix", &mut self.prefix);
        visitor.optional("context-window", &mut self.context_window);
        visitor.optional("cached-for", &mut self.cached_for);
        visitor.optional("on-failure", &mut self.on_failure);
        visitor.optional_section("sub-agents", &mut self.sub_agents);
    }

    fn check(&self) -> Result<(), Invalid> {
        check_turns("turns", &self.turns)?;
        check_pause("tool-time", &self.tool_time)?;
        check_window(self.prefix, self.context_window)?;
        let calls = self.calls_per_task();
        if calls > MOST_CALLS {
            let message = format!("a task makes {calls:.3e} calls on average, more than a million");
            let help = "lower `share`, `count`, `turns` or `depth` of the sub-agents";
            return Err(Invalid::new("sub-agents", message, help));
        }
        Ok(())
    }
}

/// The most calls of a task, on average.
const MOST_CALLS: f64 = 1e6;

impl Agents {
    /// The mean number of calls of a task, those of sub-agents included.
    fn calls_per_task(&self) -> f64 {
        let own = mean_turns(&self.turns);
        let Some(sub) = &self.sub_agents else { return own };
        let turns = mean_turns(&sub.turns);
        let started = sub.share.as_f64() * sub.count.model().mean(); // by one answer; after the last one none
        // Calls below one answer: those of the agents it starts, with what is below each of their answers in turn.
        let below = (1..sub.depth).fold(started * turns, |below, _| started * (turns + (turns - 1.0) * below));
        own + (own - 1.0) * below
    }
}

impl UserModel for Agents {
    fn script(&self) -> Script {
        let fan_out = |sub: &SubAgents| FanOut {
            share: sub.share.as_f64(),
            count: sub.count.clone(),
            turns: sub.turns.clone(),
            depth: sub.depth as u8,
        };
        Script {
            at_once: 0,
            turns: Some(self.turns.clone()),
            pause: self.tool_time.clone(),
            context: Some(Context { prefix: self.prefix, window: self.context_window, cached_for: self.cached_for }),
            leaves: self.on_failure == OnFailure::Leave,
            fan_out: self.sub_agents.as_ref().map(fan_out),
        }
    }

    fn starts(&self) -> Option<&Arrivals> {
        Some(&self.starts)
    }

    fn expected_requests(&self, secs: f64, _service: SimDuration) -> f64 {
        expected_starts(&self.starts, secs) * self.calls_per_task()
    }
}

/// The sub-agents of an agent.
#[derive(Clone, Debug, PartialEq)]
pub struct SubAgents {
    /// After which share of an agent's answers it starts some; after its last one never.
    pub share: Share,
    /// How many at a time; 1000 where more are drawn.
    pub count: Sizes,
    /// How many calls each of them makes; at least 1 whatever is drawn.
    pub turns: Sizes,
    /// How deep they nest, in 1..=4: at 1 a sub-agent starts no others.
    pub depth: u32,
}

impl Default for SubAgents {
    fn default() -> Self {
        SubAgents {
            share: Share::from_hundred_millionths(10_000_000),
            count: Sizes::constant(3),
            turns: Sizes::Geometric(Geometric { mean: 10.0, max: None }),
            depth: 1,
        }
    }
}

impl Parameters for SubAgents {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.optional("share", &mut self.share);
        visitor.choice("count", Presence::Optional, &mut self.count);
        visitor.choice("turns", Presence::Optional, &mut self.turns);
        visitor.optional("depth", &mut self.depth);
    }

    fn check(&self) -> Result<(), Invalid> {
        if self.share.as_f64() > 1.0 {
            let help = "write a share of at most `100%`, and a higher `count` for more";
            return Err(Invalid::new("share", format!("`{}` is more than all answers", self.share), help));
        }
        if !(1..=4).contains(&self.depth) {
            let message = format!("a depth of {} is outside 1 to 4", self.depth);
            return Err(Invalid::new("depth", message, "write `1`, or up to `4` for sub-agents of sub-agents"));
        }
        check_turns("turns", &self.turns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_of_a_tree_are_counted_level_by_level() {
        let sub = SubAgents {
            share: Share::from_hundred_millionths(50_000_000),
            count: Sizes::constant(2),
            turns: Sizes::constant(3),
            depth: 1,
        };
        let agents = |depth| Agents {
            turns: Sizes::constant(5),
            sub_agents: Some(SubAgents { depth, ..sub.clone() }),
            ..Agents::default()
        };
        // Four answers start one agent of three calls each; at depth 2 each of those starts two agents more.
        assert!((agents(1).calls_per_task() - (5.0 + 4.0 * 3.0)).abs() < 1e-12);
        assert!((agents(2).calls_per_task() - (5.0 + 4.0 * (3.0 + 2.0 * 3.0))).abs() < 1e-12);
    }
}
