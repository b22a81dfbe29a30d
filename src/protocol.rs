//! What passes between traffic, client and provider. Neither side knows more of the other than this.

use crate::units::{SimDuration, SimTime, Tokens};

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
    /// Which traffic source it comes from, by number.
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
        }
    }
}

pub use counts::Counts;

impl Counts {
    /// How much of the limit `request` asks for.
    #[inline]
    pub fn of(self, request: &Request) -> u64 {
        match self {
            Counts::Requests => 1,
            Counts::InputTokens => u64::from(request.input),
            Counts::UncachedInputTokens => u64::from(request.input) - u64::from(request.cached),
            Counts::OutputTokens => u64::from(request.output),
            Counts::TotalTokens => u64::from(request.input) + u64::from(request.output),
        }
    }
}

/// The provider's answer to one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Admitted; the answer is complete after the request's service time.
    Accepted,
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
