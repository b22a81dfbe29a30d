//! Budgets: how many retries all requests of a client may make together.
//!
//! To add one: a file with its parameters and its state, and a line in the list below.

mod aws;
mod deposit;
mod envoy;
mod failures;
mod finagle;
mod grpc;
mod none;
mod of_late;
mod sre;

use crate::client::retry::Failing;
use crate::params::{Invalid, Parameters};
use crate::units::{Share, SimDuration, SimTime};
use std::fmt::Debug;

pub use aws::Aws;
pub use deposit::Deposit;
pub use envoy::Envoy;
pub use failures::Failures;
pub use finagle::Finagle;
pub use grpc::Grpc;
pub use none::NoBudget;
pub use of_late::OfLate;
pub use sre::Sre;

/// What a retry was granted for. Its request keeps it until the next attempt has ended; a first attempt has [`Grant::FREE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Grant(u32); // what it cost, where the budget gives that back

impl Grant {
    /// That of an attempt which needed none.
    pub const FREE: Grant = Grant(0);
}

/// What a client has under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Load {
    /// Calls in flight.
    pub calls: u64,
    /// Requests that wait for a slot.
    pub waiting: u64,
}

/// The state of a budget. Times must not run backwards from call to call.
///
/// It is told of each request when its first attempt is sent, and of the end of each attempt with the grant that the
/// attempt was made on; then, where the client would try again, it is asked.
pub trait Budget: Debug + Send {
    /// A request makes its first attempt.
    fn began(&mut self, _now: SimTime) {}

    /// An attempt was answered.
    fn succeeded(&mut self, _now: SimTime, _grant: Grant) {}

    /// An attempt went wrong.
    fn failed(&mut self, _now: SimTime, _failing: Failing, _grant: Grant) {}

    /// Whether an attempt that went wrong may be made again; what that costs is taken at once.
    fn grants(&mut self, now: SimTime, failing: Failing, load: Load) -> Option<Grant>;

    /// A request ended before it made the attempt for which it had a grant.
    fn dropped(&mut self, _grant: Grant) {}
}

/// The parameters of a budget.
pub trait BudgetModel: Parameters {
    /// Its state at the start of a run.
    fn start(&self) -> Box<dyn Budget>;
}

crate::models! {
    /// Any budget.
    pub enum RetryBudget: dyn BudgetModel {
        /// Every retry is granted.
        none::NoBudget = "none",
        /// A purse that retries empty and successes fill, as the AWS SDKs have it.
        aws::Aws = "aws",
        /// Tokens that failures take and successes give; retries stop below half, as gRPC has it.
        grpc::Grpc = "grpc",
        /// Each request deposits a part of a retry into a bucket.
        deposit::Deposit = "deposit",
        /// A share of the requests of the last seconds, and a few a second, as Finagle and tower have it.
        finagle::Finagle = "finagle",
        /// A share of what is under way at this moment, as Envoy has it.
        envoy::Envoy = "envoy",
        /// Retries stay below a share of the requests of the last minutes, as Google's clients have it.
        sre::Sre = "sre",
        /// None while too many calls fail: a breaker for retries alone.
        failures::Failures = "failures",
    }
}

impl Default for RetryBudget {
    fn default() -> Self {
        RetryBudget::Deposit(Deposit::default())
    }
}

/// Refuses a share of requests that is nothing or more than all.
fn check_share(share: Share) -> Result<(), Invalid> {
    let message = match share {
        share if share > Share::ONE => format!("`{share}` is more than a retry for each request"),
        share if share == Share::default() => "a share of nothing grants no retry".to_owned(),
        _ => return Ok(()),
    };
    Err(Invalid::new("share", message, "write a share above `0%` and up to `100%`, as in `\"20%\"`"))
}

/// Refuses a memory that reaches nowhere or too far.
fn check_memory(key: &'static str, memory: SimDuration) -> Result<(), Invalid> {
    let (least, most) = (SimDuration::from_nanos(1_000_000), SimDuration::from_secs(86_400));
    if (least..=most).contains(&memory) {
        return Ok(());
    }
    let message = format!("`{memory}` is outside {least} to {most}");
    Err(Invalid::new(key, message, "write how far back it remembers, as in `\"10s\"`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many of `wanted` retries after 429s `budget` grants at `now`.
    pub fn granted(budget: &mut dyn Budget, now: SimTime, wanted: u64) -> u64 {
        (0..wanted).filter(|_| budget.grants(now, Failing::Refused(None), Load::default()).is_some()).count() as u64
    }
}
