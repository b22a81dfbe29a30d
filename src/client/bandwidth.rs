//! How much the network carries.

use crate::params::{Literal, Parameter, quoted};
use crate::units::grammar::Misread;
use crate::units::{Rate, SimDuration};

/// Bytes in a time, above zero: `"1.25MB/s"`, `"10Mbit/s"`, or `"1.25M/s"`, with a thousand to the `k`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Bandwidth(pub Rate);

const HELP: &str = "write bytes or bits in a time, as in `\"1.25MB/s\"` or `\"10Mbit/s\"`";

impl Parameter for Bandwidth {
    fn read(&mut self, literal: &Literal) -> Result<(), Misread> {
        let Literal::Text(text) = literal else {
            return Err(Misread::new(format!("found {}", literal.describe()), HELP));
        };
        let (bare, bits) = match (text.split_once("bit/"), text.split_once("B/")) {
            (Some((count, span)), _) => (format!("{count}/{span}"), 8),
            (None, Some((count, span))) => (format!("{count}/{span}"), 1),
            (None, None) => ((*text).to_string(), 1),
        };
        let mut rate = Rate::default();
        let unreadable = || Misread::new(format!("found the text `{text}`"), HELP);
        rate.read(&Literal::Text(&bare)).map_err(|_| unreadable())?;
        let span = rate.nanos().checked_mul(bits).map(SimDuration::from_nanos);
        self.0 = span.and_then(|span| Rate::new(rate.events(), span)).ok_or_else(unreadable)?;
        Ok(())
    }

    fn write(&self) -> Option<String> {
        Some(quoted(&self.0.to_string().replacen('/', "B/", 1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_and_bits_read_back_as_printed() {
        let read = |text: &str| {
            let mut bandwidth = Bandwidth::default();
            bandwidth.read(&Literal::Text(text)).map(|()| bandwidth.0)
        };
        let megabyte = Rate::new(1_000_000, SimDuration::from_secs(1)).unwrap();
        for text in ["1MB/s", "1M/s", "8Mbit/s", "1000kB/s", "60MB/min", "8_000kbit/s"] {
            assert_eq!(read(text).ok(), Some(megabyte), "{text}");
        }
        assert_eq!(read("1bit/s").ok(), Rate::new(1, SimDuration::from_secs(8)));
        for rate in ["1MB/s", "1bit/s", "1B/30s", "1.5kB/h"].map(|text| read(text).unwrap()) {
            let written = Bandwidth(rate).write().unwrap();
            assert_eq!(read(written.trim_matches('"')).ok(), Some(rate), "{written}");
        }
        for text in ["", "B/s", "1MB", "0MB/s", "1MB/s/s", "-1bit/s", "1Mb/s", "bit/", "1/1000000000000yearbit/"] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
