//! Failures and slow calls among the last ones.

use super::{BreakerModel, Decision, Ended, Judge, Terms, Trials};
use crate::client::control::recent::Recent;
use crate::params::{Invalid, Parameters, Visitor};
use crate::units::{Share, SimDuration};
use std::collections::VecDeque;

/// Opens when at least `failures` of the last `calls` failed, or of those of the `last` seconds, once `minimum` were made
/// since it closed; or when at least `slow-rate` of them took longer than `slow-call`. Half-open, it lets `trials` calls
/// out, and when all have ended their shares decide alike (resilience4j, `COUNT_BASED` and `TIME_BASED`).
#[derive(Clone, Debug, PartialEq)]
pub struct Window {
    /// Calls that are remembered, in 1..=100,000, where they are not those of a time.
    pub calls: Option<u32>,
    /// How long calls are remembered instead: whole seconds, from one to an hour. They are forgotten a second at a time.
    pub last: Option<SimDuration>,
    /// The share of them that opens it, above 0 and up to 1.
    pub failures: Share,
    /// Calls below which it never opens, at least 1 and at most `calls`; by default as many as these, and 100 of a time.
    pub minimum: Option<u32>,
    /// A call that takes longer is slow, whether it fails or not.
    pub slow_call: Option<SimDuration>,
    /// The share of slow calls that opens it, above 0 and up to 1; by default all.
    pub slow_rate: Option<Share>,
    /// Calls that it makes while it is half-open, at least 1.
    pub trials: u32,
    /// How long it stays open, and what is a failure.
    pub terms: Terms,
}

impl Default for Window {
    fn default() -> Self {
        Window {
            calls: Some(CALLS),
            last: None,
            failures: Share::from_hundred_millionths(50_000_000),
            minimum: None,
            slow_call: None,
            slow_rate: None,
            trials: 10,
            terms: Terms::default(),
        }
    }
}

const CALLS: u32 = 100;
const MOST_CALLS: u32 = 100_000;
const SECOND: SimDuration = SimDuration::from_secs(1);
const MOST_SECONDS: u64 = 3_600;

impl Parameters for Window {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        let before = self.last;
        visitor.optional("last", &mut self.last);
        // Who states a time drops the number that was there before, and the other way round; both are a mistake.
        if before.is_none() && self.last.is_some() {
            self.calls = None;
        }
        visitor.optional("calls", &mut self.calls);
        if before.is_some() && self.last == before && self.calls.is_some() {
            self.last = None;
        }
        visitor.optional("failures", &mut self.failures);
        visitor.optional("minimum", &mut self.minimum);
        visitor.optional("slow-call", &mut self.slow_call);
        visitor.optional("slow-rate", &mut self.slow_rate);
        visitor.optional("trials", &mut self.trials);
        self.terms.visit(visitor);
    }

    fn check(&self) -> Result<(), Invalid> {
        self.check_span()?;
        check_share("failures", self.failures)?;
        if let Some(rate) = self.slow_rate {
            check_share("slow-rate", rate)?;
            if self.slow_call.is_none() {
                let help = "add `slow-call`, as in `slow-call = \"30s\"`, or leave it out";
                return Err(Invalid::new("slow-rate", "no call is slow for this breaker", help));
            }
        }
        if self.minimum == Some(0) {
            return Err(Invalid::new("minimum", "0 calls have no share", "write at least 1, or leave it out"));
        }
        if let (Some(minimum), Some(calls)) = (self.minimum, self.calls)
            && minimum > calls
        {
            let message = format!("{minimum} is outside 1 to {calls}, the number of `calls`");
            return Err(Invalid::new("minimum", message, format!("write at most {calls}, or leave it out")));
        }
        if self.trials == 0 {
            return Err(Invalid::new("trials", "without a trial it never closes", "write at least 1"));
        }
        self.terms.check()
    }
}

/// Refuses a share of calls that means nothing.
fn check_share(key: &'static str, share: Share) -> Result<(), Invalid> {
    if share > Share::default() && share <= Share::ONE {
        return Ok(());
    }
    let message = format!("`{share}` of the calls can never be reached, or always is");
    Err(Invalid::new(key, message, "write a share above `0%` and up to `100%`, as in `\"50%\"`"))
}

impl Window {
    /// What is remembered is either so many calls or those of a time.
    fn check_span(&self) -> Result<(), Invalid> {
        match (self.calls, self.last) {
            (Some(_), Some(_)) => {
                let message = "it remembers the calls of a time (`last`) or so many `calls`";
                Err(Invalid::new("calls", message, "leave one of the two out"))
            }
            (Some(calls), None) if !(1..=MOST_CALLS).contains(&calls) => {
                let message = format!("{calls} is outside 1 to {MOST_CALLS}");
                Err(Invalid::new("calls", message, "write how many calls are remembered, as in `100`"))
            }
            (_, Some(last)) if last < SECOND || last > SECOND.saturating_mul(MOST_SECONDS) => {
                let message = format!("`{last}` is outside 1s to 1h");
                Err(Invalid::new("last", message, "write how long calls are remembered, as in `\"60s\"`"))
            }
            (_, Some(last)) if !last.as_nanos().is_multiple_of(SECOND.as_nanos()) => {
                let message = format!("`{last}` are no whole seconds");
                Err(Invalid::new("last", message, "write how long calls are remembered, as in `\"60s\"`"))
            }
            _ => Ok(()),
        }
    }

