//! Time stamps as logs write them, to the nanosecond and never through floating point.

use super::digits::{self, is_decimal};
use super::error::{not_a, quote};
use super::{DateOrder, TimeUnit};
use crate::units::grammar::Misread;
use jiff::Timestamp;

/// An instant on the clock of a log: nanoseconds since 1970-01-01T00:00:00Z, or since the log's own zero.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Stamp(i64);

const NANOS_PER_SECOND: i64 = 1_000_000_000;
const SECONDS_PER_DAY: i64 = 86_400;

/// 2201-01-01T00:00:00Z: a scenario may start in the years 1970 to 2200.
const LAST_SECOND: i64 = 84_371 * SECONDS_PER_DAY;

const CIVIL_HELP: &str = "write stamps as `2023-11-16 18:15:46.6805900`, in UTC or with a zone such as `+09:00`";

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
    /// The text `2023-11-16 18:15:` of the stamp before. Rows of one minute are the rule, and they share the work.
    minute_text: [u8; 17],
    /// Seconds from 1970 to the start of that minute.
    minute_start: i64,
}

/// Why a text is not a date with a time.
enum Wrong {
    /// It is laid out in another way.
    Form,
    /// It names an instant that does not exist, or is out of range.
    Value(String),
}

impl Clock {
    pub(super) fn new(writing: Writing) -> Self {
        Clock { writing, has_bare_dates: false, minute_text: *b"1970-01-01 00:00:", minute_start: 0 }
    }

    /// Whether stamps are dates rather than numbers.
    pub(super) fn is_civil(&self) -> bool {
        self.writing.unit.is_none()
    }

    /// Whether dates without a zone were read, and taken for UTC.
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
        match self.iso(text) {
            Err(Wrong::Form) => {
                self.has_bare_dates |= self.writing.order.is_some() || self.writing.has_days;
                other_form(text, self.writing)
            }
            read => read,
        }
    }

    fn iso(&mut self, text: &[u8]) -> Result<Stamp, Wrong> {
        let (minute, rest) = text.split_first_chunk::<17>().ok_or(Wrong::Form)?;
        let (second, rest) = rest.split_first_chunk::<2>().ok_or(Wrong::Form)?;
        let minute_start = self.minute(minute)?;
        let second = two_digits(*second).ok_or(Wrong::Form)?;
        if second > 59 {
            return Err(Wrong::Value(format!("there is no second {second}")));
        }
        let (nanos, rest) = fraction(rest)?;
        self.has_bare_dates |= rest.is_empty();
        stamp(minute_start + second - offset(rest)?, nanos)
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

    /// The stamp at the start of `text` and its length, where it is plainly written: at most seven digits of fraction,
    /// in UTC. `None` says nothing about other stamps, not even that they are wrong.
    #[inline]
    pub(super) fn leading(&mut self, text: &[u8; 64]) -> Option<(Stamp, usize)> {
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
        end += match text[end] {
            b'Z' => 1,
            b'+' if text[end..].starts_with(b"+00:00") => 6,
            _ => {
                self.has_bare_dates = true;
                0
            }
        };
        Some((stamp(minute_start + second, nanos).ok()?, end))
    }
}

/// Dates as access logs, spreadsheets and usage reports write them.
fn other_form(text: &[u8], writing: Writing) -> Result<Stamp, Wrong> {
    if writing.has_days && text.len() == 10 {
        let midnight: Vec<u8> = [text, b" 00:00:"].concat();
        let midnight = midnight.first_chunk().ok_or(Wrong::Form)?;
        return stamp(minute_start(midnight)?, 0);
    }
    match (writing.order, text.first_chunk::<12>()) {
        (Some(order), _) => slashed(text, order),
        (None, Some(date)) => english(date, &text[12..]),
        (None, None) => Err(Wrong::Form),
    }
}

