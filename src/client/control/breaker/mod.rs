//! Circuit breakers: a client that stops calling a service which fails, and tries it again after a while.
//!
//! A breaker is *closed* while calls pass, *open* while none does, and *half-open* when its time is up and a few trial
//! calls decide. What a call says counts for the state in which it was sent: an answer that comes after the breaker has
//! changed is ignored (as in Sony's gobreaker; resilience4j takes such an answer for that of a trial).
//!
//! To add one: a file with its parameters and its judge, and a line in the list below.

mod consecutive;
mod window;

use crate::client::retry::{Failing, RetryOn};
use crate::params::{Invalid, Parameters, Visitor};
use crate::units::{SimDuration, SimTime};
use std::fmt::Debug;

pub use consecutive::Consecutive;
pub use window::Window;

/// The keys that all breakers share.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Terms {
    /// How long it stays open, above zero.
    pub open_time: SimDuration,
    /// The answers that count as failures. Others than these say nothing: they are neither failure nor success.
    pub counts: RetryOn,
}

impl Default for Terms {
    fn default() -> Self {
        Terms { open_time: SimDuration::from_secs(60), counts: RetryOn::ALL }
    }
}

impl Parameters for Terms {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.optional("open-time", &mut self.open_time);
        visitor.optional("counts", &mut self.counts);
    }

    fn check(&self) -> Result<(), Invalid> {
        if self.open_time.is_zero() {
            let help = "write how long no call is made, as in `\"60s\"`";
            return Err(Invalid::new("open-time", "a breaker that never stays open stops nothing", help));
        }
        if self.counts == RetryOn::NOTHING {
            let help = "write some answers, as in `[\"429\", \"5xx\"]`";
            return Err(Invalid::new("counts", "a breaker for which nothing is a failure never opens", help));
        }
        Ok(())
    }
}

/// The calls of a half-open breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Trials {
    /// Those that are under way.
    pub out: u32,
    /// Those that succeeded.
    pub succeeded: u32,
    /// Those that failed.
    pub failed: u32,
    /// Those that took too long, be they among the failed or not.
    pub slow: u32,
}

impl Trials {
    /// All of them.
    pub fn sent(self) -> u32 {
        self.out + self.succeeded + self.failed
    }
}

/// A call that has told something about the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// When it ended.
    pub at: SimTime,
    /// Whether it went wrong.
    pub is_failure: bool,
    /// Whether it took too long.
    pub is_slow: bool,
}

/// What a half-open breaker becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The service is well.
    Close,
    /// It is not.
    Open,
}

/// When a breaker opens and closes.
pub trait Judge: Debug + Send {
    /// Whether a call that took so long was slow.
    fn is_slow(&self, _took: SimDuration) -> bool {
        false
    }

    /// A call of a closed breaker has ended; whether it opens.
    fn opens(&mut self, call: Ended) -> bool;

    /// Trial calls that a half-open breaker lets out in all.
    fn most_trials(&self) -> u32;

    /// What the trials so far say, if it is enough.
    fn decides(&self, trials: Trials) -> Option<Decision>;

    /// Forgets the calls before: the breaker closes.
    fn reset(&mut self);
}

/// The parameters of a breaker.
pub trait BreakerModel: Parameters {
    /// The keys that all share.
    fn terms(&self) -> Terms;

    /// Its judge at the start of a run.
    fn judge(&self) -> Box<dyn Judge>;
}

crate::models! {
    /// Any breaker.
    pub enum CircuitBreaker: dyn BreakerModel {
        /// Opens after so many failures in a row.
        consecutive::Consecutive = "consecutive",
        /// Opens when a share of the last calls failed or was slow, as resilience4j has it.
        window::Window = "window",
    }
}

impl Default for CircuitBreaker {
    fn default() -> Self {
        CircuitBreaker::Consecutive(Consecutive::default())
    }
}

/// When a call was sent, and in which state of a breaker. The call keeps it for when it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Pass {
    era: u32,
    sent: SimTime,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Closed,
    Open { until: SimTime },
    HalfOpen(Trials),
}

/// The state of a breaker. Times must not run backwards from call to call.
#[derive(Debug)]
pub struct Breaker {
    terms: Terms,
    judge: Box<dyn Judge>,
    phase: Phase,
    era: u32, // goes up with each change of the phase
}

impl Breaker {
    /// A closed one.
    pub fn new(breaker: &CircuitBreaker) -> Self {
        let model = breaker.model();
        Breaker { terms: model.terms(), judge: model.judge(), phase: Phase::Closed, era: 0 }
    }

    /// Until when it is open, if it is.
    pub fn open_until(&self) -> Option<SimTime> {
        if let Phase::Open { until } = self.phase { Some(until) } else { None }
    }

    /// Whether a call may be sent at `now`. Changes nothing, so a call that passes need not be sent.
    pub fn allows(&self, now: SimTime) -> bool {
        match self.phase {
            Phase::Closed => true,
            Phase::Open { until } => now >= until,
            Phase::HalfOpen(trials) => trials.sent() < self.judge.most_trials(),
        }
    }

    /// A call that is allowed at `now` is sent. Its end must be told to [`Breaker::answered`] or [`Breaker::ignored`].
    pub fn sent(&mut self, now: SimTime) -> Pass {
        if matches!(self.phase, Phase::Open { until } if now >= until) {
            self.enter(Phase::HalfOpen(Trials::default()));
        }
        if let Phase::HalfOpen(trials) = &mut self.phase {
            trials.out += 1;
        }
        Pass { era: self.era, sent: now }
    }

