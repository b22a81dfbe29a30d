//! What one pass over the arrivals leaves for the estimators: moments of counts and gaps, in blocks of time.

use super::Moments;
use crate::rng::Stream;
use std::collections::VecDeque;

const SECOND: u64 = 1_000_000_000;

/// Widths of the windows whose counts are compared, in seconds; each of the first eight goes into the others' multiples.
pub const FIT_WINDOWS: [u64; 12] = [1, 2, 5, 10, 30, 60, 120, 300, 600, 1_800, 3_600, 7_200];

/// Blocks that are told apart; beyond, two and two become one.
const MOST_BLOCKS: usize = 4_096;

/// What came at the same instants.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Batches {
    /// Instants.
    pub count: f64,
    /// What came at them.
    pub sum: f64,
    /// The sum of the squares of how many came at each.
    pub squares: f64,
}

impl Batches {
    fn add(&mut self, other: Batches) {
        *self = Batches {
            count: self.count + other.count,
            sum: self.sum + other.sum,
            squares: self.squares + other.squares,
        };
    }
}

/// The sums of one block of time, or of many.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    rows: u64,
    squares: [f64; FIT_WINDOWS.len()], // of the counts in each window
    logs: (u64, f64),                  // gaps over their local mean: how many, and the sum of their logarithms
    variation: (u64, f64),             // pairs of gaps: how many, and the sum of ((a - b) / (a + b))²
    batches: Batches,
}

impl Sums {
    fn add(&mut self, other: &Sums) {
        self.rows += other.rows;
        self.squares.iter_mut().zip(other.squares).for_each(|(sum, square)| *sum += square);
        self.logs = (self.logs.0 + other.logs.0, self.logs.1 + other.logs.1);
        self.variation = (self.variation.0 + other.variation.0, self.variation.1 + other.variation.1);
        self.batches.add(other.batches);
    }
}

/// Adds arrivals up.
#[derive(Clone, Debug)]
pub struct Evidence {
    block: u64, // s
    blocks: Vec<Sums>,
    whole: Sums,
    counts: [(u64, u64); FIT_WINDOWS.len()], // the open window and its count
    first: u64,
    last: u64,
    rows: u64,
    gaps: VecDeque<u64>,
    gap_sum: u128,
    local: usize,  // gaps that make a local mean
    before: u64,   // the gap before the last one
    together: u64, // arrivals at the last instant
    is_part: bool, // whether the span begins and ends with arrivals of others
}

impl Evidence {
    /// For a log of about `rows` arrivals over `span` seconds.
    pub fn new(rows: u64, span: f64) -> Self {
        Evidence {
            block: if span < 7_200.0 { 300 } else { 600 },
            blocks: Vec::new(),
            whole: Sums::default(),
            counts: [(0, 0); FIT_WINDOWS.len()],
            first: 0,
            last: 0,
            rows: 0,
            gaps: VecDeque::new(),
            gap_sum: 0,
            // 21 of a long log: few, so that the rate hardly moves among them.
            local: (rows / 20).clamp(3, 10) as usize * 2 + 1,
            before: 0,
            together: 0,
            is_part: false,
        }
    }

    /// For about `rows` arrivals that are a part of a log over `span` seconds, which begins at 0.
    pub fn of_part(rows: u64, span: f64) -> Self {
        Evidence { is_part: true, ..Evidence::new(rows, span) }
    }

    /// Says that the log of which this is a part ends at `nanos`.
    pub fn end(&mut self, nanos: u64) {
        self.last = nanos.max(self.last);
        (0..FIT_WINDOWS.len()).for_each(|window| self.open(window, self.last - self.first));
    }

    /// Adds an arrival, not before the last one.
    pub fn add(&mut self, nanos: u64) {
        if self.rows == 0 {
            self.last = nanos;
            self.first = if self.is_part { 0 } else { nanos };
        }
        // Rounding of operational time may turn two of one instant round.
        let nanos = nanos.max(self.last);
        self.rows += 1;
        let at = nanos - self.first;
        self.count(at);
        let gap = nanos - self.last;
        self.last = nanos;
        if self.rows > 1 {
            self.gap(gap, at);
        }
        self.together = if gap == 0 { self.together + 1 } else { 1 };
    }

