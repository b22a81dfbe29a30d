//! What can be wrong with a log, said so that its owner can mend it.

use super::source::Unpacking;
use crate::units::grammar::Misread;
use std::fmt;
use std::io;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

/// Whether the file could not be read, or could be and is wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TraceErrorKind {
    /// The file cannot be opened or read.
    Io,
    /// The content of the file is not what it should be.
    Data,
}

/// Why a log cannot be replayed, with its place as far as it is known.
///
/// It prints on one line: "`reports.csv`, line 17, column `ContextTokens`: `abc` is not a token count".
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TraceError {
    /// Whose fault it is.
    pub kind: TraceErrorKind,
    /// The log, as the caller named it.
    pub path: PathBuf,
    /// The line on which the record begins, from 1.
    pub line: Option<u64>,
    /// The number of the object, from 1, in JSON.
    pub object: Option<NonZeroU32>,
    /// The name of the column.
    pub column: Option<String>,
    /// What was found, in lower case without a full stop.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

impl TraceError {
    /// The content of `path` is wrong at `line`.
    pub(in crate::traffic) fn data(path: &Path, line: Option<u64>, column: Option<&str>, misread: Misread) -> Self {
        let (path, column) = (path.to_owned(), column.map(str::to_owned));
        TraceError {
            kind: TraceErrorKind::Data,
            path,
            line,
            object: None,
            column,
            message: misread.message,
            help: misread.help,
        }
    }

    /// `path` could not be used as a file.
    pub(in crate::traffic) fn io(path: &Path, message: impl Into<String>, help: &str) -> Self {
        let (path, message, help) = (path.to_owned(), message.into(), help.to_owned());
        TraceError { kind: TraceErrorKind::Io, path, line: None, object: None, column: None, message, help }
    }

    /// `path` could not be opened.
    pub(in crate::traffic) fn open(path: &Path, error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => TraceError::io(path, "there is no such file", "check the path"),
            io::ErrorKind::PermissionDenied => {
                TraceError::io(path, "you may not read this file", "ask for permission to read it, or copy it")
            }
            _ => TraceError::io(path, format!("it cannot be opened: {error}"), "check the path"),
        }
    }

    /// `path` could not be read on.
    pub(in crate::traffic) fn read(path: &Path, line: u64, error: &io::Error) -> Self {
        if let Some(unpacking) = error.get_ref().and_then(|inner| inner.downcast_ref::<Unpacking>()) {
            return TraceError::unpack(path, line, unpacking);
        }
        let message = format!("it cannot be read on: {error}");
        let place = TraceError::io(path, message, "check the disk or the network drive that holds it");
        TraceError { line: Some(line), ..place }
    }

    /// `path` could not be unpacked further than `line`.
    fn unpack(path: &Path, line: u64, unpacking: &Unpacking) -> Self {
        let help = match unpacking {
            Unpacking::TooLarge => "unpack it yourself if you trust it, and read what comes out",
            Unpacking::Broken(_) => "copy the file anew, or unpack it yourself",
        };
        TraceError::data(path, Some(line), None, Misread::new(unpacking.to_string(), help))
    }
}

impl fmt::Display for TraceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", printable(&self.path.to_string_lossy()))?;
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        if let Some(object) = self.object {
            write!(f, ", object {object}")?;
        }
        if let Some(column) = &self.column {
            write!(f, ", column {}", quote(column.as_bytes()))?;
        }
        write!(f, ": {}", self.message)
    }
}

impl std::error::Error for TraceError {}

/// The most characters of a cell that a message repeats.
const QUOTED_CHARS: usize = 40;

/// `cell` in backticks: at most [`QUOTED_CHARS`] of it, with nothing in it that a terminal would act on.
pub(in crate::traffic) fn quote(cell: &[u8]) -> String {
    let mut out = String::from("`");
    let mut left = QUOTED_CHARS;
    for chunk in cell.utf8_chunks() {
        for c in chunk.valid().chars().take(left) {
            push_printable(&mut out, c);
        }
        left = left.saturating_sub(chunk.valid().chars().take(left).count());
        for byte in chunk.invalid().iter().take(left) {
            out.push_str(&format!("\\x{byte:02x}"));
        }
        left = left.saturating_sub(chunk.invalid().len());
        if left == 0 {
            break;
        }
    }
    if is_longer(cell) {
        out.push('…');
    }
    out.push('`');
    out
}

fn is_longer(cell: &[u8]) -> bool {
    // An invalid byte counts as a character, so this is what `quote` went through.
    let count = |chunk: std::str::Utf8Chunk<'_>| chunk.valid().chars().count() + chunk.invalid().len();
    cell.utf8_chunks().map(count).sum::<usize>() > QUOTED_CHARS
}

pub(super) fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    text.chars().for_each(|c| push_printable(&mut out, c));
    out
}

fn push_printable(out: &mut String, c: char) {
    if c.is_control() || is_invisible(c) { out.extend(c.escape_unicode()) } else { out.push(c) }
}

/// Characters that turn the direction of a line, break it, or cannot be seen at all.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// `cell` is not what its column should hold; says so more precisely where it is not even text.
pub(super) fn not_a(cell: &[u8], what: impl fmt::Display, help: impl Into<String>) -> Misread {
    not_text(cell).unwrap_or_else(|| Misread::new(format!("{} is not {what}", quote(cell)), help))
}

/// What is wrong with `bytes` as text, if anything.
pub(super) fn not_text(bytes: &[u8]) -> Option<Misread> {
    if bytes.contains(&0) {
        return Some(nul_byte());
    }
    match std::str::from_utf8(bytes) {
        Ok(_) => None,
        Err(_) => Some(Misread::new(format!("{} is not UTF-8", quote(bytes)), "save the file as CSV in UTF-8")),
    }
}

/// A NUL byte was found: no text has one.
pub(super) fn nul_byte() -> Misread {
    Misread::new("there is a NUL byte", "the file is damaged or not UTF-8: save it anew, as CSV in UTF-8")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_short_and_harmless() {
        assert_eq!(quote(b"abc"), "`abc`");
        assert_eq!(quote("gr\u{fc}n".as_bytes()), "`grün`");
        assert_eq!(quote(b"\x1b[2J\n\x00"), "`\\u{1b}[2J\\u{a}\\u{0}`");
        assert_eq!(quote("\u{202e}txt.exe".as_bytes()), "`\\u{202e}txt.exe`");
        assert_eq!(quote(b"caf\xe9"), "`caf\\xe9`");
        assert_eq!(quote(&[b'x'; 40]), format!("`{}`", "x".repeat(40)));
        assert_eq!(quote(&[b'x'; 41]), format!("`{}…`", "x".repeat(40)));
        assert_eq!(quote(&[0xff; 1_000]), format!("`{}…`", "\\xff".repeat(40)));
    }
}
