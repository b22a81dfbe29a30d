//! What traffic looks like: figures of a stream of requests, told one by one, in a bounded amount of memory.
//!
//! [`Measure`] adds up, [`Description`] says what it came to. Sums are of whole numbers; floats begin at the end. The
//! conventions: gaps are differences of arrivals in their order, counts begin at the first arrival and use whole windows,
//! empty ones included, and variances are those of a sample.

mod concern;
mod counts;
mod failures;
mod gamma;
mod gaps;
mod hours;
mod moments;
mod sizes;
mod sliding;

pub use concern::Concern;
pub use counts::Counts;
pub use failures::Failures;
pub use gamma::{digamma, shape_by_likelihood, trigamma};
pub use gaps::Gaps;
pub use hours::Hours;
pub use sizes::SizeTally;
pub use sliding::Sliding;

use super::replay::TraceRow;
use crate::units::{Civil, SimDuration, SimTime};
use moments::Pairs;

const SECOND: u64 = 1_000_000_000;

/// Widths of the windows in which requests are counted, in seconds.
pub const WINDOWS: [u64; 6] = [1, 10, 60, 300, 600, 3_600];

/// Widths of the sliding windows, in seconds.
pub const SLIDING: [u64; 3] = [1, 10, 60];

/// Fewer windows than this say nothing about the variance of their counts.
pub const LEAST_BINS: u64 = 20;

/// Adds requests up.
#[derive(Clone, Debug)]
pub struct Measure {
    first: Option<SimTime>,
    last: SimTime,
    rows: u64,
    gaps: Gaps,
    counts: [Counts; WINDOWS.len()],
    tokens_a_minute: Counts,
    sliding: [Sliding; SLIDING.len()],
    sliding_tokens: Sliding,
    input: SizeTally,
    cached: SizeTally,
    output: SizeTally,
    pairs: Pairs,
    hours: Hours,
    failures: Failures,
    is_of_answers: bool,
}

impl Measure {
    /// Begins with traffic whose first request comes at the civil instant `begins`, where that is known.
    pub fn new(begins: Option<&Civil>) -> Self {
        Measure {
            first: None,
            last: SimTime::ZERO,
            rows: 0,
            gaps: Gaps::default(),
            counts: WINDOWS.map(|seconds| Counts::new(seconds * SECOND)),
            tokens_a_minute: Counts::new(60 * SECOND),
            sliding: SLIDING.map(|seconds| Sliding::new(seconds * SECOND)),
            sliding_tokens: Sliding::new(60 * SECOND),
            input: SizeTally::default(),
            cached: SizeTally::default(),
            output: SizeTally::default(),
            pairs: Pairs::default(),
            hours: Hours::new(begins.map_or(0, Civil::epoch_nanos)),
            failures: Failures::default(),
            is_of_answers: false,
        }
    }

    /// Begins with a part of traffic whose first request came at `first`, the civil instant `begins`.
    pub fn of_part(begins: Option<&Civil>, first: SimTime) -> Self {
        Measure { first: Some(first), last: first, ..Measure::new(begins) }
    }

    /// The same with the sizes of what was answered alone: those of a failed call say nothing about the next.
    pub fn of_answers(self) -> Self {
        Measure { is_of_answers: true, ..self }
    }

    /// Adds a request; none comes before the one added last.
    pub fn add(&mut self, row: &TraceRow) {
        let first = *self.first.get_or_insert(row.at);
        let nanos = row.at.saturating_since(first).as_nanos();
        if self.rows > 0 {
            self.gaps.add(row.at.saturating_since(self.last).as_nanos());
        }
        self.rows += 1;
        self.last = row.at;
        self.counts.iter_mut().for_each(|counts| counts.add(nanos, 1));
        self.sliding.iter_mut().for_each(|sliding| sliding.add(nanos, 1));
        self.hours.add(nanos);
        match row.failed {
            true => self.add_failed(row, nanos),
            false => self.add_tokens(row, nanos),
        }
    }

