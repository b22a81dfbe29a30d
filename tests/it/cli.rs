//! The command line: what goes where, and how each command ends.

use crate::program::{Program, ratecast};
use serde_json::Value;
use std::fs;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

/// A scenario of a second's work or less, which meets the objective `slo`.
fn small(slo: &str) -> String {
    format!(
        "duration = \"1h\"\nreplications = 3\ntiers = [\"claude-free\", \"claude-paid\"]\n\
         [traffic.app]\narrivals.poisson = {{ rate = \"12/min\" }}\n{slo}"
    )
}

fn run(slo: &str, more: &[&str]) -> crate::program::Ended {
    let arguments = ["run", "s.toml"].into_iter().chain(more.iter().copied());
    Program::new(arguments).file("s.toml", &small(slo)).ended()
}

#[test]
fn status_0_when_met_or_when_nothing_was_stated() {
    let met = run("[slo]\nfailure-rate = \"<= 50%\"\n", &["--today", "2023-01-01"]);
    assert_eq!((met.status, met.stderr.as_str()), (0, ""));
    assert!(met.stdout.contains("✓ recommended: claude-free"), "{}", met.stdout);
    let impossible_quota = run("", &["--set", "traffic.app.arrivals.poisson.rate=100/s"]);
    assert_eq!(impossible_quota.status, 0, "assumed objectives do not decide it");
    assert!(impossible_quota.stdout.contains("assumed objectives"));
}

#[test]
fn status_1_when_every_cell_misses_and_the_result_is_there() {
    let missed = run("[slo]\nfailure-rate = \"<= 0.0001%\"\nlatency-p50 = \"<= 1ms\"\n", &[]);
    assert_eq!(missed.status, 1);
    assert!(missed.stdout.contains("✗ no tier and strategy"), "{}", missed.stdout);
}

#[test]
fn status_2_for_wrong_usage_scenario_or_log() {
    assert_eq!(ratecast(["run"]).status, 2);
    assert_eq!(ratecast(["run", "x.toml", "--format", "xml"]).status, 2);
    assert_eq!(ratecast(["run", "x.toml", "--threads", "100000"]).status, 2);
    let wrong = run("[slo]\nfailure-rat = \"<= 1%\"\n", &[]);
    assert_eq!((wrong.status, wrong.stdout.as_str()), (2, ""));
    assert!(wrong.stderr.contains("did you mean `failure-rate`?"), "{}", wrong.stderr);
    let log = "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46.68,abc,44\n";
    let scenario = "[traffic.log]\nreplay = { file = \"log.csv\" }\n";
    let broken = Program::new(["run", "s.toml"]).file("s.toml", scenario).file("log.csv", log).ended();
    assert_eq!(broken.status, 2);
    assert!(broken.stderr.contains("line 2, column `ContextTokens`: `abc`"), "{}", broken.stderr);
}

#[test]
fn status_3_for_files_that_cannot_be_read_or_written() {
    let absent = ratecast(["run", "no-such.toml"]);
    assert_eq!((absent.status, absent.stdout.as_str()), (3, ""));
    assert!(absent.stderr.contains("cannot read `no-such.toml`"), "{}", absent.stderr);
    let scenario = "[traffic.log]\nreplay = { file = \"absent.csv\" }\n";
    let misnamed = Program::new(["run", "s.toml"]).file("s.toml", scenario).ended();
    assert_eq!(misnamed.status, 2, "a log that is not there is a mistake of the scenario, shown at its place");
    let blocked =
        Program::new(["report", "s.toml", "--out", "file"]).file("s.toml", &small("")).file("file", "").ended();
    assert_eq!(blocked.status, 3);
    assert!(blocked.stderr.contains("cannot write"), "{}", blocked.stderr);
}

#[cfg(target_os = "linux")]
#[test]
fn status_3_on_a_full_disk() {
    let mut program = Program::new(["run", "s.toml"]).file("s.toml", &small(""));
    program.command().stdout(fs::OpenOptions::new().write(true).open("/dev/full").unwrap());
    let ended = program.command().stderr(Stdio::piped()).spawn().unwrap().wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&ended.stderr).contains("cannot write the result"));
}

