//! Latencies in bounded memory.

use crate::units::SimDuration;

/// Log-linear buckets: 256 for every doubling, so a quantile is off by at most 1/512 (0.2 %) of its value; below 256 ns
/// it is exact. Counts add, so merging is exact and independent of order. The mean, the least and the greatest are exact.
#[derive(Clone, Debug, PartialEq)]
pub struct LatencyHistogram {
    counts: Vec<u64>,
    count: u64,
    sum: u128, // ns
    least: u64,
    greatest: u64,
}

const BITS: u32 = 8;
const BUCKETS: usize = (64 - BITS as usize + 1) << BITS;

impl Default for LatencyHistogram {
    fn default() -> Self {
        LatencyHistogram { counts: vec![0; BUCKETS], count: 0, sum: 0, least: u64::MAX, greatest: 0 }
    }
}

impl LatencyHistogram {
    #[inline]
    fn bucket(nanos: u64) -> usize {
        // The bits above the leading BITS are the octave, the BITS after the leading one the place in it.
        let shift = (63 - (nanos | 1 << BITS).leading_zeros()) - BITS;
        ((shift as usize) << BITS) + (nanos >> shift) as usize
    }

    /// The middle of a bucket.
    fn value(bucket: usize) -> u64 {
        let shift = (bucket >> BITS).saturating_sub(1) as u32;
        let low = ((bucket - ((shift as usize) << BITS)) as u64) << shift;
        low + (1u64 << shift) / 2
    }

    /// Adds one latency.
    #[inline]
    pub fn record(&mut self, latency: SimDuration) {
        let nanos = latency.as_nanos();
        self.counts[Self::bucket(nanos)] += 1;
        self.count += 1;
        self.sum += u128::from(nanos);
        self.least = self.least.min(nanos);
        self.greatest = self.greatest.max(nanos);
    }

    /// How many were added.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Their sum, in nanoseconds.
    pub fn sum_nanos(&self) -> u128 {
        self.sum
    }

    /// Their mean in seconds; `None` where there is none.
    pub fn mean_s(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum as f64 / self.count as f64 / 1e9)
    }

    /// The greatest, exact.
    pub fn max(&self) -> Option<SimDuration> {
        (self.count > 0).then(|| SimDuration::from_nanos(self.greatest))
    }

    /// The latency of the `rank`-th request (from 1) in order of latency; `None` past the last one.
    pub fn at_rank(&self, rank: u64) -> Option<SimDuration> {
        let mut seen = 0;
        let bucket = self.counts.iter().position(|&count| {
            seen += count;
            seen >= rank && count > 0
        })?;
        Some(SimDuration::from_nanos(Self::value(bucket).clamp(self.least, self.greatest)))
    }

    /// The `q`-quantile (`q` in 0..=1) among `population` requests of which those not recorded were never answered: the
    /// least latency that a share `q` of all of them did not exceed; `None` where that is never.
    pub fn quantile_of(&self, q: f64, population: u64) -> Option<SimDuration> {
        let rank = ((q * population as f64).ceil() as u64).max(1);
        if rank <= self.count { self.at_rank(rank) } else { None }
    }

    /// The `q`-quantile among those recorded.
    pub fn quantile(&self, q: f64) -> Option<SimDuration> {
        self.quantile_of(q, self.count)
    }

    /// (latency, how many took at most about so long) for every bucket that holds any.
    pub fn cumulative(&self) -> Vec<(SimDuration, u64)> {
        let mut seen = 0;
        let mut steps = Vec::new();
        for (bucket, &count) in self.counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            seen += count;
            steps.push((SimDuration::from_nanos(Self::value(bucket).clamp(self.least, self.greatest)), seen));
        }
        steps
    }

    /// Adds what `other` holds.
    pub fn merge(&mut self, other: &LatencyHistogram) {
        self.counts.iter_mut().zip(&other.counts).for_each(|(mine, theirs)| *mine += theirs);
        self.count += other.count;
        self.sum += other.sum;
        self.least = self.least.min(other.least);
        self.greatest = self.greatest.max(other.greatest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_falls_near_its_bucket() {
        let mut nanos = 1u64;
        while nanos < u64::MAX / 3 {
            for value in [nanos, nanos + nanos / 3, nanos + nanos / 2, 2 * nanos - 1] {
                let bucket = LatencyHistogram::bucket(value);
                assert!(bucket < BUCKETS);
                let error = LatencyHistogram::value(bucket).abs_diff(value) as f64 / value as f64;
                assert!(error <= 1.0 / 512.0, "{value}: {error}");
            }
            nanos *= 2;
        }
        assert!(LatencyHistogram::bucket(u64::MAX) < BUCKETS);
        assert_eq!(LatencyHistogram::value(LatencyHistogram::bucket(77)), 77);
    }

    #[test]
    fn buckets_are_in_the_order_of_their_values() {
        let values: Vec<u64> = (0..BUCKETS).map(LatencyHistogram::value).collect();
        assert!(values.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn quantiles_count_the_unanswered() {
        let mut histogram = LatencyHistogram::default();
        (1..=9).for_each(|s| histogram.record(SimDuration::from_secs(s)));
        let near = |q, population| histogram.quantile_of(q, population).map(|d| d.as_secs_f64().round());
        assert_eq!(near(0.5, 9), Some(5.0));
        assert_eq!(near(0.5, 18), Some(9.0));
        assert_eq!(near(0.51, 18), None);
        assert_eq!(histogram.quantile(1.0), Some(SimDuration::from_secs(9)));
        assert_eq!(histogram.mean_s(), Some(5.0));
        assert_eq!(LatencyHistogram::default().quantile(0.5), None);
    }
}
