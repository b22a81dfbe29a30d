//! What scenarios mean: what overrides what, and where each value came from.

use crate::golden;
use crate::toy::{Arrivals, Backoff, Breaker, Cost, Gamma, Jitter, Limit, Poisson, Retry, Slots, Toy};
use ratecast::scenario::{Loaded, read, read_text, resolved};
use ratecast::units::{Money, Rate, Share, SimDuration};
use std::num::NonZeroU32;

fn toy(text: &str, set: &[&str]) -> (Toy, Loaded) {
    let mut toy = Toy::default();
    let set: Vec<String> = set.iter().map(|set| (*set).to_owned()).collect();
    match read_text("test", &format!("duration = \"1h\"\n{text}"), &set, &mut toy) {
        Ok(loaded) => (toy, loaded),
        Err(failure) => panic!("{failure}"),
    }
}

/// A file at `tests/golden/reading`, where those that extend one another lie.
fn file(name: &str, set: &[&str]) -> (Toy, Loaded) {
    let mut toy = Toy::default();
    let set: Vec<String> = set.iter().map(|set| (*set).to_owned()).collect();
    match read(&golden::folder("reading").join(name), &set, &mut toy) {
        Ok(loaded) => (toy, loaded),
        Err(failure) => panic!("{failure}"),
    }
}

fn per_minute(events: u64) -> Rate {
    Rate::new(events, SimDuration::from_secs(60)).expect("neither is zero")
}

fn poisson(events: u64, batch: u32) -> Arrivals {
    Arrivals::Poisson(Poisson { rate: per_minute(events), batch: NonZeroU32::new(batch).expect("not zero") })
}

fn arrivals(toy: &Toy) -> &Arrivals {
    &toy.traffic[0].1.arrivals
}

#[test]
fn a_bare_value_is_the_first_required_key() {
    let (toy, loaded) = toy("traffic.a.arrivals.poisson = \"3/min\"\nlimit.slots = 4", &[]);
    assert_eq!(*arrivals(&toy), poisson(3, 1));
    assert_eq!(toy.limit, Limit::Slots(Slots { slots: 4, ..Slots::default() }));
    assert_eq!(loaded.place("traffic.a.arrivals.poisson.rate"), "test:2");
    assert_eq!(loaded.place("traffic.a.arrivals.poisson.batch"), "default");
}

#[test]
fn what_is_set_lies_above_the_file() {
    let text =
        "seed = 1\ntiers = [\"a\", \"b\"]\nname = \"x\"\n[traffic.\"night shift\"]\narrivals.poisson = \"3/min\"";
    let set = ["seed=7", "tiers=[\"c\"]", "name = a, b = c ", "traffic.\"night shift\".arrivals.poisson.rate=5/min"];
    let (toy, loaded) = toy(text, &set);
    assert_eq!((toy.seed, toy.tiers.as_slice(), toy.name.as_deref()), (7, &["c".to_owned()][..], Some("a, b = c")));
    assert_eq!(*arrivals(&toy), poisson(5, 1));
    assert_eq!(loaded.place("seed"), "--set");
    assert_eq!(loaded.place("traffic.'night shift'.arrivals"), "test:6");
}

#[test]
fn the_later_of_two_settings_wins() {
    assert_eq!(toy("", &["seed=1", "seed=2"]).0.seed, 2);
}

#[test]
fn a_setting_may_choose_another_kind() {
    let text = "[traffic.a.arrivals.gamma]\nrate = \"1/min\"\ncv = 2";
    assert_eq!(*arrivals(&toy(text, &["traffic.a.arrivals.poisson=3/min"]).0), poisson(3, 1));
    let gamma = Arrivals::Gamma(Gamma { rate: per_minute(1), cv: 3.0 });
    assert_eq!(*arrivals(&toy(text, &["traffic.a.arrivals.gamma.cv=3"]).0), gamma);
    let (toy, _) = toy("[strategy.a]\nnever = {}\nqueue = 3", &["strategy.a.backoff.base=2s"]);
    let Retry::Backoff(Backoff { base, .. }) = toy.strategy[0].1.retry else { panic!("it does not retry") };
    assert_eq!(base, SimDuration::from_secs(2));
}

#[test]
fn a_short_form_and_a_table_add_up() {
    let short = "traffic.a.arrivals.poisson = \"3/min\"";
    assert_eq!(*arrivals(&toy(short, &["traffic.a.arrivals.poisson.batch=2"]).0), poisson(3, 2));
    let long = "traffic.a.arrivals.poisson = { rate = \"3/min\", batch = 2 }";
    assert_eq!(*arrivals(&toy(long, &["traffic.a.arrivals.poisson=5/min"]).0), poisson(5, 2));
}

