//! How long the service works on a call.

use crate::durations::Durations;
use crate::params::{Parameters, Presence, Visitor};
use crate::protocol::Class;
use crate::rng::Stream;
use crate::units::{SimDuration, Tokens};

/// The times of one model.
#[derive(Clone, Debug, PartialEq)]
pub struct Latency {
    /// From admission to the first token.
    pub time_to_first_token: Durations,
    /// From each output token to the next.
    pub time_per_output_token: Durations,
}

impl Default for Latency {
    fn default() -> Self {
        Latency {
            time_to_first_token: Durations::constant(SimDuration::from_nanos(600_000_000)),
            time_per_output_token: Durations::constant(SimDuration::from_nanos(15_000_000)),
        }
    }
}

impl Latency {
    /// The mean service time of calls with so many output tokens on average.
    pub fn mean(&self, outputs: f64) -> SimDuration {
        let per_token = self.time_per_output_token.model().mean().scale(outputs);
        self.time_to_first_token.model().mean().saturating_add(per_token)
    }
}

/// The times of one model where they are not those of the others.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct ModelLatency {
    /// From admission to the first token; where it is left out, as for the others.
    pub time_to_first_token: Option<Durations>,
    /// From each output token to the next; where it is left out, as for the others.
    pub time_per_output_token: Option<Durations>,
}

impl Parameters for ModelLatency {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.choice("time-to-first-token", Presence::Optional, &mut self.time_to_first_token);
        visitor.choice("time-per-output-token", Presence::Optional, &mut self.time_per_output_token);
    }
}

impl ModelLatency {
    /// Its own times, and those of `others` where it has none.
    pub fn or(&self, others: &Latency) -> Latency {
        let or = |own: &Option<Durations>, other: &Durations| own.clone().unwrap_or_else(|| other.clone());
        Latency {
            time_to_first_token: or(&self.time_to_first_token, &others.time_to_first_token),
            time_per_output_token: or(&self.time_per_output_token, &others.time_per_output_token),
        }
    }
}

/// From a call's draws, in nanoseconds, rounded once.
fn service_time(to_first: f64, per_token: f64, output: Tokens) -> SimDuration {
    let longest = SimDuration::HORIZON.as_nanos() as f64;
    SimDuration::from_nanos_f64((to_first + per_token * f64::from(output.get())).min(longest))
}

/// Service times drawn one after the other.
#[derive(Clone, Debug)]
pub struct ServiceTimes {
    latency: Latency,
    first: Stream,
    per_token: Stream,
    scratch: Vec<f64>,
}

impl ServiceTimes {
    /// Draws from a stream for the first token and one for the others, so that changing one leaves the other as it was.
    pub fn new(latency: &Latency, first: Stream, per_token: Stream) -> Self {
        ServiceTimes { latency: latency.clone(), first, per_token, scratch: Vec::new() }
    }

    /// That of one call with `output` tokens: `first token + outputs * per token`.
    pub fn draw(&mut self, output: Tokens) -> SimDuration {
        let (mut to_first, mut to_next) = ([0.0], [0.0]);
        self.latency.time_to_first_token.model().fill(&mut self.first, &mut to_first);
        self.latency.time_per_output_token.model().fill(&mut self.per_token, &mut to_next);
        service_time(to_first[0], to_next[0], output)
    }

    /// The same for each place of `out`, rounded once to nanoseconds.
    pub fn fill(&mut self, outputs: &[Tokens], out: &mut [SimDuration]) {
        let count = out.len();
        self.scratch.resize(2 * count, 0.0);
        let (first, per_token) = self.scratch.split_at_mut(count);
        self.latency.time_to_first_token.model().fill(&mut self.first, first);
        self.latency.time_per_output_token.model().fill(&mut self.per_token, per_token);
        for (((out, output), first), per_token) in out.iter_mut().zip(outputs).zip(first).zip(per_token) {
            *out = service_time(*first, *per_token, *output);
        }
    }
}

/// The service times of one traffic source's requests, drawn in the order of their arrival.
///
/// A class whose model has times of its own draws from streams of its own, and the source's streams go on as if it did not:
/// whatever a model takes, the other classes are left as they were.
#[derive(Clone, Debug)]
pub struct SourceTimes {
    all: ServiceTimes,
    own: Vec<(u16, ServiceTimes)>,
}

impl SourceTimes {
    /// Those of a source with `classes`. `times` draws so long times from the streams of the class with the given number,
    /// or of the source itself.
    pub fn new(
        service: &super::Service,
        classes: &[Class],
        times: impl Fn(&Latency, Option<usize>) -> ServiceTimes,
    ) -> Self {
        if let [only] = classes {
            return SourceTimes { all: times(&service.latency(only), None), own: Vec::new() };
        }
        let own = |(at, class): (usize, &Class)| {
            service.model(class).map(|model| (at as u16, times(&model.or(&service.others()), Some(at))))
        };
        SourceTimes { all: times(&service.others(), None), own: classes.iter().enumerate().filter_map(own).collect() }
    }

    /// One for each place of `out`, of calls with so many output tokens and of such classes.
    pub fn fill(&mut self, outputs: &[Tokens], classes: &[u16], out: &mut [SimDuration]) {
        self.all.fill(outputs, out);
        for (own, times) in &mut self.own {
            for ((out, output), _) in out.iter_mut().zip(outputs).zip(classes).filter(|(_, class)| *class == own) {
                *out = times.draw(*output);
            }
        }
    }
}
