//! Traffic: when requests arrive and how large they are.

pub mod arrivals;
mod classes;
mod clients;
pub mod fit;
mod keys;
pub mod measure;
mod pairs;
pub mod replay;
pub mod shape;
pub mod sizes;
mod sizing;
pub mod users;

use crate::params::{Choice, Invalid, Parameters, Presence, Visitor};
use crate::protocol::{Labels, ReAsking};
use crate::rng::{BLOCK, Seed, Stream};
use crate::units::{Civil, Share, SimDuration, SimTime, Tokens};
use arrivals::{ArrivalProcess, Arrivals};
use replay::{Player, Replay, TraceError, TraceRow};
use shape::{Shape, Warped};
use sizes::Sizes;
use std::path::Path;
use users::{Crowd, Users};

pub use classes::{Class, Mix};
pub use clients::{Clients, Population};
pub use keys::{CacheKeys, Keys};
pub use pairs::{Pairs, Table};
pub use sizing::{Size, SizeStreams, Sizing};

/// One source of requests.
#[derive(Clone, Debug, PartialEq)]
pub struct Traffic {
    /// When they come, if they are made up and wait for nothing.
    pub arrivals: Option<Arrivals>,
    /// Who sends them, if they wait for answers.
    pub users: Option<Users>,
    /// How the rate of `arrivals`, or at which users start, moves.
    pub shape: Option<Shape>,
    /// The log that they are taken from, if they were recorded.
    pub replay: Option<Replay>,
    /// Prompt tokens of each; in a log, of those whose row has no count.
    pub input_tokens: Sizes,
    /// Completion tokens of each, likewise.
    pub output_tokens: Sizes,
    /// How the two go together, in -1..=1: the correlation of the normal scores of their ranks, which for lognormal sizes is
    /// that of their logarithms.
    pub correlation: f64,
    /// A table of sizes in place of the two distributions.
    pub pairs: Option<Pairs>,
    /// The share of the input that the provider has cached, in 0..=1, where neither a log, nor a table, nor a growing context
    /// says it by request.
    pub cached_input: Share,
    /// The share of the rest of the input that each call has the provider cache, in 0..=1. It is charged for so.
    pub cache_write: Share,
    /// The `max_tokens` that each call states: longer answers are cut off there.
    pub max_tokens: Option<Tokens>,
    /// How often an answer that was cut off is asked for again, at most.
    pub re_asks: u32,
    /// How it is; by default it goes on where it was cut off, each part as long as the first.
    pub re_asking: Option<ReAsking>,
    /// What its requests ask for, where some ask for the same; without it no two do.
    pub cache_keys: Option<CacheKeys>,
    /// How urgent each is to a client whose queue goes by priority, in 0..=255; higher goes first.
    pub priority: u32,
    /// After so long from its arrival no attempt for a request is made, and it ends as expired.
    pub deadline: Option<SimDuration>,
    /// What it asks for and on whose behalf.
    pub labels: Labels,
    /// Who the requests come from; without it all are one client's, but each user of a closed loop is a client.
    pub clients: Option<Clients>,
    /// Classes that its requests are of, by name, each by chance.
    pub class: Vec<(String, Class)>,
    /// No more than so many requests in a run, at least 1.
    pub requests: Option<u64>,
}

impl Default for Traffic {
    fn default() -> Self {
        Traffic {
            arrivals: None,
            users: None,
            shape: None,
            replay: None,
            input_tokens: Sizes::constant(1_000),
            output_tokens: Sizes::constant(250),
            correlation: 0.0,
            pairs: None,
            cached_input: Share::default(),
            cache_write: Share::default(),
            max_tokens: None,
            re_asks: 0,
            re_asking: None,
            cache_keys: None,
            priority: 0,
            deadline: None,
            labels: Labels::default(),
            clients: None,
            class: Vec::new(),
            requests: None,
        }
    }
}

impl Parameters for Traffic {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.choice("arrivals", Presence::Optional, &mut self.arrivals);
        visitor.choice("users", Presence::Optional, &mut self.users);
        visitor.optional_section("shape", &mut self.shape);
        visitor.optional_section("replay", &mut self.replay);
        visitor.choice("input-tokens", Presence::Optional, &mut self.input_tokens);
        visitor.choice("output-tokens", Presence::Optional, &mut self.output_tokens);
        visitor.optional("correlation", &mut self.correlation);
        visitor.optional_section("pairs", &mut self.pairs);
        visitor.optional("cached-input", &mut self.cached_input);
        visitor.optional("cache-write", &mut self.cache_write);
        visitor.optional("max-tokens", &mut self.max_tokens);
        visitor.optional("re-asks", &mut self.re_asks);
        visitor.optional_section("re-asking", &mut self.re_asking);
        visitor.optional_section("cache-keys", &mut self.cache_keys);
        visitor.optional("priority", &mut self.priority);
        visitor.optional("deadline", &mut self.deadline);
        visit_labels(&mut self.labels, visitor);
        visitor.optional_section("clients", &mut self.clients);
        visitor.named("class", &mut self.class);
        visitor.optional("requests", &mut self.requests);
    }

    fn check(&self) -> Result<(), Invalid> {
        self.check_origin()?;
        self.check_sizes()?;
        if self.requests == Some(0) {
            return Err(Invalid::new("requests", "0 requests are no traffic", "write at least 1, or leave it out"));
        }
        Ok(())
    }
}

