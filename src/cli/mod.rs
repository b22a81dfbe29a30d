//! The command line: the only place that reads arguments, prints, or decides how the process ends.

mod check;
mod day;
mod fit;
mod generate;
mod log;
mod output;
mod oversize;
mod progress;
mod report;
mod run;
mod simulation;
mod sources;
mod strategies;
mod tables;
mod tiers;
mod trace;
mod why;

use clap::{Args, Parser, Subcommand, ValueEnum};
use day::Day;
use std::path::PathBuf;
use std::process::ExitCode;

/// How a command ended. The numbers are the process's exit status and are documented in the help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Done, and the stated objectives are met, or none was stated.
    Done = 0,
    /// Done, and every cell misses a stated objective.
    Missed = 1,
    /// The arguments, a scenario or a log are wrong.
    Wrong = 2,
    /// A file could not be read or written, or ratecast has a bug.
    Failed = 3,
    /// A resource budget was reached.
    Budget = 4,
    /// Done, and no cell surely meets the stated objectives.
    Unsure = 5,
    /// Interrupted.
    Interrupted = 130,
}

impl Status {
    /// Of several, the one that says most about what to do: trouble before verdicts.
    fn worst(self, other: Status) -> Status {
        let order = [
            Status::Done,
            Status::Unsure,
            Status::Missed,
            Status::Budget,
            Status::Wrong,
            Status::Failed,
            Status::Interrupted,
        ];
        let rank = |status| order.iter().position(|&known| known == status);
        if rank(other) > rank(self) { other } else { self }
    }
}

const EXIT_STATUS: &str = "\
Exit status:
  0    done; the stated objectives are met, or none was stated
  1    done; every tier and strategy misses a stated objective
  2    wrong usage, scenario or log
  3    a file could not be read or written, or ratecast has a bug
  4    a resource budget was reached
  5    done; too close to call
  130  interrupted; what was complete is printed";

/// A forecast for rate limits: know your 429s, your latency, your bill and your tier before you launch.
#[derive(Parser)]
#[command(version, about, after_help = EXIT_STATUS, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Simulate every tier with every strategy and recommend one.
    #[command(after_help = concat!(
        "Example:\n  ratecast run scenarios/launch.toml --set traffic.chat.arrivals.poisson.rate=20/min\n\n",
        "The exit status is listed by `ratecast --help`."
    ))]
    Run(Run),
    /// Run, and write tables and charts to `output/SCENARIO/`.
    #[command(after_help = "Example:\n  ratecast report scenarios/launch.toml --out output")]
    Report(Report),
    /// Tell the story of one request: its calls, what its limits held, and what would have let it through.
    #[command(after_help = "Examples:\n  ratecast why scenarios/sdks.toml --strategy anthropic-deaf\n  \
        ratecast why scenarios/sdks.toml --request 85 --format json")]
    Why(Why),
    /// Check scenarios and their logs, and run nothing.
    #[command(after_help = "Example:\n  ratecast check --resolved scenarios/launch.toml")]
    Check(Check),
    /// Write the requests of a scenario as a log.
    #[command(after_help = "Examples:\n  ratecast generate scenarios/launch.toml --out launch.csv\n  \
        ratecast generate scenarios/launch.toml --source chat --format jsonl")]
    Generate(Generate),
    /// Describe a recorded log: rate, burstiness, busiest windows, tokens.
    #[command(after_help = "Examples:\n  ratecast trace requests.csv\n  \
        ratecast trace requests.csv --set format=csv --set time-column=created_at --set input-column=prompt")]
    Trace(Trace),
    /// Fit a traffic source to a recorded log, and say how well it does.
    #[command(after_help = "Examples:\n  ratecast fit requests.csv --name chat > chat.toml\n  \
        ratecast fit requests.csv --out chat.toml --pairs chat-sizes.csv --chart chat.svg")]
    Fit(Fit),
    /// List the built-in tiers, or show one with its source.
    #[command(after_help = "Example:\n  ratecast tiers claude-free")]
    Tiers(Tiers),
    /// List the built-in clients, show one, or say what several around one another come to.
    #[command(after_help = "Examples:\n  ratecast strategies anthropic\n  \
        ratecast strategies openai:4 in llamaindex-openai   (a client, its attempts, what is around it)")]
    Strategies(Strategies),
}

