//! A sample of the sizes of a log.

use crate::rng::Stream;
use crate::traffic::Size;
use crate::traffic::replay::TraceRow;

/// So many rows at most, each row of the log as likely to be among them as another (algorithm R of Vitter, ACM TOMS 11,
/// 1985); rows without both counts are passed over.
pub struct Reservoir {
    sample: Vec<Size>,
    most: usize,
    seen: u64,
    stream: Stream,
}

impl Reservoir {
    /// Of at most `most` rows, at least 1.
    pub fn new(most: usize, stream: Stream) -> Self {
        Reservoir { sample: Vec::new(), most: most.max(1), seen: 0, stream }
    }

    /// Shows it a row.
    pub fn add(&mut self, row: &TraceRow) {
        let (Some(input), Some(output)) = (row.input, row.output) else { return };
        let size = Size { input, cached: row.cached.unwrap_or_default(), output };
        self.seen += 1;
        if self.sample.len() < self.most {
            self.sample.push(size);
        } else if let Some(place) = self.sample.get_mut(self.stream.index(self.seen) as usize) {
            *place = size;
        }
    }

    /// What it holds.
    pub fn sample(&self) -> &[Size] {
        &self.sample
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Seed;
    use crate::units::{SimTime, Tokens};

    #[test]
    fn every_row_is_as_likely() {
        let row = |i: u32| {
            let input = Some(Tokens::new(i));
            TraceRow { at: SimTime::ZERO, input, cached: None, output: input, client: None, key: None, failed: false }
        };
        let mut reservoir = Reservoir::new(1_000, Seed(3).stream(0, "pairs"));
        (0..100_000).for_each(|i| reservoir.add(&row(i)));
        let mean = reservoir.sample().iter().map(|size| f64::from(size.input.get())).sum::<f64>() / 1e3;
        // The mean of 1,000 of 100,000 alike has a standard error of 913; five of them, with a fixed seed.
        assert!((mean - 50_000.0).abs() < 4_565.0, "{mean}");
        reservoir.add(&TraceRow {
            at: SimTime::ZERO,
            input: None,
            cached: None,
            output: None,
            client: None,
            key: None,
            failed: false,
        });
        assert_eq!((reservoir.sample().len(), reservoir.seen), (1_000, 100_000));
    }
}
