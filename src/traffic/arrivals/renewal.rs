//! What renewal processes have in common: independent gaps of one law, added up.

use super::ArrivalProcess;
use crate::params::Invalid;
use crate::rng::{BLOCK, Stream};
use crate::units::{Rate, SimDuration, SimTime};

/// A law of gaps between arrivals, scaled to a mean of 1.
pub(super) trait Gaps: Send {
    /// Draws one gap for each place of `out`, in order.
    fn fill(&mut self, stream: &mut Stream, out: &mut [f64]);
}

/// Exponential gaps: those of the Poisson process.
pub(super) struct Exponential;

impl Gaps for Exponential {
    fn fill(&mut self, stream: &mut Stream, out: &mut [f64]) {
        out.fill_with(|| stream.exponential());
    }
}

/// Independent gaps one after the other, the first from the start on.
pub(super) struct Renewal<G> {
    mean_gap: f64, // ns
    law: G,
    last: SimTime,
    gaps: [f64; BLOCK],
    stream: Stream,
}

impl<G: Gaps + 'static> Renewal<G> {
    pub(super) fn process(rate: Rate, law: G, stream: Stream) -> Box<dyn ArrivalProcess> {
        let mean_gap = rate.nanos() as f64 / rate.events() as f64;
        Box::new(Renewal { mean_gap, law, last: SimTime::ZERO, gaps: [0.0; BLOCK], stream })
    }
}

impl<G: Gaps> ArrivalProcess for Renewal<G> {
    fn fill(&mut self, out: &mut [SimTime]) {
        for instants in out.chunks_mut(BLOCK) {
            let gaps = &mut self.gaps[..instants.len()];
            self.law.fill(&mut self.stream, gaps);
            for (instant, gap) in instants.iter_mut().zip(gaps) {
                // Rare arrivals may lie past the end of time.
                self.last = self.last.saturating_add(SimDuration::from_nanos_f64(*gap * self.mean_gap));
                *instant = self.last;
            }
        }
    }
}

/// A clock that is moved on by fractions of a nanosecond and forgets none of them.
#[derive(Default)]
pub(in crate::traffic) struct Clock {
    whole: u64, // ns
    part: f64,  // in 0..1
}

impl Clock {
    /// Moves on by `nanos`, at least 0.
    pub(in crate::traffic) fn advance(&mut self, nanos: f64) {
        let sum = self.part + nanos;
        let whole = sum as u64;
        self.whole = self.whole.saturating_add(whole);
        self.part = sum - whole as f64;
    }

    /// Nanoseconds from now to `later`, at least 0.
    pub(in crate::traffic) fn until(&self, later: SimTime) -> f64 {
        (later.as_nanos().saturating_sub(self.whole) as f64 - self.part).max(0.0)
    }

    /// The whole nanosecond that has begun.
    pub(super) fn now(&self) -> SimTime {
        SimTime::from_nanos(self.whole)
    }
}

/// Finds the shape that `cv` or `shape` states, of which there must be exactly one, and refuses what lies outside.
pub(super) fn stated_shape(
    cv: Option<f64>,
    shape: Option<f64>,
    (least_cv, most_cv): (f64, f64),
    shape_of: impl Fn(f64) -> f64,
) -> Result<f64, Invalid> {
    let outside = |key, value: f64, least: f64, most: f64| {
        Invalid::new(
            key,
            format!("`{value}` is outside {least} to {most}"),
            format!("write a number from {least} to {most}"),
        )
    };
    match (cv, shape) {
        (Some(_), Some(_)) => {
            let help = "keep one of them: each follows from the other";
            Err(Invalid::new("shape", "both `cv` and `shape` are stated", help))
        }
        (None, None) => {
            let help = "state `cv`, the standard deviation of the gaps over their mean (1 as in a Poisson process, more for \
                        bursts), or `shape`";
            Err(Invalid::new("cv", "nothing says how bursty the arrivals are", help))
        }
        (Some(cv), None) if (least_cv..=most_cv).contains(&cv) => Ok(shape_of(cv)),
        (Some(cv), None) => Err(outside("cv", cv, least_cv, most_cv)),
        (None, Some(shape)) => {
            let (least, most) = (shape_of(most_cv), shape_of(least_cv));
            let digits = |x: f64| libm::round(x * 1e4) / 1e4;
            let is_inside = (digits(least)..=digits(most)).contains(&shape);
            if is_inside { Ok(shape) } else { Err(outside("shape", shape, digits(least), digits(most))) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_lose_no_fraction() {
        let mut clock = Clock::default();
        (0..3_000_000).for_each(|_| clock.advance(1.0 / 3.0));
        assert!(clock.now().as_nanos().abs_diff(1_000_000) <= 1, "{:?}", clock.now());
        (0..10).for_each(|_| clock.advance(1e19));
        assert_eq!(clock.now(), SimTime::NEVER);
    }
}