impl Traffic {
    /// Refuses a source whose requests come from nowhere, or from two places.
    fn check_origin(&self) -> Result<(), Invalid> {
        match (&self.arrivals, &self.users, &self.replay) {
            (None, None, None) => {
                let help = "say when requests come, as in `arrivals.poisson = { rate = \"3/min\" }`, or `replay` a log";
                Err(Invalid::new("arrivals", "this source makes no requests", help))
            }
            (Some(_), _, Some(_)) => {
                let help = "leave one of them out, or make two sources";
                Err(Invalid::new("replay", "a source has either `arrivals` or a `replay`", help))
            }
            (_, Some(_), Some(_)) => {
                let help = "leave one of them out, or make two sources";
                Err(Invalid::new("replay", "a source has either `users` or a `replay`", help))
            }
            (Some(_), Some(_), _) => {
                let help = "leave one of them out; sessions say in `starts` when they come";
                Err(Invalid::new("users", "a source has either `arrivals` or `users`", help))
            }
            _ => self.check_shape(),
        }
    }

    fn check_sizes(&self) -> Result<(), Invalid> {
        if !(-1.0..=1.0).contains(&self.correlation) {
            let message = format!("`{:?}` is outside -1 to 1", self.correlation);
            return Err(Invalid::new("correlation", message, "write a number from -1 to 1, as in `0.3`"));
        }
        if self.correlation != 0.0 && self.pairs.is_some() {
            let help = "leave `correlation` out: the rows of the table say what goes together";
            return Err(Invalid::new("correlation", "`pairs` already go together", help));
        }
        if self.correlation != 0.0 && self.users.is_some() {
            let help = "leave `correlation` out, or give `pairs`";
            return Err(Invalid::new("correlation", "the turns of `users` are drawn one by one", help));
        }
        if self.cached_input > Share::ONE {
            let message = format!("`{}` is more than the whole input", self.cached_input);
            return Err(Invalid::new("cached-input", message, "write a share of at most `100%`, as in `\"30%\"`"));
        }
        if !self.class.is_empty() && self.users.is_some() {
            let help = "make a source for each class";
            return Err(Invalid::new("class", "`users` are all of one class", help));
        }
        if self.class.len() > MOST_CLASSES {
            let message = format!("there are {} classes, more than {MOST_CLASSES}", self.class.len());
            return Err(Invalid::new("class", message, "leave some out"));
        }
        let classes = self.classes("");
        if self.re_asking.is_some() && classes.iter().all(|(_, class)| class.re_asks == 0) {
            let help = "say how often, as in `re-asks = 3`, or leave it out";
            return Err(Invalid::new("re-asking", "no answer is asked for again", help));
        }
        classes.iter().try_for_each(|(_, class)| class.check_class())
    }

    /// Refuses sizes that no class may have.
    fn check_class(&self) -> Result<(), Invalid> {
        if self.cache_write > Share::ONE {
            let message = format!("`{}` is more than all of it", self.cache_write);
            return Err(Invalid::new("cache-write", message, "write a share of at most `100%`, as in `\"100%\"`"));
        }
        if self.max_tokens == Some(Tokens::new(0)) {
            return Err(Invalid::new("max-tokens", "0 tokens leave no answer", "write at least 1, or leave it out"));
        }
        if self.re_asks > 0 && self.max_tokens.is_none() {
            let help = "state `max-tokens`, or leave `re-asks` out";
            return Err(Invalid::new("re-asks", "without `max-tokens` no answer is cut off", help));
        }
        if self.re_asks > MOST_RE_ASKS {
            let message = format!("{} times are more than {MOST_RE_ASKS}", self.re_asks);
            return Err(Invalid::new("re-asks", message, "write a number from 0 to 1000, as in `3`"));
        }
        if let (Some(how), Some(first)) = (self.re_asking.filter(|_| self.re_asks > 0), self.max_tokens)
            && let Some(cap) = how.cap.filter(|cap| *cap <= first)
        {
            let message = format!("`max-tokens` of {first} do not grow where the cap is {cap}");
            return Err(Invalid::new("re-asking", message, "raise the `cap`"));
        }
        check_urgency(Some(self.priority), self.deadline)
    }

