//! Time stamps as logs write them, to the nanosecond and never through floating point.

mod dates;
mod numbers;
mod zone;

use super::digits;
use super::error::quote;
use super::{DateOrder, TimeUnit};
use crate::units::grammar::Misread;
use dates::{
    Clocks, Local, POWERS_OF_TEN, Wrong, clocks, fraction, minute_start, misread_civil, other_form, stamp, two_digits,
};
use jiff::Timestamp;
use numbers::{counted, decimal, misread_count};

pub(super) use dates::slashed_date;
pub(super) use numbers::{duration, likely_unit};
pub(super) use zone::Zone;

/// An instant on the clock of a log: nanoseconds since 1970-01-01T00:00:00Z, or since the log's own zero.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Stamp(i64);

const NANOS_PER_SECOND: i64 = 1_000_000_000;
const SECONDS_PER_DAY: i64 = 86_400;

/// 2201-01-01T00:00:00Z: a scenario may start in the years 1970 to 2200.
const LAST_SECOND: i64 = 84_371 * SECONDS_PER_DAY;

/// The first instant with ten digits of Unix seconds, in 2001.
const FIRST_UNIX: i64 = 1_000_000_000 * NANOS_PER_SECOND;

impl Stamp {
    /// Nanoseconds from `earlier` to this stamp; `None` where `earlier` is the later one.
    #[inline]
    pub(super) fn nanos_since(self, earlier: Stamp) -> Option<u64> {
        self.0.checked_sub(earlier.0).and_then(|nanos| u64::try_from(nanos).ok())
    }

    /// The stamp `nanos` earlier; `None` far before 1970.
    pub(super) fn minus(self, nanos: u64) -> Option<Stamp> {
        let earliest = -LAST_SECOND * NANOS_PER_SECOND;
        let earlier = self.0.checked_sub(i64::try_from(nanos).ok()?)?;
        (earlier >= earliest).then_some(Stamp(earlier))
    }

    /// The stamp `nanos` later; `None` past the year 2200.
    pub(super) fn plus(self, nanos: u64) -> Option<Stamp> {
        let later = self.0.checked_add(i64::try_from(nanos).ok()?)?;
        (later < LAST_SECOND * NANOS_PER_SECOND).then_some(Stamp(later))
    }

    /// Nanoseconds since the clock's zero.
    pub(super) fn nanos(self) -> i64 {
        self.0
    }

    /// The stamp at `nanos` since the clock's zero, as [`Stamp::nanos`] gives them.
    pub(super) fn at(nanos: i64) -> Stamp {
        Stamp(nanos)
    }
}

/// How the stamps of a log are written.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) struct Writing {
    /// What numbers count; dates where absent.
    pub(super) unit: Option<TimeUnit>,
    /// Whether they count from 1970, so that a small number is none of them.
    pub(super) is_unix: bool,
    /// What comes first in dates with slashes; such dates are refused where absent.
    pub(super) order: Option<DateOrder>,
    /// Whether a date may stand alone, for its midnight.
    pub(super) has_days: bool,
}

/// Reads and writes the stamps of one log.
#[derive(Clone, Debug)]
pub(super) struct Clock {
    writing: Writing,
    /// Whether a date without a zone was read.
    has_bare_dates: bool,
    /// Whose clocks such dates show; those of UTC where absent.
    zone: Option<Box<Zone>>,
    /// The text `2023-11-16 18:15:` of the stamp before. Rows of one minute are the rule, and they share the work.
    minute_text: [u8; 17],
    /// Seconds from 1970 to the start of that minute.
    minute_start: i64,
}

impl Clock {
    pub(super) fn new(writing: Writing) -> Self {
        Clock { writing, has_bare_dates: false, zone: None, minute_text: *b"1970-01-01 00:00:", minute_start: 0 }
    }

    /// The clock with dates that name no zone read as those of `zone`.
    pub(super) fn in_zone(self, zone: Option<Zone>) -> Self {
        Clock { zone: zone.map(Box::new), ..self }
    }

    /// The zone of dates that name none, if it was stated.
    pub(super) fn zone(&self) -> Option<&Zone> {
        self.zone.as_deref()
    }

