//! Exact rates: events or tokens per period as a reduced fraction, never a float.

use super::calendar::CalendarUnit;
use super::money::Money;
use super::share::Share;
use super::time::{NANOS_PER_SECOND, SimDuration};
use std::fmt;

/// How often something happens: `events` in `nanos` nanoseconds, reduced. `90,000 per minute` stays a fraction.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rate {
    events: u64, // >= 1
    nanos: u64,  // >= 1, no common factor with `events`
}

/// One a second.
impl Default for Rate {
    fn default() -> Self {
        Rate { events: 1, nanos: NANOS_PER_SECOND }
    }
}

impl Rate {
    /// `events` in every `period`; `None` where either is zero.
    pub const fn new(events: u64, period: SimDuration) -> Option<Self> {
        let nanos = period.as_nanos();
        if events == 0 || nanos == 0 {
            return None;
        }
        let divisor = gcd(events, nanos);
        Some(Rate { events: events / divisor, nanos: nanos / divisor })
    }

    /// The fraction nearest to `per_second` events a second, to about 15 digits; `None` unless that is above zero and no
    /// rarer than once in 100 years.
    pub fn nearest(per_second: f64) -> Option<Self> {
        let horizon = SimDuration::HORIZON.as_nanos() as f64;
        let per_nano = per_second / NANOS_PER_SECOND as f64;
        // As many whole events as fit, so that rounding their time to nanoseconds loses nothing.
        let events = (per_nano * horizon).floor().min(1e15);
        if !(events >= 1.0 && per_nano.is_finite()) {
            return None;
        }
        Rate::new(events as u64, SimDuration::from_nanos((events / per_nano).round() as u64))
    }

    /// The part `share` of it, to about 18 digits where the fraction needs more than 64 bits; `None` where nothing is left.
    pub fn times(self, share: Share) -> Option<Self> {
        let mut events = u128::from(self.events) * u128::from(share.hundred_millionths());
        let mut nanos = u128::from(self.nanos) * u128::from(Share::ONE.hundred_millionths());
        let (mut a, mut b) = (events, nanos);
        while b != 0 {
            (a, b) = (b, a % b);
        }
        (events, nanos) = (events / a.max(1), nanos / a.max(1));
        let excess = 64 - events.max(nanos).leading_zeros().min(64);
        let period = SimDuration::from_nanos((nanos >> excess) as u64);
        Rate::new((events >> excess) as u64, period)
    }

    /// The fraction's numerator: events in [`Rate::nanos`].
    #[inline]
    pub const fn events(self) -> u64 {
        self.events
    }

    /// The fraction's denominator, in nanoseconds.
    #[inline]
    pub const fn nanos(self) -> u64 {
        self.nanos
    }

    /// Events a second, for people and for samplers.
    pub fn per_second(self) -> f64 {
        self.events as f64 / self.nanos as f64 * NANOS_PER_SECOND as f64
    }

    /// As providers quote it: per minute where that is a whole number, else as printed.
    pub fn quoted(self) -> String {
        let scaled = u128::from(self.events) * u128::from(60 * NANOS_PER_SECOND);
        match scaled % u128::from(self.nanos) {
            0 => format!("{}/min", scaled / u128::from(self.nanos)),
            _ => self.to_string(),
        }
    }
}

/// Prints per the largest unit that makes the count whole: `90000/min`, `1/30s`.
impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (seconds, unit) in [(1, "s"), (60, "min"), (3_600, "h"), (86_400, "d")] {
            let nanos = u128::from(self.nanos);
            let scaled = u128::from(self.events) * u128::from(seconds * NANOS_PER_SECOND);
            let (whole, rest) = (scaled / nanos, scaled % nanos * 1_000_000_000);
            // Up to nine decimals are exact in the grammar.
            if whole > 0 && rest.is_multiple_of(nanos) {
                return match rest / nanos {
                    0 => write!(f, "{whole}/{unit}"),
                    billionths => write!(f, "{whole}.{}/{unit}", format!("{billionths:09}").trim_end_matches('0')),
                };
            }
        }
        write!(f, "{}/{}", self.events, SimDuration::from_nanos(self.nanos))
    }
}

impl fmt::Debug for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The span over which an allowance is counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Period {
    /// A fixed length, such as a minute.
    Fixed(SimDuration),
    /// A stretch of the calendar, whose length differs: a month has 28 to 31 days, a day 23 to 25 hours.
    Calendar(CalendarUnit),
}

impl Period {
    /// The length, for a calendar unit its mean in the Gregorian calendar.
    pub fn mean_length(self) -> SimDuration {
        match self {
            Period::Fixed(length) => length,
            Period::Calendar(unit) => unit.mean_length(),
        }
    }
}

