//! Fitting: from a recorded log to a model of arrivals that behaves as the log did.
//!
//! Two passes over the log. The first describes it ([`Description`]); the second, in a time in which the course of the day
//! is level ([`Profile`]) and with ties of a coarse clock spread ([`Spread`]), collects what estimators need
//! ([`Evidence`]) and what the model will be held to ([`Likeness`]). [`fit`] then chooses the simplest model that the
//! counts allow, estimates it by the variance of counts in windows of many lengths rather than by gaps alone, and checks
//! it by simulation: gaps say next to nothing about the minutes in which limits bite.

mod candidate;
mod census;
mod check;
mod estimate;
mod evidence;
mod likeness;
mod model;
mod profile;
mod reservoir;
mod spread;

pub use census::{Apart, Census, Why};
pub use check::{Band, Runs};
pub use evidence::{Batches, Evidence, FIT_WINDOWS};
pub use likeness::{BUSIEST, COMPARED, Feature, Likeness};
pub use model::{Model, Movement};
pub use profile::Profile;
pub use reservoir::Reservoir;
pub use spread::Spread;

use super::measure::{Concern, Description};
use super::replay::TraceRow;
use crate::rng::Seed;
use crate::units::{Civil, SimDuration, SimTime};
use candidate::Candidate;

/// What estimators know of the arrivals.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Moments {
    /// Mean arrivals a second.
    pub rate: f64,
    /// Windows with their width in seconds, how many there were, and the variance over the mean of their counts.
    pub windows: Vec<(f64, f64, f64)>,
    /// Gaps that the next figure is the mean of.
    pub gaps: u64,
    /// The mean logarithm of a gap over its local mean; `None` of too few gaps.
    pub log_ratio: Option<f64>,
    /// Gaps that make a local mean, the gap itself among them.
    pub local: f64,
    /// The mean of `((a - b) / (a + b))²` over neighbouring gaps.
    pub variation: Option<f64>,
    /// What came at the same instants.
    pub batches: Batches,
}

/// How a fit is made.
#[derive(Clone, Copy)]
pub struct Options<'o> {
    /// The civil instant at which the log begins.
    pub start: &'o Civil,
    /// What all randomness comes from.
    pub seed: Seed,
    /// Runs of each model, at least 50.
    pub replications: u64,
    /// Whether it is a part of a log that is fitted, so that the span begins and ends with arrivals of others.
    pub is_part: bool,
    /// Told after each run.
    pub progress: &'o (dyn Fn() + Sync),
    /// Asked now and then; true means that nobody wants the result any more.
    pub interrupted: &'o (dyn Fn() -> bool + Sync),
}

/// Collects what [`fit`] needs of a log, row by row: the second pass.
pub struct Study {
    profile: Profile,
    spread: Spread,
    least: f64,
    evidence: Evidence,
    likeness: Likeness,
    span: SimDuration,
    first: Option<u64>,
    is_part: bool,
}

impl Study {
    /// For the log that `description` is of, whose rate takes the course of `profile`; ties are spread by `seed`.
    pub fn new(description: &Description, profile: Profile, seed: Seed) -> Self {
        let step = description.concerns.iter().find_map(|concern| match concern {
            Concern::CoarseClock { step, .. } => Some(*step),
            _ => None,
        });
        let step = step.unwrap_or(SimDuration::ZERO);
        // Within two steps of the clock counts are those of the spreading, and within a period they are made up.
        let least = description.period.map_or(2.0 * step.as_secs_f64(), SimDuration::as_secs_f64);
        Study {
            evidence: Evidence::new(description.rows, description.span.as_secs_f64()),
            likeness: Likeness::default(),
            spread: Spread::new(step.as_nanos(), seed.stream(0, "fit-spread")),
            least,
            profile,
            span: description.span,
            first: None,
            is_part: false,
        }
    }

