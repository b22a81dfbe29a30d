//! How many tokens a request has.
//!
//! To add a distribution: a file with its parameters and its sampler, and a line in the list below.

mod constant;
mod empirical;
mod gamma;
mod geometric;
mod heavy_tail;
mod lognormal;
mod uniform;

use crate::params::{Invalid, Parameters};
use crate::rng::Stream;
use crate::units::Tokens;

pub use constant::Constant;
pub use empirical::Empirical;
pub use gamma::Gamma;
pub use geometric::Geometric;
pub use heavy_tail::HeavyTail;
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
        /// Skewed to the right with a lighter tail, by mean and coefficient of variation.
        gamma::Gamma = "gamma",
        /// Lognormal with a Pareto tail.
        heavy_tail::HeavyTail = "heavy-tail",
        /// 1, 2, 3 …, each with the same chance of another one.
        geometric::Geometric = "geometric",
        /// One of the listed counts, by weight.
        empirical::Empirical = "empirical",
    }
}

impl Default for Sizes {
    fn default() -> Self {
        Sizes::constant(0)
    }
}

impl Sizes {
    /// Always `count` tokens.
    pub fn constant(count: u32) -> Self {
        Sizes::Constant(Constant { value: Tokens::new(count) })
    }
}

/// Refuses a maximum of 0: the check of every key `max` that may be left out.
fn check_max(max: Option<Tokens>) -> Result<(), Invalid> {
    if max == Some(Tokens::new(0)) {
        return Err(Invalid::new("max", "a maximum of 0 leaves no tokens", "write at least 1, or leave it out"));
    }
    Ok(())
}

/// Refuses a mean of 0, which no `law` of positive values has.
fn check_mean(law: &str, mean: Tokens) -> Result<(), Invalid> {
    if mean == Tokens::new(0) {
        return Err(Invalid::new("mean", format!("a {law} mean of 0 is impossible"), "write at least 1"));
    }
    Ok(())
}