    /// Calls below which it never opens.
    fn fewest(&self) -> u32 {
        self.minimum.or(self.calls).unwrap_or(CALLS)
    }

    /// Whether so many of some calls are too many.
    fn is_bad(&self, tally: Tally) -> bool {
        let reaches = |count: u64, share: Share| {
            let [share, all] = [share, Share::ONE].map(|share| u128::from(share.hundred_millionths()));
            u128::from(count) * all >= u128::from(tally.calls) * share
        };
        let is_slow = self.slow_call.is_some() && reaches(tally.slow, self.slow_rate.unwrap_or(Share::ONE));
        is_slow || reaches(tally.failures, self.failures)
    }
}

impl BreakerModel for Window {
    fn terms(&self) -> Terms {
        self.terms
    }

    fn judge(&self) -> Box<dyn Judge> {
        let memory = match (self.last, self.calls) {
            (Some(last), _) => Memory::of_time(last.as_nanos() / SECOND.as_nanos()),
            (None, calls) => {
                Memory::Calls { most: calls.unwrap_or(CALLS), last: VecDeque::new(), tally: Tally::default() }
            }
        };
        Box::new(LastCalls { rule: self.clone(), memory })
    }
}

/// Counts of some calls.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    calls: u64,
    failures: u64,
    slow: u64,
}

/// What is remembered.
#[derive(Debug)]
enum Memory {
    /// So many calls: of each whether it failed and whether it was slow.
    Calls { most: u32, last: VecDeque<(bool, bool)>, tally: Tally },
    /// Those of the last seconds: all, the failed and the slow ones.
    Time([Recent; 3]),
}

impl Memory {
    fn of_time(seconds: u64) -> Self {
        Memory::Time([(); 3].map(|()| Recent::new(SECOND.saturating_mul(seconds), seconds)))
    }

    /// Remembers `call`, and says what it remembers then.
    fn add(&mut self, call: Ended) -> Tally {
        match self {
            Memory::Calls { most, last, tally } => {
                if last.len() >= *most as usize
                    && let Some((failed, slow)) = last.pop_front()
                {
                    tally.calls -= 1;
                    tally.failures -= u64::from(failed);
                    tally.slow -= u64::from(slow);
                }
                last.push_back((call.is_failure, call.is_slow));
                tally.calls += 1;
                tally.failures += u64::from(call.is_failure);
                tally.slow += u64::from(call.is_slow);
                *tally
            }
            Memory::Time(counts) => {
                let [calls, failures, slow] = counts;
                let count = |recent: &mut Recent, counts: bool| {
                    recent.add(call.at, i64::from(counts));
                    recent.total(call.at).unsigned_abs()
                };
                Tally {
                    calls: count(calls, true),
                    failures: count(failures, call.is_failure),
                    slow: count(slow, call.is_slow),
                }
            }
        }
    }

    fn clear(&mut self) {
        match self {
            Memory::Calls { last, tally, .. } => {
                last.clear();
                *tally = Tally::default();
            }
            Memory::Time(counts) => counts.iter_mut().for_each(Recent::clear),
        }
    }
}

#[derive(Debug)]
struct LastCalls {
    rule: Window,
    memory: Memory,
}

impl Judge for LastCalls {
    fn is_slow(&self, took: SimDuration) -> bool {
        self.rule.slow_call.is_some_and(|most| took > most)
    }

    fn opens(&mut self, call: Ended) -> bool {
        let tally = self.memory.add(call);
        tally.calls >= u64::from(self.rule.fewest()) && self.rule.is_bad(tally)
    }

    fn most_trials(&self) -> u32 {
        self.rule.trials
    }

    fn decides(&self, trials: Trials) -> Option<Decision> {
        let [failures, slow, ended] = [trials.failed, trials.slow, trials.succeeded + trials.failed].map(u64::from);
        let is_bad = self.rule.is_bad(Tally { calls: ended, failures, slow });
        let decision = if is_bad { Decision::Open } else { Decision::Close };
        (ended >= u64::from(self.rule.trials)).then_some(decision)
    }

