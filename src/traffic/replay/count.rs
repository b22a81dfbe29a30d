//! Token counts as logs write them.

use super::digits::{self, are_digits};
use super::error::not_a;
use crate::units::Tokens;
use crate::units::grammar::Misread;

const HELP: &str = "write a whole number from 0 to 4294967295 without separators, or leave the cell blank";

/// The count in `cell`; a blank, `-`, `null`, `NaN` or `None` is a count that nobody recorded, and `59200.0` is 59200.
pub(super) fn read(cell: &[u8]) -> Result<Option<Tokens>, Misread> {
    match whole(cell) {
        Some(count) => Ok(Some(Tokens::new(count))),
        None => unusual(cell),
    }
}

fn whole(text: &[u8]) -> Option<u32> {
    digits::whole(text).and_then(|number| u32::try_from(number).ok())
}

/// Reads a cell that holds more than digits, or none.
fn unusual(cell: &[u8]) -> Result<Option<Tokens>, Misread> {
    let text = cell.trim_ascii();
    if is_missing(text) {
        return Ok(None);
    }
    let number = match text.iter().position(|&byte| byte == b'.') {
        Some(point) if is_zeros(&text[point + 1..]) => &text[..point],
        Some(_) => return Err(not_a(cell, "a token count", HELP)),
        None => text,
    };
    let what = match whole(number) {
        Some(count) => return Ok(Some(Tokens::new(count))),
        None if are_digits(number) => "a token count: it is too large",
        None if number.strip_prefix(b"-").is_some_and(are_digits) => "a token count: it is negative",
        None => "a token count",
    };
    Err(not_a(cell, what, HELP))
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
        let count = |text: &str| read(text.as_bytes());
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
}