    /// For `rows` of the log that `whole` is of, which begins at `first`.
    pub fn of_part(whole: &Description, first: SimTime, rows: u64, profile: Profile, seed: Seed) -> Self {
        Study {
            evidence: Evidence::of_part(rows, whole.span.as_secs_f64()),
            likeness: Likeness::of_part(),
            first: Some(first.as_nanos()),
            is_part: true,
            ..Study::new(whole, profile, seed)
        }
    }

    /// Takes a row, not before the last one.
    pub fn add(&mut self, row: &TraceRow) {
        let first = *self.first.get_or_insert(row.at.as_nanos());
        let Study { profile, spread, evidence, likeness, .. } = self;
        spread.add(row.at.as_nanos().saturating_sub(first), &mut |at| {
            evidence.add(profile.operational(at));
            likeness.add(at);
        });
    }

    /// After the last row.
    pub fn finish(self) -> Studied {
        let Study { profile, spread, least, mut evidence, mut likeness, span, is_part, .. } = self;
        spread.finish(&mut |at| {
            evidence.add(profile.operational(at));
            likeness.add(at);
        });
        if is_part {
            evidence.end(profile.operational(span.as_nanos()));
            likeness.end(span.as_nanos());
        }
        Studied { profile, least, evidence, likeness, span }
    }
}

/// A log that was passed over twice.
pub struct Studied {
    /// The course of the day and the week.
    pub profile: Profile,
    /// Windows shorter than so many seconds say nothing.
    pub least: f64,
    evidence: Evidence,
    likeness: Likeness,
    /// From the first row of the log to its last.
    span: SimDuration,
}

/// Why a kind of model was chosen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reason {
    /// Counts vary as those of independent arrivals, in windows of any length.
    Chance,
    /// They vary by the same factor in windows of any length.
    SameFactor,
    /// They vary the more the longer the window, and a rate that wanders explains it better than one that is on or off.
    Wanders,
    /// The same, and a rate that is on or off explains it better.
    Switches,
    /// They vary more than chance would have it, and requests that come in clusters explain it better than a rate that moves.
    Clusters,
    /// The same, and requests that come at one instant explain it better than anything else.
    Together,
}

/// A parameter with its estimate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parameter {
    /// Its name: that of the key in a scenario, save `gap-shape`.
    pub key: &'static str,
    /// The estimate; spans in seconds, rates per second.
    pub value: f64,
    /// What it may be: in nine logs of ten from the same source the truth lies inside.
    pub interval: Option<(f64, f64)>,
    /// What the interval is from.
    pub from: Option<Source>,
}

/// What an interval is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The 5th and the 95th percentile of the estimates from resampled blocks of the log.
    Blocks,
    /// How far the estimates from runs of the model lie from it.
    Runs,
}

/// A figure of the log beside those of the models.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Comparison {
    /// Which figure.
    pub feature: Feature,
    /// In the log.
    pub observed: f64,
    /// In runs of the model.
    pub fitted: Band,
    /// In runs of a Poisson process of the same rate and course of the day.
    pub poisson: Band,
}

/// What to know before believing a fit.
#[derive(Clone, Debug, PartialEq)]
pub enum Doubt {
    /// What is doubtful about the log itself.
    Log(Concern),
    /// A figure of the log lies outside of what nine in ten runs do on that side.
    Outside(Comparison),
    /// Many of them do.
    Misfit {
        /// How many.
        outside: usize,
        /// Of so many.
        of: usize,
    },
    /// The log is too short to show many moves of the rate.
    LongMemory {
        /// The memory, or the mean time from one time on to the next, in seconds.
        memory: f64,
        /// The span of the log in seconds.
        span: f64,
    },
    /// Peaks grow with the time: those of the log are no bound.
    PeaksGrow,
}

/// A fitted model.
#[derive(Clone, Debug)]
pub struct Fit {
    /// The model, rounded as it is written.
    pub model: Model,
    /// The course of the day and the week.
    pub profile: Profile,
    /// Why this kind.
    pub reason: Reason,
    /// Its parameters.
    pub parameters: Vec<Parameter>,
    /// The length of the blocks that were resampled, in seconds, and how many there were.
    pub blocks: (u64, usize),
    /// The figures that it is held to.
    pub comparisons: Vec<Comparison>,
    /// What to know before believing it.
    pub doubts: Vec<Doubt>,
}

