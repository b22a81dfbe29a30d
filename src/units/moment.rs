//! Instants, times of day and dates as people write them in a scenario.

use super::calendar::Civil;
use super::grammar::{self, Misread};
use super::time::SimDuration;
use jiff::civil::{Date, DateTime};
use jiff::{Timestamp, ZonedDateTime};
use std::fmt;

const MOMENT_HELP: &str =
    "write a span after the scenario's start, as in `3d9h`, or a date and time, as in `2025-03-10T09:00`";

/// An instant: a span after the scenario's start (`3d9h`), or a civil time (`2025-03-10T09:00`), which is one of the
/// scenario's zone unless it names its own.
#[derive(Clone, PartialEq, Eq)]
pub enum Moment {
    /// So long after the start.
    After(SimDuration),
    /// On the clocks of the scenario's zone. A time that a clock change skips is the one an hour later, and of two that
    /// it repeats the first.
    Local(DateTime),
    /// In a zone of its own.
    Zoned(ZonedDateTime),
}

impl Moment {
    /// Reads either form. A date alone is its midnight.
    pub fn parse(text: &str) -> Result<Self, Misread> {
        let text = text.trim();
        if text.get(4..5) != Some("-") {
            return grammar::duration(text)
                .map(Moment::After)
                .map_err(|misread| Misread::new(misread.message, MOMENT_HELP));
        }
        let misread = |why: String| Misread::new(why, MOMENT_HELP);
        let (moment, year) = if text.contains('[') {
            let zoned = text.parse::<ZonedDateTime>().map_err(|e| misread(e.to_string()))?;
            (Moment::Zoned(zoned.clone()), zoned.year())
        } else if let Ok(instant) = text.parse::<Timestamp>() {
            let zoned = instant.to_zoned_datetime(jiff::tz::TimeZone::UTC);
            (Moment::Zoned(zoned.clone()), zoned.year())
        } else {
            let local = text.parse::<DateTime>().map_err(|e| misread(e.to_string()))?;
            (Moment::Local(local), local.year())
        };
        match year {
            1970..=2300 => Ok(moment),
            _ => Err(misread(format!("the year {year} is outside 1970 to 2300"))),
        }
    }

    /// Whether it is earlier than `other`; none where that depends on the scenario's start.
    pub fn is_before(&self, other: &Moment) -> Option<bool> {
        match (self, other) {
            (Moment::After(one), Moment::After(other)) => Some(one < other),
            (Moment::Local(one), Moment::Local(other)) => Some(one < other),
            (Moment::Zoned(one), Moment::Zoned(other)) => Some(one < other),
            _ => None,
        }
    }

    /// Nanoseconds from the start of the scenario to this instant, negative where it lies before.
    pub fn nanos_after(&self, start: &Civil) -> i64 {
        let instant = match self {
            Moment::After(span) => return i64::try_from(span.as_nanos()).unwrap_or(i64::MAX),
            Moment::Local(local) => start.instant_of(*local),
            Moment::Zoned(zoned) => zoned.timestamp(),
        };
        let nanos = instant.as_nanosecond() - i128::from(start.epoch_nanos());
        i64::try_from(nanos).unwrap_or(if nanos < 0 { i64::MIN } else { i64::MAX })
    }
}

impl Default for Moment {
    /// The scenario's start.
    fn default() -> Self {
        Moment::After(SimDuration::ZERO)
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Moment::After(span) => span.fmt(f),
            Moment::Local(local) => local.fmt(f),
            Moment::Zoned(zoned) => zoned.fmt(f),
        }
    }
}

impl fmt::Debug for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A time of the day on the clock: `14:00`, in minutes after midnight, in `0..1440`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct TimeOfDay(u16);

impl TimeOfDay {
    /// Reads `HH:MM`, or `HH:MM:00` as TOML has it.
    pub fn parse(text: &str) -> Result<Self, Misread> {
        let misread =
            || Misread::new(format!("`{text}` is not a time of day"), "write hours and minutes, as in `14:00`");
        let part = |text: &str, below: u16| match text.len() {
            1 | 2 if text.bytes().all(|b| b.is_ascii_digit()) => text.parse::<u16>().ok().filter(|&part| part < below),
            _ => None,
        };
        let text = text.trim();
        let (hour, rest) = text.split_once(':').ok_or_else(misread)?;
        let (minute, second) = rest.split_once(':').unwrap_or((rest, "00"));
        match (part(hour, 24), part(minute, 60), second) {
            (Some(hour), Some(minute), "00") => Ok(TimeOfDay(hour * 60 + minute)),
            _ => Err(misread()),
        }
    }

    /// Minutes after midnight.
    pub const fn minutes(self) -> u16 {
        self.0
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

impl fmt::Debug for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A day of the calendar: `2025-12-25`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Day(pub Date);

impl Day {
    /// Reads `YYYY-MM-DD`.
    pub fn parse(text: &str) -> Result<Self, Misread> {
        let date = text.trim().parse::<Date>().ok().filter(|_| text.trim().len() == 10);
        date.map(Day).ok_or_else(|| {
            Misread::new(format!("`{text}` is not a date"), "write year, month and day, as in `2025-12-25`")
        })
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_spans_or_civil_times() {
        let start = Civil::parse("2025-03-03T00:00:00[America/New_York]").unwrap();
        let hours = |text: &str| Moment::parse(text).unwrap().nanos_after(&start) as f64 / 3.6e12;
        assert_eq!(hours("3d9h"), 81.0);
        assert_eq!(hours("2025-03-03T09:30"), 9.5);
        // The clocks go forward on the ninth.
        assert_eq!(hours("2025-03-10"), 167.0);
        assert_eq!(hours("2025-03-03T05:00:00Z"), 0.0);
        assert_eq!(hours("2025-03-02T23:00:00[America/New_York]"), -1.0);
        for bad in ["", "yesterday", "2025-13-01", "1960-01-01", "2025-03-03T25:00", "3 fortnights"] {
            assert!(Moment::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_written_reads_back() {
        for text in ["81h", "2025-03-10T09:00", "2025-03-02T23:00:00[America/New_York]", "2025-03-03T05:00:00Z"] {
            let moment = Moment::parse(text).unwrap();
            assert_eq!(Moment::parse(&moment.to_string()), Ok(moment), "{text}");
        }
    }

    #[test]
    fn times_of_day() {
        assert_eq!(TimeOfDay::parse("14:05").map(TimeOfDay::minutes), Ok(845));
        assert_eq!(TimeOfDay::parse("00:00:00").map(TimeOfDay::minutes), Ok(0));
        for bad in ["24:00", "12:60", "noon", "12", "12:00:30", "+1:00", ""] {
            assert!(TimeOfDay::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn days() {
        assert_eq!(Day::parse("2025-12-25").unwrap().to_string(), "2025-12-25");
        for bad in ["2025-02-30", "25.12.2025", "2025-12-25T00:00", ""] {
            assert!(Day::parse(bad).is_err(), "{bad}");
        }
    }
}
