//! The built-in tiers: sourced, dated, and with the figures that their sources publish.

use crate::program::{Program, ratecast};
use jiff::civil::{Date, date};
use ratecast::limiter::{Limiter, LimiterModel, Verdict};
use ratecast::plan::{Options, forecast};
use ratecast::protocol::Labels;
use ratecast::provider::{LimitSpec, Tier};
use ratecast::scenario::{catalog, load_text, read_text, resolved};
use ratecast::units::{Civil, Money, SimDuration, SimTime, TokenPrice};

fn tier(name: &str) -> Tier {
    catalog::tier(name).unwrap_or_else(|| panic!("there is no tier `{name}`"))
}

#[test]
fn every_tier_is_sourced_dated_and_graded() {
    for name in catalog::names() {
        let tier = tier(name);
        assert!([&tier.summary, &tier.source].iter().all(|text| !text.trim().is_empty()), "{name}");
        assert!(tier.provider.is_some() && tier.model.is_some() && tier.confidence.is_some(), "{name}");
        let dated = tier.dated().unwrap_or_else(|| panic!("{name}: `{}` is no date", tier.as_of));
        assert!((date(2022, 1, 1)..date(2027, 1, 1)).contains(&dated), "{name}: {dated}");
        assert!(!tier.limits.is_empty(), "{name}");
        assert!(tier.notes.as_ref().is_some_and(|notes| !notes.is_empty()), "{name} says what it leaves out");
        let names_a_document = ["https://", "guide", "429 bodies", "catalogue", "secondary copies", "headers of one"]
            .iter()
            .any(|word| tier.source.contains(word));
        assert!(names_a_document, "{name}: {}", tier.source);
    }
}

#[test]
fn what_is_disputed_says_how() {
    for name in catalog::names() {
        let tier = tier(name);
        let is_disputed = resolved::print(&mut tier.clone(), None).contains("\"disputed\"");
        let explains = |note: &String| {
            [", 800k in", "1,500 in 2024", "20k to 25k", "a later copy"].iter().any(|how| note.contains(how))
        };
        assert!(!is_disputed || tier.notes.iter().flatten().any(explains), "{name}");
    }
}

#[test]
fn every_tier_reads_back_as_printed() {
    for name in catalog::names() {
        let mut tier = tier(name);
        let mut back = Tier::default();
        read_text(name, &resolved::print(&mut tier, None), &[], &mut back)
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(back, tier, "{name}");
    }
}

#[test]
fn dates_may_be_years_and_months() {
    let dated = |as_of: &str| Tier { as_of: as_of.to_owned(), ..Tier::default() }.dated();
    assert_eq!(dated("2024"), Some(date(2024, 1, 1)));
    assert_eq!(dated("2022-11"), Some(date(2022, 11, 1)));
    assert_eq!(dated("2025-09-05"), Some(date(2025, 9, 5)));
    assert_eq!(["", "last", "2025-13", "2025-02-30", "soon enough"].map(dated), [None; 5]);
    let tier = Tier { as_of: "2025-09-05".to_owned(), ..Tier::default() };
    assert_eq!(tier.days_old(date(2025, 12, 5)), Some(91));
}

/// The names in the warning that figures are old on a day.
fn old_on(today: Date, tiers: &[(&str, Tier)]) -> Option<String> {
    catalog::old_figures(tiers.iter().map(|(name, tier)| (*name, tier)), today).map(|warning| warning.message)
}

#[test]
fn figures_are_old_after_ninety_days() {
    let of = |as_of: &str| Tier { as_of: as_of.to_owned(), ..Tier::default() };
    let past = Tier { superseded_by: Some("month".to_owned()), ..of("2024-11") };
    let tiers = [
        ("day", of("2026-08-20")),
        ("month", of("2026-09")),
        ("own", of("")),
        ("ahead", of("2027-01-01")),
        ("past", past),
    ];
    assert_eq!(old_on(date(2026, 11, 18), &tiers), None);
    let old = |names: &str| Some(format!("figures of tiers are more than 90 days old: {names}"));
    assert_eq!(old_on(date(2026, 11, 19), &tiers), old("`day`"));
    assert_eq!(old_on(date(2026, 11, 30), &tiers), old("`day`"), "a month counts from its first day");
    assert_eq!(old_on(date(2026, 12, 1), &tiers), old("`day`, `month`"));
}

