//! The busiest stretch of a given length, wherever it begins.

use std::collections::VecDeque;

/// The largest sum in any window `[t, t + width)`.
///
/// Exact while a window holds at most `MOST_INSTANTS` different instants; beyond that instants are rounded to a 131,072th
/// of the width, and a window may be too long by that much.
#[derive(Clone, Debug, PartialEq)]
pub struct Sliding {
    width: u64, // ns, above 0
    grain: u64, // ns; 1 as long as it is exact
    inside: VecDeque<(u64, u64)>,
    sum: u64,
    busiest: u64,
}

/// Different instants that are told apart in one window: what keeps the memory bounded.
const MOST_INSTANTS: usize = 1 << 18;

impl Sliding {
    /// Windows of `width` nanoseconds, at least 1.
    pub fn new(width: u64) -> Self {
        Sliding { width: width.max(1), grain: 1, inside: VecDeque::new(), sum: 0, busiest: 0 }
    }

    /// Adds `amount` at `nanos`, which never decreases.
    pub fn add(&mut self, nanos: u64, amount: u64) {
        self.sum = self.sum.saturating_add(amount);
        match self.inside.back_mut() {
            // The later instant stays: it leaves the window later, so nothing is lost.
            Some((at, held)) if *at / self.grain == nanos / self.grain => {
                (*at, *held) = (nanos, held.saturating_add(amount));
            }
            _ => self.inside.push_back((nanos, amount)),
        }
        while let Some(&(at, held)) = self.inside.front()
            && nanos - at >= self.width
        {
            self.sum = self.sum.saturating_sub(held);
            self.inside.pop_front();
        }
        self.busiest = self.busiest.max(self.sum);
        if self.inside.len() > MOST_INSTANTS {
            self.coarsen();
        }
    }

    #[cold]
    fn coarsen(&mut self) {
        self.grain = (self.width / (MOST_INSTANTS as u64 / 2)).max(1);
        let inside = std::mem::take(&mut self.inside);
        for (at, held) in inside {
            match self.inside.back_mut() {
                Some((last, sum)) if *last / self.grain == at / self.grain => (*last, *sum) = (at, *sum + held),
                _ => self.inside.push_back((at, held)),
            }
        }
    }

    /// The width in nanoseconds.
    pub fn width(&self) -> u64 {
        self.width
    }

    /// The largest sum so far.
    pub fn busiest(&self) -> u64 {
        self.busiest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Seed;

    fn brute(at: &[u64], width: u64) -> u64 {
        let in_window = |from: u64| at.iter().filter(|&&t| t >= from && t - from < width).count() as u64;
        at.iter().map(|&from| in_window(from)).max().unwrap_or(0)
    }

    #[test]
    fn as_counted_by_hand() {
        let mut stream = Seed(4).stream(0, "sliding");
        for width in [1, 7, 100] {
            let mut at: Vec<u64> = (0..300).map(|_| stream.index(1_000)).collect();
            at.sort();
            let mut sliding = Sliding::new(width);
            at.iter().for_each(|&nanos| sliding.add(nanos, 1));
            assert_eq!(sliding.busiest(), brute(&at, width), "{width}");
        }
    }

    #[test]
    fn memory_is_bounded_and_the_answer_is_close() {
        let width = 60_000_000_000;
        let mut sliding = Sliding::new(width);
        // A request each 100 us: 600,000 a minute.
        (0..1_500_000u64).for_each(|i| sliding.add(i * 100_000, 1));
        assert!(sliding.inside.len() <= MOST_INSTANTS);
        assert!((600_000..=600_010).contains(&sliding.busiest()), "{}", sliding.busiest());
    }
}
