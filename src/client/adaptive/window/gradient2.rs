//! Gradient2.

use super::gather::{Gather, Gathered};
use super::{WindowLaw, WindowModel, check_bounds, check_smoothing};
use crate::params::{Invalid, Parameters, Visitor};

/// Compares how long calls take with how long they took on average, as Netflix's `Gradient2Limit` does (January 2026).
///
/// From a limit L and g = `tolerance` times the long average over the latest time, held to 0.5..=1, comes g L + `queue`, of
/// which a share `smoothing` is taken on. The long average is exponential over `long` updates, plain over the first ten, and
/// falls by 5 % when it is more than twice the latest time. While less than half of the limit is in use it stays.
///
/// It is blind to what is turned away: at a rate limit whose service does not slow down it grows to its bound.
#[derive(Clone, Debug, PartialEq)]
pub struct Gradient2 {
    /// Calls in flight at the start.
    pub start: u32,
    /// The least limit, at least 1.
    pub least: u32,
    /// The greatest limit.
    pub most: u32,
    /// How much of a step is taken, above 0 and at most 1.
    pub smoothing: f64,
    /// How many calls more it tries at each update.
    pub queue: u32,
    /// How many times the long average a call may take before the limit shrinks, at least 1.
    pub tolerance: f64,
    /// Updates of the long average; at least 1.
    pub long: u32,
    /// How samples are put together before an update.
    pub gather: Gather,
}

impl Default for Gradient2 {
    fn default() -> Self {
        Gradient2 {
            start: 20,
            least: 20,
            most: 200,
            smoothing: 0.2,
            queue: 4,
            tolerance: 1.5,
            long: 600,
            gather: Gather::default(),
        }
    }
}

impl Parameters for Gradient2 {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.optional("start", &mut self.start);
        visitor.optional("least", &mut self.least);
        visitor.optional("most", &mut self.most);
        visitor.optional("smoothing", &mut self.smoothing);
        visitor.optional("queue", &mut self.queue);
        visitor.optional("tolerance", &mut self.tolerance);
        visitor.optional("long", &mut self.long);
        visitor.section("gather", &mut self.gather);
    }

    fn check(&self) -> Result<(), Invalid> {
        check_bounds(self.start, self.least, self.most)?;
        check_smoothing(self.smoothing)?;
        if !(1.0..=1e3).contains(&self.tolerance) {
            let message = format!("`{:?}` is outside 1 to 1000", self.tolerance);
            return Err(Invalid::new("tolerance", message, "write a number from 1 to 1000, as in `1.5`"));
        }
        if self.long == 0 {
            return Err(Invalid::new("long", "nothing has no average", "write at least 1, as in `600`"));
        }
        Ok(())
    }
}

impl WindowModel for Gradient2 {
    fn gather(&self) -> Gather {
        self.gather
    }

    fn bounds(&self) -> (u32, u32) {
        (self.least, self.most)
    }

    fn heeds_drops(&self) -> bool {
        false
    }

    fn start(&self) -> Box<dyn WindowLaw> {
        let long = Average { weight: 2.0 / (f64::from(self.long) + 1.0), seen: 0, mean: 0.0 };
        Box::new(Law { limit: f64::from(self.start), model: self.clone(), long })
    }
}

#[derive(Clone, Debug)]
struct Law {
    model: Gradient2,
    limit: f64, // least..=most
    long: Average,
}

impl WindowLaw for Law {
    fn limit(&self) -> u32 {
        self.limit as u32
    }

    fn update(&mut self, gathered: &Gathered, _draw: &mut dyn FnMut() -> f64) {
        let Some(took) = gathered.took else { return };
        let short = took.as_secs_f64();
        let long = self.long.add(short);
        if long > 2.0 * short {
            self.long.mean *= 0.95;
        }
        if f64::from(gathered.in_flight) < self.limit / 2.0 {
            return;
        }
        // What takes no time at all is as fast as ever.
        let gradient = if short > 0.0 { (self.model.tolerance * long / short).clamp(0.5, 1.0) } else { 1.0 };
        let wanted = gradient * self.limit + f64::from(self.model.queue);
        let limit = self.limit * (1.0 - self.model.smoothing) + wanted * self.model.smoothing;
        self.limit = limit.clamp(f64::from(self.model.least), f64::from(self.model.most));
    }
}

/// An exponential average that begins as a plain one.
#[derive(Clone, Debug)]
struct Average {
    weight: f64,
    seen: u32, // at most PLAIN
    mean: f64,
}

/// The first samples count alike.
const PLAIN: u32 = 10;

impl Average {
    fn add(&mut self, value: f64) -> f64 {
        let weight = if self.seen < PLAIN {
            self.seen += 1;
            1.0 / f64::from(self.seen)
        } else {
            self.weight
        };
        self.mean += weight * (value - self.mean);
        self.mean
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::SimDuration;

    fn limit_after(law: &mut dyn WindowLaw, secs: f64, in_flight: u32) -> u32 {
        let took = Some(SimDuration::from_secs_f64(secs));
        law.update(&Gathered { took, in_flight, dropped: true }, &mut || unreachable!("it draws nothing"));
        law.limit()
    }

    #[test]
    fn grows_while_calls_are_as_fast_as_ever_and_is_blind_to_drops() {
        let mut law = Gradient2::default().start();
        // 0.2 * 4 more each time.
        let limits: Vec<u32> = (0..6).map(|_| limit_after(&mut *law, 1.0, 1_000)).collect();
        assert_eq!(limits, [20, 21, 22, 23, 24, 24]);
        assert_eq!((0..1_000).map(|_| limit_after(&mut *law, 1.0, 1_000)).last(), Some(200));
    }

    #[test]
    fn shrinks_as_calls_slow_down() {
        let mut law = Gradient2 { start: 100, ..Gradient2::default() }.start();
        (0..10).for_each(|_| assert_eq!(limit_after(&mut *law, 1.0, 1), 100));
        // The long average is 1 + 2/601 * 3 = 1.00998; 1.5 times that over 4 is below 0.5: 0.8 * 100 + 0.2 * 54.
        assert_eq!(limit_after(&mut *law, 4.0, 100), 90);
        // 1.5 * (1.00998 + 2/601 * 0.99) / 2 = 0.75996: 0.8 * 90.8 + 0.2 * (0.75996 * 90.8 + 4) = 87.24.
        assert_eq!(limit_after(&mut *law, 2.0, 100), 87);
        // Half of it and more must be in use.
        assert_eq!(limit_after(&mut *law, 4.0, 43), 87);
        assert_eq!((0..100).map(|_| limit_after(&mut *law, 60.0, 200)).last(), Some(20));
    }

    #[test]
    fn forgets_slow_times_faster_than_they_came() {
        let mut average =
            Law { model: Gradient2::default(), limit: 20.0, long: Average { weight: 0.5, seen: PLAIN, mean: 8.0 } };
        limit_after(&mut average, 2.0, 1);
        // 5 is more than twice 2.
        assert_eq!(average.long.mean, 5.0 * 0.95);
    }
}
