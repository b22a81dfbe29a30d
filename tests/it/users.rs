//! Users who wait, in cases small enough to be followed by hand.

use crate::program::Program;
use ratecast::engine::{Cell, Stop, simulate};
use ratecast::recorder::Record;
use ratecast::rng::Seed;
use ratecast::scenario::{Scenario, load_text};
use ratecast::traffic::users::Prompt;
use ratecast::traffic::{self, Setting};
use ratecast::units::{SimDuration, SimTime};
use std::path::Path;

fn scenario(text: &str) -> Scenario {
    match load_text("users", text, &[]) {
        Ok(ready) => ready.scenario,
        Err(failure) => panic!("{failure:?}"),
    }
}

/// The requests of the only source if every answer takes `secs` seconds and the `failing`-th of all fails.
fn asked(text: &str, secs: u64, failing: Option<usize>, count: usize) -> Vec<Prompt> {
    let scenario = scenario(text);
    let (name, source) = &scenario.traffic[0];
    let setting =
        Setting { folder: Path::new(""), start: &scenario.start, end: SimTime::NEVER, seed: Seed(1), replication: 0 };
    let mut crowd = traffic::crowd(source, name, &setting).unwrap().unwrap();
    let mut asked = Vec::new();
    while asked.len() < count && crowd.next_at() < SimTime::NEVER {
        let prompt = crowd.take();
        // Told at once, though it lies ahead: as the engine does where nothing waits for the end of a call.
        crowd.answered(
            prompt.thread,
            prompt.at.saturating_add(SimDuration::from_secs(secs)),
            failing != Some(asked.len()),
        );
        asked.push(prompt);
    }
    asked
}

/// Of each request its second, and its input, cached and output tokens.
fn told(prompts: &[Prompt]) -> Vec<(u64, u32, u32, u32)> {
    let row = |prompt: &Prompt| {
        let size = prompt.size;
        (prompt.at.as_nanos() / 1_000_000_000, size.input.get(), size.cached.get(), size.output.get())
    };
    prompts.iter().map(row).collect()
}

const SESSIONS: &str = r#"
    duration = "1d"
    tiers = ["claude-paid"]
    [traffic.chat]
    users.sessions.starts.backlog = { requests = 1, due = "1s" }
    users.sessions.turns.constant = { value = 4 }
    users.sessions.think-time.constant = { value = "10s" }
    users.sessions.prefix = 1000
    users.sessions.context-window = 2500
    input-tokens.constant = { value = 100 }
    output-tokens.constant = { value = 500 }
"#;

#[test]
fn a_session_sends_along_what_was_said() {
    // 1000 before it all; each turn adds 100 and 500, of which everything before the new 100 is cached; the fourth would be
    // 2900 tokens long, so what was said is cut to half a window, 1250, and nothing of it is cached.
    let all = asked(SESSIONS, 2, None, 9);
    assert_eq!(told(&all), [(0, 1_100, 0, 500), (12, 1_700, 1_600, 500), (24, 2_300, 2_200, 500), (36, 1_350, 0, 500)]);
}

#[test]
fn a_cache_forgets_a_session_that_pauses_too_long() {
    let slow = SESSIONS.replace("prefix = 1000", "prefix = 1000\n    users.sessions.cached-for = \"9s\"");
    assert!(told(&asked(&slow, 2, None, 9)).iter().all(|(_, _, cached, _)| *cached == 0));
}

#[test]
fn a_user_who_fails_leaves_or_goes_on() {
    assert_eq!(told(&asked(SESSIONS, 2, Some(1), 9)).len(), 2);
    let stays = SESSIONS.replace("prefix = 1000", "prefix = 1000\n    users.sessions.on-failure = \"go-on\"");
    // What was not answered was not said.
    let inputs: Vec<u32> = told(&asked(&stays, 2, Some(1), 9)).iter().map(|row| row.1).collect();
    assert_eq!(inputs, [1_100, 1_700, 1_700, 2_300]);
}