    /// The most tokens of an answer, by however many calls.
    fn longest_answer(&self) -> Option<Tokens> {
        let (calls, how) = (self.re_asks.saturating_add(1), self.re_asking.unwrap_or_default());
        let longest = |first| Tokens::new(u32::try_from(how.said(first, calls)).unwrap_or(u32::MAX));
        self.max_tokens.map(longest)
    }

    /// The process whose rate a shape moves: of requests, or of users who come.
    fn moving(&self) -> Option<&Arrivals> {
        self.arrivals.as_ref().or_else(|| self.users.as_ref()?.model().starts())
    }

    /// How many requests are expected in the first `duration` of a scenario that starts at `start` if each answer takes
    /// `service`, without refusals; 0 of a log, which is counted where it is read.
    pub fn expected_requests(&self, duration: SimDuration, start: &Civil, service: SimDuration) -> f64 {
        let shape = self.shape.as_ref().filter(|shape| !shape.is_level());
        let time = shape.map_or(duration.as_secs_f64(), |shape| shape.integral(duration, start));
        let open = |arrivals: &Arrivals| {
            let most = arrivals.model().total().unwrap_or(u64::MAX);
            (arrivals.model().mean_rate().per_second() * time).min(most as f64)
        };
        let waiting = |users: &Users| users.model().expected_requests(time, service);
        let made = self.arrivals.as_ref().map_or(0.0, open) + self.users.as_ref().map_or(0.0, waiting);
        self.requests.map_or(made, |most| made.min(most as f64))
    }

    /// The mean completion tokens of a request that is made up.
    pub fn mean_output(&self) -> f64 {
        let classes = self.classes("");
        let weights: Vec<f64> = self.class.iter().map(|(_, class)| class.weight).chain([1.0]).collect();
        let total: f64 = weights[..classes.len()].iter().sum();
        let mean = |class: &Traffic| {
            let mean = class.output_tokens.model().mean();
            class.longest_answer().map_or(mean, |longest| mean.min(f64::from(longest.get())))
        };
        classes.iter().zip(&weights).map(|((_, class), weight)| mean(class) * weight / total).sum()
    }
}

impl Traffic {
    /// Refuses a shape of what is no rate, or one that moves a million times between two arrivals.
    fn check_shape(&self) -> Result<(), Invalid> {
        let Some(shape) = self.shape.as_ref().filter(|shape| !shape.is_level()) else { return Ok(()) };
        let help = "leave `shape` out, or make a second source with arrivals of its own";
        let Some(arrivals) = self.moving() else {
            let message = match self.users {
                Some(_) => "a fixed number of users has no rate for a shape to move",
                None => "a recorded log has its own instants, and no shape moves them",
            };
            return Err(Invalid::new("shape", message, help));
        };
        if arrivals.model().keeps_civil_time() {
            let message = format!("`{}` keeps to the calendar, and no shape moves it", arrivals.kind());
            return Err(Invalid::new("shape", message, help));
        }
        shape.check_changes(arrivals.model().mean_rate())
    }
}

/// Lists the labels of a source or a class.
fn visit_labels(labels: &mut Labels, visitor: &mut dyn Visitor) {
    visitor.optional("model", &mut labels.model);
    visitor.optional("endpoint", &mut labels.endpoint);
    visitor.optional("region", &mut labels.region);
    visitor.optional("team", &mut labels.team);
    visitor.optional("key", &mut labels.key);
}

/// The most often that an answer can be asked to go on.
const MOST_RE_ASKS: u32 = 1_000;

/// The most classes of a source.
const MOST_CLASSES: usize = 1_000;

/// Requests of one source as columns: a block of rows in the order of arrival.
#[derive(Clone, Debug)]
pub struct Columns {
    /// When each arrives.
    pub arrived: [SimTime; BLOCK],
    /// Its prompt tokens.
    pub input: [Tokens; BLOCK],
    /// Those of them that the provider has cached.
    pub cached: [Tokens; BLOCK],
    /// Its completion tokens.
    pub output: [Tokens; BLOCK],
    /// Its client.
    pub client: [u32; BLOCK],
    /// Its class, by number.
    pub class: [u16; BLOCK],
}

impl Default for Columns {
    fn default() -> Self {
        let none = [Tokens::default(); BLOCK];
        Columns {
            arrived: [SimTime::NEVER; BLOCK],
            input: none,
            cached: none,
            output: none,
            client: [0; BLOCK],
            class: [0; BLOCK],
        }
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

impl Setting<'_> {
    /// The streams of the source called `name`.
    pub fn streams(&self, name: &str) -> Streams {
        Streams { seed: self.seed, replication: self.replication, name: name.to_owned() }
    }
}

/// The random streams of one source in one replication, one for each purpose.
#[derive(Clone, Debug)]
pub struct Streams {
    seed: Seed,
    replication: u64,
    name: String,
}

impl Streams {
    /// The stream for `purpose`.
    pub fn of(&self, purpose: &str) -> Stream {
        self.seed.stream(self.replication, &format!("{purpose}/{}", self.name))
    }