    fn count(&mut self, at: u64) {
        for window in 0..FIT_WINDOWS.len() {
            self.open(window, at);
            self.counts[window].1 += 1;
        }
        self.whole.rows += 1;
        if let Some(block) = self.block_at(at / SECOND) {
            block.rows += 1;
        }
    }

    /// Opens the window of this width that holds the instant `at`, if it is not open.
    fn open(&mut self, window: usize, at: u64) {
        let seconds = FIT_WINDOWS[window];
        let bin = at / (seconds * SECOND);
        let (open, count) = self.counts[window];
        if bin != open {
            let square = count as f64 * count as f64;
            self.whole.squares[window] += square;
            if let Some(block) = self.block_at(open * seconds) {
                block.squares[window] += square;
            }
            self.counts[window] = (bin, 0);
        }
    }

    /// The block that holds the second `second`.
    fn block_at(&mut self, second: u64) -> Option<&mut Sums> {
        let mut at = (second / self.block) as usize;
        while at >= MOST_BLOCKS {
            self.halve();
            at = (second / self.block) as usize;
        }
        if at >= self.blocks.len() {
            self.blocks.resize(at + 1, Sums::default());
        }
        self.blocks.get_mut(at)
    }

    fn halve(&mut self) {
        let joined = self.blocks.chunks(2).map(|two| {
            let mut sums = two[0];
            two.iter().skip(1).for_each(|second| sums.add(second));
            sums
        });
        self.blocks = joined.collect();
        self.block *= 2;
    }

    fn gap(&mut self, gap: u64, at: u64) {
        let mut found = Sums::default();
        if gap > 0 && self.before > 0 {
            let (a, b) = (gap as f64, self.before as f64);
            let share = (a - b) / (a + b);
            found.variation = (1, share * share);
        }
        if gap > 0 {
            let size = self.together as f64;
            found.batches = Batches { count: 1.0, sum: size, squares: size * size };
        }
        self.before = gap;
        self.gaps.push_back(gap);
        self.gap_sum += u128::from(gap);
        if self.gaps.len() == self.local {
            let middle = self.gaps[self.local / 2];
            if middle > 0 {
                let ratio = middle as f64 * self.local as f64 / self.gap_sum as f64;
                found.logs = (1, libm::log(ratio));
            }
            self.gap_sum -= u128::from(self.gaps.pop_front().unwrap_or_default());
        }
        self.whole.add(&found);
        if let Some(block) = self.block_at(at / SECOND) {
            block.add(&found);
        }
    }

    /// Arrivals.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// From the first to the last, in seconds.
    pub fn span(&self) -> f64 {
        (self.last - self.first) as f64 / SECOND as f64
    }

    /// The length of a block in seconds.
    pub fn block(&self) -> u64 {
        self.block
    }

    /// Blocks that are complete.
    pub fn blocks(&self) -> usize {
        (self.span() / self.block as f64) as usize
    }

    /// Forgets about gaps, of which the clock or the length of a period is to blame.
    pub fn forget_gaps(&mut self) {
        for sums in self.blocks.iter_mut().chain([&mut self.whole]) {
            (sums.logs, sums.variation) = Default::default();
        }
    }

    /// Joins blocks two and two until one is twice as long as `memory` seconds, as long as eight are left: what is shorter
    /// than the memory cannot be resampled as if it were alone.
    pub fn join_blocks(&mut self, memory: f64) {
        while (self.block as f64) < 2.0 * memory && self.blocks() / 2 >= 8 {
            self.halve();
        }
    }