/// What a limit allows: `amount` in each `period`, as people write it (`60/min`, `5k/month`, `500 USD/month`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Allowance {
    /// Requests or tokens, or billionths of a dollar. At least 1.
    pub amount: u64,
    /// Whether they are billionths of a dollar.
    pub is_money: bool,
    /// The span in which they may be used.
    pub period: Period,
}

/// What an allowance is before one is read: 60 a minute.
impl Default for Allowance {
    fn default() -> Self {
        Allowance::per(60, SimDuration::from_secs(60))
    }
}

impl Allowance {
    /// `amount` per fixed `period`.
    pub const fn per(amount: u64, period: SimDuration) -> Self {
        Allowance { amount, is_money: false, period: Period::Fixed(period) }
    }

    /// The mean rate that it allows in the long run.
    pub fn rate(self) -> Rate {
        Rate::new(self.amount, self.period.mean_length()).expect("an allowance is positive")
    }
}

/// As short as it can be written: `60/min`, `5k/month`.
impl fmt::Display for Allowance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_money {
            write!(f, "{} USD/", Money::from_billionths(self.amount))?;
            return self.write_period(f);
        }
        let suffixes = [(1_000_000_000, "G"), (1_000_000, "M"), (1_000, "k")];
        let shorter = suffixes.into_iter().find(|(factor, _)| self.amount.is_multiple_of(*factor));
        let (factor, suffix) = shorter.unwrap_or((1, ""));
        write!(f, "{}{suffix}/", self.amount / factor)?;
        self.write_period(f)
    }
}

impl Allowance {
    fn write_period(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.period {
            Period::Calendar(unit) => f.write_str(unit.name()),
            Period::Fixed(length) => {
                let text = length.to_string();
                // `1min` reads better as `min`.
                f.write_str(text.strip_prefix('1').filter(|unit| is_unit(unit)).unwrap_or(&text))
            }
        }
    }
}

fn is_unit(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphabetic())
}

const fn gcd(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_stay_fractions() {
        let rate = Rate::new(90_000, SimDuration::from_secs(60)).unwrap();
        assert_eq!((rate.events(), rate.nanos()), (3, 2_000_000));
        assert_eq!(rate.to_string(), "1500/s");
        assert_eq!(Rate::new(3, SimDuration::from_secs(60)).unwrap().to_string(), "3/min");
        assert_eq!(Rate::new(3, SimDuration::from_secs(1)).unwrap().to_string(), "3/s");
        assert_eq!(Rate::new(1, SimDuration::from_secs(7)).unwrap().to_string(), "1/7s");
        assert_eq!(Rate::new(6, SimDuration::from_secs(5)).unwrap().to_string(), "1.2/s");
        let extreme = Rate::new(u64::MAX, SimDuration::from_nanos(7)).unwrap();
        assert_eq!(extreme.to_string(), "18446744073709551615/7ns");
    }

    #[test]
    fn the_nearest_rate_has_fifteen_digits() {
        for per_second in [1e-9, 1.0 / 7.0, 0.25, 3.0, 123_456.789, 1e7] {
            let rate = Rate::nearest(per_second).unwrap();
            assert!((rate.per_second() / per_second - 1.0).abs() < 1e-9, "{rate} for {per_second}");
        }
        for bad in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e-12] {
            assert_eq!(Rate::nearest(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_part_of_a_rate_stays_exact() {
        let part = |events, secs, share: u64| {
            let rate = Rate::new(events, SimDuration::from_secs(secs)).unwrap();
            rate.times(Share::from_hundred_millionths(share))
        };
        assert_eq!(part(50, 60, 90_000_000).unwrap().to_string(), "45/min");
        assert_eq!(part(1, 7, 100_000_000), Rate::new(1, SimDuration::from_secs(7)));
        assert_eq!(part(50, 60, 0), None);
        let huge = Rate::new(u64::MAX - 2, SimDuration::from_nanos(u64::MAX)).unwrap();
        let most = huge.times(Share::from_hundred_millionths(33_333_333)).unwrap();
        assert!((most.per_second() / huge.per_second() - 0.33333333).abs() < 1e-15);
    }

    #[test]
    fn nothing_per_anything_is_no_rate() {
        assert_eq!(Rate::new(0, SimDuration::from_secs(1)), None);
        assert_eq!(Rate::new(1, SimDuration::ZERO), None);
    }

    #[test]
    fn allowances_print_as_written() {
        assert_eq!(Allowance::per(60, SimDuration::from_secs(60)).to_string(), "60/min");
        assert_eq!(Allowance::per(100, SimDuration::from_secs(10)).to_string(), "100/10s");
        let month = Allowance { amount: 5_000, is_money: false, period: Period::Calendar(CalendarUnit::Month) };
        assert_eq!(month.to_string(), "5k/month");
        let dollars = Allowance { amount: 500_000_000_000, is_money: true, ..month };
        assert_eq!(dollars.to_string(), "500 USD/month");
    }
}
