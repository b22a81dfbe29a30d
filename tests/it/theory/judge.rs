//! From estimates to a verdict.

use super::case::{Case, Rule};
use std::fmt;

/// What a simulation says about one metric.
pub struct Estimate {
    pub metric: String,
    pub value: f64,
    /// How many counting units (requests, windows, runs) it rests on. For a metric per request these are all requests
    /// that were offered, also where only some of them, such as the refused, go into the mean.
    pub units: f64,
}

impl Estimate {
    pub fn new(metric: impl Into<String>, value: f64, units: impl Into<f64>) -> Self {
        Estimate { metric: metric.into(), value, units: units.into() }
    }
}

/// An estimate against what is expected.
pub struct Finding {
    pub case: String,
    pub model: &'static str,
    pub metric: String,
    pub is_primary: bool,
    expected: f64,
    value: f64,
    mark: Mark,
}

enum Mark {
    Z(f64),
    /// Too few units for the central limit theorem: shown, not judged.
    Few(f64),
    /// Off by so much, of so much allowed.
    Off(f64, f64),
}

impl Finding {
    /// Judges `estimate` of `case`, made with `model`.
    pub fn new(case: &Case, model: &'static str, estimate: &Estimate) -> Self {
        let Estimate { metric, value, units } = estimate;
        let expected = *case.expected.get(metric).unwrap_or_else(|| panic!("{} has no metric {metric}", case.id));
        let mark = match case.judge[metric] {
            Rule::Z { sigma, ref_error, fewest } => {
                let z = (value - expected) / (sigma * sigma / units + ref_error * ref_error).sqrt();
                if *units < fewest { Mark::Few(z) } else { Mark::Z(z) }
            }
            Rule::Exact { tol } => Mark::Off((value - expected).abs(), tol),
            Rule::Relative { rel_tol } => Mark::Off((value / expected - 1.0).abs(), rel_tol),
            Rule::Approximation => panic!("{} {metric} is an approximation, no target", case.id),
        };
        let is_primary = case.primary_metric.as_ref() == Some(metric);
        Finding { case: case.id.clone(), model, metric: metric.clone(), is_primary, expected, value: *value, mark }
    }

    /// The z-score, where the metric is judged by one.
    pub fn z(&self) -> Option<f64> {
        match self.mark {
            Mark::Z(z) => Some(z),
            _ => None,
        }
    }

    /// Whether the metric is as expected.
    pub fn holds(&self) -> bool {
        match self.mark {
            // Written so that NaN does not hold.
            Mark::Z(z) => z.abs() < 4.0,
            Mark::Few(_) => true,
            Mark::Off(off, allowed) => off <= allowed,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = format!("{} {}", self.case, self.model);
        let primary = if self.is_primary { '*' } else { ' ' };
        write!(f, "{name:<27}{primary}{:<40} {:>14.6e} {:>14.6e} ", self.metric, self.expected, self.value)?;
        match self.mark {
            Mark::Z(z) => write!(f, "z {z:6.2}"),
            Mark::Few(z) => write!(f, "z {z:6.2} (few)"),
            Mark::Off(off, allowed) => write!(f, "off {off:.1e} of {allowed:.0e}"),
        }
    }
}

/// The sum of squares of standard normal variates, as a standard normal variate itself (Wilson and Hilferty 1931: the cube
/// root of a chi-square is nearly normal; good to 0.01 from 30 degrees of freedom on).
pub fn chi_square(scores: &[f64]) -> f64 {
    let n = scores.len() as f64;
    let sum: f64 = scores.iter().map(|z| z * z).sum();
    let spread = 2.0 / (9.0 * n);
    ((sum / n).cbrt() - (1.0 - spread)) / spread.sqrt()
}
