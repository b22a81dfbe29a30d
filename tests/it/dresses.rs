//! One stretch of traffic in the layouts that users have: each must give the same requests, or say what it cannot know.

use crate::traces::{complaint, recorded};
use ratecast::traffic::replay::{
    DateOrder, Replay, Spread, Thousands, TraceFormat, TraceReader, TraceRow, TraceSummary, describe,
};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A request: arrival in nanoseconds since 1970, or since the first where the origin is lost, and its tokens.
type Request = (i64, Option<u32>, Option<u32>);

fn dress(name: &str) -> Option<PathBuf> {
    recorded(&format!("dresses/{name}"))
}

fn read(path: &Path, spec: &Replay) -> (Vec<TraceRow>, TraceSummary, i64) {
    let summary = describe(path, spec).unwrap_or_else(|error| panic!("{error}; {}", error.help));
    let (mut reader, mut rows) = (TraceReader::open(path, spec).unwrap(), Vec::new());
    while reader.read(&mut rows, 97).unwrap() > 0 {}
    assert_eq!(rows.len() as u64, summary.rows);
    let begins = summary.begins.as_ref().map_or(0, |civil| {
        let text = civil.to_string();
        let stamp = text.split('[').next().unwrap();
        stamp.parse::<jiff::Timestamp>().unwrap().as_nanosecond() as i64
    });
    (rows, summary, begins)
}

fn requests(path: &Path, spec: &Replay) -> Vec<Request> {
    let (rows, _, begins) = read(path, spec);
    let tokens = |count: Option<ratecast::units::Tokens>| count.map(|count| count.get());
    rows.iter().map(|row| (begins + row.at.as_nanos() as i64, tokens(row.input), tokens(row.output))).collect()
}

fn expected() -> Option<Vec<Request>> {
    let text = std::fs::read_to_string(dress("expected.csv")?).unwrap();
    let request = |line: &str| {
        let cells: Vec<i64> = line.split(',').map(|cell| cell.parse().unwrap()).collect();
        (cells[0] * 1_000, Some(cells[1] as u32), Some(cells[2] as u32))
    };
    Some(text.lines().skip(1).map(request).collect())
}

/// How a file of requests may differ from the expected ones.
struct Dress {
    name: &'static str,
    format: TraceFormat,
    /// Nanoseconds by which an arrival may be off.
    tolerance: i64,
    /// Whether times count from the first request.
    is_relative: bool,
    has_tokens: bool,
}

const NANOS: i64 = 1;
const MICRO: i64 = 1_000;
const MILLI: i64 = 1_000_000;
const SECOND: i64 = 1_000_000_000;

fn of_requests() -> Vec<Dress> {
    let dress = |name, format, tolerance| Dress { name, format, tolerance, is_relative: false, has_tokens: true };
    let relative = |name, format, tolerance| Dress { is_relative: true, ..dress(name, format, tolerance) };
    let bare = |name, format, tolerance| Dress { has_tokens: false, ..dress(name, format, tolerance) };
    vec![
        dress("azure2024.csv", TraceFormat::AzureLlm, SECOND),
        dress("azure_lmm2025.csv", TraceFormat::AzureLmm, MILLI / 2),
        relative("burstgpt3.csv", TraceFormat::BurstGpt, SECOND),
        relative("mooncake.jsonl", TraceFormat::Mooncake, MILLI),
        relative("bailian.jsonl", TraceFormat::Bailian, MILLI),
        dress("epoch_s_float.csv", TraceFormat::Table, MICRO),
        dress("epoch_ms.csv", TraceFormat::Table, MILLI / 2),
        dress("epoch_ns.csv", TraceFormat::Table, 0),
        dress("tz_plus0900.csv", TraceFormat::Table, 0),
        dress("shuffled.csv", TraceFormat::Table, 0),
        dress("litellm_spendlogs.csv", TraceFormat::LiteLlm, 0),
        dress("openrouter_activity.csv", TraceFormat::OpenRouter, MILLI / 2),
        dress("claude_code_session.jsonl", TraceFormat::ClaudeCode, MILLI / 2),
        dress("bedrock_invocations.jsonl", TraceFormat::Bedrock, SECOND),
        dress("cloudflare_aig_logs.json", TraceFormat::CloudflareAig, MILLI / 2),
        dress("otlp_spans.jsonl", TraceFormat::Otlp, 0),
        bare("nginx_combined.log", TraceFormat::AccessLog, SECOND),
        bare("nginx_msec.jsonl", TraceFormat::NginxJson, MILLI + NANOS),
        bare("alb.log", TraceFormat::Alb, 0),
        bare("vegeta.csv", TraceFormat::Vegeta, 0),
        bare("browser.har", TraceFormat::Har, MILLI / 2),
        bare("jmeter.jtl", TraceFormat::JMeter, MILLI / 2),
    ]
}