#[test]
fn tiers_of_the_past_name_one_of_today() {
    let mut past = 0;
    for (name, since) in catalog::names().filter_map(|name| Some((name, tier(name).superseded_by?))) {
        let today = catalog::tier(&since).unwrap_or_else(|| panic!("{name}: there is no tier `{since}`"));
        assert!(today.superseded_by.is_none() && today.dated() > tier(name).dated(), "{name}: {since}");
        assert_eq!(today.provider, tier(name).provider, "{name}: {since}");
        past += 1;
    }
    assert!(past > 10, "{past}");
}

#[test]
fn check_tells_which_tiers_are_of_the_past_and_nothing_nags() {
    let scenario = "duration = \"10min\"\nreplications = 2\ntiers = [\"claude-free\", \"anthropic-2025-tier1\", \"groq-free\"]\n\
                    [traffic.app]\narrivals.poisson = { rate = \"1/min\" }\n";
    let ended = |command| Program::new([command, "s.toml", "--today", "2026-10-02"]).file("s.toml", scenario).ended();
    let told = "s.toml: ok\n  of the past: claude-free of 2023 (now anthropic-start),\n  \
                anthropic-2025-tier1 of 2025-11-08 (now anthropic-start)\n";
    let (check, run) = (ended("check"), ended("run"));
    assert_eq!((check.stdout.as_str(), check.stderr.as_str()), (told, ""));
    assert!(!run.stderr.contains("days old"), "{}", run.stderr);
}

/// The program is told the day: what it prints as a result is the same on all of them.
#[test]
fn the_program_warns_of_old_figures_and_its_result_does_not_depend_on_the_day() {
    let scenario = "duration = \"10min\"\nreplications = 2\ntiers = [\"cohere-trial\", \"groq-free\"]\n\
                    [traffic.app]\narrivals.poisson = { rate = \"5/min\" }\n";
    let mut results = Vec::new();
    for (command, rest) in [("run", &["--no-progress"][..]), ("check", &["--resolved"])] {
        for (today, warned) in [
            ("2026-10-02", &[][..]),
            ("2026-12-01", &["`cohere-trial`"]),
            ("2027-02-01", &["`cohere-trial`", "`groq-free`"]),
        ] {
            let arguments = [command, "s.toml", "--today", today].into_iter().chain(rest.iter().copied());
            let ended = Program::new(arguments).file("s.toml", scenario).ended();
            let names = ["`cohere-trial`", "`groq-free`"].into_iter().filter(|name| ended.stderr.contains(name));
            assert_eq!(names.collect::<Vec<_>>(), warned, "{command} {today}: {}", ended.stderr);
            assert_eq!(ended.stderr.contains("s.toml:3:9"), !warned.is_empty(), "{}", ended.stderr);
            results.push((command, ended.status, ended.stdout));
        }
    }
    results.dedup();
    assert_eq!(results.len(), 2, "one result for each command");
}

#[test]
fn tiers_are_shown_with_a_warning_when_they_are_old() {
    let warned = |arguments: &[&str]| {
        let ended = ratecast(arguments);
        assert_eq!(ended.status, 0, "{}", ended.stderr);
        ended.stderr.contains("more than 90 days old")
    };
    assert!(warned(&["tiers", "cohere-trial", "--today", "2026-12-01"]));
    assert!(!warned(&["tiers", "cohere-trial", "--today", "2026-10-01"]));
    assert!(warned(&["tiers", "--today", "2026-10-01"]), "some of today are of January");
    assert!(!warned(&["tiers", "--today", "2026-03-31"]));
    assert!(!warned(&["tiers", "claude-free", "--today", "2026-10-01"]), "of the past");
    let wrong = ratecast(["tiers", "--today", "tomorrow"]);
    assert_eq!((wrong.status, wrong.stdout.as_str()), (2, ""));
}

