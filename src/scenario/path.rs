//! Paths of values, such as `traffic.chat.arrivals.poisson.rate` or `traffic."night shift".rate`.

use crate::params::quoted;
use std::borrow::Cow;
use std::ops::Range;

/// One key of a path as written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Part {
    /// The key, without quotes.
    pub key: String,
    /// Where it stands in the text, with its quotes.
    pub span: Range<usize>,
}

/// Why a text is not a path, and where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Malformed {
    /// In lower case without a full stop.
    pub message: &'static str,
    /// The offending bytes.
    pub span: Range<usize>,
}

/// The parts of `text` up to the first `end` outside quotes, and where that stands; without one, up to the end.
///
/// Bare keys may hold anything but dots, quotes and `end`, because names such as `gpt-4o/eu west` are common.
pub fn split(text: &str, end: Option<char>) -> Result<(Vec<Part>, usize), Malformed> {
    let mut parts = Vec::new();
    let mut at = 0;
    loop {
        at += text[at..].len() - text[at..].trim_start().len();
        let part = part(text, at, end)?;
        at = part.span.end;
        at += text[at..].len() - text[at..].trim_start().len();
        parts.push(part);
        match text[at..].chars().next() {
            None => return Ok((parts, at)),
            Some('.') => at += 1,
            Some(c) if Some(c) == end => return Ok((parts, at)),
            Some(c) => {
                return Err(Malformed { message: "a quoted key goes on after its quote", span: at..at + c.len_utf8() });
            }
        }
    }
}

fn part(text: &str, from: usize, end: Option<char>) -> Result<Part, Malformed> {
    let rest = &text[from..];
    match rest.chars().next() {
        Some('"') => basic(rest, from),
        Some('\'') => match rest[1..].find('\'') {
            Some(len) => Ok(Part { key: rest[1..=len].to_owned(), span: from..from + len + 2 }),
            None => Err(Malformed { message: "the quote is never closed", span: from..text.len() }),
        },
        _ => {
            let len = rest.find(|c| c == '.' || Some(c) == end).unwrap_or(rest.len());
            let key = rest[..len].trim_end();
            match key {
                "" => Err(Malformed { message: "a key is empty", span: from..from }),
                _ => Ok(Part { key: key.to_owned(), span: from..from + key.len() }),
            }
        }
    }
}

/// A key in double quotes, with TOML's escapes.
fn basic(rest: &str, from: usize) -> Result<Part, Malformed> {
    let mut escaped = false;
    let close = rest.char_indices().skip(1).find(|&(_, c)| {
        let closes = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        closes
    });
    let Some((close, _)) = close else {
        return Err(Malformed { message: "the quote is never closed", span: from..from + rest.len() });
    };
    let span = from..from + close + 1;
    match toml::de::DeValue::parse(&rest[..=close]) {
        Ok(value) if value.get_ref().is_str() => {
            Ok(Part { key: value.get_ref().as_str().unwrap_or_default().to_owned(), span })
        }
        _ => Err(Malformed { message: "this is not a quoted key", span }),
    }
}

/// `key` as it stands in a path: in quotes where it has to be.
pub fn written(key: &str) -> Cow<'_, str> {
    let is_bare = !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
    if is_bare { Cow::Borrowed(key) } else { Cow::Owned(quoted(key)) }
}

/// The path of `key` in the table at `path`; the root's path is empty.
pub fn child(path: &str, key: &str) -> String {
    match path {
        "" => written(key).into_owned(),
        _ => format!("{path}.{}", written(key)),
    }
}

/// `keys` one below the other.
pub fn join<'k>(keys: impl IntoIterator<Item = &'k str>) -> String {
    keys.into_iter().fold(String::new(), |path, key| child(&path, key))
}

/// `path` with each key written as [`written`] does, so that equal paths are equal texts.
pub fn canonical(path: &str) -> Option<String> {
    let (parts, _) = split(path, None).ok()?;
    Some(join(parts.iter().map(|part| part.key.as_str())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> Vec<String> {
        split(text, Some('=')).unwrap().0.into_iter().map(|part| part.key).collect()
    }

    #[test]
    fn keys_are_bare_or_quoted() {
        assert_eq!(keys("a.b.c=1"), ["a", "b", "c"]);
        assert_eq!(keys("traffic.\"a b=.\".rate=3"), ["traffic", "a b=.", "rate"]);
        assert_eq!(keys(" a . 'x.y' .z = 3"), ["a", "x.y", "z"]);
        assert_eq!(keys("a.\"\\u0041\\\"\"=1"), ["a", "A\""]);
        assert_eq!(keys("gpt-4o/eu west.b=1"), ["gpt-4o/eu west", "b"]);
        assert_eq!(split("a.b=1", Some('=')).unwrap().1, 3);
    }

    #[test]
    fn malformed_paths_say_where() {
        for (text, span) in
            [("", 0..0), ("a..b", 2..2), ("a.", 2..2), ("a.\"b", 2..4), ("'a'b", 3..4), ("\"\\q\"", 0..4)]
        {
            assert_eq!(split(text, Some('=')).unwrap_err().span, span, "{text}");
        }
    }

    #[test]
    fn equal_paths_are_equal_texts() {
        assert_eq!(canonical("a.'b c'.\"d\"").as_deref(), Some("a.\"b c\".d"));
        assert_eq!(child("", "x y"), "\"x y\"");
        assert_eq!(canonical("a..b"), None);
    }
}
