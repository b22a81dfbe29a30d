//! Traffic: when requests arrive and how large they are.

pub mod arrivals;
pub mod fit;
pub mod measure;
pub mod replay;
pub mod shape;
pub mod sizes;

use crate::params::{Choice, Invalid, Parameters, Presence, Visitor};
use crate::rng::{BLOCK, Seed, Stream};
use crate::units::{Civil, SimDuration, SimTime, Tokens};
use arrivals::{ArrivalProcess, Arrivals};
use replay::{Replay, TraceError, TraceReader, TraceRow};
use shape::{Shape, Warped};
use sizes::Sizes;
use std::path::Path;

/// One source of requests.
#[derive(Clone, Debug, PartialEq)]
pub struct Traffic {
    /// When they come, if they are made up.
    pub arrivals: Option<Arrivals>,
    /// How the rate of `arrivals` moves.
    pub shape: Option<Shape>,
    /// The log that they are taken from, if they were recorded.
    pub replay: Option<Replay>,
    /// Prompt tokens of each; in a log, of those whose row has no count.
    pub input_tokens: Sizes,
    /// Completion tokens of each, likewise.
    pub output_tokens: Sizes,
    /// No more than so many requests in a run, at least 1.
    pub requests: Option<u64>,
}

impl Default for Traffic {
    fn default() -> Self {
        Traffic {
            arrivals: None,
            shape: None,
            replay: None,
            input_tokens: Sizes::constant(1_000),
            output_tokens: Sizes::constant(250),
            requests: None,
        }
    }
}

impl Parameters for Traffic {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.choice("arrivals", Presence::Optional, &mut self.arrivals);
        visitor.optional_section("shape", &mut self.shape);
        visitor.optional_section("replay", &mut self.replay);
        visitor.choice("input-tokens", Presence::Optional, &mut self.input_tokens);
        visitor.choice("output-tokens", Presence::Optional, &mut self.output_tokens);
        visitor.optional("requests", &mut self.requests);
    }

    fn check(&self) -> Result<(), Invalid> {
        if self.requests == Some(0) {
            return Err(Invalid::new("requests", "0 requests are no traffic", "write at least 1, or leave it out"));
        }
        match (&self.arrivals, &self.replay) {
            (None, None) => {
                let help = "say when requests come, as in `arrivals.poisson = { rate = \"3/min\" }`, or `replay` a log";
                Err(Invalid::new("arrivals", "this source makes no requests", help))
            }
            (Some(_), Some(_)) => {
                let help = "leave one of them out, or make two sources";
                Err(Invalid::new("replay", "a source has either `arrivals` or a `replay`", help))
            }
            _ if self.requests == Some(0) => {
                Err(Invalid::new("requests", "0 requests are no traffic", "write at least 1, or leave the source out"))
            }
            _ => self.check_shape(),
        }
    }
}

impl Traffic {
    /// Refuses a shape of what is no rate, or one that moves a million times between two arrivals.
    fn check_shape(&self) -> Result<(), Invalid> {
        let Some(shape) = self.shape.as_ref().filter(|shape| !shape.is_level()) else { return Ok(()) };
        let help = "leave `shape` out, or make a second source with arrivals of its own";
        let Some(arrivals) = &self.arrivals else {
            return Err(Invalid::new("shape", "a recorded log has its own instants, and no shape moves them", help));
        };
        if arrivals.model().keeps_civil_time() {
            let message = format!("`{}` keeps to the calendar, and no shape moves it", arrivals.kind());
            return Err(Invalid::new("shape", message, help));
        }
        shape.check_changes(arrivals.model().mean_rate())
    }

    /// How many requests are expected in the first `duration` of a scenario that starts at `start`; 0 of a recorded log.
    pub fn expected_requests(&self, duration: SimDuration, start: &Civil) -> f64 {
        let Some(arrivals) = &self.arrivals else { return 0.0 };
        let time = self.shape.as_ref().map_or(duration.as_secs_f64(), |shape| shape.integral(duration, start));
        let most = [arrivals.model().total(), self.requests].into_iter().flatten().min().unwrap_or(u64::MAX);
        (arrivals.model().mean_rate().per_second() * time).min(most as f64)
    }
}

