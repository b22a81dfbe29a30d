//! The recommendation: the cheapest cell that meets every objective, and an excuse for each other one.

use super::forecast::CellForecast;
use super::objective::{Judgement, Verdict};
use crate::metrics::{Estimate, Metric};

/// How well the recommended cell stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Standing {
    /// It meets every objective.
    Meets,
    /// It misses none, and some are unsure.
    Unsure {
        /// About how many more replications would settle it.
        more: Option<u64>,
    },
    /// No cell meets every objective; none is recommended.
    NoneMeets,
}

impl Standing {
    /// As printed.
    pub const fn name(self) -> &'static str {
        match self {
            Standing::Meets => "meets",
            Standing::Unsure { .. } => "unsure",
            Standing::NoneMeets => "misses",
        }
    }
}

/// What to choose.
#[derive(Clone, Debug, PartialEq)]
pub struct Recommendation {
    /// The number of the recommended cell; `None` where no cell will do.
    pub cell: Option<usize>,
    /// How sure that is.
    pub standing: Standing,
    /// Why each other cell was not chosen, in the order of the cells.
    pub excuses: Vec<Excuse>,
}

/// Why a cell was not chosen.
#[derive(Clone, Debug, PartialEq)]
pub struct Excuse {
    /// The number of the cell.
    pub cell: usize,
    /// The reason.
    pub reason: Reason,
}

/// A reason against a cell, with its figure.
#[derive(Clone, Debug, PartialEq)]
pub enum Reason {
    /// It misses these objectives.
    Misses(Vec<Judgement>),
    /// It may miss these objectives, and another cell surely meets all.
    Unsure(Vec<Judgement>),
    /// It costs more; the paired difference in dollars a month.
    Dearer(Estimate),
    /// What its tier costs is not known, and that of the chosen one is.
    PriceUnknown,
    /// It costs the same as far as can be told, and its tier is larger than needed.
    LargerTier,
    /// It costs the same on the same tier, and makes more calls for each answer; the paired difference.
    MoreAttempts(Estimate),
    /// It is slower at the median, all else being equal; the paired difference in seconds.
    Slower(Estimate),
    /// Nothing tells it from the chosen one.
    Equal,
}

/// Chooses among `cells`: those that meet every objective, else those that may; of them those whose price is known, if there are
/// any: nobody can say that another one is cheaper.
pub(super) fn recommend(cells: &[CellForecast]) -> Recommendation {
    let standing_in = |wanted: fn(Verdict) -> bool| -> Vec<usize> {
        (0..cells.len()).filter(|&at| wanted(cells[at].verdict())).collect()
    };
    let meeting = standing_in(|verdict| verdict == Verdict::Meets);
    let unsure = standing_in(|verdict| matches!(verdict, Verdict::Unsure { .. }));
    let eligible = if meeting.is_empty() { &unsure } else { &meeting };
    let priced: Vec<usize> = eligible.iter().copied().filter(|&at| cells[at].fee_is_known).collect();
    let chosen = cheapest(cells, if priced.is_empty() { eligible } else { &priced });
    let standing = match chosen.map(|at| cells[at].verdict()) {
        Some(Verdict::Meets) => Standing::Meets,
        Some(Verdict::Unsure { more }) => Standing::Unsure { more },
        Some(Verdict::Misses) | None => Standing::NoneMeets,
    };
    let others = (0..cells.len()).filter(|&at| Some(at) != chosen);
    let excuses =
        others.map(|cell| Excuse { cell, reason: reason(&cells[cell], chosen.map(|at| &cells[at])) }).collect();
    Recommendation { cell: chosen, standing, excuses }
}

/// The cheapest of `eligible`; among those whose cost cannot be told apart the smaller tier, then the fewer attempts, then
/// the faster median, then the one stated first.
fn cheapest(cells: &[CellForecast], eligible: &[usize]) -> Option<usize> {
    let cost = |at: usize| cells[at].metric(Metric::MonthlyCost).mean.unwrap_or(f64::INFINITY);
    let least = eligible.iter().copied().min_by(|&a, &b| cost(a).total_cmp(&cost(b)))?;
    let tied = eligible.iter().copied().filter(|&at| !is_dearer(&cells[at], &cells[least]));
    let figure = |at: usize, metric| cells[at].metric(metric).mean.unwrap_or(f64::INFINITY);
    tied.min_by(|&a, &b| {
        let size = cells[a].size.total_cmp(&cells[b].size);
        let by = |metric| figure(a, metric).total_cmp(&figure(b, metric));
        size.then_with(|| by(Metric::AttemptsPerServed)).then_with(|| by(Metric::LatencyAllP50))
    })
}

/// Whether `cell` surely costs more than `other`. An unknown fee is at least nothing: a cell with one is dearer if its
/// usage alone is, and nothing is dearer than a cell with one.
fn is_dearer(cell: &CellForecast, other: &CellForecast) -> bool {
    let difference = cell.difference(other, Metric::MonthlyCost);
    // One replication has no interval: the figures themselves must do.
    let surely_more = difference.low.or(difference.mean).is_some_and(|low| low > 0.0);
    surely_more && (other.fee_is_known || cell.tier == other.tier)
}

fn reason(cell: &CellForecast, chosen: Option<&CellForecast>) -> Reason {
    let with = |wanted: fn(Verdict) -> bool| -> Vec<Judgement> {
        cell.judgements.iter().filter(|judgement| wanted(judgement.verdict)).copied().collect()
    };
    let missed = with(|verdict| verdict == Verdict::Misses);
    if !missed.is_empty() {
        return Reason::Misses(missed);
    }
    let Some(chosen) = chosen else { return Reason::Equal };
    let unsure = with(|verdict| matches!(verdict, Verdict::Unsure { .. }));
    if !unsure.is_empty() && chosen.verdict() == Verdict::Meets {
        return Reason::Unsure(unsure);
    }
    if is_dearer(cell, chosen) {
        return Reason::Dearer(cell.difference(chosen, Metric::MonthlyCost));
    }
    if chosen.fee_is_known && !cell.fee_is_known {
        return Reason::PriceUnknown;
    }
    if cell.size > chosen.size {
        return Reason::LargerTier;
    }
    let attempts = cell.difference(chosen, Metric::AttemptsPerServed);
    if attempts.mean.is_some_and(|more| more > 0.0) {
        return Reason::MoreAttempts(attempts);
    }
    let slower = cell.difference(chosen, Metric::LatencyAllP50);
    if slower.mean.is_some_and(|more| more > 0.0) { Reason::Slower(slower) } else { Reason::Equal }
}
