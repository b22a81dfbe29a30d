//! A sliding window approximated by two counters.

use super::{Align, Limiter, LimiterModel, Verdict};
use crate::params::{Invalid, Parameters, Visitor, fixed_period};
use crate::units::{Allowance, Civil, Rate, SimDuration, SimTime};

crate::words! {
    /// How the share of the window before is counted.
    pub enum Weighted {
        /// As it is, with its fraction: 49.5 and one more are above 50.
        Exact = "exact",
        /// Rounded down to whole requests or tokens: 49.5 and one more are 50.
        RoundedDown = "rounded-down",
    }
}

/// `limit` in about a period: what the present window has admitted, plus what the window before had, weighted by how much
/// of that one a span of the period's length that ends now still covers. It supposes that the window before was used
/// evenly, and so keeps two numbers where the exact log keeps every request (Cloudflare, "How we built rate limiting
/// capable of scaling to millions of domains", 2017).
#[derive(Clone, Debug, PartialEq)]
pub struct SlidingCounter {
    /// Amount in a span, and the length of the span and of the two windows.
    pub limit: Allowance,
    /// How the share of the window before is counted.
    pub weighted: Weighted,
    /// Where windows begin; not with the first request.
    pub align: Align,
}

impl Default for SlidingCounter {
    fn default() -> Self {
        let limit = Allowance::per(60, SimDuration::from_secs(60));
        SlidingCounter { limit, weighted: Weighted::Exact, align: Align::Epoch }
    }
}

impl Parameters for SlidingCounter {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.required("limit", &mut self.limit);
        visitor.optional("weighted", &mut self.weighted);
        visitor.optional("align", &mut self.align);
    }

    fn check(&self) -> Result<(), Invalid> {
        if self.align == Align::FirstRequest {
            let message = "windows that begin with a request have no window before them to weigh";
            return Err(Invalid::new("align", message, "write `\"epoch\"` or `\"start\"`"));
        }
        fixed_period("limit", self.limit).map(drop)
    }
}

impl LimiterModel for SlidingCounter {
    type State = State;

    fn start(&self, civil: &Civil) -> State {
        let length = self.period();
        let end = self.align.first_edge(length, civil);
        let slack = if self.weighted == Weighted::RoundedDown { u128::from(length.as_nanos()) - 1 } else { 0 };
        State { amount: self.limit.amount, length, slack, before: 0, used: 0, end }
    }

    fn capacity(&self) -> u64 {
        self.limit.amount
    }

    fn sustained(&self) -> Option<Rate> {
        Some(self.limit.rate())
    }

    /// What was used counts until the window after its own has ended, ever less.
    fn period(&self) -> SimDuration {
        self.limit.period.mean_length()
    }

    fn is_of_money(&self) -> bool {
        self.limit.is_money
    }

    fn label(&self) -> String {
        format!("{} weighted", self.limit)
    }
}

/// The counters of the present window and of the one before.
#[derive(Clone, Debug)]
pub struct State {
    amount: u64,
    length: SimDuration,
    slack: u128,  // in 0..length: the part of one request or token, in `1 / length`, that rounding forgives
    before: u64,  // more than `amount` where it was overdrawn
    used: u64,    // likewise
    end: SimTime, // of the present window
}

impl State {
    #[cold]
    fn roll(&mut self, now: SimTime) {
        let windows = (now - self.end).as_nanos() / self.length.as_nanos() + 1;
        self.before = if windows == 1 { self.used } else { 0 };
        self.used = 0;
        self.end = self.end.saturating_add(self.length.saturating_mul(windows));
    }

    /// What is left for the window before once `used` is counted, in `1 / length`; `None` where nothing would do.
    fn room(&self, used: u128) -> Option<u128> {
        let left = u128::from(self.amount).checked_sub(used)?;
        Some(left * u128::from(self.length.as_nanos()) + self.slack)
    }
}

/// How long before the end of a window the weight of `before` first fits into `room`.
fn fits_from(end: SimTime, room: u128, before: u64) -> SimTime {
    let remaining = u64::try_from(room / u128::from(before.max(1))).unwrap_or(u64::MAX);
    SimTime::from_nanos(end.as_nanos().saturating_sub(remaining))
}

impl Limiter for State {
    #[inline]
    fn admits(&mut self, now: SimTime, amount: u64) -> bool {
        if now >= self.end {
            self.roll(now);
        }
        let weight = u128::from(self.before) * u128::from((self.end - now).as_nanos());
        self.room(u128::from(self.used) + u128::from(amount)).is_some_and(|room| weight <= room)
    }

    #[inline]
    fn charge(&mut self, _now: SimTime, amount: u64) {
        self.used += amount;
    }

    fn opens(&self, _now: SimTime, amount: u64) -> Verdict {
        let (used, asked) = (u128::from(self.used), u128::from(amount));
        // In this window as the one before fades; else in the next, as this one does.
        let this = self.room(used + asked).map(|room| fits_from(self.end, room, self.before));
        let next = || self.room(asked).map(|room| fits_from(self.end.saturating_add(self.length), room, self.used));
        this.or_else(next).map_or(Verdict::Never, Verdict::RetryAt)
    }

    /// What is over the limit counts until the window after has ended.
    fn overdraw(&mut self, now: SimTime, amount: u64) {
        self.admits(now, 1);
        self.charge(now, amount);
    }

    fn refund(&mut self, now: SimTime, charged: SimTime, amount: u64) {
        self.admits(now, 1);
        let since = |windows: u64| charged.saturating_add(self.length.saturating_mul(windows)) >= self.end;
        match () {
            _ if since(1) => self.used -= amount,
            _ if since(2) => self.before -= amount,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(s: u64) -> SimTime {
        SimTime::ZERO + SimDuration::from_secs(s)
    }

    /// The example of the source: 42 in the minute before, 18 in this one, a quarter of which has passed: 49.5 of 50.
    fn example(weighted: Weighted) -> State {
        let limit = Allowance::per(50, SimDuration::from_secs(60));
        let mut counter = SlidingCounter { limit, weighted, align: Align::Start }.start(&Civil::default());
        for (second, amount) in [(0, 42), (75, 18)] {
            assert_eq!(counter.verdict(secs(second), amount), Verdict::Admit);
            counter.charge(secs(second), amount);
        }
        counter
    }

    #[test]
    fn the_window_before_fades() {
        let mut counter = example(Weighted::Exact);
        // 42 * (120 s - t) / 60 s + 19 is 50 at t = 120 s - 60 s * 31 / 42.
        let opens = SimTime::from_nanos(75_714_285_715);
        assert_eq!(counter.verdict(secs(75), 1), Verdict::RetryAt(opens));
        assert_eq!(counter.verdict(secs(75), 51), Verdict::Never);
        assert_eq!(counter.verdict(opens, 1), Verdict::Admit);
        // 18 in this window: 50 at once are free when the next has ended.
        assert_eq!(counter.verdict(opens, 50), Verdict::RetryAt(secs(180)));
    }

    #[test]
    fn half_a_request_may_be_rounded_away() {
        let mut counter = example(Weighted::RoundedDown);
        assert_eq!(counter.verdict(secs(75), 1), Verdict::Admit);
        counter.charge(secs(75), 1);
        assert!(matches!(counter.verdict(secs(75), 1), Verdict::RetryAt(_)));
    }
}