#[test]
fn a_section_can_be_switched_off_and_on() {
    let text = "[strategy.a]\nnever = {}\nqueue = 3\n[strategy.a.breaker]\nafter = 5\n[cost]\n";
    let (on, _) = toy(text, &[]);
    assert_eq!(on.strategy[0].1.breaker, Some(Breaker { after: 5, ..Breaker::default() }));
    assert_eq!(on.cost, Some(Cost::default()));
    let (off, loaded) = toy(text, &["strategy.a.breaker=false", "cost=false"]);
    assert_eq!((&off.strategy[0].1.breaker, &off.cost), (&None, &None));
    assert_eq!(loaded.place("cost"), "--set");
    let (on, _) = toy("cost = true", &[]);
    assert_eq!(on.cost, Some(Cost::default()));
    let (on, _) = toy("cost = false", &["cost.budget=1 USD"]);
    assert_eq!(on.cost, Some(Cost { budget: Money::from_usd(1), ..Cost::default() }));
}

#[test]
fn names_keep_the_order_of_the_file() {
    let (toy, _) =
        toy("[strategy.z]\nnever={}\nqueue=1\n[strategy.a]\nnever={}\nqueue=2\n[strategy.m]\nnever={}\nqueue=3\n", &[]);
    assert_eq!(toy.strategy.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["z", "a", "m"]);
}

#[test]
fn a_child_overrides_its_bases() {
    let (toy, loaded) = file("child.toml", &[]);
    // The grandparent's, the parent's and the child's.
    assert_eq!((toy.seed, toy.name.as_deref()), (1, Some("parent")));
    assert_eq!(toy.tiers, ["only this one"]);
    // The child chose another kind than the grandparent; the parent had none.
    assert_eq!(*arrivals(&toy), poisson(7, 1));
    assert_eq!(toy.traffic.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["chat", "reports", "late"]);
    assert_eq!(toy.traffic[0].1.share, Share::from_hundred_millionths(25_000_000));
    assert_eq!(loaded.place("seed"), "tests/golden/reading/bases/grandparent.toml:2");
    assert_eq!(loaded.place("name"), "tests/golden/reading/bases/parent.toml:2");
}

#[test]
fn a_kind_that_comes_back_brings_nothing_from_before() {
    // The grandparent says gamma with a cv, the child poisson: gamma starts afresh.
    let set = ["traffic.chat.arrivals.gamma.rate=3/min"];
    let failure = read(&golden::folder("reading").join("child.toml"), &set.map(str::to_owned), &mut Toy::default());
    let failure = failure.expect_err("the cv is missing").to_string();
    assert!(failure.contains("missing key `cv` in `traffic.chat.arrivals.gamma`"), "{failure}");
}

#[test]
fn the_later_of_two_bases_wins() {
    let (toy, _) = file("two-bases.toml", &[]);
    assert_eq!((toy.seed, toy.name.as_deref(), toy.verbose), (2, Some("second"), true));
    assert_eq!(*arrivals(&toy), poisson(2, 1));
}

#[test]
fn a_marked_file_with_windows_line_ends_is_read() {
    let (toy, loaded) = file("windows.toml", &[]);
    assert_eq!((toy.seed, toy.name.as_deref()), (7, Some("x")));
    assert_eq!(loaded.place("seed"), "tests/golden/reading/windows.toml:3");
}

#[test]
fn places_are_found_by_path() {
    let (_, loaded) = toy("tiers = [\"a\", \"b\"]\n[traffic.\"night shift\"]\narrivals.silent = {}\n", &[]);
    let text = |origin: ratecast::scenario::Origin| &loaded.sources.get(origin.source).text[origin.start..origin.end];
    assert_eq!(text(loaded.at("tiers")), "[\"a\", \"b\"]");
    assert_eq!(text(loaded.item("tiers", 1)), "\"b\"");
    assert_eq!(text(loaded.item("tiers", 9)), "[\"a\", \"b\"]");
    assert_eq!(text(loaded.at("traffic.\"night shift\".share")), "[traffic.\"night shift\"]");
    assert_eq!(text(loaded.at("traffic.'night shift'.arrivals.silent")), "{}");
    assert_eq!(text(loaded.at("window.until")), "");
    assert_eq!(loaded.at("no..path").start, 0);
    assert!(loaded.states("tiers") && !loaded.states("window.until"));
}

#[test]
fn the_resolved_scenario_says_where_everything_came_from() {
    let (mut toy, loaded) = file("child.toml", &["window.until=2min", "traffic.late.share=5%"]);
    toy.strategy[0].1.retry =
        Retry::Backoff(Backoff { jitter: Jitter { share: Share::ONE, fixed: vec![0.5, 1e300] }, ..Backoff::default() });
    golden::one("reading", "child.resolved", &resolved::print(&mut toy, Some(&loaded)));
}

#[test]
fn values_are_found_by_path() {
    let (mut toy, _) = toy("traffic.\"a b\".arrivals.poisson = \"3/min\"", &[]);
    assert_eq!(resolved::get(&mut toy, "traffic.'a b'.arrivals.poisson.rate").as_deref(), Some("\"3/min\""));
    assert_eq!(resolved::get(&mut toy, "traffic.'a b'.arrivals.gamma.rate"), None);
    assert_eq!(resolved::get(&mut toy, "no..path"), None);
    let paths = resolved::paths(&mut toy);
    assert!(paths.contains(&("window.until".into(), "\"1min\"".into())), "{paths:?}");
}
