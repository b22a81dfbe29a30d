//! Counts from a list.

use super::SizeModel;
use crate::params::{Invalid, Parameters, Visitor};
use crate::rng::Stream;
use crate::traffic::Population;
use crate::units::Tokens;

/// One of `values`, each as likely as its weight says.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Empirical {
    /// The counts; at least one.
    pub values: Vec<Tokens>,
    /// One weight for each count, at least 0; all alike where the list is left out.
    pub weights: Vec<f64>,
}

impl Parameters for Empirical {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.required("values", &mut self.values);
        visitor.optional("weights", &mut self.weights);
    }

    fn check(&self) -> Result<(), Invalid> {
        if self.values.is_empty() {
            return Err(Invalid::new("values", "the list is empty", "list at least one count, as in `[100, 500]`"));
        }
        if self.weights.is_empty() {
            return Ok(());
        }
        if self.weights.len() != self.values.len() {
            let message = format!("there are {} weights for {} values", self.weights.len(), self.values.len());
            return Err(Invalid::new("weights", message, "list one weight for each value, or leave them out"));
        }
        if let Some(bad) = self.weights.iter().find(|&&w| w < 0.0) {
            return Err(Invalid::new(
                "weights",
                format!("the weight `{bad}` is negative"),
                "write weights of at least 0",
            ));
        }
        let sum: f64 = self.weights.iter().sum();
        if !sum.is_finite() || sum <= 0.0 {
            return Err(Invalid::new(
                "weights",
                format!("the weights sum to `{sum}`"),
                "write weights whose sum is finite and above zero",
            ));
        }
        Ok(())
    }
}

impl Empirical {
    fn weight(&self, index: usize) -> f64 {
        self.weights.get(index).copied().unwrap_or(1.0)
    }

    fn total_weight(&self) -> f64 {
        (0..self.values.len()).map(|i| self.weight(i)).sum()
    }
}

impl SizeModel for Empirical {
    fn fill(&self, stream: &mut Stream, out: &mut [Tokens]) {
        if self.weights.is_empty() {
            out.fill_with(|| self.values[stream.index(self.values.len() as u64) as usize]);
            return;
        }
        let chances = Population::weighted(self.weights.iter().copied());
        out.fill_with(|| self.values[chances.draw(stream) as usize]);
    }

    fn mean(&self) -> f64 {
        let sum: f64 = self.values.iter().enumerate().map(|(i, v)| f64::from(v.get()) * self.weight(i)).sum();
        sum / self.total_weight()
    }

    fn largest(&self) -> Option<Tokens> {
        self.values.iter().copied().max()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Seed;

    #[test]
    fn weights_decide_the_shares() {
        let sizes = Empirical { values: [1, 5, 20].map(Tokens::new).to_vec(), weights: vec![7.0, 2.0, 1.0] };
        let mut out = vec![Tokens::new(0); 100_000];
        sizes.fill(&mut Seed(1).stream(0, "sizes"), &mut out);
        for (value, share) in [(1, 0.7), (5, 0.2), (20, 0.1)] {
            let seen = out.iter().filter(|t| t.get() == value).count() as f64 / 1e5;
            // Five standard errors of the share with the largest variance.
            assert!((seen - share).abs() < 5.0 * 0.00145, "{value}: {seen}");
        }
        assert!((sizes.mean() - 3.7).abs() < 1e-12);
    }
}
