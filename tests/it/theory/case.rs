//! Cases with exact answers, from `tests/data/theory.json`.
//!
//! A case has parameters, expected metrics and, for each metric, a rule. Rule `z`: `sigma` is the asymptotic standard
//! deviation of one counting unit (`per`), autocorrelation included, and `ref_error` the error of the expected value.
//! Rule `exact`: off by at most `tol`. Rule `relative`: off by at most the share `rel_tol`. Rule `approximation`: not
//! judged. The primary metric speaks for the case where metrics must be independent of each other.

use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Deserialize)]
struct Collection {
    cases: Vec<Case>,
}

/// One case.
#[derive(Deserialize)]
pub struct Case {
    pub id: String,
    pub title: String,
    parameters: BTreeMap<String, serde_json::Value>,
    pub expected: BTreeMap<String, f64>,
    pub judge: BTreeMap<String, Rule>,
    pub primary_metric: Option<String>,
}

/// How a metric is judged.
#[derive(Deserialize)]
#[serde(tag = "rule", rename_all = "lowercase")]
pub enum Rule {
    Z {
        sigma: f64,
        #[serde(default)]
        ref_error: f64,
        #[serde(default, rename = "minimum_units_for_normal_z")]
        fewest: f64,
    },
    Exact {
        tol: f64,
    },
    Relative {
        rel_tol: f64,
    },
    Approximation,
}

impl Case {
    /// All cases.
    pub fn all() -> Vec<Case> {
        let text = include_str!("../../data/theory.json");
        serde_json::from_str::<Collection>(text).expect("the file of cases is valid").cases
    }

    fn value(&self, name: &str) -> &serde_json::Value {
        self.parameters.get(name).unwrap_or_else(|| panic!("{} has no parameter {name}", self.id))
    }

    /// Whether the case has a parameter `name`.
    pub fn has(&self, name: &str) -> bool {
        self.parameters.contains_key(name)
    }

    /// The parameter `name`, a number.
    pub fn number(&self, name: &str) -> f64 {
        self.value(name).as_f64().unwrap_or_else(|| panic!("{}: {name} is not a number", self.id))
    }

    /// The parameter `name`, a whole number.
    pub fn count(&self, name: &str) -> u64 {
        let number = self.number(name);
        assert_eq!(number.fract(), 0.0, "{}: {name}", self.id);
        number as u64
    }

    /// The parameter `name`, a number or a fraction written as text, as numerator and denominator.
    pub fn fraction(&self, name: &str) -> (u64, u64) {
        let whole = |text: &str| text.parse::<u64>().expect("a whole number");
        match self.value(name).as_str() {
            Some(text) => {
                let (over, under) = text.split_once('/').unwrap_or((text, "1"));
                (whole(over), whole(under))
            }
            None => {
                let number = self.number(name);
                let under = if number.fract() == 0.0 { 1 } else { 2 };
                assert_eq!((number * under as f64).fract(), 0.0, "{}: {name} is neither whole nor a half", self.id);
                ((number * under as f64) as u64, under)
            }
        }
    }

    /// The parameter `name`, a text.
    pub fn text(&self, name: &str) -> &str {
        self.value(name).as_str().unwrap_or_else(|| panic!("{}: {name} is not a text", self.id))
    }

    /// The parameter `name`, a list of numbers.
    pub fn list(&self, name: &str) -> Vec<f64> {
        let list = self.value(name).as_array().unwrap_or_else(|| panic!("{}: {name} is not a list", self.id));
        list.iter().map(|item| item.as_f64().expect("a number")).collect()
    }

    /// The parameter `name`, a list of whole numbers; where one is unbounded the list ends.
    pub fn bounds(&self, name: &str) -> Vec<u64> {
        let list = self.value(name).as_array().unwrap_or_else(|| panic!("{}: {name} is not a list", self.id));
        list.iter().map_while(|item| item.as_u64()).collect()
    }

    /// The expected metrics whose name is `prefix`, a number and `suffix`, with that number.
    pub fn thresholds(&self, prefix: &str, suffix: &str) -> Vec<(String, f64)> {
        let threshold = |name: &String| {
            let number = name.strip_prefix(prefix)?.strip_suffix(suffix)?;
            Some((name.clone(), number.parse().ok()?))
        };
        self.expected.keys().filter_map(threshold).collect()
    }
}
