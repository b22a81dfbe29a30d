//! How many calls a client keeps in flight, learnt from how long they take and from those that are turned away.
//!
//! The controllers are those of Netflix's concurrency-limits (as of January 2026), made for servers that slow down before
//! they refuse. A rate limit does neither: it refuses at once, at any number of calls in flight. What is turned away (by a
//! 429 or a fault) is their drop.
//!
//! To add a controller: a file with its parameters and its law, and a line in the list below.

mod aimd;
mod gather;
mod gradient2;
mod vegas;

use crate::params::{Invalid, Parameters};
use crate::units::{SimDuration, SimTime};
use gather::Gatherer;
use std::fmt::Debug;

pub use aimd::Aimd;
pub use gather::{Gather, Gathered};
pub use gradient2::Gradient2;
pub use vegas::Vegas;

/// The parameters of a controller.
pub trait WindowModel: Parameters {
    /// How samples are put together before the law sees them.
    fn gather(&self) -> Gather;

    /// The least and the greatest limit.
    fn bounds(&self) -> (u32, u32);

    /// Whether a call that is turned away lowers the limit; otherwise only slow ones do.
    fn heeds_drops(&self) -> bool {
        true
    }

    /// Its law at the start of the scenario.
    fn start(&self) -> Box<dyn WindowLaw>;
}

/// The law of a controller, with what it remembers.
pub trait WindowLaw: Debug {
    /// Calls in flight at most; at least 1.
    fn limit(&self) -> u32;

    /// Learns from some samples. `draw` gives uniform numbers from [0, 1).
    fn update(&mut self, gathered: &Gathered, draw: &mut dyn FnMut() -> f64);
}

crate::models! {
    /// Any controller of the calls in flight.
    pub enum WindowSpec: dyn WindowModel {
        /// Keeps a few calls in a queue that it infers from the shortest time ever taken, as TCP Vegas does.
        vegas::Vegas = "vegas",
        /// Shrinks as calls take longer than they did on average.
        gradient2::Gradient2 = "gradient2",
        /// Grows by one, and falls by a factor when a call is turned away or takes too long.
        aimd::Aimd = "aimd",
    }
}

impl Default for WindowSpec {
    fn default() -> Self {
        WindowSpec::Vegas(Vegas::default())
    }
}

/// A call that has ended.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// When it ended.
    pub at: SimTime,
    /// How long it took.
    pub took: SimDuration,
    /// Calls in flight when it was sent, itself among them.
    pub in_flight: u32,
    /// Whether it was turned away, by a 429 or a fault. How long that took says nothing about the service.
    pub dropped: bool,
}

/// The state of a controller.
#[derive(Debug)]
pub struct Window {
    gatherer: Gatherer,
    law: Box<dyn WindowLaw>,
}

impl Window {
    /// Before the first call.
    pub fn new(spec: &WindowSpec) -> Self {
        let model = spec.model();
        Window { gatherer: Gatherer::new(model.gather()), law: model.start() }
    }

    /// Calls in flight at most, at least 1. What is in flight already stays there.
    pub fn limit(&self) -> u32 {
        self.law.limit()
    }

    /// Learns from a call that has ended; in the order of their ends. `draw` gives uniform numbers from [0, 1), few of them.
    pub fn sample(&mut self, sample: Sample, mut draw: impl FnMut() -> f64) {
        if let Some(gathered) = self.gatherer.add(sample) {
            self.law.update(&gathered, &mut draw);
        }
    }
}

/// Refuses a start outside its bounds, and bounds that hold nothing.
fn check_bounds(start: u32, least: u32, most: u32) -> Result<(), Invalid> {
    if least == 0 {
        return Err(Invalid::new("least", "no call at all learns nothing", "write at least 1"));
    }
    if most < least {
        let message = format!("at most {most} calls are below the least, which are {least}");
        return Err(Invalid::new("most", message, format!("write at least {least}")));
    }
    if !(least..=most).contains(&start) {
        let message = format!("it starts at {start} calls, outside {least} to {most}");
        return Err(Invalid::new("start", message, format!("write a number from {least} to {most}")));
    }
    Ok(())
}

/// Refuses a weight of the latest that is no weight.
fn check_smoothing(smoothing: f64) -> Result<(), Invalid> {
    if smoothing > 0.0 && smoothing <= 1.0 {
        return Ok(());
    }
    let message = format!("`{smoothing:?}` is not above 0 and at most 1");
    Err(Invalid::new("smoothing", message, "write a number from 0 to 1, as in `0.2`"))
}