/// Tier, and what its source publishes: the limits in the order of the file, and cents per million
/// tokens in and out, 0 where no price is stated.
const PUBLISHED: &[(&str, &str, i128, i128)] = &[
    ("claude-free", "10/min, 5k/month", 0, 0),
    ("claude-paid", "60/min, 250k/month", 0, 0),
    ("openai-gpt3", "60/min", 2000, 2000),
    ("anthropic-2024-free", "5/min bucket, 20000/min bucket total-tokens, 12500/h bucket total-tokens", 0, 0),
    ("anthropic-2024-tier1", "50/min bucket, 40000/min bucket total-tokens, 1000000/d bucket total-tokens", 0, 0),
    ("anthropic-2024-tier2", "1000/min bucket, 80000/min bucket total-tokens, 2500000/d bucket total-tokens", 0, 0),
    ("anthropic-2024-tier3", "2000/min bucket, 160000/min bucket total-tokens, 5000000/d bucket total-tokens", 0, 0),
    ("anthropic-2024-tier4", "4000/min bucket, 400000/min bucket total-tokens, 10000000/d bucket total-tokens", 0, 0),
    (
        "anthropic-2025-tier1",
        "50/min bucket, 30000/min bucket uncached-input-tokens, 8000/min bucket output-tokens, 100 USD/month, 100000 in flight",
        300,
        1500,
    ),
    (
        "anthropic-2025-tier2",
        "1000/min bucket, 450000/min bucket uncached-input-tokens, 90000/min bucket output-tokens, 500 USD/month, 200000 in flight",
        300,
        1500,
    ),
    (
        "anthropic-2025-tier3",
        "2000/min bucket, 800000/min bucket uncached-input-tokens, 160000/min bucket output-tokens, 1000 USD/month, 300000 in flight",
        300,
        1500,
    ),
    (
        "anthropic-2025-tier4",
        "4000/min bucket, 2000000/min bucket uncached-input-tokens, 400000/min bucket output-tokens, 5000 USD/month, 500000 in flight",
        300,
        1500,
    ),
    (
        "anthropic-start",
        "1000/min bucket, 2000000/min bucket uncached-input-tokens, 400000/min bucket output-tokens, 500 USD/month, 200000 in flight",
        200,
        1000,
    ),
    (
        "anthropic-build",
        "5000/min bucket, 5000000/min bucket uncached-input-tokens, 1000000/min bucket output-tokens, 1000 USD/month, 300000 in flight",
        200,
        1000,
    ),
    (
        "anthropic-scale",
        "10000/min bucket, 10000000/min bucket uncached-input-tokens, 2000000/min bucket output-tokens, 200000 USD/month, 500000 in flight",
        200,
        1000,
    ),
    (
        "openai-2024-tier1",
        "500/min bucket, 30000/min bucket total-tokens, 100 USD/month, 90000 in flight input-tokens",
        250,
        1000,
    ),
    (
        "openai-2024-tier2",
        "5000/min bucket, 450000/min bucket total-tokens, 500 USD/month, 1350000 in flight input-tokens",
        250,
        1000,
    ),
    (
        "openai-2024-tier3",
        "5000/min bucket, 800000/min bucket total-tokens, 1000 USD/month, 50000000 in flight input-tokens",
        250,
        1000,
    ),
    ("openai-2024-tier4", "10000/min bucket, 2000000/min bucket total-tokens, 5000 USD/month", 250, 1000),
    (
        "openai-2024-tier5",
        "10000/min bucket, 30000000/min bucket total-tokens, 200000 USD/month, 5000000000 in flight input-tokens",
        250,
        1000,
    ),
    (
        "openai-tier1",
        "500/min bucket, 500000/min bucket total-tokens, 100 USD/month, 1500000 in flight input-tokens",
        200,
        1000,
    ),
    (
        "openai-tier2",
        "5000/min bucket, 1000000/min bucket total-tokens, 500 USD/month, 3000000 in flight input-tokens",
        200,
        1000,
    ),
    (
        "openai-tier3",
        "5000/min bucket, 2000000/min bucket total-tokens, 1000 USD/month, 100000000 in flight input-tokens",
        200,
        1000,
    ),
    (
        "openai-tier4",
        "10000/min bucket, 4000000/min bucket total-tokens, 5000 USD/month, 200000000 in flight input-tokens",
        200,
        1000,
    ),
    (
        "openai-tier5",
        "15000/min bucket, 40000000/min bucket total-tokens, 200000 USD/month, 15000000000 in flight input-tokens",
        200,
        1000,
    ),
    ("gemini-2025-free", "10/min, 250k/min input-tokens, 250/day", 0, 0),
    ("gemini-2025-tier1", "1k/min, 1M/min input-tokens, 10k/day", 30, 250),
    ("gemini-2025-tier2", "2k/min, 3M/min input-tokens, 100k/day", 30, 250),
    ("gemini-2025-tier3", "10k/min, 8M/min input-tokens", 30, 250),
    ("gemini-free-2026", "5/min, 250k/min input-tokens, 20/day", 0, 0),
    ("gemini-tier1", "10 USD/10min sliding, 250 USD/month, 3000000 in flight input-tokens", 75, 375),
    ("gemini-tier2", "50 USD/10min sliding, 2000 USD/month, 400000000 in flight input-tokens", 75, 375),
    ("gemini-tier3", "200 USD/10min sliding, 20000 USD/month, 1000000000 in flight input-tokens", 75, 375),
    ("bedrock-runtime", "10000/min bucket, 6000000/min bucket total-tokens, 8640M/day total-tokens", 0, 0),
    ("bedrock-mantle", "3000000/min bucket uncached-input-tokens, 300000/min bucket output-tokens", 0, 0),
    ("azure-chat-100k", "600/min by 1s, 100k/min total-tokens", 0, 0),
    ("azure-gpt-1m", "1k/min by 1s, 1M/min total-tokens", 0, 0),
    ("cohere-trial", "20/min, 1k/month, 2k/min, 5/min, 5/min, 10/min, 100/min, 500/min", 0, 0),
    ("cohere-trial-rerank", "10/min, 1k/month", 0, 0),
    ("cohere-production", "500/min, 2k/min, 400/min, 50/min, 1k/min, 2k/min, 500/min", 0, 0),
    ("cohere-production-rerank", "1k/min", 0, 0),
    ("ai21", "10/s, 200/min", 0, 0),
    ("hugging-face-anonymous", "500/5min", 0, 0),
    ("hugging-face-free", "1k/5min", 0, 0),
    ("hugging-face-pro", "2500/5min", 0, 0),
    ("hugging-face-team", "3k/5min", 0, 0),
    ("hugging-face-enterprise", "6k/5min", 0, 0),
    ("hugging-face-enterprise-plus", "10k/5min", 0, 0),
    ("hugging-face-inference-free", "0.1 USD/month", 0, 0),
    ("mistral-observed", "60/min, 50k/min total-tokens, 4M/month total-tokens", 0, 0),
    ("groq-free", "30/min bucket, 1000/d bucket, 12000/min bucket total-tokens, 100000/d bucket total-tokens", 0, 0),
    (
        "groq-free-gpt-oss",
        "30/min bucket, 1000/d bucket, 8000/min bucket total-tokens, 200000/d bucket total-tokens",
        0,
        0,
    ),
    ("groq-developer", "1000/min bucket, 500000/d bucket, 300000/min bucket total-tokens", 0, 0),
    ("openrouter-free", "20/min, 50/day", 0, 0),
    ("openrouter-free-credit", "20/min, 1k/day", 0, 0),
];

