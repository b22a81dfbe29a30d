//! The engine: one event queue, one clock, and the loop that moves it.
//!
//! One run is one cell (a tier with a strategy) in one replication, on one thread; replications share nothing. Only the
//! engine owns a clock, a queue or a generator: everything that it calls is a pure function or a state machine that is
//! told the time.

mod agent;
mod arrivals;
mod desk;
mod drive;
mod event;
mod event_queue;
mod flight;
mod run;
mod slots;

pub use agent::{Entry, Look, Note, Story, Use, story};
pub use arrivals::Arrivals;
pub use event::{Event, Kind, Rank};
pub use event_queue::EventQueue;
pub use run::{Cell, RunError, Stop, simulate, simulate_in_full};