    /// The moments of the whole log, of windows no shorter than `least` seconds.
    pub fn moments(&self, least: f64) -> Moments {
        let windows = FIT_WINDOWS.iter().enumerate().filter(|&(_, &seconds)| seconds as f64 >= least);
        let dispersion = |(at, &seconds): (usize, &u64)| {
            let bins = (self.span() / seconds as f64).floor();
            // What the last, open window has is in neither sum.
            let rows = (self.rows - self.counts[at].1) as f64;
            Some((seconds as f64, bins, dispersion(bins, rows, self.whole.squares[at])?))
        };
        Moments {
            // A log begins and ends with an arrival, which makes for one gap less.
            rate: (self.rows - u64::from(!self.is_part)) as f64 / self.span(),
            windows: windows.filter_map(dispersion).filter(|&(_, bins, _)| bins >= 8.0).collect(),
            ..self.gap_moments(&self.whole)
        }
    }

    /// The same of as many blocks as there are, drawn with replacement.
    pub fn resampled(&self, least: f64, stream: &mut Stream) -> Moments {
        let blocks = self.blocks().min(self.blocks.len());
        let mut sums = Sums::default();
        (0..blocks).for_each(|_| sums.add(&self.blocks[stream.index(blocks as u64) as usize]));
        let seconds = (blocks as u64 * self.block) as f64;
        let fits = |&(_, &width): &(usize, &u64)| width as f64 >= least && self.block.is_multiple_of(width);
        let dispersion = |(at, &width): (usize, &u64)| {
            let bins = seconds / width as f64;
            Some((width as f64, bins, dispersion(bins, sums.rows as f64, sums.squares[at])?))
        };
        let windows = FIT_WINDOWS.iter().enumerate().filter(fits).filter_map(dispersion);
        Moments {
            rate: sums.rows as f64 / seconds,
            windows: windows.filter(|&(_, bins, _)| bins >= 8.0).collect(),
            ..self.gap_moments(&sums)
        }
    }

    fn gap_moments(&self, sums: &Sums) -> Moments {
        let mean = |(count, sum): (u64, f64)| (count >= 20).then(|| sum / count as f64);
        Moments {
            rate: 0.0,
            windows: Vec::new(),
            gaps: sums.logs.0,
            log_ratio: mean(sums.logs),
            local: self.local as f64,
            variation: mean(sums.variation),
            batches: sums.batches,
        }
    }
}

/// Variance over mean of `bins` counts that sum to `sum`.
fn dispersion(bins: f64, sum: f64, squares: f64) -> Option<f64> {
    let spread = squares - sum * sum / bins;
    (bins >= 2.0 && sum > 0.0).then(|| spread / (bins - 1.0) / (sum / bins))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Seed;
    use crate::traffic::measure::Counts;

    #[test]
    fn dispersion_is_that_of_the_description() {
        let mut stream = Seed(8).stream(0, "evidence");
        let mut evidence = Evidence::new(5_000, 10_000.0);
        let mut counts: Vec<Counts> = FIT_WINDOWS.iter().map(|w| Counts::new(w * SECOND)).collect();
        let (mut at, start) = (0.0, 77);
        for _ in 0..5_000 {
            evidence.add(at as u64 + start);
            counts.iter_mut().for_each(|counts| counts.add(at as u64, 1));
            at += stream.exponential() * 2e9;
        }
        let moments = evidence.moments(0.0);
        assert!(moments.windows.len() >= 9);
        for (seconds, bins, found) in moments.windows {
            let expected = counts.iter().find(|counts| counts.width() == seconds as u64 * SECOND).unwrap();
            assert_eq!(bins, expected.bins() as f64);
            assert!((found / expected.dispersion().unwrap() - 1.0).abs() < 1e-9, "{seconds}: {found}");
        }
    }

    #[test]
    fn blocks_are_bounded() {
        let mut evidence = Evidence::new(100_000, 1e9);
        (0..100_000u64).for_each(|i| evidence.add(i * 10_000 * SECOND));
        assert!(evidence.blocks.len() <= MOST_BLOCKS, "{}", evidence.blocks.len());
        assert_eq!(evidence.blocks.iter().map(|sums| sums.rows).sum::<u64>(), 100_000);
        assert!(evidence.resampled(0.0, &mut Seed(1).stream(0, "x")).rate > 0.0);
    }
}
