//! Quantities that cannot be mixed up: time, tokens, money, rates and shares, each an exact integer or fraction.
//!
//! Everything up to the recorder computes with these types; floating point begins in `metrics`. What people write
//! (`10/min`, `2.5s`, `3 USD/Mtok`) is read by the one grammar in [`grammar`].

pub mod calendar;
pub mod grammar;
mod moment;
mod money;
mod rate;
mod share;
mod time;
mod tokens;

pub use calendar::{CalendarMonth, CalendarUnit, Civil};
pub use moment::{Day, Moment, TimeOfDay};
pub use money::{HourlyPrice, Money, MonthlyFee, RequestPrice, TokenPrice};
pub use rate::{Allowance, Period, Rate};
pub use share::Share;
pub use time::{SimDuration, SimTime};
pub use tokens::Tokens;
