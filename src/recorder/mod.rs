//! What a run leaves behind: integer counters, histograms and a timeline, mergeable in any order.

mod charge;
mod gauge;
mod histogram;
mod outcome;
mod timeline;

pub use charge::{Cause, Charges, MonthUse};
pub use gauge::{Gauge, Learnt};
pub use histogram::LatencyHistogram;
pub use outcome::{ClassRecord, Failure, LimitRecord, Spared, Spent};
pub use timeline::{Bin, Timeline};

use crate::protocol::{Fault, Request};
use crate::units::{Money, SimDuration, SimTime};
use charge::Months;

/// The record of one run, or of several merged ones.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// By traffic source, in the order of the scenario.
    pub classes: Vec<ClassRecord>,
    /// By limit, in the order of the tier.
    pub limits: Vec<LimitRecord>,
    /// Over time.
    pub timeline: Timeline,
    /// What the client learnt.
    pub learnt: Learnt,
    months: Months,
    warmup: SimTime,
}

impl Record {
    /// An empty record. Requests that arrive before `warmup` are not measured; the timeline shows them all the same.
    pub fn new(classes: usize, limits: usize, warmup: SimTime, duration: SimDuration) -> Self {
        Record {
            classes: vec![ClassRecord::default(); classes],
            limits: vec![LimitRecord::default(); limits],
            timeline: Timeline::new(duration),
            learnt: Learnt::default(),
            months: Months::new(Vec::new()),
            warmup,
        }
    }

    /// From when on requests are measured.
    pub fn warmup(&self) -> SimTime {
        self.warmup
    }

    /// Tells the use of calendar months apart, the first of which begin at `ends`: each but the last one's end.
    pub fn by_month(&mut self, ends: Vec<SimTime>) {
        self.months = Months::new(ends);
    }

    #[inline]
    fn measured(&mut self, request: &Request) -> Option<&mut ClassRecord> {
        if request.arrived >= self.warmup { self.classes.get_mut(usize::from(request.source)) } else { None }
    }

    /// A request has arrived.
    #[inline]
    pub fn offered(&mut self, request: &Request) {
        self.timeline.at(request.arrived).offered += 1;
        if let Some(class) = self.measured(request) {
            class.offered += 1;
        }
    }

    /// Its `attempt`-th call (from 1) was admitted.
    #[inline]
    pub fn admitted(&mut self, now: SimTime, request: &Request) {
        self.timeline.at(now).admitted += 1;
        if let Some(class) = self.measured(request) {
            class.admitted += 1;
        }
    }

    /// Its `attempt`-th call (from 1) was refused by `limit`.
    #[inline(always)]
    pub fn rejected(&mut self, now: SimTime, request: &Request, attempt: u32, limit: u16) {
        self.timeline.at(now).rejected += 1;
        if let Some(class) = self.measured(request) {
            class.reject(attempt);
            if let Some(limit) = self.limits.get_mut(usize::from(limit)) {
                limit.refuse(now);
            }
        }
    }

    /// One of its calls was failed by the provider, at the door or, where it had been admitted, in its course.
    pub fn call_failed(&mut self, now: SimTime, request: &Request, fault: Fault) {
        let bin = self.timeline.at(now);
        bin.errors += 1;
        bin.turned_away += u64::from(fault.is_at_the_door());
        if let Some(class) = self.measured(request) {
            class.fail_call(fault);
            self.months.fail(now);
        }
    }

    /// Its answer was complete `latency` after it had arrived, of which so much was `spent` otherwise than on back-off.
    #[inline]
    pub fn served(&mut self, request: &Request, latency: SimDuration, spent: Spent) {
        if let Some(class) = self.measured(request) {
            class.serve(request, latency, spent);
        }
    }

    /// It was served after it had been held back for so long while it might have been sent otherwise.
    pub fn paced(&mut self, request: &Request, paced: SimDuration) {
        if let Some(class) = self.measured(request) {
            class.paced += u128::from(paced.as_nanos());
        }
    }

    /// It was served so, without a call of its own.
    pub fn spared(&mut self, request: &Request, how: Spared) {
        if let Some(class) = self.measured(request) {
            class.spared[how as usize] += 1;
        }
    }

    /// A further call is made for it, because those before have failed.
    pub fn retried(&mut self, request: &Request) {
        if let Some(class) = self.measured(request) {
            class.retried += 1;
        }
    }

    /// A further call is made for it, while one is under way.
    pub fn hedged(&mut self, request: &Request) {
        if let Some(class) = self.measured(request) {
            class.hedged += 1;
        }
    }

