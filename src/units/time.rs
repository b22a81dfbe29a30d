//! Instants and spans as integer nanoseconds.

use std::fmt;
use std::ops::{Add, AddAssign, Sub};

/// An instant: whole nanoseconds since the start of the scenario, in `0..=HORIZON`, or [`SimTime::NEVER`].
///
/// ```
/// use ratecast::units::{SimDuration, SimTime};
/// let start = SimTime::ZERO + SimDuration::from_secs(60);
/// assert_eq!(start - SimTime::ZERO, SimDuration::from_secs(60));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct SimTime(u64);

/// A span of time: whole nanoseconds, never negative.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct SimDuration(u64);

impl SimTime {
    /// The start of the scenario.
    pub const ZERO: SimTime = SimTime(0);
    /// After every instant that a run can reach.
    pub const NEVER: SimTime = SimTime(u64::MAX);

    /// The instant `nanos` nanoseconds after the start.
    #[inline]
    pub const fn from_nanos(nanos: u64) -> Self {
        SimTime(nanos)
    }

    /// Nanoseconds since the start.
    #[inline]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Seconds since the start, for people and for statistics.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// This instant moved by `span`, or [`SimTime::NEVER`] where that is past the end of time.
    #[inline]
    pub const fn saturating_add(self, span: SimDuration) -> Self {
        SimTime(self.0.saturating_add(span.0))
    }

    /// The span from `earlier` to this instant, zero where `earlier` is the later one.
    #[inline]
    pub const fn saturating_since(self, earlier: SimTime) -> SimDuration {
        SimDuration(self.0.saturating_sub(earlier.0))
    }
}

impl SimDuration {
    /// No time at all.
    pub const ZERO: SimDuration = SimDuration(0);
    /// The longest span that a scenario may state: 100 years of 365.25 days.
    pub const HORIZON: SimDuration = SimDuration(100 * 31_557_600 * NANOS_PER_SECOND);
    /// Longer than everything: "without limit".
    pub const FOREVER: SimDuration = SimDuration(u64::MAX);

    /// `nanos` nanoseconds.
    #[inline]
    pub const fn from_nanos(nanos: u64) -> Self {
        SimDuration(nanos)
    }

    /// The whole nanoseconds nearest to `nanos`, clamped to 0..=292 years; NaN gives zero.
    #[inline]
    pub const fn from_nanos_f64(nanos: f64) -> Self {
        // Processors convert signed integers in one instruction, unsigned ones in a dozen.
        let whole = (nanos + 0.5) as i64;
        SimDuration(if whole < 0 { 0 } else { whole as u64 })
    }

    /// `secs` seconds; panics past 584 years, so it is for constants.
    pub const fn from_secs(secs: u64) -> Self {
        SimDuration(secs * NANOS_PER_SECOND)
    }

    /// The whole nanoseconds nearest to `secs` seconds, clamped to `0..=HORIZON`; NaN gives zero.
    pub fn from_secs_f64(secs: f64) -> Self {
        SimDuration(((secs * 1e9).round() as u64).min(Self::HORIZON.0))
    }

    /// Nanoseconds.
    #[inline]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Seconds, for people and for statistics.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// Whether the span is empty.
    #[inline]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// This span `factor` times, at most [`SimDuration::FOREVER`].
    #[inline]
    pub const fn saturating_mul(self, factor: u64) -> Self {
        SimDuration(self.0.saturating_mul(factor))
    }

    /// Both spans one after the other, at most [`SimDuration::FOREVER`].
    #[inline]
    pub const fn saturating_add(self, other: SimDuration) -> Self {
        SimDuration(self.0.saturating_add(other.0))
    }

    /// The span scaled by `factor`, rounded to the nearest nanosecond; both span and product are clamped to 0..=292 years.
    #[inline]
    pub fn scale(self, factor: f64) -> Self {
        Self::from_nanos_f64(self.0.min(i64::MAX as u64) as f64 * factor)
    }
}

