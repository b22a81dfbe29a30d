//! Sums over the recent past in bounded memory.

use crate::units::{SimDuration, SimTime};

/// What was added lately: in the present slice of time and the `slices - 1` before it.
///
/// Slices are aligned to the start of the scenario and equally long, so what is remembered reaches back between
/// `slices - 1` and `slices` of them, and leaves one slice at a time.
#[derive(Clone, Debug)]
pub(super) struct Recent {
    slice: u64,     // nanoseconds, at least 1
    present: u64,   // the number of the present slice
    sums: Vec<i64>, // of slice `n` at `n % sums.len()`
    total: i64,     // of `sums`
}

impl Recent {
    /// Nothing yet, of `span` cut into so many `slices`, at least 1 of at least a nanosecond.
    pub fn new(span: SimDuration, slices: u64) -> Self {
        let slices = slices.clamp(1, span.as_nanos().max(1));
        Recent { slice: (span.as_nanos() / slices).max(1), present: 0, sums: vec![0; slices as usize], total: 0 }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.sums.fill(0);
        self.total = 0;
    }

    /// Adds `amount` at `now`, which must not be earlier than in the call before.
    pub fn add(&mut self, now: SimTime, amount: i64) {
        self.advance(now);
        let at = (self.present % self.sums.len() as u64) as usize;
        let sum = self.sums[at].saturating_add(amount);
        self.total = self.total.saturating_add(sum.saturating_sub(self.sums[at]));
        self.sums[at] = sum;
    }

    /// What is remembered at `now`, which must not be earlier than in the call before.
    pub fn total(&mut self, now: SimTime) -> i64 {
        self.advance(now);
        self.total
    }

    /// Forgets what has become too old.
    fn advance(&mut self, now: SimTime) {
        let present = now.as_nanos() / self.slice;
        let slices = self.sums.len() as u64;
        let passed = present.saturating_sub(self.present).min(slices);
        for n in 1..=passed {
            // Of a long pause only the last slices matter: each is emptied once.
            let at = ((present - passed + n) % slices) as usize;
            self.total = self.total.saturating_sub(self.sums[at]);
            self.sums[at] = 0;
        }
        self.present = self.present.max(present);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_are_forgotten_one_by_one() {
        let mut recent = Recent::new(SimDuration::from_nanos(40), 4);
        let at = SimTime::from_nanos;
        recent.add(at(9), 1);
        recent.add(at(10), 10);
        recent.add(at(35), 100);
        assert_eq!([39, 40, 49, 50, 59, 69, 70].map(|now| recent.total(at(now))), [111, 110, 110, 100, 100, 100, 0]);
        recent.add(at(1_000_000), -7);
        assert_eq!([1_000_039, 1_000_040].map(|now| recent.total(at(now))), [-7, 0]);
        assert_eq!(recent.total(SimTime::NEVER), 0);
    }

    #[test]
    fn agrees_with_a_log_of_everything() {
        let mut recent = Recent::new(SimDuration::from_nanos(100), 7);
        let mut log: Vec<(u64, i64)> = Vec::new();
        let mut now = 0;
        for n in 0..5_000u64 {
            // Mostly short steps, some longer than everything.
            now += if n % 97 == 0 { 500 + n } else { n * n % 23 };
            let amount = (n % 11) as i64 - 4;
            recent.add(SimTime::from_nanos(now), amount);
            log.push((now, amount));
            let slice = 100 / 7;
            let wanted: i64 = log.iter().filter(|(at, _)| at / slice + 7 > now / slice).map(|(_, amount)| amount).sum();
            assert_eq!(recent.total(SimTime::from_nanos(now)), wanted, "step {n}");
        }
    }
}
