//! Civil time: which instant of the calendar a simulated instant is, and where calendar windows begin and end.

use super::time::{SimDuration, SimTime};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, Unit, ZonedDateTime};
use std::fmt;

/// A stretch of the calendar over which a quota is counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CalendarUnit {
    /// From midnight to midnight: 23 to 25 hours.
    Day,
    /// From the first of a month to the first of the next: 28 to 31 days.
    Month,
}

impl CalendarUnit {
    /// As written in a scenario.
    pub const fn name(self) -> &'static str {
        match self {
            CalendarUnit::Day => "day",
            CalendarUnit::Month => "month",
        }
    }

    /// The mean length in the Gregorian calendar: a month is 30.436875 days (146,097 days in 4,800 months).
    pub const fn mean_length(self) -> SimDuration {
        match self {
            CalendarUnit::Day => SimDuration::from_secs(86_400),
            CalendarUnit::Month => SimDuration::from_secs(2_629_746),
        }
    }
}

/// A calendar month, as far as it lies in a span of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CalendarMonth {
    /// Where it begins, or the span does.
    pub begin: SimTime,
    /// Where it ends, or the span does.
    pub end: SimTime,
    /// Whether all of it lies in the span.
    pub is_whole: bool,
}

/// The civil instant at which a scenario starts, and the zone in which people read its times.
#[derive(Clone, PartialEq, Eq)]
pub struct Civil {
    start: ZonedDateTime,
}

impl Civil {
    /// Reads RFC 9557 (`2025-03-03T00:00:00[America/New_York]`), RFC 3339 (`2025-03-03T00:00:00Z`) or a local date and
    /// time, which is taken as UTC.
    pub fn parse(text: &str) -> Result<Self, String> {
        let start = if text.contains('[') {
            text.parse::<ZonedDateTime>().map_err(|e| e.to_string())?
        } else if let Ok(instant) = text.parse::<Timestamp>() {
            instant.to_zoned_datetime(TimeZone::UTC)
        } else {
            let local = text.parse::<DateTime>().map_err(|e| e.to_string())?;
            local.to_zoned_datetime(TimeZone::UTC).map_err(|e| e.to_string())?
        };
        match start.year() {
            // East of Greenwich 1970 begins before the epoch.
            1970..=2200 if start.timestamp().as_nanosecond() >= 0 => Ok(Civil { start }),
            1970 => Err("this is before 1970-01-01T00:00:00Z".into()),
            year => Err(format!("the year {year} is outside 1970 to 2200")),
        }
    }

    /// The same instant, with calendar windows and printed times in `zone` (an IANA name such as `America/Los_Angeles`).
    pub fn in_zone(&self, zone: &str) -> Result<Self, String> {
        let zone = TimeZone::get(zone).map_err(|e| e.to_string())?;
        Ok(Civil { start: self.start.with_time_zone(zone) })
    }

    /// The civil instant `span` later, in the same zone.
    pub fn later(&self, span: SimDuration) -> Self {
        Civil { start: self.at(SimTime::ZERO.saturating_add(span)) }
    }

    /// The instant so much earlier, in the same zone; `None` before 1970.
    pub fn earlier(&self, by: SimDuration) -> Option<Self> {
        let nanos = self.epoch_nanos().checked_sub(by.as_nanos())?;
        let instant = Timestamp::from_nanosecond(i128::from(nanos)).ok()?;
        Some(Civil { start: instant.to_zoned_datetime(self.start.time_zone().clone()) })
    }

    /// Nanoseconds from 1970-01-01T00:00:00Z to the scenario's start.
    pub fn epoch_nanos(&self) -> u64 {
        u64::try_from(self.start.timestamp().as_nanosecond()).expect("the start is not before 1970")
    }

    /// The civil instant of `time`.
    pub fn at(&self, time: SimTime) -> ZonedDateTime {
        let nanos =
            i128::from(self.epoch_nanos()) + i128::from(time.as_nanos().min(SimDuration::HORIZON.as_nanos() * 2));
        let instant = Timestamp::from_nanosecond(nanos).expect("the horizon lies within jiff's range");
        instant.to_zoned_datetime(self.start.time_zone().clone())
    }

    /// The instant at which the clocks of the scenario's zone show `local`: of a time that a clock change skips the one
    /// as much later as it skips, of one that it repeats the first.
    pub fn instant_of(&self, local: DateTime) -> Timestamp {
        self.start.time_zone().to_timestamp(local).unwrap_or(if local.year() < 1970 {
            Timestamp::MIN
        } else {
            Timestamp::MAX
        })
    }

    /// The scenario's zone.
    pub fn zone(&self) -> &TimeZone {
        self.start.time_zone()
    }

    /// The first clock change of the scenario's zone after `time`; [`SimTime::NEVER`] where there is none.
    pub fn next_clock_change(&self, time: SimTime) -> SimTime {
        let Some(change) = self.zone().following(self.at(time).timestamp()).next() else { return SimTime::NEVER };
        let nanos = change.timestamp().as_nanosecond() - i128::from(self.epoch_nanos());
        u64::try_from(nanos).map_or(SimTime::NEVER, SimTime::from_nanos)
    }

