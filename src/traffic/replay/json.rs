//! The objects of a JSON file, one after the other: JSON Lines, one array, or an array somewhere inside an envelope.
//!
//! Only the object at hand is in memory. What lies outside the wanted array is passed over without being kept.

use super::records::Stop;
use super::source::Bytes;
use super::window::{NoMore, Window};
use crate::units::grammar::Misread;

/// The most bytes of one object.
const OBJECT_BYTES: usize = 16 << 20;

/// The objects of a file, read from the front to the end.
pub(super) struct Objects {
    window: Window,
    /// The keys from a value of the file to the objects; arrays are looked through.
    root: Vec<String>,
    open: Vec<Open>,
    /// Objects that were read.
    count: u64,
}

/// An array or an envelope that has begun.
struct Open {
    is_array: bool,
    /// How many keys of the root lead to it.
    depth: usize,
    /// Whether something stands in it already.
    is_begun: bool,
}

/// An object, and where it begins.
#[derive(Clone, Copy)]
pub(super) struct Object {
    /// Its length; it lies ahead in the window.
    pub(super) bytes: usize,
    pub(super) line: u64,
    /// From 1.
    pub(super) number: u64,
}

impl Objects {
    /// Begins at the front of `file`; its objects lie at `root`, a dotted path that is empty where they stand alone.
    pub(super) fn new(file: Bytes, root: &str) -> Self {
        let root = root.split('.').filter(|key| !key.is_empty()).map(str::to_owned).collect();
        Objects { window: Window::new(file, OBJECT_BYTES), root, open: Vec::new(), count: 0 }
    }

    /// The line that is read.
    pub(super) fn line(&self) -> u64 {
        self.window.line()
    }

    /// The bytes of `object`, the last that was found and not yet passed.
    pub(super) fn bytes(&self, object: Object) -> &[u8] {
        &self.window.ahead()[..object.bytes]
    }

    /// Passes `object`.
    pub(super) fn pass(&mut self, object: Object) {
        self.window.pass(object.bytes);
    }

    /// Finds the next object; `None` at the end of the file.
    pub(super) fn next(&mut self) -> Result<Option<Object>, Stop> {
        loop {
            let Some(byte) = self.next_byte()? else {
                return if self.open.is_empty() { Ok(None) } else { Err(cut_off()) };
            };
            let Some(open) = self.open.last_mut() else {
                match self.value(0, byte)? {
                    Some(object) => return Ok(Some(object)),
                    None => continue,
                }
            };
            let (is_array, depth) = (open.is_array, open.depth);
            if byte == if is_array { b']' } else { b'}' } {
                self.open.pop();
                self.window.pass(1);
                continue;
            }
            let byte = if std::mem::replace(&mut open.is_begun, true) { self.behind_comma(byte)? } else { byte };
            let found = if is_array { self.value(depth, byte)? } else { self.entry(depth, byte)? };
            if found.is_some() {
                return Ok(found);
            }
        }
    }

    /// The next byte that is no blank.
    fn next_byte(&mut self) -> Result<Option<u8>, Stop> {
        loop {
            let blanks = self.window.ahead().iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            self.window.pass(blanks);
            match self.window.peek() {
                Ok(byte) if byte.is_ascii_whitespace() => {}
                Ok(byte) => return Ok(Some(byte)),
                Err(NoMore::End) => return Ok(None),
                Err(no_more) => return Err(self.stop(no_more)),
            }
        }
    }

    fn needed_byte(&mut self) -> Result<u8, Stop> {
        self.next_byte()?.ok_or_else(cut_off)
    }

    fn behind_comma(&mut self, byte: u8) -> Result<u8, Stop> {
        if byte != b',' {
            return Err(unexpected(byte, "a comma or the end of the list"));
        }
        self.window.pass(1);
        self.needed_byte()
    }

