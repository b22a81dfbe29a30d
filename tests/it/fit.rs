//! Fits: parameters come back, and recorded traffic is met where limits bite.
//!
//! All seeds are fixed, and the tests print what they found. With twenty other seeds each kind came back as itself every
//! time, variations within 13 %, memories within 36 %, times on within 30 % and times off within 21 %; of sixty Poisson logs
//! none was taken for anything else. All of eleven logs of batches came back, sizes within 4 %,
//! and 59 of sixty of clusters, sizes within 28 % and spreads within 31 %.

use crate::golden;
use crate::program::{Program, ratecast};
use crate::traces::recorded;
use ratecast::report::fit::{FitDocument, PartDocument};
use ratecast::rng::Seed;
use ratecast::scenario::load_text;
use ratecast::traffic::fit::{Comparison, Feature, Fit, Movement, NoFit, Options, Profile, Reason, Study, fit};
use ratecast::traffic::measure::Measure;
use ratecast::traffic::replay::{Replay, TraceFormat, TraceReader, TraceRow};
use ratecast::traffic::{Columns, Feed};
use ratecast::units::Civil;
use std::fs;
use std::path::Path;

/// The whole way of a log: two passes and a fit.
fn attempt(rows: &[TraceRow], begins: Option<&Civil>, replications: u64) -> Result<Fit, NoFit> {
    let mut measure = Measure::new(begins);
    rows.iter().for_each(|row| measure.add(row));
    let description = measure.finish(None);
    let start = begins.cloned().unwrap_or_default();
    let profile = Profile::of(&description, &start, begins.is_some());
    let mut study = Study::new(&description, profile, Seed(1));
    rows.iter().for_each(|row| study.add(row));
    let options = Options {
        start: &start,
        seed: Seed(1),
        replications,
        is_part: false,
        progress: &|| {},
        interrupted: &|| false,
    };
    fit(&description, study.finish(), options)
}

fn fitted(rows: &[TraceRow], begins: Option<&Civil>, replications: u64) -> Fit {
    let fit = attempt(rows, begins, replications).unwrap();
    println!("{:?} {:?}", fit.reason, fit.model);
    fit.parameters.iter().for_each(|parameter| println!("  {parameter:?}"));
    for Comparison { feature, observed, fitted, poisson } in &fit.comparisons {
        println!("  {feature:?} {observed:.2} {fitted:.2?} Poisson {poisson:.2?}");
    }
    fit
}

/// The requests of a scenario with one source, up to its end.
fn made(scenario: &str) -> (Vec<TraceRow>, Civil) {
    let scenario = load_text("made", scenario, &[]).unwrap_or_else(|failure| panic!("{failure}")).scenario;
    let setting = scenario.setting(0);
    let (name, traffic) = &scenario.traffic[0];
    let mut feed = Feed::new(traffic, name, &setting).unwrap();
    let (mut rows, mut columns) = (Vec::new(), Columns::default());
    loop {
        let count = feed.fill(&mut columns).unwrap();
        for at in 0..count {
            if columns.arrived[at] >= setting.end {
                return (rows, scenario.start.clone());
            }
            rows.push(TraceRow {
                at: columns.arrived[at],
                input: Some(columns.input[at]),
                cached: None,
                client: None,
                key: None,
                failed: false,
                output: Some(columns.output[at]),
            });
        }
    }
}

/// The fit of a log of `hours` with this source, taken to start on a clock that nobody knows.
fn of_made(hours: u32, source: &str) -> Fit {
    fitted(&made(&format!("duration = \"{hours}h\"\n[traffic.made]\n{source}\n")).0, None, 50)
}

fn near(what: &str, found: f64, expected: f64, share: f64) {
    assert!((found / expected - 1.0).abs() <= share, "{what}: {found}, not {expected} to {share}");
}

