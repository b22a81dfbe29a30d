//! How long things take: a provider's answer, a user's pause.
//!
//! To add a distribution: a file with its parameters and its sampler, and a line in the list below.

mod constant;
mod exponential;
mod lognormal;

use crate::params::Parameters;
use crate::rng::Stream;
use crate::units::SimDuration;

pub use constant::Constant;
pub use exponential::Exponential;
pub use lognormal::Lognormal;

/// The parameters of a distribution of durations.
pub trait DurationModel: Parameters {
    /// Draws one duration, in nanoseconds, for each place of `out`, in order.
    fn fill(&self, stream: &mut Stream, out: &mut [f64]);

    /// The mean duration.
    fn mean(&self) -> SimDuration;
}

crate::models! {
    /// Any distribution of durations.
    pub enum Durations: dyn DurationModel {
        /// Always the same.
        constant::Constant = "constant",
        /// Memoryless.
        exponential::Exponential = "exponential",
        /// Skewed to the right, by mean and coefficient of variation.
        lognormal::Lognormal = "lognormal",
    }
}

impl Durations {
    /// Always `span`.
    pub const fn constant(span: SimDuration) -> Self {
        Durations::Constant(Constant { value: span })
    }
}

impl Default for Durations {
    /// No time at all.
    fn default() -> Self {
        Durations::constant(SimDuration::ZERO)
    }
}
