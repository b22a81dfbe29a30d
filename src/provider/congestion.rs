//! A service that slows down as it fills.

use crate::params::{Invalid, Parameters, Visitor};

/// The service time of a call is multiplied by `1 + (n / at)^power`, where `n` is the number of other calls in flight when
/// it is admitted, up to `most`.
///
/// With `power = 1` it is the law of a shared processor under light load; the steeper, the longer nothing is felt and the
/// sharper the knee at `at`, where every call takes twice its time.
#[derive(Clone, Debug, PartialEq)]
pub struct Congestion {
    /// Calls in flight at which the service takes twice the time, at least 1.
    pub at: u64,
    /// How sharp the knee is, in 0.1..=10.
    pub power: f64,
    /// The largest factor, in 1..=1000.
    pub most: f64,
}

impl Default for Congestion {
    fn default() -> Self {
        Congestion { at: 100, power: 2.0, most: 100.0 }
    }
}

impl Parameters for Congestion {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.required("at", &mut self.at);
        visitor.optional("power", &mut self.power);
        visitor.optional("most", &mut self.most);
    }

    fn check(&self) -> Result<(), Invalid> {
        if self.at == 0 {
            let help = "write how many calls in flight double the service time, as in `100`";
            return Err(Invalid::new("at", "0 calls in flight slow nothing down", help));
        }
        check_power(self.power)?;
        if !(1.0..=1_000.0).contains(&self.most) {
            let message = format!("`{:?}` is outside 1 to 1000", self.most);
            return Err(Invalid::new("most", message, "write how many times as long a call may take, as in `10.0`"));
        }
        Ok(())
    }
}

/// The check of the key `power` of curves over calls in flight.
pub(super) fn check_power(power: f64) -> Result<(), Invalid> {
    if !(0.1..=10.0).contains(&power) {
        let message = format!("`{power:?}` is outside 0.1 to 10");
        return Err(Invalid::new("power", message, "write a number from 0.1 to 10, as in `2.0`"));
    }
    Ok(())
}

impl Congestion {
    /// What the service time of a call is multiplied by that finds so many in flight.
    pub fn factor(&self, in_flight: u64) -> f64 {
        let load = in_flight as f64 / self.at as f64;
        (1.0 + libm::pow(load, self.power)).min(self.most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_at_its_knee_and_stays_within_its_cap() {
        let congestion = Congestion { at: 100, power: 2.0, most: 10.0 };
        let factors = [0, 50, 100, 200, 300, 1_000_000].map(|n| congestion.factor(n));
        assert_eq!(factors, [1.0, 1.25, 2.0, 5.0, 10.0, 10.0]);
    }
}
