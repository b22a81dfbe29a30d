//! The gamma distribution, exact for every shape and equal on every platform.

use super::{Stream, exp};

/// A gamma variate with scale 1, by the rejection of Marsaglia and Tsang (ACM TOMS 26, 2000).
///
/// Below shape 1 a variate of shape + 1 is multiplied by `U^(1/shape)`, taken as `exp(-E/shape)` with an exponential `E`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gamma {
    shape: f64, // > 0
    d: f64,     // shape - 1/3, of the shape that is drawn
    c: f64,     // 1 / √(9 d)
}

impl Gamma {
    /// `shape` above 0.
    pub fn new(shape: f64) -> Self {
        let drawn = if shape < 1.0 { shape + 1.0 } else { shape };
        let d = drawn - 1.0 / 3.0;
        Gamma { shape, d, c: 1.0 / (9.0 * d).sqrt() }
    }

    /// Its shape, which is its mean and its variance.
    pub fn shape(&self) -> f64 {
        self.shape
    }

    /// The mean of a variate that is cut to `cap`, `E min(X, cap)`, at least 0.
    pub fn mean_capped(&self, cap: f64) -> f64 {
        self.shape * share_below(self.shape + 1.0, cap) + cap * (1.0 - share_below(self.shape, cap))
    }

    /// One variate.
    pub fn draw(&self, stream: &mut Stream) -> f64 {
        let drawn = self.at_least_one(stream);
        if self.shape < 1.0 { drawn * exp(-stream.exponential() / self.shape) } else { drawn }
    }

    fn at_least_one(&self, stream: &mut Stream) -> f64 {
        loop {
            let x = stream.normal();
            let root = 1.0 + self.c * x;
            if root <= 0.0 {
                continue;
            }
            let v = root * root * root;
            let u = stream.uniform();
            let square = x * x;
            // The first test is a cheap bound of the second, and true in 98 of 100 cases.
            if u < 1.0 - 0.0331 * square * square || libm::log(u) < 0.5 * square + self.d * (1.0 - v + libm::log(v)) {
                return self.d * v;
            }
        }
    }
}

/// The share of the gamma distribution of `shape` and scale 1 below `x`, to about 12 digits: the regularised incomplete gamma
/// function by its series below the mean and by its continued fraction above (Abramowitz and Stegun 6.5.29 and 6.5.31,
/// the latter by Lentz's method).
fn share_below(shape: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    let front = libm::exp(shape * libm::log(x) - x - libm::lgamma(shape));
    if x < shape + 1.0 {
        let (mut term, mut sum, mut n) = (1.0 / shape, 1.0 / shape, shape);
        while term > sum * 1e-14 {
            n += 1.0;
            term *= x / n;
            sum += term;
        }
        return (front * sum).min(1.0);
    }
    let mut b = x + 1.0 - shape;
    let (mut c, mut d) = (1e300, 1.0 / b);
    let mut fraction = d;
    for n in 1..10_000 {
        let a = f64::from(n) * (shape - f64::from(n));
        b += 2.0;
        d = 1.0 / (a * d + b);
        c = b + a / c;
        fraction *= c * d;
        if (c * d - 1.0).abs() < 1e-14 {
            break;
        }
    }
    (1.0 - front * fraction).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Seed;

    #[test]
    fn a_cap_lowers_the_mean() {
        // Shape 1: 1 - e^-cap. Shape 2: 2 - (2 + cap) e^-cap.
        for cap in [0.0, 0.3, 1.0, 2.5, 9.0, 60.0] {
            let rest = libm::exp(-cap);
            assert!((Gamma::new(1.0).mean_capped(cap) - (1.0 - rest)).abs() < 1e-12, "{cap}");
            assert!((Gamma::new(2.0).mean_capped(cap) - (2.0 - (2.0 + cap) * rest)).abs() < 1e-12, "{cap}");
        }
        assert!((Gamma::new(0.1).mean_capped(1e4) - 0.1).abs() < 1e-12);
        assert!((Gamma::new(10_000.0).mean_capped(1e9) - 10_000.0).abs() < 1e-6);
    }

    #[test]
    fn mean_and_variance_are_the_shape() {
        for shape in [0.1, 0.5, 1.0, 2.5, 40.0] {
            let (law, mut stream) = (Gamma::new(shape), Seed(5).stream(0, "gamma"));
            let n = 400_000.0;
            let draws: Vec<f64> = (0..400_000).map(|_| law.draw(&mut stream)).collect();
            let mean = draws.iter().sum::<f64>() / n;
            let variance = draws.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / n;
            // Five standard errors: the fourth central moment is 3 shape² + 6 shape.
            assert!((mean - shape).abs() < 5.0 * (shape / n).sqrt(), "{shape}: {mean}");
            let error = ((2.0 * shape * shape + 6.0 * shape) / n).sqrt();
            assert!((variance - shape).abs() < 5.0 * error, "{shape}: {variance}");
        }
    }
}
