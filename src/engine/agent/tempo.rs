//! What the client learns from how calls end: how fast it lets itself send, and how many calls it keeps in flight.
//!
//! Both are about the tier that is judged; calls by routes that lead elsewhere go around them.

use super::Agent;
use crate::client::adaptive::rate::RateControl;
use crate::client::adaptive::window::{Sample, Window};
use crate::engine::run::Cell;
use crate::recorder::{Gauge, Learnt};
use crate::rng::{Seed, Uniforms};
use crate::units::SimTime;

/// The state of both.
pub(super) struct Tempo {
    rate: Option<Box<dyn RateControl>>,
    window: Option<Window>,
    draws: Uniforms,
    in_flight: u32,
}

/// How a call ends, as far as the tempo is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// With its answer.
    Served,
    /// With a 429.
    Refused,
    /// With an error of its own, which says nothing about the tempo.
    Hopeless,
    /// With a fault of the provider.
    Failed,
}

impl Tempo {
    /// That of `cell` in one replication.
    pub fn new(cell: Cell, replication: u64) -> Self {
        Tempo {
            rate: cell.strategy.send_rate.as_ref().map(|rate| rate.model().start()),
            window: cell.strategy.window.as_ref().map(Window::new),
            draws: Uniforms::new(Seed(cell.scenario.seed).stream(replication, "window")),
            in_flight: 0,
        }
    }

    /// Whether it holds calls back at all.
    pub fn is_set(&self) -> bool {
        self.rate.is_some() || self.window.is_some()
    }

    /// When the next call may go, `now` or later; [`SimTime::NEVER`] where another one must end first.
    pub fn ready_at(&self, now: SimTime) -> SimTime {
        if self.window.as_ref().is_some_and(|window| self.in_flight >= window.limit()) {
            return SimTime::NEVER;
        }
        self.rate.as_ref().map_or(now, |rate| rate.ready_at(now))
    }

    /// A call goes; says how many are in flight then.
    pub fn sent(&mut self, now: SimTime) -> u32 {
        if let Some(rate) = &mut self.rate {
            rate.sent(now);
        }
        self.in_flight += 1;
        self.in_flight
    }

    /// Writes down what is learnt by `now`, where that is asked for.
    fn tell(&self, now: SimTime, learnt: &mut Learnt) {
        if let (Some(rate), Some(gauge)) = (&self.rate, &mut learnt.rate) {
            gauge.set(now, rate.rate(now));
        }
        if let (Some(window), Some(gauge)) = (&self.window, &mut learnt.window) {
            gauge.set(now, Some(f64::from(window.limit())));
        }
    }

    /// A call ends that was `sent` then, when so many were in flight.
    fn ended(&mut self, now: SimTime, (sent, in_flight): (SimTime, u32), end: End) {
        self.in_flight -= 1;
        if let Some(rate) = &mut self.rate {
            rate.answered(now, end == End::Refused);
        }
        if let Some(window) = self.window.as_mut().filter(|_| end != End::Hopeless) {
            let sample = Sample { at: now, took: now - sent, in_flight, dropped: end != End::Served };
            window.sample(sample, || self.draws.draw());
        }
    }
}

impl Agent<'_> {
    /// Has written down over time what the client learns.
    pub(super) fn watch_learning(&mut self) {
        let strategy = self.cell.strategy;
        let gauge = |learns: bool| learns.then(|| Gauge::new(&self.record.timeline));
        self.record.learnt = Learnt {
            rate: gauge(strategy.send_rate.is_some()),
            window: gauge(strategy.window.is_some()),
            refusal: gauge(strategy.throttle.is_some()),
        };
        self.tempo.tell(SimTime::ZERO, &mut self.record.learnt);
    }

    /// The call of the errand in `slot`, which was `sent` then, ends so.
    pub(super) fn ended(&mut self, now: SimTime, slot: u32, sent: SimTime, end: End) {
        let errand = self.errands.get(slot);
        if self.ways.is_here(errand.route) {
            self.tempo.ended(now, (sent, errand.in_flight), end);
            self.tempo.tell(now, &mut self.record.learnt);
        }
    }
}
