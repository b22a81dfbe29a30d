//! The Markov-modulated Poisson process.

use super::modulated::{Modulated, State};
use super::renewal::Exponential;
use super::{ArrivalModel, ArrivalProcess, once_a_second};
use crate::params::{Invalid, Literal, Parameter, Parameters, Visitor};
use crate::rng::Stream;
use crate::units::grammar::{self, Misread};
use crate::units::{Civil, Rate, SimDuration};

/// A Poisson process whose rate jumps between states; it starts in one drawn by their shares of the long run.
///
/// Either `sojourns` gives the mean time in each state, and every other state follows alike; or `generator` gives the
/// rates of the jumps, in jumps a second, one row for each state with a sum of 0 (Fischer and Meier-Hellstern, Perform.
/// Eval. 18, 1993).
#[derive(Clone, Debug, PartialEq)]
pub struct Mmpp {
    /// The rate in each state, 2 to 64 of them, some of which may be `0/s`.
    pub rates: Vec<Level>,
    /// The mean time in each state, at least 1 ms; in its place `generator`.
    pub sojourns: Vec<SimDuration>,
    /// Jumps a second from each state (a row) to each (a place in it); in its place `sojourns`.
    pub generator: Vec<Vec<f64>>,
}

/// A rate that may be zero.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct Level(pub Option<Rate>);

impl Level {
    fn per_nano(self) -> f64 {
        self.0.map_or(0.0, |rate| rate.events() as f64 / rate.nanos() as f64)
    }
}

impl Parameter for Level {
    fn read(&mut self, literal: &Literal) -> Result<(), Misread> {
        if let Literal::Text(text) = literal
            && let Some(period) = text.trim().strip_prefix("0/")
            && grammar::rate(&format!("1/{period}")).is_ok()
        {
            *self = Level(None);
            return Ok(());
        }
        let mut rate = once_a_second();
        rate.read(literal)?;
        *self = Level(Some(rate));
        Ok(())
    }

    fn write(&self) -> Option<String> {
        self.0.map_or(Some("\"0/s\"".to_owned()), |rate| rate.write())
    }
}

impl Default for Mmpp {
    fn default() -> Self {
        let level = |events| Level(Rate::new(events, SimDuration::from_secs(1)));
        Mmpp { rates: vec![level(1), level(5)], sojourns: Vec::new(), generator: Vec::new() }
    }
}

const MOST_STATES: usize = 64;

impl Parameters for Mmpp {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.required("rates", &mut self.rates);
        visitor.optional("sojourns", &mut self.sojourns);
        visitor.optional("generator", &mut self.generator);
    }

    fn check(&self) -> Result<(), Invalid> {
        let count = self.rates.len();
        if !(2..=MOST_STATES).contains(&count) {
            let help = "list 2 to 64 rates, as in `[\"5/s\", \"30/s\"]`";
            return Err(Invalid::new("rates", format!("{count} rates are no choice of states"), help));
        }
        if self.rates.iter().all(|level| level.0.is_none()) {
            return Err(Invalid::new("rates", "all rates are zero", "list at least one rate above zero"));
        }
        if let Some(Level(Some(rate))) = self.rates.iter().find(|level| level.per_nano() > 0.01) {
            return Err(Invalid::new(
                "rates",
                format!("`{rate}` is more than 10 million a second"),
                "list lower rates",
            ));
        }
        if self.generator.is_empty() {
            self.check_sojourns()?
        } else {
            self.check_generator()?
        }
        let Some(shares) = self.shares() else {
            let help = "let every state lead to every other one, over others if need be";
            return Err(Invalid::new("generator", "some states are never reached again", help));
        };
        let shortest = (0..count).map(|at| self.mean_length(at)).fold(f64::INFINITY, f64::min);
        let key = if self.generator.is_empty() { "sojourns" } else { "generator" };
        match Rate::nearest(self.mean_per_nano(&shares) * 1e9) {
            Some(rate) => check_changes(rate, SimDuration::from_secs_f64(shortest * 1e-9), key),
            None => Err(Invalid::new("rates", "the mean rate is below one in 100 years", "list higher rates")),
        }
    }
}

/// Refuses states so short that a million of them pass between two arrivals: they would cost time and show nowhere.
pub(super) fn check_changes(rate: Rate, shortest: SimDuration, key: &'static str) -> Result<(), Invalid> {
    if rate.per_second() * shortest.as_secs_f64() < 1e-6 {
        let message = format!("more than a million states of {shortest} pass between two arrivals at {rate}");
        return Err(Invalid::new(key, message, "write longer times, or a higher rate"));
    }
    Ok(())
}

impl Mmpp {
    fn check_sojourns(&self) -> Result<(), Invalid> {
        if self.sojourns.len() != self.rates.len() {
            let message = format!("`sojourns` lists {}, and `rates` lists {}", self.sojourns.len(), self.rates.len());
            let help = "list the mean time in each state, as in `[\"5min\", \"1min\"]`, or state a `generator`";
            return Err(Invalid::new("sojourns", message, help));
        }
        match self.sojourns.iter().find(|sojourn| sojourn.as_nanos() < 1_000_000) {
            Some(bad) => {
                Err(Invalid::new("sojourns", format!("`{bad}` is shorter than 1ms"), "list times of at least 1ms"))
            }
            None => Ok(()),
        }
    }

