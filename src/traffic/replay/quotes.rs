//! Quoted fields of CSV, as they lie in a buffer.

use memchr::{memchr, memchr2};

/// Where a quoted field is closed, and what stands in it.
pub(super) struct Quoted {
    /// Where the closing quote stands.
    pub(super) at: usize,
    /// Whether a quote is written twice in it.
    pub(super) has_doubled: bool,
    /// The line feeds in it.
    pub(super) lines: u64,
}

/// The end of the quoted field of which `text` holds the inside from `from` on; `None` where it goes beyond.
#[inline]
pub(super) fn closing_quote(text: &[u8], from: usize) -> Option<Quoted> {
    let mut quoted = Quoted { at: from, has_doubled: false, lines: 0 };
    loop {
        quoted.at += memchr2(b'"', b'\n', &text[quoted.at..])?;
        match (text[quoted.at], text.get(quoted.at + 1)) {
            (b'\n', _) => quoted.lines += 1,
            (_, Some(b'"')) => {
                quoted.has_doubled = true;
                quoted.at += 1;
            }
            _ => return Some(quoted),
        }
        quoted.at += 1;
    }
}

/// Writes `""` as `"` in those fields that `doubled` names by its bits.
pub(super) fn undouble(text: &mut [u8], spans: &mut [(usize, usize)], doubled: u64) {
    let named = spans.iter_mut().enumerate().filter(|(field, _)| doubled >> field & 1 == 1);
    for (start, end) in named.map(|(_, span)| span) {
        // What lies between one pair of quotes and the next moves down by one for each pair before it.
        let (mut from, mut to) = (*start, *start);
        while let Some(quote) = memchr(b'"', &text[from..*end]) {
            text.copy_within(from..=from + quote, to);
            (from, to) = (from + quote + 2, to + quote + 1);
        }
        text.copy_within(from..*end, to);
        *end = to + *end - from;
    }
}
