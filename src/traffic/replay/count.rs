//! Token counts as logs write them.

use super::Thousands;
use super::digits::{self, are_digits};
use super::error::not_a;
use crate::units::Tokens;
use crate::units::grammar::Misread;

const HELP: &str = "write a whole number from 0 to 4294967295 without separators, or leave the cell blank";
const SUM_HELP: &str = "write a whole number without separators, or leave the cell blank";
const ASK: &str = "say what groups the digits: `thousands = \".\"`, `\",\"` or `\"none\"`";

/// The count in `cell`; a blank, `-`, `null`, `NaN` or `None` is a count that nobody recorded, and `59200.0` is 59200.
pub(super) fn read(cell: &[u8], thousands: Option<Thousands>) -> Result<Option<Tokens>, Misread> {
    match whole(cell) {
        Some(count) => Ok(Some(Tokens::new(count))),
        None => unusual(cell, thousands, ("a token count", HELP))?.map(|count| narrow(count, cell)).transpose(),
    }
}

/// The same for a sum over many requests.
pub(super) fn read_sum(cell: &[u8], thousands: Option<Thousands>) -> Result<Option<u64>, Misread> {
    match digits::whole(cell) {
        Some(count) => Ok(Some(count)),
        None => unusual(cell, thousands, ("a count", SUM_HELP)),
    }
}

fn whole(text: &[u8]) -> Option<u32> {
    digits::whole(text).and_then(|number| u32::try_from(number).ok())
}

/// `count`, as `cell` says, as the count of one request.
pub(super) fn narrow(count: u64, cell: &[u8]) -> Result<Tokens, Misread> {
    let too_large = |_| not_a(cell, "a token count: it is too large", HELP);
    u32::try_from(count).map(Tokens::new).map_err(too_large)
}

/// Reads a cell that holds more than digits, or none.
fn unusual(cell: &[u8], thousands: Option<Thousands>, (what, help): (&str, &str)) -> Result<Option<u64>, Misread> {
    let text = cell.trim_ascii();
    if is_missing(text) {
        return Ok(None);
    }
    let ungrouped = match thousands {
        Some(Thousands::Point) => grouped(text, b'.'),
        Some(Thousands::Comma) => grouped(text, b','),
        Some(Thousands::None) => None,
        // `374.000` is 374 to some programs and 374000 to others.
        None if grouped(text, b'.').is_some_and(|digits| digits.ends_with(b"000")) => {
            return Err(not_a(cell, format!("{what} beyond doubt"), ASK));
        }
        None if grouped(text, b'.').or(grouped(text, b',')).is_some() => return Err(not_a(cell, what, ASK)),
        None => None,
    };
    let text = ungrouped.as_deref().unwrap_or(text);
    let number = match text.iter().position(|&byte| byte == b'.') {
        Some(point) if is_zeros(&text[point + 1..]) => &text[..point],
        Some(_) => return Err(not_a(cell, what, help)),
        None => text,
    };
    let why = match digits::whole(number) {
        Some(count) => return Ok(Some(count)),
        None if are_digits(number) => ": it is too large",
        None if number.strip_prefix(b"-").is_some_and(are_digits) => ": it is negative",
        None => "",
    };
    Err(not_a(cell, format!("{what}{why}"), help))
}

/// The digits of a number such as `1.374.000`, whose groups of three `separator` parts.
fn grouped(text: &[u8], separator: u8) -> Option<Vec<u8>> {
    let mut groups = text.split(|&byte| byte == separator);
    let first = groups.next().filter(|first| (1..=3).contains(&first.len()) && are_digits(first))?;
    let rest: Vec<&[u8]> = groups.collect();
    let is_grouped = !rest.is_empty() && rest.iter().all(|group| group.len() == 3 && are_digits(group));
    is_grouped.then(|| [&[first], &rest[..]].concat().concat())
}

fn is_missing(text: &[u8]) -> bool {
    let words: [&[u8]; 5] = [b"", b"-", b"null", b"nan", b"none"];
    words.iter().any(|word| text.eq_ignore_ascii_case(word))
}

fn is_zeros(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(|&byte| byte == b'0')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_missing_counts() {
        let count = |text: &str| read(text.as_bytes(), None);
        for (text, tokens) in [("0", 0), ("374", 374), ("59200.0", 59_200), (" 007 ", 7), ("4294967295", u32::MAX)] {
            assert_eq!(count(text), Ok(Some(Tokens::new(tokens))), "{text}");
        }
        for text in ["", "  ", "-", "null", "NULL", "NaN", "nan", "None"] {
            assert_eq!(count(text), Ok(None), "{text}");
        }
        for text in ["abc", "1,374", "1.374", "1.", ".0", "1e3", "-5", "-5.0", "+5", "4294967296", "inf", "0x10", "--"]
        {
            assert!(count(text).is_err(), "{text}");
        }
    }

    #[test]
    fn groups_of_digits_are_read_where_the_scenario_says_so() {
        let count = |text: &str, thousands| read(text.as_bytes(), thousands).map(|count| count.map(Tokens::get));
        for text in ["1,374", "1.374", "374.000", "1.374.000"] {
            assert_eq!(count(text, None).unwrap_err().help, ASK, "{text}");
        }
        assert_eq!(count("1.374", Some(Thousands::Point)), Ok(Some(1_374)));
        assert_eq!(count("1.374.000", Some(Thousands::Point)), Ok(Some(1_374_000)));
        assert_eq!(count("374.000", Some(Thousands::Point)), Ok(Some(374_000)));
        assert_eq!(count("374.000", Some(Thousands::None)), Ok(Some(374)));
        assert_eq!(count("1,374", Some(Thousands::Comma)), Ok(Some(1_374)));
        for (text, thousands) in [("1,374", Thousands::Point), ("1.374", Thousands::Comma), ("13.74", Thousands::Point)]
        {
            assert!(count(text, Some(thousands)).is_err(), "{text}");
        }
    }
}
