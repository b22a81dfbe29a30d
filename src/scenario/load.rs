//! From a scenario's file to a scenario that can be run: names are looked up, logs are read once, and what was left to
//! defaults that bear on the figures is listed.

use super::catalog;
use super::names::{is_name, listed, nearest};
use super::spec::check_name;
use super::{Diagnostic, Failure, Loaded, Scenario};
use crate::client::Strategy;
use crate::client::retry::{FullJitter, Persistence, RetryPolicy};
use crate::params::{Invalid, Parameters};
use crate::protocol::{Class, Counts};
use crate::provider::{Beyond, Tier};
use crate::traffic::replay::{Replay, TraceError, TraceErrorKind, TraceSummary, describe};
use crate::traffic::{Pairs, Table, Traffic};
use crate::units::SimDuration;
use jiff::civil::Date;
use std::path::Path;

/// A scenario that can be run.
#[derive(Debug)]
pub struct Ready {
    /// The scenario, every default filled in.
    pub scenario: Scenario,
    /// Where its values came from.
    pub loaded: Loaded,
    /// The defaults that bear on the figures and were not stated, as sentences.
    pub assumptions: Vec<String>,
    /// The sources that replay a log, and what their logs hold.
    pub logs: Vec<(String, TraceSummary)>,
}

impl Ready {
    /// The warning that figures of the tiers that are compared are old on the day `today`, if they are.
    pub fn old_figures(&self, today: Date) -> Option<Diagnostic> {
        let scenario = &self.scenario;
        let tiers = scenario.tiers.iter().filter_map(|name| Some((name.as_str(), scenario.tier.find(name)?)));
        let warning = catalog::old_figures(tiers, today)?;
        // What is not stated has no place.
        Some(if self.loaded.states("tiers") { warning.at(self.loaded.at("tiers")) } else { warning })
    }

    /// About how many requests a run takes from logs.
    pub fn recorded_requests(&self) -> f64 {
        let duration = self.scenario.duration;
        recorded(&self.scenario).zip(&self.logs).map(|((_, log), (_, found))| log.rows(found, duration)).sum()
    }
}

/// Reads the scenario at `path` with the settings `set` (each `KEY=VALUE`) and makes it ready.
///
/// # Errors
/// All problems of the file at once, or what kept a file from being read.
pub fn load(path: &Path, set: &[String]) -> Result<Ready, Failure> {
    let mut scenario = Scenario::default();
    let loaded = super::read(path, set, &mut scenario)?;
    scenario.folder = path.parent().unwrap_or(Path::new("")).to_owned();
    if !loaded.states("name")
        && let Some(stem) = path.file_stem().map(|stem| stem.to_string_lossy())
        && check_name(&stem).is_ok()
    {
        scenario.name = stem.into_owned();
    }
    ready(scenario, loaded)
}

/// Reads a scenario from `text`, as [`load`] does; paths start from the working folder.
pub fn load_text(name: &str, text: &str, set: &[String]) -> Result<Ready, Failure> {
    let mut scenario = Scenario::default();
    let loaded = super::read_text(name, text, set, &mut scenario)?;
    ready(scenario, loaded)
}

fn ready(mut scenario: Scenario, loaded: Loaded) -> Result<Ready, Failure> {
    if !loaded.states("tiers") && !scenario.tier.is_empty() {
        scenario.tiers = scenario.tier.iter().map(|(name, _)| name.clone()).collect();
    }
    let mut problems = find_tiers(&mut scenario, &loaded);
    if scenario.strategy.is_empty() {
        scenario.strategy.push(("default".to_owned(), default_strategy()));
    }
    read_weights(&mut scenario, &loaded, &mut problems)?;
    problems.extend(unknown_next(&scenario, &loaded));
    problems.extend(unshared(&scenario, &loaded));
    let logs = read_logs(&scenario, &loaded, &mut problems)?;
    check_windows(&scenario, &loaded, &logs, &mut problems);
    if !problems.is_empty() {
        return Err(loaded.refuse(problems));
    }
    adopt(&mut scenario, &loaded, &logs);
    let runaways = runaways(&scenario, &loaded);
    if !runaways.is_empty() {
        return Err(loaded.refuse(runaways));
    }
    if let Err(invalid) = scenario.check() {
        let diagnostic = Diagnostic::error(invalid.message).at(loaded.at(invalid.key)).help(invalid.help);
        return Err(loaded.refuse(vec![diagnostic]));
    }
    let assumptions = assumptions(&scenario, &loaded);
    Ok(Ready { scenario, loaded, assumptions, logs })
}