#[test]
fn status_4_when_a_budget_is_reached_before_or_while_running() {
    let before = run("", &["--max-events", "100"]);
    assert_eq!(before.status, 4);
    assert!(before.stderr.contains("`--max-events`"), "{}", before.stderr);
    // 7,200 requests, which retry until there is no end to it.
    let storm = "duration = \"1h\"\nreplications = 1\ntiers = [\"claude-free\"]\n[traffic.app]\n\
                 arrivals.poisson = { rate = \"2/s\" }\n[strategy.storm]\n\
                 retry.constant = { base = \"10ms\", attempts = 100000, honor-retry-after = false }\n";
    let while_running = Program::new(["run", "s.toml", "--max-events", "1M"]).file("s.toml", storm).ended();
    assert_eq!(while_running.status, 2, "a count is written without a suffix here");
    let while_running = Program::new(["run", "s.toml", "--max-events", "1000000"]).file("s.toml", storm).ended();
    assert_eq!(while_running.status, 4, "{}", while_running.stderr);
    assert!(while_running.stderr.contains("more than 1000000 events"), "{}", while_running.stderr);
}

#[test]
fn status_5_when_it_is_too_close_to_call() {
    let free = "[slo]\nfailure-rate = \"<= 50%\"\n";
    let unsure = run(free, &["--replications", "1"]);
    assert_eq!(unsure.status, 5);
    assert!(
        unsure.stdout.contains("too close to call") && unsure.stdout.contains("--replications 10"),
        "{}",
        unsure.stdout
    );
}

#[cfg(unix)]
#[test]
fn status_130_when_interrupted_with_what_was_complete() {
    let long = "duration = \"3d\"\nreplications = 100000\ntiers = [\"claude-paid\"]\n[traffic.app]\n\
                arrivals.poisson = { rate = \"12/min\" }\n";
    let mut program = Program::new(["run", "s.toml", "--format", "json"]).file("s.toml", long);
    let child = program.command().stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    sleep(Duration::from_secs(3));
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(130), "{}", String::from_utf8_lossy(&ended.stderr));
    let document: Value = serde_json::from_slice(&ended.stdout).unwrap();
    assert_eq!(document["complete"], Value::Bool(false));
    assert!(document["scenario"]["replications"].as_u64().unwrap() >= 1);
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let mut program = Program::new(["run", "s.toml", "--today", "2023-01-01"]).file("s.toml", &small(""));
    let mut child = program.command().stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let ended = child.wait_with_output().unwrap();
    assert_eq!((ended.status.code(), ended.stderr.as_slice()), (Some(0), b"".as_slice()));
}

#[test]
fn nothing_is_coloured_without_a_terminal() {
    for (variable, value) in [("NO_COLOR", "1"), ("TERM", "xterm-256color")] {
        let wrong = Program::new(["check", "s.toml"]).file("s.toml", "x = 1\n").env(variable, value).ended();
        assert!(!wrong.stderr.contains('\u{1b}'), "{}", wrong.stderr);
    }
}

#[test]
fn settings_of_the_command_line_are_settings_of_the_file() {
    let file = small("").replace("replications = 3", "replications = 2\nseed = 9");
    let stated = Program::new(["run", "s.toml", "--format", "json"]).file("s.toml", &file).ended();
    let set = run("", &["--format", "json", "--seed", "9", "--replications", "2"]);
    assert_eq!(stated.stdout, set.stdout);
    let by_key = run("", &["--format", "json", "--set", "seed=9", "--set", "replications=2"]);
    assert_eq!(stated.stdout, by_key.stdout);
}

