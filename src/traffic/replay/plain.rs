//! The rows that a log is full of, `2023-11-16 18:15:46.6805900,374,44` or `1700158546680,374,44`, read in one go.
//!
//! Most rows need no blanks and no zones, and quotes at most around the stamp. Such a row is read straight from the buffer, several times as fast
//! as through the CSV parser; any other row, right or wrong, is left to it.

use super::digits;
use super::stamp::{Clock, Stamp};
use crate::units::Tokens;
use std::num::NonZeroU64;

/// The most bytes of a plain row with its line end, behind a quote at its start.
const WINDOW: usize = 64;

/// What a row says, before it has a place on the simulated clock.
#[derive(Clone, Copy)]
pub(super) struct Reading {
    pub(super) stamp: Stamp,
    pub(super) input: Option<Tokens>,
    /// The part of `input` that was read from a cache.
    pub(super) cached: Option<Tokens>,
    pub(super) output: Option<Tokens>,
    /// The number of its client, where the log says who asked.
    pub(super) client: Option<u32>,
    /// The number of what it asks for, where the log says it.
    pub(super) key: Option<NonZeroU64>,
    /// Whether the log says that it failed.
    pub(super) failed: bool,
}

/// The row at the start of `ahead`, its stamp perhaps in quotes, and its length without the line end; `None` where it is not plain.
#[inline]
pub(super) fn read(ahead: &[u8], clock: &mut Clock) -> Option<(Reading, usize)> {
    let quote = usize::from(ahead.first() == Some(&b'"'));
    let window: &[u8; WINDOW] = ahead.get(quote..)?.first_chunk()?;
    let (stamp, end) = clock.leading(window)?;
    if quote == 1 && window[end] != b'"' {
        return None;
    }
    let (input, end) = count(window, end + quote)?;
    let (output, end) = count(window, end)?;
    let is_whole = matches!(window[end], b'\n' | b'\r');
    let reading = Reading {
        stamp,
        input: Some(input),
        cached: None,
        output: Some(output),
        client: None,
        key: None,
        failed: false,
    };
    is_whole.then_some((reading, quote + end))
}

/// The count behind the comma at `at`, in at most seven digits, and where it ends.
#[inline]
fn count(window: &[u8; WINDOW], at: usize) -> Option<(Tokens, usize)> {
    if window[at] != b',' {
        return None;
    }
    let (value, length) = digits::leading(*window[at + 1..].first_chunk()?);
    (1..=7).contains(&length).then_some((Tokens::new(value as u32), at + 1 + length))
}

#[cfg(test)]
mod tests {
    use super::super::stamp::Writing;
    use super::*;

    fn length(row: &str) -> Option<usize> {
        let mut bytes = row.as_bytes().to_vec();
        bytes.resize(WINDOW + 1, b'x');
        read(&bytes, &mut Clock::new(Writing::default())).map(|(_, length)| length)
    }

    #[test]
    fn a_zone_that_is_left_to_the_parser_is_no_missing_zone() {
        let mut clock = Clock::new(Writing::default());
        let mut row = b"2023-11-16 18:15:46+09:00,374,44\n".to_vec();
        row.resize(WINDOW, b'x');
        assert!(read(&row, &mut clock).is_none());
        assert!(!clock.has_bare_dates());
    }

    /// A number is read here as the parser would read it, or left to it.
    #[test]
    fn numbers_are_those_of_the_parser() {
        use super::super::TimeUnit;
        let mut read_here = 0;
        for unit in [TimeUnit::Seconds, TimeUnit::Millis, TimeUnit::Micros, TimeUnit::Nanos] {
            for is_unix in [false, true] {
                let mut clock = Clock::new(Writing { unit: Some(unit), is_unix, ..Writing::default() });
                for digits in 1..=20 {
                    for number in ["1234567890123456789", "9999999999999999999", "1000000000000000000"] {
                        let stamp = &format!("{number}0")[..digits];
                        let mut row = format!("{stamp},374,44\n").into_bytes();
                        row.resize(WINDOW, b'x');
                        let Some((reading, length)) = read(&row, &mut clock) else { continue };
                        assert_eq!((Ok(reading.stamp), length), (clock.read(stamp.as_bytes()), digits + 7), "{stamp}");
                        read_here += 1;
                    }
                }
            }
        }
        assert!(read_here > 150, "{read_here}");
        let mut clock = Clock::new(Writing { unit: Some(TimeUnit::Seconds), ..Writing::default() });
        for row in ["1700158546.5,374,44\n", ",374,44\n", "-1,374,44\n", "17001585466805900,374,44\n", "1e9,374,44\n"] {
            let mut row = row.as_bytes().to_vec();
            row.resize(WINDOW, b'x');
            assert!(read(&row, &mut clock).is_none());
        }
    }

    #[test]
    fn only_plain_rows_are_read() {
        for row in [
            "2023-11-16 18:15:46.6805900,374,44\r\n",
            "2023-11-16T18:15:46,0,9999999\n",
            "2023-11-16 18:15:46.1Z,1,2\n",
            "2023-11-16 18:15:46.680590+00:00,1,2\n",
            "\"2023-11-16 18:15:46.6805900\",374,44\r\n",
            "\"2023-11-16T18:15:46Z\",374,44\n",
        ] {
            assert_eq!(length(row), Some(row.trim_end().len()), "{row}");
        }
        for row in [
            "2023-11-16 18:15:46.6805900,374,44",
            "2023-11-16 18:15:46.6805900,374,\n",
            "2023-11-16 18:15:46.6805900,374,44,\n",
            "2023-11-16 18:15:46.6805900,374,4.0\n",
            "2023-11-16 18:15:46.6805900, 374,44\n",
            "2023-11-16 18:15:46.68059001,374,44\n",
            "2023-11-16 18:15:46.,374,44\n",
            "2023-11-16 18:15:46+09:00,374,44\n",
            "2023-11-16 18:15:60,374,44\n",
            "2023-02-30 18:15:46,374,44\n",
            "\"2023-11-16 18:15:46,374,44\n",
            "2023-11-16 18:15:46\",374,44\n",
            "\"2023-11-16 18:15:46\"\"\",374,44\n",
            "\"2023-11-16 18:15:46\",\"374\",44\n",
            "2023-11-16 18:15:46,12345678,44\n",
        ] {
            assert_eq!(length(row), None, "{row}");
        }
    }
}