#[test]
fn every_dress_of_requests_gives_the_requests() {
    let Some(expected) = expected() else { return };
    for Dress { name, format, tolerance, is_relative, has_tokens } in of_requests() {
        let Some(path) = dress(name) else { return };
        let summary = describe(&path, &Replay::default()).unwrap_or_else(|error| panic!("{error}; {}", error.help));
        assert_eq!(summary.detected.format, format, "{name}");
        let found = requests(&path, &Replay::default());
        assert_eq!(found.len(), expected.len(), "{name}");
        let (origin, found_origin) = if is_relative { (expected[0].0, found[0].0) } else { (0, 0) };
        // Rows within the tolerance of each other may change places, so both sides are sorted with what they hold.
        let place = |request: &Request, origin: i64| (request.0 - origin, request.1, request.2);
        let mut left: BTreeMap<(Option<u32>, Option<u32>), Vec<i64>> = BTreeMap::new();
        for request in &expected {
            let (at, input, output) = place(request, origin);
            let tokens = if has_tokens { (input, output) } else { (None, None) };
            left.entry(tokens).or_default().push(at);
        }
        for request in &found {
            let (at, input, output) = place(request, found_origin);
            let same = left.get_mut(&(input, output)).unwrap_or_else(|| panic!("{name}: {request:?} is not expected"));
            let near = same.iter().position(|expected| expected.abs_diff(at) <= tolerance as u64);
            same.remove(near.unwrap_or_else(|| panic!("{name}: {request:?} is not within {tolerance} ns of any")));
        }
        assert!(left.values().all(Vec::is_empty), "{name}");
        // The format by its name gives the same.
        let stated = Replay { format, ..Replay::default() };
        assert_eq!(requests(&path, &stated), found, "{name}");
    }
}

#[test]
fn what_a_dress_was_read_as_is_said() {
    let detected = |name: &str| Some(describe(&dress(name)?, &Replay::default()).unwrap().detected);
    let Some(claude) = detected("claude_code_session.jsonl") else { return };
    assert_eq!(
        claude.skipped.iter().map(|(what, _)| what.as_str()).collect::<Vec<_>>(),
        ["lines of users, tools and summaries"]
    );
    assert!(claude.repeated > 0, "{claude}");
    assert_eq!(claude.records, 600 + claude.repeated + claude.skipped[0].1);
    let Some(k6) = detected("k6.csv") else { return };
    assert_eq!(k6.skipped, [("rows of other metrics".to_owned(), 1_200)]);
    let Some(openrouter) = detected("openrouter_activity.csv") else { return };
    assert_eq!((openrouter.steps_back, openrouter.ties), (596, 3));
    let Some(burst) = detected("burstgpt3.csv") else { return };
    assert!(burst.ties > 100 && !burst.is_absolute, "{burst}");
    assert_eq!(burst.smallest_step.unwrap().as_nanos(), SECOND as u64);
    let text = burst.to_string();
    assert!(
        text.starts_with("format: burstgpt (table)\ntime: `Timestamp`\ninput tokens: `Request tokens`\n"),
        "{text}"
    );
    assert!(text.contains("clock: time since the log's own zero in seconds\nrecords: 600\n"), "{text}");
}

