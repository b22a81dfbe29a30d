//! The plan: which tier and strategy to choose, why, and how sure that is.

mod choice;
mod forecast;
mod objective;
mod oversize;
mod warning;

pub use choice::{Excuse, Reason, Recommendation, Standing};
pub use forecast::{CellForecast, Forecast, LimitForecast, Options, forecast};
pub use objective::{Judgement, Objective, Verdict};
pub use oversize::{Oversize, oversize};
pub use warning::Warning;
