//! Where in a stretch of time its requests come, when nothing but the stretch is known of them.

use crate::rng::{self, Stream};

/// The places of the requests of one stretch after the other.
pub(super) struct Places {
    random: Option<Stream>,
    /// How far through its stretch the last request came, in `0.0..1.0`.
    at: f64,
}

impl Places {
    /// At equal steps; or anywhere, as `random` says.
    pub(super) fn new(random: Option<Stream>) -> Self {
        Places { random, at: 0.0 }
    }

    /// How long after the start of a stretch of `length` its request `number` of `all` comes, the first being 0: below
    /// `length`, and not before the one in front of it. To be asked in order.
    pub(super) fn next(&mut self, number: u64, all: u64, length: u64) -> u64 {
        let Some(stream) = &mut self.random else {
            return (u128::from(length) * u128::from(number) / u128::from(all)) as u64;
        };
        if number == 0 {
            self.at = 0.0;
        }
        // The smallest of n instants that are left, all equally likely from here to the end.
        let left = (all - number) as f64;
        self.at += (1.0 - self.at) * (1.0 - rng::exp(-stream.exponential() / left));
        ((self.at * length as f64) as u64).min(length.saturating_sub(1))
    }
}