    /// A value to which `depth` keys of the root lead: an object, or something to go into or past.
    fn value(&mut self, depth: usize, byte: u8) -> Result<Option<Object>, Stop> {
        if byte == b'[' || (byte == b'{' && depth < self.root.len()) {
            self.window.pass(1);
            self.open.push(Open { is_array: byte == b'[', depth, is_begun: false });
            if self.open.len() > 128 {
                let help = "write one object a line, or an array of objects";
                return Err(Stop::Data(Misread::new("arrays are nested more than 128 deep", help)));
            }
            return Ok(None);
        }
        if depth < self.root.len() {
            return self.pass_value().map(|()| None);
        }
        match byte {
            b'{' => {}
            0 => return Err(Stop::Data(super::error::nul_byte())),
            _ => return Err(unexpected(byte, "an object such as `{\"timestamp\": …}`")),
        }
        let line = self.window.line();
        let bytes = self.end_of_value()?;
        self.count += 1;
        Ok(Some(Object { bytes, line, number: self.count }))
    }

    /// A key of an envelope and what stands behind it.
    fn entry(&mut self, depth: usize, byte: u8) -> Result<Option<Object>, Stop> {
        if byte != b'"' {
            return Err(unexpected(byte, "a key in quotes"));
        }
        let bytes = self.end_of_value()?;
        let key = &self.window.ahead()[1..bytes - 1];
        let is_wanted = self.root.get(depth).is_some_and(|wanted| wanted.as_bytes() == key);
        self.window.pass(bytes);
        let colon = self.needed_byte()?;
        if colon != b':' {
            return Err(unexpected(colon, "a colon behind a key"));
        }
        self.window.pass(1);
        let byte = self.needed_byte()?;
        if is_wanted { self.value(depth + 1, byte) } else { self.pass_value().map(|()| None) }
    }

    /// The length of the value that begins here, all of which is ahead then.
    fn end_of_value(&mut self) -> Result<usize, Stop> {
        let (mut nesting, mut seen) = (Nesting::default(), 0);
        loop {
            let fresh = &self.window.ahead()[seen..];
            if let Some(end) = nesting.end(fresh) {
                return Ok(seen + end);
            }
            seen += fresh.len();
            match self.window.more() {
                Ok(()) => {}
                Err(NoMore::End) => return nesting.is_bare().then_some(seen).ok_or_else(cut_off),
                Err(no_more) => return Err(self.stop(no_more)),
            }
        }
    }

    /// Passes the value that begins here, however long it is.
    fn pass_value(&mut self) -> Result<(), Stop> {
        let mut nesting = Nesting::default();
        loop {
            let fresh = self.window.ahead();
            let (end, all) = (nesting.end(fresh), fresh.len());
            self.window.pass(end.unwrap_or(all));
            if end.is_some() {
                return Ok(());
            }
            match self.window.more() {
                Ok(()) => {}
                Err(NoMore::End) if nesting.is_bare() => return Ok(()),
                Err(NoMore::End) => return Err(cut_off()),
                Err(no_more) => return Err(self.stop(no_more)),
            }
        }
    }

    fn stop(&self, no_more: NoMore) -> Stop {
        match no_more {
            NoMore::Io(error) => Stop::Io(error),
            NoMore::End => cut_off(),
            NoMore::TooLong => {
                let message = format!("the object is longer than {} MiB", OBJECT_BYTES >> 20);
                Stop::Data(Misread::new(message, "close every object, and leave out prompts and answers"))
            }
        }
    }
}

/// How far a value has been followed.
#[derive(Default)]
struct Nesting {
    depth: u64,
    in_text: bool,
    is_escaped: bool,
    /// Whether it is a number or a word, which ends in front of what follows.
    in_bare: bool,
}

