//! The next arrival of all sources, kept beside the event queue rather than in it: merging costs a comparison where a
//! push and a pop would cost as much as the rest of a request.

use crate::protocol::{NOBODY, Request};
use crate::provider::{Latency, Service, ServiceTimes, SourceTimes, Tier};
use crate::rng::BLOCK;
use crate::scenario::Scenario;
use crate::traffic::replay::TraceError;
use crate::traffic::users::{Crowd, Prompt};
use crate::traffic::{self, Columns, Feed, Setting, Streams, Traffic};
use crate::units::{SimDuration, SimTime};

/// The requests of all sources in the order of arrival; at one instant in the order of the sources.
pub struct Arrivals {
    sources: Vec<Source>,
    /// For each class the source that it belongs to.
    source_of: Vec<usize>,
    next: usize,      // the source whose request is next
    next_at: SimTime, // when it arrives; NEVER at or past `end`
    end: SimTime,
    error: Option<TraceError>,
}

enum Source {
    /// Requests that come whatever becomes of them, a block at a time.
    Open(Box<Open>),
    /// Requests that depend on the answers to those before.
    Waiting(Box<Waiting>),
}

struct Open {
    feed: Feed,
    first_class: u16,
    times: SourceTimes,
    columns: Columns,
    service: [SimDuration; BLOCK],
    row: usize,
    rows: usize,
    left: u64, // requests that may still be made, this block's rows excluded
}

impl Arrivals {
    /// The requests of `scenario` in one replication.
    pub fn new(scenario: &Scenario, replication: u64) -> Result<Self, TraceError> {
        Arrivals::served_by(&scenario.provider, scenario, replication)
    }

    /// The same, with the times that calls of `tier` take.
    pub fn on(tier: &Tier, scenario: &Scenario, replication: u64) -> Result<Self, TraceError> {
        Arrivals::served_by(&scenario.provider.at(tier), scenario, replication)
    }

    fn served_by(service: &Service, scenario: &Scenario, replication: u64) -> Result<Self, TraceError> {
        let setting = scenario.setting(replication);
        let classes = |(at, (name, traffic)): (usize, &(String, Traffic))| vec![at; traffic.class_names(name).len()];
        let source_of: Vec<usize> = scenario.traffic.iter().enumerate().flat_map(classes).collect();
        let first_class = |source: usize| source_of.partition_point(|&of| of < source) as u16;
        let source = |(at, (name, traffic)): (usize, &(String, Traffic))| {
            let class = first_class(at);
            Ok(match traffic::crowd(traffic, name, &setting)? {
                Some(crowd) => Source::Waiting(Box::new(Waiting::new(crowd, class, name, service, traffic, &setting))),
                None => Source::Open(Box::new(Open::new(class, name, service, traffic, &setting)?)),
            })
        };
        let mut arrivals = Arrivals {
            sources: scenario.traffic.iter().enumerate().map(source).collect::<Result<_, TraceError>>()?,
            source_of,
            next: 0,
            next_at: SimTime::NEVER,
            end: setting.end,
            error: None,
        };
        arrivals.choose();
        Ok(arrivals)
    }

    /// What stopped a log before its end.
    pub fn error(&mut self) -> Option<TraceError> {
        self.error.take()
    }

    /// When the next request arrives, [`SimTime::NEVER`] after the last one.
    #[inline]
    pub fn next_at(&self) -> SimTime {
        self.next_at
    }

    /// The next request; only when there is one. Inlined, so that it is written where it will stay.
    #[inline(always)]
    pub fn take(&mut self) -> Request {
        let (request, next_at) = match &mut self.sources[self.next] {
            Source::Open(source) => {
                let request = source.request();
                source.row += 1;
                if source.row >= source.rows
                    && let Err(error) = source.refill()
                {
                    self.error = Some(error);
                }
                (request, source.next_at())
            }
            Source::Waiting(source) => (source.take(), source.next_at()),
        };
        if self.sources.len() == 1 {
            self.come(next_at);
        } else {
            self.choose();
        }
        request
    }

    /// A request that a user waits for has its outcome at `at`, now or later.
    pub fn answered(&mut self, request: &Request, at: SimTime, is_served: bool) {
        if let Some(Source::Waiting(source)) = self.sources.get_mut(self.source_of[usize::from(request.source)]) {
            source.crowd.answered(request.thread, at, is_served);
            self.choose();
        }
    }

