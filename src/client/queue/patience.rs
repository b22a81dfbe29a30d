//! How long those who wait are ready to do so.

use crate::durations::Durations;
use crate::rng::Stream;
use crate::units::SimDuration;

/// Draws the patience of requests, one after the other.
#[derive(Clone, Debug)]
pub struct Patience {
    law: Durations,
    streams: Vec<Stream>, // by class
}

impl Patience {
    /// Draws from `law`, for each class from a stream of its own.
    pub fn new(law: &Durations, streams: impl IntoIterator<Item = Stream>) -> Self {
        Patience { law: law.clone(), streams: streams.into_iter().collect() }
    }

    /// That of the next request of `class`.
    pub fn draw(&mut self, class: u16) -> SimDuration {
        let mut nanos = [0.0];
        self.law.model().fill(&mut self.streams[usize::from(class)], &mut nanos);
        SimDuration::from_nanos_f64(nanos[0].min(SimDuration::HORIZON.as_nanos() as f64))
    }
}
