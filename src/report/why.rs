//! The story of one request, for people and for programs.

use super::format::{self, Figure, wrapped};
use crate::plan::why::{Entry, Look, Note, Remedy, Use, Why};
use crate::scenario::Scenario;
use crate::scenario::diagnostic::printable;
use crate::units::{SimDuration, SimTime};
use serde::Serialize;
use std::fmt::Write;

/// The schema of the document, with its version.
pub const SCHEMA: &str = "ratecast.why/1";

/// The story as a document.
#[derive(Clone, Debug, Serialize)]
pub struct WhyDocument {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// The scenario's name.
    pub scenario: String,
    /// The tier's name.
    pub tier: String,
    /// The strategy's name.
    pub strategy: String,
    /// The independent run, from 0.
    pub replication: u64,
    /// The request by arrival, from 1.
    pub request: u64,
    /// Its class.
    pub class: String,
    /// When it arrived, as a civil instant.
    pub arrived: String,
    /// Seconds from the start to its arrival.
    pub arrived_s: f64,
    /// Its prompt tokens.
    pub input_tokens: u32,
    /// Its completion tokens.
    pub output_tokens: u32,
    /// What happened, in order.
    pub steps: Vec<StepDocument>,
    /// What would have let it through, as sentences.
    pub remedies: Vec<String>,
}

/// One step.
#[derive(Clone, Debug, Serialize)]
pub struct StepDocument {
    /// Seconds since the arrival.
    pub after_s: f64,
    /// What happened, as a sentence.
    pub what: String,
    /// The limits that a call met.
    pub limits: Vec<LookDocument>,
}

/// How a limit stood towards a call.
#[derive(Clone, Debug, Serialize)]
pub struct LookDocument {
    /// Its name.
    pub name: String,
    /// What it allows.
    pub allows: String,
    /// What the call asked of it.
    pub asks: u64,
    /// What was left.
    pub left: u64,
    /// The most that it can hold.
    pub capacity: u64,
    /// Whether it let the call pass.
    pub admits: bool,
    /// Seconds until it would have; `None` where it did, never will, or does not know.
    pub opens_in_s: Option<f64>,
    /// Whether it never will: the call is too large for it, or nothing ever comes back to it.
    pub is_for_good: bool,
    /// Who had used what was gone.
    pub users: Vec<UserDocument>,
}

/// What one class had used of a limit.
#[derive(Clone, Debug, Serialize)]
pub struct UserDocument {
    /// The class.
    pub class: String,
    /// By first calls of requests.
    pub first: u64,
    /// By further calls of requests.
    pub retries: u64,
}

impl WhyDocument {
    /// The document of `why`, from a run of `scenario`.
    pub fn new(scenario: &Scenario, why: &Why) -> Self {
        let request = &why.story.request;
        WhyDocument {
            schema: SCHEMA,
            scenario: scenario.name.clone(),
            tier: why.tier.clone(),
            strategy: why.strategy.clone(),
            replication: why.replication,
            request: why.number,
            class: why.classes[usize::from(request.source)].clone(),
            arrived: scenario.start.describe(request.arrived),
            arrived_s: request.arrived.as_secs_f64(),
            input_tokens: request.input.get(),
            output_tokens: request.output.get(),
            steps: why.story.entries.iter().map(|entry| step(why, entry)).collect(),
            remedies: why.remedies.iter().map(|remedy| sentence(why, remedy)).collect(),
        }
    }
}

impl WhyDocument {
    /// As JSON, with a line end.
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("a document has no maps with keys other than text");
        text.push('\n');
        text
    }
}

fn step(why: &Why, entry: &Entry) -> StepDocument {
    let looks = if let Note::Called { limits, .. } = &entry.note { &limits[..] } else { &[] };
    StepDocument {
        after_s: (entry.at - why.story.request.arrived).as_secs_f64(),
        what: what(why, &entry.note),
        limits: looks.iter().map(|seen| look(why, entry.at, seen)).collect(),
    }
}

fn look(why: &Why, now: SimTime, look: &Look) -> LookDocument {
    let (name, allows) = why.limits[look.limit].clone();
    let user = |user: &Use| UserDocument {
        class: why.classes[usize::from(user.class)].clone(),
        first: user.first,
        retries: user.retries,
    };
    LookDocument {
        name,
        allows,
        asks: look.room.asks,
        left: look.room.left,
        capacity: look.room.capacity,
        admits: look.admits(),
        opens_in_s: look.opens().map(|at| (at - now).as_secs_f64()),
        is_for_good: look.is_for_good(),
        users: look.users.iter().map(user).collect(),
    }
}

