//! Days that are not like others.

use super::curve::Curve;
use super::path::Path;
use super::{ShapeModel, check_factor};
use crate::params::{Invalid, Parameters, Visitor};
use crate::rng::Stream;
use crate::units::{Civil, Day, Moment};
use jiff::civil::Date;

/// On the stated dates, from midnight to midnight on the clocks of a zone, the rate is `factor` times what it would be.
#[derive(Clone, Debug, PartialEq)]
pub struct Holidays {
    /// The dates, at least one.
    pub dates: Vec<Day>,
    /// In 0..=1000000.
    pub factor: f64,
    /// The zone whose midnights count; by default the scenario's.
    pub zone: Option<String>,
}

impl Default for Holidays {
    fn default() -> Self {
        Holidays { dates: Vec::new(), factor: 0.3, zone: None }
    }
}

impl Parameters for Holidays {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.required("dates", &mut self.dates);
        visitor.required("factor", &mut self.factor);
        visitor.optional("zone", &mut self.zone);
    }

    fn check(&self) -> Result<(), Invalid> {
        if self.dates.is_empty() {
            return Err(Invalid::new("dates", "no date is listed", "list the dates, as in `[\"2025-12-25\"]`"));
        }
        check_factor("factor", self.factor)?;
        crate::traffic::check_zone(self.zone.as_deref())
    }
}

impl ShapeModel for Holidays {
    fn curve(&self, start: &Civil, _stream: Option<Stream>) -> Box<dyn Curve> {
        let clock = crate::traffic::in_zone(start, self.zone.as_deref());
        let mut dates = self.dates.clone();
        dates.sort_unstable();
        dates.dedup();
        // The end of one day and the beginning of the next may be one instant, and the later of the two holds.
        let begins = |date: Date| Moment::Local(date.at(0, 0, 0, 0)).nanos_after(&clock);
        let days = dates.iter().flat_map(|day| {
            let ends = day.0.tomorrow().map_or(i64::MAX, begins);
            [(begins(day.0), self.factor), (ends, 1.0)]
        });
        Box::new(Path::steps(days.collect()))
    }
}
