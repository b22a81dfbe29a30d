//! A factor that wanders.

use super::{Stream, exp};

/// A lognormal factor with mean 1 whose logarithm is an Ornstein-Uhlenbeck process (Uhlenbeck and Ornstein, Phys. Rev. 36,
/// 1930), step by step: the logarithm has the variance `ln(1 + cv²)` and the correlation `e^(-1/steps)` from one step to
/// the next.
#[derive(Clone, Debug)]
pub struct Wandering {
    keeps: f64, // correlation from step to step
    kick: f64,  // √(1 - keeps²)
    sigma: f64, // of the logarithm
    score: f64, // of the point reached, from which the logarithm follows
}

impl Wandering {
    /// The first point is one of the long run. `cv` is the standard deviation over the mean, at least 0; `steps` are those
    /// in which the correlation falls to 1/e, at least 1.
    pub fn new(cv: f64, steps: u64, stream: &mut Stream) -> Self {
        let steps = steps as f64;
        Wandering {
            keeps: libm::exp(-1.0 / steps),
            kick: (-libm::expm1(-2.0 / steps)).sqrt(),
            sigma: libm::log1p(cv * cv).sqrt(),
            score: stream.normal(),
        }
    }

    /// The factor at the point reached.
    pub fn factor(&self) -> f64 {
        exp(self.sigma * self.score - 0.5 * self.sigma * self.sigma)
    }

    /// Goes on by one step.
    pub fn step(&mut self, stream: &mut Stream) {
        self.score = self.keeps * self.score + self.kick * stream.normal();
    }
}