#[derive(Args)]
struct Run {
    /// Scenario files.
    #[arg(required = true, value_name = "SCENARIO")]
    scenarios: Vec<PathBuf>,
    #[command(flatten)]
    simulation: Simulation,
    /// How to print the result.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Also write the result, in every format, to a folder below this one.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Write to a folder that holds files of somebody else's.
    #[arg(long)]
    force: bool,
}

#[derive(Args)]
struct Report {
    /// The scenario file.
    scenario: PathBuf,
    #[command(flatten)]
    simulation: Simulation,
    /// The folder below which the scenario's own folder is made.
    #[arg(long, value_name = "DIR", default_value = "output")]
    out: PathBuf,
    /// Write to a folder that holds files of somebody else's.
    #[arg(long)]
    force: bool,
}

#[derive(Args)]
struct Why {
    /// The scenario file.
    scenario: PathBuf,
    /// Which request by arrival, from 1; by default the first one that fails, or else the slowest.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    request: Option<u64>,
    /// The tier; by default the first one.
    #[arg(long, value_name = "NAME")]
    tier: Option<String>,
    /// The strategy; by default the first one.
    #[arg(long, value_name = "NAME")]
    strategy: Option<String>,
    /// Which of the scenario's independent runs, from 0.
    #[arg(long, value_name = "N", default_value_t = 0)]
    replication: u64,
    /// Set any key of the scenario, as in `--set strategy.polite.concurrency=4`; may be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// The seed of all randomness.
    #[arg(long)]
    seed: Option<u64>,
    /// The most events of the run.
    #[arg(long, value_name = "N", default_value_t = 10_000_000_000)]
    max_events: u64,
    /// How to print the story.
    #[arg(long, value_enum, default_value_t = WhyFormat::Table)]
    format: WhyFormat,
}

/// How a story is printed.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum WhyFormat {
    /// For people.
    Table,
    /// One document, stable and versioned.
    Json,
}

#[derive(Args)]
struct Check {
    /// Scenario files.
    #[arg(required = true, value_name = "SCENARIO")]
    scenarios: Vec<PathBuf>,
    #[command(flatten)]
    settings: Settings,
    /// Print the scenario with every default filled in, and where each value came from.
    #[arg(long)]
    resolved: bool,
}

#[derive(Args)]
struct Generate {
    /// The scenario file.
    scenario: PathBuf,
    /// Set any key of the scenario, as in `--set traffic.chat.arrivals.poisson.rate=20/min`; may be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// The seed of all randomness.
    #[arg(long)]
    seed: Option<u64>,
    /// Which of the scenario's independent runs, from 0.
    #[arg(long, value_name = "N", default_value_t = 0)]
    replication: u64,
    /// Only the requests of this source.
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// How to lay the rows out.
    #[arg(long, value_enum, default_value_t = RowsAs::Csv)]
    format: RowsAs,
    /// Write to this file, and print the lines of a scenario that play it.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// How made-up requests are written.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum RowsAs {
    /// A header, then a row for each request.
    Csv,
    /// One JSON object on each line.
    Jsonl,
}

#[derive(Args)]
struct Trace {
    /// The log.
    file: PathBuf,
    /// Set any key of a scenario's `replay`, as in `--set format=csv`; may be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// How to print the description.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Print nothing but the result and errors.
    #[arg(short, long)]
    quiet: bool,
    /// Show no progress bar.
    #[arg(long)]
    no_progress: bool,
}

#[derive(Args)]
struct Fit {
    /// The log.
    file: PathBuf,
    /// Set any key of a scenario's `replay`, as in `--set format=csv`; may be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// The name of the source; by default that of the file.
    #[arg(long)]
    name: Option<String>,
    /// How to print the fit: by default the lines of a scenario, and with `--out` the table.
    #[arg(long, value_enum)]
    format: Option<FitFormat>,
    /// Also write the lines of a scenario to this file.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write at most 10,000 rows' sizes to this CSV file, and draw from it instead of from laws.
    #[arg(long, value_name = "FILE")]
    pairs: Option<PathBuf>,
    /// Draw the log beside the model and a Poisson process, as SVG or PNG.
    #[arg(long, value_name = "FILE")]
    chart: Option<PathBuf>,
    /// The seed of all randomness.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Runs of each model that the log is compared with.
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u64).range(50..=100_000))]
    replications: u64,
    /// Threads to run on; all cores by default. The result is the same on any number.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Print nothing but the result and errors.
    #[arg(short, long)]
    quiet: bool,
    /// Show no progress bar.
    #[arg(long)]
    no_progress: bool,
}

