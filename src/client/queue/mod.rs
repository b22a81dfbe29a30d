//! Where requests wait for their turn: in which order they go, and which of them is dropped when there is no room.
//!
//! To add an order: a file in `order/` with its keys and its rank, and a line in `order/mod.rs`.

mod line;
mod order;
mod patience;
mod place;
mod redelivery;

use crate::durations::Durations;
use crate::params::{Invalid, Parameters, Presence, Visitor};
use crate::units::SimDuration;

pub use line::{Line, Offer, Ticket, Turn};
pub use order::{Cost, Deadline, Fair, Fifo, Lifo, Order, OrderModel, Priority, Shortest, Tenancy};
pub use patience::Patience;
pub use place::{Place, Places};
pub use redelivery::Redelivery;

crate::words! {
    /// Which request goes when one more than `capacity` would wait.
    #[derive(Default)]
    pub enum Shed {
        /// The one that comes.
        #[default]
        Newest = "newest",
        /// The one that has waited longest; the one that comes waits. What is too late anyway makes room for what is not.
        Oldest = "oldest",
        /// One of the lowest priority, the one that comes included; of several the one that came last.
        LowestPriority = "lowest-priority",
    }
}

/// The queue in front of the client's slots.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Queue {
    /// Requests that may wait; with one more, one is shed. Without it there is no bound.
    pub capacity: Option<u64>,
    /// No attempt of a request starts later than this after its arrival: a request still waiting then, or one whose next
    /// retry would come later, ends as expired; one that waits for others, to share a call, when that is over.
    pub deadline: Option<SimDuration>,
    /// How long a request waits in the queue, in all its stays there together, before it leaves and ends as expired: drawn
    /// for each when it arrives (Palm's and Erlang's model A, where it is exponential). Unlike a deadline it does not run
    /// while the request is called for or backs off.
    pub patience: Option<Durations>,
    /// Who goes first of those who wait.
    pub order: Order,
    /// Which one is shed.
    pub shed: Shed,
    /// The queue is a message queue that delivers again what failed.
    pub redelivery: Option<Redelivery>,
}

impl Parameters for Queue {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.optional("capacity", &mut self.capacity);
        visitor.optional("deadline", &mut self.deadline);
        visitor.choice("patience", Presence::Optional, &mut self.patience);
        visitor.choice("order", Presence::Optional, &mut self.order);
        visitor.optional("shed", &mut self.shed);
        visitor.optional_section("redelivery", &mut self.redelivery);
    }

    fn check(&self) -> Result<(), Invalid> {
        if self.deadline.is_some_and(SimDuration::is_zero) {
            return Err(Invalid::new(
                "deadline",
                "everything that waits would expire at once",
                "write a time above zero",
            ));
        }
        if self.patience.as_ref().is_some_and(|law| law.model().mean().is_zero()) {
            let help = "write a time above zero, or leave it out";
            return Err(Invalid::new("patience", "nobody would wait at all", help));
        }
        if self.capacity.is_none() && self.shed != Shed::Newest {
            let help = "add `capacity`, as in `capacity = 500`, or leave `shed` out";
            return Err(Invalid::new("shed", "a queue without bound sheds nothing", help));
        }
        Ok(())
    }
}

impl Queue {
    /// Whether it is first in, first out, sheds the newest and delivers once, and those who wait are patient.
    pub fn is_plain(&self) -> bool {
        let keeps_order = self.order == Order::default() && self.shed == Shed::Newest;
        keeps_order && self.redelivery.is_none() && self.patience.is_none()
    }
}