/// The client of a scenario that names none. It does not sit through the rest of a month because a reply says so.
fn default_strategy() -> Strategy {
    let persistence = Persistence { max_retry_after: Some(SimDuration::from_secs(60)), ..Persistence::default() };
    let retry = RetryPolicy::FullJitter(FullJitter { persistence, ..FullJitter::default() });
    Strategy { retry, ..Strategy::default() }
}

/// Refuses strategies that share what nobody can share: answers where no two requests ask for the same, and calls where each
/// answer may take several.
fn unshared(scenario: &Scenario, loaded: &Loaded) -> Vec<Diagnostic> {
    let has_keys =
        |(name, traffic): &(String, Traffic)| traffic.classes(name).iter().any(|(_, class)| class.cache_keys.is_some());
    let (shares_answers, facts) = (scenario.traffic.iter().any(has_keys), scenario.facts());
    let mut problems = Vec::new();
    for (name, strategy) in &scenario.strategy {
        let mut refuse = |key: &str, message: &str, help: &str| {
            let origin = loaded.at(&super::path::join(["strategy", name, key]));
            problems.push(Diagnostic::error(message).at(origin).help(help));
        };
        for (key, is_stated) in [("cache", strategy.cache.is_some()), ("coalesce", strategy.coalesce.is_some())] {
            if is_stated && !shares_answers {
                let help = "say in a source how many questions there are, as in `cache-keys = { count = 10_000 }`";
                refuse(key, "no two requests ask for the same", help);
            }
        }
        if let Some(batch) = &strategy.batch
            && facts.iter().any(|class| class.re_asks > 0 && batch.carries(&class.name))
        {
            let help = "leave `re-asks` out, or name other `classes` in `batch`";
            refuse("batch", "an answer within a batch cannot be asked to go on", help);
        }
        // By each route, and with each `max_tokens` that its calls may state, a class is one of its own.
        let with_grown = |class: &Class| 1 + usize::from(class.grown_steps());
        if facts.iter().map(with_grown).sum::<usize>() * (strategy.route.len() + 1) > usize::from(u16::MAX) {
            let help = "leave some classes or routes out, or let `max-tokens` grow in larger steps";
            refuse("route", "there are more than 65535 classes, by each route and size of call", help);
        }
    }
    problems
}

/// The logs that `scenario` plays, with the names of their sources.
fn recorded(scenario: &Scenario) -> impl Iterator<Item = (&str, &Replay)> {
    scenario.traffic.iter().filter_map(|(name, traffic)| Some((name.as_str(), traffic.replay.as_ref()?)))
}

/// Refuses windows in which nothing lies, and laps of no length.
fn check_windows(
    scenario: &Scenario,
    loaded: &Loaded,
    logs: &[(String, TraceSummary)],
    problems: &mut Vec<Diagnostic>,
) {
    if !problems.is_empty() {
        return; // a log that could not be read has no summary
    }
    for ((_, replay), (name, log)) in recorded(scenario).zip(logs) {
        let Err(Invalid { key, message, help }) = replay.check_against(log) else { continue };
        let origin = loaded.at(&super::path::join(["traffic", name, "replay", key]));
        problems.push(Diagnostic::error(message).at(origin).help(help));
    }
}

/// Takes from the logs what the scenario leaves open: how long they are, and when a single one begins.
fn adopt(scenario: &mut Scenario, loaded: &Loaded, logs: &[(String, TraceSummary)]) {
    let all_recorded = logs.len() == scenario.traffic.len();
    let lengths: Option<Vec<SimDuration>> =
        recorded(scenario).zip(logs).map(|((_, log), (_, found))| log.plays_for(found)).collect();
    if !loaded.states("duration")
        && all_recorded
        && let Some(longest) = lengths.unwrap_or_default().into_iter().max()
    {
        // The last row counts too, and a whole second reads better than nine decimals.
        scenario.duration = SimDuration::from_secs(longest.as_nanos() / 1_000_000_000 + 1);
    }
    let begins = if let [(_, log)] = logs { log.begins.as_ref() } else { None };
    let start = begins.and_then(|begins| recorded(scenario).next()?.1.starts(begins));
    if !loaded.states("start")
        && let Some(start) = start
    {
        // Windows that follow the clock then lie where they lay when the log was written.
        scenario.start = start;
    }
}

