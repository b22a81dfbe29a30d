//! The result as other programs read it: one JSON document, stable and versioned.
//!
//! Within a major version of [`SCHEMA`] keys are only added; a reader ignores those it does not know.

use super::words;
use crate::metrics::{Estimate, Metric, Sample};
use crate::plan::{CellForecast, Forecast, LimitForecast, Standing, Verdict};
use crate::scenario::Scenario;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What kind of document it is, and its major version.
pub const SCHEMA: &str = "ratecast.run/1";

/// A whole result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// [`SCHEMA`].
    pub schema: String,
    /// The version of ratecast that made it.
    pub version: String,
    /// The number of the random model: figures of one seed are comparable while it is the same.
    pub model: u32,
    /// Whether all replications were run.
    pub complete: bool,
    /// What was simulated.
    pub scenario: About,
    /// By tier and strategy.
    pub cells: Vec<CellDocument>,
    /// What to choose.
    pub recommendation: RecommendationDocument,
    /// What the scenario left to defaults that bear on the figures.
    pub assumptions: Vec<String>,
    /// What to know before believing them.
    pub warnings: Vec<String>,
}

/// What was simulated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct About {
    /// Its name.
    pub name: String,
    /// Its civil start.
    pub start: String,
    /// The seed of all randomness.
    pub seed: u64,
    /// How long requests arrived, in seconds.
    pub duration_s: f64,
    /// How much of that was not measured, in seconds.
    pub warmup_s: f64,
    /// Replications of each cell.
    pub replications: u64,
}

/// One cell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CellDocument {
    /// The tier.
    pub tier: String,
    /// The strategy.
    pub strategy: String,
    /// Whether the tier's subscription is known; otherwise costs are without it.
    pub fee_known: bool,
    /// Every metric by name.
    pub metrics: BTreeMap<String, Estimate>,
    /// The same for each traffic source.
    pub classes: BTreeMap<String, BTreeMap<String, Estimate>>,
    /// The tier's limits.
    pub limits: Vec<LimitDocument>,
    /// The objectives.
    pub slo: Vec<ObjectiveDocument>,
}

/// One limit of a cell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LimitDocument {
    /// Its name.
    pub name: String,
    /// Attempts that it refused.
    pub refused: Estimate,
    /// The share used of what it would have let through.
    pub utilisation: Estimate,
    /// Seconds from the start to its first refusal, over the replications in which it refused; absent if it never did.
    pub exhausted_at: Option<Estimate>,
    /// For a quota, the share of the measured time for which it was gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_share: Option<Estimate>,
    /// For a quota, what was charged on each day of the run, in the mean: requests, tokens or billionths of a dollar.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub daily: Vec<f64>,
}

/// One objective of a cell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ObjectiveDocument {
    /// Its key in the scenario.
    pub objective: String,
    /// `meets`, `misses` or `unsure`.
    pub verdict: String,
    /// What came out.
    pub observed: Estimate,
    /// What it must not exceed.
    pub bound: f64,
    /// About how many more replications would settle an `unsure`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub more_replications: Option<u64>,
}

/// What to choose.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecommendationDocument {
    /// The tier; absent where no cell will do.
    pub tier: Option<String>,
    /// The strategy.
    pub strategy: Option<String>,
    /// `meets`, `unsure`, or `misses` where no cell will do.
    pub verdict: String,
    /// Whether the objectives were stated or assumed.
    pub objectives_stated: bool,
    /// Why, with figures.
    pub because: String,
    /// Why each other cell was not chosen.
    pub excuses: Vec<ExcuseDocument>,
}

/// Why a cell was not chosen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExcuseDocument {
    /// The tier.
    pub tier: String,
    /// The strategy.
    pub strategy: String,
    /// Why not, with a figure.
    pub reason: String,
}

impl Document {
    /// The document of a forecast.
    pub fn new(scenario: &Scenario, forecast: &Forecast, assumptions: &[String]) -> Self {
        let recommendation = &forecast.recommendation;
        let chosen = recommendation.cell.map(|at| &forecast.cells[at]);
        Document {
            schema: SCHEMA.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            model: crate::rng::MODEL,
            complete: forecast.complete,
            scenario: About {
                name: scenario.name.clone(),
                start: scenario.start.to_string(),
                seed: scenario.seed,
                duration_s: scenario.duration.as_secs_f64(),
                warmup_s: scenario.warmup.as_secs_f64(),
                replications: forecast.replications,
            },
            cells: forecast.cells.iter().map(cell).collect(),
            recommendation: RecommendationDocument {
                tier: chosen.map(|cell| cell.tier.clone()),
                strategy: chosen.map(|cell| cell.strategy.clone()),
                verdict: recommendation.standing.name().to_owned(),
                objectives_stated: forecast.objectives_stated,
                because: words::because(forecast).join("; "),
                excuses: excuses(scenario, forecast),
            },
            assumptions: assumptions.to_vec(),
            warnings: forecast.warnings.iter().map(words::warning).collect(),
        }
    }

    /// As text, indented, with a line end.
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("a document has no maps with keys other than text");
        text.push('\n');
        text
    }
}

fn excuses(scenario: &Scenario, forecast: &Forecast) -> Vec<ExcuseDocument> {
    let excuse = |excuse: &crate::plan::Excuse| {
        let cell = &forecast.cells[excuse.cell];
        let reason = words::excuse(scenario, forecast, excuse);
        ExcuseDocument { tier: cell.tier.clone(), strategy: cell.strategy.clone(), reason }
    };
    forecast.recommendation.excuses.iter().map(excuse).collect()
}

fn cell(cell: &CellForecast) -> CellDocument {
    CellDocument {
        tier: cell.tier.clone(),
        strategy: cell.strategy.clone(),
        fee_known: cell.fee_is_known,
        metrics: metrics(&cell.samples),
        classes: cell.classes.iter().map(|(name, samples)| (name.clone(), metrics(samples))).collect(),
        limits: cell.limits.iter().map(limit).collect(),
        slo: cell.judgements.iter().map(objective).collect(),
    }
}

fn metrics(samples: &[Sample]) -> BTreeMap<String, Estimate> {
    let estimate = |&metric: &Metric| Estimate::of(samples.iter().map(|sample| sample.get(metric)));
    Metric::ALL.iter().map(|metric| (metric.name().to_owned(), estimate(metric))).collect()
}

fn limit(limit: &LimitForecast) -> LimitDocument {
    LimitDocument {
        name: limit.name.clone(),
        refused: limit.refused,
        utilisation: limit.utilisation,
        exhausted_at: limit.exhausted_at.mean.map(|_| limit.exhausted_at),
        closed_share: limit.closed.mean.map(|_| limit.closed),
        daily: limit.daily.clone(),
    }
}

fn objective(judgement: &crate::plan::Judgement) -> ObjectiveDocument {
    ObjectiveDocument {
        objective: judgement.objective.key().to_owned(),
        verdict: judgement.verdict.name().to_owned(),
        observed: judgement.observed,
        bound: judgement.objective.bound(),
        more_replications: match judgement.verdict {
            Verdict::Unsure { more } => more,
            Verdict::Meets | Verdict::Misses => None,
        },
    }
}

/// The exit status of a forecast: 0 done and the objectives met, 1 missed by every cell, 5 unsure. Assumed objectives do
/// not decide it.
pub fn exit_status(forecast: &Forecast) -> u8 {
    match forecast.recommendation.standing {
        _ if !forecast.objectives_stated => 0,
        Standing::Meets => 0,
        Standing::NoneMeets => 1,
        Standing::Unsure { .. } => 5,
    }
}
