//! `ratecast fit`.

use super::log::{self, Log};
use super::sources::{Source, Sources};
use super::{Fit, FitFormat, Status, output, progress};
use crate::report::files::{Disk, write_whole};
use crate::report::fit::{self, FitDocument, Part, Subject};
use crate::rng::Seed;
use crate::scenario::diagnostic::printable;
use crate::scenario::names::is_name;
use crate::traffic::fit as fitting;
use crate::traffic::fit::{NoFit, Options, Studied, Sum};
use crate::traffic::measure::Description;
use crate::units::Civil;
use std::path::{Path, PathBuf};

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
    let Sources { description, whole, parts } = Sources::of(&mut log, &name, Seed(arguments.seed))?;
    let (sources, studied): (Vec<Source>, Vec<Studied>) = parts.into_iter().unzip();
    let looks = || sources.iter().map(|source| source.description.as_ref().unwrap_or(&description));
    let start = log.begins().unwrap_or_default();
    let (fits, sum) = super::simulation::in_pool(arguments.threads, || {
        simulated(arguments, wanted, (&start, sources.len() as u64), |options| {
            modelled(looks().zip(studied), whole.map(|whole| (&description, whole)), options)
        })
    })?;
    let tables: Vec<Option<Table>> =
        sources.iter().enumerate().map(|(at, source)| Table::of(source, at, arguments)).collect();
    let parts = sources.iter().zip(looks()).zip(&fits).zip(&tables);
    let parts: Vec<Part> = parts.map(|(((source, looks), fit), table)| found(source, looks, fit, table)).collect();
    let subject = Subject { file: &file, seed: arguments.seed, replications: arguments.replications };
    let document = FitDocument::new(subject, &description, &parts, sum.as_ref());
    let mut status = Status::Done;
    for (source, table) in sources.iter().zip(&tables) {
        let rows = || fit::pairs(source.sizes.sample());
        status = table.as_ref().map_or(status, |table| status.worst(written(&table.path, rows().as_bytes())));
    }
    Ok(status.worst(print(arguments, &file, &document)).worst(chart(arguments, &document)))
}

/// Fits a model to each of the `parts` of a log, of which there may be but one, and holds them together to the whole.
fn modelled<'d>(
    parts: impl Iterator<Item = (&'d Description, Studied)>,
    whole: Option<(&Description, Studied)>,
    options: Options,
) -> Result<(Vec<fitting::Fit>, Option<Sum>), NoFit> {
    let of_part = Options { is_part: whole.is_some(), ..options };
    let fits: Result<Vec<fitting::Fit>, NoFit> =
        parts.map(|(description, studied)| fitting::fit(description, studied, of_part)).collect();
    let fits = fits?;
    let sum = whole.map(|(description, studied)| fitting::sum(description, studied, &fits, options));
    Ok((fits, sum.transpose()?))
}

/// A source for the document.
fn found<'f>(
    source: &'f Source,
    description: &'f Description,
    fit: &'f fitting::Fit,
    table: &'f Option<Table>,
) -> Part<'f> {
    Part {
        name: &source.name,
        apart: source.apart.as_ref().map(|(client, apart)| (client.as_str(), *apart)),
        pairs: table.as_ref().map(|table| table.from_scenario.as_str()),
        clients: source.clients.clone(),
        description,
        fit,
    }
}

/// Where the table of a source's sizes goes, and how a scenario names it.
struct Table {
    path: PathBuf,
    from_scenario: String,
}

impl Table {
    /// That of the source number `at`, if it is wanted and there are sizes: that of clients beside the one of the others.
    fn of(source: &Source, at: usize, arguments: &Fit) -> Option<Table> {
        let path = arguments.pairs.as_deref().filter(|_| !source.sizes.sample().is_empty())?;
        let path = match at {
            0 => path.to_owned(),
            _ => {
                let mut name = path.file_stem().unwrap_or_default().to_owned();
                name.push(format!("-{at}"));
                let path = path.with_file_name(name);
                arguments
                    .pairs
                    .as_deref()
                    .and_then(Path::extension)
                    .map_or(path.clone(), |end| path.with_extension(end))
            }
        };
        let from_scenario = from_scenario(&path, arguments.out.as_deref());
        Some(Table { path, from_scenario })
    }
}

/// The path of `pairs` as a scenario at `out` names it: without the folder where both lie in one.
fn from_scenario(pairs: &Path, out: Option<&Path>) -> String {
    let beside = out.is_some_and(|out| out.parent() == pairs.parent());
    let name = pairs.file_name().filter(|_| beside).map_or(pairs, Path::new);
    name.to_string_lossy().into_owned()
}

/// Runs `fit` with a bar and an ear for Ctrl-C.
fn simulated<T>(
    arguments: &Fit,
    wanted: bool,
    (start, sources): (&Civil, u64),
    fit: impl FnOnce(Options) -> Result<T, NoFit>,
) -> Result<T, Status> {
    // Of each source a Poisson process, at most three other models, each twice, and batches; of several two more.
    let bar = progress::bar((8 * sources + if sources > 1 { 2 } else { 0 }) * arguments.replications, wanted);
    let options = Options {
        start,
        seed: Seed(arguments.seed),
        replications: arguments.replications,
        is_part: false,
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