    /// Whether stamps are dates rather than numbers.
    pub(super) fn is_civil(&self) -> bool {
        self.writing.unit.is_none()
    }

    /// Whether dates without a zone were read.
    pub(super) fn has_bare_dates(&self) -> bool {
        self.has_bare_dates
    }

    /// Whether stamps name instants that everybody agrees on, rather than a time since the log's own zero.
    pub(super) fn is_absolute(&self) -> bool {
        self.is_civil() || self.writing.is_unix
    }

    /// `stamp` as a date in UTC.
    pub(super) fn date(&self, stamp: Stamp) -> String {
        Timestamp::from_nanosecond(i128::from(stamp.0)).map_or_else(|_| String::new(), |t| t.to_string())
    }

    /// The stamp that fills `cell`, blanks aside.
    pub(super) fn read(&mut self, cell: &[u8]) -> Result<Stamp, Misread> {
        let text = cell.trim_ascii();
        if text.is_empty() {
            return Err(Misread::new("the time is missing", "write a time in every row, or delete this one"));
        }
        let Some(unit) = self.writing.unit else {
            return self.civil(text).map_err(|wrong| misread_civil(cell, wrong));
        };
        let stamp = counted(text, unit).map_err(|wrong| misread_count(cell, unit, wrong))?;
        if self.writing.is_unix && stamp.0 < FIRST_UNIX {
            let message = format!("{} is not a Unix time in {} like those above it", quote(cell), unit.name());
            return Err(Misread::new(message, "write all stamps on one clock, or state `time-unit`"));
        }
        Ok(stamp)
    }

    /// `stamp` for people, as this clock writes it.
    pub(super) fn write(&self, stamp: Stamp) -> String {
        match self.writing.unit {
            None => self.date(stamp),
            Some(unit) => {
                let sign = if stamp.0 < 0 { "-" } else { "" };
                format!("{sign}{}", decimal(stamp.0.unsigned_abs(), unit.nanos()))
            }
        }
    }

    fn civil(&mut self, text: &[u8]) -> Result<Stamp, Wrong> {
        let local = match self.iso(text) {
            Err(Wrong::Form) => other_form(text, self.writing)?,
            read => read?,
        };
        match local.clocks {
            Clocks::Ahead(offset) => stamp(local.seconds - offset, local.nanos),
            Clocks::Unsaid => self.bare(local.seconds, local.nanos),
            Clocks::Named(letters) => stamp(self.named(local.seconds, letters)?, local.nanos),
        }
    }

    /// Seconds from 1970 to the instant of which the stated zone's clocks show `local` while they are called `letters`.
    fn named(&self, local: i64, letters: [u8; 5]) -> Result<i64, Wrong> {
        let Some(zone) = &self.zone else { return Err(Wrong::Letters(letters)) };
        let name = String::from_utf8_lossy(letters.trim_ascii_end()).into_owned();
        let wrong =
            || Wrong::Value(format!("the clocks of `{}`, the stated `zone`, are not `{name}` then", zone.name()));
        zone.named(local, &name).ok_or_else(wrong)
    }

    /// The stamp that names no zone, of which clocks show so many seconds since 1970.
    #[inline]
    fn bare(&mut self, local: i64, nanos: i64) -> Result<Stamp, Wrong> {
        self.has_bare_dates = true;
        let seconds = match &mut self.zone {
            None => local,
            Some(zone) => zone.instant(local),
        };
        stamp(seconds, nanos)
    }

    fn iso(&mut self, text: &[u8]) -> Result<Local, Wrong> {
        let (minute, rest) = text.split_first_chunk::<17>().ok_or(Wrong::Form)?;
        let (second, rest) = rest.split_first_chunk::<2>().ok_or(Wrong::Form)?;
        let minute_start = self.minute(minute)?;
        let second = two_digits(*second).ok_or(Wrong::Form)?;
        if second > 59 {
            return Err(Wrong::Value(format!("there is no second {second}")));
        }
        let (nanos, rest) = fraction(rest)?;
        Ok(Local { seconds: minute_start + second, nanos, clocks: clocks(rest)? })
    }

