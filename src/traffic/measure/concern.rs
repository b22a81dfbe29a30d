//! What to know before believing the figures of a log: a closed list.

use super::Description;
use crate::units::SimDuration;

/// A reason to be careful.
#[derive(Clone, Debug, PartialEq)]
pub enum Concern {
    /// There are too few requests for any law to show.
    FewRows {
        /// How many.
        rows: u64,
    },
    /// Many rows share a stamp, and stamps are few steps apart: what happens below the clock's step was not recorded, and figures of gaps are made up.
    CoarseClock {
        /// The share of rows at the stamp of the row before.
        ties: f64,
        /// The shortest gap above zero.
        step: SimDuration,
    },
    /// Only the requests of each period were counted.
    CountsOnly {
        /// How long a period is.
        period: SimDuration,
    },
    /// All stamps lie in few minutes of the hour: the log was cut or squeezed.
    FewMinutesOfTheHour {
        /// How many of the sixty.
        minutes: usize,
    },
    /// It covers less than two days.
    NoDay {
        /// What it covers.
        span: SimDuration,
    },
    /// Gaps look like those of a Poisson process, and yet the rate moves.
    MovingRate {
        /// Coefficient of variation of the gaps.
        cv: f64,
        /// I(60 s).
        dispersion: f64,
    },
    /// One silence makes most of the gaps' variance.
    OneSilence {
        /// How long it is.
        longest: SimDuration,
        /// Coefficient of variation of the gaps.
        cv: f64,
        /// The same without it.
        without: f64,
    },
    /// Rows have no count of tokens.
    NoTokens {
        /// How many lack their input or their output tokens.
        rows: u64,
    },
    /// Rows failed.
    Failed {
        /// How many.
        rows: u64,
        /// Their share of all.
        share: f64,
        /// The I(60 s) of their counts, if they come in bursts.
        burstiness: Option<f64>,
    },
    /// Rows have zero tokens, as failed calls have.
    ZeroTokens {
        /// How many.
        rows: u64,
    },
}

/// Rows at the stamp of the row before, as a share of all, from which on the clock is too coarse for gaps.
const MANY_TIES: f64 = 0.05;

/// Rows that share a stamp do so by themselves, as in batches, where the stamps are typically so many steps apart or more:
/// of independent rows the clock would have thrown no more than one in fifty together.
const MANY_STEPS: f64 = 50.0;

impl Concern {
    /// All that apply, the gravest first.
    pub(super) fn all(of: &Description) -> Vec<Concern> {
        let found =
            [few_rows(of), counts_only(of), few_minutes(of), coarse_clock(of), moving_rate(of), one_silence(of)];
        found.into_iter().chain([no_day(of), failed(of), no_tokens(of), zero_tokens(of)]).flatten().collect()
    }
}

fn few_rows(of: &Description) -> Option<Concern> {
    (of.rows < 100).then_some(Concern::FewRows { rows: of.rows })
}

/// Whether the clock is too coarse for figures of gaps.
fn ties(of: &Description) -> f64 {
    of.gaps.ties() as f64 / of.gaps.count().max(1) as f64
}

fn counts_only(of: &Description) -> Option<Concern> {
    of.period.map(|period| Concern::CountsOnly { period })
}

fn coarse_clock(of: &Description) -> Option<Concern> {
    let step = of.gaps.least()?;
    let is_clock = of.gaps.geometric_mean_s().is_some_and(|mean| mean < MANY_STEPS * step.as_secs_f64());
    let has_ties = ties(of) > MANY_TIES && of.period.is_none();
    (has_ties && is_clock).then_some(Concern::CoarseClock { ties: ties(of), step })
}

fn few_minutes(of: &Description) -> Option<Concern> {
    let minutes = of.hours.minutes_used();
    // A Poisson process that leaves 50 of 60 minutes empty with 100 arrivals or more is beyond all chance.
    let is_long = of.span >= SimDuration::from_secs(3 * 3_600) && of.rows >= 100;
    (is_long && minutes <= 10 && of.period.is_none()).then_some(Concern::FewMinutesOfTheHour { minutes })
}

fn no_day(of: &Description) -> Option<Concern> {
    let days = of.hours.by_hour();
    (days.is_none() && of.rows > 1).then_some(Concern::NoDay { span: of.span })
}

fn moving_rate(of: &Description) -> Option<Concern> {
    let (cv, dispersion) = (of.gaps.cv()?, of.dispersion(60)?);
    let bins = of.counts(60)?.bins() as f64;
    // The standard error of I(w) for a Poisson process is √(2 / (bins - 1)).
    let is_beyond_chance = dispersion > 1.5 && dispersion > 1.0 + 5.0 * (2.0 / (bins - 1.0)).sqrt();
    (of.period.is_none() && (0.75..=1.35).contains(&cv) && is_beyond_chance)
        .then_some(Concern::MovingRate { cv, dispersion })
}

fn one_silence(of: &Description) -> Option<Concern> {
    let (cv, without) = (of.gaps.cv()?, of.gaps.cv_without_longest()?);
    let is_one = of.period.is_none() && of.rows >= 20 && cv > 1.5 && of.gaps.longest_share_of_squares() > 0.3;
    is_one.then_some(Concern::OneSilence { longest: of.gaps.most(), cv, without })
}

fn failed(of: &Description) -> Option<Concern> {
    let rows = of.failures.rows();
    let share = rows as f64 / of.rows.max(1) as f64;
    (rows > 0).then(|| Concern::Failed { rows, share, burstiness: of.failures.burstiness() })
}

fn no_tokens(of: &Description) -> Option<Concern> {
    // What a failed call lacks is another matter.
    let (rows, known) = (of.rows - of.failures.without_tokens(), of.input.rows().min(of.output.rows()));
    let rows = rows.saturating_sub(known);
    (rows > 0).then_some(Concern::NoTokens { rows })
}

fn zero_tokens(of: &Description) -> Option<Concern> {
    let rows = of.input.zeros().max(of.output.zeros()).saturating_sub(of.failures.zero_tokens());
    (rows > 0).then_some(Concern::ZeroTokens { rows })
}
