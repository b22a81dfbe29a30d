//! The same version, scenario and seed give the same bytes: on any number of threads, twice, and for anybody.

use crate::program::{Program, ratecast, scenarios};
use std::fs;
use std::path::Path;

#[test]
fn threads_and_repetition_change_no_byte() {
    for path in scenarios() {
        let path = path.display().to_string();
        let json = |threads: &str| {
            ratecast(["run", &path, "--format", "json", "--replications", "4", "--threads", threads]).stdout
        };
        let first = json("1");
        assert!(first.contains("\"complete\": true"), "{path}");
        for threads in ["1", "2", "3", "8"] {
            assert!(first == json(threads), "{path} differs on {threads} threads");
        }
    }
}

#[test]
fn who_runs_it_and_where_is_not_in_the_result() {
    let scenario = fs::read_to_string("scenarios/burst.toml").unwrap();
    let json = |home: &str| {
        let mut program = Program::new(["run", "deep/s.toml", "--format", "json"]).file("deep/s.toml", &scenario);
        program = program.env("HOME", home).env("USER", home).env("TZ", home);
        let folder = program.folder().display().to_string();
        let text = program.ended().stdout;
        assert!(!text.contains(&folder) && !text.contains(home), "{text}");
        text
    };
    assert_eq!(json("/home/somebody-with-a-name"), json("Pacific/Auckland"));
    assert!(Path::new("scenarios/burst.toml").is_file());
}
