//! `ratecast generate`.

use super::{Generate, RowsAs, Status, log, output, progress};
use crate::engine::Arrivals;
use crate::params::quoted;
use crate::protocol::NOBODY;
use crate::report::files::write_stream;
use crate::report::rows::{CLIENT, COLUMNS, RowFormat, RowWriter};
use crate::scenario::diagnostic::printable;
use crate::scenario::names::{listed, nearest};
use crate::scenario::{self, Scenario, path};
use crate::traffic::Traffic;
use crate::traffic::replay::Replay;
use crate::units::SimTime;
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::Path;

/// Writes the requests of a scenario as a log.
pub fn run(arguments: &Generate) -> Status {
    match generated(arguments) {
        Ok(status) | Err(status) => status,
    }
}

fn generated(arguments: &Generate) -> Result<Status, Status> {
    let seed = arguments.seed.map(|seed| format!("seed={seed}"));
    let set: Vec<String> = arguments.set.iter().cloned().chain(seed).collect();
    let ready = scenario::load(&arguments.scenario, &set).map_err(|failure| output::failure(&failure))?;
    let mut scenario = ready.scenario;
    if let Some(source) = &arguments.source {
        keep(&mut scenario, source)?;
    }
    let arrivals = Arrivals::new(&scenario, arguments.replication).map_err(|error| log::failed(&error))?;
    progress::watch_interrupt();
    match &arguments.out {
        Some(path) => to_file(arguments, &scenario, arrivals, path),
        None => to_stdout(arguments, &scenario, arrivals),
    }
}

/// Leaves only the source called `name`; that changes none of its requests.
fn keep(scenario: &mut Scenario, name: &str) -> Result<(), Status> {
    let names: Vec<String> = scenario.traffic.iter().map(|(name, _)| name.clone()).collect();
    scenario.traffic.retain(|(known, _)| known == name);
    if scenario.traffic.is_empty() {
        let help = match nearest(name, names.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("its sources: {}", listed(&names)),
        };
        output::failure_text(&format!("the scenario has no source `{name}`"), &help);
        return Err(Status::Wrong);
    }
    Ok(())
}

/// What stops a log half-way.
enum Stopped {
    /// It cannot be written on.
    Write(io::Error),
    /// Its own source cannot be read on, or the user does not want it any more; said already.
    Said(Status),
}

impl From<io::Error> for Stopped {
    fn from(error: io::Error) -> Self {
        Stopped::Write(error)
    }
}

/// Rows between two looks at what may stop them.
const LOOK: u64 = 4_096;

/// Writes all requests; says when the first arrived.
fn write(
    out: impl Write,
    format: RowFormat,
    scenario: &Scenario,
    mut arrivals: Arrivals,
) -> Result<Option<SimTime>, Stopped> {
    let mut writer = RowWriter::new(out, format, &scenario.start, has_clients(scenario))?;
    let mut rows = 0u64;
    let classes = scenario.classes();
    while arrivals.next_at() != SimTime::NEVER {
        let request = arrivals.take();
        if request.thread != NOBODY {
            // Nobody refuses anything here: users who wait are answered after the service time.
            arrivals.answered(&request, request.arrived.saturating_add(request.service), true);
        }
        let source = classes.get(usize::from(request.source)).map_or("", String::as_str);
        writer.row(source, &request)?;
        rows += 1;
        if rows.is_multiple_of(LOOK) && progress::interrupted() {
            output::note("error: interrupted");
            return Err(Stopped::Said(Status::Interrupted));
        }
    }
    let first = writer.finish()?;
    match arrivals.error() {
        Some(error) => Err(Stopped::Said(log::failed(&error))),
        None => Ok(first),
    }
}

fn to_stdout(arguments: &Generate, scenario: &Scenario, arrivals: Arrivals) -> Result<Status, Status> {
    let out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    match write(out, arguments.format.rows(), scenario, arrivals) {
        Ok(_) => Ok(Status::Done),
        Err(Stopped::Said(status)) => Err(status),
        Err(Stopped::Write(error)) if error.kind() == ErrorKind::BrokenPipe => Ok(Status::Done),
        Err(Stopped::Write(error)) => {
            output::note(&format!("error: cannot write the result: {error}"));
            Err(Status::Failed)
        }
    }
}

/// Writes to a file, and prints how a scenario plays it.
fn to_file(arguments: &Generate, scenario: &Scenario, arrivals: Arrivals, path: &Path) -> Result<Status, Status> {
    let mut first = None;
    let mut said = None;
    let written = write_stream(path, |out| match write(out, arguments.format.rows(), scenario, arrivals) {
        Ok(at) => {
            first = at;
            Ok(())
        }
        Err(Stopped::Write(error)) => Err(error),
        Err(Stopped::Said(status)) => {
            said = Some(status);
            Err(io::Error::other("broken off"))
        }
    });
    match (written, said) {
        (_, Some(status)) => Err(status),
        (Err(error), None) => Err(log::unwritten(&error)),
        (Ok(()), None) => Ok(output::result(&replay(scenario, path, first.unwrap_or_default()))),
    }
}

/// Whether requests come from more than one client.
fn has_clients(scenario: &Scenario) -> bool {
    let states = |replay: &Option<Replay>| replay.as_ref().is_some_and(|replay| replay.client_column.is_some());
    let has = |traffic: &Traffic| traffic.clients.is_some() || traffic.users.is_some() || states(&traffic.replay);
    scenario.traffic.iter().any(|(_, traffic)| has(traffic))
}

/// The block of a scenario that plays the log at `path` with its first request at `first`.
fn replay(scenario: &Scenario, log: &Path, first: SimTime) -> String {
    let name = match scenario.traffic.as_slice() {
        [(name, _)] => name.as_str(),
        _ => "log",
    };
    let client = if has_clients(scenario) { format!(", client-column = \"{CLIENT}\"") } else { String::new() };
    let [time, _, input, cached, output] = COLUMNS;
    format!(
        "# For a scenario with the same `start` and `duration` ({}).\n{}[{}]\nreplay = {{ file = {}, \
         time-column = \"{time}\", input-column = \"{input}\", cached-column = \"{cached}\", \
         output-column = \"{output}\"{client}, delay = \"{}\" }}\n",
        scenario.duration,
        one_class(scenario),
        path::join(["traffic", name]),
        quoted(&printable(&log.display().to_string())),
        first.saturating_since(SimTime::ZERO),
    )
}

/// How one class alone is played, if there are several: the column of the source names the class as well.
fn one_class(scenario: &Scenario) -> String {
    let classes = scenario.classes();
    let [first, _, ..] = classes.as_slice() else { return String::new() };
    let [_, source, ..] = COLUMNS;
    let only = format!("only = {{ column = \"{source}\", value = {} }}", quoted(&printable(first)));
    format!("# With all classes in one; `{only}` plays one alone, `delay` being when its own first request comes.\n")
}

impl RowsAs {
    fn rows(self) -> RowFormat {
        match self {
            RowsAs::Csv => RowFormat::Csv,
            RowsAs::Jsonl => RowFormat::Jsonl,
        }
    }
}
