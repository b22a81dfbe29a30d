//! A percentile of what was seen so far, in bounded memory and constant time.

use crate::units::SimDuration;

/// Log-linear buckets, 64 for every doubling, and a mark that follows the percentile: it is off by at most 1/128 (0.8 %)
/// of its value, and exact below 64 ns.
#[derive(Clone, Debug)]
pub(super) struct Latencies {
    share: f64,       // of latencies at or below the percentile, in (0, 1)
    counts: Vec<u64>, // by bucket
    count: u64,
    mark: usize, // the bucket of the percentile
    below: u64,  // latencies in buckets below the mark
}

const BITS: u32 = 6;
const BUCKETS: usize = (64 - BITS as usize + 1) << BITS;

impl Latencies {
    /// Nothing was seen yet.
    pub(super) fn new(share: f64) -> Self {
        Latencies { share, counts: vec![0; BUCKETS], count: 0, mark: 0, below: 0 }
    }

    fn bucket(nanos: u64) -> usize {
        // The bits above the leading BITS are the octave, the BITS after the leading one the place in it.
        let shift = (63 - (nanos | 1 << BITS).leading_zeros()) - BITS;
        ((shift as usize) << BITS) + (nanos >> shift) as usize
    }

    /// The middle of a bucket.
    fn middle(bucket: usize) -> u64 {
        let shift = (bucket >> BITS).saturating_sub(1) as u32;
        let low = ((bucket - ((shift as usize) << BITS)) as u64) << shift;
        low + (1u64 << shift) / 2
    }

    /// One more is seen.
    pub(super) fn record(&mut self, latency: SimDuration) {
        let bucket = Self::bucket(latency.as_nanos());
        self.counts[bucket] += 1;
        self.count += 1;
        self.below += u64::from(bucket < self.mark);
        let rank = self.rank();
        while self.below >= rank {
            self.mark -= 1;
            self.below -= self.counts[self.mark];
        }
        while self.below + self.counts[self.mark] < rank {
            self.below += self.counts[self.mark];
            self.mark += 1;
        }
    }

    /// The place of the percentile among those seen, from 1.
    fn rank(&self) -> u64 {
        (libm::ceil(self.share * self.count as f64) as u64).clamp(1, self.count)
    }

    /// How many were seen.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// The percentile; zero where nothing was seen.
    pub(super) fn percentile(&self) -> SimDuration {
        SimDuration::from_nanos(Self::middle(self.mark))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Seed;

    #[test]
    fn the_mark_is_where_sorting_finds_it() {
        for (share, seed) in [(0.01, 1), (0.5, 2), (0.95, 3), (0.999, 4)] {
            let mut stream = Seed(seed).stream(0, "latencies");
            let (mut latencies, mut sorted) = (Latencies::new(share), Vec::new());
            for _ in 0..2_000 {
                let nanos = (1e9 * stream.exponential() * stream.exponential()) as u64;
                latencies.record(SimDuration::from_nanos(nanos));
                sorted.insert(sorted.partition_point(|&other| other < nanos), nanos);
                let exact = sorted[(share * sorted.len() as f64).ceil() as usize - 1] as f64;
                let found = latencies.percentile().as_nanos() as f64;
                assert!((found / exact - 1.0).abs() <= 1.0 / 128.0, "{found} for {exact}, seed {seed}");
            }
        }
    }

    #[test]
    fn extremes_have_their_buckets() {
        let mut latencies = Latencies::new(0.5);
        for nanos in [0, 63, u64::MAX, u64::MAX] {
            latencies.record(SimDuration::from_nanos(nanos));
        }
        assert_eq!((latencies.count(), latencies.percentile()), (4, SimDuration::from_nanos(63)));
    }
}
