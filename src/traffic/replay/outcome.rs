//! How a call ended, where a log says so.

/// How a cell tells that a call failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Outcome {
    /// By an HTTP status: 400 or more, or 0, which stands for no answer at all.
    Http,
    /// By a status of any kind: a number of 400 or more, or a word of failure.
    Status,
    /// By saying whether it went well.
    Success,
    /// By saying what went wrong, and nothing where nothing did.
    Error,
    /// By being one of these words.
    Is(&'static [&'static str]),
}

/// What is written for a failure.
const FAILED: [&str; 13] = [
    "failure",
    "failed",
    "fail",
    "error",
    "errored",
    "timeout",
    "timed_out",
    "throttled",
    "rejected",
    "rate_limited",
    "false",
    "f",
    "no",
];

/// What is written for a success.
const WELL: [&str; 11] =
    ["success", "succeeded", "successful", "ok", "completed", "complete", "done", "finished", "true", "t", "yes"];

/// What is written for nothing.
const NOTHING: [&str; 8] = ["", "-", "null", "none", "nan", "false", "0", "[]"];

impl Outcome {
    /// Whether the call whose cell this is failed. What nobody knows the meaning of is no failure.
    #[inline]
    pub(super) fn is_failure(self, cell: &[u8]) -> bool {
        let cell = cell.trim_ascii();
        match self {
            Outcome::Http => code(cell).is_some_and(|code| code == 0 || code >= 400),
            Outcome::Status => code(cell).map_or_else(|| is_in(cell, &FAILED), |code| code >= 400),
            Outcome::Success => cell == b"0" || is_in(cell, &FAILED),
            Outcome::Error => !is_in(cell, &NOTHING),
            Outcome::Is(words) => is_in(cell, words),
        }
    }
}

/// Whether `cell` is what a status may be: a number or a word that says how a call ended.
pub(super) fn is_like_a_status(cell: &[u8]) -> bool {
    let cell = cell.trim_ascii();
    code(cell).is_some() || is_in(cell, &FAILED) || is_in(cell, &WELL) || is_in(cell, &NOTHING)
}

/// The number that `cell` begins with, as in `200` or `404 Not Found`.
#[inline]
fn code(cell: &[u8]) -> Option<u32> {
    let digits = cell.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let is_whole = matches!(cell.get(digits), None | Some(b' ' | b'.'));
    ((1..=9).contains(&digits) && is_whole)
        .then(|| cell[..digits].iter().fold(0, |code, digit| code * 10 + u32::from(digit - b'0')))
}

fn is_in(cell: &[u8], words: &[&str]) -> bool {
    words.iter().any(|word| cell.eq_ignore_ascii_case(word.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_told_by_what_the_cell_is_for() {
        let failures = |outcome: Outcome, cells: &[&str]| -> Vec<bool> {
            cells.iter().map(|cell| outcome.is_failure(cell.as_bytes())).collect()
        };
        let codes = ["200", "0", "429", "503 Service Unavailable", "-", "399", "200.0", "4000000000000"];
        assert_eq!(failures(Outcome::Http, &codes), [false, true, true, true, false, false, false, false]);
        let words = ["Success", "0", " FAILURE ", "429", "stop", "", "null", "rate_limited"];
        assert_eq!(failures(Outcome::Status, &words), [false, false, true, true, false, false, false, true]);
        assert_eq!(
            failures(Outcome::Success, &["true", "1", "false", "0", "F", ""]),
            [false, false, true, true, true, false]
        );
        assert_eq!(
            failures(Outcome::Error, &["", "-", "null", "None", "0", "ThrottlingException"]),
            [false, false, false, false, false, true]
        );
        assert_eq!(failures(Outcome::Is(&["0", "0.0"]), &["0", "0.0", "00", "7"]), [true, true, false, false]);
    }
}