#[test]
fn chance_comes_back_as_chance() {
    for seed in 1..=5 {
        let source = "arrivals.poisson = { rate = \"1/s\" }";
        let (rows, _) = made(&format!("seed = {seed}\nduration = \"3h\"\n[traffic.made]\n{source}\n"));
        let fit = fitted(&rows, None, 50);
        assert_eq!((fit.reason, fit.model.name()), (Reason::Chance, "poisson"), "seed {seed}");
        near("rate", fit.model.rate, 1.0, 0.03);
    }
}

#[test]
fn gamma_gaps_come_back() {
    for (shape, bound) in [(0.4, 0.06), (3.0, 0.06)] {
        let fit = of_made(3, &format!("arrivals.gamma = {{ rate = \"2/s\", shape = {shape} }}"));
        assert_eq!(fit.reason, Reason::SameFactor);
        near("shape", fit.model.gap_shape, shape, bound);
        let shape = fit.parameters.iter().find(|parameter| parameter.key == "gap-shape").unwrap();
        let (low, high) = shape.interval.unwrap();
        assert!(low < shape.value && shape.value < high, "{shape:?}");
    }
}

#[test]
fn a_rate_that_wanders_comes_back() {
    let fit =
        of_made(6, "arrivals.gamma = { rate = \"2/s\", shape = 0.7 }\nshape.random = { cv = 0.4, memory = \"90s\" }");
    assert_eq!((fit.reason, fit.model.name()), (Reason::Wanders, "random-rate"));
    let (cv, memory) = fit.model.cv_and_memory().unwrap();
    near("cv", cv, 0.4, 0.2);
    near("memory", memory, 90.0, 0.4);
    near("gap shape", fit.model.gap_shape, 0.7, 0.05);
    let inside = fit.comparisons.iter().filter(|c| c.fitted.covers(c.observed)).count();
    assert!(inside * 4 >= fit.comparisons.len() * 3, "{inside} of {}", fit.comparisons.len());
}

#[test]
fn a_rate_that_is_on_or_off_comes_back() {
    let fit = of_made(8, "arrivals.on-off = { rate = \"1/s\", on = \"40s\", off = \"2min\" }");
    assert_eq!((fit.reason, fit.model.name()), (Reason::Switches, "on-off"));
    let (on, off) = fit.model.on_and_off().unwrap();
    near("on", on, 40.0, 0.35);
    near("off", off, 120.0, 0.35);
    near("gap shape", fit.model.gap_shape, 1.0, 0.15);
}

#[test]
fn batches_come_back() {
    let fit = of_made(3, "arrivals.batch = { rate = \"2/s\", size = 8, law = \"geometric\" }");
    assert_eq!((fit.reason, fit.model.name()), (Reason::Together, "batch"));
    // The mean square of 2,700 sizes over their mean has a relative standard error of about 4 %.
    near("size", fit.model.size().unwrap(), 8.0, 0.2);
    meets_the_limits(&fit);
    let fixed = of_made(3, "arrivals.batch = { rate = \"2/s\", size = 8 }");
    assert_eq!(fixed.model.movement, Movement::Batches { size: 8.0, is_fixed: true });
    meets_the_limits(&fixed);
}

#[test]
fn clusters_come_back() {
    for (hours, rate, size, spread) in [(4, "1/s", 12.0, 4.0), (8, "20/min", 6.0, 10.0), (4, "2/s", 20.0, 0.4)] {
        let source = format!("arrivals.clusters = {{ rate = \"{rate}\", size = {size}, spread = \"{spread}s\" }}");
        let fit = of_made(hours, &source);
        assert_eq!((fit.reason, fit.model.name()), (Reason::Clusters, "clusters"));
        near("size", fit.model.size().unwrap(), size, 0.2);
        near("spread", fit.model.spread().unwrap(), spread, 0.35);
        meets_the_limits(&fit);
    }
}

/// The variation of counts where limits bite is that of the log.
fn meets_the_limits(fit: &Fit) {
    for seconds in [1, 10, 60, 300] {
        let of = |comparison: &&Comparison| comparison.feature == Feature::Dispersion(seconds);
        let Comparison { observed, fitted, .. } = fit.comparisons.iter().find(of).unwrap();
        // Of 36 windows of five minutes I(300 s) has a standard error of a quarter.
        near(&format!("I({seconds} s)"), fitted.median, *observed, if seconds < 300 { 0.2 } else { 0.4 });
    }
}