    /// A call has been answered, or went wrong; whether the breaker opened.
    pub fn answered(&mut self, now: SimTime, pass: Pass, failing: Option<Failing>) -> bool {
        if failing.is_some_and(|failing| !failing.is_among(self.terms.counts)) {
            self.ignored(pass);
            return false;
        }
        if pass.era != self.era {
            return false;
        }
        let (is_failure, is_slow) = (failing.is_some(), self.judge.is_slow(now - pass.sent));
        let decision = match &mut self.phase {
            Phase::Closed => self.judge.opens(Ended { at: now, is_failure, is_slow }).then_some(Decision::Open),
            Phase::Open { .. } => None,
            Phase::HalfOpen(trials) => {
                trials.out -= 1;
                *(if is_failure { &mut trials.failed } else { &mut trials.succeeded }) += 1;
                trials.slow += u32::from(is_slow);
                self.judge.decides(*trials)
            }
        };
        match decision {
            Some(Decision::Open) => self.enter(Phase::Open { until: now.saturating_add(self.terms.open_time) }),
            Some(Decision::Close) => {
                self.judge.reset();
                self.enter(Phase::Closed);
            }
            None => {}
        }
        decision == Some(Decision::Open)
    }

    /// A call ended in a way that says nothing about the service. Where it was a trial another takes its place.
    pub fn ignored(&mut self, pass: Pass) {
        if let Phase::HalfOpen(trials) = &mut self.phase
            && pass.era == self.era
        {
            trials.out -= 1;
        }
    }

    fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        self.era = self.era.wrapping_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Fault;

    const BAD: Option<Failing> = Some(Failing::Refused(None));

    fn at(secs: u64) -> SimTime {
        SimTime::ZERO + SimDuration::from_secs(secs)
    }

    /// Opens after two failures in a row for a minute, and closes after three good probes.
    fn breaker(counts: RetryOn) -> Breaker {
        let terms = Terms { counts, ..Terms::default() };
        Breaker::new(&CircuitBreaker::Consecutive(Consecutive { failures: 2, probes: 3, terms }))
    }

    /// Makes a call that ends at once.
    fn call(breaker: &mut Breaker, secs: u64, failing: Option<Failing>) -> bool {
        assert!(breaker.allows(at(secs)));
        let pass = breaker.sent(at(secs));
        breaker.answered(at(secs), pass, failing)
    }

    #[test]
    fn stays_open_for_its_time_and_no_longer() {
        let mut breaker = breaker(RetryOn::ALL);
        assert!(!call(&mut breaker, 5, BAD) && !call(&mut breaker, 6, None) && !call(&mut breaker, 7, BAD));
        assert!(call(&mut breaker, 8, BAD));
        assert!(!breaker.allows(at(8)) && !breaker.allows(SimTime::from_nanos(68_000_000_000 - 1)));
        assert!(breaker.allows(at(68)));
        assert!(call(&mut breaker, 70, BAD), "the first bad probe opens it again, from that instant");
        assert!(!breaker.allows(at(129)));
        assert!([130, 131, 132].iter().all(|&secs| !call(&mut breaker, secs, None)));
        assert!(!call(&mut breaker, 133, BAD) && call(&mut breaker, 134, BAD), "closed again, with an empty run");
    }

    #[test]
    fn lets_no_more_probes_out_than_it_needs() {
        let mut breaker = breaker(RetryOn::ALL);
        [0, 0].iter().for_each(|&secs| _ = call(&mut breaker, secs, BAD));
        let probes = [60, 61, 62].map(|secs| breaker.sent(at(secs)));
        assert!(!breaker.allows(at(99)));
        breaker.ignored(probes[0]);
        assert!(breaker.allows(at(99)));
        breaker.answered(at(99), probes[1], None);
        assert!(breaker.allows(at(99)), "two are still to come of which one is under way");
        breaker.sent(at(99));
        assert!(!breaker.allows(at(99)));
    }

    #[test]
    fn an_answer_counts_for_the_state_in_which_its_call_was_sent() {
        let mut breaker = breaker(RetryOn::ALL);
        let early = [(); 6].map(|()| breaker.sent(at(0)));
        assert!(!breaker.answered(at(1), early[0], BAD) && breaker.answered(at(1), early[1], BAD));
        assert!(!breaker.answered(at(2), early[2], BAD));
        let probe = breaker.sent(at(61));
        assert!(!breaker.answered(at(62), early[3], BAD), "it was no probe");
        assert!(!breaker.answered(at(63), probe, None));
        breaker.ignored(early[4]);
        assert!([64, 65].iter().all(|&secs| !call(&mut breaker, secs, None)));
        assert!(!breaker.answered(at(66), early[5], BAD) && !call(&mut breaker, 66, BAD));
    }

    #[test]
    fn what_does_not_count_says_nothing() {
        let mut breaker = breaker(RetryOn::of(false, &[Fault::Unavailable]));
        let away = Some(Failing::Fault(Fault::Unavailable));
        assert!((0..9).all(|_| !call(&mut breaker, 0, BAD)));
        assert!(!call(&mut breaker, 0, away) && !call(&mut breaker, 0, BAD), "a 429 does not break the run either");
        assert!(call(&mut breaker, 0, away));
        assert!((0..9).all(|_| !call(&mut breaker, 60, BAD)), "a 429 uses up no probe");
        assert!((0..3).all(|_| !call(&mut breaker, 60, None)));
        assert!(breaker.phase == Phase::Closed);
    }
}