fn what(why: &Why, note: &Note) -> String {
    let limit = |at: usize| format!("`{}`", why.limits[at].0);
    match note {
        Note::Queued { behind: 0 } => "waits in the queue as the next one".to_owned(),
        Note::Queued { behind } => format!("waits in the queue behind {behind}"),
        Note::Called { call, route: 0, .. } => format!("call {call}"),
        Note::Called { call, route, .. } => format!("call {call}, by the route `{}`", why.routes[*route]),
        Note::Refused { limit: at, hint: Some(hint) } => {
            format!("429 from {}, `Retry-After` {}", limit(*at), time(*hint))
        }
        Note::Refused { limit: at, hint: None } => format!("429 from {}, without a hint", limit(*at)),
        Note::TooLarge { limit: at } => format!("refused for good: it is more than {} ever holds", limit(*at)),
        Note::Barred { limit: at } => format!("400 from {}, which asks for no other call", limit(*at)),
        Note::Accepted { wait, work } if wait.is_zero() => format!("admitted; takes {}", time(*work)),
        Note::Accepted { wait, work } => format!("admitted; waits {} and takes {}", time(*wait), time(*work)),
        Note::Failed { fault, hint: None } if fault.is_lateness() => format!("no answer in time: {}", fault.word()),
        Note::Failed { fault, hint: None } => format!("failed by the provider: {}", fault.word()),
        Note::Failed { fault, hint: Some(hint) } => {
            format!("failed by the provider: {}, `Retry-After` {}", fault.word(), time(*hint))
        }
        Note::TurnedDown => "turned down by the client itself, by its breaker or its throttle".to_owned(),
        Note::Denied => "its retry is denied by the client's budget".to_owned(),
        Note::Waits(delay) => format!("waits {} before it tries again", time(*delay)),
        Note::NextWay => "goes on by the next route".to_owned(),
        Note::Kept { takes } => format!("is answered by what is kept, in {}", time(*takes)),
        Note::Follows => "waits for the answer to another request for the same".to_owned(),
        Note::Joins => "joins a batch".to_owned(),
        Note::Leaves { with } => format!("the batch leaves with {with} requests, as one call"),
        Note::CutOff => "the answer is cut off, and asked for again".to_owned(),
        Note::Served => "answered".to_owned(),
        Note::Canned => "gets the canned answer".to_owned(),
        Note::Lost(why) => format!("never answered: {}", why.name()),
    }
}

fn sentence(why: &Why, remedy: &Remedy) -> String {
    match remedy {
        Remedy::Room { call, limit, more, capacity } => {
            let (name, more, of) = (&why.limits[*limit].0, count(*more), count(*capacity));
            format!("call {call} would have passed with {more} more in `{name}` ({of})")
        }
        Remedy::Later { after, limit } => {
            let name = &why.limits[*limit].0;
            format!("one more call, {} after the last one, would have found `{name}` open", time(*after))
        }
    }
}

/// A time to four digits.
fn time(span: SimDuration) -> String {
    format::number(span.as_secs_f64(), Figure::Time)
}

/// The story for a terminal.
pub fn text(document: &WhyDocument) -> String {
    let mut out = String::new();
    let tokens = |n: u32| count(u64::from(n));
    let _ = writeln!(
        out,
        "{}: request {} of replication {}, {} with {}\n{}, arrived {} with {} tokens in and {} out\n",
        printable(&document.scenario),
        document.request,
        document.replication,
        printable(&document.tier),
        printable(&document.strategy),
        printable(&document.class),
        document.arrived,
        tokens(document.input_tokens),
        tokens(document.output_tokens),
    );
    for step in &document.steps {
        let _ = writeln!(
            out,
            "{:>12}  {}",
            format!("+{}", format::number(step.after_s, Figure::Time)),
            printable(&step.what)
        );
        for limit in &step.limits {
            write_look(&mut out, limit);
        }
    }
    if !document.remedies.is_empty() {
        out.push_str("\nAll else being as it was:\n");
    }
    for remedy in &document.remedies {
        let _ = writeln!(out, "  - {}", printable(remedy));
    }
    out
}

fn write_look(out: &mut String, limit: &LookDocument) {
    let _ = writeln!(out, "{:16}{} ({})", "", printable(&limit.name), printable(&limit.allows));
    let stands = match (limit.admits, limit.opens_in_s) {
        (true, _) => "passes".to_owned(),
        (false, Some(seconds)) => format!("opens in {}", format::number(seconds, Figure::Time)),
        (false, None) if limit.is_for_good => "never opens".to_owned(),
        (false, None) => "opens when a call ends".to_owned(),
    };
    let [left, capacity, asks] = [limit.left, limit.capacity, limit.asks].map(count);
    let _ = writeln!(out, "{:18}{left} of {capacity} left, {asks} asked for: {stands}", "");
    let user = |(at, user): (usize, &UserDocument)| {
        let used = match (user.first, user.retries) {
            (first, 0) => count(first),
            (0, retries) => format!("{} by retries", count(retries)),
            (first, retries) => format!("{} and {} by retries", count(first), count(retries)),
        };
        format!("{}{} {used}", if at == 0 { "used by " } else { "" }, printable(&user.class))
    };
    if !limit.admits {
        out.push_str(&wrapped(18, limit.users.iter().enumerate().map(user)));
    }
}

/// A whole number with commas.
fn count(n: u64) -> String {
    format::number(n as f64, Figure::Count)
}