/// Requests of one source as columns: a block of rows in the order of arrival.
#[derive(Clone, Debug)]
pub struct Columns {
    /// When each arrives.
    pub arrived: [SimTime; BLOCK],
    /// Its prompt tokens.
    pub input: [Tokens; BLOCK],
    /// Its completion tokens.
    pub output: [Tokens; BLOCK],
}

impl Default for Columns {
    fn default() -> Self {
        let none = [Tokens::default(); BLOCK];
        Columns { arrived: [SimTime::NEVER; BLOCK], input: none, output: none }
    }
}

/// Where and when a source runs, and with which randomness.
#[derive(Clone, Copy, Debug)]
pub struct Setting<'s> {
    /// Where relative paths start from.
    pub folder: &'s Path,
    /// The civil instant at which the scenario starts.
    pub start: &'s Civil,
    /// Requests from then on are not asked for.
    pub end: SimTime,
    /// What all randomness comes from.
    pub seed: Seed,
    /// Which of the independent runs this is.
    pub replication: u64,
}

/// Refuses a name that is no time zone: the check of every key `zone`.
fn check_zone(zone: Option<&str>) -> Result<(), Invalid> {
    match zone.map(|zone| Civil::default().in_zone(zone)) {
        Some(Err(why)) => Err(Invalid::new("zone", why, "write a name such as `Europe/Berlin` or `UTC`")),
        _ => Ok(()),
    }
}

/// `start` on the clocks of `zone`, which has been checked, or on its own where none is stated.
fn in_zone(start: &Civil, zone: Option<&str>) -> Civil {
    zone.and_then(|zone| start.in_zone(zone).ok()).unwrap_or_else(|| start.clone())
}

/// The requests of one source in one replication, made a block at a time.
pub struct Feed {
    origin: Origin,
    input: (Sizes, Stream),
    output: (Sizes, Stream),
}

/// Where arrivals come from.
enum Origin {
    Process(Box<dyn ArrivalProcess>),
    Log(Box<TraceReader>, Vec<TraceRow>),
}

impl Feed {
    /// The feed of `traffic` under the name `source`, each purpose with a stream of its own.
    ///
    /// # Errors
    /// If a log cannot be opened or its header is not as stated.
    pub fn new(traffic: &Traffic, source: &str, setting: &Setting) -> Result<Self, TraceError> {
        let stream = |purpose: &str| setting.seed.stream(setting.replication, &format!("{purpose}/{source}"));
        let origin = match &traffic.replay {
            Some(replay) => {
                let reader = TraceReader::open(&setting.folder.join(&replay.file), replay)?;
                Origin::Log(Box::new(reader), Vec::with_capacity(BLOCK))
            }
            None => {
                let arrivals = traffic.arrivals.clone().unwrap_or_default();
                let process = arrivals.model().process(stream("arrivals"), setting.start);
                Origin::Process(match traffic.shape.as_ref().filter(|shape| !shape.is_level()) {
                    Some(shape) => {
                        let stream = |key: &str| stream(&format!("shape-{key}"));
                        Box::new(Warped::new(process, shape, (setting.start, setting.end), stream))
                    }
                    None => process,
                })
            }
        };
        Ok(Feed {
            origin,
            input: (traffic.input_tokens.clone(), stream("input-tokens")),
            output: (traffic.output_tokens.clone(), stream("output-tokens")),
        })
    }

    /// Makes the next rows; how many, where zero means that there are no more.
    ///
    /// # Errors
    /// If a row of a log cannot be read; the rows before it were given out.
    pub fn fill(&mut self, columns: &mut Columns) -> Result<usize, TraceError> {
        self.input.0.model().fill(&mut self.input.1, &mut columns.input);
        self.output.0.model().fill(&mut self.output.1, &mut columns.output);
        match &mut self.origin {
            Origin::Process(process) => {
                process.fill(&mut columns.arrived);
                Ok(BLOCK)
            }
            Origin::Log(reader, rows) => {
                rows.clear();
                reader.read(rows, BLOCK)?;
                for (at, row) in rows.iter().enumerate() {
                    columns.arrived[at] = row.at;
                    columns.input[at] = row.input.unwrap_or(columns.input[at]);
                    columns.output[at] = row.output.unwrap_or(columns.output[at]);
                }
                Ok(rows.len())
            }
        }
    }
}
