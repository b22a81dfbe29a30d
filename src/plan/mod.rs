//! The plan: which tier and strategy to choose, why, and how sure that is.

mod bill;
mod choice;
mod forecast;
mod objective;
mod oversize;
mod promotion;
mod warning;
pub mod why;

pub use choice::{Excuse, Reason, Recommendation, Standing};
pub use forecast::{CellForecast, Forecast, LimitForecast, Options, forecast};
pub use objective::{Judgement, Objective, Verdict};
pub use oversize::{Oversize, oversize};
pub use promotion::{HORIZON, Promotion};
pub use warning::Warning;
