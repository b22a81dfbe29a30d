//! Arrival processes: when requests come, whatever becomes of them.
//!
//! To add one: a file with its parameters and its process, and a line in the list below. Most are independent gaps of some
//! law (`renewal`) or a rate that jumps between states (`modulated`).

mod backlog;
mod batch;
mod clusters;
mod constant;
mod cron;
mod gamma;
mod hawkes;
mod hyperexponential;
mod mmpp;
mod modulated;
mod on_off;
mod poisson;
mod renewal;
mod weibull;

use crate::params::{Invalid, Parameters};
use crate::rng::Stream;
use crate::units::{Civil, Rate, SimDuration, SimTime};

pub use backlog::{Backlog, Spread};
pub use batch::{Batch, BatchLaw};
pub use clusters::{ClusterLaw, Clusters, Delays};
pub use constant::Constant;
pub use cron::Cron;
pub use gamma::Gamma;
pub use hawkes::Hawkes;
pub use hyperexponential::Hyperexponential;
pub use mmpp::{Level, Mmpp};
pub use on_off::OnOff;
pub use poisson::Poisson;
pub(super) use renewal::Clock;
pub use weibull::Weibull;

/// The parameters of an arrival process.
pub trait ArrivalModel: Parameters {
    /// The process from the scenario's start on, which is the civil instant `start`, drawing from `stream`.
    fn process(&self, stream: Stream, start: &Civil) -> Box<dyn ArrivalProcess>;

    /// Arrivals a second in the long run; of a process that ends, while it lasts.
    fn mean_rate(&self) -> Rate;

    /// How many arrivals there are, where the process ends by itself.
    fn total(&self) -> Option<u64> {
        None
    }

    /// Whether its instants are stated by the calendar, so that no shape of the rate may move them.
    fn keeps_civil_time(&self) -> bool {
        false
    }
}

/// Makes arrival instants, a block at a time.
pub trait ArrivalProcess: Send {
    /// The next instants, never earlier than those before, one for each place of `out`; [`SimTime::NEVER`] after the last.
    fn fill(&mut self, out: &mut [SimTime]);
}

crate::models! {
    /// Any arrival process.
    pub enum Arrivals: dyn ArrivalModel {
        /// Independent arrivals at a constant rate: exponential gaps.
        poisson::Poisson = "poisson",
        /// Evenly spaced arrivals, the first one at the start.
        constant::Constant = "constant",
        /// Independent gamma gaps, burstier or more even than a Poisson process.
        gamma::Gamma = "gamma",
        /// Independent Weibull gaps, with longer silences.
        weibull::Weibull = "weibull",
        /// Independent gaps, each from one of two exponential laws.
        hyperexponential::Hyperexponential = "hyperexponential",
        /// Arrivals that bring further arrivals.
        hawkes::Hawkes = "hawkes",
        /// Bursts with silence between them.
        on_off::OnOff = "on-off",
        /// A Poisson process whose rate jumps between states.
        mmpp::Mmpp = "mmpp",
        /// Requests that come together.
        batch::Batch = "batch",
        /// Requests that come in clusters, spread over some time.
        clusters::Clusters = "clusters",
        /// Work that is there at an instant and due at a later one.
        backlog::Backlog = "backlog",
        /// Jobs on a schedule in civil time.
        cron::Cron = "cron",
    }
}

impl Default for Arrivals {
    fn default() -> Self {
        Arrivals::Poisson(Poisson::default())
    }
}

/// The rate of a model whose own is not stated yet.
fn once_a_second() -> Rate {
    Rate::new(1, SimDuration::from_secs(1)).expect("a positive rate")
}

/// Refuses a rate whose gaps are too short to be told apart in nanoseconds.
fn check_rate(rate: Rate) -> Result<(), Invalid> {
    if rate.per_second() > 1e7 {
        let message = format!("`{rate}` is more than 10 million a second");
        return Err(Invalid::new("rate", message, "write a lower rate, as in `\"1k/s\"`"));
    }
    Ok(())
}
