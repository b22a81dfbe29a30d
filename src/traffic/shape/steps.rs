//! Other factors from stated instants on.

use super::curve::Curve;
use super::path::Path;
use super::{ShapeModel, check_factor};
use crate::params::{Invalid, Parameters, Visitor};
use crate::rng::Stream;
use crate::units::{Civil, Moment};

/// From each instant of `at` on the rate is the one of `factors` in the same place times what it was before all of them:
/// a customer who goes live, an outage of the callers.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Steps {
    /// When the factor changes, at least one instant. Those before the scenario's start count as well.
    pub at: Vec<Moment>,
    /// The factor from then on, in 0..=1000000; before the first instant it is 1.
    pub factors: Vec<f64>,
}

impl Parameters for Steps {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.required("at", &mut self.at);
        visitor.required("factors", &mut self.factors);
    }

    fn check(&self) -> Result<(), Invalid> {
        if self.at.is_empty() {
            return Err(Invalid::new("at", "no instant is listed", "list when the factor changes, as in `[\"3d\"]`"));
        }
        if self.at.len() != self.factors.len() {
            let message = format!("`factors` lists {}, and `at` lists {}", self.factors.len(), self.at.len());
            return Err(Invalid::new("factors", message, "list one factor for each instant"));
        }
        self.factors.iter().try_for_each(|factor| check_factor("factors", *factor))
    }
}

impl ShapeModel for Steps {
    fn curve(&self, start: &Civil, _stream: Option<Stream>) -> Box<dyn Curve> {
        let instants = self.at.iter().map(|at| at.nanos_after(start));
        Box::new(Path::steps(instants.zip(self.factors.iter().copied()).collect()))
    }
}
