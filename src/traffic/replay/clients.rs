//! Who the requests of a log come from: names, numbered as they come.

use super::error::quote;
use crate::units::grammar::Misread;
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

/// The most clients of a log: limits keep a state for each.
const MOST_CLIENTS: usize = 100_000;

/// The clients that were seen so far. Of each name only 128 bits are kept, so that its length does not matter.
#[derive(Default)]
pub(super) struct Clients(BTreeMap<u128, u32>);

impl Clients {
    /// The number of the client called `name`: the first is 0. Rows without a name are those of one client.
    pub(super) fn number(&mut self, name: &[u8]) -> Result<u32, Misread> {
        let next = self.0.len();
        match self.0.get(&mark(name)) {
            Some(&number) => Ok(number),
            None if next < MOST_CLIENTS => {
                self.0.insert(mark(name), next as u32);
                Ok(next as u32)
            }
            None => {
                let message = format!("{} is one client more than {MOST_CLIENTS}", quote(name));
                Err(Misread::new(message, "check that `client-column` names who asks, and not each request"))
            }
        }
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
        for number in 3..MOST_CLIENTS as u32 {
            assert_eq!(clients.number(&number.to_le_bytes()), Ok(number));
        }
        assert!(clients.number(b"one more").is_err_and(|misread| misread.help.contains("`client-column`")));
        assert_eq!(clients.number(b"a"), Ok(1));
    }
}
