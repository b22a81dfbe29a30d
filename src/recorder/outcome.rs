//! Counters of one traffic source and of one limit.

use super::{Charges, LatencyHistogram};
use crate::protocol::{Fault, Request};
use crate::units::{Money, SimDuration, SimTime};

/// What the latency of an answered request was spent on, back-off aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spent {
    /// Time that it waited for a slot of the client.
    pub queued: SimDuration,
    /// Time that its last call waited within the provider.
    pub held_up: SimDuration,
    /// Time that the provider worked on that call.
    pub worked: SimDuration,
}

impl Spent {
    /// No time at all.
    pub const NOTHING: Spent =
        Spent { queued: SimDuration::ZERO, held_up: SimDuration::ZERO, worked: SimDuration::ZERO };
}

/// Why a request was never answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The client had no attempts left, no time, or no heart for it.
    GaveUp,
    /// Its deadline passed, or its patience in the queue.
    Expired,
    /// The queue was full, or the client's breaker or throttle turned it down.
    Shed,
    /// Refused in a way that asks for no other attempt: it is larger than a limit can ever hold, or the limit refuses by 400.
    Never,
    /// The provider failed it in a way that the client does not retry.
    Error,
}

impl Failure {
    /// All of them, in the order of their numbers.
    pub const ALL: [Failure; Failure::COUNT] =
        [Failure::GaveUp, Failure::Expired, Failure::Shed, Failure::Never, Failure::Error];
    /// How many there are.
    pub const COUNT: usize = 5;

    /// As printed.
    pub const fn name(self) -> &'static str {
        match self {
            Failure::GaveUp => "gave up",
            Failure::Expired => "expired",
            Failure::Shed => "shed",
            Failure::Never => "refused for good",
            Failure::Error => "error",
        }
    }
}

/// How a request was served without a call of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spared {
    /// By an answer that stood ready for when nothing else answers.
    Canned,
    /// By an answer that was kept.
    Cache,
    /// By the answer to another request for the same.
    Coalesced,
    /// By a call that it shared with others; of those one has the call.
    Batched,
}

impl Spared {
    /// How many there are.
    pub const COUNT: usize = 4;
}

/// Refusals are told apart by attempt up to this one; later ones are counted with it.
pub const ATTEMPTS_TOLD_APART: usize = 16;

/// What became of the requests of one traffic source that arrived in the window of measurement.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct ClassRecord {
    /// Requests that arrived.
    pub offered: u64,
    /// Requests that were not, by [`Failure`].
    pub failures: [u64; Failure::COUNT],
    /// Requests without an outcome at the end.
    pub pending: u64,
    /// Attempts that were admitted.
    pub admitted: u64,
    /// Served requests without a call of their own, by [`Spared`].
    pub spared: [u64; Spared::COUNT],
    /// Served requests whose answer came by another route than that of the tier that is judged.
    pub rerouted: u64,
    /// Calls after the first one for the same request, or for the same part of its answer, that were made once no other was
    /// under way.
    pub retried: u64,
    /// Calls that were made while another for the same request was under way.
    pub hedged: u64,
    /// Admitted calls whose request another one has answered, or may still answer at the end of the run.
    pub overtaken: u64,
    /// Calls that led to a part of an answer, which another call went on with.
    pub continued: u64,
    /// Time that served requests waited for others, to share a call, in all, in nanoseconds.
    pub joining: u128,
    /// What it cost to carry calls over the network.
    pub transfer: Money,
    /// Attempts that a limit refused, with 429 or for good, by the number of the attempt, the first one at 0.
    pub rejected_by_attempt: [u64; ATTEMPTS_TOLD_APART],
    /// Calls that the provider failed, by [`Fault`]: those in their course were admitted, the others were not.
    pub errors: [u64; Fault::COUNT],
    /// Retries that the client's budget denied.
    pub denied: u64,
    /// Calls that the client itself turned down, by its breaker or its throttle; they are no attempts.
    pub turned_down: u64,
    /// Calls whose end opened a breaker of the client.
    pub breaker_openings: u64,
    /// From arrival to the complete answer.
    pub latency: LatencyHistogram,
    /// Time that served requests waited for a slot, in all, in nanoseconds.
    pub queued: u128,
    /// Time that served requests were held back by pacing or steering alone, in all, in nanoseconds.
    pub paced: u128,
    /// Time that served requests waited within the provider, in all, in nanoseconds.
    pub held_up: u128,
    /// Time that served requests were worked on by the provider, in all, in nanoseconds.
    pub service: u128,
    /// Prompt tokens of the served, in all.
    pub input_tokens: u64,
    /// Completion tokens of the served, in all.
    pub output_tokens: u64,
    /// What its calls were charged.
    pub charges: Charges,
}

impl ClassRecord {
    /// Requests that were answered.
    pub fn served(&self) -> u64 {
        self.latency.count()
    }

    /// Answers that came of a call.
    pub fn answered_calls(&self) -> u64 {
        self.served() - self.spared.iter().sum::<u64>()
    }