#[test]
fn several_scenarios_make_a_list() {
    let two = Program::new(["run", "a.toml", "b.toml", "--format", "json"])
        .file("a.toml", &small(""))
        .file("b.toml", &small(""))
        .ended();
    let documents: Value = serde_json::from_str(&two.stdout).unwrap();
    let names: Vec<&str> =
        documents.as_array().unwrap().iter().map(|d| d["scenario"]["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["a", "b"]);
    let one_broken = Program::new(["run", "a.toml", "absent.toml"]).file("a.toml", &small("")).ended();
    assert_eq!(one_broken.status, 3);
    assert!(one_broken.stdout.contains("claude-free"), "what can be done is done");
}

#[test]
fn a_report_is_these_files() {
    let arguments = ["report", "s.toml", "--out", "o", "--today", "2023-01-01"];
    let mut program = Program::new(arguments).file("s.toml", &small("name = \"x\"\n"));
    let content = small("").replacen("duration", "name = \"trial\"\nduration", 1);
    program = program.file("s.toml", &content);
    let ended = program.ended();
    assert_eq!((ended.status, ended.stderr.as_str()), (0, ""));
    let charts = [
        "amplification",
        "breakdown",
        "comparison",
        "latency",
        "over-time-claude-free-default",
        "over-time-claude-paid-default",
        "quota",
        "tail",
    ];
    let mut files: Vec<String> =
        charts.iter().flat_map(|name| [format!("{name}.png"), format!("{name}.svg")]).collect();
    files.extend(["cells.csv", "result.json", "summary.md"].map(str::to_owned));
    files.sort();
    let expected: String = files.iter().map(|file| format!("o/trial/{file}\n")).collect();
    assert_eq!(ended.stdout, expected);
    for file in files {
        assert!(fs::metadata(program.folder().join("o/trial").join(file)).unwrap().len() > 100);
    }
    assert_eq!(program.ended().status, 0, "our own folder is written again");
}

#[test]
fn a_folder_of_somebody_elses_is_left_alone() {
    let content = small("").replacen("duration", "name = \"trial\"\nduration", 1);
    let mut program =
        Program::new(["report", "s.toml", "--out", "o"]).file("s.toml", &content).file("o/trial/mine.txt", "x");
    let refused = program.ended();
    assert_eq!(refused.status, 3);
    assert!(refused.stderr.contains("did not write"), "{}", refused.stderr);
    program.command().arg("--force");
    assert_eq!(program.ended().status, 0);
}

#[cfg(unix)]
#[test]
fn a_report_does_not_follow_links() {
    let content = small("").replacen("duration", "name = \"trial\"\nduration", 1);
    let mut program =
        Program::new(["report", "s.toml", "--out", "o"]).file("s.toml", &content).file("real/.ratecast", "");
    fs::create_dir_all(program.folder().join("o")).unwrap();
    std::os::unix::fs::symlink(program.folder().join("real"), program.folder().join("o/trial")).unwrap();
    let refused = program.ended();
    assert_eq!(refused.status, 3);
    assert!(refused.stderr.contains("link"), "{}", refused.stderr);
}

#[test]
fn check_says_how_logs_were_read() {
    let log = "{\"ts\":1700158547000,\"usage\":{\"prompt_tokens\":9}}\n{\"ts\":1700158546000,\"usage\":{\"prompt_tokens\":7}}\n";
    let scenario = "[traffic.app]\nreplay = { file = \"app.jsonl\" }\n";
    let checked = Program::new(["check", "s.toml"]).file("s.toml", scenario).file("app.jsonl", log).ended();
    assert_eq!(
        (checked.status, checked.stdout.as_str()),
        (
            0,
            "s.toml: ok\n  of the past: claude-free of 2023 (now anthropic-start),\n  \
             claude-paid of 2023 (now anthropic-start)\n  traffic.app:\n    requests: 2\n    format: table (json-lines)\n    time: `ts`\n    \
             input tokens: `usage.prompt_tokens`\n    clock: Unix time in milliseconds\n    records: 2\n    \
             earlier than the row above: 1\n    smallest step: 1s\n    \
             assumed: no column holds output tokens: those of the scenario are taken\n"
        )
    );
}

#[test]
fn a_resolved_scenario_gives_the_same_result() {
    let resolved = Program::new(["check", "s.toml", "--resolved"]).file("s.toml", &small("")).ended();
    assert_eq!(resolved.status, 0);
    let result = |text: &str| {
        let json = Program::new(["run", "s.toml", "--format", "json"]).file("s.toml", text).ended().stdout;
        let document: Value = serde_json::from_str(&json).unwrap();
        document["cells"].clone()
    };
    assert_eq!(result(&small("")), result(&resolved.stdout));
}

#[test]
fn check_tells_what_can_never_pass_and_looks_where_routes_lead() {
    let scenario = "duration = \"10min\"\ntiers = [\"large\"]\n[traffic.app]\narrivals.constant = { rate = \"6/min\" }\n\
                    input-tokens.constant = 9000\n[tier.large]\n[tier.small]\n\
                    limits.tokens = { counts = \"input-tokens\", token-bucket = { refill = \"8k/min\" } }\n\
                    [strategy.plan-b]\nroute.second = { tier = \"small\" }\n";
    let told = |scenario: &str| Program::new(["check", "s.toml"]).file("s.toml", scenario).ended().stderr;
    let warned = told(scenario);
    assert!(warned.contains("requests of `app` can never pass the limit `tokens` of `small`"), "{warned}");
    assert!(
        warned.contains("s.toml:8:") && warned.contains("asks for 9000 input tokens at once, of at most 8000"),
        "{warned}"
    );
    assert_eq!(told(&scenario.replace("8k/min", "9k/min")), "");
}

#[test]
fn tiers_are_listed_and_shown() {
    let list = ratecast(["tiers", "--today", "2023-01-01"]);
    assert_eq!((list.status, list.stderr.as_str()), (0, ""));
    assert!(list.stdout.contains("claude-free") && list.stdout.contains("10/min, 5k/month"), "{}", list.stdout);
    assert!(list.stdout.lines().all(|line| line.len() <= 80), "{}", list.stdout);
    for name in ratecast::scenario::catalog::names() {
        assert_eq!(list.stdout.lines().filter(|line| line.split(' ').any(|word| word == name)).count(), 1, "{name}");
    }
    let providers: Vec<&str> = list.stdout.lines().filter(|line| !line.is_empty() && !line.starts_with(' ')).collect();
    assert!(providers.iter().enumerate().all(|(at, name)| !providers[..at].contains(name)), "{providers:?}");
    let headers = ratecast(["tiers", "openai-gpt3"]).stdout;
    assert!(
        headers.contains("#   x-ratelimit-remaining-requests: 59\n#   x-ratelimit-reset-requests: 1m0s\n"),
        "{headers}"
    );
    let shown = ratecast(["tiers", "claude-paid"]);
    assert!(shown.stdout.starts_with(&fs::read_to_string("catalog/claude-paid.toml").unwrap()), "{}", shown.stdout);
    assert!(shown.stdout.contains("#   anthropic-ratelimit-requests-remaining: 59\n"), "{}", shown.stdout);
    assert_eq!(shown.stderr, "", "figures of the past are not old");
    assert!(list.stdout.contains("* of the past"), "{}", list.stdout);
    let shown = ratecast(["tiers", "gemini-free-2026"]);
    assert!(
        shown.stderr.contains("days old"),
        "figures of January 2026 are old by the system's clock: {}",
        shown.stderr
    );
    let unknown = ratecast(["tiers", "claude-fre"]);
    assert_eq!(unknown.status, 2);
    assert!(unknown.stderr.contains("did you mean `claude-free`?"), "{}", unknown.stderr);
}

#[test]
fn help_has_examples_and_the_exit_statuses() {
    let help = ratecast(["--help"]).stdout;
    for status in ["0  ", "1  ", "2  ", "3  ", "4  ", "5  ", "130"] {
        assert!(help.contains(&format!("\n  {status}")), "{status}: {help}");
    }
    for command in ["run", "report", "check", "tiers", "strategies", "trace", "fit", "generate"] {
        let help = ratecast([command, "--help"]).stdout;
        assert!(help.contains("Example:\n  ratecast") || help.contains("Examples:\n  ratecast"), "{command}");
    }
}

/// Names and texts that a terminal, a spreadsheet or a page would act on.
#[test]
fn hostile_texts_come_out_harmless() {
    let hostile = ["\u{1b}[2Jgone", "a\u{202e}b", "line\nbreak", "=cmd()", "<script>alert(1)</script>"];
    for text in hostile {
        let quoted = ratecast::params::quoted(text);
        let scenario = format!("{}[tier.own]\nsummary = {quoted}\nsource = {quoted}\n[strategy.{quoted}]\n", small(""));
        let ended = Program::new(["run", "s.toml"]).file("s.toml", &scenario).ended();
        for printed in [&ended.stdout, &ended.stderr] {
            let raw = printed.chars().find(|&c| c != '\n' && ratecast::params::is_unprintable(c));
            assert_eq!(raw, None, "{text:?}: {printed}");
        }
        assert_eq!(ended.status, 2, "{text:?} is not a name");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn help_that_cannot_be_written_is_a_failure() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut program = std::process::Command::new(env!("CARGO_BIN_EXE_ratecast"));
    assert_eq!(program.arg("--help").stdout(full).status().unwrap().code(), Some(3));
}

#[test]
fn a_price_beyond_measure_is_refused() {
    let text = "duration = \"1h\"\ntiers = [\"mine\"]\ntier.mine.price.input = \"1000001 USD/tok\"\n[traffic.app]\narrivals.poisson = { rate = \"1/s\" }\n";
    let ended = Program::new(["run", "my.toml"]).file("my.toml", text).ended();
    assert_eq!((ended.status, ended.stderr.contains("`1000001 USD/tok` is too large")), (2, true), "{ended:?}");
    let most = text
        .replace("1000001", "1000000")
        .replace("[traffic.app]", "[traffic.app]\ninput-tokens.constant = { value = 4294967295 }");
    let ended = Program::new(["run", "my.toml", "--replications", "2"]).file("my.toml", &most).ended();
    assert_eq!(ended.status, 0, "{ended:?}");
}