    #[cold]
    fn add_failed(&mut self, row: &TraceRow, nanos: u64) {
        let without_sizes = TraceRow { input: None, cached: None, output: None, ..*row };
        let row = if self.is_of_answers { &without_sizes } else { row };
        self.failures.add(row, nanos);
        self.add_tokens(row, nanos);
    }

    fn add_tokens(&mut self, row: &TraceRow, nanos: u64) {
        row.input.iter().for_each(|&tokens| self.input.add(tokens));
        row.cached.iter().for_each(|&tokens| self.cached.add(tokens));
        row.output.iter().for_each(|&tokens| self.output.add(tokens));
        if let (Some(input), Some(output)) = (row.input, row.output) {
            self.pairs.add(input.get(), output.get());
        }
        let tokens = u64::from(row.input.unwrap_or_default()) + u64::from(row.output.unwrap_or_default());
        self.tokens_a_minute.add(nanos, tokens);
        self.sliding_tokens.add(nanos, tokens);
    }

    /// What it came to; of a log that only counts the requests of each period, with the length of a `period`.
    pub fn finish(self, period: Option<SimDuration>) -> Description {
        let span = self.last.saturating_since(self.first.unwrap_or_default());
        let mut description = Description {
            rows: self.rows,
            span,
            period,
            gaps: self.gaps,
            counts: self.counts.to_vec(),
            tokens_a_minute: self.tokens_a_minute,
            sliding: self.sliding.iter().map(|sliding| (sliding.width() / SECOND, sliding.busiest())).collect(),
            busiest_tokens: self.sliding_tokens.busiest(),
            input: self.input,
            cached: self.cached,
            output: self.output,
            correlation: self.pairs.correlation(),
            hours: self.hours,
            failures: self.failures,
            concerns: Vec::new(),
        };
        description.concerns = Concern::all(&description);
        description
    }
}

/// What a stream of requests looks like.
#[derive(Clone, Debug)]
pub struct Description {
    /// Requests.
    pub rows: u64,
    /// From the first to the last.
    pub span: SimDuration,
    /// The length of a period, where only the requests of each were counted; their places in it are made up.
    pub period: Option<SimDuration>,
    /// Between one and the next.
    pub gaps: Gaps,
    /// Counts of requests in windows of each of [`WINDOWS`].
    pub counts: Vec<Counts>,
    /// Input and output tokens together in each minute, those of rows without a count as zero.
    pub tokens_a_minute: Counts,
    /// The most requests in any window of so many seconds, for each of [`SLIDING`].
    pub sliding: Vec<(u64, u64)>,
    /// The most tokens in any 60 seconds.
    pub busiest_tokens: u64,
    /// Prompt tokens.
    pub input: SizeTally,
    /// Those of them that were read from a cache.
    pub cached: SizeTally,
    /// Completion tokens.
    pub output: SizeTally,
    /// Of the prompt and completion tokens of those rows that have both.
    pub correlation: Option<f64>,
    /// When in the day and the week.
    pub hours: Hours,
    /// Those that failed.
    pub failures: Failures,
    /// What to know before believing the figures.
    pub concerns: Vec<Concern>,
}

impl Description {
    /// Requests a second, from the first to the last; `None` where all come at once.
    pub fn mean_rate(&self) -> Option<f64> {
        let span = self.span.as_secs_f64();
        (span > 0.0).then(|| self.rows.saturating_sub(1) as f64 / span)
    }

    /// The counts in windows of so many seconds.
    pub fn counts(&self, seconds: u64) -> Option<&Counts> {
        self.counts.iter().find(|counts| counts.width() == seconds * SECOND)
    }

    /// I(w) in windows of so many seconds, where there are enough of them.
    pub fn dispersion(&self, seconds: u64) -> Option<f64> {
        self.counts(seconds).filter(|counts| counts.bins() >= LEAST_BINS).and_then(Counts::dispersion)
    }

    /// The correlation of the requests of each minute with those of the next one.
    pub fn autocorrelation(&self) -> Option<f64> {
        self.counts(60).filter(|counts| counts.bins() >= LEAST_BINS).and_then(Counts::autocorrelation)
    }
}