    /// Seconds from 1970 to the start of the minute that `text`, such as `2023-11-16 18:15:`, names as UTC.
    #[inline]
    fn minute(&mut self, text: &[u8; 17]) -> Result<i64, Wrong> {
        if *text != self.minute_text {
            self.minute_start = minute_start(text)?;
            self.minute_text = *text;
        }
        Ok(self.minute_start)
    }

    /// The stamp at the start of `text` and its length, where it is plainly written: a whole number of at most 16 digits, or
    /// a date with at most seven digits of fraction, in UTC or without a zone. `None` says nothing about other stamps, not even
    /// that they are wrong.
    #[inline]
    pub(super) fn leading(&mut self, text: &[u8; 64]) -> Option<(Stamp, usize)> {
        match self.writing.unit {
            Some(unit) => self.leading_count(text, unit),
            None => self.leading_date(text),
        }
    }

    #[inline]
    fn leading_count(&self, text: &[u8; 64], unit: TimeUnit) -> Option<(Stamp, usize)> {
        let (high, digits) = digits::leading(*text.first_chunk()?);
        let (low, more) = if digits == 8 { digits::leading(*text[8..].first_chunk()?) } else { (0, 0) };
        let end = digits + more;
        let count = high * POWERS_OF_TEN[more] as u64 + low;
        let nanos = i64::try_from(count.checked_mul(unit.nanos())?).ok()?;
        let is_plain = digits > 0 && matches!(text[end], b',' | b'"') && nanos < LAST_SECOND * NANOS_PER_SECOND;
        (is_plain && !(self.writing.is_unix && nanos < FIRST_UNIX)).then_some((Stamp(nanos), end))
    }

