//! A mean over replications, with how far it may be off.

use super::t_quantile_975;
use serde::{Deserialize, Serialize};

/// What one replication says of a metric.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value {
    /// A number.
    Is(f64),
    /// A time that never came: a latency quantile among requests of which too many failed.
    Never,
    /// Nothing, such as the mean latency of no request.
    Undefined,
}

impl Value {
    /// `numerator / denominator`, undefined over zero.
    pub fn ratio(numerator: f64, denominator: f64) -> Self {
        if denominator == 0.0 { Value::Undefined } else { Value::Is(numerator / denominator) }
    }

    /// The number, if it is one.
    pub fn number(self) -> Option<f64> {
        match self {
            Value::Is(number) => Some(number),
            Value::Never | Value::Undefined => None,
        }
    }
}

/// An estimate of a metric from independent replications.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The mean; absent where it is never, or where no replication defines it.
    pub mean: Option<f64>,
    /// The lower end of the 95 % interval; absent with fewer than two replications.
    pub low: Option<f64>,
    /// The upper end.
    pub high: Option<f64>,
    /// Replications that define the metric.
    pub n: u64,
    /// How many of them say "never"; with any, there is no mean.
    #[serde(
        default,
        rename = "never",
        skip_serializing_if = "is_zero",
        serialize_with = "as_flag",
        deserialize_with = "from_flag"
    )]
    pub never: u64,
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

fn as_flag<S: serde::Serializer>(_count: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bool(true)
}

fn from_flag<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    bool::deserialize(deserializer).map(u64::from)
}

impl Estimate {
    /// From one value for each replication, in their order. The interval is Student's; its lower end is cut at zero,
    /// below which no metric lies.
    pub fn of(values: impl IntoIterator<Item = Value>) -> Self {
        let estimate = Self::signed(values);
        Estimate { low: estimate.low.map(|low| low.max(0.0)), ..estimate }
    }

    /// The mean of the differences `mine - theirs` of replications that share their random numbers.
    pub fn paired(mine: impl IntoIterator<Item = Value>, theirs: impl IntoIterator<Item = Value>) -> Self {
        let difference = |(mine, theirs): (Value, Value)| match (mine, theirs) {
            (Value::Is(mine), Value::Is(theirs)) => Value::Is(mine - theirs),
            _ => Value::Undefined,
        };
        Self::signed(mine.into_iter().zip(theirs).map(difference))
    }

    fn signed(values: impl IntoIterator<Item = Value>) -> Self {
        let (mut numbers, mut never) = (Vec::new(), 0);
        for value in values {
            match value {
                Value::Is(number) => numbers.push(number),
                Value::Never => never += 1,
                Value::Undefined => {}
            }
        }
        let n = numbers.len() as u64 + never;
        if never > 0 || numbers.is_empty() {
            return Estimate { mean: None, low: None, high: None, n, never };
        }
        let mean = numbers.iter().sum::<f64>() / n as f64;
        let half = (n >= 2).then(|| {
            let squares: f64 = numbers.iter().map(|x| (x - mean) * (x - mean)).sum();
            t_quantile_975(n - 1) * (squares / (n - 1) as f64 / n as f64).sqrt()
        });
        Estimate { mean: Some(mean), low: half.map(|h| mean - h), high: half.map(|h| mean + h), n, never }
    }

    /// Whether every replication says "never".
    pub fn is_always_never(&self) -> bool {
        self.never > 0 && self.never == self.n
    }

    /// Half the width of the interval, where there is one.
    pub fn half_width(&self) -> Option<f64> {
        Some(self.high? - self.mean?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_replication_has_no_interval() {
        let estimate = Estimate::of([Value::Is(3.0)]);
        assert_eq!((estimate.mean, estimate.low, estimate.high, estimate.n), (Some(3.0), None, None, 1));
    }

    #[test]
    fn the_interval_is_students() {
        // Mean 3, standard deviation √2.5, t(4) = 2.776: ±1.963.
        let estimate = Estimate::of([1.0, 2.0, 3.0, 4.0, 5.0].map(Value::Is));
        assert!((estimate.half_width().unwrap() - 1.963_243).abs() < 1e-5);
        assert_eq!(Estimate::of([0.0, 0.0, 1.0].map(Value::Is)).low, Some(0.0));
    }

    #[test]
    fn pairs_share_what_they_have_in_common() {
        let common = [10.0, 20.0, 30.0, 40.0];
        let paired = Estimate::paired(common.map(|x| Value::Is(x + 1.0)), common.map(Value::Is));
        assert_eq!((paired.mean, paired.low, paired.high), (Some(1.0), Some(1.0), Some(1.0)));
    }

    #[test]
    fn a_single_never_leaves_no_mean() {
        let estimate = Estimate::of([Value::Is(1.0), Value::Never]);
        assert_eq!((estimate.mean, estimate.n, estimate.never), (None, 2, 1));
        assert!(!estimate.is_always_never() && Estimate::of([Value::Never]).is_always_never());
        let json = serde_json::to_string(&estimate).unwrap();
        assert_eq!(json, r#"{"mean":null,"low":null,"high":null,"n":2,"never":true}"#);
        assert_eq!(
            serde_json::to_string(&Estimate::of([Value::Is(1.0)])).unwrap(),
            r#"{"mean":1.0,"low":null,"high":null,"n":1}"#
        );
    }

    /// 95 % intervals of a known mean must cover it in 93 to 97 % of cases; for 4,000 of them the standard error is
    /// 0.34 %, so a right interval fails this once in 10⁷ seeds.
    #[test]
    fn intervals_cover_what_they_promise() {
        let mut stream = crate::rng::Seed(1).stream(0, "coverage");
        let covered = (0..4_000).filter(|_| {
            let estimate = Estimate::of((0..8).map(|_| Value::Is(10.0 + stream.normal())));
            estimate.low.unwrap() <= 10.0 && 10.0 <= estimate.high.unwrap()
        });
        let share = covered.count() as f64 / 4_000.0;
        assert!((0.93..0.97).contains(&share), "{share}");
    }
}
