//! What passes between traffic, client and provider. Neither side knows more of the other than this.

use crate::units::{Share, SimDuration, SimTime, Tokens};

/// One piece of work that the application wants done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// When the application asked.
    pub arrived: SimTime,
    /// How long the provider works on it once it is admitted. Drawn with the request, so that every tier and strategy
    /// meets the same one.
    pub service: SimDuration,
    /// Prompt tokens.
    pub input: Tokens,
    /// Those of the prompt tokens that the provider has cached.
    pub cached: Tokens,
    /// Completion tokens.
    pub output: Tokens,
    /// Which of its source's users waits for the answer; [`NOBODY`] where the source goes on whatever becomes of it.
    pub thread: u32,
    /// Who asks, by number; the same in every source.
    pub client: u32,
    /// Which class it is of, by number: a traffic source, or a class of one.
    pub source: u16,
}

impl Default for Request {
    /// Nothing, at the start, for nobody.
    fn default() -> Self {
        let none = Tokens::new(0);
        let (arrived, service) = (SimTime::ZERO, SimDuration::ZERO);
        Request { arrived, service, input: none, cached: none, output: none, thread: NOBODY, client: 0, source: 0 }
    }
}

/// The thread of a request that no user waits for.
pub const NOBODY: u32 = u32::MAX;

/// What all requests of one class have in common.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Class {
    /// Its name: that of its source, or `source/class`.
    pub name: String,
    /// What it asks for and on whose behalf.
    pub labels: Labels,
    /// The `max_tokens` that each call states.
    pub max_tokens: Option<Tokens>,
    /// The share of the input that is not cached which each call has the provider cache, in 0..=1.
    pub cache_write: Share,
}

/// Names by which a provider tells calls apart: limits may count them together or apart, and prices may differ. What is
/// not stated is a name of its own.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Labels {
    /// The model that answers.
    pub model: Option<String>,
    /// The endpoint that is called.
    pub endpoint: Option<String>,
    /// The region that is called.
    pub region: Option<String>,
    /// The team or workspace that calls.
    pub team: Option<String>,
    /// The API key that is used.
    pub key: Option<String>,
}

impl Labels {
    /// These, with what they leave open as `others` state it.
    pub fn or(self, others: &Labels) -> Labels {
        let or = |mine: Option<String>, theirs: &Option<String>| mine.or_else(|| theirs.clone());
        Labels {
            model: or(self.model, &others.model),
            endpoint: or(self.endpoint, &others.endpoint),
            region: or(self.region, &others.region),
            team: or(self.team, &others.team),
            key: or(self.key, &others.key),
        }
    }
}

/// What a limit counts.
pub mod counts {
    crate::words! {
        /// What a limit counts.
        pub enum Counts {
            /// Calls, whatever their size.
            Requests = "requests",
            /// Prompt tokens.
            InputTokens = "input-tokens",
            /// Prompt tokens that are not cached.
            UncachedInputTokens = "uncached-input-tokens",
            /// Completion tokens, at their true number.
            OutputTokens = "output-tokens",
            /// Prompt and completion tokens together.
            TotalTokens = "total-tokens",
            /// What calls cost, without the subscription.
            Spend = "spend",
        }
    }
}

pub use counts::Counts;

/// The provider's answer to one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Admitted; the answer is complete after the request's service time.
    Accepted {
        /// How long it waits before the provider begins.
        wait: SimDuration,
        /// Whether it passed beyond a limit that lets calls spill over.
        spilled: bool,
    },
    /// 429.
    TooManyRequests {
        /// The limit that refused, by number; of several, the one that would open last.
        limit: u16,
        /// The hint that the reply carries, if any: earlier attempts will fail.
        retry_after: Option<SimDuration>,
    },
    /// Refused for good: the request is larger than a limit could ever hold.
    TooLarge {
        /// That limit, by number.
        limit: u16,
    },
}
