//! How the stamps of a log are written, told from its first rows, and asked for where these do not settle it.

use crate::traffic::replay::digits::is_decimal;
use crate::traffic::replay::error::quote;
use crate::traffic::replay::layout::Finder;
use crate::traffic::replay::shape::Sample;
use crate::traffic::replay::stamp::{Writing, likely_unit, slashed_date};
use crate::traffic::replay::{DateOrder, Replay, TimeUnit};
use crate::units::grammar::Misread;

/// How the stamps in the slot `time` are written. The name of the column may tell, where people gave it.
///
/// # Errors
///
/// Where numbers may count this or that, or dates may begin with the day or the month.
pub(super) fn tell(
    finder: &Finder,
    sample: &Sample,
    time: usize,
    (spec, has_telling_name): (&Replay, bool),
) -> Result<Writing, Misread> {
    let (name, found) = (finder.name(time), finder.found(time));
    let stamps: Vec<&[u8]> = found.iter().map(|cell| cell.trim_ascii()).filter(|cell| !cell.is_empty()).collect();
    let Some(first) = stamps.first() else { return Ok(Writing::default()) };
    if spec.time_unit.is_some() {
        return Ok(Writing { unit: spec.time_unit, ..Writing::default() });
    }
    if is_decimal(first.strip_prefix(b"-").unwrap_or(first)) {
        return number(named_unit(name).filter(|_| has_telling_name), &stamps);
    }
    if slashed_date(first).is_some() {
        let order = spec.date_order.map_or_else(|| order(name, &stamps, sample), Ok)?;
        return Ok(Writing { order: Some(order), ..Writing::default() });
    }
    Ok(Writing::default())
}

fn number(by_name: Option<TimeUnit>, stamps: &[&[u8]]) -> Result<Writing, Misread> {
    let by_size = likely_unit(stamps[0]).filter(|unit| stamps.iter().all(|stamp| likely_unit(stamp) == Some(*unit)));
    if let Some(other) = stamps.iter().find(|stamp| likely_unit(stamp) != likely_unit(stamps[0]))
        && likely_unit(stamps[0]).is_some()
    {
        let (first, other) = (quote(stamps[0]), quote(other));
        let message = format!("times are numbers such as {first} and {other}, which cannot be on one clock");
        return Err(Misread::new(message, "write all stamps on one clock, or state `time-unit`"));
    }
    let unit = match (by_size, by_name) {
        (Some(size), Some(name)) if size != name => return Err(unit_question(name_and_size(name, size), stamps[0])),
        (Some(unit), _) => return Ok(Writing { unit: Some(unit), is_unix: true, ..Writing::default() }),
        (None, unit) => unit,
    };
    match unit {
        Some(_) => Ok(Writing { unit, ..Writing::default() }),
        None => Err(unit_question("nothing says whether that is seconds or milliseconds".into(), stamps[0])),
    }
}

fn name_and_size(name: TimeUnit, size: TimeUnit) -> String {
    format!("the column's name says {} and its size {}", name.name(), size.name())
}

fn unit_question(why: String, stamp: &[u8]) -> Misread {
    let message = format!("times are numbers such as {}, and {why}", quote(stamp));
    Misread::new(message, "say which: `time-unit = \"s\"`, `\"ms\"`, `\"us\"` or `\"ns\"`")
}

/// The unit at the end of a column's name, as in `t_s`, `timestamp_ms` or `startTimeUnixNano`.
fn named_unit(name: &str) -> Option<TimeUnit> {
    let word = last_word(name);
    match word.as_str() {
        "s" | "sec" | "secs" | "seconds" => Some(TimeUnit::Seconds),
        "ms" | "msec" | "millis" | "milliseconds" => Some(TimeUnit::Millis),
        "us" | "usec" | "micros" | "microseconds" => Some(TimeUnit::Micros),
        "ns" | "nano" | "nanos" | "nanoseconds" => Some(TimeUnit::Nanos),
        _ => None,
    }
}

/// The last word of `name` in small letters, where words end at `_`, `-`, a point, a blank or a capital.
pub(super) fn last_word(name: &str) -> String {
    let name = name.trim_end_matches(')');
    let at = name.char_indices().rev().find(|(_, c)| !c.is_ascii_lowercase() && !c.is_ascii_digit());
    let word = match at {
        Some((at, c)) if c.is_ascii_uppercase() => &name[at..],
        Some((at, c)) => &name[at + c.len_utf8()..],
        None => name,
    };
    word.to_ascii_lowercase()
}

/// What comes first in dates with slashes: what is above 12 somewhere is no month.
fn order(name: &str, stamps: &[&[u8]], sample: &Sample) -> Result<DateOrder, Misread> {
    let dates: Vec<[i64; 3]> = stamps.iter().filter_map(|stamp| slashed_date(stamp)).map(|(date, _)| date).collect();
    let (first, second) = (dates.iter().any(|date| date[0] > 12), dates.iter().any(|date| date[1] > 12));
    match (first, second) {
        (true, false) => Ok(DateOrder::DayFirst),
        (false, true) => Ok(DateOrder::MonthFirst),
        (true, true) => {
            let message = "some dates begin with the day, as a number above 12 shows, and others with the month";
            Err(Misread::new(message, "write all dates in one order, best as `2023-11-16 18:15:46`"))
        }
        (false, false) => {
            let what = if sample.is_whole { "no date has" } else { "no date in the first rows has" };
            let message = format!(
                "dates such as {} in the column {} may begin with the day or the month: {what} a number above 12 that settles it",
                quote(stamps[0]),
                quote(name.as_bytes())
            );
            Err(Misread::new(message, "say which: `date-order = \"day-first\"` or `\"month-first\"`"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_stand_at_the_end_of_names() {
        for (name, unit) in [
            ("t_s", Some(TimeUnit::Seconds)),
            ("timestamp_ms", Some(TimeUnit::Millis)),
            ("Time (ms)", Some(TimeUnit::Millis)),
            ("startTimeUnixNano", Some(TimeUnit::Nanos)),
            ("ts", None),
            ("timestamps", None),
            ("arrived", None),
        ] {
            assert_eq!(named_unit(name), unit, "{name}");
        }
    }
}
