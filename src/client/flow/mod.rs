//! When the next call may go: by a pace of the client's own, or by what replies tell of the limits.

mod hold;
mod pacing;
mod steering;

pub use hold::{Hold, Kept};
pub use pacing::{Known, Pace, Pacing};
pub use steering::{Steer, Steering, Until};
