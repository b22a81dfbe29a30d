//! What people and other programs get to see of a result.

#[cfg(feature = "charts")]
pub mod charts;
