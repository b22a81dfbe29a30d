//! Classes within a source.

use crate::program::Program;
use ratecast::engine::{Cell, Stop, simulate};
use ratecast::recorder::Record;
use ratecast::scenario::{Scenario, load_text};

fn scenario(classes: &str) -> Scenario {
    let text = format!(
        "duration = \"10h\"\ntiers = [\"claude-paid\"]\n[traffic.app]\narrivals.poisson = {{ rate = \"1/s\" }}\n\
         input-tokens.constant = {{ value = 7 }}\noutput-tokens.constant = {{ value = 11 }}\n{classes}"
    );
    match load_text("classes", &text, &[]) {
        Ok(ready) => ready.scenario,
        Err(failure) => panic!("{failure:?}"),
    }
}

fn run(scenario: &Scenario) -> Record {
    let (tier, strategy) = (scenario.tier.find("claude-paid").unwrap(), &scenario.strategy[0].1);
    simulate(Cell { scenario, tier, strategy }, 0, Stop::default()).unwrap()
}

const THREE: &str = "[traffic.app.class]\n\
    chat = { weight = 6.0 }\n\
    search = { weight = 3.0, input-tokens.constant = { value = 100 } }\n\
    report = { weight = 1.0, output-tokens.uniform = { min = 20, max = 80 }, max-tokens = 50 }\n";

#[test]
fn classes_share_the_arrivals_by_their_weights() {
    let scenario = scenario(THREE);
    assert_eq!(scenario.classes(), ["app/chat", "app/search", "app/report"]);
    let record = run(&scenario);
    let offered: Vec<f64> = record.classes.iter().map(|class| class.offered as f64).collect();
    let all: f64 = offered.iter().sum();
    // The same arrivals as without classes.
    assert_eq!(all as u64, run(&self::scenario("")).total().offered);
    for (seen, share) in offered.iter().zip([0.6, 0.3, 0.1]) {
        // Five standard deviations of a binomial count.
        assert!((seen - all * share).abs() < 5.0 * (all * share * (1.0 - share)).sqrt(), "{offered:?}");
    }
}

#[test]
fn a_class_has_its_own_sizes_and_those_of_its_source() {
    let record = run(&scenario(THREE));
    let means = |at: usize| {
        let class = &record.classes[at];
        let served = class.served() as f64;
        (class.input_tokens as f64 / served, class.output_tokens as f64 / served)
    };
    assert_eq!(means(0), (7.0, 11.0));
    assert_eq!(means(1), (100.0, 11.0));
    let (input, output) = means(2);
    // 20 to 50 alike, and 50 for the 30 of 61 above: 42.4; five standard errors of some 3,600 are below 0.9.
    assert!(input == 7.0 && (output - 42.377).abs() < 0.9, "{input} {output}");
}

#[test]
fn the_sizes_of_a_class_are_its_own_whatever_the_others() {
    let generate = |classes: &str| {
        let text = format!("duration = \"1h\"\n[traffic.app]\narrivals.poisson = {{ rate = \"1/s\" }}\n{classes}");
        let ended = Program::new(["generate", "my.toml"]).file("my.toml", &text).ended();
        let of_a = |line: &&str| line.contains("app/a");
        let tokens = |line: &str| line.rsplit(',').take(2).map(str::to_owned).collect::<Vec<_>>();
        ended.stdout.lines().filter(of_a).map(tokens).collect::<Vec<_>>()
    };
    let a = "a = { weight = 1.0, input-tokens.lognormal = { mean = 900 } }\n";
    let (rare, common) = (
        generate(&format!("[traffic.app.class]\n{a}b = {{ weight = 3.0 }}\n")),
        generate(&format!("[traffic.app.class]\n{a}b = {{ weight = 0.3 }}\n")),
    );
    assert!(rare.len() > 500 && common.len() > 2 * rare.len());
    assert_eq!(rare, common[..rare.len()]);
}

#[test]
fn a_class_can_be_read_back_from_a_made_log() {
    let text = "duration = \"1h\"\n[traffic.app]\narrivals.poisson = { rate = \"1/s\" }\n[traffic.app.class]\n\
        a = { weight = 1.0, input-tokens.constant = 7 }\nb = { weight = 3.0, input-tokens.constant = 100 }\n";
    let mut program = Program::new(["generate", "my.toml", "--out", "log.csv"]).file("my.toml", text);
    let block = program.ended().stdout;
    let only = "only = { column = \"source\", value = \"app/a\" }";
    assert!(block.contains(&format!("`{only}`")), "{block}");
    let log = std::fs::read_to_string(program.folder().join("log.csv")).unwrap();
    let of_a = log.lines().filter(|line| line.contains(",app/a,7,")).count();
    assert!((700..1_100).contains(&of_a), "{of_a}");
    let with_only = block.replace(", delay", &format!(", {only}, delay"));
    let scenario = format!("duration = \"1h\"\n{with_only}");
    let played = Program::new(["generate", "again.toml"]).file("again.toml", &scenario).file("log.csv", &log).ended();
    assert_eq!(played.stdout.lines().count(), of_a + 1, "{}", played.stderr);
    assert_eq!(played.stdout.lines().skip(1).filter(|line| line.contains(",7,0,")).count(), of_a);
}