/// Why there is no fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoFit {
    /// There are too few rows, or they all come at once.
    TooLittle,
    /// It was interrupted.
    Interrupted,
}

/// Fits a model to a log that was `studied` and looks as in `description`.
///
/// # Errors
/// Where the log says too little, and where it was interrupted.
pub fn fit(description: &Description, studied: Studied, options: Options) -> Result<Fit, NoFit> {
    let Studied { profile, least, mut evidence, likeness, span: time } = studied;
    let span = evidence.span();
    if evidence.rows() < 30 || span < 60.0 {
        return Err(NoFit::TooLittle);
    }
    if least > 0.0 || estimate::batches(&evidence.moments(least)).is_some() {
        evidence.forget_gaps();
    }
    let moments = evidence.moments(least);
    let runs = |model: &Model| Runs::of(model, &profile, time, &options).ok_or(NoFit::Interrupted);
    let level = estimate::level(&moments).rounded();
    let poisson = runs(&level.poisson())?;
    let chosen = if estimate::moves(&moments, &level) {
        let moving = moving(&moments, &likeness, &runs, (span, &options))?;
        together(&moments, &likeness, &runs, (span, &options), moving)?
    } else if level.gap_shape == 1.0 {
        (Candidate::plain(Reason::Chance, level), poisson.clone())
    } else {
        (Candidate::plain(Reason::SameFactor, level), runs(&level)?)
    };
    let (Candidate { model, reason, .. }, fitted) = &chosen;
    let (model, reason) = (*model, *reason);
    evidence.join_blocks(model.memory());
    let level_runs = match (reason, profile.shape()) {
        (Reason::Wanders, Some(_)) => Runs::of(&model, &Profile::level(), time, &options).ok_or(NoFit::Interrupted)?,
        _ => fitted.clone(),
    };
    let comparisons = compare(&likeness, fitted, &poisson, least);
    Ok(Fit {
        parameters: chosen.0.parameters(&evidence, least, options.seed, &level_runs),
        blocks: (evidence.block(), evidence.blocks()),
        doubts: doubts(description, Some(&model), &comparisons, (span, &options)),
        comparisons,
        model,
        profile,
        reason,
    })
}

/// How the sources of a log that was taken apart do together.
#[derive(Clone, Debug)]
pub struct Sum {
    /// The figures of the log, beside those of all models at once.
    pub comparisons: Vec<Comparison>,
    /// What to know before believing them.
    pub doubts: Vec<Doubt>,
}

/// Holds the models of all `parts` together to the log that was `studied` whole and looks as in `description`.
///
/// # Errors
/// Where it was interrupted.
pub fn sum(description: &Description, studied: Studied, parts: &[Fit], options: Options) -> Result<Sum, NoFit> {
    let Studied { profile, least, evidence, likeness, span } = studied;
    let poisson = Model { rate: evidence.moments(least).rate, gap_shape: 1.0, movement: Movement::None }.rounded();
    let models: Vec<(&Model, &Profile)> = parts.iter().map(|part| (&part.model, &part.profile)).collect();
    let fitted = Runs::of_all(&models, span, &options).ok_or(NoFit::Interrupted)?;
    let poisson = Runs::of(&poisson, &profile, span, &options).ok_or(NoFit::Interrupted)?;
    let comparisons = compare(&likeness, &fitted, &poisson, least);
    Ok(Sum { doubts: doubts(description, None, &comparisons, (evidence.span(), &options)), comparisons })
}

/// A candidate and its runs.
type Tried = (Candidate, Runs);

/// Twice the logarithm of a ratio of likelihoods from which on evidence is strong (Kass and Raftery, JASA 90, 1995).
const STRONG: f64 = 6.0;

