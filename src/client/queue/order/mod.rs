//! Who goes first of those who wait.

mod deadline;
mod fair;
mod fifo;
mod lifo;
mod priority;
mod shortest;

use super::Place;
use crate::params::Parameters;
use crate::protocol::{Class, Request};

pub use deadline::Deadline;
pub use fair::{Cost, Fair, Tenancy};
pub use fifo::Fifo;
pub use lifo::Lifo;
pub use priority::Priority;
pub use shortest::Shortest;

/// The parameters of an order, and the order itself: a rank that a request gets when it joins the line and keeps.
pub trait OrderModel: Parameters {
    /// Its rank, where it is the `number`-th to join; the lowest goes first, and of equal ones who joined first.
    fn rank(&self, place: &Place, number: u64) -> u64;

    /// What [`Place::size`] is of `request`, which is of `class`.
    fn size(&self, _request: &Request, _class: &Class) -> u64 {
        0
    }

    /// Whose requests share the line evenly with those of others; `None` where there is one line for all. Ranks count among
    /// the requests of one tenant then.
    fn tenancy(&self) -> Option<Tenancy> {
        None
    }
}

crate::models! {
    /// Any order.
    pub enum Order: dyn OrderModel {
        /// First in, first out.
        fifo::Fifo = "fifo",
        /// Last in, first out.
        lifo::Lifo = "lifo",
        /// The highest priority first.
        priority::Priority = "priority",
        /// The fewest expected tokens first.
        shortest::Shortest = "shortest",
        /// The earliest deadline first.
        deadline::Deadline = "deadline",
        /// Tenants evenly, by start-time fair queuing.
        fair::Fair = "fair",
    }
}

impl Default for Order {
    fn default() -> Self {
        Order::Fifo(Fifo {})
    }
}
