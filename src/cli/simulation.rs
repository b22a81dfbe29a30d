//! What `run` and `report` share: a scenario is loaded, its runs are made, and what goes wrong is printed.

use super::{Simulation, Status, output, oversize, progress};
use crate::engine::{RunError, Stop};
use crate::plan::{Forecast, Options, forecast};
use crate::report::{self, Document};
use crate::scenario::{self, Ready, Scenario};
use crate::traffic::Traffic;
use crate::traffic::replay::TraceErrorKind;
use std::path::Path;

/// A scenario with its forecast.
pub struct Outcome {
    /// What was simulated.
    pub ready: Ready,
    /// What came out.
    pub forecast: Forecast,
    /// The same for programs.
    pub document: Document,
}

/// How a finished forecast ends the process.
pub fn verdict(forecast: &Forecast) -> Status {
    if !forecast.complete {
        return Status::Interrupted;
    }
    match report::exit_status(forecast) {
        0 => Status::Done,
        1 => Status::Missed,
        _ => Status::Unsure,
    }
}

/// Loads a scenario and runs it; what goes wrong is printed.
pub fn simulate(path: &Path, simulation: &Simulation) -> Result<Outcome, Status> {
    let ready = scenario::load(path, &simulation.settings.all()).map_err(|failure| output::failure(&failure))?;
    if !simulation.quiet {
        output::warnings(&ready, &simulation.settings.day);
        oversize::warn(&ready);
    }
    check_budget(&ready, simulation)?;
    let forecast = in_pool(simulation.threads, || run_cells(&ready.scenario, simulation))?;
    let document = Document::new(&ready.scenario, &forecast, &ready.assumptions);
    Ok(Outcome { ready, forecast, document })
}

fn run_cells(scenario: &Scenario, simulation: &Simulation) -> Result<Forecast, Status> {
    progress::watch_interrupt();
    let runs = u64::from(scenario.replications) * (scenario.tiers.len() * scenario.strategy.len()) as u64;
    let bar = progress::bar(runs, !simulation.quiet && !simulation.no_progress);
    let options = Options {
        stop: Stop { events: simulation.max_events, interrupted: &progress::interrupted },
        progress: &|done, _| bar.set_position(done),
    };
    let forecast = forecast(scenario, options);
    bar.finish_and_clear();
    forecast.map_err(|error| broken_off(&error))
}

/// Does `work` on so many threads, on all cores where none are stated.
pub fn in_pool<T: Send>(threads: Option<u16>, work: impl FnOnce() -> Result<T, Status> + Send) -> Result<T, Status> {
    let threads = threads.map_or(0, usize::from);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().map_err(|error| {
        output::note(&format!("error: cannot start {threads} threads: {error}"));
        Status::Failed
    })?;
    pool.install(work)
}

/// Refuses before the first event what would surely pass the budget.
fn check_budget(ready: &Ready, simulation: &Simulation) -> Result<(), Status> {
    let scenario = &ready.scenario;
    let runs = f64::from(scenario.replications) * (scenario.tiers.len() * scenario.strategy.len()) as f64;
    let arrivals = |name: &str, traffic: &Traffic| {
        // Only users wait, and those of a source are all of one class.
        let latency = traffic
            .facts(name)
            .first()
            .map_or_else(|| scenario.provider.others(), |class| scenario.provider.latency(class));
        let service = latency.mean(traffic.mean_output());
        traffic.expected_requests(scenario.duration, &scenario.start, service)
    };
    let made_up: f64 = scenario.traffic.iter().map(|(name, traffic)| arrivals(name, traffic)).sum();
    let expected = runs * (made_up + ready.recorded_requests());
    if expected > simulation.max_events as f64 {
        output::note(&format!(
            "error: about {expected:.2e} requests in {runs} runs are more than {} events\n  \
             = help: lower `duration`, `replications` or a rate, or raise `--max-events`",
            simulation.max_events
        ));
        return Err(Status::Budget);
    }
    Ok(())
}

/// Prints why the runs were broken off.
/// Prints what stopped a run, and says how that ends the process.
pub fn broken_off(error: &RunError) -> Status {
    let (help, status) = match error {
        RunError::Trace(trace) => {
            let status = if trace.kind == TraceErrorKind::Io { Status::Failed } else { Status::Wrong };
            (trace.help.clone(), status)
        }
        RunError::Events { .. } => {
            ("raise `--max-events`, or lower `duration` or the attempts".to_owned(), Status::Budget)
        }
        RunError::UnderWay { .. } => {
            ("bound the queue (`queue.capacity`), or lower the rate or `attempts`".to_owned(), Status::Budget)
        }
        RunError::Interrupted => ("no replication was complete".to_owned(), Status::Interrupted),
        RunError::NotConserved { .. } => {
            let version = env!("CARGO_PKG_VERSION");
            (format!("this is a bug of ratecast {version}: please report it with the scenario"), Status::Failed)
        }
    };
    output::failure_text(&error.to_string(), &help);
    status
}
