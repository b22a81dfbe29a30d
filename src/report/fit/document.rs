//! A fit as other programs read it.
//!
//! Within a major version of [`SCHEMA`] keys are only added; a reader ignores those it does not know.

use super::{toml, words};
use crate::traffic::fit::{Comparison, Fit, Parameter};
use crate::traffic::measure::Description;
use serde::{Deserialize, Serialize};

/// What kind of document it is, and its major version.
pub const SCHEMA: &str = "ratecast.fit/1";

/// A fitted model with what speaks for it and against it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FitDocument {
    /// [`SCHEMA`].
    pub schema: String,
    /// The version of ratecast that made it.
    pub version: String,
    /// The number of the random model.
    pub model: u32,
    /// The log, as the caller named it.
    pub file: String,
    /// Requests of the log.
    pub rows: u64,
    /// From the first to the last, in seconds.
    pub span_s: f64,
    /// What all randomness came from.
    pub seed: u64,
    /// Runs of each model.
    pub replications: u64,
    /// `poisson`, `gamma`, `random-rate`, `on-off`, `clusters` or `batch`.
    pub kind: String,
    /// Why this kind, as a sentence.
    pub reason: String,
    /// What was estimated.
    pub parameters: Vec<ParameterDocument>,
    /// The length of the blocks that were resampled for the intervals, in seconds.
    pub block_s: u64,
    /// How many blocks there are.
    pub blocks: usize,
    /// The log's figures beside those of the model and of a Poisson process.
    pub checks: Vec<CheckDocument>,
    /// The lines of a scenario.
    pub toml: String,
    /// What to know before believing it.
    pub warnings: Vec<String>,
}

/// One parameter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ParameterDocument {
    /// Its name.
    pub name: String,
    /// The estimate; times in seconds, rates per second.
    pub value: f64,
    /// Below this the truth lies in one of twenty such logs; absent where the log is too short to tell.
    pub low: Option<f64>,
    /// Above this it does.
    pub high: Option<f64>,
    /// What the two are from: `blocks` (percentiles of the estimates from resampled blocks of the log) or `runs` (how far the
    /// estimates from runs of the model lie from it).
    #[serde(default)]
    pub interval_from: Option<String>,
}

/// One figure that log and model should have in common.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CheckDocument {
    /// `busiest_60s` (requests in the busiest 60 seconds), `empty_minutes`, `dispersion_60s` (variance over mean of counts)
    /// and the like.
    pub name: String,
    /// In the log.
    pub observed: f64,
    /// Below which 10 % of the model's runs lie.
    pub low: f64,
    /// Below which half of them lie.
    pub median: f64,
    /// Below which 90 % of them lie.
    pub high: f64,
    /// Whether the log's figure lies between low and high.
    pub inside: bool,
    /// The same of a Poisson process of the same rate.
    pub poisson_low: f64,
    /// Its median.
    pub poisson_median: f64,
    /// Its 90th percentile.
    pub poisson_high: f64,
}

/// What was fitted, and how.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'s> {
    /// The log, as the caller named it.
    pub file: &'s str,
    /// The name of the source in the scenario.
    pub name: &'s str,
    /// What all randomness came from.
    pub seed: u64,
    /// Runs of each model.
    pub replications: u64,
    /// A table of sizes to draw from, as a path from the scenario's folder; otherwise sizes have a law.
    pub pairs: Option<&'s str>,
}

impl FitDocument {
    /// The document of a fit to the log that `description` is of.
    pub fn new(subject: Subject, description: &Description, fit: &Fit) -> Self {
        let mut document = FitDocument {
            schema: SCHEMA.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            model: crate::rng::MODEL,
            file: subject.file.to_owned(),
            rows: description.rows,
            span_s: description.span.as_secs_f64(),
            seed: subject.seed,
            replications: subject.replications,
            kind: fit.model.name().to_owned(),
            reason: words::reason(fit),
            parameters: fit.parameters.iter().map(parameter).collect(),
            block_s: fit.blocks.0,
            blocks: fit.blocks.1,
            checks: fit.comparisons.iter().map(check).collect(),
            toml: String::new(),
            warnings: fit.doubts.iter().map(words::doubt).collect(),
        };
        document.toml = toml::block(subject, description, fit);
        document
    }

    /// As text, indented, with a line end.
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("a document has no maps with keys other than text");
        text.push('\n');
        text
    }
}

fn parameter(parameter: &Parameter) -> ParameterDocument {
    ParameterDocument {
        name: parameter.key.to_owned(),
        value: parameter.value,
        low: parameter.interval.map(|(low, _)| low),
        high: parameter.interval.map(|(_, high)| high),
        interval_from: parameter.from.map(|from| words::source(from).to_owned()),
    }
}

fn check(comparison: &Comparison) -> CheckDocument {
    let Comparison { feature, observed, fitted, poisson } = *comparison;
    CheckDocument {
        name: words::key(feature),
        observed,
        low: fitted.low,
        median: fitted.median,
        high: fitted.high,
        inside: fitted.covers(observed),
        poisson_low: poisson.low,
        poisson_median: poisson.median,
        poisson_high: poisson.high,
    }
}
