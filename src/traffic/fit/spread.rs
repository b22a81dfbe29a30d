//! Instants that a coarse clock threw together, taken apart again.

use crate::rng::Stream;

/// Spreads arrivals of one stamp over the clock's step, as uniform instants in their order; without a step it passes them
/// on as they are.
pub struct Spread {
    step: u64, // ns; 0 leaves all as it is
    stamp: u64,
    waiting: u64,
    stream: Stream,
}

impl Spread {
    /// With the clock's `step` in nanoseconds.
    pub fn new(step: u64, stream: Stream) -> Self {
        Spread { step, stamp: 0, waiting: 0, stream }
    }

    /// Takes an arrival at `nanos`, not before the last one; tells `out` those whose places are settled.
    pub fn add(&mut self, nanos: u64, out: &mut impl FnMut(u64)) {
        if self.step == 0 {
            return out(nanos);
        }
        if nanos != self.stamp {
            self.release(out);
            self.stamp = nanos;
        }
        self.waiting += 1;
    }

    /// Tells `out` what is left.
    pub fn finish(mut self, out: &mut impl FnMut(u64)) {
        self.release(out);
    }

    /// The order statistics of uniform places one after the other: of `n` that lie above `u` the least lies at
    /// `1 - (1 - u) V^(1/n)` with a uniform `V` (Devroye, Non-Uniform Random Variate Generation, 1986, V.3).
    fn release(&mut self, out: &mut impl FnMut(u64)) {
        let mut above = 1.0;
        for left in (1..=self.waiting).rev() {
            above *= crate::rng::exp(-self.stream.exponential() / left as f64);
            let place = (1.0 - above) * self.step as f64;
            out(self.stamp + (place as u64).min(self.step - 1));
        }
        self.waiting = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Seed;

    fn spread(step: u64, stamps: &[u64]) -> Vec<u64> {
        let mut all = Vec::new();
        let mut spread = Spread::new(step, Seed(2).stream(0, "spread"));
        stamps.iter().for_each(|&stamp| spread.add(stamp, &mut |at| all.push(at)));
        spread.finish(&mut |at| all.push(at));
        all
    }

    #[test]
    fn ties_fill_their_step_in_order() {
        let stamps: Vec<u64> = (0..10_000).map(|i| i / 1_000 * 3_000).collect();
        let places = spread(3_000, &stamps);
        assert!(places.is_sorted() && places.len() == stamps.len());
        assert!(places.iter().zip(&stamps).all(|(&at, &stamp)| (stamp..stamp + 3_000).contains(&at)));
        let mean = places.iter().zip(&stamps).map(|(at, stamp)| (at - stamp) as f64).sum::<f64>() / 1e4;
        // The mean of 10,000 uniform places: five standard errors of 8.66.
        assert!((mean - 1_500.0).abs() < 44.0, "{mean}");
    }

    #[test]
    fn a_fine_clock_is_left_alone() {
        assert_eq!(spread(0, &[1, 1, 5]), [1, 1, 5]);
    }
}
