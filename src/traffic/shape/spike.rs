//! A rush: at a stated instant, or now and then.

use super::curve::{Curve, Line};
use super::path::Path;
use super::{ShapeModel, check_factor};
use crate::params::{Invalid, Parameters, Visitor};
use crate::rng::Stream;
use crate::units::{Civil, Moment, Rate, SimDuration, SimTime};

/// The rate rises to `factor` times what it would be, stays there, and falls back: a launch, a mention in the news.
///
/// Either `at` an instant, or at random: then exponential times with the mean `every` pass from the start, and from the
/// end of one to the beginning of the next.
#[derive(Clone, Debug, PartialEq)]
pub struct Spike {
    /// When it begins. In its place `every`.
    pub at: Option<Moment>,
    /// Mean time between the end of one and the beginning of the next, at least 1 min. In its place `at`.
    pub every: Option<SimDuration>,
    /// How many times the rate it reaches, in 0..=1000000; below 1 it is a slump.
    pub factor: f64,
    /// How long it takes to get there, straight.
    pub rise: SimDuration,
    /// How long it stays there.
    pub length: SimDuration,
    /// The time in which what it adds then falls to 1/e; after 14 of these it is over. By default it ends at once.
    pub decay: SimDuration,
}

impl Default for Spike {
    fn default() -> Self {
        let none = SimDuration::ZERO;
        Spike { at: None, every: None, factor: 5.0, rise: none, length: none, decay: none }
    }
}

impl Parameters for Spike {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.optional("at", &mut self.at);
        visitor.optional("every", &mut self.every);
        visitor.required("factor", &mut self.factor);
        visitor.optional("rise", &mut self.rise);
        visitor.optional("length", &mut self.length);
        visitor.optional("decay", &mut self.decay);
    }

    fn check(&self) -> Result<(), Invalid> {
        match (&self.at, self.every) {
            (Some(_), Some(_)) => {
                return Err(Invalid::new("every", "both `at` and `every` are stated", "keep one of them"));
            }
            (None, None) => {
                let help = "state `at`, as in `\"3d9h\"`, or `every`, as in `\"30d\"`, for spikes at random";
                return Err(Invalid::new("at", "nothing says when the spike comes", help));
            }
            (None, Some(every)) if every < SimDuration::from_secs(60) => {
                let message = format!("`{every}` is shorter than 1min");
                return Err(Invalid::new("every", message, "write a longer time, as in `\"30d\"`"));
            }
            _ => {}
        }
        if self.lasts().is_zero() {
            let help = "state `length`, as in `\"20min\"`, or `decay`, or both";
            return Err(Invalid::new("length", "the spike lasts no time at all", help));
        }
        check_factor("factor", self.factor)
    }
}

/// The decay is over after so many of its times, at a millionth of the height.
const DECAYS: u64 = 14;
/// It is straight over this part of its time, which is right to `(1/32)² / 12` of what it adds.
const STEPS: u64 = 32;

impl Spike {
    fn lasts(&self) -> SimDuration {
        let decays = self.decay.saturating_mul(DECAYS);
        self.rise.saturating_add(self.length).saturating_add(decays).min(SimDuration::HORIZON)
    }

    /// A spike that begins at `begins`, in nanoseconds after the start.
    fn path(&self, begins: i64) -> Path {
        let after = |span: u64| begins.saturating_add_unsigned(span);
        let risen = self.rise.as_nanos();
        let falls = risen.saturating_add(self.length.as_nanos());
        let mut points = vec![(begins, 1.0), (after(risen), self.factor), (after(falls), self.factor)];
        if !self.decay.is_zero() {
            points.extend((1..DECAYS * STEPS).map(|step| {
                let excess = (self.factor - 1.0) * libm::exp(-(step as f64) / STEPS as f64);
                (after(falls.saturating_add((self.decay.as_nanos() / STEPS).saturating_mul(step))), 1.0 + excess)
            }));
        }
        let end = points[points.len() - 1].0;
        points.push((end.max(after(self.lasts().as_nanos())), 1.0));
        Path::new(points)
    }

    /// What all random spikes together multiply by in the long run: one lasts so long of every `every` and that.
    fn mean(&self, every: SimDuration) -> f64 {
        let secs = |span: SimDuration| span.as_secs_f64();
        let area = 0.5 * secs(self.rise) + secs(self.length) + secs(self.decay);
        1.0 + (self.factor - 1.0) * area / (secs(every) + secs(self.lasts()))
    }
}

impl ShapeModel for Spike {
    fn curve(&self, start: &Civil, stream: Option<Stream>) -> Box<dyn Curve> {
        match (&self.at, self.every, stream) {
            (Some(at), ..) => Box::new(self.path(at.nanos_after(start))),
            (None, Some(every), Some(stream)) => {
                let mut spikes =
                    Spikes { spike: self.clone(), every, stream, path: Path::level(1.0), over: SimTime::ZERO };
                spikes.next();
                Box::new(spikes)
            }
            (None, Some(every), None) => Box::new(Path::level(self.mean(every))),
            (None, None, _) => Box::new(Path::level(1.0)),
        }
    }

    fn check_changes(&self, rate: Rate) -> Result<(), Invalid> {
        match self.every {
            Some(every) if rate.per_second() * every.as_secs_f64() < 1e-3 => {
                let message = format!("a thousand spikes pass between two arrivals at {rate}");
                Err(Invalid::new("shape", message, "write a longer `spike.every`, or a higher rate"))
            }
            _ => Ok(()),
        }
    }
}

/// Spikes at random, one after the other.
struct Spikes {
    spike: Spike,
    every: SimDuration,
    stream: Stream,
    path: Path,    // of the one that goes on or comes next
    over: SimTime, // when it is over
}

impl Spikes {
    /// Draws the spike after the one that is over.
    fn next(&mut self) {
        let wait = self.every.scale(self.stream.exponential());
        let begins = self.over.saturating_add(wait);
        self.path = self.spike.path(i64::try_from(begins.as_nanos()).unwrap_or(i64::MAX));
        self.over = begins.saturating_add(self.spike.lasts());
    }
}

impl Curve for Spikes {
    fn line(&mut self, at: SimTime) -> Line {
        while at >= self.over && self.over < SimTime::NEVER {
            self.next();
        }
        let line = self.path.line(at);
        Line { until: line.until.min(self.over), ..line }
    }
}