/// Two hours of a rate with a cv of 0.5 and a memory of two minutes: sixty moves. Of forty right intervals 36 hold the truth in
/// the mean, and by chance fewer than 31 do for one set of seeds in 200; of intervals that hold it seven times in ten, for four
/// sets in five. With these seeds 35 do.
#[test]
fn intervals_of_the_variation_hold_it() {
    let mut held = 0;
    for seed in 1..=40 {
        let fit = of_wandering(seed);
        let cv = fit.parameters.iter().find(|parameter| parameter.key == "cv");
        let Some((low, high)) = cv.and_then(|cv| cv.interval) else { panic!("seed {seed}: {:?}", fit.model) };
        println!("seed {seed}: {low:.3} to {high:.3}");
        held += u32::from((low..=high).contains(&0.5));
    }
    println!("{held} of 40");
    assert!(held >= 31, "{held} of 40");
}

fn of_wandering(seed: u64) -> Fit {
    let source = "arrivals.poisson = { rate = \"30/min\" }\nshape.random = { cv = 0.5, memory = \"2min\" }";
    let (rows, _) = made(&format!("seed = {seed}\nduration = \"2h\"\n[traffic.made]\n{source}\n"));
    attempt(&rows, None, 50).unwrap()
}

#[test]
fn the_course_of_the_day_is_taken_out_first() {
    let scenario = "start = \"2025-03-03T00:00:00Z\"\nduration = \"15d\"\n[traffic.made]\n\
        arrivals.poisson = { rate = \"3/min\" }\nshape.daily = { peak = \"14:00\", peak-to-mean = 2.5 }\n\
        shape.weekly = { weights = [1, 1, 1, 1, 1, 0.4, 0.4], between = \"level\" }\n";
    let (rows, begins) = made(scenario);
    let fit = fitted(&rows, Some(&begins), 50);
    assert_eq!(fit.reason, Reason::Chance, "a day that is no chance is no random rate either");
    let shape = fit.profile.shape().unwrap();
    let (daily, weekly) = (shape.daily.as_ref().unwrap(), shape.weekly.as_ref().unwrap());
    let top = (0..24).max_by(|&a, &b| daily.weights[a].total_cmp(&daily.weights[b])).unwrap();
    assert!((13..=14).contains(&top) && (2.2..2.8).contains(&daily.weights[top]), "{:?}", daily.weights);
    near("weekend", weekly.weights[5], 0.4, 0.1);
}

#[test]
fn a_coarse_clock_is_seen_through() {
    let (mut rows, _) = made("duration = \"4h\"\n[traffic.made]\narrivals.poisson = { rate = \"2/s\" }\n");
    for row in &mut rows {
        row.at = ratecast::units::SimTime::from_nanos(row.at.as_nanos() / 3_000_000_000 * 3_000_000_000);
    }
    let fit = fitted(&rows, None, 50);
    assert_eq!(fit.reason, Reason::Chance, "six at once each three seconds are the clock's doing");
    let seen = fit.comparisons.iter().map(|comparison| comparison.feature);
    let below = |feature| matches!(feature, Feature::Busiest(1) | Feature::Dispersion(1..=5));
    assert!(!seen.into_iter().any(below), "nothing within two steps of the clock is compared");
}

#[test]
fn too_little_is_no_fit() {
    let (rows, _) = made("duration = \"1h\"\n[traffic.made]\narrivals.poisson = { rate = \"20/h\" }\n");
    assert_eq!(attempt(&rows, None, 50).unwrap_err(), NoFit::TooLittle);
    let at_once = vec![rows[0]; 1_000];
    assert_eq!(attempt(&at_once, None, 50).unwrap_err(), NoFit::TooLittle);
}

fn all(path: &Path, spec: &Replay) -> (Vec<TraceRow>, Option<Civil>) {
    let mut reader = TraceReader::open(path, spec).unwrap();
    let mut rows = Vec::new();
    while reader.read(&mut rows, 10_000).unwrap() > 0 {}
    (rows, reader.begins())
}

