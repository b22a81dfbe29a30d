//! Arrival processes: when requests come.
//!
//! To add one: a file with its parameters and its process, and a line in the list below.

mod constant;
mod poisson;

use crate::params::Parameters;
use crate::rng::Stream;
use crate::units::{Rate, SimTime};

pub use constant::Constant;
pub use poisson::Poisson;

/// The parameters of an arrival process.
pub trait ArrivalModel: Parameters {
    /// The process from the scenario's start on, drawing from `stream`.
    fn process(&self, stream: Stream) -> Box<dyn ArrivalProcess>;

    /// Arrivals a second in the long run.
    fn mean_rate(&self) -> Rate;
}

/// Makes arrival instants, a block at a time.
pub trait ArrivalProcess: Send {
    /// The next instants, never earlier than those before, one for each place of `out`.
    fn fill(&mut self, out: &mut [SimTime]);
}

crate::models! {
    /// Any arrival process.
    pub enum Arrivals: dyn ArrivalModel {
        /// Independent arrivals at a constant rate: exponential gaps.
        poisson::Poisson = "poisson",
        /// Evenly spaced arrivals, the first one at the start.
        constant::Constant = "constant",
    }
}

impl Default for Arrivals {
    fn default() -> Self {
        Arrivals::Poisson(Poisson::default())
    }
}
