//! How fast a client lets itself send, learnt from what is refused.
//!
//! To add a controller: a file with its parameters and its state, and a line in the list below.

mod aimd;
mod clocker;
mod cubic;

use crate::params::Parameters;
use crate::units::SimTime;
use std::fmt::Debug;

pub use aimd::Aimd;
pub use cubic::Cubic;

/// The parameters of a controller.
pub trait RateModel: Parameters {
    /// Its state at the start of the scenario.
    fn start(&self) -> Box<dyn RateControl>;
}

/// The state of a controller. Times must not run backwards from call to call.
pub trait RateControl: Debug {
    /// When the next call may go, `now` or later, if nothing is sent or answered before. Ask again after each answer: it
    /// may come to be sooner, and later too.
    fn ready_at(&self, now: SimTime) -> SimTime;

    /// A call goes; only where [`RateControl::ready_at`] said `now`.
    fn sent(&mut self, now: SimTime);

    /// A call is answered, by a 429 or otherwise.
    fn answered(&mut self, now: SimTime, throttled: bool);

    /// Calls a second at which it lets the client send at `now`; `None` while it holds nothing back.
    fn rate(&self, now: SimTime) -> Option<f64>;
}

crate::models! {
    /// Any controller of the rate at which a client sends.
    pub enum SendRate: dyn RateModel {
        /// Falls at a 429 and comes back along a cubic curve, as botocore's adaptive mode does.
        cubic::Cubic = "cubic",
        /// Grows by the same amount each second and falls by a factor at a 429.
        aimd::Aimd = "aimd",
    }
}

impl Default for SendRate {
    fn default() -> Self {
        SendRate::Cubic(Cubic::default())
    }
}
