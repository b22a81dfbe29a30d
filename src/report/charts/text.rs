//! Words and numbers as a figure shows them.

/// Longer than any label that fits; bounds the work of shortening.
const LONGEST: usize = 400;

/// `text` without what would make invalid XML or reorder the line: control characters, bidirectional controls and
/// noncharacters go, line breaks and tabs become spaces.
pub(super) fn clean(text: &str) -> String {
    let spaced = text.chars().map(|c| if matches!(c, '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}') { ' ' } else { c });
    spaced.filter(|&c| !c.is_control() && !is_bidi_control(c) && !is_noncharacter(c)).take(LONGEST).collect()
}

fn is_bidi_control(c: char) -> bool {
    matches!(c, '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

fn is_noncharacter(c: char) -> bool {
    matches!(c, '\u{fdd0}'..='\u{fdef}') || u32::from(c) & 0xfffe == 0xfffe
}

/// `text`, or as much of both its ends as `fits`, with `…` between: the names of cells often differ at the end only.
pub(super) fn shorten(text: &str, fits: impl Fn(&str) -> bool) -> String {
    if fits(text) {
        return text.to_owned();
    }
    let chars: Vec<char> = text.chars().collect();
    (1..chars.len()).rev().map(|kept| keep_ends(&chars, kept)).find(|short| fits(short)).unwrap_or_else(|| "…".into())
}

fn keep_ends(chars: &[char], kept: usize) -> String {
    let tail = kept / 2;
    let head: String = chars[..kept - tail].iter().collect();
    let tail: String = chars[chars.len() - tail..].iter().collect();
    format!("{}…{}", head.trim_end(), tail.trim_start())
}

/// `1.2k`, `45`, `0.05`: three digits and a letter for the thousands.
pub(super) fn number(value: f64) -> String {
    let scales = [(1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")];
    // 999.6 is 1k, not 1000: round first.
    let rounded = three_digits(value);
    match scales.into_iter().find(|(scale, _)| rounded.abs() >= *scale) {
        Some((scale, letter)) => format!("{}{letter}", plain(rounded / scale)),
        None => plain(rounded),
    }
}

/// A share of 1 as `12.3 %`. Never says 0 or 100 of what is only near it.
pub(super) fn percent(share: f64) -> String {
    let percent = share * 100.0;
    match percent {
        p if p > 0.0 && p < 0.01 => "< 0.01 %".into(),
        p if p > 99.99 && p < 100.0 => "> 99.99 %".into(),
        p if (99.5..100.0).contains(&p) => format!("{} %", plain((p * 100.0).floor() / 100.0)),
        p => format!("{} %", plain(three_digits(p))),
    }
}

/// Seconds as `250 ms`, `12.3 s`, `4.2 min`, `3 h` or `2.5 d`.
pub(super) fn duration(seconds: f64) -> String {
    let rounded = three_digits(seconds);
    let units = [(86_400.0, "d"), (3600.0, "h"), (60.0, "min"), (1.0, "s")];
    match units.into_iter().find(|(unit, _)| rounded.abs() >= *unit) {
        Some((unit, name)) => format!("{} {name}", plain(three_digits(seconds / unit))),
        None if seconds == 0.0 => "0 s".into(),
        None => format!("{} ms", plain(three_digits(seconds * 1000.0))),
    }
}

/// US dollars as `$1.2k`.
pub(super) fn dollars(value: f64) -> String {
    let sign = if value < 0.0 { "−" } else { "" };
    format!("{sign}${}", number(value.abs()))
}

/// What an interval of so many seconds is called: `minute`, `hour`, `5 min`.
pub(super) fn interval_name(seconds: f64) -> String {
    let named = [(1.0, "second"), (60.0, "minute"), (3600.0, "hour"), (86_400.0, "day")];
    match named.into_iter().find(|(length, _)| *length == seconds) {
        Some((_, name)) => name.into(),
        None => duration(seconds),
    }
}

/// `value` rounded to three significant digits.
fn three_digits(value: f64) -> f64 {
    // The shortest way that is exact: through the decimal text.
    format!("{value:.2e}").parse().unwrap_or(value)
}

/// Without an exponent and without trailing zeros.
fn plain(value: f64) -> String {
    let text = format!("{value:.6}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    match text.strip_prefix('-') {
        Some("0") => "0".into(),
        Some(digits) => format!("−{digits}"),
        None => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_go() {
        assert_eq!(clean("a\u{0}b\u{1b}[31m\u{85}c\td\u{202e}e\u{ffff}"), "ab[31mc de");
        assert_eq!(clean("<b>&"), "<b>&");
    }

    #[test]
    fn a_long_label_keeps_both_ends() {
        let fits = |limit: usize| move |s: &str| s.chars().count() <= limit;
        assert_eq!(shorten("claude-paid · naive", fits(30)), "claude-paid · naive");
        assert_eq!(shorten("claude-paid · full-jitter", fits(13)), "claude…jitter");
        assert_eq!(shorten(&"x".repeat(64), fits(0)), "…");
        assert_eq!(shorten("", fits(0)), "");
    }

    #[test]
    fn numbers_are_short() {
        for (value, text) in
            [(0.0, "0"), (0.05, "0.05"), (45.0, "45"), (999.6, "1k"), (1234.0, "1.23k"), (-2.5e6, "−2.5M")]
        {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn shares_near_the_ends_say_so() {
        let cases = [
            (0.0, "0 %"),
            (0.00001, "< 0.01 %"),
            (0.123_45, "12.3 %"),
            (0.9996, "99.96 %"),
            (0.999_99, "> 99.99 %"),
            (1.0, "100 %"),
            (4.0, "400 %"),
        ];
        for (share, text) in cases {
            assert_eq!(percent(share), text);
        }
    }

    #[test]
    fn durations_choose_their_unit() {
        for (seconds, text) in [
            (0.0, "0 s"),
            (0.25, "250 ms"),
            (12.34, "12.3 s"),
            (59.99, "1 min"),
            (252.0, "4.2 min"),
            (10_800.0, "3 h"),
            (216_000.0, "2.5 d"),
        ] {
            assert_eq!(duration(seconds), text);
        }
    }

    #[test]
    fn intervals_have_names() {
        assert_eq!(interval_name(60.0), "minute");
        assert_eq!(interval_name(300.0), "5 min");
    }
}
