//! What passes between traffic, client and provider. Neither side knows more of the other than this.

mod re_asking;

use crate::units::{Share, SimDuration, SimTime, Tokens};

pub use re_asking::{ReAsking, Resume};

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
    /// How often an answer that was cut off there is asked for again, at most.
    pub re_asks: u32,
    /// How it is.
    pub re_asking: ReAsking,
    /// The share of the input that is not cached which each call has the provider cache, in 0..=1.
    pub cache_write: Share,
    /// Which of those that wait for their turn is more urgent: higher goes first.
    pub priority: u8,
    /// After so long from its arrival a request is of no use any more; without it it always is.
    pub deadline: Option<SimDuration>,
}

impl Class {
    /// How often the `max_tokens` that its calls state may grow.
    pub fn grown_steps(&self) -> u16 {
        self.re_asking.step(self.max_tokens.unwrap_or_default(), self.re_asks)
    }
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

/// How the provider fails a call that no limit refuses.
pub mod fault {
    crate::words! {
        /// How the provider fails a call that no limit refuses.
        #[derive(PartialOrd, Ord)]
        pub enum Fault {
            /// 500: the call breaks off in its course.
            Internal = "500",
            /// 503: nothing is taken on.
            Unavailable = "503",
            /// 504: no answer in time.
            Timeout = "504",
            /// 529: too much is asked of the service by all.
            Overloaded = "529",
            /// The answer ends half-way.
            Dropped = "dropped",
        }
    }
}

pub use fault::Fault;

impl Fault {
    /// How many there are.
    pub const COUNT: usize = 5;
    /// All of them, in the order of their numbers.
    pub const ALL: [Fault; Fault::COUNT] =
        [Fault::Internal, Fault::Unavailable, Fault::Timeout, Fault::Overloaded, Fault::Dropped];

    /// Whether the call is refused at once, before any limit is asked, rather than failed in its course.
    pub const fn is_at_the_door(self) -> bool {
        matches!(self, Fault::Unavailable | Fault::Overloaded)
    }

    /// Whether somebody has waited long enough: the provider, or the client.
    pub const fn is_lateness(self) -> bool {
        matches!(self, Fault::Timeout)
    }
}

/// How calls fared that no limit refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Uptime {
    /// Those with a complete answer.
    pub answered: u64,
    /// Those that the provider failed.
    pub failed: u64,
}

impl Uptime {
    /// Counts those of `other` too.
    pub fn add(&mut self, other: Uptime) {
        self.answered += other.answered;
        self.failed += other.failed;
    }

    /// Whether less than `share` of them was answered; never where there were none.
    pub fn is_below(self, share: Share) -> bool {
        let all = u128::from(self.answered) + u128::from(self.failed);
        let [is, wanted] = [Share::ONE, share].map(|share| u128::from(share.hundred_millionths()));
        u128::from(self.answered) * is < all * wanted
    }
}

/// What the headers of a reply tell of one limit, as far as they print it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// What it counts.
    pub counts: Counts,
    /// The most that it holds.
    pub limit: u64,
    /// What is left of that.
    pub remaining: u64,
    /// The time until all of it is there again.
    pub full_in: SimDuration,
}

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
    /// Refused for good: the request is larger than a limit could ever hold, or the limit says so (400).
    TooLarge {
        /// That limit, by number.
        limit: u16,
    },
    /// The provider itself is at fault.
    Failed {
        /// In which way.
        fault: Fault,
    },
}
