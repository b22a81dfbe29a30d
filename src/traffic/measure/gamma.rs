//! The shape of a gamma distribution from a sample.

/// The derivative of `ln Γ`, for `x` above 0: recurrence up to 12, from there on the asymptotic series (Abramowitz and
/// Stegun, Handbook of Mathematical Functions, 6.3.5 and 6.3.18).
pub fn digamma(mut x: f64) -> f64 {
    let mut below = 0.0;
    while x < 12.0 {
        below += 1.0 / x;
        x += 1.0;
    }
    let f = 1.0 / (x * x);
    let series = f * (1.0 / 12.0 - f * (1.0 / 120.0 - f * (1.0 / 252.0 - f * (1.0 / 240.0 - f / 132.0))));
    libm::log(x) - 0.5 / x - series - below
}

/// The second derivative of `ln Γ`, for `x` above 0 (the same, 6.4.6 and 6.4.12).
pub fn trigamma(mut x: f64) -> f64 {
    let mut below = 0.0;
    while x < 12.0 {
        below += 1.0 / (x * x);
        x += 1.0;
    }
    let f = 1.0 / (x * x);
    let series = f * (1.0 / 6.0 - f * (1.0 / 30.0 - f * (1.0 / 42.0 - f / 30.0)));
    below + 1.0 / x + f / 2.0 + series / x
}

/// The most likely shape of a gamma sample, by `ln(mean) - mean(ln)`, which is above zero unless all values are equal:
/// Newton's method on `ln k - ψ(k)` (Minka, Estimating a Gamma distribution, 2002).
pub fn shape_by_likelihood(log_ratio: f64) -> Option<f64> {
    let s = log_ratio;
    if !(s > 1e-12 && s.is_finite()) {
        return None;
    }
    let mut k = (3.0 - s + ((s - 3.0) * (s - 3.0) + 24.0 * s).sqrt()) / (12.0 * s);
    for _ in 0..60 {
        let step = (libm::log(k) - digamma(k) - s) / (1.0 / k - trigamma(k));
        let next = if k - step > 0.0 { k - step } else { k / 2.0 };
        let is_settled = (next - k).abs() < 1e-12 * k;
        k = next;
        if is_settled {
            break;
        }
    }
    (k > 0.0 && k.is_finite()).then_some(k)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Gamma, Seed};

    #[test]
    fn known_values() {
        // ψ(1) = -γ, ψ(1/2) = -γ - 2 ln 2; ψ'(1) = π²/6, ψ'(1/2) = π²/2.
        let euler = 0.577_215_664_901_532_9;
        let pi2 = std::f64::consts::PI * std::f64::consts::PI;
        assert!((digamma(1.0) + euler).abs() < 1e-12);
        assert!((digamma(0.5) + euler + 2.0 * std::f64::consts::LN_2).abs() < 1e-12);
        assert!((trigamma(1.0) - pi2 / 6.0).abs() < 1e-8);
        assert!((trigamma(0.5) - pi2 / 2.0).abs() < 1e-8);
    }

    #[test]
    fn the_shape_of_a_sample_comes_back() {
        for shape in [0.1, 0.45, 1.0, 3.0, 50.0] {
            let (law, mut stream) = (Gamma::new(shape), Seed(6).stream(0, "shape"));
            let n = 50_000.0;
            let draws: Vec<f64> = (0..50_000).map(|_| law.draw(&mut stream).max(1e-300)).collect();
            let mean = draws.iter().sum::<f64>() / n;
            let logs = draws.iter().map(|&x| libm::log(x)).sum::<f64>() / n;
            let found = shape_by_likelihood(libm::log(mean) - logs).unwrap();
            // The estimator's variance is 1 / (n (ψ'(k) - 1/k)); five standard errors of a fixed seed.
            let error = 1.0 / (n * (trigamma(shape) - 1.0 / shape)).sqrt();
            assert!((found - shape).abs() < 5.0 * error, "{shape}: {found}");
        }
    }

    #[test]
    fn equal_values_have_no_shape() {
        assert_eq!(shape_by_likelihood(0.0), None);
        assert_eq!(shape_by_likelihood(f64::NAN), None);
        assert!(shape_by_likelihood(700.0).is_some());
    }
}