    #[inline]
    fn leading_date(&mut self, text: &[u8; 64]) -> Option<(Stamp, usize)> {
        let minute_start = self.minute(text.first_chunk()?).ok()?;
        let second = two_digits([text[17], text[18]]).filter(|&second| second < 60)?;
        let (mut nanos, mut end) = (0, 19);
        if text[19] == b'.' {
            let (value, length) = digits::leading(*text[20..].first_chunk()?);
            if !(1..=7).contains(&length) {
                return None;
            }
            nanos = value as i64 * POWERS_OF_TEN[9 - length];
            end = 20 + length;
        }
        let read = match text[end] {
            b',' | b'"' if self.zone.is_none() => self.bare(minute_start + second, nanos),
            b'Z' => {
                end += 1;
                stamp(minute_start + second, nanos)
            }
            b'+' if text[end..].starts_with(b"+00:00") => {
                end += 6;
                stamp(minute_start + second, nanos)
            }
            _ => return None,
        };
        Some((read.ok()?, end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn civil(text: &str) -> Result<i64, String> {
        Clock::new(Writing::default()).read(text.as_bytes()).map(|stamp| stamp.0).map_err(|misread| misread.message)
    }

    fn count(text: &str, unit: TimeUnit) -> Result<i64, String> {
        Clock::new(Writing { unit: Some(unit), ..Writing::default() })
            .read(text.as_bytes())
            .map(|stamp| stamp.0)
            .map_err(|misread| misread.message)
    }

    #[test]
    fn civil_stamps() {
        const SECOND: i64 = 1_700_158_546 * NANOS_PER_SECOND;
        for (text, nanos) in [
            ("2023-11-16 18:15:46", 0),
            ("2023-11-16 18:15:46.6", 600_000_000),
            ("2023-11-16 18:15:46.6805900", 680_590_000),
            ("2023-11-16T18:15:46.680590001", 680_590_001),
            ("2023-11-16 18:15:46+00:00", 0),
            (" 2023-11-16T18:15:46.5Z ", 500_000_000),
            ("2023-11-17T03:15:46.680590+09:00", 680_590_000),
            ("2023-11-16T14:45:46-0330", 0),
            ("2023-11-16T19:15:46+01", 0),
            ("2023-11-16 18:15:46 UTC", 0),
            ("2023-11-16 18:15:46 gmt", 0),
            ("2023-11-16T18:15:46.25z", 250_000_000),
        ] {
            assert_eq!(civil(text), Ok(SECOND + nanos), "{text}");
        }
        assert_eq!(civil("1970-01-01 00:00:00"), Ok(0));
        assert_eq!(civil("2000-02-29 00:00:00"), Ok(951_782_400 * NANOS_PER_SECOND));
        assert_eq!(civil("2200-12-31 23:59:59"), Ok((LAST_SECOND - 1) * NANOS_PER_SECOND));
    }

    #[test]
    fn impossible_civil_stamps_say_why() {
        for (text, why) in [
            ("2023-13-01 00:00:00", ": there is no month 13"),
            ("2023-02-30 00:00:00", ": 2023-02 has no day 30"),
            ("2023-02-00 00:00:00", ": 2023-02 has no day 0"),
            ("1900-02-29 00:00:00", ": it is outside the years 1970 to 2200"),
            ("2201-01-01 00:00:00", ": it is outside the years 1970 to 2200"),
            ("1970-01-01 00:00:00+01:00", ": it is outside the years 1970 to 2200"),
            ("2023-11-16 24:00:00", ": there is no hour 24"),
            ("2023-11-16 23:60:00", ": there is no minute 60"),
            ("2023-11-16 23:59:60", ": there is no second 60"),
            ("2023-11-16 18:15:46+24:00", ": there is no zone 24:00 from UTC"),
            ("2023-11-16 18:15:46.1234567890", ": of its 10 digits of fraction at most 9 can be read"),
            ("2023-11-16", ""),
            ("2023-11-16 18:15", ""),
            ("2023-11-16 18:15:46.", ""),
            ("2023-11-16 18:15:46 PM", ""),
            ("2023/11/16 18:15:46", ""),
            ("16.11.2023 18:15:46", ""),
        ] {
            assert_eq!(civil(text), Err(format!("`{text}` is not a time{why}")));
        }
        assert_eq!(civil("  "), Err("the time is missing".into()));
        assert_eq!(civil("1700158546680"), Err("`1700158546680` is a time without a unit".into()));
    }

    #[test]
    fn letters_of_a_zone_are_asked_about() {
        let read = |zone: Option<&str>, text: &str| {
            let zone = zone.map(|name| Zone::new(name, false).unwrap());
            let read = Clock::new(Writing::default()).in_zone(zone).read(text.as_bytes());
            read.map(|stamp| stamp.0 / NANOS_PER_SECOND).map_err(|misread| (misread.message, misread.help))
        };
        for (letters, place) in [("PST", "America/Los_Angeles"), ("CST", "Asia/Shanghai"), ("IST", "Europe/Dublin")] {
            let (message, help) = read(None, &format!("2023-11-16 18:15:46 {letters}")).unwrap_err();
            assert!(message.ends_with(&format!("is of a zone called `{letters}`, which says too little")), "{message}");
            assert!(help.contains("`zone = ") && help.contains(place) && help.contains('?'), "{help}");
        }
        assert!(read(None, "2023-11-16 18:15:46 WXYZ").unwrap_err().1.contains("`zone = "));
        let second = 1_700_158_546;
        for (place, letters, hours) in
            [("America/Los_Angeles", "PST", 8), ("Asia/Shanghai", "CST", -8), ("America/Chicago", "CST", 6)]
        {
            let read = read(Some(place), &format!("2023-11-16 18:15:46 {letters}"));
            assert_eq!(read, Ok(second + hours * 3_600), "{place}");
        }
        // The letters tell the passes of a repeated hour apart.
        let passes =
            ["PDT", "PST"].map(|letters| read(Some("America/Los_Angeles"), &format!("2025-11-02 01:30:00 {letters}")));
        assert_eq!(passes[1].clone().unwrap() - passes[0].clone().unwrap(), 3_600);
        let summer = read(Some("America/Los_Angeles"), "2023-11-16 18:15:46 PDT").unwrap_err().0;
        assert!(
            summer.ends_with("the clocks of `America/Los_Angeles`, the stated `zone`, are not `PDT` then"),
            "{summer}"
        );
    }

    #[test]
    fn other_forms_of_dates() {
        let second = |text: &str, writing: Writing| {
            Clock::new(writing)
                .read(text.as_bytes())
                .map(|stamp| stamp.0 / 1_000_000)
                .map_err(|misread| misread.message)
        };
        let dates = Writing::default();
        assert_eq!(second("17/May/2015:10:05:03 +0000", dates), Ok(1_431_857_103_000));
        assert_eq!(second("17/may/2015:12:05:03 +0200", dates), Ok(1_431_857_103_000));
        assert_eq!(second("2015-05-17 10:05:03,25 UTC", dates), Ok(1_431_857_103_250));
        assert!(second("17/Mai/2015:10:05:03 +0000", dates).is_err());
        assert!(second("31/Feb/2015:10:05:03 +0000", dates).is_err());
        assert!(second("17/05/2015 10:05:03", dates).is_err());
        let day = Writing { order: Some(DateOrder::DayFirst), ..dates };
        let month = Writing { order: Some(DateOrder::MonthFirst), ..dates };
        assert_eq!(second("17/5/2015 10:05:03.5", day), Ok(1_431_857_103_500));
        assert_eq!(second("05/17/2015 10:05", month), Ok(1_431_857_100_000));
        assert_eq!(second("5/17/2015, 10:05:03 PM", month), Ok(1_431_900_303_000));
        assert_eq!(second("5/17/2015 12:05:03 am", month), Ok(1_431_821_103_000));
        assert!(second("05/17/2015 10:05", day).is_err());
        assert_eq!(second("2015-05-17", Writing { has_days: true, ..dates }), Ok(1_431_820_800_000));
        let unix = Writing { unit: Some(TimeUnit::Seconds), is_unix: true, ..dates };
        assert_eq!(second("17", unix), Err("`17` is not a Unix time in seconds like those above it".into()));
    }

    #[test]
    fn numbers() {
        assert_eq!(count("1700158546", TimeUnit::Seconds), Ok(1_700_158_546_000_000_000));
        assert_eq!(count("1700158546.680590", TimeUnit::Seconds), Ok(1_700_158_546_680_590_000));
        assert_eq!(count("1700158546681", TimeUnit::Millis), Ok(1_700_158_546_681_000_000));
        assert_eq!(count("1700158546680590001", TimeUnit::Nanos), Ok(1_700_158_546_680_590_001));
        assert_eq!(count("0", TimeUnit::Micros), Ok(0));
        assert_eq!(count("0.07949090003967285", TimeUnit::Seconds), Ok(79_490_900));
        assert_eq!(count("0.9999999999", TimeUnit::Seconds), Ok(NANOS_PER_SECOND));
        assert_eq!(count("0.5", TimeUnit::Nanos), Ok(1));
        let past = "`1700158546681` seconds after 1970 is past the year 2200";
        assert_eq!(count("1700158546681", TimeUnit::Seconds), Err(past.into()));
        assert_eq!(count("-1", TimeUnit::Seconds), Err("`-1` is not a number of seconds from 0".into()));
        let spreadsheet = "`1.70016E+12` is not a number of milliseconds in plain digits";
        assert_eq!(count("1.70016E+12", TimeUnit::Millis), Err(spreadsheet.into()));
        for bad in ["NaN", "inf", "1,5", "1.", ".5", "0x1", "2023-11-16 18:15:46"] {
            assert_eq!(count(bad, TimeUnit::Seconds), Err(format!("`{bad}` is not a number of seconds")));
        }
    }

    #[test]
    fn stamps_print_as_they_are_counted() {
        let (mut civil, mut millis) = (
            Clock::new(Writing::default()),
            Clock::new(Writing { unit: Some(TimeUnit::Millis), ..Writing::default() }),
        );
        let stamp = civil.read(b"2023-11-17T03:15:46.680590+09:00").unwrap();
        assert_eq!(civil.write(stamp), "2023-11-16T18:15:46.68059Z");
        assert_eq!(millis.write(stamp), "1700158546680.59");
        assert_eq!(millis.read(b"1700158546680.59").unwrap(), stamp);
    }
}
