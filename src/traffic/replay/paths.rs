//! The few values of a JSON object that are wanted, found by their paths without building the rest.
//!
//! A path such as `usage.prompt_tokens` names a key in a key; arrays on the way are looked through, and so are texts that are
//! objects themselves. A number names a place
//! in an array, as in `values.0`. Behind a colon, as in `attributes:gen_ai.usage.input_tokens`, stands the key of a list of
//! `{"key": …, "value": {"intValue": …}}`, the way in which OpenTelemetry writes attributes.

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

/// The wanted paths as a tree.
#[derive(Clone, Default, Debug)]
pub(super) struct Paths {
    keys: Vec<(String, Paths)>,
    /// Where the value itself goes.
    slot: Option<usize>,
    /// Whether `keys` are places in an array.
    is_indexed: bool,
    /// Whether `keys` are those of a list of attributes.
    is_attributes: bool,
}

impl Paths {
    /// Wants the value at `path` in `slot`.
    pub(super) fn want(&mut self, path: &str, slot: usize) {
        let (keys, attribute) = path.split_once(':').map_or((path, None), |(keys, name)| (keys, Some(name)));
        if attribute.is_none() && path.contains('.') {
            // A key may have the points in its name.
            self.child(path).slot = Some(slot);
        }
        let mut node = self;
        for key in keys.split('.') {
            node.is_indexed |= key.bytes().all(|byte| byte.is_ascii_digit());
            node = node.child(key);
        }
        if let Some(name) = attribute {
            node.is_attributes = true;
            node = node.child(name);
        }
        node.slot = Some(slot);
    }

    fn child(&mut self, key: &str) -> &mut Paths {
        let at = match self.keys.iter().position(|(known, _)| known == key) {
            Some(at) => at,
            None => {
                self.keys.push((key.to_owned(), Paths::default()));
                self.keys.len() - 1
            }
        };
        &mut self.keys[at].1
    }

    #[inline]
    fn find(&self, key: &str) -> Option<&Paths> {
        self.keys.iter().find(|(known, _)| known == key).map(|(_, paths)| paths)
    }

    /// Takes what is wanted of `json`, one value, into `cells`.
    pub(super) fn read(&self, json: &[u8], cells: &mut Cells) -> Result<(), serde_json::Error> {
        cells.clear();
        let mut deserializer = serde_json::Deserializer::from_slice(json);
        Seek { paths: self, cells }.deserialize(&mut deserializer)?;
        deserializer.end()
    }
}

/// Tells `each` the elements of `json`, a list, until it has enough.
pub(super) fn elements(json: &[u8], each: impl FnMut(&str) -> bool) -> Result<(), serde_json::Error> {
    serde_json::Deserializer::from_slice(json).deserialize_seq(Elements(each))
}

struct Elements<F>(F);

impl<'de, F: FnMut(&str) -> bool> Visitor<'de> for Elements<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<(), A::Error> {
        let mut has_enough = false;
        while let Some(element) = seq.next_element::<&RawValue>()? {
            has_enough = has_enough || !self.0(element.get());
        }
        Ok(())
    }
}

/// The values that were found in one object.
#[derive(Clone, Default, Debug)]
pub(super) struct Cells {
    text: Vec<u8>,
    /// Of each its slot, and where it stands in `text`.
    values: Vec<(usize, usize, usize)>,
}

impl Cells {
    /// All values of `slot`, in the order of the file.
    pub(super) fn all(&self, slot: usize) -> impl Iterator<Item = &[u8]> {
        self.values.iter().filter(move |value| value.0 == slot).map(|&(_, from, to)| &self.text[from..to])
    }

    /// Forgets all values.
    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.values.clear();
    }

    /// Adds a value of `slot`.
    pub(super) fn push(&mut self, slot: usize, text: &[u8]) {
        let from = self.text.len();
        self.text.extend_from_slice(text);
        self.values.push((slot, from, self.text.len()));
    }

    /// Takes a value as it stands in the file: numbers keep all their digits.
    fn push_raw<E: Error>(&mut self, slot: usize, raw: &str) -> Result<(), E> {
        match raw.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
            Some(plain) if !plain.contains('\\') => self.push(slot, plain.as_bytes()),
            Some(_) => {
                let text: String = serde_json::from_str(raw).map_err(E::custom)?;
                self.push(slot, text.as_bytes());
            }
            None if raw == "null" => {}
            None => self.push(slot, raw.as_bytes()),
        }
        Ok(())
    }
}

/// Looks for `paths` in one value.
struct Seek<'p, 'c> {
    paths: &'p Paths,
    cells: &'c mut Cells,
}

impl<'de> DeserializeSeed<'de> for Seek<'_, '_> {
    type Value = ();

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        match self.paths.slot {
            Some(slot) if self.paths.keys.is_empty() => {
                let raw: &RawValue = serde::Deserialize::deserialize(deserializer)?;
                self.cells.push_raw(slot, raw.get())
            }
            _ => deserializer.deserialize_any(self),
        }
    }
}

