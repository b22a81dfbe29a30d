//! `generate` and `trace`: what one writes the other reads, and a scenario that plays it comes to the same.

use crate::program::{Program, ratecast};
use crate::traces::recorded;
use serde_json::Value;
use std::fs;
use std::process::Stdio;

/// Bursts, skewed sizes and a limit that bites, from an instant that no calendar window begins at.
const BURSTS: &str = "start = \"2025-03-08T23:17:05.000000123[America/New_York]\"\nduration = \"2h\"\nreplications = 1\n\
    tiers = [\"claude-free\", \"claude-paid\"]\n\
    [traffic.\"night shift\"]\narrivals.gamma = { rate = \"40/min\", cv = 2.5 }\n\
    input-tokens.lognormal = { mean = 900, cv = 1.5 }\noutput-tokens.uniform = { min = 0, max = 500 }\n";

fn cells(mut program: Program) -> Value {
    program.command().args(["--today", "2023-01-01"]);
    let ended = program.ended();
    assert_eq!(ended.stderr, "");
    let document: Value = serde_json::from_str(&ended.stdout).unwrap();
    document["cells"].clone()
}

#[test]
fn a_scenario_and_the_log_of_it_come_to_the_same() {
    let original = cells(Program::new(["run", "s.toml", "--format", "json"]).file("s.toml", BURSTS));
    let mut program = Program::new(["generate", "s.toml", "--out", "made.csv"]).file("s.toml", BURSTS);
    let generated = program.ended();
    assert_eq!((generated.status, generated.stderr.as_str()), (0, ""));
    let log = fs::read_to_string(program.folder().join("made.csv")).unwrap();
    let frame = BURSTS.split("[traffic").next().unwrap();
    let replayed = Program::new(["run", "r.toml", "--format", "json"])
        .file("r.toml", &format!("{frame}{}", generated.stdout))
        .file("made.csv", &log);
    assert_eq!(cells(replayed), original);
    // Without a start the log itself says when the scenario began, to the nanosecond.
    let frame = frame.split_once('\n').unwrap().1;
    let replayed = Program::new(["run", "r.toml", "--format", "json"])
        .file("r.toml", &format!("{frame}{}", generated.stdout))
        .file("made.csv", &log);
    assert_eq!(cells(replayed), original);
}

#[test]
fn each_replication_and_seed_has_requests_of_its_own() {
    let made = |more: &[&str]| {
        let arguments = ["generate", "s.toml"].into_iter().chain(more.iter().copied());
        Program::new(arguments).file("s.toml", BURSTS).ended().stdout
    };
    let first = made(&[]);
    assert_eq!(made(&["--replication", "0", "--seed", "1", "--source", "night shift"]), first);
    let others = [made(&["--replication", "1"]), made(&["--seed", "2"]), made(&["--set", "duration=1h"])];
    assert!(others.iter().all(|other| *other != first));
    assert!(first.starts_with(&others[2]), "a shorter run is the start of a longer one");
}

#[test]
fn sources_stand_side_by_side_in_the_order_of_time() {
    let all = ratecast(["generate", "scenarios/burst.toml"]).stdout;
    let one = ratecast(["generate", "scenarios/burst.toml", "--source", "background"]).stdout;
    let of_one: String = all.lines().filter(|row| !row.contains(",burst,")).map(|row| format!("{row}\n")).collect();
    assert_eq!(of_one, one);
    let stamps: Vec<&str> = all.lines().skip(1).map(|row| row.split(',').next().unwrap()).collect();
    assert!(stamps.is_sorted() && stamps.len() > 400);
    let objects = ratecast(["generate", "scenarios/burst.toml", "--format", "jsonl"]).stdout;
    let first: Value = serde_json::from_str(objects.lines().next().unwrap()).unwrap();
    assert_eq!((first["timestamp"].as_str(), objects.lines().count()), (Some(stamps[0]), stamps.len()));
}

#[test]
fn an_unknown_source_is_named() {
    let wrong = ratecast(["generate", "scenarios/burst.toml", "--source", "bursts"]);
    assert_eq!((wrong.status, wrong.stdout.as_str()), (2, ""));
    assert_eq!(wrong.stderr, "error: the scenario has no source `bursts`\n  = help: did you mean `burst`?\n");
}

#[test]
fn a_reader_that_goes_away_ends_an_endless_log() {
    let endless = "duration = \"30000d\"\n[traffic.app]\narrivals.poisson = { rate = \"1k/s\" }\n";
    let mut program = Program::new(["generate", "s.toml"]).file("s.toml", endless);
    let mut child = program.command().stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let ended = child.wait_with_output().unwrap();
    assert_eq!((ended.status.code(), ended.stderr.as_slice()), (Some(0), b"".as_slice()));
}

