//! From one factor to another over some time.

use super::curve::Curve;
use super::path::Path;
use super::{ShapeModel, check_factor};
use crate::params::{Invalid, Parameters, Visitor};
use crate::rng::Stream;
use crate::units::{Civil, Moment, SimDuration};

/// The rate goes straight from what it is to `factor` times as much: a roll-out, a migration.
#[derive(Clone, Debug, PartialEq)]
pub struct Ramp {
    /// Until then the factor is 1; by default the scenario's start.
    pub from: Moment,
    /// From then on it is `factor`; after `from`.
    pub to: Moment,
    /// In 0..=1000000.
    pub factor: f64,
}

impl Default for Ramp {
    fn default() -> Self {
        Ramp { from: Moment::default(), to: Moment::After(SimDuration::from_secs(86_400)), factor: 2.0 }
    }
}

impl Parameters for Ramp {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.optional("from", &mut self.from);
        visitor.required("to", &mut self.to);
        visitor.required("factor", &mut self.factor);
    }

    fn check(&self) -> Result<(), Invalid> {
        if self.from.is_before(&self.to) == Some(false) {
            let message = format!("the ramp ends at {}, no later than it begins", self.to);
            return Err(Invalid::new("to", message, format!("write an instant after {}", self.from)));
        }
        check_factor("factor", self.factor)
    }
}

impl ShapeModel for Ramp {
    fn curve(&self, start: &Civil, _stream: Option<Stream>) -> Box<dyn Curve> {
        let from = self.from.nanos_after(start);
        let to = self.to.nanos_after(start).max(from);
        Box::new(Path::new(vec![(from, 1.0), (to, self.factor)]))
    }
}
