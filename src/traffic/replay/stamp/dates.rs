//! Dates as logs write them.

use super::numbers::likely_unit;
use super::{LAST_SECOND, NANOS_PER_SECOND, SECONDS_PER_DAY, Stamp, Writing};
use crate::traffic::replay::digits::{self, is_decimal};
use crate::traffic::replay::error::{not_a, quote};
use crate::traffic::replay::{DateOrder, TimeUnit};
use crate::units::grammar::Misread;

const CIVIL_HELP: &str = "write stamps as `2023-11-16 18:15:46.6805900`, in UTC or with a zone such as `+09:00`";

/// Why a text is not a date with a time.
pub(super) enum Wrong {
    /// It is laid out in another way.
    Form,
    /// It names an instant that does not exist, or is out of range.
    Value(String),
    /// Its zone is nothing but letters, and nothing says whose they are.
    Letters([u8; 5]),
}

/// What a date says before its zone counts.
pub(super) struct Local {
    /// Seconds from 1970, as if it were in UTC.
    pub(super) seconds: i64,
    pub(super) nanos: i64,
    /// Which clocks it is of.
    pub(super) clocks: Clocks,
}

/// Whose clocks a date is of.
#[derive(Clone, Copy)]
pub(super) enum Clocks {
    /// It does not say.
    Unsaid,
    /// Clocks so many seconds ahead of UTC.
    Ahead(i64),
    /// Those of a zone of which it has letters such as `PST`, with blanks behind.
    Named([u8; 5]),
}

/// Dates as access logs, spreadsheets and usage reports write them.
pub(super) fn other_form(text: &[u8], writing: Writing) -> Result<Local, Wrong> {
    if writing.has_days && text.len() == 10 {
        let midnight: Vec<u8> = [text, b" 00:00:"].concat();
        let midnight = midnight.first_chunk().ok_or(Wrong::Form)?;
        return Ok(Local { seconds: minute_start(midnight)?, nanos: 0, clocks: Clocks::Unsaid });
    }
    match (writing.order, text.first_chunk::<12>()) {
        (Some(order), _) => slashed(text, order),
        (None, Some(date)) => english(date, &text[12..]),
        (None, None) => Err(Wrong::Form),
    }
}

/// `17/May/2015:10:05:03 +0000`, its date and the rest.
fn english(date: &[u8; 12], rest: &[u8]) -> Result<Local, Wrong> {
    const MONTHS: &[u8; 36] = b"janfebmaraprmayjunjulaugsepoctnovdec";
    let &[d1, d2, b'/', a, b, c, b'/', y1, y2, y3, y4, b':'] = date else { return Err(Wrong::Form) };
    let name = [a, b, c].map(|letter| letter.to_ascii_lowercase());
    let month = MONTHS.chunks(3).position(|month| month == name).ok_or(Wrong::Form)? as i64 + 1;
    let pair = |tens, ones| two_digits([tens, ones]).ok_or(Wrong::Form);
    let (day, year) = (pair(d1, d2)?, pair(y1, y2)? * 100 + pair(y3, y4)?);
    of_day(date_start(year, month, day)?, rest, 0)
}

