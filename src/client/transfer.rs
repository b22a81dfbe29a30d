//! What it takes to carry prompts and answers over the network.

use super::bandwidth::Bandwidth;
use crate::params::{Invalid, Parameters, Visitor};
use crate::protocol::Request;
use crate::units::{Money, Share, SimDuration, Tokens};

/// Time and money for the bytes of a call: the prompt on its way out, with what the cloud asks for it, and the answer on its
/// way in.
#[derive(Clone, Debug, PartialEq)]
pub struct Transfer {
    /// Bytes of text that a token stands for, in 0.1..=1000; about 4 in English.
    pub bytes_per_token: f64,
    /// How large the bytes are once compressed, in 0..=1.
    pub compressed_to: Share,
    /// What the way out carries; without it bytes take no time.
    pub upload: Option<Bandwidth>,
    /// What the way in carries; likewise.
    pub download: Option<Bandwidth>,
    /// What 10⁹ bytes on the way out cost.
    pub price_per_gb: Money,
}

impl Default for Transfer {
    fn default() -> Self {
        let price_per_gb = Money::ZERO;
        Transfer { bytes_per_token: 4.0, compressed_to: Share::ONE, upload: None, download: None, price_per_gb }
    }
}

impl Parameters for Transfer {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.optional("bytes-per-token", &mut self.bytes_per_token);
        visitor.optional("compressed-to", &mut self.compressed_to);
        visitor.optional("upload", &mut self.upload);
        visitor.optional("download", &mut self.download);
        visitor.optional("price-per-gb", &mut self.price_per_gb);
    }

    fn check(&self) -> Result<(), Invalid> {
        if !(0.1..=1_000.0).contains(&self.bytes_per_token) {
            let message = format!("`{:?}` is outside 0.1 to 1000", self.bytes_per_token);
            return Err(Invalid::new("bytes-per-token", message, "write a number from 0.1 to 1000, as in `4.0`"));
        }
        if self.compressed_to > Share::ONE {
            let message = format!("`{}` is larger than before", self.compressed_to);
            return Err(Invalid::new("compressed-to", message, "write a share of at most `100%`, as in `\"35%\"`"));
        }
        Ok(())
    }
}

impl Transfer {
    /// Bytes on the wire, rounded up.
    fn bytes(&self, tokens: Tokens) -> u64 {
        let plain = (f64::from(tokens.get()) * self.bytes_per_token).ceil() as u64;
        self.compressed_to.of_up(plain)
    }

    /// How much longer a call takes.
    pub fn takes(&self, call: &Request) -> SimDuration {
        time(self.upload, self.bytes(call.input)).saturating_add(time(self.download, self.bytes(call.output)))
    }

    /// What sending a call costs, be it admitted or not.
    pub fn cost(&self, call: &Request) -> Money {
        self.price_per_gb.prorate(self.bytes(call.input), 1_000_000_000)
    }
}

/// How long `bytes` take, rounded up to nanoseconds.
fn time(bandwidth: Option<Bandwidth>, bytes: u64) -> SimDuration {
    let Some(Bandwidth(rate)) = bandwidth else { return SimDuration::ZERO };
    let nanos = (u128::from(bytes) * u128::from(rate.nanos())).div_ceil(u128::from(rate.events()));
    SimDuration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX)).min(SimDuration::HORIZON)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Rate;

    #[test]
    fn compression_saves_time_and_money_in_proportion() {
        let second = SimDuration::from_secs(1);
        let plain = Transfer {
            upload: Rate::new(1_000_000, second).map(Bandwidth),
            download: Rate::new(4_000_000, second).map(Bandwidth),
            price_per_gb: Money::from_billionths(90_000_000),
            ..Transfer::default()
        };
        let call = Request { input: Tokens::new(100_000), output: Tokens::new(1_000), ..Request::default() };
        // 400 kB at 1 MB/s and 4 kB at 4 MB/s; 0.09 dollars times 0.0004.
        assert_eq!(plain.takes(&call), SimDuration::from_nanos(401_000_000));
        assert_eq!(plain.cost(&call), Money::from_billionths(36_000));
        let packed = Transfer { compressed_to: Share::from_hundred_millionths(25_000_000), ..plain };
        assert_eq!(packed.takes(&call), SimDuration::from_nanos(100_250_000));
        assert_eq!(packed.cost(&call), Money::from_billionths(9_000));
        assert_eq!(Transfer::default().takes(&call), SimDuration::ZERO);
    }
}
