//! How large each request of a source is: input, what of it is cached, and output, together.

use super::pairs::Table;
use super::replay::TraceError;
use super::sizes::Sizes;
use super::{Columns, Traffic};
use crate::rng::{BLOCK, Stream};
use crate::units::Tokens;
use std::path::Path;

/// The size of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Size {
    /// Prompt tokens, the cached ones among them.
    pub input: Tokens,
    /// Those of the prompt tokens that the provider has seen before and kept.
    pub cached: Tokens,
    /// Completion tokens.
    pub output: Tokens,
}

/// Draws the sizes of a source.
#[derive(Clone, Debug)]
pub struct Sizing {
    law: Law,
    cached: f64, // share of the input, where nothing better is known
    max_output: Tokens,
}

#[derive(Clone, Debug)]
enum Law {
    /// Input and output each by a distribution, with a correlation of their ranks.
    Apart { input: Sizes, output: Sizes, correlation: f64 },
    /// Both from one row of a table.
    Together(Table),
}

/// The streams that sizes are drawn from.
#[derive(Clone, Debug)]
pub struct SizeStreams {
    input: Stream,
    output: Stream,
    pairing: Stream,
}

impl SizeStreams {
    /// The streams of a source or a thread; `stream` makes one by purpose.
    pub fn new(stream: impl Fn(&str) -> Stream) -> Self {
        SizeStreams { input: stream("input-tokens"), output: stream("output-tokens"), pairing: stream("size-pairs") }
    }
}

impl Sizing {
    /// The sizes that `traffic` states; paths start from `folder`.
    ///
    /// # Errors
    /// If a table of pairs cannot be read.
    pub fn new(traffic: &Traffic, folder: &Path) -> Result<Self, TraceError> {
        let law = match &traffic.pairs {
            Some(pairs) => Law::Together(Table::read(&folder.join(&pairs.file), pairs)?),
            None => Law::Apart {
                input: traffic.input_tokens.clone(),
                output: traffic.output_tokens.clone(),
                correlation: traffic.correlation,
            },
        };
        let max_output = traffic.longest_answer().unwrap_or(Tokens::new(u32::MAX));
        Ok(Sizing { law, cached: traffic.cached_input.as_f64(), max_output })
    }

    /// Draws a block of sizes into `columns`.
    pub fn fill(&self, streams: &mut SizeStreams, columns: &mut Columns) {
        match &self.law {
            Law::Apart { input, output, correlation } => {
                input.model().fill(&mut streams.input, &mut columns.input);
                output.model().fill(&mut streams.output, &mut columns.output);
                if *correlation != 0.0 {
                    correlate(*correlation, &mut streams.pairing, &mut columns.input, &mut columns.output);
                }
                self.share_cached(columns);
            }
            Law::Together(table) => {
                for at in 0..BLOCK {
                    let size = self.drawn_from(table, &mut streams.pairing);
                    (columns.input[at], columns.cached[at], columns.output[at]) =
                        (size.input, size.cached, size.output);
                }
            }
        }
        if self.max_output < Tokens::new(u32::MAX) {
            columns.output.iter_mut().for_each(|output| *output = (*output).min(self.max_output));
        }
    }

    /// Draws one size. Sizes drawn one by one are not correlated beyond what a table says.
    pub fn draw(&self, streams: &mut SizeStreams) -> Size {
        let mut size = match &self.law {
            Law::Apart { input, output, .. } => {
                let one = |law: &Sizes, stream: &mut Stream| {
                    let mut count = [Tokens::new(0)];
                    law.model().fill(stream, &mut count);
                    count[0]
                };
                let input = one(input, &mut streams.input);
                Size { input, cached: self.cached_of(input), output: one(output, &mut streams.output) }
            }
            Law::Together(table) => self.drawn_from(table, &mut streams.pairing),
        };
        size.output = self.cut(size.output);
        size
    }

    /// A row of `table`, with the stated share of its input cached where the table does not say it.
    fn drawn_from(&self, table: &Table, stream: &mut Stream) -> Size {
        let size = table.draw(stream);
        Size { cached: if table.has_cached() { size.cached } else { self.cached_of(size.input) }, ..size }
    }

    /// `output`, as `max_tokens` lets it be.
    pub fn cut(&self, output: Tokens) -> Tokens {
        output.min(self.max_output)
    }

    /// What of `input` is cached where only a share is stated.
    pub fn cached_of(&self, input: Tokens) -> Tokens {
        Tokens::from_f64(f64::from(input.get()) * self.cached).min(input)
    }

    fn share_cached(&self, columns: &mut Columns) {
        if self.cached > 0.0 {
            let cached = columns.cached.iter_mut().zip(&columns.input);
            cached.for_each(|(cached, &input)| *cached = self.cached_of(input));
        }
    }
}

/// Puts `output` into an order in which its ranks go with those of `input` as two normal variates of correlation `rho`
/// would (Iman and Conover, Commun. Stat. Simul. 11, 1982). Each column keeps its values and so its distribution.
fn correlate(rho: f64, stream: &mut Stream, input: &mut [Tokens; BLOCK], output: &mut [Tokens; BLOCK]) {
    let rest = (1.0 - rho * rho).max(0.0).sqrt();
    let mut scores = [[0.0; 2]; BLOCK];
    for pair in &mut scores {
        let (one, other) = (stream.normal(), stream.normal());
        *pair = [one, rho * one + rest * other];
    }
    for (side, values) in [(0, input), (1, output)] {
        let mut order: [u16; BLOCK] = std::array::from_fn(|at| at as u16);
        order.sort_by(|&a, &b| scores[a as usize][side].total_cmp(&scores[b as usize][side]).then(a.cmp(&b)));
        let mut sorted = *values;
        sorted.sort_unstable();
        order.iter().zip(sorted).for_each(|(&at, value)| values[at as usize] = value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Seed;

    fn correlation(pairs: &[(f64, f64)]) -> f64 {
        let n = pairs.len() as f64;
        let mean = pairs.iter().fold((0.0, 0.0), |sum, pair| (sum.0 + pair.0 / n, sum.1 + pair.1 / n));
        let moment = |f: &dyn Fn(f64, f64) -> f64| pairs.iter().map(|p| f(p.0 - mean.0, p.1 - mean.1)).sum::<f64>() / n;
        moment(&|x, y| x * y) / (moment(&|x, _| x * x) * moment(&|_, y| y * y)).sqrt()
    }

    #[test]
    fn logarithms_of_two_lognormals_have_the_correlation_asked_for() {
        let sizes =
            |mean| Sizes::Lognormal(crate::traffic::sizes::Lognormal { mean: Tokens::new(mean), cv: 1.0, max: None });
        for rho in [-0.9, -0.3, 0.3, 0.8] {
            let law = Law::Apart { input: sizes(50_000), output: sizes(20_000), correlation: rho };
            let sizing = Sizing { law, cached: 0.0, max_output: Tokens::new(u32::MAX) };
            let mut streams = SizeStreams::new(|purpose| Seed(4).stream(0, purpose));
            let (mut columns, mut logs) = (Columns::default(), Vec::new());
            for _ in 0..400 {
                sizing.fill(&mut streams, &mut columns);
                let log = |tokens: Tokens| libm::log(f64::from(tokens.get()));
                logs.extend(columns.input.iter().zip(&columns.output).map(|(&x, &y)| (log(x), log(y))));
            }
            // The standard error is below 0.0032 and blocks of 256 lower the correlation by less than 0.004.
            let seen = correlation(&logs);
            assert!((seen - rho).abs() < 0.02, "{seen} for {rho}");
        }
    }
}