    /// That of thread `id` of the source's users.
    pub fn of_thread(&self, purpose: &str, id: u64) -> Stream {
        self.seed.stream(self.replication, &format!("{purpose}/{}/{id}", self.name))
    }
}

/// Refuses a priority or a deadline that nothing can have.
fn check_urgency(priority: Option<u32>, deadline: Option<SimDuration>) -> Result<(), Invalid> {
    if let Some(priority) = priority.filter(|&priority| priority > u32::from(u8::MAX)) {
        let message = format!("the priority {priority} is outside 0 to 255");
        return Err(Invalid::new("priority", message, "write a whole number of at most 255; higher goes first"));
    }
    if deadline.is_some_and(SimDuration::is_zero) {
        let message = "everything that waits would expire at once";
        return Err(Invalid::new("deadline", message, "write a time above zero, as in `\"30s\"`"));
    }
    Ok(())
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
    mix: Mix,
    clients: Option<(Population, Stream)>,
}

/// Where arrivals come from.
enum Origin {
    Process(Box<dyn ArrivalProcess>),
    Log(Box<Player>, Vec<TraceRow>),
}

impl Feed {
    /// The feed of `traffic` under the name `source`, each purpose with a stream of its own.
    ///
    /// # Errors
    /// If a log cannot be opened or its header is not as stated.
    pub fn new(traffic: &Traffic, source: &str, setting: &Setting) -> Result<Self, TraceError> {
        let streams = setting.streams(source);
        let origin = match &traffic.replay {
            Some(replay) => {
                let player = Player::open(&setting.folder.join(&replay.file), replay, |purpose| streams.of(purpose))?;
                Origin::Log(Box::new(player), Vec::with_capacity(BLOCK))
            }
            None => {
                let arrivals = traffic.arrivals.clone().unwrap_or_default();
                Origin::Process(process(&arrivals, traffic, source, setting))
            }
        };
        let clients = traffic.clients.as_ref().map(|clients| (Population::new(clients), streams.of("clients")));
        Ok(Feed { origin, mix: Mix::new(traffic, source, setting)?, clients })
    }

    /// Makes the next rows; how many, where zero means that there are no more.
    ///
    /// # Errors
    /// If a row of a log cannot be read; the rows before it were given out.
    pub fn fill(&mut self, columns: &mut Columns) -> Result<usize, TraceError> {
        self.mix.fill(columns);
        if let Some((population, stream)) = &mut self.clients {
            columns.client.fill_with(|| population.draw(stream));
        }
        match &mut self.origin {
            Origin::Process(process) => {
                process.fill(&mut columns.arrived);
                Ok(BLOCK)
            }
            Origin::Log(player, rows) => {
                rows.clear();
                player.read(rows, BLOCK)?;
                for (at, row) in rows.iter().enumerate() {
                    columns.arrived[at] = row.at;
                    let sizing = self.mix.sizing(columns, at);
                    if let Some(input) = row.input {
                        let cached = row.cached.unwrap_or_else(|| sizing.cached_of(input));
                        (columns.input[at], columns.cached[at]) = (input, cached.min(input));
                    }
                    if let Some(output) = row.output {
                        columns.output[at] = sizing.cut(output);
                    }
                    if let Some(client) = row.client {
                        columns.client[at] = client;
                    }
                }
                Ok(rows.len())
            }
        }
    }
}

/// The process of `arrivals`, at which requests or users of `traffic` come, with the rate that its shape gives it.
fn process(arrivals: &Arrivals, traffic: &Traffic, source: &str, setting: &Setting) -> Box<dyn ArrivalProcess> {
    let streams = setting.streams(source);
    let process = arrivals.model().process(streams.of("arrivals"), setting.start);
    match traffic.shape.as_ref().filter(|shape| !shape.is_level()) {
        Some(shape) => {
            let stream = |key: &str| streams.of(&format!("shape-{key}"));
            Box::new(Warped::new(process, shape, (setting.start, setting.end), stream))
        }
        None => process,
    }
}

/// The users of `traffic` under the name `source`, if it is users who send its requests.
///
/// # Errors
/// If a table of sizes cannot be read.
pub fn crowd(traffic: &Traffic, source: &str, setting: &Setting) -> Result<Option<Crowd>, TraceError> {
    let Some(users) = &traffic.users else { return Ok(None) };
    let sizing = Sizing::new(traffic, setting.folder)?;
    let starts = users.model().starts().map(|starts| process(starts, traffic, source, setting));
    let clients = traffic.clients.as_ref().map(Population::new);
    Ok(Some(Crowd::new(users.model().script(), starts, (sizing, clients), source, setting)))
}
