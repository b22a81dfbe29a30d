//! Vegas.

use super::gather::{Gather, Gathered};
use super::{WindowLaw, WindowModel, check_bounds, check_smoothing};
use crate::params::{Invalid, Parameters, Visitor};
use crate::units::SimDuration;

/// TCP Vegas for calls, as Netflix's `VegasLimit` has it (January 2026).
///
/// Of a limit L and times `took` as many calls as ⌈L (1 - shortest / took)⌉ are taken to queue at the service. With
/// lg = max(1, ⌊log10 L⌋): up to lg of them the limit grows by 6 lg, below 3 lg by lg, above 6 lg it falls by lg, as it does
/// when a call was turned away; in between, and while less than half of it is in use, it stays. Each U(0.5, 1) `probe` L
/// updates the shortest time is forgotten for the latest.
#[derive(Clone, Debug, PartialEq)]
pub struct Vegas {
    /// Calls in flight at the start.
    pub start: u32,
    /// The greatest limit; the least is 1.
    pub most: u32,
    /// How much of a step is taken, above 0 and at most 1.
    pub smoothing: f64,
    /// Updates per call of the limit after which the shortest time is measured anew; at least 1.
    pub probe: u32,
    /// How samples are put together before an update.
    pub gather: Gather,
}

impl Default for Vegas {
    fn default() -> Self {
        Vegas { start: 20, most: 1_000, smoothing: 1.0, probe: 30, gather: Gather::default() }
    }
}

impl Parameters for Vegas {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.optional("start", &mut self.start);
        visitor.optional("most", &mut self.most);
        visitor.optional("smoothing", &mut self.smoothing);
        visitor.optional("probe", &mut self.probe);
        visitor.section("gather", &mut self.gather);
    }

    fn check(&self) -> Result<(), Invalid> {
        check_bounds(self.start, 1, self.most)?;
        check_smoothing(self.smoothing)?;
        if self.probe == 0 {
            return Err(Invalid::new("probe", "it would measure anew each time", "write at least 1, as in `30`"));
        }
        Ok(())
    }
}

impl WindowModel for Vegas {
    fn gather(&self) -> Gather {
        self.gather
    }

    fn bounds(&self) -> (u32, u32) {
        (1, self.most)
    }

    fn start(&self) -> Box<dyn WindowLaw> {
        let limit = f64::from(self.start);
        Box::new(Law { model: self.clone(), limit, shortest: None, updates: 0, probes_after: None })
    }
}

#[derive(Clone, Debug)]
struct Law {
    model: Vegas,
    limit: f64, // 1..=most
    shortest: Option<SimDuration>,
    updates: u64,              // since the shortest time was last measured anew
    probes_after: Option<f64>, // updates per call of the limit; not drawn yet at the start
}

impl WindowLaw for Law {
    fn limit(&self) -> u32 {
        self.limit as u32
    }

    fn update(&mut self, gathered: &Gathered, draw: &mut dyn FnMut() -> f64) {
        match gathered.took {
            Some(took) if self.is_news(took, draw) => self.shortest = Some(took),
            Some(took) => self.step(self.queued(took), gathered),
            // All were turned away, and how long calls take is not to be seen.
            None => self.move_to(self.limit - self.unit()),
        }
    }
}

impl Law {
    /// Whether `took` is the shortest time from now on.
    fn is_news(&mut self, took: SimDuration, draw: &mut dyn FnMut() -> f64) -> bool {
        let mut drawn = || f64::from(self.model.probe) * (0.5 + 0.5 * draw());
        let probes_after = *self.probes_after.get_or_insert_with(&mut drawn);
        self.updates += 1;
        if probes_after * self.limit <= self.updates as f64 {
            (self.probes_after, self.updates) = (Some(drawn()), 0);
            return true;
        }
        self.shortest.is_none_or(|shortest| took < shortest)
    }

    /// Calls that queue at the service.
    fn queued(&self, took: SimDuration) -> f64 {
        let shortest = self.shortest.unwrap_or(took).as_secs_f64();
        if took.is_zero() { 0.0 } else { libm::ceil(self.limit * (1.0 - shortest / took.as_secs_f64())) }
    }