#[test]
fn cached_tokens_are_a_part_of_the_input() {
    for (name, share) in [("claude_code_session.jsonl", 0.5), ("openrouter_activity.csv", 0.1)] {
        let Some(path) = dress(name) else { return };
        let (rows, summary, _) = read(&path, &Replay::default());
        assert!(rows.iter().all(|row| row.cached <= row.input), "{name}");
        assert!(summary.cached.total as f64 > share * summary.input.total as f64, "{name}: {:?}", summary.cached);
    }
}

#[test]
fn stamps_of_completion_without_durations_are_late_by_them() {
    let (Some(path), Some(expected)) = (dress("k6.csv"), expected()) else { return };
    let found = requests(&path, &Replay::default());
    assert_eq!(found.len(), expected.len());
    // The longest request took less than half a minute; each is stamped when it was done, to the second above.
    for (found, expected) in found.iter().zip(&expected) {
        let late = found.0 - expected.0;
        assert!((-SECOND..60 * SECOND).contains(&late), "{found:?} {expected:?}");
    }
    let total = |requests: &[Request]| requests.iter().map(|request| i128::from(request.0)).sum::<i128>();
    assert!(total(&found) > total(&expected));
}

#[test]
fn missing_tokens_are_missing() {
    let (Some(path), Some(expected)) = (dress("missing_tokens.csv"), expected()) else { return };
    let found = requests(&path, &Replay::default());
    let missing = |count: fn(&Request) -> Option<u32>| found.iter().filter(|request| count(request).is_none()).count();
    assert_eq!((missing(|request| request.1), missing(|request| request.2)), (55, 47));
    for (found, expected) in found.iter().zip(&expected) {
        assert_eq!(found.0, expected.0);
        assert!(found.1.is_none() || found.1 == expected.1);
        assert!(found.2.is_none() || found.2 == expected.2);
    }
}

#[test]
fn failures_are_load_too() {
    let (Some(path), Some(expected)) = (dress("litellm_spendlogs_with_failures.csv"), expected()) else { return };
    let found = requests(&path, &Replay::default());
    let (failed, served): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|request| (request.1, request.2) == (Some(0), Some(0)));
    assert_eq!(failed.len(), 21);
    assert_eq!(served, expected);
}

#[test]
fn the_hard_table_asks_and_is_then_read_right() {
    let (Some(path), Some(expected)) = (dress("bom_crlf_semicolon.csv"), expected()) else { return };
    let asked = complaint(&path, &Replay::default(), "log.csv");
    assert_eq!(
        asked,
        "`log.csv`, line 8, column `Input Tokens`: `1.313` is not a token count; \
         say what groups the digits: `thousands = \".\"`, `\",\"` or `\"none\"`"
    );
    let spec = Replay { thousands: Some(Thousands::Point), ..Replay::default() };
    assert_eq!(requests(&path, &spec), expected);
    let wrong = Replay { date_order: Some(DateOrder::MonthFirst), ..spec };
    assert_eq!(
        complaint(&path, &wrong, "log.csv").split(';').next(),
        Some("`log.csv`, line 2, column `Date`: `16/11/2023 18:15:46.680590` is not a time: there is no month 16")
    );
}

/// The counts of each minute: its start in seconds since 1970, requests, input and output.
type Minutes = BTreeMap<i64, (u64, u64, u64)>;

fn expected_minutes() -> Option<Minutes> {
    let text = std::fs::read_to_string(dress("expected_1m.csv")?).unwrap();
    let minute = |line: &str| {
        let cells: Vec<i64> = line.split(',').map(|cell| cell.parse().unwrap()).collect();
        (cells[0], (cells[1] as u64, cells[2] as u64, cells[3] as u64))
    };
    Some(text.lines().skip(1).map(minute).filter(|(_, counts)| counts.0 > 0).collect())
}

