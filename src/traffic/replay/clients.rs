//! Who the requests of a log come from: names, numbered as they come.

use super::error::quote;
use crate::units::grammar::Misread;
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

/// The most clients of a log: limits keep a state for each.
const MOST_CLIENTS: usize = 100_000;

/// The bytes of a name that are kept for people.
const SHOWN: usize = 24;

/// The clients that were seen so far. Names are told apart by 128 bits of each and shown by their beginnings, so that their
/// length does not matter.
#[derive(Default)]
pub(super) struct Clients {
    numbers: BTreeMap<u128, u32>,
    names: Vec<Box<[u8]>>,
}

impl Clients {
    /// The number of the client called `name`: the first is 0. Rows without a name are those of one client.
    pub(super) fn number(&mut self, name: &[u8]) -> Result<u32, Misread> {
        let next = self.names.len();
        match self.numbers.get(&mark(name)) {
            Some(&number) => Ok(number),
            None if next < MOST_CLIENTS => {
                self.numbers.insert(mark(name), next as u32);
                self.names.push(name[..name.len().min(SHOWN)].into());
                Ok(next as u32)
            }
            None => {
                let message = format!("{} is one client more than {MOST_CLIENTS}", quote(name));
                Err(Misread::new(message, "check that `client-column` names who asks, and not each request"))
            }
        }
    }

    /// The beginning of the name of client `number`, as it is written in the log.
    pub(super) fn name(&self, number: u32) -> Option<&[u8]> {
        self.names.get(number as usize).map(AsRef::as_ref)
    }
}

fn mark(name: &[u8]) -> u128 {
    let half = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        (salt, name).hash(&mut hasher);
        u128::from(hasher.finish())
    };
    half(0) << 64 | half(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_are_numbered_as_they_come() {
        let mut clients = Clients::default();
        let numbers = [&b"b"[..], b"a", b"b", b"", b"a", b""].map(|name| clients.number(name).unwrap());
        assert_eq!(numbers, [0, 1, 0, 2, 1, 2]);
        assert_eq!((clients.name(1), clients.name(3)), (Some(&b"a"[..]), None));
        for number in 3..MOST_CLIENTS as u32 {
            assert_eq!(clients.number(&number.to_le_bytes()), Ok(number));
        }
        assert!(clients.number(b"one more").is_err_and(|misread| misread.help.contains("`client-column`")));
        assert_eq!(clients.number(b"a"), Ok(1));
    }
}
