//! The lane of calls that nobody waits for at a screen: half the price, hours of delay.

use super::BATCH;
use crate::durations::Durations;
use crate::params::{Invalid, Parameters, Presence, Visitor};
use crate::protocol::Class;
use crate::rng::{Keyed, Seed, Stream};
use crate::units::SimDuration;

/// How calls of the endpoint `batch` are worked on: after a time of their own, apart from the servers, the load and the
/// time-outs of all others.
#[derive(Clone, Debug, PartialEq)]
pub struct BatchLane {
    /// From the admission of a call until the service begins with it.
    pub turnaround: Durations,
    /// A call that has not begun by then ends without an answer and without a charge. Above zero.
    pub expires: SimDuration,
}

impl Default for BatchLane {
    /// An hour on average; a day at most, as Anthropic's and OpenAI's batches (both 2026-11).
    fn default() -> Self {
        let hour = SimDuration::from_secs(3_600);
        BatchLane { turnaround: Durations::constant(hour), expires: SimDuration::from_secs(86_400) }
    }
}

impl Parameters for BatchLane {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.choice("turnaround", Presence::Optional, &mut self.turnaround);
        visitor.optional("expires", &mut self.expires);
    }

    fn check(&self) -> Result<(), Invalid> {
        if self.expires.is_zero() {
            return Err(Invalid::new("expires", "every batch would expire at once", "write a time above zero"));
        }
        Ok(())
    }
}

/// The lane in one run.
#[derive(Clone, Debug)]
pub struct Lane {
    spec: BatchLane,
    keys: Vec<Option<Keyed>>, // of the classes that take it
}

/// How long a call waits in the lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Until the service begins with it.
    Begins(SimDuration),
    /// Until it expires.
    Expires(SimDuration),
}

impl Lane {
    /// The lane of a run in which such `classes` call; `None` where none of them takes it.
    pub fn new(spec: &BatchLane, classes: &[Class], stream: &dyn Fn(&str) -> Stream) -> Option<Self> {
        let takes_it = |class: &&Class| class.labels.endpoint.as_deref() == Some(BATCH);
        let key = |class: &Class| Keyed::new(stream(&format!("batch/{}", class.name)));
        let keys: Vec<Option<Keyed>> = classes.iter().map(|class| Some(class).filter(takes_it).map(key)).collect();
        keys.iter().any(Option::is_some).then(|| Lane { spec: spec.clone(), keys })
    }

    /// Whether calls of `class` take it.
    pub fn takes(&self, class: u16) -> bool {
        self.keys[usize::from(class)].is_some()
    }

    /// How long a call of `class` waits, the `attempt`-th one for the `number`-th request; `None` where it takes no lane.
    pub fn wait(&self, class: u16, number: u64, attempt: u32) -> Option<Wait> {
        let key = self.keys[usize::from(class)]?;
        // A place has one number, and a seed many draws: whatever the distribution takes, it is the call's own.
        let place = key.uniform([number, u64::from(attempt), 0]) * (1u64 << 53) as f64;
        let mut drawn = [0.0];
        self.spec.turnaround.model().fill(&mut Seed(place as u64).stream(0, "turnaround"), &mut drawn);
        let turnaround = SimDuration::from_nanos_f64(drawn[0].min(SimDuration::HORIZON.as_nanos() as f64));
        let expires = self.spec.expires;
        Some(if turnaround < expires { Wait::Begins(turnaround) } else { Wait::Expires(expires) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Labels;

    fn lane(endpoint: &str, lane: &BatchLane) -> Option<Lane> {
        let labels = Labels { endpoint: Some(endpoint.to_owned()), ..Labels::default() };
        let class = Class { name: "reports".to_owned(), labels, ..Class::default() };
        Lane::new(lane, &[Class::default(), class], &|name| Seed(5).stream(0, name))
    }

    #[test]
    fn only_calls_of_batches_wait_and_none_longer_than_a_batch_lives() {
        let secs = SimDuration::from_secs;
        assert!(lane("chat", &BatchLane::default()).is_none());
        let exponential = Durations::Exponential(crate::durations::Exponential { mean: secs(10) });
        let lane = lane("batch", &BatchLane { turnaround: exponential, expires: secs(10) }).unwrap();
        assert_eq!(lane.wait(0, 1, 1), None);
        assert_eq!(lane.wait(1, 7, 2), lane.wait(1, 7, 2));
        let waits: Vec<Wait> = (0..10_000).filter_map(|number| lane.wait(1, number, 1)).collect();
        let expired = waits.iter().filter(|wait| **wait == Wait::Expires(secs(10))).count();
        // 1/e of 10,000, with the deviation 48; five are allowed.
        assert!(expired.abs_diff(3_679) < 241, "{expired}");
        assert!(waits.iter().all(|wait| matches!(wait, Wait::Begins(t) | Wait::Expires(t) if *t <= secs(10))));
    }
}