/// `17/May/2015:10:05:03 +0000`, its date and the rest.
fn english(date: &[u8; 12], rest: &[u8]) -> Result<Stamp, Wrong> {
    const MONTHS: &[u8; 36] = b"janfebmaraprmayjunjulaugsepoctnovdec";
    let &[d1, d2, b'/', a, b, c, b'/', y1, y2, y3, y4, b':'] = date else { return Err(Wrong::Form) };
    let name = [a, b, c].map(|letter| letter.to_ascii_lowercase());
    let month = MONTHS.chunks(3).position(|month| month == name).ok_or(Wrong::Form)? as i64 + 1;
    let pair = |tens, ones| two_digits([tens, ones]).ok_or(Wrong::Form);
    let (day, year) = (pair(d1, d2)?, pair(y1, y2)? * 100 + pair(y3, y4)?);
    of_day(date_start(year, month, day)?, rest, 0)
}

/// `16/11/2023 18:15:46.68` or `11/16/2023 6:15 PM`, as `order` says.
fn slashed(text: &[u8], order: DateOrder) -> Result<Stamp, Wrong> {
    let ([a, b, year], end) = slashed_date(text).ok_or(Wrong::Form)?;
    let (day, month) = if order == DateOrder::DayFirst { (a, b) } else { (b, a) };
    let rest = &text[end..];
    let rest = match rest.first() {
        Some(b' ' | b'T' | b',') => rest[1..].trim_ascii_start(),
        _ => return Err(Wrong::Form),
    };
    let (rest, afternoon) = match rest.to_ascii_lowercase().trim_ascii_end().strip_suffix(b"m") {
        Some(half) if half.ends_with(b"p") => (rest[..half.len() - 1].trim_ascii_end(), 12),
        Some(half) if half.ends_with(b"a") => (rest[..half.len() - 1].trim_ascii_end(), -12),
        _ => (rest, 0),
    };
    of_day(date_start(year, month, day)?, rest, afternoon)
}

/// The three numbers of a date with slashes, in order, and where it ends.
pub(super) fn slashed_date(text: &[u8]) -> Option<([i64; 3], usize)> {
    let (mut numbers, mut at) = ([0; 3], 0);
    for (part, number) in numbers.iter_mut().enumerate() {
        let length = text[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        if !(if part < 2 { 1..=2 } else { 4..=4 }).contains(&length) {
            return None;
        }
        *number = digits::whole(&text[at..at + length])? as i64;
        at += length;
        if part < 2 {
            at += text[at..].starts_with(b"/").then_some(1)?;
        }
    }
    Some((numbers, at))
}

/// The stamp at `10:05:03.5 +0000` on the day that starts at `midnight`; `half` is 12 for PM, -12 for AM.
fn of_day(midnight: i64, text: &[u8], half: i64) -> Result<Stamp, Wrong> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let hour = match (digits, text) {
        (1, [ones, ..]) => two_digits([b'0', *ones]).ok_or(Wrong::Form)?,
        (2, [tens, ones, ..]) => two_digits([*tens, *ones]).ok_or(Wrong::Form)?,
        _ => return Err(Wrong::Form),
    };
    let [b':', m1, m2, rest @ ..] = &text[digits..] else { return Err(Wrong::Form) };
    let minute = two_digits([*m1, *m2]).ok_or(Wrong::Form)?;
    let (second, rest) = match rest {
        [b':', s1, s2, rest @ ..] => (two_digits([*s1, *s2]).ok_or(Wrong::Form)?, rest),
        _ => (0, rest),
    };
    let is_half_day = half != 0;
    if hour > 23 || minute > 59 || second > 59 || (is_half_day && !(1..=12).contains(&hour)) {
        return Err(Wrong::Value(format!("there is no time {hour}:{minute:02}:{second:02} in a day")));
    }
    let hour = if is_half_day { hour % 12 + half.max(0) } else { hour };
    let (nanos, rest) = fraction(rest)?;
    stamp(midnight + hour * 3_600 + minute * 60 + second - offset(rest)?, nanos)
}