#[test]
fn a_log_that_cannot_be_written_leaves_nothing() {
    let mut program = Program::new(["generate", "s.toml", "--out", "no/such/folder.csv"]).file("s.toml", BURSTS);
    let refused = program.ended();
    assert_eq!((refused.status, refused.stdout.as_str()), (3, ""));
    assert!(refused.stderr.contains("cannot write `no/such/folder.csv`"), "{}", refused.stderr);
    assert_eq!(fs::read_dir(program.folder()).unwrap().count(), 1);
}

/// A log of `generate`, in the words of the command that reads it.
fn described(more: &[&str]) -> crate::program::Ended {
    let log = Program::new(["generate", "s.toml"]).file("s.toml", BURSTS).ended().stdout;
    let columns = ["format=csv", "time-column=timestamp", "input-column=input_tokens", "output-column=output_tokens"];
    let set = columns.iter().flat_map(|column| ["--set", column]);
    let arguments = ["trace", "made.csv"].into_iter().chain(set).chain(more.iter().copied());
    Program::new(arguments).file("made.csv", &log).ended()
}

#[test]
fn what_generate_writes_trace_describes() {
    let text = described(&[]);
    assert_eq!((text.status, text.stderr.as_str()), (0, ""));
    crate::golden::one("trace", "made.txt", &text.stdout);
    assert!(text.stdout.lines().all(|line| line.chars().count() <= 80), "{}", text.stdout);
    let json = described(&["--format", "json"]).stdout;
    let document: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(document["schema"], "ratecast.trace/1");
    let typed: ratecast::report::trace::TraceDocument = serde_json::from_str(&json).unwrap();
    assert_eq!(typed.to_json(), json);
    // Forty a minute with a variation of 2.5: within five standard errors, with a fixed seed.
    let (rate, cv) = (typed.mean_rate_per_s.unwrap(), typed.gaps.cv.unwrap());
    assert!((rate * 60.0 / 40.0 - 1.0).abs() < 5.0 * 2.5 / (typed.rows as f64).sqrt(), "{rate}");
    assert!((cv / 2.5 - 1.0).abs() < 0.2, "{cv}");
    let csv = described(&["--format", "csv"]).stdout;
    assert!(csv.contains(&format!("\nrows,{}\n", typed.rows)), "{csv}");
    let markdown = described(&["--format", "markdown"]).stdout;
    assert!(markdown.contains("| 1min | 119 |"), "{markdown}");
}

#[test]
fn wrong_logs_and_options_are_explained() {
    let absent = ratecast(["trace", "absent.csv"]);
    assert_eq!((absent.status, absent.stdout.as_str()), (3, ""));
    assert!(absent.stderr.contains("there is no such file"), "{}", absent.stderr);
    let unknown = ratecast(["trace", "README.md", "--set", "formt=csv"]);
    assert_eq!(unknown.status, 2);
    assert!(unknown.stderr.contains("did you mean `format`?"), "{}", unknown.stderr);
    let text = "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46.68,abc,44\n";
    let broken = Program::new(["trace", "log.csv"]).file("log.csv", text).ended();
    assert_eq!((broken.status, broken.stdout.as_str()), (2, ""));
    assert!(broken.stderr.contains("line 2, column `ContextTokens`: `abc`"), "{}", broken.stderr);
}

#[test]
fn doubtful_figures_are_called_so() {
    let Some(log) = recorded("azure-llm-2023/AzureLLMInferenceTrace_conv.csv") else { return };
    let text = ratecast(["trace".as_ref(), log.as_os_str()]).stdout;
    assert!(text.contains("the rate itself moves"), "{text}");
    assert!(text.contains("58.4min cannot show the course of a day"), "{text}");
    // Ten lots of twenty requests, 3 s apart: the clock of a log that was flushed now and then.
    let rows = (0..200).map(|i| format!("{}\n", i / 20 * 3));
    let lots: String = std::iter::once("t\n".to_owned()).chain(rows).collect();
    let set = ["format=csv", "time-column=t", "time-unit=s"].into_iter().flat_map(|set| ["--set", set]);
    let coarse = Program::new(["trace", "lots.csv"].into_iter().chain(set)).file("lots.csv", &lots).ended();
    assert!(coarse.stdout.contains("95.5% of rows share the stamp of the row before"), "{}", coarse.stdout);
    let told = coarse.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains("(`ties = \"even\"` or `\"random\"` plays such rows spread over the step)"), "{told}");
}

