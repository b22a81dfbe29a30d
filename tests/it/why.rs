//! The story of a request: it ends as the record says, and what it holds about limits adds up.

use crate::golden;
use crate::program::{Program, ratecast, scenarios};
use serde_json::Value;

fn told(arguments: &[&str]) -> Value {
    let ended = ratecast([&["why"], arguments, &["--format", "json"]].concat());
    assert_eq!(ended.status, 0, "{arguments:?}: {}", ended.stderr);
    serde_json::from_str(&ended.stdout).unwrap()
}

#[test]
fn what_people_read_of_a_request_that_failed() {
    let ended = ratecast(["why", "scenarios/sdks.toml", "--strategy", "anthropic-deaf"]);
    assert_eq!((ended.status, ended.stderr.as_str()), (0, ""));
    golden::one("why", "sdks.txt", &ended.stdout);
    let ended = ratecast(["why", "scenarios/pools.toml", "--tier", "one-pool", "--request", "14131"]);
    golden::one("why", "pools.txt", &ended.stdout);
    assert!(ended.stdout.lines().all(|line| line.chars().count() <= 80), "{}", ended.stdout);
}

/// Where a cell lost requests the story without a number is of one, and elsewhere of one that was answered.
#[test]
fn the_story_ends_as_the_record_says() {
    for path in scenarios() {
        let path = path.display().to_string();
        let run = ratecast(["run", &path, "--format", "json", "--replications", "1"]).stdout;
        let cells: Value = serde_json::from_str(&run).unwrap();
        for cell in cells["cells"].as_array().unwrap() {
            let [tier, strategy] = ["tier", "strategy"].map(|key| cell[key].as_str().unwrap());
            let told = told(&[&path, "--tier", tier, "--strategy", strategy]);
            let steps = told["steps"].as_array().unwrap();
            let last = steps.last().unwrap()["what"].as_str().unwrap();
            let lost = cell["metrics"]["failed"]["mean"].as_f64().unwrap();
            assert_eq!(last.starts_with("never answered"), lost > 0.0, "{path} {tier} {strategy}: {last}");
            let times: Vec<f64> = steps.iter().map(|step| step["after_s"].as_f64().unwrap()).collect();
            assert!(times.is_sorted(), "{path}: {times:?}");
        }
    }
}

/// 60 calls of one class fill the minute, and the 61st is told who they were, how much more would have done, and when.
#[test]
fn the_limit_says_who_used_it_and_what_is_missing() {
    let told = told(&["scenarios/sdks.toml", "--strategy", "anthropic-deaf"]);
    let limit = &told["steps"][0]["limits"][0];
    let figures = ["asks", "left", "capacity"].map(|key| limit[key].as_u64().unwrap());
    assert_eq!((figures, limit["admits"].as_bool()), ([1, 0, 60], Some(false)));
    let users = limit["users"].as_array().unwrap();
    assert_eq!((users.len(), users[0]["first"].as_u64(), users[0]["retries"].as_u64()), (1, Some(60), Some(0)));
    let opens = limit["opens_in_s"].as_f64().unwrap();
    assert!((told["arrived_s"].as_f64().unwrap() + opens - 60.0).abs() < 1e-6, "{opens}");
    let remedies: Vec<&str> = told["remedies"].as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect();
    assert!(remedies[0].contains("with 1 more in `requests-per-minute`"), "{remedies:?}");
}

/// What becomes of the last request of five, of 1,000 tokens and a dollar each, whose tier has this limit; `n` lines of it.
fn last_of_five(limit: &str, n: usize) -> Vec<String> {
    let text = format!(
        "duration = \"5min\"\ntiers = [\"it\"]\ntraffic.app = {{ arrivals.constant.rate = \"1/s\", requests = 5, \
         input-tokens.constant = 1000, output-tokens.constant = 1 }}\n[tier.it]\nprice.request = \"1 USD/request\"\n\
         limits.own = {limit}\n"
    );
    let ended = Program::new(["why", "s.toml", "--request", "5"]).file("s.toml", &text).ended();
    assert_eq!(ended.status, 0, "{}", ended.stderr);
    ended.stdout.lines().skip(5).take(n).map(|line| line.trim().to_owned()).collect()
}

/// An empty balance is no size of a call, and no end of a call opens it.
#[test]
fn who_is_refused_for_good_is_told_by_what() {
    let empty = [
        "0 of 4,000,000,000 left, 1 asked for: never opens",
        "+0s  400 from `own`, which asks for no other call",
        "+0s  never answered: refused for good",
    ];
    let balance = "{ counts = \"spend\", prepaid.credit = \"4 USD\", refusal = \"400\" }";
    assert_eq!(last_of_five(balance, 3), empty);
    let closed = [
        "0 of 4 left, 1 asked for: opens in 59.9min",
        "used by app 4",
        "+0s  400 from `own`, which asks for no other call",
        "+0s  never answered: refused for good",
    ];
    assert_eq!(last_of_five("{ fixed-window.limit = \"4/h\", refusal = \"400\" }", 4), closed);
    let large = [
        "900 of 900 left, 1,000 asked for: never opens",
        "+0s  refused for good: it is more than `own` ever holds",
        "+0s  never answered: refused for good",
    ];
    let bucket = "{ counts = \"input-tokens\", token-bucket.refill = \"900/min\" }";
    assert_eq!(last_of_five(bucket, 3), large);
}

#[test]
fn who_is_not_there_is_named() {
    let said = |arguments: &[&str]| {
        let ended = ratecast([&["why", "scenarios/sdks.toml"], arguments].concat());
        assert_eq!(ended.status, 2, "{arguments:?}");
        ended.stderr
    };
    assert!(said(&["--request", "121"]).contains("there is no request 121 in this run"));
    assert!(said(&["--strategy", "antropic"]).contains("did you mean `anthropic`?"));
    assert!(said(&["--tier", "claude-free"]).contains("the scenario compares no tier `claude-free`"));
    assert!(said(&["--request", "0"]).contains("0"));
}