/// Fills in the tiers that the scenario names and does not define.
fn find_tiers(scenario: &mut Scenario, loaded: &Loaded) -> Vec<Diagnostic> {
    let mut problems = Vec::new();
    if scenario.tiers.is_empty() {
        let help = "name at least one, as in `tiers = [\"claude-paid\"]`";
        problems.push(Diagnostic::error("no tier is compared").at(loaded.at("tiers")).help(help));
    }
    for (at, name) in scenario.tiers.clone().iter().enumerate() {
        let origin = loaded.item("tiers", at);
        if scenario.tiers[..at].contains(name) {
            let message = format!("the tier `{}` is named twice", super::diagnostic::printable(name));
            problems.push(Diagnostic::error(message).at(origin).help("leave one of them out"));
        } else {
            problems.extend(find_tier(scenario, name).map(|problem| problem.at(origin)));
        }
    }
    problems.extend(find_routes(scenario, loaded));
    problems
}

/// Fills in the tier called `name` where the scenario does not define it.
fn find_tier(scenario: &mut Scenario, name: &str) -> Option<Diagnostic> {
    if scenario.tier.find(name).is_some() {
        return None;
    }
    if let Some(tier) = catalog::tier(name) {
        scenario.tier.insert(name, tier);
        return None;
    }
    let known = known_tiers(scenario);
    let help = match nearest(name, known.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None if !is_name(name) => format!("known tiers: {}", listed(&known)),
        None => {
            let table = super::path::child("tier", name);
            format!("known tiers: {}; or define it in `[{table}]`", listed(&known))
        }
    };
    let message = format!("there is no tier `{}`", super::diagnostic::printable(name));
    Some(Diagnostic::error(message).help(super::diagnostic::printable(&help)))
}

/// Fills in the tiers that routes lead to, and refuses classes that there are not.
fn find_routes(scenario: &mut Scenario, loaded: &Loaded) -> Vec<Diagnostic> {
    let mut problems = Vec::new();
    for (strategy, stated) in scenario.strategy.clone() {
        let batched = stated.batch.and_then(|batch| batch.classes);
        problems.extend(unknown_classes(scenario, loaded, &["strategy", &strategy, "batch", "classes"], &batched));
        for (route, stated) in stated.route {
            let at = |key: &str| super::path::join(["strategy", &strategy, "route", &route, key]);
            if let Some(tier) = &stated.tier {
                let problem = find_tier(scenario, tier).or_else(|| billed_by_month(scenario, tier));
                problems.extend(problem.map(|problem| problem.at(loaded.at(&at("tier")))));
            }
            let path = ["strategy", &strategy, "route", &route, "classes"];
            problems.extend(unknown_classes(scenario, loaded, &path, &stated.classes));
        }
    }
    problems
}

/// Refuses those of `names`, stated at `path`, that are neither a source nor a class.
fn unknown_classes(
    scenario: &Scenario,
    loaded: &Loaded,
    path: &[&str],
    names: &Option<Vec<String>>,
) -> Vec<Diagnostic> {
    let (sources, classes) = (scenario.traffic.iter().map(|(name, _)| name.clone()).collect(), scenario.classes());
    let known: Vec<String> = [sources, classes].concat();
    let path = super::path::join(path.iter().copied());
    let unknown = names.iter().flatten().enumerate().filter(|(_, class)| !known.contains(class));
    let problem = |(item, class): (usize, &String)| {
        let message = format!("no traffic is called `{}`", super::diagnostic::printable(class));
        let help = super::diagnostic::printable(&format!("known classes: {}", listed(&known)));
        Diagnostic::error(message).at(loaded.item(&path, item)).help(help)
    };
    unknown.map(problem).collect()
}