#[test]
fn an_agent_waits_for_those_that_it_started() {
    let text = r#"
        duration = "1d"
        tiers = ["claude-paid"]
        [traffic.agents]
        users.agents.starts.backlog = { requests = 1, due = "1s" }
        users.agents.turns.constant = { value = 3 }
        users.agents.tool-time.constant = { value = "10s" }
        users.agents.sub-agents = { share = "100%", count.constant = { value = 2 }, turns.constant = { value = 2 } }
        output-tokens.constant = { value = 0 }
    "#;
    let prompts = asked(text, 2, None, 99);
    let seconds: Vec<u64> = told(&prompts).iter().map(|row| row.0).collect();
    // Answered at 2, it starts two agents of two calls each, which end at 16; it goes on at 26, and so once more; after its
    // last answer it starts none.
    assert_eq!(seconds, [0, 2, 2, 14, 14, 26, 28, 28, 40, 40, 52]);
    let mut ids: Vec<u64> = prompts.iter().map(|prompt| prompt.id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 5);
}

fn run(text: &str, replication: u64) -> Record {
    let scenario = scenario(text);
    let tier = &scenario.tier.find(&scenario.tiers[0]).unwrap().clone();
    let strategy = &scenario.strategy[0].1;
    simulate(Cell { scenario: &scenario, tier, strategy }, replication, Stop::default()).unwrap()
}

const LOOP: &str = r#"
    duration = "1000s"
    drain = "1h"
    tiers = ["mine"]
    tier.mine.summary = "no limit"
    [traffic.team]
    users.closed-loop = { count = 1, think-time.constant = { value = "8s" } }
    [provider]
    time-to-first-token.constant = { value = "2s" }
    time-per-output-token.constant = { value = "0s" }
    [strategy.naive]
    retry.none = {}
"#;

#[test]
fn a_slower_service_is_asked_less() {
    // A cycle of ten seconds from the eighth on: 8, 18, …, 998.
    assert_eq!(run(LOOP, 0).total().offered, 100);
    let slow = LOOP.replace("value = \"2s\"", "value = \"32s\"");
    assert_eq!(run(&slow, 0).total().offered, 25);
}

#[test]
fn the_end_of_a_call_is_the_same_with_and_without_its_event() {
    let text = LOOP
        .replace("count = 1", "count = 40")
        .replace("constant = { value = \"8s\" }", "exponential = { mean = \"8s\" }");
    let queued = text.replace("retry.none = {}", "retry.none = {}\n    concurrency = 1000");
    for replication in 0..5 {
        let (elided, kept) = (run(&text, replication), run(&queued, replication));
        assert_eq!(elided.classes, kept.classes, "replication {replication}");
        assert!(elided.total().offered > 3_500);
    }
}

#[test]
fn refused_users_come_back_after_a_thought() {
    let text = LOOP.replace(
        "tier.mine.summary",
        "tier.mine.limits.rpm = { counts = \"requests\", fixed-window.limit = \"1/min\" }\n    tier.mine.summary",
    );
    let total = run(&text, 0).total();
    // One served each minute, at its first request; a refusal takes no time, so cycles of 8 s fill the rest.
    assert!(total.served() >= 16 && total.served() <= 17, "{total:?}");
    assert_eq!(total.offered, total.served() + total.failed());
    assert!(total.rejected() > 100, "{total:?}");
}

#[test]
fn users_without_a_pause_are_refused() {
    let text = LOOP.replace("value = \"8s\"", "value = \"0s\"");
    let failure = format!("{:?}", load_text("users", &text, &[]).unwrap_err());
    assert!(failure.contains("a pause of 0 would let a refused user ask without end"), "{failure}");
}

#[test]
fn a_shape_moves_the_starts_of_sessions() {
    let text = r#"
        duration = "24h"
        tiers = ["claude-paid"]
        [traffic.chat]
        users.sessions.starts.poisson = { rate = "60/h" }
        users.sessions.turns.constant = { value = 1 }
        shape.steps = { at = ["12h"], factors = [0.0] }
    "#;
    let total = run(text, 0).total();
    // Five standard deviations of a Poisson count of mean 720.
    assert!(total.offered.abs_diff(720) < 135, "{}", total.offered);
}

#[test]
fn users_are_generated_as_if_nobody_refused_them() {
    let text = LOOP
        .replace("count = 1", "count = 3")
        .replace("constant = { value = \"8s\" }", "exponential = { mean = \"8s\" }");
    let offered = run(&text, 2).total().offered;
    let ended = Program::new(["generate", "my.toml", "--replication", "2"]).file("my.toml", &text).ended();
    assert_eq!(ended.stdout.lines().count() as u64, 1 + offered, "{}", ended.stderr);
}
