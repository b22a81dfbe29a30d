//! Factors as straight lines, and their product as pieces whose integral can be taken and inverted.

use crate::units::SimTime;

/// A stretch of time over which a factor runs straight from one value to another, both at least 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Line {
    pub(super) from: SimTime,
    pub(super) until: SimTime, // after `from`
    pub(super) first: f64,     // at `from`
    pub(super) last: f64,      // just before `until`
}

impl Line {
    /// One value from `from` on.
    pub(super) fn level(from: SimTime, until: SimTime, value: f64) -> Self {
        Line { from, until, first: value, last: value }
    }

    fn at(&self, at: SimTime) -> f64 {
        if self.first == self.last {
            return self.first;
        }
        let part = nanos(self.from, at) / nanos(self.from, self.until);
        self.first + (self.last - self.first) * part
    }
}

/// From one instant to a later one.
pub(super) fn nanos(from: SimTime, until: SimTime) -> f64 {
    until.saturating_since(from).as_nanos() as f64
}

/// A factor over time.
pub(super) trait Curve: Send {
    /// The line that holds `at` and begins no later. Asked in the order of time, each time for an instant at which the
    /// last line has ended.
    fn line(&mut self, at: SimTime) -> Line;
}

/// The most curves that are multiplied.
const MOST: usize = 16;

/// The product of curves, piece by piece: within a piece every factor is straight, so that the product is a polynomial.
pub(super) struct Product {
    curves: Vec<(Box<dyn Curve>, Line)>,
    at: SimTime,
}

impl Product {
    /// From the start on.
    pub(super) fn new(curves: Vec<Box<dyn Curve>>) -> Self {
        assert!(curves.len() <= MOST, "there are more shapes than a piece has room for");
        let nothing = Line::level(SimTime::ZERO, SimTime::ZERO, 1.0);
        Product { curves: curves.into_iter().map(|curve| (curve, nothing)).collect(), at: SimTime::ZERO }
    }

    /// The next piece, cut at `end`; none from there on.
    pub(super) fn next(&mut self, end: SimTime) -> Option<Piece> {
        let from = self.at;
        if from >= end {
            return None;
        }
        let mut until = end;
        for (curve, line) in &mut self.curves {
            if line.until <= from {
                *line = curve.line(from);
            }
            until = until.min(line.until);
        }
        let factors = self.curves.iter().map(|(_, line)| (line.at(from), line.at(until)));
        self.at = until;
        Some(Piece::new(from, nanos(from, until), factors))
    }
}

/// A stretch over which the factor is a polynomial of the part `x` of it that has passed, in 0..=1.
pub(super) struct Piece {
    from: SimTime,
    length: f64, // ns
    degree: usize,
    coefficients: [f64; MOST + 1], // of x⁰, x¹, …
    integrals: [f64; MOST + 1],    // of these, as coefficients of x¹, x², …
    mass: f64,                     // the integral over all of it, in ns of operational time
}

impl Piece {
    /// The product of `factors`, each straight from its first to its last value.
    fn new(from: SimTime, length: f64, factors: impl Iterator<Item = (f64, f64)>) -> Self {
        let mut coefficients = [0.0; MOST + 1];
        coefficients[0] = 1.0;
        let mut piece = Piece { from, length, degree: 0, coefficients, integrals: [0.0; MOST + 1], mass: 0.0 };
        factors.for_each(|(first, last)| piece.multiply(first, last));
        for power in 0..=piece.degree {
            piece.integrals[power] = piece.coefficients[power] / (power + 1) as f64;
        }
        piece.mass = piece.integral(1.0).max(0.0) * length;
        piece
    }

    /// Multiplies by the line from `first` to `last`.
    fn multiply(&mut self, first: f64, last: f64) {
        let slope = last - first;
        self.degree += usize::from(slope != 0.0);
        for power in (1..=self.degree).rev() {
            self.coefficients[power] = self.coefficients[power] * first + self.coefficients[power - 1] * slope;
        }
        self.coefficients[0] *= first;
    }

    fn factor(&self, x: f64) -> f64 {
        polynomial(&self.coefficients[..=self.degree], x)
    }