    /// Attempts that a limit refused, with 429 or for good.
    pub fn rejected(&self) -> u64 {
        self.rejected_by_attempt.iter().sum()
    }

    /// Requests that were never answered.
    pub fn failed(&self) -> u64 {
        self.failures.iter().sum()
    }

    /// Calls made.
    pub fn attempts(&self) -> u64 {
        self.admitted + self.rejected() + self.turned_away()
    }

    /// Calls that the provider failed.
    pub fn failed_calls(&self) -> u64 {
        self.errors.iter().sum()
    }

    /// Those of them that were refused before any limit was asked.
    pub fn turned_away(&self) -> u64 {
        Fault::ALL.iter().filter(|fault| fault.is_at_the_door()).map(|&fault| self.errors[fault as usize]).sum()
    }

    /// Those of them that were admitted.
    pub fn broken_off(&self) -> u64 {
        self.failed_calls() - self.turned_away()
    }

    /// Time that served requests spent between attempts, in all, in nanoseconds: what neither queue nor provider took, which
    /// includes calls that the provider failed.
    pub fn backed_off(&self) -> u128 {
        self.latency.sum_nanos() - self.queued - self.paced - self.joining - self.held_up - self.service
    }

    /// Requests whose first call was refused.
    pub fn first_rejected(&self) -> u64 {
        self.rejected_by_attempt[0]
    }

    #[inline]
    pub(super) fn reject(&mut self, attempt: u32) {
        self.rejected_by_attempt[(attempt as usize - 1).min(ATTEMPTS_TOLD_APART - 1)] += 1;
    }

    pub(super) fn fail_call(&mut self, fault: Fault) {
        self.errors[fault as usize] += 1;
    }

    #[inline]
    pub(super) fn serve(&mut self, request: &Request, latency: SimDuration, spent: Spent) {
        self.latency.record(latency);
        self.queued += u128::from(spent.queued.as_nanos());
        self.service += u128::from(spent.worked.as_nanos());
        self.held_up += u128::from(spent.held_up.as_nanos());
        self.input_tokens += u64::from(request.input);
        self.output_tokens += u64::from(request.output);
    }

    /// Adds the counts of `other`.
    pub fn merge(&mut self, other: &ClassRecord) {
        self.offered += other.offered;
        self.pending += other.pending;
        self.admitted += other.admitted;
        self.rerouted += other.rerouted;
        self.retried += other.retried;
        self.hedged += other.hedged;
        self.overtaken += other.overtaken;
        self.continued += other.continued;
        self.joining += other.joining;
        self.transfer = self.transfer.saturating_add(other.transfer);
        self.spared.iter_mut().zip(other.spared).for_each(|(mine, theirs)| *mine += theirs);
        self.queued += other.queued;
        self.paced += other.paced;
        self.service += other.service;
        self.held_up += other.held_up;
        self.input_tokens += other.input_tokens;
        self.output_tokens += other.output_tokens;
        self.denied += other.denied;
        self.turned_down += other.turned_down;
        self.breaker_openings += other.breaker_openings;
        self.charges.merge(&other.charges);
        self.latency.merge(&other.latency);
        self.errors.iter_mut().zip(other.errors).for_each(|(mine, theirs)| *mine += theirs);
        self.failures.iter_mut().zip(other.failures).for_each(|(mine, theirs)| *mine += theirs);
        self.rejected_by_attempt.iter_mut().zip(other.rejected_by_attempt).for_each(|(mine, theirs)| *mine += theirs);
    }
}

/// What one limit did.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct LimitRecord {
    /// Attempts of measured requests that it refused.
    pub refused: u64,
    /// When it first did.
    pub first_refused: Option<SimTime>,
    /// Requests or tokens that were charged to it during the whole run.
    pub charged: u64,
    /// For a limit that holds an amount during the call: amount times nanoseconds.
    pub held: u128,
    /// For a quota: how long it was gone while requests were measured, in nanoseconds.
    pub closed: u128,
    /// For a quota: what was charged on each day of the run, less what was given back on it.
    pub daily: Vec<i64>,
}

impl LimitRecord {
    #[inline]
    pub(super) fn refuse(&mut self, now: SimTime) {
        if self.refused == 0 {
            self.first_refused = Some(now);
        }
        self.refused += 1;
    }

    /// Adds the counts of `other`; the first refusal is the earlier one.
    pub fn merge(&mut self, other: &LimitRecord) {
        self.refused += other.refused;
        self.charged += other.charged;
        self.held += other.held;
        self.closed += other.closed;
        if self.daily.len() < other.daily.len() {
            self.daily.resize(other.daily.len(), 0);
        }
        self.daily.iter_mut().zip(&other.daily).for_each(|(mine, theirs)| *mine = mine.saturating_add(*theirs));
        self.first_refused = match (self.first_refused, other.first_refused) {
            (Some(mine), Some(theirs)) => Some(mine.min(theirs)),
            (mine, theirs) => mine.or(theirs),
        };
    }
}
