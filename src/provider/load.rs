//! Capacity that others use too.

use crate::params::{Invalid, Parameters, Visitor};
use crate::rng::{Stream, Wandering};
use crate::units::{Share, SimDuration, SimTime};

/// How busy others keep the service: a lognormal level that wanders at random, whatever this application does.
///
/// Its logarithm is an Ornstein-Uhlenbeck process; between points that are a sixteenth of `memory` apart the level is
/// straight. It multiplies service times, and above `limits-above` it tightens the limits, as providers do whose
/// published limits are ceilings and no reserved capacity: a limit then lets through `limits-above` over the level of
/// what it states, at least `least`.
///
/// Where the service has servers, others may hold some of them, `servers` times the level of all, to whole ones, looked at
/// anew at each of those points; one is always left. They take a server as soon as no call is worked on there, before those
/// that wait, and give it back when the level has fallen: what remains is a queue of fewer servers, for a level that stands
/// still an M/M/c queue of just so many. A tier's own servers are nobody else's.
#[derive(Clone, Debug, PartialEq)]
pub struct Load {
    /// The level in the long run, in 0.01..=100; at 1 service times are on average those stated.
    pub mean: f64,
    /// Standard deviation of the level over its mean, in 0..=10.
    pub cv: f64,
    /// After this time the correlation has fallen to 1/e; at least 10 s.
    pub memory: SimDuration,
    /// Whether service times are multiplied by the level.
    pub slows: bool,
    /// The level above which limits are tightened; without it they never are.
    pub limits_above: Option<f64>,
    /// The share of a limit that always remains, in 0..=1 and above 0.
    pub least: Share,
    /// The share of the servers that others hold while the level is 1, in 0..=1; without it they hold none.
    pub servers: Option<Share>,
}

impl Default for Load {
    fn default() -> Self {
        Load {
            mean: 1.0,
            cv: 0.3,
            memory: SimDuration::from_secs(600),
            slows: true,
            limits_above: None,
            least: Share::from_hundred_millionths(10_000_000),
            servers: None,
        }
    }
}

impl Parameters for Load {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.optional("mean", &mut self.mean);
        visitor.required("cv", &mut self.cv);
        visitor.optional("memory", &mut self.memory);
        visitor.optional("slows", &mut self.slows);
        visitor.optional("limits-above", &mut self.limits_above);
        visitor.optional("least", &mut self.least);
        visitor.optional("servers", &mut self.servers);
    }

    fn check(&self) -> Result<(), Invalid> {
        let within = |key, value: f64, least: f64, most: f64, example| {
            if (least..=most).contains(&value) {
                return Ok(());
            }
            let message = format!("`{value:?}` is outside {least} to {most}");
            Err(Invalid::new(key, message, format!("write a number from {least} to {most}, as in `{example}`")))
        };
        within("mean", self.mean, 0.01, 100.0, "1.0")?;
        within("cv", self.cv, 0.0, 10.0, "0.3")?;
        within("limits-above", self.limits_above.unwrap_or(1.0), 0.01, 100.0, "1.5")?;
        if self.memory < SimDuration::from_secs(10) {
            let message = format!("`{}` is shorter than 10s", self.memory);
            return Err(Invalid::new("memory", message, "write a longer time, as in `\"10min\"`"));
        }
        if self.least == Share::default() || self.least > Share::ONE {
            let message = format!("`{}` is no part of a limit that remains", self.least);
            return Err(Invalid::new("least", message, "write a share above `0%` and up to `100%`, as in `\"10%\"`"));
        }
        if let Some(servers) = self.servers
            && servers > Share::ONE
        {
            let message = format!("`{servers}` is more than all servers");
            return Err(Invalid::new("servers", message, "write a share of at most `100%`, as in `\"50%\"`"));
        }
        Ok(())
    }
}

/// Points of the path within its memory. The covariance of levels in between is right to `(1/16)² / 12`.
const STEPS: u64 = 16;

/// The level by time: a path that depends on nothing but its stream.
#[derive(Clone, Debug)]
pub struct LoadPath {
    load: Load,
    stream: Stream,
    wandering: Wandering,
    step: u64, // nanoseconds
    first: f64,
    last: f64,
    from: u64,  // where the present line begins, in nanoseconds
    until: u64, // and ends
}

impl LoadPath {
    /// The path that `stream` draws.
    pub fn new(load: &Load, mut stream: Stream) -> Self {
        let mut wandering = Wandering::new(load.cv, STEPS, &mut stream);
        let first = load.mean * wandering.factor();
        wandering.step(&mut stream);
        let last = load.mean * wandering.factor();
        let step = load.memory.as_nanos() / STEPS;
        LoadPath { load: load.clone(), stream, wandering, step, first, last, from: 0, until: step }
    }

