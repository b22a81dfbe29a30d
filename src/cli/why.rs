//! `ratecast why`.

use super::simulation::broken_off;
use super::{Status, Why, WhyFormat, output, progress};
use crate::engine::Stop;
use crate::plan::why::why;
use crate::report::why::{self, WhyDocument};
use crate::scenario::names::{listed, nearest};
use crate::scenario::{self, Scenario};

/// Tells the story of one request.
pub fn run(arguments: &Why) -> Status {
    match told(arguments) {
        Ok(status) | Err(status) => status,
    }
}

fn told(arguments: &Why) -> Result<Status, Status> {
    let seed = arguments.seed.map(|seed| format!("seed={seed}"));
    let set: Vec<String> = arguments.set.iter().cloned().chain(seed).collect();
    let ready = scenario::load(&arguments.scenario, &set).map_err(|failure| output::failure(&failure))?;
    let cell = cell(&ready.scenario, arguments)?;
    progress::watch_interrupt();
    let stop = Stop { events: arguments.max_events, interrupted: &progress::interrupted };
    let why = why(&ready.scenario, cell, arguments.replication, arguments.request, stop);
    let Some(why) = why.map_err(|error| broken_off(&error))? else {
        let message = match arguments.request {
            Some(number) => format!("there is no request {number} in this run"),
            None => "no request of this run has an outcome".to_owned(),
        };
        output::failure_text(&message, "requests are numbered from 1 in the order of arrival");
        return Err(Status::Wrong);
    };
    let document = WhyDocument::new(&ready.scenario, &why);
    Ok(match arguments.format {
        WhyFormat::Table => output::result(&why::text(&document)),
        WhyFormat::Json => output::result(&document.to_json()),
    })
}

/// The tier and the strategy that are meant, by their places.
fn cell(scenario: &Scenario, arguments: &Why) -> Result<(usize, usize), Status> {
    let strategies: Vec<&str> = scenario.strategy.iter().map(|(name, _)| name.as_str()).collect();
    let tiers: Vec<&str> = scenario.tiers.iter().map(String::as_str).collect();
    Ok((
        place("tier", &tiers, arguments.tier.as_deref())?,
        place("strategy", &strategies, arguments.strategy.as_deref())?,
    ))
}

fn place(what: &str, names: &[&str], wanted: Option<&str>) -> Result<usize, Status> {
    let Some(wanted) = wanted else { return Ok(0) };
    names.iter().position(|name| *name == wanted).ok_or_else(|| {
        let help = match nearest(wanted, names.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("its {what} is one of: {}", listed(names)),
        };
        output::failure_text(&format!("the scenario compares no {what} `{wanted}`"), &help);
        Status::Wrong
    })
}
