//! Who a request comes from, where a source has many clients of unequal size.

use crate::params::{Invalid, Parameters, Visitor};
use crate::rng::Stream;

/// Clients whose shares follow Zipf's law: the `k`-th largest sends in proportion to `k^-exponent`.
///
/// In five services of 35 to 162 clients the largest made 14 to 52 percent of all requests (ServeGen, NSDI 2026), as
/// exponents from about 1 to 1.5 do. Clients are numbered from the largest on, the same in every source unless `first` sets those
/// of one apart.
#[derive(Clone, Debug, PartialEq)]
pub struct Clients {
    /// How many, in 1..=100000.
    pub count: u32,
    /// 0 makes all alike; in 0..=10.
    pub exponent: f64,
    /// The number of the largest, in 0..=99999: two sources whose numbers differ have no client in common.
    pub first: u32,
}

impl Default for Clients {
    fn default() -> Self {
        Clients { count: 100, exponent: 1.0, first: 0 }
    }
}

impl Parameters for Clients {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.required("count", &mut self.count);
        visitor.optional("exponent", &mut self.exponent);
        visitor.optional("first", &mut self.first);
    }

    fn check(&self) -> Result<(), Invalid> {
        if !(1..=MOST_CLIENTS).contains(&self.count) {
            let message = format!("{} clients are outside 1 to 100000", self.count);
            return Err(Invalid::new("count", message, "write a number from 1 to 100000, as in `200`"));
        }
        if !(0.0..=10.0).contains(&self.exponent) {
            let message = format!("`{:?}` is outside 0 to 10", self.exponent);
            return Err(Invalid::new("exponent", message, "write a number from 0 to 10, as in `1.0`"));
        }
        if self.first > MOST_CLIENTS - self.count {
            let message = format!("{} clients from number {} on are more than {MOST_CLIENTS}", self.count, self.first);
            return Err(Invalid::new("first", message, "write a smaller number, or leave it out"));
        }
        Ok(())
    }
}

/// The most clients of a scenario: limits keep a state for each.
const MOST_CLIENTS: u32 = 100_000;

/// Draws numbers by their weights.
#[derive(Clone, Debug)]
pub struct Population {
    /// The share of those up to each one.
    edges: Vec<f64>,
    first: u32,
}

impl Population {
    /// The clients that `clients` describes.
    pub fn new(clients: &Clients) -> Self {
        let weight = |rank: u32| libm::exp(-clients.exponent * libm::log(f64::from(rank)));
        Population { first: clients.first, ..Population::weighted((1..=clients.count).map(weight)) }
    }

    /// Each number as likely as its weight says; at least one, all of them finite and their sum above 0.
    pub fn weighted(weights: impl Iterator<Item = f64> + Clone) -> Self {
        let total: f64 = weights.clone().sum();
        let mut edge = 0.0;
        let edges = weights.map(|weight| {
            edge += weight / total;
            edge
        });
        Population { edges: edges.collect(), first: 0 }
    }

    /// One of the numbers, from 0 or from the first client's on.
    pub fn draw(&self, stream: &mut Stream) -> u32 {
        const FEW: usize = 16;
        let drawn = stream.uniform();
        // To count few edges takes no branch that chance decides.
        let below = match self.edges.len() {
            ..=FEW => self.edges.iter().map(|&edge| usize::from(edge <= drawn)).sum(),
            _ => self.edges.partition_point(|&edge| edge <= drawn),
        };
        self.first + below.min(self.edges.len() - 1) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Seed;

    #[test]
    fn clients_may_be_others_than_those_of_other_sources() {
        let clients = Clients { count: 2, exponent: 0.0, first: 7 };
        let (population, mut stream) = (Population::new(&clients), Seed(3).stream(0, "clients"));
        let mut seen: Vec<u32> = (0..50).map(|_| population.draw(&mut stream)).collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen, [7, 8]);
        assert!(Clients { first: 99_998, ..clients.clone() }.check().is_ok());
        assert_eq!(Clients { first: 99_999, ..clients }.check().unwrap_err().key, "first");
    }

    #[test]
    fn shares_fall_with_the_rank() {
        let population = Population::new(&Clients { count: 4, exponent: 1.0, first: 0 });
        let (mut seen, mut stream) = ([0.0; 4], Seed(9).stream(0, "clients"));
        for _ in 0..120_000 {
            seen[population.draw(&mut stream) as usize] += 1.0;
        }
        // 1, 1/2, 1/3, 1/4 of 12/25; chi-square with 3 degrees of freedom, 16.27 in one of a thousand seeds.
        let expected = [12.0, 6.0, 4.0, 3.0].map(|part| 120_000.0 * part / 25.0);
        let chi2: f64 = seen.iter().zip(expected).map(|(seen, mean)| (seen - mean) * (seen - mean) / mean).sum();
        assert!(chi2 < 16.27, "{seen:?}");
    }
}
