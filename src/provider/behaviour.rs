//! What becomes of a call that the limits have nothing against.

use super::Service;
use super::congestion::Congestion;
use super::faults::{Call, FaultState, Mishap};
use super::load::LoadPath;
use super::servers::Servers;
use crate::protocol::Fault;
use crate::rng::Stream;
use crate::units::{Civil, SimDuration, SimTime};

/// How the service behaves under load and when it breaks, in one run.
#[derive(Clone, Debug)]
pub struct Behaviour {
    congestion: Option<Congestion>,
    load: Option<LoadPath>,
    servers: Option<Servers>,
    faults: FaultState,
    timeout: Option<SimDuration>,
    in_flight: u64,
    needs_ends: bool,
    arrived: Vec<u64>, // requests, by class
}

/// The course of an admitted call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Course {
    /// From its admission to its end.
    pub takes: SimDuration,
    /// How it failed, if it did.
    pub fault: Option<Fault>,
    /// The part of the answer that there is by then, in 0..=1.
    pub produced: f64,
}

impl Behaviour {
    /// That of `service`; `None` where every call simply takes its time. `stream` gives the stream of a name.
    pub fn new(service: &Service, classes: &[String], start: &Civil, stream: &dyn Fn(&str) -> Stream) -> Option<Self> {
        let servers = service.servers;
        let needs_ends = service.congestion.is_some() || service.faults.change_the_course();
        if !needs_ends && servers.is_none() && service.load.is_none() && service.faults.outage.is_empty() {
            return None;
        }
        Some(Behaviour {
            congestion: service.congestion.clone(),
            load: service.load.as_ref().map(|load| LoadPath::new(load, stream(LOAD))),
            servers: servers.map(Servers::new),
            faults: FaultState::new(&service.faults, classes, start, stream),
            timeout: service.faults.timeout,
            in_flight: 0,
            needs_ends,
            arrived: vec![0; classes.len()],
        })
    }

    /// Whether it must hear when calls end.
    pub fn needs_ends(&self) -> bool {
        self.needs_ends
    }

    /// The number of a request of `class` that has just arrived.
    pub fn number(&mut self, class: u16) -> u64 {
        let arrived = &mut self.arrived[usize::from(class)];
        *arrived += 1;
        *arrived
    }

    /// How `call` is turned away at `now`; times must not run backwards.
    pub fn turns_away(&mut self, now: SimTime, call: Call) -> Option<Fault> {
        self.faults.turns_away(now, call, self.in_flight)
    }

    /// The course of `call`, which is admitted at `now` and would take `service` of an idle service without faults.
    pub fn admit(&mut self, now: SimTime, call: Call, service: SimDuration) -> Course {
        let service = self.slowed(now, service);
        let (work, mishap, produced) = match self.faults.mishap(call) {
            None => (service, None, 1.0),
            Some(Mishap::Error(part)) => (service.scale(part), Some(Fault::Internal), 0.0),
            Some(Mishap::Drop(part)) => (service.scale(part), Some(Fault::Dropped), part),
            Some(Mishap::Hang) => (SimDuration::FOREVER, Some(Fault::Timeout), 0.0),
        };
        let starts = self.servers.as_ref().map_or(now, |servers| servers.starts(now));
        let takes = (starts - now).saturating_add(work);
        let gives_up = self.timeout.filter(|timeout| *timeout < takes);
        let course = match gives_up {
            Some(timeout) => Course { takes: timeout, fault: Some(Fault::Timeout), produced: 0.0 },
            None => Course { takes, fault: mishap, produced },
        };
        let ends = now.saturating_add(course.takes);
        if let Some(servers) = &mut self.servers
            && ends >= starts
        {
            servers.occupy(ends);
        }
        self.in_flight += u64::from(self.needs_ends);
        course
    }

    fn slowed(&mut self, now: SimTime, service: SimDuration) -> SimDuration {
        let crowded = self.congestion.as_ref().map_or(1.0, |congestion| congestion.factor(self.in_flight));
        let busy = self.load.as_mut().map_or(1.0, |load| load.slowness(now));
        let factor = crowded * busy;
        if factor == 1.0 { service } else { service.scale(factor).min(SimDuration::HORIZON) }
    }

    /// An admitted call has ended.
    pub fn ended(&mut self) {
        self.in_flight -= u64::from(self.needs_ends);
    }
}

/// The stream of the load that others put on the service.
pub const LOAD: &str = "provider/load";
