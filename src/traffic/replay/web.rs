//! The lines of access logs: fields between blanks, in quotes or in brackets.

use super::records::Stop;
use super::source::Bytes;
use super::window::{NoMore, Window};
use crate::units::grammar::Misread;

/// The most bytes of one line.
const LINE_BYTES: usize = 1 << 20;
/// The most fields that are looked for.
const FIELDS: usize = 64;

/// A file of lines, read from the front to the end.
pub(super) struct Lines {
    window: Window,
    fields: Vec<(usize, usize)>,
}

impl Lines {
    /// Begins at the front of `file`.
    pub(super) fn new(file: Bytes) -> Self {
        Lines { window: Window::new(file, LINE_BYTES), fields: Vec::with_capacity(FIELDS) }
    }

    /// The line that is read.
    pub(super) fn line(&self) -> u64 {
        self.window.line()
    }

    /// The length of the next line that is not blank, all of which is ahead then; `None` at the end of the file.
    pub(super) fn next(&mut self) -> Result<Option<usize>, Stop> {
        let mut seen = 0;
        loop {
            let fresh = &self.window.ahead()[seen..];
            let end = fresh.iter().position(|&byte| byte == b'\n').map(|end| seen + end);
            seen += fresh.len();
            let (length, is_last) = match (end, end.is_none().then(|| self.window.more())) {
                (Some(end), _) => (end, false),
                (None, Some(Err(NoMore::End))) => (seen, true),
                (None, Some(Err(NoMore::Io(error)))) => return Err(Stop::Io(error)),
                (None, Some(Err(NoMore::TooLong))) => return Err(Stop::Data(too_long())),
                (None, _) => continue,
            };
            if !self.window.ahead()[..length].trim_ascii().is_empty() {
                return Ok(Some(length));
            }
            if is_last {
                return Ok(None);
            }
            self.window.pass(length + 1);
            seen = 0;
        }
    }

    /// The fields of the line that is `bytes` long.
    pub(super) fn fields(&mut self, bytes: usize) -> Fields<'_> {
        let text = &self.window.ahead()[..bytes];
        Fields::of(text, &mut self.fields)
    }

    /// Passes the line that is `bytes` long.
    pub(super) fn pass(&mut self, bytes: usize) {
        self.window.pass(bytes);
    }
}

/// The fields of one line.
#[derive(Clone, Copy)]
pub(super) struct Fields<'l> {
    text: &'l [u8],
    ends: &'l [(usize, usize)],
}

impl<'l> Fields<'l> {
    /// The fields of `text`, whose places go into `ends`.
    pub(super) fn of(text: &'l [u8], ends: &'l mut Vec<(usize, usize)>) -> Self {
        split(text, ends);
        Fields { text, ends }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The field at `index`, `None` past the last.
    pub(super) fn get(&self, index: usize) -> Option<&'l [u8]> {
        self.ends.get(index).map(|&(from, to)| &self.text[from..to])
    }

    /// Whether the field at `index` stands right behind `opening`, a quote or a bracket.
    pub(super) fn opens_with(&self, index: usize, opening: u8) -> bool {
        self.ends.get(index).is_some_and(|&(from, _)| self.text[..from].ends_with(&[opening]))
    }

    /// The whole line.
    pub(super) fn text(&self) -> &'l [u8] {
        self.text
    }
}

/// Finds the fields of `line`, without their quotes and brackets.
fn split(line: &[u8], fields: &mut Vec<(usize, usize)>) {
    fields.clear();
    let mut at = 0;
    while fields.len() < FIELDS {
        at += line[at..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        let Some(&first) = line.get(at) else { break };
        let (from, to) = match first {
            b'"' => (at + 1, quote_end(line, at + 1)),
            b'[' => (at + 1, until(line, at + 1, b']')),
            _ => (at, line[at..].iter().position(u8::is_ascii_whitespace).map_or(line.len(), |length| at + length)),
        };
        fields.push((from, to));
        at = (to + usize::from(from > at)).min(line.len());
    }
}

fn until(line: &[u8], from: usize, end: u8) -> usize {
    line[from..].iter().position(|&byte| byte == end).map_or(line.len(), |length| from + length)
}

/// Where the quote that opened in front of `from` closes; a backslash takes the meaning from what follows it.
fn quote_end(line: &[u8], from: usize) -> usize {
    let mut at = from;
    while at < line.len() && line[at] != b'"' {
        at += 1 + usize::from(line[at] == b'\\');
    }
    at.min(line.len())
}

fn too_long() -> Misread {
    Misread::new("the line is longer than 1 MiB", "end every record with a line end")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_and_brackets_hold_fields_together() {
        let fields = |line: &str| {
            let mut ends = Vec::new();
            split(line.as_bytes(), &mut ends);
            ends.into_iter().map(|(from, to)| line[from..to].to_owned()).collect::<Vec<_>>()
        };
        let line = r#"::1 - bob [17/May/2015:10:05:03 +0000] "GET /a\"b c HTTP/1.1" 200 - "" "x y" 0.5"#;
        let found = fields(line);
        let expected =
            ["::1", "-", "bob", "17/May/2015:10:05:03 +0000", r#"GET /a\"b c HTTP/1.1"#, "200", "-", "", "x y", "0.5"];
        assert_eq!(found, expected);
        assert_eq!(fields("a \"b"), ["a", "b"]);
        assert_eq!(fields("a [b \\"), ["a", "b \\"]);
        assert_eq!(fields("\"a\\"), ["a\\"]);
        assert_eq!(fields(""), [""; 0]);
    }
}
