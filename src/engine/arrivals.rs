//! The next arrival of all sources, kept beside the event queue rather than in it: merging costs a comparison where a
//! push and a pop would cost as much as the rest of a request.

use crate::protocol::{NOBODY, Request};
use crate::provider::{Service, ServiceTimes};
use crate::rng::{BLOCK, Seed, Stream};
use crate::scenario::Scenario;
use crate::traffic::replay::TraceError;
use crate::traffic::users::{Crowd, Prompt};
use crate::traffic::{self, Columns, Feed, Setting, Traffic};
use crate::units::{SimDuration, SimTime};

/// The requests of all sources in the order of arrival; at one instant in the order of the sources.
pub struct Arrivals {
    sources: Vec<Source>,
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
    times: ServiceTimes,
    columns: Columns,
    service: [SimDuration; BLOCK],
    row: usize,
    rows: usize,
    left: u64, // requests that may still be made, this block's rows excluded
}

impl Arrivals {
    /// The requests of `scenario` in one replication.
    pub fn new(scenario: &Scenario, replication: u64) -> Result<Self, TraceError> {
        let setting = scenario.setting(replication);
        let source = |(name, traffic): &(String, Traffic)| {
            Ok(match traffic::crowd(traffic, name, &setting)? {
                Some(crowd) => {
                    Source::Waiting(Box::new(Waiting::new(crowd, name, &scenario.provider, traffic, &setting)))
                }
                None => Source::Open(Box::new(Open::new(name, &scenario.provider, traffic, &setting)?)),
            })
        };
        let mut arrivals = Arrivals {
            sources: scenario.traffic.iter().map(source).collect::<Result<_, TraceError>>()?,
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

    /// The next request; only when there is one.
    #[inline]
    pub fn take(&mut self) -> Request {
        let number = self.next as u16;
        let request = match &mut self.sources[self.next] {
            Source::Open(source) => {
                let request = source.request(number);
                source.row += 1;
                if source.row >= source.rows
                    && let Err(error) = source.refill()
                {
                    self.error = Some(error);
                }
                request
            }
            Source::Waiting(source) => source.take(number),
        };
        self.choose();
        request
    }

    /// A request that a user waits for has its outcome at `at`, now or later.
    pub fn answered(&mut self, request: &Request, at: SimTime, is_served: bool) {
        if let Some(Source::Waiting(source)) = self.sources.get_mut(usize::from(request.source)) {
            source.crowd.answered(request.thread, at, is_served);
            self.choose();
        }
    }

    #[inline]
    fn choose(&mut self) {
        if self.sources.len() > 1 {
            let earliest = self.sources.iter().enumerate().min_by_key(|(_, source)| source.next_at());
            self.next = earliest.map_or(0, |(at, _)| at);
        }
        let at = self.sources[self.next].next_at();
        self.next_at = if at < self.end { at } else { SimTime::NEVER };
    }
}

impl Source {
    #[inline]
    fn next_at(&self) -> SimTime {
        match self {
            Source::Open(source) => source.next_at(),
            Source::Waiting(source) if source.left > 0 => source.crowd.next_at(),
            Source::Waiting(_) => SimTime::NEVER,
        }
    }
}

struct Waiting {
    crowd: Crowd,
    service: Service,
    /// For each thread that of its first tokens and that of the others.
    streams: Vec<[Stream; 2]>,
    left: u64,
    seed: Seed,
    replication: u64,
    name: String,
}

impl Waiting {
    fn new(crowd: Crowd, name: &str, service: &Service, traffic: &Traffic, setting: &Setting) -> Self {
        Waiting {
            crowd,
            service: service.clone(),
            streams: Vec::new(),
            left: traffic.requests.unwrap_or(u64::MAX),
            seed: setting.seed,
            replication: setting.replication,
            name: name.to_owned(),
        }
    }

    fn take(&mut self, source: u16) -> Request {
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
            source,
        }
    }

    fn service_of(&mut self, prompt: &Prompt) -> SimDuration {
        let slot = prompt.thread as usize;
        if prompt.turn == 0 {
            let stream =
                |purpose: &str| self.seed.stream(self.replication, &format!("{purpose}/{}/{}", self.name, prompt.id));
            let streams = [stream("first-token"), stream("per-token")];
            match self.streams.get_mut(slot) {
                Some(old) => *old = streams,
                None => self.streams.resize(slot + 1, streams),
            }
        }
        let [first, per_token] = &mut self.streams[slot];
        self.service.draw(first, per_token, prompt.size.output)
    }
}

impl Open {
    fn new(name: &str, service: &Service, traffic: &Traffic, setting: &Setting) -> Result<Self, TraceError> {
        let stream = |purpose: &str| setting.seed.stream(setting.replication, &format!("{purpose}/{name}"));
        let mut source = Open {
            feed: Feed::new(traffic, name, setting)?,
            times: ServiceTimes::new(service, stream("first-token"), stream("per-token")),
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

    #[inline]
    fn request(&self, source: u16) -> Request {
        let row = self.row % BLOCK;
        Request {
            arrived: self.columns.arrived[row],
            service: self.service[row],
            input: self.columns.input[row],
            cached: self.columns.cached[row],
            output: self.columns.output[row],
            thread: NOBODY,
            client: self.columns.client[row],
            source,
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
        self.times.fill(&self.columns.output[..self.rows], &mut self.service[..self.rows]);
        Ok(())
    }
}
