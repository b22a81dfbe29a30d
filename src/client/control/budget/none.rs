//! No budget.

use super::{Budget, BudgetModel, Grant, Load};
use crate::client::retry::Failing;
use crate::params::{Parameters, Visitor};
use crate::units::SimTime;

/// Every retry is granted: for a client of the catalogue without its budget.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct NoBudget {}

impl Parameters for NoBudget {
    fn visit(&mut self, _visitor: &mut dyn Visitor) {}
}

impl BudgetModel for NoBudget {
    fn start(&self) -> Box<dyn Budget> {
        Box::new(Endless)
    }
}

#[derive(Debug)]
struct Endless;

impl Budget for Endless {
    fn grants(&mut self, _now: SimTime, _failing: Failing, _load: Load) -> Option<Grant> {
        Some(Grant::FREE)
    }
}
