//! A fit as other programs read it.
//!
//! Within a major version of [`SCHEMA`] keys are only added; a reader ignores those it does not know.

use super::{toml, words};
use crate::traffic::Clients;
use crate::traffic::fit::{Apart, Comparison, Fit, Parameter, Sum};
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
    /// `poisson`, `gamma`, `random-rate`, `on-off`, `clusters` or `batch`; `sources` of a log that was taken apart.
    pub kind: String,
    /// Why this kind, or who was taken apart, as a sentence.
    pub reason: String,
    /// Requests that failed, where the log says so: they count as all others, and their sizes are left out.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub failed_rows: u64,
    /// What was estimated; of a log that was taken apart each part has its own.
    pub parameters: Vec<ParameterDocument>,
    /// The length of the blocks that were resampled for the intervals, in seconds.
    pub block_s: u64,
    /// How many blocks there are.
    pub blocks: usize,
    /// The log's figures beside those of the model, or of all models at once, and of a Poisson process.
    pub checks: Vec<CheckDocument>,
    /// The lines of a scenario.
    pub toml: String,
    /// What to know before believing it.
    pub warnings: Vec<String>,
    /// The sources of a log that was taken apart: the others first, then each client that has one of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<PartDocument>,
}

/// One source of a log that was taken apart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PartDocument {
    /// The source's name in the scenario.
    pub name: String,
    /// The client's name, its characters other than letters, digits and `_.` as `-`; absent of all the others.
    pub client: Option<String>,
    /// Its requests.
    pub rows: u64,
    /// Their share of all.
    pub share: f64,
    /// Why it is a source of its own, as a sentence; absent of all the others.
    pub why: Option<String>,
    /// As of a whole log.
    pub kind: String,
    /// Why this kind, as a sentence.
    pub reason: String,
    /// What was estimated.
    pub parameters: Vec<ParameterDocument>,
    /// The length of the blocks that were resampled for the intervals, in seconds.
    pub block_s: u64,
    /// How many blocks there are.
    pub blocks: usize,
    /// Its figures beside those of its model and of a Poisson process.
    pub checks: Vec<CheckDocument>,
    /// Its lines of the scenario.
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
    /// What all randomness came from.
    pub seed: u64,
    /// Runs of each model.
    pub replications: u64,
}

/// A source: the whole log, or a part of it.
#[derive(Clone, Debug)]
pub struct Part<'s> {
    /// Its name in the scenario.
    pub name: &'s str,
    /// Who it is that has a source of its own, by name, and why.
    pub apart: Option<(&'s str, Apart)>,
    /// A table of sizes to draw from, as a path from the scenario's folder; otherwise sizes have a law.
    pub pairs: Option<&'s str>,
    /// Who its requests come from, where the log says.
    pub clients: Option<Clients>,
    /// What it looks like.
    pub description: &'s Description,
    /// Its model.
    pub fit: &'s Fit,
}

impl FitDocument {
    /// The document of a fit to the log that `description` is of: whole, or of several `parts` and what they are in `sum`.
    pub fn new(subject: Subject, description: &Description, parts: &[Part], sum: Option<&Sum>) -> Self {
        let mut document = FitDocument {
            schema: SCHEMA.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            model: crate::rng::MODEL,
            file: subject.file.to_owned(),
            rows: description.rows,
            span_s: description.span.as_secs_f64(),
            seed: subject.seed,
            replications: subject.replications,
            failed_rows: description.failures.rows(),
            kind: "sources".to_owned(),
            reason: words::division(parts),
            parameters: Vec::new(),
            block_s: 0,
            blocks: 0,
            checks: Vec::new(),
            toml: parts.iter().map(toml::block).collect::<Vec<_>>().join("\n"),
            warnings: Vec::new(),
            parts: Vec::new(),
        };
        match (sum, parts) {
            (Some(sum), _) => {
                document.checks = sum.comparisons.iter().map(check).collect();
                document.warnings = sum.doubts.iter().map(words::doubt).collect();
                document.parts = parts.iter().map(|part| part.document(description.rows)).collect();
            }
            (None, [whole, ..]) => document.is_of(whole.document(description.rows)),
            (None, []) => {}
        }
        document
    }

    /// Takes over what is said of the only source.
    fn is_of(&mut self, whole: PartDocument) {
        let PartDocument { kind, reason, parameters, block_s, blocks, checks, warnings, .. } = whole;
        (self.kind, self.reason, self.parameters) = (kind, reason, parameters);
        (self.block_s, self.blocks, self.checks, self.warnings) = (block_s, blocks, checks, warnings);
    }

    /// As text, indented, with a line end.
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("a document has no maps with keys other than text");
        text.push('\n');
        text
    }
}

impl Part<'_> {
    fn document(&self, of: u64) -> PartDocument {
        let (rows, fit) = (self.description.rows, self.fit);
        PartDocument {
            name: self.name.to_owned(),
            client: self.apart.map(|(client, _)| client.to_owned()),
            rows,
            share: rows as f64 / of as f64,
            why: self.apart.map(|(_, apart)| words::why(apart.why)),
            kind: fit.model.name().to_owned(),
            reason: words::reason(fit),
            parameters: fit.parameters.iter().map(parameter).collect(),
            block_s: fit.blocks.0,
            blocks: fit.blocks.1,
            checks: fit.comparisons.iter().map(check).collect(),
            toml: toml::block(self),
            warnings: fit.doubts.iter().map(words::doubt).collect(),
        }
    }
}

fn is_zero(rows: &u64) -> bool {
    *rows == 0
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
