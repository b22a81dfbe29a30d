//! Token counts of one kind.

use super::moments::variance;
use crate::units::Tokens;
use std::collections::BTreeMap;

/// Counts below this are told apart; larger ones to one part in 4,096.
const EXACT: u32 = 1 << 20;

/// Every token count that was seen, in a bounded amount of memory.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SizeTally {
    small: Vec<u64>,           // rows by count, as far as the largest one below `EXACT`
    large: BTreeMap<u32, u64>, // rows by rounded count
    rows: u64,
    sum: u128,
    squares: u128,
    max: u32,
}

impl SizeTally {
    /// Counts a row.
    #[inline]
    pub fn add(&mut self, tokens: Tokens) {
        let count = tokens.get();
        self.rows += 1;
        self.sum += u128::from(count);
        self.squares += u128::from(count) * u128::from(count);
        self.max = self.max.max(count);
        match self.small.get_mut(count as usize) {
            Some(rows) => *rows += 1,
            None => self.add_unseen(count),
        }
    }

    #[cold]
    fn add_unseen(&mut self, count: u32) {
        if count < EXACT {
            let length = (count as usize + 1).next_power_of_two();
            self.small.resize(length, 0);
            self.small[count as usize] += 1;
        } else {
            // The twelve leading bits: at most 12 · 2,048 keys.
            let dropped = count.ilog2() - 11;
            *self.large.entry(count >> dropped << dropped).or_insert(0) += 1;
        }
    }

    /// Rows that have a count.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Rows whose count is zero.
    pub fn zeros(&self) -> u64 {
        self.small.first().copied().unwrap_or(0)
    }

    /// The sum of all counts.
    pub fn sum(&self) -> u128 {
        self.sum
    }

    /// The largest count.
    pub fn max(&self) -> Tokens {
        Tokens::new(self.max)
    }

    /// The mean count.
    pub fn mean(&self) -> Option<f64> {
        (self.rows > 0).then(|| self.sum as f64 / self.rows as f64)
    }

    /// Standard deviation over mean.
    pub fn cv(&self) -> Option<f64> {
        let mean = self.mean().filter(|&mean| mean > 0.0)?;
        variance(self.rows, self.sum, self.squares).map(|variance| variance.sqrt() / mean)
    }

    /// The count below which the share `q` in 0..=1 of the rows lies, interpolated between the two nearest rows
    /// (definition 7 of Hyndman and Fan, The American Statistician 50, 1996).
    pub fn quantile(&self, q: f64) -> Option<f64> {
        let place = (self.rows.checked_sub(1)? as f64) * q;
        let below = place.floor();
        let (low, high) = (self.ranked(below as u64), self.ranked(place.ceil() as u64));
        Some(low + (high - low) * (place - below))
    }

    /// The count of the row with this rank, from 0, in the order of size.
    fn ranked(&self, rank: u64) -> f64 {
        let small = self.small.iter().zip(0u32..).map(|(&rows, count)| (count, rows));
        let mut passed = 0;
        for (count, rows) in small.chain(self.large.iter().map(|(&count, &rows)| (count, rows))) {
            passed += rows;
            if passed > rank {
                return f64::from(count);
            }
        }
        f64::from(self.max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(counts: &[u32]) -> SizeTally {
        let mut tally = SizeTally::default();
        counts.iter().for_each(|&count| tally.add(Tokens::new(count)));
        tally
    }

    #[test]
    fn quantiles_lie_between_rows() {
        let tally = tally(&[10, 40, 20, 30]);
        assert_eq!([0.0, 0.5, 0.9, 1.0].map(|q| tally.quantile(q).unwrap()), [10.0, 25.0, 37.0, 40.0]);
        assert_eq!((tally.rows(), tally.zeros(), tally.sum(), tally.mean()), (4, 0, 100, Some(25.0)));
        assert_eq!(SizeTally::default().quantile(0.5), None);
    }

    #[test]
    fn huge_counts_are_close_and_few() {
        let mut tally = tally(&[0, 0, u32::MAX]);
        for step in 0..200_000u32 {
            tally.add(Tokens::new(EXACT + step * 20_000));
        }
        assert!(tally.large.len() <= 12 * 2_048, "{}", tally.large.len());
        let expected = f64::from(EXACT) + 0.5 * 199_999.0 * 20_000.0;
        assert!((tally.quantile(0.5).unwrap() / expected - 1.0).abs() < 1.0 / 2_048.0);
        assert_eq!((tally.max(), tally.zeros()), (Tokens::new(u32::MAX), 2));
    }
}