    /// Finds the source whose request is next.
    #[inline(never)]
    fn choose(&mut self) {
        let earliest = self.sources.iter().enumerate().min_by_key(|(_, source)| source.next_at());
        self.next = earliest.map_or(0, |(at, _)| at);
        self.come(self.sources[self.next].next_at());
    }

    /// The next request comes at `at`, if that is early enough.
    #[inline]
    fn come(&mut self, at: SimTime) {
        self.next_at = if at < self.end { at } else { SimTime::NEVER };
    }
}

impl Source {
    #[inline]
    fn next_at(&self) -> SimTime {
        match self {
            Source::Open(source) => source.next_at(),
            Source::Waiting(source) => source.next_at(),
        }
    }
}

struct Waiting {
    crowd: Crowd,
    class: u16,
    latency: Latency,
    /// For each thread those of its calls.
    times: Vec<ServiceTimes>,
    left: u64,
    draws: Streams,
}

impl Waiting {
    fn new(crowd: Crowd, class: u16, name: &str, service: &Service, traffic: &Traffic, setting: &Setting) -> Self {
        Waiting {
            crowd,
            class,
            latency: service.latency(&traffic.facts(name)[0]),
            times: Vec::new(),
            left: traffic.requests.unwrap_or(u64::MAX),
            draws: setting.streams(name),
        }
    }

    fn next_at(&self) -> SimTime {
        if self.left > 0 { self.crowd.next_at() } else { SimTime::NEVER }
    }

    #[inline(never)]
    fn take(&mut self) -> Request {
        self.left -= 1;
        let prompt = self.crowd.take();
        let size = prompt.size;
        Request {
            arrived: prompt.at,
            service: self.service_of(&prompt),
            input: size.input,
            cached: size.cached,
            output: size.output,
            thread: prompt.thread,
            client: prompt.client,
            source: self.class,
        }
    }

    fn service_of(&mut self, prompt: &Prompt) -> SimDuration {
        let slot = prompt.thread as usize;
        if prompt.turn == 0 {
            let stream = |purpose: &str| self.draws.of_thread(purpose, prompt.id);
            let times = ServiceTimes::new(&self.latency, stream("first-token"), stream("per-token"));
            match self.times.get_mut(slot) {
                Some(old) => *old = times,
                None => self.times.resize(slot + 1, times),
            }
        }
        self.times[slot].draw(prompt.size.output)
    }
}

impl Open {
    fn new(
        first_class: u16,
        name: &str,
        service: &Service,
        traffic: &Traffic,
        setting: &Setting,
    ) -> Result<Self, TraceError> {
        let classes = traffic.facts(name);
        let times = |latency: &Latency, class: Option<usize>| {
            let streams = setting.streams(class.map_or(name, |class| &classes[class].name));
            ServiceTimes::new(latency, streams.of("first-token"), streams.of("per-token"))
        };
        let mut source = Open {
            feed: Feed::new(traffic, name, setting)?,
            first_class,
            times: SourceTimes::new(service, &classes, times),
            columns: Columns::default(),
            service: [SimDuration::ZERO; BLOCK],
            row: 0,
            rows: 0,
            left: traffic.requests.unwrap_or(u64::MAX),
        };
        source.refill()?;
        Ok(source)
    }

    #[inline]
    fn next_at(&self) -> SimTime {
        if self.rows == 0 { SimTime::NEVER } else { self.columns.arrived[self.row % BLOCK] }
    }

    #[inline(always)]
    fn request(&self) -> Request {
        let row = self.row % BLOCK;
        Request {
            arrived: self.columns.arrived[row],
            service: self.service[row],
            input: self.columns.input[row],
            cached: self.columns.cached[row],
            output: self.columns.output[row],
            thread: NOBODY,
            client: self.columns.client[row],
            source: self.first_class + self.columns.class[row],
        }
    }

    #[cold]
    #[inline(never)]
    fn refill(&mut self) -> Result<(), TraceError> {
        let most = self.left.min(BLOCK as u64) as usize;
        (self.row, self.rows) = (0, 0);
        if most > 0 {
            self.rows = self.feed.fill(&mut self.columns)?.min(most);
        }
        self.left -= self.rows as u64;
        let columns = &self.columns;
        self.times.fill(&columns.output[..self.rows], &columns.class[..self.rows], &mut self.service[..self.rows]);
        Ok(())
    }
}