/// Which way the rate moves.
fn moving(
    moments: &Moments,
    likeness: &Likeness,
    runs: &impl Fn(&Model) -> Result<Runs, NoFit>,
    (span, options): (f64, &Options),
) -> Result<Tried, NoFit> {
    let random = Candidate::settled(Reason::Wanders, moments, span, options)?;
    let on_off = Candidate::settled(Reason::Switches, moments, span, options)?;
    let (wandering, switching) = (runs(&random.model)?, runs(&on_off.model)?);
    // Empty minutes that the mean rate does not explain speak for silences; strong evidence speaks louder.
    let margin = if has_silences(likeness, moments.rate) { STRONG } else { -STRONG };
    match switching.unlikelihood(likeness) < wandering.unlikelihood(likeness) + margin {
        true => Ok((on_off, switching)),
        false => Ok((random, wandering)),
    }
}

/// Requests that come together, in batches or else in clusters that stand apart, where there is strong evidence of these
/// against `moving`, the better way in which the rate may move; else that one.
fn together(
    moments: &Moments,
    likeness: &Likeness,
    runs: &impl Fn(&Model) -> Result<Runs, NoFit>,
    (span, options): (f64, &Options),
    moving: Tried,
) -> Result<Tried, NoFit> {
    let batches = estimate::batches(moments).map(|model| Candidate::plain(Reason::Together, model.rounded()));
    let clusters = Candidate::settled(Reason::Clusters, moments, span, options)?;
    // Of clusters that overlap nothing is left but a rate that moves.
    let clusters = Some(clusters).filter(|clusters| clusters.model.clusters_at_a_time() < 1.0);
    for candidate in [batches, clusters].into_iter().flatten() {
        let its = runs(&candidate.model)?;
        if its.unlikelihood(likeness) + STRONG < moving.1.unlikelihood(likeness) {
            return Ok((candidate, its));
        }
    }
    Ok(moving)
}

/// Whether more than a few per cent of minutes are empty beyond those that a constant `rate` leaves.
fn has_silences(likeness: &Likeness, rate: f64) -> bool {
    let empty = likeness.get(Feature::EmptyMinutes).zip(likeness.minutes());
    empty.is_some_and(|(empty, minutes)| empty / minutes - libm::exp(-60.0 * rate) > 0.03)
}

fn compare(observed: &Likeness, fitted: &Runs, poisson: &Runs, least: f64) -> Vec<Comparison> {
    let says_something = |feature: &Feature| match *feature {
        Feature::Busiest(seconds) | Feature::Dispersion(seconds) => seconds as f64 >= least,
        Feature::EmptyMinutes => least <= 60.0,
    };
    let comparison = |feature: Feature| {
        Some(Comparison {
            feature,
            observed: observed.get(feature)?,
            fitted: fitted.band(feature)?,
            poisson: poisson.band(feature)?,
        })
    };
    Feature::all().into_iter().filter(says_something).filter_map(comparison).collect()
}

/// What is doubtful about a log and its `model`, or about those of its parts at once; of a part what is doubtful about that.
fn doubts(
    description: &Description,
    model: Option<&Model>,
    comparisons: &[Comparison],
    (span, options): (f64, &Options),
) -> Vec<Doubt> {
    let outside = comparisons.iter().filter(|comparison| !comparison.fitted.covers(comparison.observed));
    // One figure in five of a right model lies outside.
    let misfit = match outside.clone().count() {
        few if few <= 3 => outside.map(|comparison| Doubt::Outside(*comparison)).collect(),
        outside => vec![Doubt::Misfit { outside, of: comparisons.len() }],
    };
    let cycle = |model: &Model| model.on_and_off().map(|(on, off)| on + off);
    let memory = |model: &Model| model.cv_and_memory().map(|(_, memory)| memory).or(cycle(model));
    let memory = model.and_then(memory).unwrap_or(0.0);
    let long = (memory > span / 8.0).then_some(Doubt::LongMemory { memory, span });
    if options.is_part {
        return misfit.into_iter().chain(long).collect();
    }
    let of_log = description.concerns.iter().filter(|concern| !matches!(concern, Concern::MovingRate { .. }));
    let all = of_log.cloned().map(Doubt::Log).chain(misfit).chain(long);
    all.chain([Doubt::PeaksGrow]).collect()
}