#[test]
fn published_figures_are_in_the_catalogue_exactly() {
    assert!(
        catalog::names().all(|name| PUBLISHED.iter().any(|(known, ..)| *known == name)),
        "a tier is not in the table"
    );
    for &(name, limits, input, output) in PUBLISHED {
        let tier = tier(name);
        let labels: Vec<String> = tier.limits.iter().map(|(_, limit): &(String, LimitSpec)| limit.label()).collect();
        assert_eq!(labels.join(", "), limits, "{name}");
        let cents = |cents| TokenPrice(Money::from_picos(cents * 10_000));
        assert_eq!((tier.price.input, tier.price.output), (cents(input), cents(output)), "{name}");
    }
}

/// A thousand tokens in, a quarter of that out, once a minute for an hour: no limit of less than a day is in the way, and
/// the smallest quota of a day lets twenty through.
#[test]
fn every_tier_answers_ordinary_traffic() {
    for name in catalog::names() {
        let text = format!(
            "duration = \"1h\"\nreplications = 1\ntiers = [\"{name}\"]\nstrategy.once.retry.none = {{}}\n[traffic.app]\n\
             arrivals.constant = {{ rate = \"1/min\" }}\nmax-tokens = 1000\n\
             input-tokens.constant = {{ value = 1000 }}\noutput-tokens.constant = {{ value = 250 }}\n"
        );
        let ready = load_text("ordinary.toml", &text, &[]).unwrap_or_else(|failure| panic!("{name}\n{failure}"));
        let forecast = forecast(&ready.scenario, Options::default()).unwrap_or_else(|error| panic!("{name}: {error}"));
        let record = &forecast.cells[0].record;
        for ((limit, spec), seen) in tier(name).limits.iter().zip(&record.limits) {
            let is_short = spec.limiter.period() < SimDuration::from_secs(86_400);
            assert!(seen.refused == 0 || !is_short, "{name}: {limit} refused {} calls", seen.refused);
        }
        assert!(record.total().served() >= 20, "{name} answers {} of 60", record.total().served());
    }
}

