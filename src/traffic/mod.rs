//! Traffic: when requests arrive and how large they are.

pub mod arrivals;
pub mod sizes;