impl Nesting {
    /// Follows the value through `bytes`; where it ends, if it does.
    fn end(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut at = 0;
        while at < bytes.len() {
            if self.in_text {
                if std::mem::take(&mut self.is_escaped) {
                    at += 1;
                    continue;
                }
                let special = bytes[at..].iter().position(|byte| matches!(byte, b'"' | b'\\'))?;
                at += special + 1;
                if bytes[at - 1] == b'\\' {
                    self.is_escaped = true;
                    continue;
                }
                self.in_text = false;
                if self.depth == 0 {
                    return Some(at);
                }
                continue;
            }
            match bytes[at] {
                b'"' if !self.in_bare => self.in_text = true,
                b'{' | b'[' if !self.in_bare => self.depth += 1,
                b'}' | b']' if self.depth > 1 => self.depth -= 1,
                b'}' | b']' if self.depth == 1 => return Some(at + 1),
                b'}' | b']' | b',' | b' ' | b'\t' | b'\r' | b'\n' if self.depth == 0 => return Some(at),
                _ => self.in_bare |= self.depth == 0,
            }
            at += 1;
        }
        None
    }

    fn is_bare(&self) -> bool {
        self.in_bare
    }
}

fn cut_off() -> Stop {
    let message = "the file ends inside an object or a list";
    Stop::Data(Misread::new(message, "it may have been cut off: copy it anew, or delete what is not whole"))
}

fn unexpected(byte: u8, expected: &str) -> Stop {
    let found = super::error::quote(&[byte]);
    let help = "the file is no JSON from here on: write one object a line, or an array of objects";
    Stop::Data(Misread::new(format!("found {found} instead of {expected}"), help))
}

/// What `error` says about one object, the place aside: it counts from the object.
pub(super) fn misread(error: &serde_json::Error) -> Misread {
    let text = error.to_string();
    let (what, column) = (text.split(" at line ").next().unwrap_or_default(), error.column());
    let message = format!("this object is no JSON: {what}, at its byte {column}");
    Misread::new(super::error::printable(&message), "write it as JSON, or delete it")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn objects(text: &str, root: &str) -> Result<Vec<(u64, String)>, String> {
        let mut objects = Objects::new(Box::new(std::io::Cursor::new(text.as_bytes().to_vec())), root);
        let mut found = Vec::new();
        loop {
            match objects.next() {
                Ok(Some(object)) => {
                    found.push((object.line, String::from_utf8_lossy(objects.bytes(object)).into_owned()));
                    objects.pass(object);
                }
                Ok(None) => return Ok(found),
                Err(Stop::Data(misread)) => return Err(misread.message),
                Err(Stop::Io(error)) => return Err(error.to_string()),
            }
        }
    }

    #[test]
    fn objects_are_found_wherever_they_stand() {
        let both = Ok(vec![(1, r#"{"a":"}\""}"#.to_owned()), (2, r#"{"b":[{}]}"#.to_owned())]);
        for (text, root) in [
            ("{\"a\":\"}\\\"\"}\n{\"b\":[{}]}", ""),
            ("{\"a\":\"}\\\"\"}\r\n{\"b\":[{}]}\n\n", ""),
            ("[{\"a\":\"}\\\"\"},\n{\"b\":[{}]}]", ""),
            ("{\"n\":1,\"x\":{\"r\":[]},\"r\":[{\"a\":\"}\\\"\"}\n,{\"b\":[{}]}],\"z\":null}", "r"),
            ("{\"l\":{\"q\":\"r\",\"r\":{\"a\":\"}\\\"\"}\n}}{\"l\":[{\"r\":{\"b\":[{}]}}]}", "l.r"),
        ] {
            assert_eq!(objects(text, root), both, "{text}");
        }
        assert_eq!(objects("", ""), Ok(vec![]));
        assert_eq!(objects("[]", ""), Ok(vec![]));
        assert_eq!(objects("{\"r\":5}", "q"), Ok(vec![]));
    }

    #[test]
    fn what_is_no_json_is_refused() {
        for text in ["[{}", "[{} {}]", "{\"a\":1", "5", "{} 5", "[,{}]", "[1]", "{}}"] {
            assert!(objects(text, "").is_err(), "{text}");
        }
        for text in ["{\"r\":", "{\"r\" 5}", "{r:[{}]}", "{\"q\":\"abc"] {
            assert!(objects(text, "r").is_err(), "{text}");
        }
    }
}
