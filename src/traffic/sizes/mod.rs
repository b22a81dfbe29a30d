//! How many tokens a request has.
//!
//! To add a distribution: a file with its parameters and its sampler, and a line in the list below.

mod constant;
mod empirical;
mod lognormal;
mod uniform;

use crate::params::Parameters;
use crate::rng::Stream;
use crate::units::Tokens;

pub use constant::Constant;
pub use empirical::Empirical;
pub use lognormal::Lognormal;
pub use uniform::Uniform;

/// The parameters of a distribution of token counts.
pub trait SizeModel: Parameters {
    /// Draws one count for each place of `out`, in order.
    fn fill(&self, stream: &mut Stream, out: &mut [Tokens]);

    /// The mean count.
    fn mean(&self) -> f64;

    /// The largest count that can come, where there is one.
    fn largest(&self) -> Option<Tokens>;
}

crate::models! {
    /// Any distribution of token counts.
    pub enum Sizes: dyn SizeModel {
        /// Always the same count.
        constant::Constant = "constant",
        /// Every whole count from `min` to `max` alike.
        uniform::Uniform = "uniform",
        /// Skewed to the right, by mean and coefficient of variation.
        lognormal::Lognormal = "lognormal",
        /// One of the listed counts, by weight.
        empirical::Empirical = "empirical",
    }
}

impl Sizes {
    /// Always `count` tokens.
    pub fn constant(count: u32) -> Self {
        Sizes::Constant(Constant { value: Tokens::new(count) })
    }
}