    /// The level at `now`, which must not be earlier than in the call before.
    pub fn level(&mut self, now: SimTime) -> f64 {
        let now = now.as_nanos();
        while now >= self.until {
            self.wandering.step(&mut self.stream);
            self.first = self.last;
            self.last = self.load.mean * self.wandering.factor();
            self.from = self.until;
            self.until = self.until.saturating_add(self.step);
            if self.until == u64::MAX {
                break;
            }
        }
        let along = now.saturating_sub(self.from) as f64 / self.step as f64;
        self.first + (self.last - self.first) * along.min(1.0)
    }

    /// The time from point to point.
    pub fn step(&self) -> SimDuration {
        SimDuration::from_nanos(self.step)
    }

    /// What service times are multiplied by.
    pub fn slowness(&mut self, now: SimTime) -> f64 {
        if self.load.slows { self.level(now) } else { 1.0 }
    }
}

/// How far limits are tightened by time.
#[derive(Clone, Debug)]
pub struct Pressure {
    path: LoadPath,
    above: f64,
    least: f64,
}

impl Pressure {
    /// That of `load` on the path that `stream` draws; `None` where it leaves limits alone.
    pub fn new(load: &Load, stream: Stream) -> Option<Self> {
        let above = load.limits_above?;
        Some(Pressure { path: LoadPath::new(load, stream), above, least: load.least.as_f64() })
    }

    /// The part of its amount that every limit lets through at `now`, in `least`..=1.
    pub fn factor(&mut self, now: SimTime) -> f64 {
        (self.above / self.path.level(now)).clamp(self.least, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Seed;

    fn path(load: &Load) -> LoadPath {
        LoadPath::new(load, Seed(11).stream(0, "load"))
    }

    #[test]
    fn the_path_depends_on_time_alone() {
        let load = Load { cv: 0.5, ..Load::default() };
        let (mut often, mut seldom) = (path(&load), path(&load));
        let at = |secs: u64| SimTime::from_nanos(secs * 1_000_000_000);
        for second in 0..5_000 {
            let level = often.level(at(second));
            if second % 777 == 0 {
                assert_eq!(level, seldom.level(at(second)));
            }
        }
    }

    /// 40,000 memories: the mean of 2 with deviation 1 has the standard error `√(2 / 40,000)`, about 0.007, and five are
    /// allowed; at one memory the correlation of levels is `(e^(s²/e) - 1) / (e^(s²) - 1)`, s² = ln 1.25: 0.3422.
    #[test]
    fn mean_deviation_and_memory_are_those_asked_for() {
        let load = Load { mean: 2.0, cv: 0.5, memory: SimDuration::from_secs(10), ..Load::default() };
        let mut path = path(&load);
        let levels: Vec<f64> = (0..80_000).map(|n| path.level(SimTime::from_nanos(n * 5_000_000_000))).collect();
        let n = levels.len() as f64;
        let mean = levels.iter().sum::<f64>() / n;
        let covariance = |lag: usize| {
            levels.iter().zip(&levels[lag..]).map(|(a, b)| (a - mean) * (b - mean)).sum::<f64>() / (n - lag as f64)
        };
        assert!((mean - 2.0).abs() < 0.035, "{mean}");
        assert!((covariance(0) - 1.0).abs() < 0.1, "{}", covariance(0));
        assert!((covariance(2) / covariance(0) - 0.3422).abs() < 0.04, "{}", covariance(2) / covariance(0));
    }

    #[test]
    fn limits_are_tightened_above_a_level_and_never_closed() {
        let least = Share::from_hundred_millionths(40_000_000);
        let load = Load { cv: 1.0, limits_above: Some(1.2), least, ..Load::default() };
        let mut pressure = Pressure::new(&load, Seed(11).stream(0, "load")).unwrap();
        let mut path = path(&load);
        let (mut tight, mut free) = (0, 0);
        for minute in 0..10_000 {
            let now = SimTime::from_nanos(minute * 60_000_000_000);
            let (level, factor) = (path.level(now), pressure.factor(now));
            assert!((0.4..=1.0).contains(&factor));
            match level > 1.2 {
                true => tight += u32::from(factor == (1.2 / level).max(0.4)),
                false => free += u32::from(factor == 1.0),
            }
        }
        assert!(tight > 1_000 && free > 1_000 && tight + free == 10_000, "{tight} {free}");
        assert!(Pressure::new(&Load::default(), Seed(1).stream(0, "load")).is_none());
    }
}