fn minutes(path: &Path, spec: &Replay) -> Minutes {
    let mut minutes = Minutes::new();
    for (at, input, output) in requests(path, spec) {
        let counts = minutes.entry(at / SECOND / 60 * 60).or_default();
        counts.0 += 1;
        counts.1 += u64::from(input.unwrap_or_default());
        counts.2 += u64::from(output.unwrap_or_default());
    }
    minutes
}

#[test]
fn every_dress_of_counts_gives_the_minutes() {
    let Some(expected) = expected_minutes() else { return };
    assert_eq!(expected.values().map(|counts| counts.0).sum::<u64>(), 19_366);
    for (name, format, has_tokens) in [
        ("openai_usage_1m.csv", TraceFormat::OpenAiUsage, true),
        ("openai_usage_1m.json", TraceFormat::OpenAiUsage, true),
        ("cloudwatch_requestcount_1m.csv", TraceFormat::CloudWatch, false),
        ("prometheus_query_range.json", TraceFormat::Prometheus, false),
    ] {
        let Some(path) = dress(name) else { return };
        for spread in [Spread::Even, Spread::Random] {
            let spec = Replay { spread, ..Replay::default() };
            let detected = describe(&path, &spec).unwrap().detected;
            assert!(detected.format == format && detected.is_counts, "{name}: {detected}");
            let found = minutes(&path, &spec);
            let counts = |minutes: &Minutes| minutes.iter().map(|(at, counts)| (*at, counts.0)).collect::<Vec<_>>();
            assert_eq!(counts(&found), counts(&expected), "{name}");
            assert!(!has_tokens || found == expected, "{name}");
        }
    }
}

#[test]
fn tokens_without_requests_need_a_size() {
    let (Some(path), Some(expected)) = (dress("anthropic_usage_1m.json"), expected_minutes()) else { return };
    assert_eq!(
        complaint(&path, &Replay::default(), "usage.json"),
        "`usage.json`: the log counts tokens and no requests; \
         say how many tokens a request has, as in `tokens-per-request = 1500`"
    );
    let spec = Replay { tokens_per_request: Some(1_366), ..Replay::default() };
    let found = minutes(&path, &spec);
    let tokens = |minutes: &Minutes| minutes.iter().map(|(at, counts)| (*at, counts.1, counts.2)).collect::<Vec<_>>();
    assert_eq!(tokens(&found), tokens(&expected));
    let requests: u64 = found.values().map(|counts| counts.0).sum();
    assert!((19_000..19_700).contains(&requests), "{requests}");
}

#[test]
fn spreads_repeat_and_differ_by_seed() {
    let Some(path) = dress("cloudwatch_requestcount_1m.csv") else { return };
    let random = |spread_seed| Replay { spread: Spread::Random, spread_seed, ..Replay::default() };
    let first = requests(&path, &random(1));
    assert_eq!(first, requests(&path, &random(1)));
    assert_ne!(first, requests(&path, &random(2)));
    assert!(first.is_sorted());
    // 19,366 places, uniform in their minutes: the mean of the offsets lies within 5 standard errors of 30 s
    // (1.25 s at most) in all but one of a million seeds.
    let mean = first.iter().map(|request| (request.0 / MILLI % 60_000) as f64).sum::<f64>() / first.len() as f64;
    assert!((mean - 30_000.0).abs() < 5.0 * 17_321.0 / (first.len() as f64).sqrt(), "{mean}");
}

#[test]
fn both_members_of_a_packed_log_are_read() {
    let Some(path) = dress("azure_conv_two_members.csv.gz") else { return };
    let summary = describe(&path, &Replay::default()).unwrap();
    assert_eq!((summary.rows, summary.detected.packing.word()), (19_366, "gzip"));
}
