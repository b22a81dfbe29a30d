//! Objectives: bounds that a choice must keep.

use crate::params::{Invalid, Literal, Parameter, Parameters, Visitor};
use crate::units::grammar::Misread;
use crate::units::{Money, Share, SimDuration};

/// The objectives of a scenario; those left out are not judged.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Slo {
    /// Failed requests among all.
    pub failure_rate: Option<AtMost<Share>>,
    /// Calls that a limit refused, with 429 or for good, among all.
    pub rejection_rate: Option<AtMost<Share>>,
    /// Median latency over all requests, a failed one counted as never.
    pub latency_p50: Option<AtMost<SimDuration>>,
    /// 90th percentile of the same.
    pub latency_p90: Option<AtMost<SimDuration>>,
    /// 95th percentile of the same.
    pub latency_p95: Option<AtMost<SimDuration>>,
    /// 99th percentile of the same.
    pub latency_p99: Option<AtMost<SimDuration>>,
    /// The bill of a month.
    pub monthly_cost: Option<AtMost<Money>>,
    /// Whether the quotas per day and month must never run out.
    pub quota_lasts: Option<bool>,
}

impl Slo {
    /// Whether nothing is asked for.
    pub fn is_empty(&self) -> bool {
        *self == Slo::default()
    }
}

impl Parameters for Slo {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.optional("failure-rate", &mut self.failure_rate);
        visitor.optional("rejection-rate", &mut self.rejection_rate);
        visitor.optional("latency-p50", &mut self.latency_p50);
        visitor.optional("latency-p90", &mut self.latency_p90);
        visitor.optional("latency-p95", &mut self.latency_p95);
        visitor.optional("latency-p99", &mut self.latency_p99);
        visitor.optional("monthly-cost", &mut self.monthly_cost);
        visitor.optional("quota-lasts", &mut self.quota_lasts);
    }

    fn check(&self) -> Result<(), Invalid> {
        for (key, bound) in [("failure-rate", self.failure_rate), ("rejection-rate", self.rejection_rate)] {
            if bound.is_some_and(|AtMost(share)| share > Share::ONE) {
                return Err(Invalid::new(
                    key,
                    "more than 100% of all",
                    "write a share up to 100%, as in `\"<= 0.5%\"`",
                ));
            }
        }
        Ok(())
    }
}

/// An upper bound, written `<= 0.5%`.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct AtMost<T>(pub T);

impl<T: Parameter> Parameter for AtMost<T> {
    fn read(&mut self, literal: &Literal) -> Result<(), Misread> {
        let help = |bound: &str| format!("write the bound after `<=`, as in `\"<= {bound}\"`");
        match literal {
            Literal::Text(text) => match text.trim().strip_prefix("<=") {
                Some("") => Err(Misread::new("there is no bound after `<=`", help("…"))),
                Some(bound) => self.0.read(&Literal::Text(bound.trim())),
                None => Err(Misread::new(
                    format!("`{text}` does not begin with `<=`"),
                    help(text.trim_start_matches(['<', '>', '=', '≤', '≥', ' '])),
                )),
            },
            Literal::Number(number) => {
                let help = "write the bound in quotes, after `<=` and with its unit, as in `\"<= 5%\"` or `\"<= 15s\"`";
                Err(Misread::new(format!("found the number `{number}`"), help))
            }
            other => Err(Misread::new(format!("found {}", other.describe()), help("…"))),
        }
    }

    fn write(&self) -> Option<String> {
        self.0.write().map(|bound| bound.replacen('"', "\"<= ", 1))
    }
}