/// The limits a minute of Cohere's endpoints, of trial and of production keys.
#[test]
fn each_endpoint_of_cohere_has_a_limit_of_its_own() {
    let of = |name: &str, endpoint: &str| -> Vec<String> {
        let labels = Labels { endpoint: Some(endpoint.to_owned()), ..Labels::default() };
        let tier = tier(name);
        let counts = |(_, limit): &&(String, LimitSpec)| limit.counts_calls(&labels);
        tier.limits.iter().filter(counts).map(|(_, limit)| limit.label()).collect()
    };
    for (endpoint, trial, production) in [
        ("chat", "20/min", "500/min"),
        ("embed", "2k/min", "2k/min"),
        ("embed-images", "5/min", "400/min"),
        ("embed-jobs", "5/min", "50/min"),
        ("rerank", "10/min", "1k/min"),
        ("tokenize", "100/min", "2k/min"),
        ("other", "500/min", "500/min"),
    ] {
        let mut all = of("cohere-trial", endpoint);
        all.retain(|limit| limit != "1k/month");
        assert_eq!((all, of("cohere-trial", endpoint).len()), (vec![trial.to_owned()], 2), "{endpoint}");
        assert_eq!(of("cohere-production", endpoint), [production], "{endpoint}");
    }
}

/// What the reference says of batches: they meet the limit of their queue and no other but that on spend.
#[test]
fn batches_have_limits_of_their_own() {
    let labels = |endpoint: Option<&str>| Labels { endpoint: endpoint.map(str::to_owned), ..Labels::default() };
    let mut seen = 0;
    for name in catalog::names().filter(|name| tier(name).price.batch.is_some()) {
        let tier = tier(name);
        let counted = |endpoint| -> Vec<&str> {
            let counts = |(_, limit): &&(String, LimitSpec)| limit.counts_calls(&labels(endpoint));
            tier.limits.iter().filter(counts).map(|(limit, _)| limit.as_str()).collect()
        };
        let (ordinary, batch) = (counted(None), counted(Some("batch")));
        assert_eq!(ordinary, counted(Some("chat")), "{name}");
        assert!(
            batch.iter().all(|limit| limit.starts_with("spend-") || limit.starts_with("batch-")),
            "{name}: {batch:?}"
        );
        assert!(ordinary.iter().all(|limit| !limit.starts_with("batch-")), "{name}: {ordinary:?}");
        seen += 1;
    }
    assert_eq!(seen, 20);
}

/// Gemini's day begins at midnight in California: at 08:00 UTC in winter and at 07:00 in summer. The days on which clocks
/// change are 23 and 25 hours long.
#[test]
fn geminis_day_is_23_or_25_hours_long_when_clocks_change() {
    let free = tier("gemini-2025-free");
    let (_, daily) = free.limits.iter().find(|(name, _)| name == "requests-per-day").unwrap();
    let hours = |hours: u64| SimDuration::from_secs(3_600 * hours);
    // Midnight in UTC, and the hours from there to the midnights of California.
    for (start, first, length, next) in [
        ("2026-03-07T00:00:00Z", 8, 24, 23), // the day before
        ("2026-03-08T00:00:00Z", 8, 23, 24), // to summer time
        ("2026-03-09T00:00:00Z", 7, 24, 24),
        ("2026-10-31T00:00:00Z", 7, 24, 25),
        ("2026-11-01T00:00:00Z", 7, 25, 24), // and back
        ("2026-11-02T00:00:00Z", 8, 24, 24),
    ] {
        let mut state = daily.limiter.start(&Civil::parse(start).unwrap());
        let mut reset = SimTime::ZERO;
        for gap in [first, length, next] {
            let now = reset;
            reset = now + hours(gap);
            for _ in 0..250 {
                assert_eq!(state.verdict(now, 1), Verdict::Admit, "{start}");
                state.charge(now, 1);
            }
            let just_before = SimTime::from_nanos(reset.as_nanos() - 1);
            for refused in [now, just_before] {
                assert_eq!(state.verdict(refused, 1), Verdict::RetryAt(reset), "{start} at {refused:?}");
            }
        }
        assert_eq!(state.verdict(reset, 250), Verdict::Admit, "{start}");
    }
}
