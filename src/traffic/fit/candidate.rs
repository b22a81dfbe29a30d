//! A model of one kind, settled on what a log shows, and how sure each of its parameters is.

use super::check::{Runs, quantile};
use super::{
    Evidence, Feature, Likeness, Model, Moments, NoFit, Options, Parameter, Profile, Reason, Source, estimate,
};
use crate::rng::Seed;
use crate::units::SimDuration;
use rayon::prelude::*;

/// A model that may be chosen.
pub(super) struct Candidate {
    /// The model, rounded.
    pub(super) model: Model,
    /// Why it would be chosen.
    pub(super) reason: Reason,
    /// By the width of windows: what the variation of counts is multiplied by before it is fitted.
    lifts: Vec<(f64, f64)>,
}

/// Estimates from so many sets of resampled blocks make an interval.
const RESAMPLES: u64 = 200;

impl Candidate {
    /// What needs no settling.
    pub(super) fn plain(reason: Reason, model: Model) -> Self {
        Candidate { model, reason, lifts: Vec::new() }
    }

    /// The model of this kind most runs of which vary as the log does. A first estimate takes the log for a mean of runs;
    /// but few runs have much more variation than the mean and most have less, and the log should be like most.
    pub(super) fn settled(reason: Reason, moments: &Moments, span: f64, options: &Options) -> Result<Self, NoFit> {
        let first = estimated(reason, moments, span);
        if span > 100.0 * first.memory() {
            // So many moves make most runs like their mean.
            return Ok(Candidate { model: first.rounded(), reason, lifts: Vec::new() });
        }
        // Moments are those of a level day.
        let time = SimDuration::from_secs_f64(span);
        let runs = Runs::of(&first, &Profile::level(), time, options).ok_or(NoFit::Interrupted)?;
        let lift = |&(w, bins, _): &(f64, f64, f64)| {
            let band = runs.band(Feature::Dispersion(w as u64));
            (w, band.map_or(1.0, |band| (first.dispersion(w, bins) / band.median).clamp(0.5, 2.0)))
        };
        let lifts: Vec<(f64, f64)> = moments.windows.iter().map(lift).collect();
        // The memory stays: that of runs which stand out is no longer.
        let model = estimate::with_its_memory(&lifted(moments, &lifts), span, &first).rounded();
        Ok(Candidate { model, reason, lifts })
    }

    /// The parameters with their intervals. Those of how a rate wanders are from `runs` of the model on a level day: blocks
    /// long enough to be taken as independent of each other are too few to show how little one log says about its slowest
    /// moves. The others are from resampling the blocks of `evidence`, as far as these are that long.
    pub(super) fn parameters(&self, evidence: &Evidence, least: f64, seed: Seed, runs: &Runs) -> Vec<Parameter> {
        let is_enough = evidence.blocks() >= 8 && evidence.block() as f64 >= self.model.memory();
        let resamples = if is_enough { RESAMPLES } else { 0 };
        let again = |number: u64| {
            self.again(&evidence.resampled(least, &mut seed.stream(number, "fit-blocks")), evidence.span())
        };
        let by_blocks: Vec<Model> = (0..resamples).into_par_iter().map(again).collect();
        let by_runs = self.of_runs(runs, least, evidence.span());
        let parameter = |&(key, take): &(&'static str, Take)| {
            let value = take(&self.model)?;
            // Resampling that loses the estimate itself has cut the log into pieces too short.
            let holds = |&(low, high): &(f64, f64)| low <= value && value <= high;
            let from_runs = mirrored(&by_runs, take, value).map(|interval| (interval, Source::Runs));
            let from_blocks = || interval(&by_blocks, take).map(|interval| (interval, Source::Blocks));
            let found = if key == "gap-shape" { from_blocks() } else { from_runs.or_else(from_blocks) };
            let found = found.filter(|(interval, _)| holds(interval));
            Some(Parameter {
                key,
                value,
                interval: found.map(|(interval, _)| interval),
                from: found.map(|(_, from)| from),
            })
        };
        KEYS.iter().filter_map(parameter).collect()
    }

    /// What other `moments` would have been fitted by.
    fn again(&self, moments: &Moments, span: f64) -> Model {
        let first = estimated(self.reason, moments, span);
        estimate::with_its_memory(&lifted(moments, &self.lifts), span, &first)
    }

    /// What each of the `runs` of a rate that wanders would have been fitted by; nothing of other models.
    fn of_runs(&self, runs: &Runs, least: f64, span: f64) -> Vec<Model> {
        if self.reason != Reason::Wanders {
            return Vec::new();
        }
        let again = |run: &Likeness| {
            // Gaps of runs are not kept: their shape is the model's.
            let (rate, windows) = (run.rows() as f64 / span, run.windows(least));
            let model = self.again(&Moments { rate, windows, ..Moments::default() }, span);
            Model { gap_shape: self.model.gap_shape, ..model }
        };
        runs.likenesses().par_iter().map(again).collect()
    }
}

/// What a model has of a parameter.
type Take = fn(&Model) -> Option<f64>;

const KEYS: [(&str, Take); 8] = [
    ("rate", |model| Some(model.rate)),
    ("gap-shape", |model| Some(model.gap_shape)),
    ("cv", |model| model.cv_and_memory().map(|(cv, _)| cv)),
    ("memory", |model| model.cv_and_memory().map(|(_, memory)| memory)),
    ("on", |model| model.on_and_off().map(|(on, _)| on)),
    ("off", |model| model.on_and_off().map(|(_, off)| off)),
    ("size", Model::size),
    ("spread", Model::spread),
];

/// The 5th and the 95th percentile of what the `estimates` have, if most have it.
fn interval(estimates: &[Model], take: Take) -> Option<(f64, f64)> {
    let mut values: Vec<f64> = estimates.iter().filter_map(take).filter(|value| value.is_finite()).collect();
    values.sort_by(f64::total_cmp);
    (values.len() as u64 > RESAMPLES / 2).then(|| (quantile(&values, 0.05), quantile(&values, 0.95)))
}

/// What `value` may be the estimate of, if estimates go astray by the same factors whatever the truth, and those from runs
/// of the model show by which (a parametric bootstrap: Davison and Hinkley, Bootstrap Methods, 1997, 5.2.1, of logarithms).
fn mirrored(estimates: &[Model], take: Take, value: f64) -> Option<(f64, f64)> {
    let mut values: Vec<f64> = estimates.iter().filter_map(take).filter(|value| value.is_finite()).collect();
    values.sort_by(f64::total_cmp);
    let is_enough = values.len() >= 20 && values[0] > 0.0;
    is_enough.then(|| (value * value / quantile(&values, 0.95), value * value / quantile(&values, 0.05)))
}

fn estimated(reason: Reason, moments: &Moments, span: f64) -> Model {
    match reason {
        Reason::Chance | Reason::SameFactor => estimate::level(moments),
        Reason::Wanders => estimate::random(moments, span),
        Reason::Switches => estimate::on_off(moments, span),
        Reason::Clusters => estimate::clusters(moments, span),
        Reason::Together => estimate::batches(moments).unwrap_or_else(|| estimate::level(moments).poisson()),
    }
}

fn lifted(moments: &Moments, lifts: &[(f64, f64)]) -> Moments {
    let lift = |w: f64| lifts.iter().find(|(width, _)| *width == w).map_or(1.0, |(_, lift)| *lift);
    let windows = moments.windows.iter().map(|&(w, bins, seen)| (w, bins, seen * lift(w)));
    Moments { windows: windows.collect(), ..moments.clone() }
}