const POWERS_OF_TEN: [i64; 10] =
    [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000];

#[inline]
fn stamp(seconds: i64, nanos: i64) -> Result<Stamp, Wrong> {
    if !(0..LAST_SECOND).contains(&seconds) {
        return Err(Wrong::Value("it is outside the years 1970 to 2200".into()));
    }
    Ok(Stamp(seconds * NANOS_PER_SECOND + nanos))
}

fn minute_start(text: &[u8; 17]) -> Result<i64, Wrong> {
    let &[y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2, b' ' | b'T' | b't', h1, h2, b':', n1, n2, b':'] = text else {
        return Err(Wrong::Form);
    };
    let pair = |tens, ones| two_digits([tens, ones]).ok_or(Wrong::Form);
    let year = pair(y1, y2)? * 100 + pair(y3, y4)?;
    let (month, day, hour, minute) = (pair(m1, m2)?, pair(d1, d2)?, pair(h1, h2)?, pair(n1, n2)?);
    let date = date_start(year, month, day)?;
    match () {
        _ if hour > 23 => Err(Wrong::Value(format!("there is no hour {hour}"))),
        _ if minute > 59 => Err(Wrong::Value(format!("there is no minute {minute}"))),
        _ => Ok(date + hour * 3_600 + minute * 60),
    }
}