pub(crate) const NANOS_PER_SECOND: u64 = 1_000_000_000;

impl Sub for SimTime {
    type Output = SimDuration;
    #[inline]
    fn sub(self, earlier: SimTime) -> SimDuration {
        SimDuration(self.0 - earlier.0)
    }
}

impl Add<SimDuration> for SimTime {
    type Output = SimTime;
    #[inline]
    fn add(self, span: SimDuration) -> SimTime {
        SimTime(self.0 + span.0)
    }
}

impl AddAssign<SimDuration> for SimTime {
    #[inline]
    fn add_assign(&mut self, span: SimDuration) {
        self.0 += span.0;
    }
}

impl Add for SimDuration {
    type Output = SimDuration;
    #[inline]
    fn add(self, other: SimDuration) -> SimDuration {
        SimDuration(self.0 + other.0)
    }
}

impl Sub for SimDuration {
    type Output = SimDuration;
    #[inline]
    fn sub(self, other: SimDuration) -> SimDuration {
        SimDuration(self.0 - other.0)
    }
}

impl fmt::Debug for SimTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == SimTime::NEVER { f.write_str("never") } else { write!(f, "t={}", SimDuration(self.0)) }
    }
}

impl fmt::Debug for SimDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The shortest exact text that [`super::grammar::duration`] reads back: `90s`, `2.5s`, `30d`, `150ms`.
impl fmt::Display for SimDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [(u64, &str); 4] = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")];
        let nanos = self.0;
        if nanos == 0 {
            return f.write_str("0s");
        }
        for (seconds, unit) in UNITS {
            let unit_nanos = seconds * NANOS_PER_SECOND;
            if nanos.is_multiple_of(unit_nanos) {
                return write!(f, "{}{unit}", nanos / unit_nanos);
            }
        }
        let (unit_nanos, unit) = match nanos {
            0..1_000 => (1, "ns"),
            1_000..1_000_000 => (1_000, "us"),
            1_000_000..NANOS_PER_SECOND => (1_000_000, "ms"),
            _ => (NANOS_PER_SECOND, "s"),
        };
        let (whole, rest) = (nanos / unit_nanos, nanos % unit_nanos);
        if rest == 0 {
            return write!(f, "{whole}{unit}");
        }
        let digits = unit_nanos.ilog10() as usize;
        let fraction = format!("{rest:0digits$}");
        write!(f, "{whole}.{}{unit}", fraction.trim_end_matches('0'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_print_as_people_write_them() {
        let cases = [
            (0, "0s"),
            (7, "7ns"),
            (1_500, "1.5us"),
            (150_000_000, "150ms"),
            (2_500_000_000, "2.5s"),
            (61_000_000_001, "61.000000001s"),
            (90 * NANOS_PER_SECOND, "90s"),
            (1_800 * NANOS_PER_SECOND, "30min"),
            (30 * 86_400 * NANOS_PER_SECOND, "30d"),
        ];
        for (nanos, text) in cases {
            assert_eq!(SimDuration(nanos).to_string(), text);
        }
    }

    #[test]
    fn floats_round_to_the_nearest_nanosecond_and_stay_in_range() {
        let nanos = |float| SimDuration::from_nanos_f64(float).as_nanos();
        let cases = [0.0, 0.49, 0.51, 1.5, -3.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY].map(nanos);
        assert_eq!(cases, [0, 0, 1, 2, 0, 0, i64::MAX as u64, 0]);
        assert_eq!(SimDuration::from_nanos(3).scale(0.5), SimDuration::from_nanos(2));
        assert_eq!(SimDuration::FOREVER.scale(1.0), SimDuration::from_nanos(i64::MAX as u64));
    }

    #[test]
    fn never_is_after_the_horizon() {
        assert!(SimTime::ZERO.saturating_add(SimDuration::HORIZON) < SimTime::NEVER);
        assert_eq!(SimTime::NEVER.saturating_add(SimDuration::from_secs(1)), SimTime::NEVER);
    }
}