impl<'de> Visitor<'de> for Seek<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Seek { paths, cells } = self;
        while let Some(found) = map.next_key_seed(KeyIn(paths))? {
            match found {
                Some(paths) => map.next_value_seed(Seek { paths, cells })?,
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let Seek { paths, cells } = self;
        if paths.is_attributes {
            while seq.next_element_seed(Attribute { paths, cells })?.is_some() {}
        } else if paths.is_indexed {
            let mut at = 0usize;
            while let Some(raw) = seq.next_element::<&RawValue>()? {
                if raw.get().starts_with('[') {
                    // A list of lists: the places are those in the inner ones.
                    let mut deserializer = serde_json::Deserializer::from_str(raw.get());
                    Seek { paths, cells }.deserialize(&mut deserializer).map_err(A::Error::custom)?;
                } else if let Some(slot) = paths.find(at.to_string().as_str()).and_then(|paths| paths.slot) {
                    cells.push_raw(slot, raw.get())?;
                }
                at += 1;
            }
        } else {
            while seq.next_element_seed(Seek { paths, cells })?.is_some() {}
        }
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        let Seek { paths, cells } = self;
        if !paths.keys.is_empty() && text.starts_with('{') {
            let before = (cells.text.len(), cells.values.len());
            let mut inner = serde_json::Deserializer::from_str(text);
            if (Seek { paths, cells }).deserialize(&mut inner).and_then(|()| inner.end()).is_err() {
                // It only begins like an object.
                cells.text.truncate(before.0);
                cells.values.truncate(before.1);
            }
        }
        Ok(())
    }
}

/// Reads a key and looks it up.
struct KeyIn<'p>(&'p Paths);

impl<'de, 'p> DeserializeSeed<'de> for KeyIn<'p> {
    type Value = Option<&'p Paths>;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'p> Visitor<'_> for KeyIn<'p> {
    type Value = Option<&'p Paths>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    #[inline]
    fn visit_str<E: Error>(self, key: &str) -> Result<Self::Value, E> {
        Ok(self.0.find(key))
    }
}

/// One `{"key": …, "value": {…}}` of a list of attributes.
struct Attribute<'p, 'c> {
    paths: &'p Paths,
    cells: &'c mut Cells,
}

impl<'de> DeserializeSeed<'de> for Attribute<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Attribute<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an attribute: an object with `key` and `value`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let (mut slot, mut value): (Option<usize>, Option<&RawValue>) = (None, None);
        while let Some(name) = map.next_key::<std::borrow::Cow<'de, str>>()? {
            match &*name {
                "key" => slot = map.next_value_seed(KeyIn(self.paths))?.and_then(|paths| paths.slot),
                "value" => value = Some(map.next_value()?),
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        let (Some(slot), Some(value)) = (slot, value) else { return Ok(()) };
        let mut inner = Paths::default();
        for kind in ["intValue", "stringValue", "doubleValue", "boolValue"] {
            inner.want(kind, slot);
        }
        let mut deserializer = serde_json::Deserializer::from_str(value.get());
        Seek { paths: &inner, cells: self.cells }.deserialize(&mut deserializer).map_err(A::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(paths: &[&str], json: &str) -> Vec<Vec<String>> {
        let (mut tree, mut cells) = (Paths::default(), Cells::default());
        paths.iter().enumerate().for_each(|(slot, path)| tree.want(path, slot));
        tree.read(json.as_bytes(), &mut cells).unwrap();
        let text = |cell: &[u8]| String::from_utf8_lossy(cell).into_owned();
        (0..paths.len()).map(|slot| cells.all(slot).map(text).collect()).collect()
    }

    #[test]
    fn values_are_found_by_path_with_all_their_digits() {
        let json =
            r#"{"a":{"b":1.10,"c":[[1]]},"at":"x\u0041","n":null,"big":123456789012345678901234567890,"a.b":"p"}"#;
        assert_eq!(
            found(&["a.b", "at", "n", "big", "a", "z"], json)[1..4],
            [vec!["xA"], vec![], vec!["123456789012345678901234567890"]]
        );
        assert_eq!(found(&["a.b"], json), [["1.10", "p"]]);
    }

    #[test]
    fn texts_that_are_objects_are_looked_through() {
        let json = r#"{"m":"{\"a\":{\"b\":7},\"c\":\"x\"}","n":"{\"a\":{\"b\":8}","c":"{}"}"#;
        assert_eq!(found(&["m.a.b", "m.c", "n.a.b", "c"], json), [vec!["7"], vec!["x"], vec![], vec!["{}"]]);
    }

    #[test]
    fn arrays_are_looked_through_or_counted() {
        let json = r#"{"r":[{"n":1},{"n":2}],"values":[[10,"a"],[20,"b"]]}"#;
        assert_eq!(found(&["r.n", "values.0", "values.1"], json), [["1", "2"], ["10", "20"], ["a", "b"]]);
    }

    #[test]
    fn attributes_are_found_by_their_key_in_any_order() {
        let json = r#"{"attributes":[{"key":"x.y","value":{"intValue":"374"}},{"value":{"stringValue":"chat"},"key":"op"},{"key":"z"}]}"#;
        assert_eq!(
            found(&["attributes:x.y", "attributes:op", "attributes:z"], json),
            [vec!["374"], vec!["chat"], vec![]]
        );
    }
}
