//! How long a client keeps trying.

use super::{HintRules, LongHint, RetryOn};
use crate::params::{Invalid, Parameters, Visitor};
use crate::protocol::Fault;
use crate::units::{Share, SimDuration};

/// The keys that all policies share.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Persistence {
    /// Attempts in all, the first one included. At least 1.
    pub attempts: u32,
    /// No attempt starts later than this after the first one.
    pub total_time: Option<SimDuration>,
    /// The chance that it tries again where it otherwise would, in 0..=1: a coin is tossed after every call that went wrong.
    pub persistence: Share,
    /// Whether a `Retry-After` in the reply replaces the policy's own delay.
    pub honor_retry_after: bool,
    /// A longer hint than this is not believed, and the own delay is taken.
    pub max_retry_after: Option<SimDuration>,
    /// What else it does about hints than to obey them.
    pub hints: HintRules,
    /// The answers after which it tries again.
    pub retry_on: RetryOn,
}

impl Default for Persistence {
    fn default() -> Self {
        Persistence {
            attempts: 6,
            total_time: None,
            persistence: Share::ONE,
            honor_retry_after: true,
            max_retry_after: None,
            hints: HintRules::NONE,
            retry_on: RetryOn::ALL,
        }
    }
}

impl Persistence {
    /// One attempt and no more.
    pub const ONCE: Persistence = Persistence {
        attempts: 1,
        total_time: None,
        persistence: Share::ONE,
        honor_retry_after: false,
        max_retry_after: None,
        hints: HintRules::NONE,
        retry_on: RetryOn::NOTHING,
    };

    /// Whether nothing but what it states decides if it tries again.
    pub fn is_sure(&self) -> bool {
        self.persistence == Share::ONE
    }

    /// Whether it ever tries again after `fault`.
    pub fn retries(&self, fault: Fault) -> bool {
        self.attempts > 1 && self.retry_on.has(fault)
    }

    /// The delay after a `hint`, where the client's own would be `own`, made from `draw`; `None` where it gives up.
    pub fn obey(&self, hint: SimDuration, own: SimDuration, draw: f64) -> Option<SimDuration> {
        let hint = match self.max_retry_after {
            _ if !self.honor_retry_after => return Some(own),
            Some(max) if hint > max => match self.hints.long {
                None | Some(LongHint::Ignore) => return Some(own),
                Some(LongHint::Clip) => max,
                Some(LongHint::GiveUp) => return None,
            },
            _ => hint,
        };
        Some(self.hints.combine(hint, own, draw))
    }

    /// Whether the client waits as long as `hint` says.
    #[inline]
    pub fn believes(&self, hint: SimDuration) -> bool {
        self.honor_retry_after && self.max_retry_after.is_none_or(|max| hint <= max)
    }
}

impl Parameters for Persistence {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.optional("attempts", &mut self.attempts);
        visitor.optional("total-time", &mut self.total_time);
        visitor.optional("persistence", &mut self.persistence);
        let honored = self.honor_retry_after;
        visitor.optional("honor-retry-after", &mut self.honor_retry_after);
        // Who turns hints off drops the rules about them that were there by default; one that is stated too is a mistake.
        if honored && !self.honor_retry_after {
            (self.max_retry_after, self.hints) = (None, HintRules::NONE);
        }
        visitor.optional("max-retry-after", &mut self.max_retry_after);
        self.hints.visit(visitor);
        visitor.optional("retry-on", &mut self.retry_on);
    }

    fn check(&self) -> Result<(), Invalid> {
        if self.attempts == 0 {
            return Err(Invalid::new("attempts", "0 attempts send nothing", "write at least 1; the first call is one"));
        }
        if self.persistence > Share::ONE {
            let message = format!("`{}` is no chance", self.persistence);
            return Err(Invalid::new("persistence", message, "write at most `100%`, as in `\"80%\"`"));
        }
        if self.max_retry_after.is_some() && !self.honor_retry_after {
            let help = "set `honor-retry-after = true`, or leave `max-retry-after` out";
            return Err(Invalid::new(
                "max-retry-after",
                "it bounds `Retry-After`, which this client does not obey",
                help,
            ));
        }
        if self.hints.long.is_some() && self.max_retry_after.is_none() {
            let help = "add `max-retry-after`, as in `max-retry-after = \"60s\"`";
            return Err(Invalid::new("long-retry-after", "no hint is too long for this client", help));
        }
        if self.hints != HintRules::NONE && !self.honor_retry_after {
            let message = "this client obeys no hint, and a rule says how";
            return Err(Invalid::new("honor-retry-after", message, "set it to `true`, or leave the rule out"));
        }
        self.hints.check()
    }
}