    fn step(&mut self, queued: f64, gathered: &Gathered) {
        let unit = self.unit();
        if gathered.dropped {
            self.move_to(self.limit - unit);
        } else if 2.0 * f64::from(gathered.in_flight) < self.limit {
            // A client that does not use its limit learns nothing about it.
        } else if queued <= unit {
            self.move_to(self.limit + 6.0 * unit);
        } else if queued < 3.0 * unit {
            self.move_to(self.limit + unit);
        } else if queued > 6.0 * unit {
            self.move_to(self.limit - unit);
        }
    }

    /// What all steps are counted in.
    fn unit(&self) -> f64 {
        f64::from((self.limit as u32).max(1).ilog10().max(1))
    }

    fn move_to(&mut self, limit: f64) {
        let limit = limit.clamp(1.0, f64::from(self.model.most));
        self.limit += self.model.smoothing * (limit - self.limit);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gathered(millis: u64, in_flight: u32, dropped: bool) -> Gathered {
        Gathered { took: Some(SimDuration::from_nanos(millis * 1_000_000)), in_flight, dropped }
    }

    /// The limits after each update, of calls that take so many milliseconds.
    fn limits(law: &mut dyn WindowLaw, updates: &[(u64, bool)]) -> Vec<u32> {
        let mut limit = |&(millis, dropped)| {
            law.update(&gathered(millis, 1_000, dropped), &mut || 0.999);
            law.limit()
        };
        updates.iter().map(&mut limit).collect()
    }

    #[test]
    fn steps_are_those_of_the_reference() {
        // 20 calls, lg 1: the first time is the shortest. Then, of 100 ms: none queue (+6), 26 of 110 queue 3 (stays: not
        // below 3, not above 6), of 105 2 (+1), of 200 14 (-1), one turned away (-1).
        let mut law = Vegas::default().start();
        let updates = [(100, false), (100, false), (110, false), (105, false), (200, false), (100, true)];
        assert_eq!(limits(&mut *law, &updates), [20, 26, 26, 27, 26, 25]);
        // From 200 on lg is 2: a step is up 12, up 2 or down 2.
        let mut law = Vegas { start: 200, ..Vegas::default() }.start();
        assert_eq!(limits(&mut *law, &[(100, false), (101, false), (102, false), (150, false)]), [200, 212, 214, 212]);
    }

    #[test]
    fn an_idle_client_keeps_its_limit_and_a_drop_does_not_need_a_time() {
        let mut law = Vegas::default().start();
        limits(&mut *law, &[(100, false)]);
        law.update(&gathered(100, 9, false), &mut || 0.0);
        assert_eq!(law.limit(), 20);
        law.update(&Gathered { took: None, in_flight: 1, dropped: true }, &mut || 0.0);
        assert_eq!(law.limit(), 19);
        let updates: Vec<(u64, bool)> = vec![(200, true); 40];
        assert_eq!(limits(&mut *law, &updates).last(), Some(&1));
        assert_eq!(limits(&mut *Vegas { most: 23, ..Vegas::default() }.start(), &[(1, false); 3]), [20, 23, 23]);
    }

    /// With a draw of 0 the first probe comes after 15 updates per call.
    #[test]
    fn the_shortest_time_is_measured_anew() {
        let model = Vegas { start: 2, most: 2, ..Vegas::default() };
        let mut law = Law { limit: 2.0, model, shortest: None, updates: 0, probes_after: None };
        law.update(&gathered(100, 2, false), &mut || 0.0);
        for _ in 2..30 {
            law.update(&gathered(300, 2, false), &mut || 0.0);
            assert_eq!(law.shortest, Some(SimDuration::from_nanos(100_000_000)));
        }
        law.update(&gathered(300, 2, false), &mut || 0.0);
        assert_eq!(law.shortest, Some(SimDuration::from_nanos(300_000_000)));
    }
}
