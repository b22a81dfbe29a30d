//! Exponential growth with a cap: what the exponential policies share.

use crate::params::{Invalid, Parameters, Visitor};
use crate::units::SimDuration;

/// `min(cap, base * factor^(retry - 1))`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Growth {
    /// The first delay.
    pub base: SimDuration,
    /// What each delay is multiplied by, in 1..=100.
    pub factor: f64,
    /// The longest delay.
    pub cap: SimDuration,
}

impl Default for Growth {
    fn default() -> Self {
        Growth { base: SimDuration::from_secs(1), factor: 2.0, cap: SimDuration::from_secs(60) }
    }
}

impl Growth {
    /// The delay before the `retry`-th retry, from 1.
    pub fn step(&self, retry: u32) -> SimDuration {
        let mut step = self.base;
        for _ in 1..retry {
            if step >= self.cap {
                break;
            }
            step = step.scale(self.factor);
        }
        step.min(self.cap)
    }
}

impl Parameters for Growth {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.optional("base", &mut self.base);
        visitor.optional("factor", &mut self.factor);
        visitor.optional("cap", &mut self.cap);
    }

    fn check(&self) -> Result<(), Invalid> {
        if !(1.0..=100.0).contains(&self.factor) {
            let message = format!("`{:?}` is outside 1 to 100", self.factor);
            return Err(Invalid::new("factor", message, "write a number from 1 to 100, as in `2.0`"));
        }
        check_cap(self.base, self.cap)
    }
}

/// Refuses a cap below the first delay.
pub(super) fn check_cap(base: SimDuration, cap: SimDuration) -> Result<(), Invalid> {
    if cap < base {
        let message = format!("the cap is {cap}, below `base`, which is {base}");
        return Err(Invalid::new("cap", message, format!("write at least `{base}`")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grows_to_its_cap_and_stays() {
        let growth = Growth::default();
        let steps: Vec<u64> = (1..=8).map(|k| growth.step(k).as_nanos() / 1_000_000_000).collect();
        assert_eq!(steps, [1, 2, 4, 8, 16, 32, 60, 60]);
    }
}