/// Seconds from 1970 to the start of a day.
fn date_start(year: i64, month: i64, day: i64) -> Result<i64, Wrong> {
    let impossible = |what: String| Err(Wrong::Value(what));
    match () {
        _ if !(1969..=2201).contains(&year) => impossible("it is outside the years 1970 to 2200".into()),
        _ if !(1..=12).contains(&month) => impossible(format!("there is no month {month}")),
        _ if !(1..=days_in_month(year, month)).contains(&day) => {
            impossible(format!("{year}-{month:02} has no day {day}"))
        }
        _ => Ok(days_since_1970(year, month, day) * SECONDS_PER_DAY),
    }
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 to a date of the Gregorian calendar (Howard Hinnant, "chrono-compatible low-level date
/// algorithms", `days_from_civil`: years begin in March, so that the leap day is the last).
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    year * 365 + year / 4 - year / 100 + year / 400 + day_of_year - 719_468
}

/// The nanoseconds of a fraction such as `.68059` or `,68059`, if there is one, and what follows.
fn fraction(text: &[u8]) -> Result<(i64, &[u8]), Wrong> {
    let Some(text) = text.strip_prefix(b".").or(text.strip_prefix(b",")) else { return Ok((0, text)) };
    let end = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    match end {
        0 => Err(Wrong::Form),
        1..=9 => {
            Ok((digits.iter().fold(0, |n, digit| n * 10 + i64::from(digit - b'0')) * POWERS_OF_TEN[9 - end], rest))
        }
        _ => Err(Wrong::Value(format!("of its {end} digits of fraction at most 9 can be read"))),
    }
}

/// Seconds by which a zone such as `Z`, `UTC`, `+09:00`, `-0330` or `+01` is ahead of UTC; none is UTC.
fn offset(zone: &[u8]) -> Result<i64, Wrong> {
    let (sign, hours, minutes) = match *zone.trim_ascii_start() {
        [] | [b'Z' | b'z'] | [b'U', b'T', b'C'] | [b'G', b'M', b'T'] => return Ok(0),
        [sign, h1, h2] => (sign, [h1, h2], *b"00"),
        [sign, h1, h2, m1, m2] | [sign, h1, h2, b':', m1, m2] => (sign, [h1, h2], [m1, m2]),
        _ => return Err(Wrong::Form),
    };
    let (hours, minutes) = (two_digits(hours).ok_or(Wrong::Form)?, two_digits(minutes).ok_or(Wrong::Form)?);
    if hours > 23 || minutes > 59 {
        return Err(Wrong::Value(format!("there is no zone {hours:02}:{minutes:02} from UTC")));
    }
    match sign {
        b'+' => Ok(hours * 3_600 + minutes * 60),
        b'-' => Ok(-hours * 3_600 - minutes * 60),
        _ => Err(Wrong::Form),
    }
}

fn misread_civil(cell: &[u8], wrong: Wrong) -> Misread {
    match wrong {
        Wrong::Value(why) => Misread::new(format!("{} is not a time: {why}", quote(cell)), CIVIL_HELP),
        Wrong::Form if is_decimal(cell.trim_ascii()) => {
            let unit = likely_unit(cell).map_or("s", TimeUnit::word);
            let help = format!("set `format = \"csv\"`, `time-column` and, say, `time-unit = \"{unit}\"`");
            Misread::new(format!("{} is a time without a unit", quote(cell)), help)
        }
        Wrong::Form => not_a(cell, "a time", CIVIL_HELP),
    }
}

/// Why a text is not a number of units of time.
enum WrongCount {
    Form,
    TooLarge,
}

/// A plain decimal number of `unit`, rounded to the nearest nanosecond; digits past the 18th of the fraction are ignored.
fn counted(text: &[u8], unit: TimeUnit) -> Result<Stamp, WrongCount> {
    let (count, part) = match digits::whole(text) {
        Some(count) => (count, 0),
        None => count_and_part(text, unit)?,
    };
    let nanos = count.checked_mul(unit.nanos()).and_then(|nanos| nanos.checked_add(part));
    match nanos.map(i64::try_from) {
        Some(Ok(nanos)) if nanos < LAST_SECOND * NANOS_PER_SECOND => Ok(Stamp(nanos)),
        _ => Err(WrongCount::TooLarge),
    }
}

/// A length of time in `cell`, in nanoseconds; `None` where it is blank or, as `-1` in some logs, not known.
pub(super) fn duration(cell: &[u8], unit: TimeUnit) -> Result<Option<u64>, Misread> {
    let text = cell.trim_ascii();
    if matches!(text, b"" | b"-") || text.starts_with(b"-1") || text.eq_ignore_ascii_case(b"nan") {
        return Ok(None);
    }
    let nanos = counted(text, unit).map_err(|wrong| match wrong {
        WrongCount::Form => {
            not_a(cell, format!("a duration in {}", unit.name()), "write plain numbers, or leave it blank")
        }
        WrongCount::TooLarge => {
            let message = format!("a duration of {} {} is longer than 200 years", quote(cell), unit.name());
            Misread::new(message, "check `duration-unit`")
        }
    })?;
    Ok(u64::try_from(nanos.0).ok())
}

/// Whole units, and the nanoseconds of the fraction.
fn count_and_part(text: &[u8], unit: TimeUnit) -> Result<(u64, u64), WrongCount> {
    if !is_decimal(text) {
        return Err(WrongCount::Form);
    }
    let point = text.iter().position(|&byte| byte == b'.').unwrap_or(text.len());
    let fraction = text.get(point + 1..).unwrap_or_default();
    let fraction = &fraction[..fraction.len().min(18)];
    let count = digits::whole(&text[..point]).ok_or(WrongCount::TooLarge)?;
    let one = 10u128.pow(fraction.len() as u32);
    let nanos = u128::from(digits::whole(fraction).unwrap_or_default()) * u128::from(unit.nanos());
    // Below `unit.nanos()`, or equal to it after rounding.
    Ok((count, ((nanos + one / 2) / one) as u64))
}

fn misread_count(cell: &[u8], unit: TimeUnit, wrong: WrongCount) -> Misread {
    let text = cell.trim_ascii();
    let name = unit.name();
    let not_a_number = format!("a number of {name}");
    match wrong {
        WrongCount::TooLarge => {
            let help = match likely_unit(cell) {
                Some(likely) if likely != unit => format!("is it `time-unit = \"{}\"`?", likely.word()),
                _ => "write a smaller number".into(),
            };
            Misread::new(format!("{} {name} after 1970 is past the year 2200", quote(cell)), help)
        }
        WrongCount::Form if text.strip_prefix(b"-").is_some_and(is_decimal) => {
            let help = "count from an earlier zero, so that no stamp is negative";
            not_a(cell, format!("{not_a_number} from 0"), help)
        }
        WrongCount::Form if is_scientific(text) => {
            let help = "write all digits: a spreadsheet that shows `1.7E+12` has dropped some";
            not_a(cell, format!("{not_a_number} in plain digits"), help)
        }
        WrongCount::Form => {
            not_a(cell, not_a_number, "write plain numbers, or leave `time-unit` out where stamps are dates")
        }
    }
}

/// The first instant with ten digits of Unix seconds, in 2001.
const FIRST_UNIX: i64 = 1_000_000_000 * NANOS_PER_SECOND;

fn is_scientific(text: &[u8]) -> bool {
    let split = text.iter().position(|byte| matches!(byte, b'e' | b'E'));
    split.is_some_and(|at| {
        let exponent = &text[at + 1..];
        is_decimal(&text[..at]) && is_decimal(exponent.strip_prefix(b"+").unwrap_or(exponent))
    })
}

/// The unit in which a Unix time of so many digits lies between 2001 and 2286.
pub(super) fn likely_unit(cell: &[u8]) -> Option<TimeUnit> {
    match cell.trim_ascii().iter().take_while(|byte| byte.is_ascii_digit()).count() {
        10 => Some(TimeUnit::Seconds),
        13 => Some(TimeUnit::Millis),
        16 => Some(TimeUnit::Micros),
        19 => Some(TimeUnit::Nanos),
        _ => None,
    }
}

/// `nanos` in units of `unit_nanos`, without trailing zeros.
fn decimal(nanos: u64, unit_nanos: u64) -> String {
    let (whole, rest) = (nanos / unit_nanos, nanos % unit_nanos);
    if rest == 0 {
        return whole.to_string();
    }
    let digits = unit_nanos.ilog10() as usize;
    format!("{whole}.{}", format!("{rest:0digits$}").trim_end_matches('0'))
}

#[inline]
fn two_digits([tens, ones]: [u8; 2]) -> Option<i64> {
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    (tens < 10 && ones < 10).then_some(i64::from(tens) * 10 + i64::from(ones))
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
        ] {
            assert_eq!(civil(text), Ok(SECOND + nanos), "{text}");
        }
        assert_eq!(civil("1970-01-01 00:00:00"), Ok(0));
        assert_eq!(civil("2000-02-29 00:00:00"), Ok(951_782_400 * NANOS_PER_SECOND));
        assert_eq!(civil("2200-12-31 23:59:59"), Ok((LAST_SECOND - 1) * NANOS_PER_SECOND));
    }

    #[test]
    fn days_agree_with_jiff() {
        let first = jiff::civil::date(1970, 1, 1);
        for days in 0..LAST_SECOND / SECONDS_PER_DAY {
            let date = first + jiff::Span::new().days(days);
            let (year, month, day) = (i64::from(date.year()), i64::from(date.month()), i64::from(date.day()));
            assert_eq!(days_since_1970(year, month, day), days, "{date}");
            assert!(day <= days_in_month(year, month), "{date}");
        }
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
            ("2023-11-16 18:15:46 PST", ""),
            ("2023/11/16 18:15:46", ""),
            ("16.11.2023 18:15:46", ""),
        ] {
            assert_eq!(civil(text), Err(format!("`{text}` is not a time{why}")));
        }
        assert_eq!(civil("  "), Err("the time is missing".into()));
        assert_eq!(civil("1700158546680"), Err("`1700158546680` is a time without a unit".into()));
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
