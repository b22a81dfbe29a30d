//! `ratecast fit`.

use super::log::{self, Log};
use super::trace::measured;
use super::{Fit, FitFormat, Status, output, progress};
use crate::report::files::{Disk, write_whole};
use crate::report::fit::{self, FitDocument, Subject};
use crate::rng::Seed;
use crate::scenario::diagnostic::printable;
use crate::scenario::names::is_name;
use crate::traffic::fit as fitting;
use crate::traffic::fit::{NoFit, Options, Profile, Reservoir, Study};
use crate::units::Civil;
use std::path::Path;

/// Fits a model to a recorded log.
pub fn run(arguments: &Fit) -> Status {
    match fitted(arguments) {
        Ok(status) | Err(status) => status,
    }
}

fn fitted(arguments: &Fit) -> Result<Status, Status> {
    let name = source_name(arguments)?;
    let file = printable(&arguments.file.display().to_string());
    let wanted = !arguments.quiet && !arguments.no_progress;
    let mut log = Log::open(&arguments.file, &arguments.set, wanted)?;
    let description = measured(&mut log)?;
    let begins = log.begins();
    let start = begins.clone().unwrap_or_default();
    let profile = Profile::of(&description, &start, begins.is_some());
    let seed = Seed(arguments.seed);
    let mut study = Study::new(&description, profile, seed);
    let mut sizes = Reservoir::new(MOST_PAIRS, seed.stream(0, "fit-pairs"));
    log.rewind()?;
    log.each(|row, _| {
        study.add(row);
        sizes.add(row);
    })?;
    let studied = study.finish();
    let found = super::simulation::in_pool(arguments.threads, || {
        simulated(arguments, wanted, &start, |options| fitting::fit(&description, studied, options))
    })?;
    let pairs = arguments.pairs.as_deref().filter(|_| !sizes.sample().is_empty());
    let pairs_from_scenario = pairs.map(|pairs| from_scenario(pairs, arguments.out.as_deref()));
    let subject = Subject {
        file: &file,
        name: &name,
        seed: seed.0,
        replications: arguments.replications,
        pairs: pairs_from_scenario.as_deref(),
    };
    let document = FitDocument::new(subject, &description, &found);
    let table = pairs.map_or(Status::Done, |path| written(path, fit::pairs(sizes.sample()).as_bytes()));
    Ok(table.worst(print(arguments, &file, &document)).worst(chart(arguments, &document)))
}

/// Rows of the table of sizes.
const MOST_PAIRS: usize = 10_000;

/// The path of `pairs` as a scenario at `out` names it: without the folder where both lie in one.
fn from_scenario(pairs: &Path, out: Option<&Path>) -> String {
    let beside = out.is_some_and(|out| out.parent() == pairs.parent());
    let name = pairs.file_name().filter(|_| beside).map_or(pairs, Path::new);
    name.to_string_lossy().into_owned()
}

/// Runs `fit` with a bar and an ear for Ctrl-C.
fn simulated(
    arguments: &Fit,
    wanted: bool,
    start: &Civil,
    fit: impl FnOnce(Options) -> Result<fitting::Fit, NoFit>,
) -> Result<fitting::Fit, Status> {
    // A Poisson process, at most three other models, each twice, and batches.
    let bar = progress::bar(8 * arguments.replications, wanted);
    let options = Options {
        start,
        seed: Seed(arguments.seed),
        replications: arguments.replications,
        progress: &|| bar.inc(1),
        interrupted: &progress::interrupted,
    };
    let fit = fit(options);
    bar.finish_and_clear();
    fit.map_err(|why| match why {
        NoFit::TooLittle => {
            let message = format!("`{}` has too few rows for a model", arguments.file.display());
            output::failure_text(&message, "give a log of at least 30 requests in at least a minute");
            Status::Wrong
        }
        NoFit::Interrupted => {
            output::note("error: interrupted");
            Status::Interrupted
        }
    })
}

/// The stated name of the source, else that of the file, else `log`.
fn source_name(arguments: &Fit) -> Result<String, Status> {
    match &arguments.name {
        Some(name) if is_name(name) => Ok(name.clone()),
        Some(name) => {
            output::failure_text(&format!("`{name}` is no name"), "write a few letters, as in `--name chat`");
            Err(Status::Wrong)
        }
        None => {
            let stem = arguments.file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            Ok(if is_name(&stem) { stem } else { "log".to_owned() })
        }
    }
}

fn print(arguments: &Fit, file: &str, document: &FitDocument) -> Status {
    let source = fit::toml(document);
    let mut status = Status::Done;
    if let Some(path) = &arguments.out {
        status = written(path, source.as_bytes());
    }
    let format = arguments.format.unwrap_or(match arguments.out {
        Some(_) => FitFormat::Table,
        None => FitFormat::Toml,
    });
    let text = match format {
        FitFormat::Toml => source,
        FitFormat::Table => fit::text(document, &next(arguments, file)),
        FitFormat::Json => document.to_json(),
        FitFormat::Csv => fit::csv(document),
        FitFormat::Markdown => fit::markdown(document),
    };
    status.worst(output::result(&text))
}

/// The command to try next.
fn next(arguments: &Fit, file: &str) -> String {
    match &arguments.out {
        Some(path) => format!("ratecast run {}", printable(&path.display().to_string())),
        None => format!("ratecast fit {file} --out traffic.toml"),
    }
}

fn written(path: &Path, bytes: &[u8]) -> Status {
    match write_whole(&mut Disk, path, bytes) {
        Ok(()) => Status::Done,
        Err(error) => log::unwritten(&error),
    }
}

#[cfg(not(feature = "charts"))]
fn chart(arguments: &Fit, _document: &FitDocument) -> Status {
    if arguments.chart.is_some() {
        output::note("note: this build draws no charts (feature `charts`)");
    }
    Status::Done
}

#[cfg(feature = "charts")]
fn chart(arguments: &Fit, document: &FitDocument) -> Status {
    use crate::report::charts::{Format, render};
    use crate::report::figures::likeness;
    let Some(path) = &arguments.chart else { return Status::Done };
    let is_png = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("png"));
    match render(&likeness(document), if is_png { Format::Png } else { Format::Svg }) {
        Ok(bytes) => written(path, &bytes),
        Err(error) => {
            output::failure_text(&error.to_string(), "leave `--chart` out");
            Status::Failed
        }
    }
}
