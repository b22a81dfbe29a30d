//! The day on which the program is run. Warnings alone depend on it, never a result.

use clap::Args;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

#[derive(Args)]
pub struct Day {
    /// The day on which figures of tiers are old or not; by default the system's, in UTC.
    #[arg(long, value_name = "YYYY-MM-DD")]
    today: Option<Date>,
}

impl Day {
    /// The day that is stated, or the one on the system's clock.
    pub fn today(&self) -> Date {
        #[expect(clippy::disallowed_methods, reason = "the age of figures is about the reader's day")]
        let clock = || TimeZone::UTC.to_datetime(Timestamp::now()).date();
        self.today.unwrap_or_else(clock)
    }
}
