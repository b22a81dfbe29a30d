//! A limit that is also enforced in shorter windows.

use super::{Align, FixedWindow, Limiter, LimiterModel, Verdict, fixed_window};
use crate::params::{Invalid, Parameters, Visitor, fixed_period};
use crate::units::{Allowance, Civil, Rate, SimDuration, SimTime};

/// `limit` per window, and in each `step` at most the share `amount * step / period`, rounded up to a whole request or token:
/// 600 per minute admit 10 in each second, 6 per minute one in each 10 seconds. So Azure OpenAI checks its requests per
/// minute, over 1 or 10 seconds.
///
/// The providers do not say how they round. Down would make a limit of less than one per step admit nothing; up costs
/// nothing, as the limit of the whole window still holds.
#[derive(Clone, Debug, PartialEq)]
pub struct SubWindows {
    /// Amount per window, and the window's length.
    pub limit: Allowance,
    /// The length of the shorter windows, less than that of the limit.
    pub step: SimDuration,
    /// Where windows of both lengths begin.
    pub align: Align,
}

impl Default for SubWindows {
    fn default() -> Self {
        let second = SimDuration::from_secs(1);
        SubWindows { limit: Allowance::per(60, SimDuration::from_secs(60)), step: second, align: Align::Epoch }
    }
}

impl SubWindows {
    fn share(&self) -> u64 {
        let whole = u128::from(self.limit.amount) * u128::from(self.step.as_nanos());
        let share = whole.div_ceil(u128::from(self.period().as_nanos()));
        u64::try_from(share).unwrap_or(u64::MAX)
    }
}

impl Parameters for SubWindows {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.required("limit", &mut self.limit);
        visitor.optional("step", &mut self.step);
        visitor.optional("align", &mut self.align);
    }

    fn check(&self) -> Result<(), Invalid> {
        let period = fixed_period("limit", self.limit)?;
        if self.step.is_zero() {
            return Err(Invalid::new("step", "windows of no length admit nothing", "write at least `\"1ns\"`"));
        }
        if self.step >= period {
            let message = format!("`{}` is no shorter than the limit's own `{period}`", self.step);
            return Err(Invalid::new("step", message, "write a shorter step, or use a `fixed-window`"));
        }
        Ok(())
    }
}

impl LimiterModel for SubWindows {
    type State = State;

    fn start(&self, civil: &Civil) -> State {
        let window = |limit| FixedWindow { limit, align: self.align }.start(civil);
        State { whole: window(self.limit), step: window(Allowance::per(self.share(), self.step)) }
    }

    fn capacity(&self) -> u64 {
        self.share()
    }

    fn sustained(&self) -> Option<Rate> {
        Some(self.limit.rate())
    }

    fn period(&self) -> SimDuration {
        self.limit.period.mean_length()
    }

    fn is_of_money(&self) -> bool {
        self.limit.is_money
    }

    fn label(&self) -> String {
        format!("{} by {}", self.limit, self.step)
    }
}

/// The counters of both windows.
#[derive(Clone, Debug)]
pub struct State {
    whole: fixed_window::State,
    step: fixed_window::State,
}

impl Limiter for State {
    #[inline]
    fn admits(&mut self, now: SimTime, amount: u64) -> bool {
        // Not `&&`: both must be brought up to now.
        self.whole.admits(now, amount) & self.step.admits(now, amount)
    }

    #[inline]
    fn charge(&mut self, now: SimTime, amount: u64) {
        self.whole.charge(now, amount);
        self.step.charge(now, amount);
    }

    fn opens(&self, now: SimTime, amount: u64) -> Verdict {
        let windows = [&self.whole, &self.step].into_iter();
        let refusals = windows.filter(|window| !window.fits(amount)).map(|window| window.opens(now, amount));
        let last = refusals.reduce(|one, other| match (one, other) {
            (Verdict::RetryAt(one), Verdict::RetryAt(other)) => Verdict::RetryAt(one.max(other)),
            _ => Verdict::Never,
        });
        last.unwrap_or(Verdict::Admit)
    }

    fn overdraw(&mut self, now: SimTime, amount: u64) {
        self.whole.overdraw(now, amount);
        self.step.overdraw(now, amount);
    }

    fn refund(&mut self, now: SimTime, charged: SimTime, amount: u64) {
        self.whole.refund(now, charged, amount);
        self.step.refund(now, charged, amount);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_refuses_what_the_minute_would_admit() {
        let at = |millis: u64| SimTime::ZERO + SimDuration::from_nanos(millis * 1_000_000);
        let limit = Allowance::per(90, SimDuration::from_secs(60));
        let spec = SubWindows { limit, step: SimDuration::from_secs(1), align: Align::Start };
        let mut windows = spec.start(&Civil::default());
        // 1.5 in a second, rounded up; the minute is full after 45 seconds.
        for second in 0..45 {
            windows.charge(at(second * 1_000), 2);
            let opens = if second < 44 { at(1_000 * (second + 1)) } else { at(60_000) };
            assert_eq!(windows.verdict(at(second * 1_000 + 500), 1), Verdict::RetryAt(opens));
            windows.admits(opens, 1);
        }
        assert_eq!(windows.verdict(at(60_000), 2), Verdict::Admit);
        assert_eq!(windows.verdict(at(60_000), 3), Verdict::Never);
    }
}
