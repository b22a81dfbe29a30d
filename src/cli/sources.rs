//! A log for `ratecast fit`: passed over twice, or three times where it is taken apart by who sends it.

use super::Status;
use super::log::Log;
use crate::rng::Seed;
use crate::traffic::Clients;
use crate::traffic::fit::{Apart, Census, Profile, Reservoir, Studied, Study};
use crate::traffic::measure::{Description, Measure};
use crate::traffic::replay::TraceRow;
use crate::units::{Civil, SimTime};

/// A log that was studied.
pub struct Sources {
    /// What it looks like.
    pub description: Description,
    /// The whole, of a log that was taken apart.
    pub whole: Option<Studied>,
    /// All of it, or first all others and then each client that was taken apart.
    pub parts: Vec<(Source, Studied)>,
}

/// A source of a log.
pub struct Source {
    /// Its name in a scenario.
    pub name: String,
    /// Who it is, and why it has a source of its own.
    pub apart: Option<(String, Apart)>,
    /// Who its requests come from, where the log says.
    pub clients: Option<Clients>,
    /// What it looks like; absent of a log that is one source.
    pub description: Option<Description>,
    /// A sample of its sizes.
    pub sizes: Reservoir,
}

/// Rows of the tables of sizes.
const MOST_PAIRS: usize = 10_000;

impl Sources {
    /// Passes over `log`, whose sources are to be called after `name`.
    pub fn of(log: &mut Log, name: &str, seed: Seed) -> Result<Sources, Status> {
        let survey = Survey::of(log)?;
        let apart = survey.census.apart();
        let begins = log.begins();
        let start = begins.clone().unwrap_or_default();
        let profile = |of: &Description| Profile::of(of, &start, begins.is_some());
        let study = || Study::new(&survey.description, profile(&survey.description), seed);
        let descriptions =
            if apart.is_empty() { Vec::new() } else { described(log, &survey, &apart, begins.as_ref())? };
        let part = |of: &Description| Study::of_part(&survey.description, survey.first, of.rows, profile(of), seed);
        let mut studies: Vec<Study> =
            if apart.is_empty() { vec![study()] } else { descriptions.iter().map(part).collect() };
        let mut whole = (!apart.is_empty()).then(study);
        let mut sizes: Vec<Reservoir> = (0..studies.len()).map(|at| reservoir(at, seed)).collect();
        log.rewind()?;
        log.each(|row, _| {
            let part = part_of(&apart, row);
            studies[part].add(row);
            sizes[part].add(row);
            whole.iter_mut().for_each(|whole| whole.add(row));
        })?;
        let labels = labels(log, name, &apart);
        let clients = populations(&survey.census, &apart);
        let mut descriptions = descriptions.into_iter();
        let parts = labels.into_iter().zip(clients).zip(studies).zip(sizes);
        let parts = parts.map(|((((name, apart), clients), study), sizes)| {
            (Source { name, apart, clients, description: descriptions.next(), sizes }, study.finish())
        });
        let parts = parts.collect();
        let whole = whole.map(Study::finish);
        Ok(Sources { description: survey.description, whole, parts })
    }
}

/// What the first pass finds.
struct Survey {
    description: Description,
    census: Census,
    /// When the first row comes, which lies later than 0 where the log is cut to a window.
    first: SimTime,
}

impl Survey {
    fn of(log: &mut Log) -> Result<Survey, Status> {
        let (mut measure, mut census, mut first) = (None, Census::default(), None);
        log.each(|row, begins| {
            first.get_or_insert(row.at);
            measure.get_or_insert_with(|| Measure::new(begins).of_answers()).add(row);
            census.add(row);
        })?;
        let description = measure.unwrap_or_else(|| Measure::new(None)).finish(log.period());
        Ok(Survey { description, census, first: first.unwrap_or_default() })
    }
}

/// Which source a row is of: 0 of the others.
fn part_of(apart: &[Apart], row: &TraceRow) -> usize {
    apart.iter().position(|apart| row.client == Some(apart.client)).map_or(0, |at| at + 1)
}

/// What each source looks like.
fn described(
    log: &mut Log,
    survey: &Survey,
    apart: &[Apart],
    begins: Option<&Civil>,
) -> Result<Vec<Description>, Status> {
    let measure = || Measure::of_part(begins, survey.first).of_answers();
    let mut measures: Vec<Measure> = (0..=apart.len()).map(|_| measure()).collect();
    log.rewind()?;
    log.each(|row, _| measures[part_of(apart, row)].add(row))?;
    Ok(measures.into_iter().map(|measure| measure.finish(log.period())).collect())
}

fn reservoir(at: usize, seed: Seed) -> Reservoir {
    let purpose = if at == 0 { "fit-pairs".to_owned() } else { format!("fit-pairs/{at}") };
    Reservoir::new(MOST_PAIRS, seed.stream(0, &purpose))
}

/// The clients of each source: those of one apart have numbers that no others have.
fn populations(census: &Census, apart: &[Apart]) -> Vec<Option<Clients>> {
    let others = census.others(apart);
    let first = others.as_ref().map_or(1, |others| others.count);
    let alone = (first..).take(apart.len()).map(|first| Some(Clients { count: 1, first, ..Clients::default() }));
    std::iter::once(others).chain(alone).collect()
}

/// The name of each source in a scenario, and whose it is.
fn labels(log: &Log, name: &str, apart: &[Apart]) -> Vec<(String, Option<(String, Apart)>)> {
    let mut labels = vec![(name.to_owned(), None)];
    for found in apart {
        let client = log.client(found.client).filter(|client| !client.is_empty());
        let client = client.unwrap_or_else(|| format!("number {}", found.client));
        let start: String = name.chars().take(32).collect();
        let label = format!("{start}-{}", client.replace(' ', "-"));
        let is_taken = labels.iter().any(|(taken, _)| *taken == label);
        let label = if is_taken { format!("{label}-{}", found.client) } else { label };
        labels.push((label, Some((client, *found))));
    }
    labels
}