/// The hour that a Poisson process misses by a quarter.
#[test]
fn the_conversation_hour_is_met() {
    let Some(log) = recorded("azure-llm-2023/AzureLLMInferenceTrace_conv.csv") else { return };
    let (rows, begins) = all(&log, &Replay::default());
    let fit = fitted(&rows, begins.as_ref(), 100);
    assert_eq!(fit.reason, Reason::Wanders);
    let comparison = |feature| *fit.comparisons.iter().find(|comparison| comparison.feature == feature).unwrap();
    let minute = comparison(Feature::Busiest(60));
    // 507 in the busiest minute side by side, 522 in the busiest one anywhere.
    assert!(minute.fitted.covers(507.0) && minute.fitted.covers(minute.observed) && minute.observed == 522.0);
    assert!(minute.poisson.high < 450.0, "{minute:?}");
    for seconds in [1, 10, 60, 300] {
        let Comparison { observed, fitted, poisson, .. } = comparison(Feature::Dispersion(seconds));
        near(&format!("I({seconds} s)"), fitted.median, observed, 0.2);
        assert!(!poisson.covers(observed), "{seconds} s: {poisson:?}");
    }
}

#[test]
fn ten_hours_of_bursts_are_on_and_off() {
    let Some(log) = recorded("burstgpt/BurstGPT_1_head.csv") else { return };
    let (rows, begins) = all(&log, &Replay { format: TraceFormat::BurstGpt, ..Replay::default() });
    let fit = fitted(&rows, begins.as_ref(), 100);
    assert_eq!(fit.reason, Reason::Switches);
    let comparison = |feature| *fit.comparisons.iter().find(|comparison| comparison.feature == feature).unwrap();
    // Ten hours show three silences, so that empty minutes differ widely from run to run: one in ten has 428 or more.
    let empty = comparison(Feature::EmptyMinutes);
    assert!(empty.observed == 432.0 && empty.fitted.high > 400.0 && empty.poisson.high < 350.0, "{empty:?}");
    for feature in [Feature::Busiest(60), Feature::Dispersion(300)] {
        let Comparison { observed, fitted, poisson, .. } = comparison(feature);
        assert!(fitted.covers(observed) && !poisson.covers(observed), "{feature:?}");
    }
}

const MADE: &str = "duration = \"2h\"\n[traffic.made]\narrivals.poisson = { rate = \"30/min\" }\n\
    shape.random = { cv = 0.5, memory = \"3min\" }\ninput-tokens.lognormal = { mean = 800, cv = 1.1 }\n";

/// `ratecast fit` of the requests of [`MADE`].
fn command(more: &[&str]) -> Program {
    let log = Program::new(["generate", "s.toml"]).file("s.toml", MADE).ended().stdout;
    let columns = ["format=csv", "time-column=timestamp", "input-column=input_tokens", "output-column=output_tokens"];
    let set = columns.iter().flat_map(|column| ["--set", column]);
    Program::new(["fit", "made.csv", "--replications", "50"].into_iter().chain(set).chain(more.iter().copied()))
        .file("made.csv", &log)
}

#[test]
fn what_fit_writes_can_be_run() {
    let ended = command(&["--name", "night shift"]).ended();
    assert_eq!((ended.status, ended.stderr.as_str()), (0, ""));
    golden::one("fit", "made.txt", &ended.stdout);
    assert!(ended.stdout.lines().filter(|line| line.starts_with('#')).all(|line| line.chars().count() <= 80));
    let checked = Program::new(["check", "fitted.toml"]).file("fitted.toml", &ended.stdout).ended();
    assert_eq!((checked.status, checked.stdout.lines().next()), (0, Some("fitted.toml: ok")), "{}", checked.stderr);
    let scenario = load_text("fitted", &ended.stdout, &[]).unwrap_or_else(|failure| panic!("{failure}")).scenario;
    assert_eq!(scenario.traffic[0].0, "night shift");
    assert!(scenario.traffic[0].1.shape.as_ref().unwrap().random.is_some());
}