/// Refuses a route to the tier called `name` where either side bills by the month: what a month makes of the calls of one
/// tier cannot be told from the calls of two.
fn billed_by_month(scenario: &Scenario, name: &str) -> Option<Diagnostic> {
    let is_billed_so = |name: &&String| scenario.tier.find(name).is_some_and(|tier| tier.price.is_billed_by_month());
    let others = scenario.tiers.iter().filter(|tier| *tier != name).collect::<Vec<_>>();
    let name = name.to_owned();
    let by_month = [&name].into_iter().chain(others).find(is_billed_so)?;
    let message =
        format!("a route between tiers, of which `{}` bills by the month", super::diagnostic::printable(by_month));
    Some(Diagnostic::error(message).help("take a tier whose calls are billed one by one"))
}

/// The names of the catalogue's tiers and of the scenario's own.
fn known_tiers(scenario: &Scenario) -> Vec<String> {
    let own = scenario.tier.iter().map(|(name, _)| name.clone());
    let own = own.filter(|name| catalog::text(name).is_none());
    catalog::names().map(str::to_owned).chain(own).collect()
}

/// Tiers that lead to one that nobody knows.
fn unknown_next(scenario: &Scenario, loaded: &Loaded) -> Vec<Diagnostic> {
    let known = known_tiers(scenario);
    let leads_nowhere = |(name, tier): &(String, Tier)| {
        let next = tier.price.next.tier.as_ref().filter(|next| !known.contains(next))?;
        let help = match nearest(next, known.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("known tiers: {}", listed(&known)),
        };
        let message = format!("there is no tier `{}`", super::diagnostic::printable(next));
        let origin = loaded.at(&super::path::join(["tier", name, "price", "next", "tier"]));
        Some(Diagnostic::error(message).at(origin).help(super::diagnostic::printable(&help)))
    };
    scenario.tier.iter().filter_map(leads_nowhere).collect()
}

/// Reads every log from end to end, so that what is wrong with one shows before anything is simulated.
fn read_logs(
    scenario: &Scenario,
    loaded: &Loaded,
    problems: &mut Vec<Diagnostic>,
) -> Result<Vec<(String, TraceSummary)>, Failure> {
    let mut logs = Vec::new();
    for (name, traffic) in &scenario.traffic {
        let problem = |key: &str, error: TraceError| refusal(error, loaded, &["traffic", name, key, "file"]);
        let check = |pairs: &Pairs| Table::read(&scenario.folder.join(&pairs.file), pairs).err();
        if let Some(error) = traffic.pairs.as_ref().and_then(check) {
            problems.push(problem("pairs", error)?);
        }
        for (class, stated) in &traffic.class {
            let Some(error) = stated.pairs.as_ref().and_then(check) else { continue };
            problems.push(refusal(error, loaded, &["traffic", name, "class", class, "pairs", "file"])?);
        }
        let Some(replay) = &traffic.replay else { continue };
        match describe(&scenario.folder.join(&replay.file), replay) {
            Ok(summary) => logs.push((name.clone(), summary)),
            Err(error) => problems.push(problem("replay", error)?),
        }
    }
    Ok(logs)
}

/// Takes the weights of shapes from the files that hold them.
fn read_weights(scenario: &mut Scenario, loaded: &Loaded, problems: &mut Vec<Diagnostic>) -> Result<(), Failure> {
    for (name, traffic) in &mut scenario.traffic {
        let Some(shape) = &mut traffic.shape else { continue };
        for (key, error) in shape.read_tables(&scenario.folder) {
            problems.push(refusal(error, loaded, &["traffic", name, "shape", key, "table", "file"])?);
        }
    }
    Ok(())
}

/// What is wrong with a file that the scenario names at `path`.
fn refusal(error: TraceError, loaded: &Loaded, path: &[&str]) -> Result<Diagnostic, Failure> {
    // A file that stops being readable half-way is no mistake of the scenario.
    if error.kind == TraceErrorKind::Io && error.line.is_some() {
        return Err(Failure::World { path: error.path, cause: error.message });
    }
    let message = match error.kind {
        TraceErrorKind::Io => format!("cannot read {error}"),
        TraceErrorKind::Data => error.to_string(),
    };
    Ok(Diagnostic::error(message).at(loaded.at(&super::path::join(path.iter().copied()))).help(error.help))
}

