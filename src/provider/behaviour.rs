//! What becomes of a call that the limits have nothing against.

use super::batch::{Lane, Wait};
use super::congestion::Congestion;
use super::faults::{Call, FaultState, Mishap};
use super::load::LoadPath;
use super::servers::{Others, Servers};
use super::{Service, Tier};
use crate::protocol::{Class, Fault, Request};
use crate::rng::Stream;
use crate::units::{Civil, SimDuration, SimTime, Tokens};

/// How the service behaves under load and when it breaks, in one run.
#[derive(Clone, Debug)]
pub struct Behaviour {
    congestion: Option<Congestion>,
    load: Option<LoadPath>,
    servers: Option<Servers>,
    batch: Option<Lane>,
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
    /// That of a call that is over at once.
    pub const NONE: Course =
        Course { wait: SimDuration::ZERO, work: SimDuration::ZERO, output: Tokens::new(0), fault: None };

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
        classes: &[Class],
        start: &Civil,
        stream: &dyn Fn(&str) -> Stream,
    ) -> Option<Self> {
        let of_all = || service.servers.map(|count| Servers::new(count).shared(others(service, stream)));
        let servers = tier.servers.map(Servers::new).or_else(of_all);
        let batch = service.batch.as_ref().and_then(|batch| Lane::new(batch, classes, stream));
        let needs_ends = service.congestion.is_some() || service.faults.change_the_course() || batch.is_some();
        let names: Vec<String> = classes.iter().map(|class| class.name.clone()).collect();
        if !needs_ends
            && servers.is_none()
            && batch.is_none()
            && service.load.is_none()
            && service.faults.outage.is_empty()
        {
            return None;
        }
        Some(Behaviour {
            congestion: service.congestion.clone(),
            load: service.load.as_ref().map(|load| LoadPath::new(load, stream(LOAD))),
            servers,
            batch,
            faults: FaultState::new(&service.faults, &names, start, stream),
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

    /// The `Retry-After` of the last call that was turned away, which failed by `fault`; what fails in its course has none.
    pub fn hint(&self, fault: Fault) -> Option<SimDuration> {
        self.faults.told().filter(|_| fault.is_at_the_door())
    }

    /// The course of `call` for `request`, which is admitted at `now`, waits so long for its limits, and would then take its
    /// service time of an idle service without faults. Servers take calls in the order of admission.
    pub fn admit(&mut self, now: SimTime, call: Call, request: &Request, wait: SimDuration) -> Course {
        if let Some(waits) = self.batch.as_ref().and_then(|lane| lane.wait(request.source, call.number, call.attempt)) {
            return self.admit_to_lane(call, request, wait, waits);
        }
        let service = self.slowed(now, request.service);
        let (work, fault, output) = self.luck(call, request, service);
        let comes = now.saturating_add(wait);
        let starts = self.servers.as_mut().map_or(comes, |servers| servers.starts(comes));
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

    /// The course of a call that `waits` so in the lane of batches, where no load slows it and no client loses patience.
    fn admit_to_lane(&self, call: Call, request: &Request, wait: SimDuration, waits: Wait) -> Course {
        let begins = match waits {
            Wait::Begins(later) => wait.saturating_add(later),
            Wait::Expires(later) => {
                let (work, output, fault) = (SimDuration::ZERO, Tokens::default(), Some(Fault::Timeout));
                return Course { wait: wait.saturating_add(later), work, output, fault };
            }
        };
        let (work, fault, output) = self.luck(call, request, request.service);
        // What hangs is given up once it is begun and the client's patience is over.
        let work = if fault == Some(Fault::Timeout) { self.timeout.unwrap_or(work).min(work) } else { work };
        Course { wait: begins, work, output, fault }
    }

    /// How long `call` is worked on that would take so long a `service`, how it fails, and what there is of the answer by then.
    fn luck(&self, call: Call, request: &Request, service: SimDuration) -> (SimDuration, Option<Fault>, Tokens) {
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

    /// An admitted call for `request` has ended.
    pub fn ended(&mut self, request: &Request) {
        let in_lane = self.batch.as_ref().is_some_and(|lane| lane.takes(request.source));
        self.in_flight -= u64::from(self.needs_ends && !in_lane);
    }
}

/// Those who hold servers beside this application, if there are any.
fn others(service: &Service, stream: &dyn Fn(&str) -> Stream) -> Option<Others> {
    let load = service.load.as_ref()?;
    Some(Others::new(LoadPath::new(load, stream(LOAD)), load.servers?.as_f64()))
}

/// The stream of the load that others put on the service.
pub const LOAD: &str = "provider/load";
