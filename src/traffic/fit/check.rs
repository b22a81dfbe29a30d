//! Whether a model does what the log did: many runs of it over the log's span, compared figure by figure.

use super::likeness::{Feature, Likeness};
use super::model::Model;
use super::{Options, Profile};
use crate::rng::BLOCK;
use crate::traffic::{Columns, Feed, Setting, Traffic};
use crate::units::{SimDuration, SimTime};
use rayon::prelude::*;
use std::path::Path;

/// Runs of one model.
#[derive(Clone, Debug)]
pub struct Runs {
    /// In the order of the replications.
    likenesses: Vec<Likeness>,
}

/// The arrivals of one model in one run.
struct Source {
    feed: Feed,
    columns: Box<Columns>,
    next: usize,
    rows: usize,
}

impl Source {
    /// The source number `at` of a run.
    fn new(traffic: &Traffic, at: usize, setting: &Setting) -> Option<Source> {
        let name = if at == 0 { "fit".to_owned() } else { format!("fit/{at}") };
        let feed = Feed::new(traffic, &name, setting).ok()?;
        Some(Source { feed, columns: Box::default(), next: 0, rows: 0 })
    }

    /// When its next request arrives; `None` if that cannot be known.
    fn next_at(&mut self) -> Option<SimTime> {
        if self.next == self.rows {
            (self.next, self.rows) = (0, self.feed.fill(&mut self.columns).ok()?.min(BLOCK));
        }
        Some(if self.rows == 0 { SimTime::NEVER } else { self.columns.arrived[self.next] })
    }
}

/// The next arrival of all `sources`, which is taken; `None` if it cannot be known.
fn earliest(sources: &mut [Source]) -> Option<SimTime> {
    let (mut first, mut at) = (0, SimTime::NEVER);
    for (number, source) in sources.iter_mut().enumerate() {
        let next = source.next_at()?;
        if next < at {
            (first, at) = (number, next);
        }
    }
    if at < SimTime::NEVER {
        sources[first].next += 1;
    }
    Some(at)
}

/// A range that holds most runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Band {
    /// 10 % of the runs lie below.
    pub low: f64,
    /// Half of them do.
    pub median: f64,
    /// 90 % of them do.
    pub high: f64,
}

impl Band {
    /// Whether `value` lies in it.
    pub fn covers(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }
}

impl Runs {
    /// Makes the runs of `model` over `span`; `None` if it was interrupted or is no traffic.
    pub(super) fn of(model: &Model, profile: &Profile, span: SimDuration, options: &Options) -> Option<Runs> {
        Runs::of_all(&[(model, profile)], span, options)
    }

    /// Makes runs over `span` of all these models at once; `None` if it was interrupted or one is no traffic.
    pub(super) fn of_all(models: &[(&Model, &Profile)], span: SimDuration, options: &Options) -> Option<Runs> {
        let traffic: Option<Vec<Traffic>> = models.iter().map(|(model, profile)| model.traffic(profile)).collect();
        let traffic = traffic?;
        let run = |replication: u64| {
            let setting = Setting {
                folder: Path::new(""),
                start: options.start,
                end: SimTime::ZERO.saturating_add(span),
                seed: options.seed,
                replication,
            };
            let mut sources: Vec<Source> = traffic
                .iter()
                .enumerate()
                .map(|(at, traffic)| Source::new(traffic, at, &setting))
                .collect::<Option<_>>()?;
            let mut likeness = if options.is_part { Likeness::of_part() } else { Likeness::default() };
            let mut rows = 0;
            loop {
                let at = earliest(&mut sources)?;
                if at >= setting.end {
                    break;
                }
                likeness.add(at.as_nanos());
                rows += 1;
                if rows % BLOCK == 0 && (options.interrupted)() {
                    return None;
                }
            }
            if options.is_part {
                likeness.end(span.as_nanos());
            }
            (options.progress)();
            Some(likeness)
        };
        if (options.interrupted)() {
            return None;
        }
        let likenesses: Option<Vec<Likeness>> = (0..options.replications).into_par_iter().map(run).collect();
        likenesses.map(|likenesses| Runs { likenesses })
    }

    /// In the order of the replications.
    pub(super) fn likenesses(&self) -> &[Likeness] {
        &self.likenesses
    }

    fn values(&self, feature: Feature) -> Vec<f64> {
        self.likenesses.iter().filter_map(|likeness| likeness.get(feature)).collect()
    }

    /// The range of `feature` over the runs; `None` where fewer than half of them have it.
    pub fn band(&self, feature: Feature) -> Option<Band> {
        let mut values = self.values(feature);
        if values.is_empty() || values.len() < self.likenesses.len() / 2 {
            return None;
        }
        values.sort_by(f64::total_cmp);
        Some(Band { low: quantile(&values, 0.1), median: quantile(&values, 0.5), high: quantile(&values, 0.9) })
    }

    /// How unlikely the observed figures are under the model, up to a constant: twice the negative logarithm of a synthetic
    /// likelihood (Wood, Nature 466, 2010) that takes the logarithms of the figures as independent and normal.
    pub(super) fn unlikelihood(&self, observed: &Likeness) -> f64 {
        let of = |feature: Feature| {
            let seen = scale(observed.get(feature)?);
            let runs: Vec<f64> = self.values(feature).into_iter().map(scale).collect();
            let n = runs.len() as f64;
            let mean = runs.iter().sum::<f64>() / n;
            let variance = runs.iter().map(|run| (run - mean) * (run - mean)).sum::<f64>() / (n - 1.0);
            // A figure that never changes would outweigh all others.
            let variance = variance.max(1e-4);
            (n >= 10.0).then(|| (seen - mean) * (seen - mean) / variance + libm::log(variance))
        };
        Feature::all().into_iter().filter_map(of).sum()
    }
}

fn scale(figure: f64) -> f64 {
    libm::log(figure.max(0.0) + 0.5)
}

/// Definition 7 of Hyndman and Fan, The American Statistician 50, 1996.
pub(super) fn quantile(sorted: &[f64], q: f64) -> f64 {
    let place = (sorted.len() - 1) as f64 * q;
    let (low, high) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
    low + (high - low) * place.fract()
}
