//! A limit on how fast traffic may climb.

use super::{Limiter, LimiterModel, Verdict};
use crate::params::{Invalid, Parameters, Visitor, fixed_period};
use crate::units::{Allowance, Civil, Rate, Share, SimDuration, SimTime};

/// In each window at most what was used in the one before, and `growth` of it and `step` more; at least `floor` in any case.
/// Windows are aligned to the clock.
///
/// Providers publish that such limits are there, and hardly their figures. One 429 of the Claude API shows `step` (10,000
/// input tokens more each minute); OpenAI advises to grow by no more than half in 15 minutes.
#[derive(Clone, Debug, PartialEq)]
pub struct Ramp {
    /// What is always allowed, and the length of a window.
    pub floor: Allowance,
    /// How much more than in the window before.
    pub step: u64,
    /// How much more, as a share of the window before.
    pub growth: Share,
}

impl Default for Ramp {
    fn default() -> Self {
        Ramp { floor: Allowance::per(60, SimDuration::from_secs(60)), step: 10, growth: Share::default() }
    }
}

impl Parameters for Ramp {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.required("floor", &mut self.floor);
        visitor.optional("step", &mut self.step);
        visitor.optional("growth", &mut self.growth);
    }

    fn check(&self) -> Result<(), Invalid> {
        if self.step == 0 && self.growth == Share::default() {
            let help = "write a `step`, as in `10000`, or a `growth`, as in `\"50%\"`";
            return Err(Invalid::new("step", "this never climbs", help));
        }
        fixed_period("floor", self.floor).map(drop)
    }
}

impl LimiterModel for Ramp {
    type State = State;

    fn start(&self, civil: &Civil) -> State {
        let length = self.period();
        State {
            end: super::Align::Epoch.first_edge(length, civil),
            floor: self.floor.amount,
            step: self.step,
            growth: self.growth,
            length,
            allowed: self.floor.amount,
            used: 0,
        }
    }

    /// There is no amount that traffic cannot climb to.
    fn capacity(&self) -> u64 {
        u64::MAX
    }

    /// In the long run it lets through whatever traffic climbs to.
    fn sustained(&self) -> Option<Rate> {
        None
    }

    fn period(&self) -> SimDuration {
        self.floor.period.mean_length()
    }

    fn is_of_money(&self) -> bool {
        self.floor.is_money
    }

    fn label(&self) -> String {
        format!("{} climbing", self.floor)
    }
}

/// The present window.
#[derive(Clone, Debug)]
pub struct State {
    floor: u64,
    step: u64,
    growth: Share,
    length: SimDuration,
    allowed: u64,
    used: u64, // more than `allowed` where it was overdrawn
    end: SimTime,
}

impl State {
    /// What the next window allows as things stand.
    fn next(&self) -> u64 {
        let grown = self.growth.of(self.used).saturating_add(self.used).saturating_add(self.step);
        if self.used == 0 { self.floor } else { self.floor.max(grown) }
    }

    #[cold]
    fn roll(&mut self, now: SimTime) {
        let windows = (now - self.end).as_nanos() / self.length.as_nanos() + 1;
        self.allowed = if windows == 1 { self.next() } else { self.floor };
        self.used = 0;
        self.end = self.end.saturating_add(self.length.saturating_mul(windows));
    }
}

impl Limiter for State {
    fn admits(&mut self, now: SimTime, amount: u64) -> bool {
        if now >= self.end {
            self.roll(now);
        }
        self.allowed.saturating_sub(self.used) >= amount
    }

    fn charge(&mut self, _now: SimTime, amount: u64) {
        self.used += amount;
    }

    /// More than the next window allows passes once traffic has climbed further, which the limit cannot know.
    fn opens(&self, _now: SimTime, amount: u64) -> Verdict {
        if amount <= self.next() { Verdict::RetryAt(self.end) } else { Verdict::Busy }
    }

    fn overdraw(&mut self, now: SimTime, amount: u64) {
        self.admits(now, 1);
        self.charge(now, amount);
    }

    fn refund(&mut self, now: SimTime, charged: SimTime, amount: u64) {
        self.admits(now, 1);
        if charged.saturating_add(self.length) >= self.end {
            self.used -= amount;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_thousand_more_each_minute() {
        let minute = |m: u64| SimTime::ZERO + SimDuration::from_secs(60 * m);
        let floor = Allowance::per(48_276, SimDuration::from_secs(60));
        let mut ramp = Ramp { floor, step: 10_000, growth: Share::default() }.start(&Civil::default());
        for (at, allowed) in [(0, 48_276), (1, 58_276), (2, 68_276)] {
            assert_eq!(ramp.verdict(minute(at), allowed), Verdict::Admit);
            ramp.charge(minute(at), allowed);
            assert_eq!(ramp.verdict(minute(at), 1), Verdict::RetryAt(minute(at + 1)));
            assert_eq!(ramp.verdict(minute(at), allowed + 10_001), Verdict::Busy);
        }
        // A minute without traffic, and the climb begins anew.
        assert_eq!(ramp.verdict(minute(4), 48_277), Verdict::Busy);
    }

    #[test]
    fn half_more_in_fifteen_minutes() {
        let quarter = |q: u64| SimTime::ZERO + SimDuration::from_secs(900 * q);
        let floor = Allowance::per(1_000, SimDuration::from_secs(900));
        let growth = Share::from_hundred_millionths(50_000_000);
        let mut ramp = Ramp { floor, step: 0, growth }.start(&Civil::default());
        for (at, allowed) in [(0, 1_000), (1, 1_500), (2, 2_250)] {
            assert_eq!(ramp.verdict(quarter(at), allowed), Verdict::Admit);
            ramp.charge(quarter(at), allowed);
        }
    }
}