/// `16/11/2023 18:15:46.68` or `11/16/2023 6:15 PM`, as `order` says.
fn slashed(text: &[u8], order: DateOrder) -> Result<Local, Wrong> {
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
pub(in crate::traffic::replay) fn slashed_date(text: &[u8]) -> Option<([i64; 3], usize)> {
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

/// What `10:05:03.5 +0000` is on the day that starts at `midnight`; `half` is 12 for PM, -12 for AM.
fn of_day(midnight: i64, text: &[u8], half: i64) -> Result<Local, Wrong> {
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
    Ok(Local { seconds: midnight + hour * 3_600 + minute * 60 + second, nanos, clocks: clocks(rest)? })
}

pub(super) const POWERS_OF_TEN: [i64; 10] =
    [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000];

#[inline]
pub(super) fn stamp(seconds: i64, nanos: i64) -> Result<Stamp, Wrong> {
    if !(0..LAST_SECOND).contains(&seconds) {
        return Err(Wrong::Value("it is outside the years 1970 to 2200".into()));
    }
    Ok(Stamp(seconds * NANOS_PER_SECOND + nanos))
}

pub(super) fn minute_start(text: &[u8; 17]) -> Result<i64, Wrong> {
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
pub(super) fn fraction(text: &[u8]) -> Result<(i64, &[u8]), Wrong> {
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

/// The clocks that `Z`, `UTC`, `GMT`, `+09:00`, `-0330`, `+01` or letters such as `PST` stand for.
pub(super) fn clocks(zone: &[u8]) -> Result<Clocks, Wrong> {
    let zone = zone.trim_ascii_start();
    let (sign, hours, minutes) = match *zone {
        [] => return Ok(Clocks::Unsaid),
        _ if [&b"z"[..], b"utc", b"gmt"].iter().any(|utc| zone.eq_ignore_ascii_case(utc)) => {
            return Ok(Clocks::Ahead(0));
        }
        [_, _, _, ..] if zone.len() <= 5 && zone.iter().all(u8::is_ascii_uppercase) => {
            let mut letters = [b' '; 5];
            letters[..zone.len()].copy_from_slice(zone);
            return Ok(Clocks::Named(letters));
        }
        [sign, h1, h2] => (sign, [h1, h2], *b"00"),
        [sign, h1, h2, m1, m2] | [sign, h1, h2, b':', m1, m2] => (sign, [h1, h2], [m1, m2]),
        _ => return Err(Wrong::Form),
    };
    let (hours, minutes) = (two_digits(hours).ok_or(Wrong::Form)?, two_digits(minutes).ok_or(Wrong::Form)?);
    if hours > 23 || minutes > 59 {
        return Err(Wrong::Value(format!("there is no zone {hours:02}:{minutes:02} from UTC")));
    }
    match sign {
        b'+' => Ok(Clocks::Ahead(hours * 3_600 + minutes * 60)),
        b'-' => Ok(Clocks::Ahead(-hours * 3_600 - minutes * 60)),
        _ => Err(Wrong::Form),
    }
}

/// Places whose clocks some letters stand for. The same letters mean the clocks of several places, and most places change
/// theirs twice a year, so that none of them is taken without being asked for.
const PLACES: [(&[u8; 5], &str); 12] = [
    (b"PST  ", "`zone = \"America/Los_Angeles\"` or `\"Asia/Manila\"`"),
    (b"PDT  ", "`zone = \"America/Los_Angeles\"` or `\"America/Vancouver\"`"),
    (b"MST  ", "`zone = \"America/Denver\"` or `\"America/Phoenix\"`"),
    (b"CST  ", "`zone = \"America/Chicago\"` or `\"Asia/Shanghai\"`"),
    (b"CDT  ", "`zone = \"America/Chicago\"` or `\"America/Havana\"`"),
    (b"EST  ", "`zone = \"America/New_York\"` or `\"America/Panama\"`"),
    (b"EDT  ", "`zone = \"America/New_York\"` or `\"America/Toronto\"`"),
    (b"IST  ", "`zone = \"Asia/Kolkata\"`, `\"Europe/Dublin\"` or `\"Asia/Jerusalem\"`"),
    (b"BST  ", "`zone = \"Europe/London\"`, or `\"Asia/Dhaka\"` without the letters"),
    (b"CET  ", "`zone = \"Europe/Berlin\"` or `\"Africa/Algiers\"`"),
    (b"CEST ", "`zone = \"Europe/Berlin\"` or `\"Europe/Paris\"`"),
    (b"JST  ", "`zone = \"Asia/Tokyo\"`"),
];

/// The question that the letters of a zone leave open.
fn which_zone(cell: &[u8], letters: &[u8; 5]) -> Misread {
    let place = PLACES.iter().find(|(known, _)| *known == letters);
    let place = place.map_or("`zone = \"America/Los_Angeles\"` or another place", |(_, places)| *places);
    let letters = quote(letters.trim_ascii_end());
    let message = format!("{} is of a zone called {letters}, which says too little", quote(cell));
    Misread::new(message, format!("which place's clocks are {letters}? write its {place}"))
}

pub(super) fn misread_civil(cell: &[u8], wrong: Wrong) -> Misread {
    match wrong {
        Wrong::Value(why) => Misread::new(format!("{} is not a time: {why}", quote(cell)), CIVIL_HELP),
        Wrong::Letters(letters) => which_zone(cell, &letters),
        Wrong::Form if is_decimal(cell.trim_ascii()) => {
            let unit = likely_unit(cell).map_or("s", TimeUnit::word);
            let help = format!("set `format = \"csv\"`, `time-column` and, say, `time-unit = \"{unit}\"`");
            Misread::new(format!("{} is a time without a unit", quote(cell)), help)
        }
        Wrong::Form => not_a(cell, "a time", CIVIL_HELP),
    }
}

#[inline]
pub(super) fn two_digits([tens, ones]: [u8; 2]) -> Option<i64> {
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    (tens < 10 && ones < 10).then_some(i64::from(tens) * 10 + i64::from(ones))
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