    /// An admitted call for it ends, or is under way at the end of the run, while another has answered or may do so.
    pub fn overtaken(&mut self, request: &Request) {
        if let Some(class) = self.measured(request) {
            class.overtaken += 1;
        }
    }

    /// A call for it led to a part of its answer.
    pub fn continued(&mut self, request: &Request) {
        if let Some(class) = self.measured(request) {
            class.continued += 1;
        }
    }

    /// Of its latency it waited so long for others, to share a call. Told of the served.
    pub fn joined(&mut self, request: &Request, waited: SimDuration) {
        if let Some(class) = self.measured(request) {
            class.joining += u128::from(waited.as_nanos());
        }
    }

    /// To carry a call for it over the network cost so much.
    pub fn transferred(&mut self, request: &Request, cost: Money) {
        if let Some(class) = self.measured(request) {
            class.transfer = class.transfer.saturating_add(cost);
        }
    }

    /// It was served by another route than that of the tier that is judged.
    pub fn rerouted(&mut self, request: &Request) {
        if let Some(class) = self.measured(request) {
            class.rerouted += 1;
        }
    }

    /// A retry of it was denied by the client's budget.
    pub fn denied(&mut self, request: &Request) {
        if let Some(class) = self.measured(request) {
            class.denied += 1;
        }
    }

    /// The client itself turned a call for it down.
    pub fn turned_down(&mut self, request: &Request) {
        if let Some(class) = self.measured(request) {
            class.turned_down += 1;
        }
    }

    /// The end of a call for it opened a breaker of the client.
    pub fn breaker_opened(&mut self, request: &Request) {
        if let Some(class) = self.measured(request) {
            class.breaker_openings += 1;
        }
    }

    /// A call for it was charged `cost` at `at`, which need not be later than what was told before.
    #[inline]
    pub fn charged(&mut self, at: SimTime, request: &Request, cost: Money, cause: Cause, is_answered: bool) {
        if let Some(class) = self.measured(request) {
            class.charges.add(cost, cause, is_answered);
            self.months.add(at, cost, is_answered);
        }
    }

    /// What was used in each calendar month, in order; all of it together where months are not told apart.
    pub fn months(&self) -> &[MonthUse] {
        self.months.uses()
    }

    /// It will never be answered.
    #[inline]
    pub fn failed(&mut self, now: SimTime, request: &Request, why: Failure) {
        self.timeline.at(now).failed += 1;
        if let Some(class) = self.measured(request) {
            class.failures[why as usize] += 1;
        }
    }

    /// It had no outcome when the run ended.
    pub fn pending(&mut self, request: &Request) {
        if let Some(class) = self.measured(request) {
            class.pending += 1;
        }
    }

    /// Adds the counts of `other`, which must be of the same scenario and cell.
    pub fn merge(&mut self, other: &Record) {
        self.classes.iter_mut().zip(&other.classes).for_each(|(mine, theirs)| mine.merge(theirs));
        self.limits.iter_mut().zip(&other.limits).for_each(|(mine, theirs)| mine.merge(theirs));
        self.timeline.merge(&other.timeline);
        self.learnt.merge(&other.learnt);
        self.months.merge(&other.months);
    }

    /// All classes together.
    pub fn total(&self) -> ClassRecord {
        let mut total = ClassRecord::default();
        self.classes.iter().for_each(|class| total.merge(class));
        total
    }

    /// Whether every request has exactly one outcome and every attempt one answer; the sentence says what broke.
    pub fn check_conservation(&self) -> Result<(), String> {
        for (at, class) in self.classes.iter().enumerate() {
            let ended = class.served() + class.failed() + class.pending;
            if class.offered != ended {
                return Err(format!(
                    "source {at}: {} requests were offered and {ended} have an outcome",
                    class.offered
                ));
            }
            // An admitted call leads to an answer or a part of one, breaks off, comes too late, or is under way at the end.
            let led = class.answered_calls() + class.continued;
            let ended = led + class.broken_off() + class.overtaken;
            if !(ended..=ended + class.pending).contains(&class.admitted) {
                return Err(format!(
                    "source {at}: {} calls were admitted, {led} led to an answer or a part of one, {} broke off and {} came too late",
                    class.admitted,
                    class.broken_off(),
                    class.overtaken
                ));
            }
        }
        let (rejected, named) = (self.total().rejected(), self.limits.iter().map(|l| l.refused).sum::<u64>());
        if rejected != named {
            return Err(format!("{rejected} attempts were rejected and {named} have a limit that did"));
        }
        Ok(())
    }
}