#[test]
fn lines_of_json_come_to_the_same() {
    let original = cells(Program::new(["run", "s.toml", "--format", "json"]).file("s.toml", BURSTS));
    let arguments = ["generate", "s.toml", "--format", "jsonl", "--out", "made.jsonl"];
    let mut program = Program::new(arguments).file("s.toml", BURSTS);
    let generated = program.ended();
    assert_eq!((generated.status, generated.stderr.as_str()), (0, ""));
    let log = fs::read_to_string(program.folder().join("made.jsonl")).unwrap();
    let frame = BURSTS.split("[traffic").next().unwrap();
    let replayed = Program::new(["run", "r.toml", "--format", "json"])
        .file("r.toml", &format!("{frame}{}", generated.stdout))
        .file("made.jsonl", &log);
    assert_eq!(cells(replayed), original);
}

#[test]
fn a_window_of_a_log_is_described_and_no_changed_log() {
    let part = described(&["--set", "from=30min", "--set", "to=1h", "--format", "json"]);
    let whole = described(&["--format", "json"]);
    let [part, whole]: [ratecast::report::trace::TraceDocument; 2] =
        [part, whole].map(|ended| serde_json::from_str(&ended.stdout).unwrap());
    assert!(part.span_s > 1_700.0 && part.span_s <= 1_800.0 && part.rows < whole.rows, "{part:?}");
    assert!(part.begins > whole.begins && part.begins.unwrap().starts_with("2025-03-09T04:47"));
    let changed = described(&["--set", "speed=2"]);
    assert_eq!((changed.status, changed.stdout.as_str()), (2, ""));
    assert!(changed.stderr.contains("`speed` plays a log otherwise than it was recorded"), "{}", changed.stderr);
}

#[test]
fn counts_of_periods_are_called_so() {
    let row = |i: u32| format!("2025-03-03 {:02}:{:02}:00,{}\n", i / 12, i % 12 * 5, 50 + i * 37 % 11);
    let rows: String = std::iter::once("timestamp,value\n".to_owned()).chain((0..280).map(row)).collect();
    let text = Program::new(["trace", "counts.csv"]).file("counts.csv", &rows).ended();
    assert!(text.stdout.contains("the log counts the requests of each 5min"), "{}{}", text.stdout, text.stderr);
    assert!(!text.stdout.contains("gamma shape"), "{}", text.stdout);
    let fit = Program::new(["fit", "counts.csv", "--replications", "50"]).file("counts.csv", &rows).ended();
    assert_eq!(fit.status, 0, "{}", fit.stderr);
    assert!(!fit.stdout.contains("busiest 1min") && fit.stdout.contains("var/mean 5min"), "{}", fit.stdout);
}

#[test]
fn the_clients_of_a_log_are_those_of_the_scenario() {
    let frame = "duration = \"1h\"\nreplications = 1\ntiers = [\"each\"]\n[tier.each.limits.minute]\nfixed-window = { limit = \"3/min\" }\n\
                 scope = \"client\"\n";
    let scenario = format!(
        "{frame}[traffic.team]\narrivals.poisson = {{ rate = \"40/min\" }}\nclients = {{ count = 20 }}\n\
         input-tokens.constant = {{ value = 7 }}\noutput-tokens.constant = {{ value = 7 }}\n"
    );
    let original = cells(Program::new(["run", "s.toml", "--format", "json"]).file("s.toml", &scenario));
    for name in ["made.csv", "made.jsonl"] {
        let format = name.split_once('.').unwrap().1;
        let arguments = ["generate", "s.toml", "--format", format, "--out", name];
        let mut program = Program::new(arguments).file("s.toml", &scenario);
        let generated = program.ended();
        assert_eq!((generated.status, generated.stderr.as_str()), (0, ""));
        assert!(generated.stdout.contains("client-column = \"client\""), "{}", generated.stdout);
        let log = fs::read_to_string(program.folder().join(name)).unwrap();
        let replayed = |block: &str| {
            let run = Program::new(["run", "r.toml", "--format", "json"]);
            cells(run.file("r.toml", &format!("{frame}{block}")).file(name, &log))
        };
        assert_eq!(replayed(&generated.stdout), original, "{name}");
        // A log of one client meets other limits.
        assert_ne!(replayed(&generated.stdout.replace(", client-column = \"client\"", "")), original, "{name}");
    }
}
