//! Whole numbers in decimal digits, as fast as safe code reads them.

/// Whether `text` is digits and nothing else.
pub(super) fn are_digits(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(u8::is_ascii_digit)
}

/// Whether `text` is digits, perhaps with a point between them.
pub(super) fn is_decimal(text: &[u8]) -> bool {
    match text.iter().position(|&byte| byte == b'.') {
        Some(point) => are_digits(&text[..point]) && are_digits(&text[point + 1..]),
        None => are_digits(text),
    }
}

/// The number that the digits in `text` write; `None` where there is anything else, nothing, or more than 19 of them.
#[inline]
pub(super) fn whole(text: &[u8]) -> Option<u64> {
    let (mut number, mut has_other) = (0u64, false);
    // Nineteen digits fit, whatever they are, so that one look at the length is all it takes.
    if !(1..=19).contains(&text.len()) {
        return None;
    }
    for &byte in text {
        let digit = byte.wrapping_sub(b'0');
        has_other |= digit > 9;
        number = number.wrapping_mul(10).wrapping_add(u64::from(digit));
    }
    (!has_other).then_some(number)
}

/// The number at the start of `text` and how many digits it has, in `0..=8`; without a branch on any of them.
///
/// Eight bytes are handled as one word (Daniel Lemire, "Quickly parsing eight digits", 2018), after the digits have been
/// moved to its end and the bytes in front of them have become zeros.
#[inline]
pub(super) fn leading(text: [u8; 8]) -> (u64, usize) {
    const EACH: u64 = 0x0101_0101_0101_0101;
    let word = u64::from_le_bytes(text);
    // A digit has the high half 3, also when 6 is added. A carry can only reach bytes after one that is no digit.
    let high = (word & (0xf0 * EACH)) ^ (0x30 * EACH);
    let high_plus_six = (word.wrapping_add(6 * EACH) & (0xf0 * EACH)) ^ (0x30 * EACH);
    let digits = ((high | high_plus_six).trailing_zeros() / 8) as usize;
    if digits == 0 {
        return (0, 0);
    }
    let ones = (word & (0x0f * EACH)) << (64 - 8 * digits);
    let pairs = (ones.wrapping_mul(10)).wrapping_add(ones >> 8);
    const MASK: u64 = 0x0000_00ff_0000_00ff;
    let left = (pairs & MASK).wrapping_mul(100 + (1_000_000 << 32));
    let right = ((pairs >> 16) & MASK).wrapping_mul(1 + (10_000 << 32));
    (left.wrapping_add(right) >> 32, digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers() {
        for (text, expected) in [
            ("0", Some(0)),
            ("0042", Some(42)),
            ("9999999999999999999", Some(9_999_999_999_999_999_999)),
            ("10000000000000000000", None),
            ("", None),
            ("-1", None),
            ("1 ", None),
            ("1/", None),
            ("1:", None),
        ] {
            assert_eq!(whole(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn digits_at_the_start_of_a_word() {
        for (text, expected) in [
            (b"12345678", (12_345_678, 8)),
            (b"1234567,", (1_234_567, 7)),
            (b"0000042,", (42, 7)),
            (b"7\r\n90909", (7, 1)),
            (b"44\n2023-", (44, 2)),
            (b",1234567", (0, 0)),
            (b"99999\xff\xff\xff", (99_999, 5)),
            (b"1:345678", (1, 1)),
            (b"1/345678", (1, 1)),
            (b"\xff\xff\xff\xff\xff\xff\xff\xff", (0, 0)),
        ] {
            assert_eq!(leading(*text), expected, "{text:?}");
        }
    }
}
