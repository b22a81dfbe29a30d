//! How much faster than recorded a log is played.

use crate::units::{SimDuration, SimTime};

/// The factor of a replay as an exact fraction: the decimal that the scenario states, not the nearest binary number.
#[derive(Clone, Copy, Debug)]
pub(super) struct Speed {
    /// The decimal's digits, above 0.
    digits: u128,
    /// `10^(digits after the point)`.
    scale: u128,
}

impl Speed {
    /// `factor` in `1e-6..=1e6`; as recorded outside of it.
    pub(super) fn new(factor: f64) -> Self {
        // The shortest decimal that gives `factor` back: at most 17 digits, the last at most 23 behind the point.
        let decimal = if (1e-6..=1e6).contains(&factor) { factor.to_string() } else { "1".into() };
        let places = decimal.split_once('.').map_or(0, |(_, fraction)| fraction.len());
        let append = |digits: u128, byte: u8| digits * 10 + u128::from(byte - b'0');
        let digits = decimal.bytes().filter(u8::is_ascii_digit).fold(0, append);
        Speed { digits, scale: 10u128.pow(places as u32) }
    }

    /// The instant, to the nearest nanosecond, at which a row plays that was recorded `nanos` after the first; `None`
    /// past [`SimDuration::HORIZON`]. Never decreases as `nanos` grows.
    #[inline]
    pub(super) fn instant(self, nanos: u64) -> Option<SimTime> {
        let played = if self.digits == self.scale { nanos } else { self.divide(nanos)? };
        (played <= SimDuration::HORIZON.as_nanos()).then_some(SimTime::from_nanos(played))
    }

    fn divide(self, nanos: u64) -> Option<u64> {
        // Where this overflows, the quotient would be above 3.4e38 / 1e18: far past the horizon.
        let product = u128::from(nanos).checked_mul(self.scale)?.checked_add(self.digits / 2)?;
        u64::try_from(product / self.digits).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn played(speed: f64, nanos: u64) -> Option<u64> {
        Speed::new(speed).instant(nanos).map(SimTime::as_nanos)
    }

    #[test]
    fn instants_are_rounded_to_the_nearest_nanosecond() {
        assert_eq!(played(1.0, 12_345), Some(12_345));
        assert_eq!(played(2.0, 3), Some(2));
        assert_eq!(played(3.0, 4), Some(1));
        assert_eq!(played(3.0, 5), Some(2));
        assert_eq!(played(0.1, 7), Some(70));
        // 1.1 as a binary number is too large by 8e-17: the last digit shows that the decimal counts.
        assert_eq!(played(1.1, 1_100_000_000_000_000_011), Some(1_000_000_000_000_000_010));
        assert_eq!(played(1e6, 1_499_999), Some(1));
        assert_eq!(played(1e6, 1_500_000), Some(2));
        assert_eq!(played(1e-6, 7), Some(7_000_000));
        assert_eq!(played(1.2345678901234567e-6, 1), Some(810_000));
    }

    #[test]
    fn nothing_plays_past_the_horizon() {
        let horizon = SimDuration::HORIZON.as_nanos();
        assert_eq!(played(1.0, horizon), Some(horizon));
        assert_eq!(played(1.0, horizon + 1), None);
        assert_eq!(played(2.0, 2 * horizon), Some(horizon));
        assert_eq!(played(1e-6, horizon), None);
        assert_eq!(played(1.2345678901234567e-6, u64::MAX), None);
    }

    #[test]
    fn order_is_kept() {
        for speed in [1e-6, 0.333_333_333_333_333_3, 0.7, 1.0, 1.000_001, 3.0, 1e6] {
            let instants: Vec<_> = (0..2_000).map(|nanos| played(speed, nanos)).collect();
            assert!(instants.is_sorted(), "{speed}");
        }
    }
}