#[test]
fn every_form_has_the_same_figures() {
    let ended = command(&["--format", "json", "--out", "t.toml", "--chart", "c.svg"]).ended();
    let document: FitDocument = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!((document.schema.as_str(), document.kind.as_str()), ("ratecast.fit/1", "random-rate"));
    assert_eq!(document.to_json(), ended.stdout);
    let mut program = command(&["--out", "t.toml", "--chart", "c.svg", "--threads", "1"]);
    let table = program.ended();
    assert!(table.stdout.lines().all(|line| line.chars().count() <= 80), "{}", table.stdout);
    let written = fs::read_to_string(program.folder().join("t.toml")).unwrap();
    assert!(written.ends_with(&document.toml), "on one thread as on all");
    let chart = fs::read_to_string(program.folder().join("c.svg")).unwrap();
    assert!(chart.contains("<title>made.csv and its model</title>") && chart.contains("variance over mean of counts"));
    let csv = command(&["--format", "csv"]).ended().stdout;
    let cv = document.parameters.iter().find(|parameter| parameter.name == "cv").unwrap();
    assert!(csv.contains(&format!("\nparameters.cv.value,{}\n", cv.value)), "{csv}");
    let markdown = command(&["--format", "markdown"]).ended().stdout;
    assert!(markdown.contains("| parameter | estimate |") && markdown.contains(&document.toml), "{markdown}");
}

#[test]
fn wrong_calls_of_fit_are_explained() {
    let few = "t\n0\n1\n2\n";
    let set = ["format=csv", "time-column=t", "time-unit=s"].into_iter().flat_map(|set| ["--set", set]);
    let short = Program::new(["fit", "few.csv"].into_iter().chain(set)).file("few.csv", few).ended();
    assert_eq!((short.status, short.stdout.as_str()), (2, ""));
    assert!(short.stderr.contains("`few.csv` has too few rows for a model"), "{}", short.stderr);
    let name = ratecast(["fit", "absent.csv", "--name", "\u{1b}[2J"]);
    assert_eq!(name.status, 2);
    assert!(!name.stderr.contains('\u{1b}'), "{}", name.stderr);
    assert_eq!(ratecast(["fit", "absent.csv"]).status, 3);
    assert_eq!(ratecast(["fit", "absent.csv", "--replications", "10"]).status, 2);
}

#[test]
fn sizes_may_be_drawn_as_they_were_seen() {
    let mut program = command(&["--out", "t.toml", "--pairs", "sizes.csv"]);
    assert_eq!(program.ended().status, 0);
    let source = fs::read_to_string(program.folder().join("t.toml")).unwrap();
    let pairs = "pairs = { file = \"sizes.csv\", input-column = \"input_tokens\", output-column = \"output_tokens\" }";
    assert!(source.contains(pairs) && !source.contains("lognormal"), "{source}");
    let table = fs::read_to_string(program.folder().join("sizes.csv")).unwrap();
    assert!(table.lines().count() > 3_000);
    let run = ["run", "t.toml", "--format", "json", "--replications", "1", "--set", "duration=1h"];
    let ended = Program::new(run).file("t.toml", &source).file("sizes.csv", &table).ended();
    assert_eq!(ended.status, 0, "{}", ended.stderr);
}

/// Three hours of sixty clients by chance, the largest with an eighth of it, and of one, `bob;rm`, that comes in bursts.
const CROWD: &str = "duration = \"3h\"\n[traffic.crowd]\narrivals.poisson = { rate = \"2/s\" }\n\
    input-tokens.constant = 400\nclients = { count = 60, exponent = 0.7, first = 1 }\n\
    [traffic.bob]\narrivals.on-off = { rate = \"1/s\", on = \"30s\", off = \"90s\" }\n\
    input-tokens.constant = 3000\nclients = { count = 1 }\n";

