//! Figures from records: floating point begins here.
//!
//! One replication gives one [`Sample`] of every [`Metric`]; several give an [`Estimate`] with its interval. Sums run in the
//! order of the replications, so the same runs give the same bytes wherever they were made.

mod estimate;
mod sample;
mod student;

pub use estimate::{Estimate, Value};
pub use sample::{Bill, Metric, Sample};
pub use student::t_quantile_975;
