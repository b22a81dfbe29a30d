//! The description of a log as other programs read it.
//!
//! Within a major version of [`SCHEMA`] keys are only added; a reader ignores those it does not know.

use super::words;
use crate::traffic::measure::{Counts, Description, LEAST_BINS, SizeTally};
use serde::{Deserialize, Serialize};

/// What kind of document it is, and its major version.
pub const SCHEMA: &str = "ratecast.trace/1";

/// What a log looks like.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TraceDocument {
    /// [`SCHEMA`].
    pub schema: String,
    /// The version of ratecast that made it.
    pub version: String,
    /// The log, as the caller named it.
    pub file: String,
    /// How it was read: what was stated and what was assumed, as sentences.
    pub read: Vec<String>,
    /// The civil instant of the first request, where stamps are dates.
    pub begins: Option<String>,
    /// Requests.
    pub rows: u64,
    /// From the first to the last, in seconds.
    pub span_s: f64,
    /// The length of a period, in logs that count the requests of each: places in it, and gaps, are made up.
    #[serde(default)]
    pub period_s: Option<f64>,
    /// Requests a second over that span.
    pub mean_rate_per_s: Option<f64>,
    /// Between one request and the next.
    pub gaps: GapsDocument,
    /// Requests in windows side by side.
    pub counts: Vec<CountsDocument>,
    /// The correlation of the requests of each minute with those of the next.
    pub minute_autocorrelation: Option<f64>,
    /// The busiest windows, wherever they begin.
    pub sliding: Vec<SlidingDocument>,
    /// The most input and output tokens in any 60 seconds.
    pub busiest_tokens_60s: Option<u64>,
    /// Input and output tokens in each minute.
    pub tokens_per_minute: Option<CountsDocument>,
    /// Prompt tokens of the rows that have a count.
    pub input_tokens: Option<SizesDocument>,
    /// Prompt tokens that were read from a cache, likewise.
    #[serde(default)]
    pub cached_tokens: Option<SizesDocument>,
    /// Completion tokens likewise.
    pub output_tokens: Option<SizesDocument>,
    /// The correlation of prompt and completion tokens.
    pub input_output_correlation: Option<f64>,
    /// Requests that failed, where the log says so.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub failed_rows: u64,
    /// The rate in each hour of the day over the mean; from two days on.
    pub hour_weights: Option<Vec<f64>>,
    /// The rate of Saturdays and Sundays over that of other days; from two weeks on.
    pub weekend_to_weekday: Option<f64>,
    /// What to know before believing the figures.
    pub warnings: Vec<String>,
}

/// Gaps between requests.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GapsDocument {
    /// Seconds.
    pub mean_s: Option<f64>,
    /// Standard deviation over mean; 1 for a Poisson process.
    pub cv: Option<f64>,
    /// The shortest above zero.
    pub least_s: Option<f64>,
    /// The longest.
    pub most_s: f64,
    /// Requests at the instant of the one before.
    pub ties: u64,
    /// The step on which all stamps lie.
    pub clock_step_s: Option<f64>,
    /// The gamma distribution's shape by the coefficient of variation.
    pub gamma_shape_moments: Option<f64>,
    /// Its most likely shape for gaps above zero.
    pub gamma_shape_likelihood: Option<f64>,
}

/// Counts in windows of one length.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CountsDocument {
    /// The length of a window in seconds.
    pub window_s: u64,
    /// Whole windows, from the first request on.
    pub bins: u64,
    /// The mean count.
    pub mean: Option<f64>,
    /// The largest.
    pub peak: u64,
    /// The largest over the mean.
    pub peak_to_mean: Option<f64>,
    /// Variance over mean; absent of fewer than 20 windows.
    pub variance_to_mean: Option<f64>,
    /// Windows without a request.
    pub empty: u64,
}

/// The busiest window of one length.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SlidingDocument {
    /// Its length in seconds.
    pub window_s: u64,
    /// Requests in it.
    pub requests: u64,
}

/// Token counts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SizesDocument {
    /// Rows with a count.
    pub rows: u64,
    /// The mean count.
    pub mean: f64,
    /// The median.
    pub p50: f64,
    /// 90 % are at most this.
    pub p90: f64,
    /// 95 % are.
    pub p95: f64,
    /// 99 % are.
    pub p99: f64,
    /// The largest.
    pub max: u32,
    /// Rows with zero tokens.
    pub zeros: u64,
    /// Standard deviation over mean.
    pub cv: Option<f64>,
}

impl TraceDocument {
    /// The document of the log `file`, which was `read` in this way and `begins` then.
    pub fn new(file: &str, read: Vec<String>, begins: Option<String>, of: &Description) -> Self {
        let has_tokens = of.input.rows() + of.output.rows() > 0;
        TraceDocument {
            schema: SCHEMA.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            file: file.to_owned(),
            read,
            begins,
            rows: of.rows,
            span_s: of.span.as_secs_f64(),
            period_s: of.period.map(|period| period.as_secs_f64()),
            mean_rate_per_s: of.mean_rate(),
            gaps: gaps(of),
            counts: of.counts.iter().filter(|counts| counts.bins() > 0).map(counts).collect(),
            minute_autocorrelation: of.autocorrelation(),
            sliding: of.sliding.iter().map(|&(window_s, requests)| SlidingDocument { window_s, requests }).collect(),
            busiest_tokens_60s: has_tokens.then_some(of.busiest_tokens),
            tokens_per_minute: has_tokens.then(|| counts(&of.tokens_a_minute)),
            input_tokens: sizes(&of.input),
            cached_tokens: sizes(&of.cached),
            output_tokens: sizes(&of.output),
            input_output_correlation: of.correlation,
            failed_rows: of.failures.rows(),
            hour_weights: of.hours.by_hour().map(|weights| weights.to_vec()),
            weekend_to_weekday: of.hours.weekend_to_weekday(),
            warnings: of.concerns.iter().map(words::concern).collect(),
        }
    }

    /// As text, indented, with a line end.
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("a document has no maps with keys other than text");
        text.push('\n');
        text
    }
}

fn is_zero(rows: &u64) -> bool {
    *rows == 0
}

fn gaps(of: &Description) -> GapsDocument {
    let gaps = &of.gaps;
    GapsDocument {
        mean_s: gaps.mean_s(),
        cv: gaps.cv(),
        least_s: gaps.least().map(|gap| gap.as_secs_f64()),
        most_s: gaps.most().as_secs_f64(),
        ties: gaps.ties(),
        clock_step_s: gaps.step().map(|step| step.as_secs_f64()),
        gamma_shape_moments: gaps.shape_by_moments(),
        gamma_shape_likelihood: gaps.shape_by_likelihood(),
    }
}

fn counts(of: &Counts) -> CountsDocument {
    CountsDocument {
        window_s: of.width() / 1_000_000_000,
        bins: of.bins(),
        mean: of.mean(),
        peak: of.peak(),
        peak_to_mean: of.peak_to_mean(),
        variance_to_mean: of.dispersion().filter(|_| of.bins() >= LEAST_BINS),
        empty: of.empty(),
    }
}

fn sizes(of: &SizeTally) -> Option<SizesDocument> {
    Some(SizesDocument {
        rows: of.rows(),
        mean: of.mean()?,
        p50: of.quantile(0.5)?,
        p90: of.quantile(0.9)?,
        p95: of.quantile(0.95)?,
        p99: of.quantile(0.99)?,
        max: of.max().get(),
        zeros: of.zeros(),
        cv: of.cv(),
    })
}