/// `ratecast fit` of the requests of [`CROWD`], whose clients are named.
fn of_crowd(more: &[&str]) -> Program {
    let log = Program::new(["generate", "s.toml"]).file("s.toml", CROWD).ended().stdout;
    let mut lines = log.lines();
    let header: Vec<&str> = lines.next().unwrap().split(',').collect();
    let client = header.iter().position(|name| *name == "client").unwrap();
    let named = lines.map(|line| {
        let mut cells: Vec<&str> = line.split(',').collect();
        if cells[client] == "0" {
            cells[client] = "bob;\u{1b}[2J rm";
        }
        cells.join(",") + "\n"
    });
    let log = format!("{}\n{}", header.join(","), named.collect::<String>());
    let columns = [
        "format=csv",
        "time-column=timestamp",
        "input-column=input_tokens",
        "output-column=output_tokens",
        "client-column=client",
    ];
    let set = columns.iter().flat_map(|column| ["--set", column]);
    Program::new(["fit", "crowd.csv", "--replications", "50"].into_iter().chain(set).chain(more.iter().copied()))
        .file("crowd.csv", &log)
}

#[test]
fn a_large_client_with_ways_of_its_own_has_a_source_of_its_own() {
    let ended = of_crowd(&["--format", "json"]).ended();
    assert_eq!((ended.status, ended.stderr.as_str()), (0, ""));
    let document: FitDocument = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(document.kind, "sources");
    let [others, bob] = &document.parts[..] else { panic!("{:?}", document.parts) };
    assert_eq!((others.name.as_str(), others.kind.as_str(), &others.client), ("crowd", "poisson", &None));
    assert_eq!((bob.name.as_str(), bob.kind.as_str()), ("crowd-bob---2J-rm", "on-off"));
    let parameter = |part: &PartDocument, name: &str| {
        let found = part.parameters.iter().find(|parameter| parameter.name == name);
        found.unwrap_or_else(|| panic!("{name}: {part:?}")).value
    };
    // Of 21,600 rows; of 90 silences the mean times have standard errors of a tenth, and the rate one of an eighth.
    near("rate of the others", parameter(others, "rate"), 2.0, 0.03);
    near("rate of one", parameter(bob, "rate"), 1.0, 0.3);
    near("on", parameter(bob, "on"), 30.0, 0.4);
    near("off", parameter(bob, "off"), 90.0, 0.4);
    assert_eq!(others.rows + bob.rows, document.rows);
    // Together they do what the log does, which no Poisson process does.
    let check = |name: &str| document.checks.iter().find(|check| check.name == name).unwrap();
    for name in ["busiest_60s", "dispersion_10s", "dispersion_60s", "dispersion_300s"] {
        let check = check(name);
        // One figure in five of a right model lies outside of its band, so that the medians are compared.
        near(name, check.median, check.observed, 0.2);
        assert!(check.median > 1.5 * check.poisson_high, "{check:?}");
    }
    let scenario = load_text("fitted", &document.toml, &[]).unwrap_or_else(|failure| panic!("{failure}")).scenario;
    let [(_, crowd), (_, one)] = &scenario.traffic[..] else { panic!("{}", document.toml) };
    let clients = crowd.clients.as_ref().unwrap();
    assert_eq!((clients.count, clients.first), (60, 0));
    // 21,600 rows of sixty clients: ranks by counts are those of the law but for neighbours.
    near("exponent", clients.exponent, 0.7, 0.05);
    assert_eq!(one.clients.as_ref().map(|clients| (clients.count, clients.first)), Some((1, 60)));
    assert!(
        document.toml.contains("input-tokens.constant = 400") && document.toml.contains("input-tokens.constant = 3000")
    );
}

