//! What becomes of a call that the limits have nothing against.

use super::congestion::Congestion;
use super::faults::{Call, FaultState, Mishap};
use super::load::LoadPath;
use super::servers::Servers;
use super::{Service, Tier};
use crate::protocol::{Fault, Request};
use crate::rng::Stream;
use crate::units::{Civil, SimDuration, SimTime, Tokens};

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
    /// From its admission until it is begun.
    pub wait: SimDuration,
    /// From then to its end.
    pub work: SimDuration,
    /// The completion tokens that there are by then.
    pub output: Tokens,
    /// How it failed, if it did.
    pub fault: Option<Fault>,
}

impl Course {
    /// That of a call of which nothing but its service time is known.
    #[inline]
    pub fn plain(request: &Request, wait: SimDuration) -> Self {
        Course { wait, work: request.service, output: request.output, fault: None }
    }

    /// From admission to the end.
    #[inline]
    pub fn takes(&self) -> SimDuration {
        self.wait.saturating_add(self.work)
    }

    /// The completion tokens that are paid for; `None` where the call is not paid for at all.
    pub fn paid_output(&self) -> Option<Tokens> {
        match self.fault {
            None | Some(Fault::Dropped) => Some(self.output),
            Some(_) => None,
        }
    }
}

impl Behaviour {
    /// That of `service` with `tier`; `None` where every call simply takes its time. `stream` gives the stream of a name.
    pub fn new(
        service: &Service,
        tier: &Tier,
        classes: &[String],
        start: &Civil,
        stream: &dyn Fn(&str) -> Stream,
    ) -> Option<Self> {
        let servers = tier.servers.or(service.servers);
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

    /// The course of `call` for `request`, which is admitted at `now`, waits so long for its limits, and would then take its
    /// service time of an idle service without faults. Servers take calls in the order of admission.
    pub fn admit(&mut self, now: SimTime, call: Call, request: &Request, wait: SimDuration) -> Course {
        let (work, fault, output) = self.luck(now, call, request);
        let comes = now.saturating_add(wait);
        let starts = self.servers.as_ref().map_or(comes, |servers| servers.starts(comes));
        let wait = starts - now;
        self.in_flight += u64::from(self.needs_ends);
        let course = match self.timeout.filter(|timeout| *timeout < wait.saturating_add(work)) {
            None => Course { wait, work, output, fault },
            Some(timeout) => {
                let wait = wait.min(timeout);
                Course { wait, work: timeout - wait, output: Tokens::default(), fault: Some(Fault::Timeout) }
            }
        };
        if let Some(servers) = &mut self.servers
            && course.wait == starts - now
        {
            servers.occupy(starts.saturating_add(course.work));
        }
        course
    }

    /// How long `call` is worked on, how it fails, and what there is of the answer by then.
    fn luck(&mut self, now: SimTime, call: Call, request: &Request) -> (SimDuration, Option<Fault>, Tokens) {
        let service = self.slowed(now, request.service);
        match self.faults.mishap(call) {
            None => (service, None, request.output),
            Some(Mishap::Error(part)) => (service.scale(part), Some(Fault::Internal), Tokens::default()),
            Some(Mishap::Drop(part)) => {
                let output = Tokens::new((f64::from(request.output.get()) * part) as u32);
                (service.scale(part), Some(Fault::Dropped), output)
            }
            Some(Mishap::Hang) => (SimDuration::FOREVER, Some(Fault::Timeout), Tokens::default()),
        }
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
