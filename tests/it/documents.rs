//! The documents say what is: examples are real output, and the change log knows the version.

use crate::program::{Program, ratecast};
use std::fs;

/// The `console` blocks of a Markdown text: command and output.
fn examples(text: &str) -> Vec<(String, String)> {
    let blocks = text.split("```console\n").skip(1).filter_map(|block| block.split("\n```").next());
    blocks
        .filter_map(|block| {
            let (command, output) = block.strip_prefix("$ ")?.split_once('\n')?;
            Some((command.to_owned(), output.to_owned()))
        })
        .collect()
}

/// The `toml` block of the README, with its rate as the second example has it.
fn five_lines(readme: &str) -> String {
    readme.split("```toml\n").nth(1).unwrap().split("```").next().unwrap().replace("12/min", "60")
}

#[test]
fn the_examples_of_the_readme_are_real() {
    let readme = fs::read_to_string("README.md").unwrap();
    let examples = examples(&readme);
    assert_eq!(examples.len(), 2);
    for (command, output) in examples {
        let arguments = command.strip_prefix("cargo run --release -- ").or(command.strip_prefix("ratecast ")).unwrap();
        // What is printed of old figures depends on the day.
        let arguments: Vec<&str> = arguments.split_whitespace().chain(["--today", "2023-01-01"]).collect();
        let ended = match arguments.contains(&"my.toml") {
            true => Program::new(&arguments).file("my.toml", &five_lines(&readme)).ended(),
            false => ratecast(&arguments),
        };
        let printed = format!("{}{}", ended.stdout, ended.stderr);
        assert_eq!(printed.trim_end(), output, "{command}");
    }
}

#[test]
fn the_five_lines_of_the_readme_run() {
    let readme = fs::read_to_string("README.md").unwrap();
    let scenario = five_lines(&readme).replace("\"60\"", "\"12/min\"");
    assert_eq!(scenario.lines().filter(|line| !line.is_empty()).count(), 4);
    let ended = Program::new(["run", "my.toml", "--replications", "2"]).file("my.toml", &scenario).ended();
    assert_eq!(ended.status, 0, "{}", ended.stderr);
}

#[test]
fn links_lead_somewhere() {
    for document in ["README.md", "CONTRIBUTING.md"] {
        let text = fs::read_to_string(document).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            assert!(link.starts_with("https://") || fs::metadata(link).is_ok(), "{document}: {link}");
        }
    }
}

#[test]
fn the_change_log_knows_the_version_and_the_model() {
    let text = fs::read_to_string("CHANGELOG.md").unwrap();
    let heading = text.lines().find(|line| line.starts_with("## ")).unwrap();
    assert!(heading.contains(env!("CARGO_PKG_VERSION")), "{heading}");
    assert!(heading.ends_with(&format!("model {}", ratecast::rng::MODEL)), "{heading}");
}
