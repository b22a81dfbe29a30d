//! The next arrival of all sources, kept beside the event queue rather than in it: merging costs a comparison where a
//! push and a pop would cost as much as the rest of a request.

use crate::protocol::Request;
use crate::provider::ServiceTimes;
use crate::rng::BLOCK;
use crate::scenario::Scenario;
use crate::traffic::replay::TraceError;
use crate::traffic::{Columns, Feed, Traffic};
use crate::units::{SimDuration, SimTime};

/// The requests of all sources in the order of arrival; at one instant in the order of the sources.
pub struct Arrivals {
    sources: Vec<Source>,
    next: usize,      // the source whose request is next
    next_at: SimTime, // when it arrives; NEVER at or past `end`
    end: SimTime,
    error: Option<TraceError>,
}

struct Source {
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
            let stream = |purpose: &str| setting.seed.stream(replication, &format!("{purpose}/{name}"));
            let mut source = Source {
                feed: Feed::new(traffic, name, &setting)?,
                times: ServiceTimes::new(&scenario.provider, stream("first-token"), stream("per-token")),
                columns: Columns::default(),
                service: [SimDuration::ZERO; BLOCK],
                row: 0,
                rows: 0,
                left: traffic.requests.unwrap_or(u64::MAX),
            };
            source.refill()?;
            Ok(source)
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
        let source = &mut self.sources[self.next];
        let request = source.request(self.next as u16);
        source.row += 1;
        if source.row >= source.rows
            && let Err(error) = source.refill()
        {
            self.error = Some(error);
        }
        self.choose();
        request
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
        if self.rows == 0 { SimTime::NEVER } else { self.columns.arrived[self.row % BLOCK] }
    }

    #[inline]
    fn request(&self, source: u16) -> Request {
        let row = self.row % BLOCK;
        Request {
            arrived: self.columns.arrived[row],
            source,
            input: self.columns.input[row],
            output: self.columns.output[row],
            service: self.service[row],
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