    fn check_generator(&self) -> Result<(), Invalid> {
        let invalid = |message: String, help| Err(Invalid::new("generator", message, help));
        let count = self.rates.len();
        if !self.sojourns.is_empty() {
            return invalid("both `sojourns` and `generator` are stated".into(), "keep one of them");
        }
        if self.generator.len() != count || self.generator.iter().any(|row| row.len() != count) {
            let help = "list a row for each of `rates`, with as many numbers";
            return invalid(format!("this is not {count} rows of {count} numbers"), help);
        }
        for (at, row) in self.generator.iter().enumerate() {
            let others = || row.iter().enumerate().filter(|&(to, _)| to != at).map(|(_, rate)| *rate);
            let out: f64 = others().sum();
            if others().any(|rate| rate < 0.0) {
                return invalid(
                    format!("row {} has a negative rate beside its diagonal", at + 1),
                    "write rates of at least 0",
                );
            }
            if !(1e-9..=1e3).contains(&out) {
                let help = "let the jumps out of each state be between 0.000000001 and 1000 a second";
                return invalid(format!("row {} is left at `{out}` jumps a second", at + 1), help);
            }
            if (row[at] + out).abs() > 1e-9 * out {
                let help = format!("write `{:?}` on its diagonal", -out);
                return Err(Invalid::new("generator", format!("row {} does not sum to 0", at + 1), help));
            }
        }
        Ok(())
    }

    /// Jumps per nanosecond from one state to another.
    fn jump(&self, from: usize, to: usize) -> f64 {
        if from == to {
            return 0.0;
        }
        match self.generator.get(from) {
            Some(row) => row.get(to).copied().unwrap_or(0.0) * 1e-9,
            None => 1.0 / (self.sojourns[from].as_nanos() as f64 * (self.rates.len() - 1) as f64),
        }
    }

    fn mean_length(&self, state: usize) -> f64 {
        1.0 / (0..self.rates.len()).map(|to| self.jump(state, to)).sum::<f64>()
    }

    /// Each state's share of the long run, by the elimination of Grassmann, Taksar and Heyman (Oper. Res. 33, 1985),
    /// which subtracts nothing; `None` where some state is never reached again.
    fn shares(&self) -> Option<Vec<f64>> {
        let count = self.rates.len();
        let mut jumps: Vec<Vec<f64>> =
            (0..count).map(|from| (0..count).map(|to| self.jump(from, to)).collect()).collect();
        for last in (1..count).rev() {
            let (before, rest) = jumps.split_at_mut(last);
            let out: f64 = rest[0][..last].iter().sum();
            if out <= 0.0 {
                return None;
            }
            for row in before {
                row[last] /= out;
                let into = row[last];
                row[..last].iter_mut().zip(&rest[0]).for_each(|(jump, further)| *jump += into * further);
            }
        }
        let mut shares = vec![1.0];
        for state in 1..count {
            shares.push(shares.iter().zip(&jumps).map(|(share, row)| share * row[state]).sum());
        }
        let sum: f64 = shares.iter().sum();
        shares.iter().all(|&share| share > 0.0).then(|| shares.iter().map(|share| share / sum).collect())
    }

    fn mean_per_nano(&self, shares: &[f64]) -> f64 {
        shares.iter().zip(&self.rates).map(|(share, level)| share * level.per_nano()).sum()
    }

    fn state(&self, at: usize) -> State {
        let mean_length = self.mean_length(at);
        let mut edge = 0.0;
        let targets = (0..self.rates.len()).filter(|&to| self.jump(at, to) > 0.0);
        let next = targets.map(|to| {
            edge += self.jump(at, to) * mean_length;
            (to, edge)
        });
        State { rate: self.rates[at].per_nano(), mean_length, next: next.collect() }
    }
}

impl ArrivalModel for Mmpp {
    fn process(&self, stream: Stream, _start: &Civil) -> Box<dyn ArrivalProcess> {
        let shares = self.shares().unwrap_or_default();
        let states = (0..self.rates.len()).map(|at| self.state(at)).collect();
        Modulated::process(states, &shares, Exponential, stream)
    }

    fn mean_rate(&self) -> Rate {
        let mean = self.shares().map_or(0.0, |shares| self.mean_per_nano(&shares));
        Rate::nearest(mean * 1e9).unwrap_or(once_a_second())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_those_of_the_long_run() {
        let generator = vec![vec![-0.2, 0.2], vec![0.4, -0.4]];
        let two = Mmpp { generator, ..Mmpp::default() };
        assert_eq!(two.check(), Ok(()));
        assert!((two.shares().unwrap()[0] - 2.0 / 3.0).abs() < 1e-15);
        // Where every other state follows alike, sojourns decide.
        let level = Level(Rate::new(1, SimDuration::from_secs(1)));
        let sojourns = [1, 2, 5].map(SimDuration::from_secs).to_vec();
        let three = Mmpp { rates: vec![level; 3], sojourns, generator: Vec::new() };
        let shares = three.shares().unwrap();
        assert!((shares[0] - 0.125).abs() < 1e-12 && (shares[2] - 0.625).abs() < 1e-12, "{shares:?}");
    }
}