#[test]
fn a_log_taken_apart_is_written_as_blocks_that_run() {
    let mut program = of_crowd(&["--out", "t.toml", "--pairs", "sizes.csv"]);
    let table = program.ended();
    assert_eq!((table.status, table.stderr.as_str()), (0, ""));
    assert!(table.stdout.lines().all(|line| line.chars().count() <= 80), "{}", table.stdout);
    golden::one("fit", "crowd.txt", &table.stdout);
    let read = |name: &str| fs::read_to_string(program.folder().join(name)).unwrap();
    let (source, sizes, own) = (read("t.toml"), read("sizes.csv"), read("sizes-1.csv"));
    golden::one("fit", "crowd.toml.txt", &source);
    assert!(sizes.contains("\n400,0,") && !sizes.contains("\n3000,0,") && own.contains("\n3000,0,"));
    let run = ["run", "t.toml", "--format", "json", "--replications", "1", "--set", "duration=1h"];
    let run = Program::new(run).file("t.toml", &source).file("sizes.csv", &sizes).file("sizes-1.csv", &own);
    let ended = { run }.ended();
    assert_eq!(ended.status, 0, "{}", ended.stderr);
    let markdown = of_crowd(&["--format", "markdown"]).ended().stdout;
    assert!(markdown.contains("## crowd-bob---2J-rm") && !markdown.contains('\u{1b}'), "{markdown}");
}

#[test]
fn clients_who_are_any_of_all_stay_together() {
    let crowd = "duration = \"2h\"\n[traffic.crowd]\narrivals.poisson = { rate = \"2/s\" }\n\
        shape.random = { cv = 0.5, memory = \"3min\" }\nclients = { count = 5, exponent = 1.0 }\n";
    let log = Program::new(["generate", "s.toml"]).file("s.toml", crowd).ended().stdout;
    let set =
        ["format=csv", "time-column=timestamp", "client-column=client"].into_iter().flat_map(|set| ["--set", set]);
    let fit = ["fit", "crowd.csv", "--replications", "50"].into_iter().chain(set);
    let ended = Program::new(fit).file("crowd.csv", &log).ended();
    assert_eq!((ended.status, ended.stderr.as_str()), (0, ""));
    assert_eq!(ended.stdout.matches("[traffic.").count(), 1, "{}", ended.stdout);
    let exponent = ended.stdout.split("clients = { count = 5, exponent = ").nth(1).unwrap();
    near("exponent", exponent.split(' ').next().unwrap().parse().unwrap(), 1.0, 0.05);
}

#[test]
fn failures_come_but_have_no_sizes() {
    let log = Program::new(["generate", "s.toml"]).file("s.toml", MADE).ended().stdout;
    let mut number = 0;
    // Every tenth call fails, with a prompt and without an answer.
    let rows = log.lines().skip(1).map(|line| {
        let cells: Vec<&str> = line.split(',').collect();
        number += 1;
        match number % 10 {
            0 => format!("{},90000,0,429\n", cells[0]),
            _ => format!("{},{},{},200\n", cells[0], cells[2], cells[4]),
        }
    });
    let log = format!("timestamp,input_tokens,output_tokens,status\n{}", rows.collect::<String>());
    let fit = |more: &[&str]| {
        let fit = ["fit", "log.csv", "--replications", "50", "--format", "json"];
        let ended = Program::new(fit.into_iter().chain(more.iter().copied())).file("log.csv", &log).ended();
        assert_eq!((ended.status, ended.stderr.as_str()), (0, ""));
        serde_json::from_str::<FitDocument>(&ended.stdout).unwrap()
    };
    let found = fit(&[]);
    assert_eq!((found.rows, found.failed_rows), (number, number / 10));
    assert!(
        found.warnings.iter().any(|warning| warning.contains("rows (9.98%) failed: they came all the same")),
        "{:?}",
        found.warnings
    );
    assert!(!found.warnings.iter().any(|warning| warning.contains("0 tokens") || warning.contains("lack")));
    assert!(
        found.toml.contains("input-tokens.lognormal = { mean = 81")
            && found.toml.contains("output-tokens.constant = 250"),
        "{}",
        found.toml
    );
    // All arrive: with the status unread nothing differs but the sizes.
    let unread = fit(&["--set", "format=csv", "--set", "time-column=timestamp"]);
    assert_eq!((unread.checks, unread.failed_rows), (found.checks, 0));
    let stated = fit(&["--set", "format=csv", "--set", "time-column=timestamp", "--set", "status-column=status"]);
    assert_eq!(stated.failed_rows, number / 10);
}