    /// The first instant of the calendar window after the one that holds `now`.
    pub fn next_boundary(&self, unit: CalendarUnit, now: SimTime) -> SimTime {
        let day = self.at(now).start_of_day().expect("within jiff's range");
        let next = match unit {
            CalendarUnit::Day => day.tomorrow(),
            CalendarUnit::Month => day.first_of_month().and_then(|first| first.checked_add(1.month())),
        };
        // A zone may skip midnight itself, so the window begins where the civil day does.
        let next = next.and_then(|z| z.start_of_day()).expect("within jiff's range");
        let nanos = next.timestamp().as_nanosecond() - i128::from(self.epoch_nanos());
        SimTime::from_nanos(u64::try_from(nanos).expect("the next window begins after the start"))
    }

    /// The calendar months that lie between `from` and `to`, in order; the first and the last may be parts of one.
    pub fn months(&self, from: SimTime, to: SimTime) -> Vec<CalendarMonth> {
        let mut months = Vec::new();
        let mut begin = from;
        while begin < to {
            let boundary = self.next_boundary(CalendarUnit::Month, begin);
            // Later months begin where the one before ends.
            let is_begun = months.is_empty() && !self.is_first_of_month(begin);
            months.push(CalendarMonth { begin, end: boundary.min(to), is_whole: !is_begun && boundary <= to });
            begin = boundary;
        }
        months
    }

    /// Whether a calendar month begins at `time`.
    fn is_first_of_month(&self, time: SimTime) -> bool {
        let at = self.at(time);
        let first = at.first_of_month().and_then(|first| first.start_of_day());
        first.is_ok_and(|first| first.timestamp() == at.timestamp())
    }

    /// `time` to the second with its offset, for people: `2025-03-09 14:05:00-04:00`.
    pub fn describe(&self, time: SimTime) -> String {
        let at = self.at(time);
        let at = at.round(Unit::Second).unwrap_or(at);
        at.strftime("%Y-%m-%d %H:%M:%S%:z").to_string()
    }
}

impl Default for Civil {
    /// A Wednesday that begins a month and a year, in UTC.
    fn default() -> Self {
        Civil::parse("2025-01-01T00:00:00[UTC]").expect("a valid instant")
    }
}

impl fmt::Display for Civil {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.start.fmt(f)
    }
}

impl fmt::Debug for Civil {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.start.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(civil: &Civil, unit: CalendarUnit, windows: usize) -> Vec<u64> {
        let mut edges = vec![SimTime::ZERO];
        for _ in 0..windows {
            edges.push(civil.next_boundary(unit, *edges.last().unwrap()));
        }
        edges.windows(2).map(|e| (e[1] - e[0]).as_nanos() / 3_600_000_000_000).collect()
    }

    #[test]
    fn months_have_their_true_lengths() {
        let civil = Civil::parse("2026-01-01T00:00:00[America/New_York]").unwrap();
        let lengths = hours(&civil, CalendarUnit::Month, 12);
        // March loses an hour and November gains one.
        assert_eq!(lengths, [744, 672, 743, 720, 744, 720, 744, 744, 720, 744, 721, 744]);
    }

    #[test]
    fn a_span_is_whole_months_and_parts_of_some() {
        let at = |days: u64| SimTime::ZERO + SimDuration::from_secs(86_400 * days);
        let whole = |civil: &Civil, from: u64, to: u64| -> Vec<bool> {
            civil.months(at(from), at(to)).iter().map(|month| month.is_whole).collect()
        };
        let january = Civil::default();
        assert_eq!(whole(&january, 0, 31), [true]);
        assert_eq!(whole(&january, 0, 30), [false]);
        assert_eq!(whole(&january, 0, 32), [true, false]);
        assert_eq!(whole(&january, 1, 59), [false, true]);
        assert_eq!(whole(&january, 31, 90), [true, true]);
        assert_eq!(whole(&january, 3, 3), [false; 0]);
        let months = january.months(at(20), at(40));
        assert_eq!(
            months.iter().map(|month| (month.begin, month.end)).collect::<Vec<_>>(),
            [(at(20), at(31)), (at(31), at(40))]
        );
    }

    #[test]
    fn days_are_23_and_25_hours_at_the_clock_changes() {
        let spring = Civil::parse("2025-03-09T00:00:00[America/Los_Angeles]").unwrap();
        assert_eq!(hours(&spring, CalendarUnit::Day, 2), [23, 24]);
        let autumn = Civil::parse("2025-11-02T00:00:00[America/Los_Angeles]").unwrap();
        assert_eq!(hours(&autumn, CalendarUnit::Day, 2), [25, 24]);
    }

    #[test]
    fn a_window_begins_strictly_after_its_predecessor() {
        let civil = Civil::default();
        let edge = civil.next_boundary(CalendarUnit::Month, SimTime::ZERO);
        assert_eq!(edge, SimTime::ZERO + SimDuration::from_secs(31 * 86_400));
        assert!(civil.next_boundary(CalendarUnit::Month, edge) > edge);
    }

    #[test]
    fn no_start_lies_before_the_epoch() {
        assert!(Civil::parse("1970-01-01T00:00:00[Asia/Tokyo]").is_err());
        assert_eq!(Civil::parse("1970-01-01T09:00:00[Asia/Tokyo]").unwrap().epoch_nanos(), 0);
    }

    #[test]
    fn mean_month_is_a_twelfth_of_the_gregorian_year() {
        assert_eq!(CalendarUnit::Month.mean_length().as_nanos() * 4_800, 146_097 * 86_400 * 1_000_000_000);
    }
}
