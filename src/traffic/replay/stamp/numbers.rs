//! Time as numbers of a unit.

use super::{LAST_SECOND, NANOS_PER_SECOND, Stamp};
use crate::traffic::replay::TimeUnit;
use crate::traffic::replay::digits::{self, is_decimal};
use crate::traffic::replay::error::{not_a, quote};
use crate::units::grammar::Misread;

/// Why a text is not a number of units of time.
pub(super) enum WrongCount {
    Form,
    TooLarge,
}

/// A plain decimal number of `unit`, rounded to the nearest nanosecond; digits past the 18th of the fraction are ignored.
pub(super) fn counted(text: &[u8], unit: TimeUnit) -> Result<Stamp, WrongCount> {
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
pub(in crate::traffic::replay) fn duration(cell: &[u8], unit: TimeUnit) -> Result<Option<u64>, Misread> {
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

pub(super) fn misread_count(cell: &[u8], unit: TimeUnit, wrong: WrongCount) -> Misread {
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

fn is_scientific(text: &[u8]) -> bool {
    let split = text.iter().position(|byte| matches!(byte, b'e' | b'E'));
    split.is_some_and(|at| {
        let exponent = &text[at + 1..];
        is_decimal(&text[..at]) && is_decimal(exponent.strip_prefix(b"+").unwrap_or(exponent))
    })
}

/// The unit in which a Unix time of so many digits lies between 2001 and 2286.
pub(in crate::traffic::replay) fn likely_unit(cell: &[u8]) -> Option<TimeUnit> {
    match cell.trim_ascii().iter().take_while(|byte| byte.is_ascii_digit()).count() {
        10 => Some(TimeUnit::Seconds),
        13 => Some(TimeUnit::Millis),
        16 => Some(TimeUnit::Micros),
        19 => Some(TimeUnit::Nanos),
        _ => None,
    }
}

/// `nanos` in units of `unit_nanos`, without trailing zeros.
pub(super) fn decimal(nanos: u64, unit_nanos: u64) -> String {
    let (whole, rest) = (nanos / unit_nanos, nanos % unit_nanos);
    if rest == 0 {
        return whole.to_string();
    }
    let digits = unit_nanos.ilog10() as usize;
    format!("{whole}.{}", format!("{rest:0digits$}").trim_end_matches('0'))
}
