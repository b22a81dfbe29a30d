//! Figures as people read them.

use crate::metrics::Estimate;

/// What a figure is, which decides its unit and its digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Figure {
    /// A fraction, printed in percent.
    Share,
    /// Seconds.
    Time,
    /// US dollars.
    Money,
    /// A plain number.
    Count,
}

/// `mean±half-width` with its unit: `38.1±0.4%`, `2.10±0.05s`, `$412±6`. Without an interval the mean alone, `never` where
/// it is never in each run, `never?` where it is in some, `-` where there is none. A half-width that rounds to nothing is
/// left out.
pub fn estimate(estimate: &Estimate, figure: Figure) -> String {
    let Some(mean) = estimate.mean else {
        return match (estimate.is_always_never(), estimate.never) {
            (true, _) => "never".into(),
            (false, 1..) => "never?".into(),
            (false, 0) => "-".into(),
        };
    };
    let (scale, prefix, unit) = unit(mean, figure);
    let decimals = decimals(mean / scale, figure);
    let spread = estimate.half_width().map(|half| format!("±{:.*}", decimals, half / scale));
    let spread = spread.filter(|spread| spread.contains(|c| matches!(c, '1'..='9'))).unwrap_or_default();
    let digits = grouped(format!("{:.*}", decimals, mean / scale), figure);
    format!("{prefix}{digits}{spread}{unit}")
}

/// A single number: `0.5%`, `10s`, `$500`, `1,234`.
pub fn number(value: f64, figure: Figure) -> String {
    let (scale, prefix, unit) = unit(value, figure);
    let decimals = decimals(value / scale, figure);
    let mut text = format!("{:.*}", decimals, value / scale);
    // Cents stay two digits.
    if text.contains('.') && (figure != Figure::Money || text.ends_with(".00")) {
        text.truncate(text.trim_end_matches('0').trim_end_matches('.').len());
    }
    format!("{prefix}{}{unit}", grouped(text, figure))
}

/// `items` with commas between them, indented by so many columns, in lines of 80 that break between items only.
pub fn wrapped(indent: usize, items: impl Iterator<Item = String>) -> String {
    const WIDTH: usize = 80;
    let start = |item: String| format!("{:indent$}{item}", "");
    let mut lines: Vec<String> = Vec::new();
    for item in items {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 2 + item.chars().count() < WIDTH => *line += &format!(", {item}"),
            Some(line) => {
                line.push(',');
                lines.push(start(item));
            }
            None => lines.push(start(item)),
        }
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// A plain number to three digits that count: `5.53`, `0.0107`, `61.7`, `19,366`.
pub fn significant(value: f64) -> String {
    let decimals = match value.abs() {
        v if v >= 100.0 || v == 0.0 || !v.is_finite() => 0,
        v if v >= 10.0 => 1,
        v if v >= 1.0 => 2,
        v => 2 + (-libm::log10(v)).ceil().clamp(0.0, 12.0) as usize,
    };
    grouped(format!("{value:.decimals$}"), Figure::Count)
}

fn unit(value: f64, figure: Figure) -> (f64, &'static str, &'static str) {
    match figure {
        Figure::Share => (0.01, "", "%"),
        Figure::Money => (1.0, "$", ""),
        Figure::Count => (1.0, "", ""),
        Figure::Time => match value.abs() {
            0.0 => (1.0, "", "s"),
            v if v < 1e-3 => (1e-6, "", "us"),
            v if v < 1.0 => (1e-3, "", "ms"),
            v if v < 120.0 => (1.0, "", "s"),
            v if v < 7_200.0 => (60.0, "", "min"),
            v if v < 172_800.0 => (3_600.0, "", "h"),
            _ => (86_400.0, "", "d"),
        },
    }
}

fn decimals(scaled: f64, figure: Figure) -> usize {
    match (figure, scaled.abs()) {
        (Figure::Count, _) => 0,
        (_, 0.0) => 0,
        (Figure::Money, v) if v >= 100.0 => 0,
        (Figure::Money, _) => 2,
        (Figure::Share, v) if v >= 10.0 => 1,
        (Figure::Share, _) => 2,
        (Figure::Time, v) if v >= 100.0 => 0,
        (Figure::Time, v) if v >= 10.0 => 1,
        (Figure::Time, _) => 2,
    }
}

/// Counts and dollars with a comma between thousands.
fn grouped(digits: String, figure: Figure) -> String {
    if !matches!(figure, Figure::Count | Figure::Money) {
        return digits;
    }
    let whole = digits.find('.').unwrap_or(digits.len());
    let mut out = String::with_capacity(digits.len() + 4);
    for (at, c) in digits.char_indices() {
        if at > 0 && at < whole && (whole - at).is_multiple_of(3) && !out.ends_with('-') {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// `text` in at most `width` characters, its middle replaced by `…`: names often differ only at their ends.
pub fn shorten(text: &str, width: usize) -> String {
    let chars: Vec<char> = text.chars().collect();
    if chars.len() <= width {
        return text.to_owned();
    }
    let (head, tail) = (width.saturating_sub(1).div_ceil(2), width.saturating_sub(1) / 2);
    chars[..head].iter().chain(&['…']).chain(&chars[chars.len() - tail..]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Value;

    #[test]
    fn estimates_carry_their_unit_and_spread() {
        let of = |values: &[f64]| Estimate::of(values.iter().map(|&v| Value::Is(v)));
        assert_eq!(estimate(&of(&[0.380, 0.381, 0.382]), Figure::Share), "38.1±0.2%");
        assert_eq!(estimate(&of(&[0.25]), Figure::Time), "250ms");
        assert_eq!(estimate(&of(&[90.0, 90.0]), Figure::Time), "90.0s");
        assert_eq!(estimate(&of(&[600.0, 660.0]), Figure::Time), "10.5±6.4min");
        assert_eq!(estimate(&of(&[412.0]), Figure::Money), "$412");
        assert_eq!(estimate(&Estimate::of([Value::Never]), Figure::Time), "never");
        assert_eq!(estimate(&Estimate::of([Value::Never, Value::Is(1.0)]), Figure::Time), "never?");
        assert_eq!(estimate(&Estimate::of([]), Figure::Time), "-");
    }

    #[test]
    fn numbers_are_short() {
        assert_eq!(number(0.005, Figure::Share), "0.5%");
        assert_eq!(number(10.0, Figure::Time), "10s");
        assert_eq!(number(1_234_567.0, Figure::Count), "1,234,567");
        assert_eq!(number(0.0, Figure::Money), "$0");
        assert_eq!([number(2.4, Figure::Money), number(5.0, Figure::Money)], ["$2.40", "$5"]);
        assert_eq!(number(-123_456.0, Figure::Count), "-123,456");
        assert_eq!(estimate(&Estimate::of([Value::Is(21_642.4)]), Figure::Money), "$21,642");
    }

    #[test]
    fn plain_numbers_have_three_digits() {
        let cases =
            [(5.5297, "5.53"), (0.010_706, "0.0107"), (0.1, "0.100"), (61.7, "61.7"), (100.4, "100"), (0.0, "0")];
        for (value, text) in cases {
            assert_eq!(significant(value), text);
        }
        assert_eq!((significant(19_366.2).as_str(), significant(-0.1124).as_str()), ("19,366", "-0.112"));
    }

    #[test]
    fn long_names_lose_their_middle() {
        assert_eq!(shorten("claude-paid/full-jitter", 11), "claud…itter");
        assert_eq!(shorten("short", 11), "short");
    }
}