/// How a fit is printed.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FitFormat {
    /// The lines of a scenario, with all that is known about them as comments.
    Toml,
    /// For people.
    Table,
    /// One document, stable and versioned.
    Json,
    /// One row for each figure.
    Csv,
    /// For pages and pull requests.
    Markdown,
}

#[derive(Args)]
struct Tiers {
    /// The tier to show.
    name: Option<String>,
    #[command(flatten)]
    day: Day,
}

#[derive(Args)]
struct Strategies {
    /// The client to show, or several around one another, the innermost first: `A in B in C`.
    #[arg(value_name = "NAME")]
    names: Vec<String>,
}

#[derive(Args)]
struct Settings {
    /// Set any key of the scenario, as in `--set strategy.polite.concurrency=4`; may be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// The seed of all randomness.
    #[arg(long)]
    seed: Option<u64>,
    /// Independent runs of each cell.
    #[arg(long, value_name = "N")]
    replications: Option<u32>,
    #[command(flatten)]
    day: Day,
}

impl Settings {
    /// All of them as `KEY=VALUE`, in the order in which later ones override earlier ones.
    fn all(&self) -> Vec<String> {
        let seed = self.seed.map(|seed| format!("seed={seed}"));
        let replications = self.replications.map(|n| format!("replications={n}"));
        self.set.iter().cloned().chain(seed).chain(replications).collect()
    }
}

#[derive(Args)]
struct Simulation {
    #[command(flatten)]
    settings: Settings,
    /// Threads to run on; all cores by default. The result is the same on any number.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// The most events of a run, and the most requests of all runs together.
    #[arg(long, value_name = "N", default_value_t = 10_000_000_000)]
    max_events: u64,
    /// Print nothing but the result and errors.
    #[arg(short, long)]
    quiet: bool,
    /// Show no progress bar.
    #[arg(long)]
    no_progress: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people: verdict, table, reasons.
    Table,
    /// One document, stable and versioned.
    Json,
    /// One row for each metric of each cell.
    Csv,
    /// For pages and pull requests.
    Markdown,
}

/// Reads the process's arguments, does what they ask for, and says how it ended.
pub fn main() -> ExitCode {
    let status = match Cli::try_parse() {
        Ok(cli) => guarded(|| obey(cli.command)),
        Err(refusal) => refuse(&refusal),
    };
    ExitCode::from(status as u8)
}

fn obey(command: Command) -> Status {
    match command {
        Command::Run(arguments) => run::run(&arguments),
        Command::Report(arguments) => report::run(&arguments),
        Command::Why(arguments) => why::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Generate(arguments) => generate::run(&arguments),
        Command::Trace(arguments) => trace::run(&arguments),
        Command::Fit(arguments) => fit::run(&arguments),
        Command::Tiers(arguments) => tiers::run(&arguments),
        Command::Strategies(arguments) => strategies::run(&arguments),
    }
}

/// Prints what clap says: the help or the version that was asked for, or what is wrong with the arguments.
fn refuse(refusal: &clap::Error) -> Status {
    match refusal.print() {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Status::Failed,
        _ if refusal.use_stderr() => Status::Wrong,
        _ => Status::Done,
    }
}

/// Does `work`. A panic is a bug of ours: it is told with what a report needs, and ends as a failure.
fn guarded(work: impl FnOnce() -> Status) -> Status {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(|at| format!(" at {}:{}", at.file(), at.line())).unwrap_or_default();
        let payload = panic.payload();
        let text = payload.downcast_ref::<&str>().copied();
        let said = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message");
        let version = env!("CARGO_PKG_VERSION");
        let command = std::env::args().collect::<Vec<_>>().join(" ");
        let message = format!("ratecast {version} has a bug: {said}{place}");
        output::failure_text(&message, &format!("please report it with the scenario and this command: {command}"));
    }));
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).unwrap_or(Status::Failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_ends_as_our_failure() {
        assert_eq!(guarded(|| panic!("this one is meant")), Status::Failed);
        assert_eq!(guarded(|| Status::Unsure), Status::Unsure);
        let _ = std::panic::take_hook();
    }
}