    fn reset(&mut self) {
        self.memory.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::SimTime;

    fn judge(calls: u32, percent: u64, minimum: Option<u32>) -> Box<dyn Judge> {
        let failures = Share::from_hundred_millionths(percent * 1_000_000);
        Window { calls: Some(calls), failures, minimum, ..Window::default() }.judge()
    }

    /// After which call it opens; calls come one a second, and `x` fails, `s` is slow and `X` both.
    fn opens_at(judge: &mut dyn Judge, calls: &str) -> Option<usize> {
        let call = |(secs, call): (u64, char)| Ended {
            at: SimTime::ZERO + SimDuration::from_secs(secs),
            is_failure: matches!(call, 'x' | 'X'),
            is_slow: matches!(call, 's' | 'X'),
        };
        (0..).zip(calls.chars()).map(call).position(|call| judge.opens(call)).map(|at| at + 1)
    }

    #[test]
    fn opens_at_half_of_a_hundred_calls() {
        let mut judge = Window::default().judge();
        assert_eq!(opens_at(&mut *judge, &"x".repeat(200)), Some(100), "not before there are a hundred");
        judge.reset();
        assert_eq!(opens_at(&mut *judge, &format!("{}{}", ".".repeat(51), "x".repeat(99))), Some(101));
        judge.reset();
        assert_eq!(opens_at(&mut *judge, &"x.".repeat(99)), Some(100));
        judge.reset();
        assert_eq!(opens_at(&mut *judge, &"x..".repeat(99)), None);
    }

    #[test]
    fn the_oldest_calls_are_forgotten_and_few_are_not_judged() {
        assert_eq!(opens_at(&mut *judge(4, 75, None), "xx..x.x..xx."), None);
        assert_eq!(opens_at(&mut *judge(4, 75, None), "xx..x.x.xx"), Some(10));
        assert_eq!(opens_at(&mut *judge(10, 50, Some(3)), "x.x"), Some(3));
        assert_eq!(opens_at(&mut *judge(10, 50, Some(3)), "x..x"), Some(4));
    }

    #[test]
    fn trials_decide_when_all_have_ended() {
        let judge = Window { trials: 4, ..Window::default() }.judge();
        let decides = |succeeded, failed| judge.decides(Trials { succeeded, failed, ..Trials::default() });
        assert_eq!([decides(0, 3), decides(3, 0)], [None, None]);
        assert_eq!([decides(2, 2), decides(3, 1)], [Some(Decision::Open), Some(Decision::Close)]);
        let half = Share::from_hundred_millionths(50_000_000);
        let judge = Window { trials: 4, slow_call: Some(SECOND), slow_rate: Some(half), ..Window::default() }.judge();
        let decides = |slow| judge.decides(Trials { succeeded: 4, slow, ..Trials::default() });
        assert_eq!([decides(1), decides(2)], [Some(Decision::Close), Some(Decision::Open)]);
    }

    /// One call a second: of the last ten seconds ten are remembered, and half of six are enough.
    #[test]
    fn a_window_of_time_forgets_by_the_second() {
        let timed =
            || Window { calls: None, last: Some(SECOND.saturating_mul(10)), minimum: Some(6), ..Window::default() };
        assert_eq!(opens_at(&mut *timed().judge(), "xxxxxx"), Some(6));
        assert_eq!(opens_at(&mut *timed().judge(), "xx......x.x.."), None, "the first have gone when the last come");
        assert_eq!(opens_at(&mut *timed().judge(), ".....x.x.x.xx"), Some(13));
        // Five a second: more calls than seconds.
        let mut judge = timed().judge();
        let mut call = |secs: u64, is_failure| {
            let at = SimTime::ZERO + SECOND.saturating_mul(secs);
            judge.opens(Ended { at, is_failure, is_slow: false })
        };
        assert!((0..50).all(|n| !call(n / 5, false)));
        assert!((50..74).all(|n| !call(n / 5, true)), "24 of 49");
        assert!(call(14, true), "25 of the last 50");
    }

    #[test]
    fn slow_calls_open_it_whether_they_fail_or_not() {
        let half = Share::from_hundred_millionths(50_000_000);
        let slow = |rate| Window { calls: Some(4), slow_call: Some(SECOND), slow_rate: rate, ..Window::default() };
        assert_eq!(opens_at(&mut *slow(Some(half)).judge(), "...ss"), Some(5));
        assert_eq!(opens_at(&mut *slow(Some(half)).judge(), "s...X.s.."), Some(7));
        assert_eq!(opens_at(&mut *slow(None).judge(), "sss.ssss"), Some(8), "all of them, unless it is stated");
        let judge = slow(None).judge();
        assert_eq!([SECOND, SECOND + SimDuration::from_nanos(1)].map(|took| judge.is_slow(took)), [false, true]);
    }

    #[test]
    fn calls_and_time_exclude_one_another() {
        let last =
            |nanos| Window { calls: None, last: Some(SimDuration::from_nanos(nanos)), ..Window::default() }.check();
        assert!(last(1_000_000_000).is_ok() && last(3_600_000_000_000).is_ok());
        assert!([0, 999_999_999, 1_500_000_000, 3_601_000_000_000].iter().all(|&nanos| last(nanos).is_err()));
        let both = Window { last: Some(SECOND), ..Window::default() }.check();
        assert_eq!(both.unwrap_err().key, "calls");
        let rate = Window { slow_rate: Some(Share::ONE), ..Window::default() }.check();
        assert_eq!(rate.unwrap_err().key, "slow-rate");
    }
}