    /// The integral from 0 to `x`, in lengths of the piece.
    fn integral(&self, x: f64) -> f64 {
        x * polynomial(&self.integrals[..=self.degree], x)
    }

    /// The integral over the whole piece, in nanoseconds of operational time.
    pub(super) fn mass(&self) -> f64 {
        self.mass
    }

    /// When `mass` nanoseconds of operational time have passed since the piece began; `mass` is below the piece's own.
    pub(super) fn when(&self, mass: f64) -> SimTime {
        let wanted = mass / self.length;
        let x = match self.degree {
            _ if wanted <= 0.0 => 0.0,
            0 => wanted / self.coefficients[0],
            1 => straight(wanted, self.coefficients[0], self.coefficients[1]),
            _ => self.invert(wanted),
        };
        SimTime::from_nanos(self.from.as_nanos() + (x.min(1.0) * self.length) as u64)
    }

    /// Newton's method between bounds that halve where it would leave them. The integral never falls.
    fn invert(&self, wanted: f64) -> f64 {
        let (mut low, mut high) = (0.0, 1.0);
        let first = self.factor(0.0);
        let mut x = straight(wanted, first, self.factor(1.0) - first);
        for _ in 0..60 {
            let excess = self.integral(x) - wanted;
            if excess < 0.0 {
                low = x;
            } else {
                high = x;
            }
            let next = x - excess / self.factor(x);
            if (next - x).abs() * self.length < 0.1 {
                return next.clamp(0.0, 1.0);
            }
            // Written so that a division by zero halves too.
            x = if next > low && next < high { next } else { 0.5 * (low + high) };
        }
        x
    }
}

/// The polynomial with these coefficients, the constant first (Horner).
fn polynomial(coefficients: &[f64], x: f64) -> f64 {
    coefficients.iter().rev().fold(0.0, |sum, coefficient| sum * x + coefficient)
}

/// The `x` in 0..=1 at which the integral of `first + slope x` is `wanted`, written so that nothing cancels.
fn straight(wanted: f64, first: f64, slope: f64) -> f64 {
    let root = (first * first + 2.0 * slope * wanted).max(0.0).sqrt();
    (2.0 * wanted / (first + root)).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(lines: &[(f64, f64)]) -> Piece {
        Piece::new(SimTime::from_nanos(7), 1e12, lines.iter().copied())
    }

    #[test]
    fn integrals_are_those_of_the_product() {
        assert_eq!(piece(&[]).mass(), 1e12);
        assert_eq!(piece(&[(3.0, 3.0), (0.5, 0.5)]).mass(), 1.5e12);
        assert!((piece(&[(0.0, 2.0), (4.0, 4.0)]).mass() / 4e12 - 1.0).abs() < 1e-15);
        // ∫ x (1 - x) = 1/6.
        assert!((piece(&[(0.0, 1.0), (1.0, 0.0)]).mass() / (1e12 / 6.0) - 1.0).abs() < 1e-15);
    }

    #[test]
    fn instants_invert_the_integral_to_the_nanosecond() {
        let products: [&[(f64, f64)]; 7] = [
            &[(2.0, 2.0)],
            &[(0.0, 3.0)],
            &[(5.0, 0.0)],
            &[(0.0, 1.0), (1.0, 0.0)],
            &[(0.0, 1.0), (0.0, 1.0), (0.0, 1.0)],
            &[(1.0, 0.0), (1.0, 0.0), (1.0, 0.0), (2.0, 3.0)],
            &[(1.0, 1.1), (0.9, 0.8), (1e-6, 1e6)],
        ];
        for lines in products {
            let piece = piece(lines);
            for step in 1..1_000 {
                let x = f64::from(step) / 1_000.0;
                let when = piece.when(piece.integral(x) * piece.length).as_nanos() as f64 - 7.0;
                // Where the rate vanishes, the integral says little about the instant.
                let allowed = 2.0 + 1e-3 * piece.length * 1e-12 / piece.factor(x).clamp(1e-9, 1.0);
                assert!((when - x * 1e12).abs() < allowed, "{lines:?} at {x}: {when}");
            }
            assert_eq!(piece.when(0.0).as_nanos(), 7);
        }
    }
}
