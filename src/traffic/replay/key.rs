//! What a request asks for, where a log says it: a number that stands for the text of a cell.

use super::cells::Cells;
use std::num::NonZeroU64;

/// What is written for nothing.
const NOTHING: [&[u8]; 5] = [b"", b"-", b"null", b"NaN", b"[]"];

/// Behind each value: a byte that no text has, so that `1` and `23` are not `12` and `3`.
const END: &[u8] = &[0xff];

/// The number of what stands in `slot`, all its values together, as a list of the hashes of a prompt's blocks has many; `None`
/// where nothing does. Equal texts have equal numbers in every version and on every machine, and no text is kept: of a
/// million different ones two have the same number with a chance of 1 in 37 million.
pub(super) fn key(cells: &impl Cells, slot: usize) -> Option<NonZeroU64> {
    let (mut hash, mut is_there) = (Fnv::default(), false);
    cells.each(slot, |value| {
        let value = value.trim_ascii();
        is_there |= !NOTHING.contains(&value);
        // Programs write lists with blanks or without.
        let is_list = value.first() == Some(&b'[');
        value.split(|byte| is_list && byte.is_ascii_whitespace()).for_each(|part| hash.add(part));
        hash.add(END);
    });
    is_there.then(|| hash.number())
}

/// FNV-1a of 64 bits, of texts one after the other, with the last step of SplitMix64 so that all bits depend on all.
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Fnv(0xcbf2_9ce4_8422_2325)
    }
}

impl Fnv {
    fn add(&mut self, bytes: &[u8]) {
        let add = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        self.0 = bytes.iter().fold(self.0, add);
    }

    fn number(&self) -> NonZeroU64 {
        let mut hash = self.0;
        hash = (hash ^ hash >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        hash = (hash ^ hash >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        NonZeroU64::new(hash ^ hash >> 31).unwrap_or(NonZeroU64::MIN)
    }
}

#[cfg(test)]
mod tests {
    use super::super::paths::Cells as Found;
    use super::*;

    #[test]
    fn equal_texts_have_equal_numbers() {
        let of = |values: &[&str]| {
            let mut cells = Found::default();
            cells.push(1, b"another cell");
            values.iter().for_each(|value| cells.push(0, value.as_bytes()));
            key(&cells, 0).map(NonZeroU64::get)
        };
        assert_eq!(of(&["46", "47"]), of(&["46", " 47 "]));
        let all =
            [of(&["46", "47"]), of(&["464", "7"]), of(&["47", "46"]), of(&["46"]), of(&["4647"]), of(&["46", ""])];
        assert!((0..6).all(|at| all[at].is_some() && !all[..at].contains(&all[at])), "{all:?}");
        assert_eq!([of(&[]), of(&[" "]), of(&["null"]), of(&["", "-"]), of(&["[]"])], [None; 5]);
        assert_eq!(of(&["[46, 47]"]), of(&["[46,47]"]));
        assert_ne!(of(&["[46, 47]"]), of(&["[4, 647]"]));
        assert_ne!(of(&["two words"]), of(&["twowords"]));
        // The numbers stay what they are, so that a run can be repeated with another version.
        assert_eq!(of(&["46", "47"]), Some(0xf524_1b8e_381b_3021));
    }
}
