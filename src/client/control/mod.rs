//! What keeps a client from making an overload worse: budgets for its retries, a breaker, and throttling of itself.
//!
//! A retry policy bounds what one request does. It does not bound what all of them do together: where every request fails
//! and is tried three times, the service gets three times the calls just when it can bear least (Beyer and others, *Site
//! Reliability Engineering*, 2016, chapters 21 and 22). The models here are shared by all requests of a client. A *budget*
//! is asked before each retry, a *breaker* and a *throttle* before each attempt.

pub mod breaker;
pub mod budget;
mod recent;
mod throttle;

pub use throttle::{Throttle, ThrottleState, Throttles};