/// Shapes that multiply by so much that the clock of the arrivals behind them would run out.
fn runaways(scenario: &Scenario, loaded: &Loaded) -> Vec<Diagnostic> {
    let mut problems = Vec::new();
    for (name, traffic) in &scenario.traffic {
        let Some(shape) = &traffic.shape else { continue };
        let integral = shape.integral(scenario.duration, &scenario.start);
        // Half of what the clock holds and more is left to chance.
        if integral > SimDuration::HORIZON.as_secs_f64() {
            let times = integral / scenario.duration.as_secs_f64();
            let origin = loaded.at(&super::path::join(["traffic", name, "shape"]));
            let message = format!("the shapes make the rate {times:.3e} times what it is, for {}", scenario.duration);
            let help = "write lower factors and a higher rate in `arrivals`";
            problems.push(Diagnostic::error(message).at(origin).help(help));
        }
    }
    problems
}

fn assumptions(scenario: &Scenario, loaded: &Loaded) -> Vec<String> {
    let mut assumptions = Vec::new();
    let mut assume = |path: &str, what: &dyn Fn() -> String| {
        if !loaded.states(path) {
            assumptions.push(what());
        }
    };
    let has_log = scenario.traffic.iter().any(|(_, traffic)| traffic.replay.is_some());
    if has_log {
        assume("start", &|| format!("`start` = {}", scenario.start));
    }
    assume("duration", &|| format!("`duration` = {}", scenario.duration));
    assume("tiers", &|| format!("`tiers` = {}", scenario.tiers.join(", ")));
    assume("strategy", &|| {
        "one strategy: full jitter from 1s to 60s, 6 attempts, `Retry-After` obeyed up to 60s".to_owned()
    });
    let service = &scenario.provider;
    assume("provider.time-to-first-token", &|| {
        format!("`provider.time-to-first-token` = {}", service.time_to_first_token.model().mean())
    });
    assume("provider.time-per-output-token", &|| {
        format!("`provider.time-per-output-token` = {}", service.time_per_output_token.model().mean())
    });
    let made_up = scenario.traffic.iter().filter(|(_, traffic)| traffic.replay.is_none() && tokens_matter(scenario));
    for (name, traffic) in made_up {
        for (key, sizes) in [("input-tokens", &traffic.input_tokens), ("output-tokens", &traffic.output_tokens)] {
            let path = super::path::child(&super::path::child("traffic", name), key);
            assume(&path, &|| format!("`{path}` = {}", sizes.model().mean()));
        }
    }
    let paced = scenario.strategy.iter().filter(|(_, strategy)| is_paced_by_tier(strategy));
    for ((strategy, _), (tier, limit)) in paced.flat_map(|paced| spilling(scenario).map(move |limit| (paced, limit))) {
        let pacing = super::path::join(["strategy", strategy, "pacing"]);
        let limit = super::path::join(["tier", tier, "limits", limit]);
        assume(&super::path::child(&pacing, "within-reserved"), &|| {
            format!("`{pacing}` does not keep below `{limit}`, beyond which calls spill over (`within-reserved`)")
        });
    }
    assume("slo", &|| "objectives: at most 1% of requests fail, and the month's quota lasts".to_owned());
    assumptions
}

fn is_paced_by_tier(strategy: &Strategy) -> bool {
    strategy.pacing.as_ref().is_some_and(|pacing| pacing.is_of_tier() && !pacing.within_reserved)
}

/// The limits over which calls spill, by the names of their tiers and their own.
fn spilling(scenario: &Scenario) -> impl Iterator<Item = (&str, &str)> {
    let tiers = scenario.tiers.iter().filter_map(|name| Some((name.as_str(), scenario.tier.find(name)?)));
    tiers.flat_map(|(name, tier)| {
        let limits = tier.limits.iter().filter(|(_, limit)| limit.beyond == Beyond::Spill);
        limits.map(move |(limit, _)| (name, limit.as_str()))
    })
}

/// Whether any figure depends on how many tokens a request has.
fn tokens_matter(scenario: &Scenario) -> bool {
    let takes_time = !scenario.provider.time_per_output_token.model().mean().is_zero();
    takes_time
        || scenario.tier.iter().any(|(_, tier)| {
            tier.price.depends_on_tokens() || tier.limits.iter().any(|(_, limit)| limit.counts != Counts::Requests)
        })
}
