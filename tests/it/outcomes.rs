//! Which calls of a log failed, in the layouts that say so.

use crate::program::Program;
use crate::traces::{Scratch, recorded};
use ratecast::traffic::replay::{Replay, TraceFormat, TraceReader, TraceRow, describe};
use std::fs;
use std::path::Path;

fn rows(path: &Path, spec: &Replay) -> Vec<TraceRow> {
    let mut rows = Vec::new();
    let reader = TraceReader::with_outcomes(path, spec);
    let mut reader = reader.unwrap_or_else(|error| panic!("{error}; {}", error.help));
    while reader.read(&mut rows, 100).unwrap_or_else(|error| panic!("{error}; {}", error.help)) > 0 {}
    rows
}

/// Whether each row of `text` failed, in the order of time.
fn failed(text: &str, spec: &Replay) -> Vec<bool> {
    let file = Scratch::new("outcomes.log", text.as_bytes());
    rows(&file.0, spec).iter().map(|row| row.failed).collect()
}

#[test]
fn tables_say_it_in_many_ways() {
    let table = |column: &str, cells: [&str; 4]| {
        let row = |(at, cell): (usize, &&str)| format!("{at},10,20,{cell}\n");
        let rows: String = cells.iter().enumerate().map(row).collect();
        format!("t_s,input_tokens,output_tokens,{column}\n{rows}")
    };
    let found = |column: &str, cells| failed(&table(column, cells), &Replay::default());
    assert_eq!(found("status", ["200", "429", "0", "503"]), [false, true, false, true]);
    assert_eq!(found("Status Code", ["200 OK", "500", "", "201"]), [false, true, false, false]);
    assert_eq!(found("status", ["success", "failure", "Error", "timeout"]), [false, true, true, true]);
    assert_eq!(found("success", ["true", "false", "1", "0"]), [false, true, false, true]);
    assert_eq!(found("error", ["", "ThrottlingException", "null", "-"]), [false, true, false, false]);
    // What has the name of a status and is none.
    assert_eq!(found("status", ["shipped", "error", "on hold", "shipped"]), [false; 4]);
    let by_hand = Replay { status_column: Some("how".into()), ..Replay::default() };
    assert_eq!(failed(&table("how", ["ok", "failed", "429", "x"]), &by_hand), [false, true, true, false]);
    let csv = Replay { format: TraceFormat::Csv, time_column: Some("t_s".into()), ..by_hand };
    let csv = Replay { time_unit: Some(ratecast::traffic::replay::TimeUnit::Seconds), ..csv };
    assert_eq!(failed(&table("how", ["ok", "failed", "429", "x"]), &csv), [false, true, true, false]);
}

#[test]
fn so_do_objects() {
    let of = |member: &str| {
        let line = |at: u64, member: &str| format!("{{\"ts\": {at}000000000000{member}}}\n");
        failed(&(line(1, "") + &line(2, member) + &line(3, "")), &Replay::default())
    };
    for member in
        [r#", "status": 429"#, r#", "response": {"status": "500"}"#, r#", "success": false"#, r#", "error": "no""#]
    {
        // Only the second has it: the others say nothing and count as answered.
        assert_eq!(of(member), [false, true, false], "{member}");
    }
    assert_eq!(of(r#", "status": 200"#), [false; 3]);
    assert_eq!(of(r#", "error": null"#), [false; 3]);
}

/// A failure is put into one record of each layout that has a place for it.
#[test]
fn every_layout_that_has_a_status_is_asked() {
    let changes = [
        ("alb.log", " 200 200 ", " 429 - "),
        ("bedrock_invocations.jsonl", "\"operation\"", "\"errorCode\": \"ThrottlingException\", \"operation\""),
        ("browser.har", "\"status\": 200", "\"status\": 503"),
        ("cloudflare_aig_logs.json", "\"cached\": false, \"success\": true", "\"cached\": false, \"success\": false"),
        ("jmeter.jtl", ",text,true,", ",text,false,"),
        ("k6.csv", ",default,,200,", ",default,,0,"),
        ("nginx_combined.log", "\" 200 ", "\" 502 "),
        ("nginx_msec.jsonl", "\"status\": \"200\"", "\"status\": \"429\""),
        ("openrouter_activity.csv", ",stop,stop,", ",stop,error,"),
        ("otlp_spans.jsonl", "\"kind\": 3,", "\"kind\": 3, \"status\": {\"code\": 2},"),
        ("vegeta.csv", ",200,", ",429,"),
        ("burstgpt3.csv", ",374,44,418,", ",0,0,0,"),
        ("litellm_spendlogs.csv", ",success\n", ",failure\n"),
    ];
    for (name, from, to) in changes {
        let Some(path) = recorded(&format!("dresses/{name}")) else { return };
        let text = fs::read_to_string(path).unwrap();
        let failures = |text: &str| failed(text, &Replay::default()).into_iter().filter(|failed| *failed).count();
        assert_eq!(failures(&text), 0, "{name}");
        assert!(text.contains(from), "{name}");
        assert_eq!(failures(&text.replacen(from, to, 1)), 1, "{name}");
    }
}

#[test]
fn recorded_failures_are_counted() {
    let Some(failures) = recorded("dresses/litellm_spendlogs_with_failures.csv") else { return };
    assert_eq!(rows(&failures, &Replay::default()).iter().filter(|row| row.failed).count(), 21);
    // A layout stays what it is where somebody says who asked.
    let by_user = Replay { client_column: Some("user".into()), ..Replay::default() };
    assert_eq!(describe(&failures, &by_user).unwrap().detected.format, TraceFormat::LiteLlm);
    let mut reader = TraceReader::open(&failures, &by_user).unwrap();
    let mut rows = Vec::new();
    while reader.read(&mut rows, 100).unwrap() > 0 {}
    let clients = rows.iter().map(|row| row.client.unwrap()).max().unwrap();
    let names: Vec<String> = (0..=clients).map(|number| reader.client(number).unwrap()).collect();
    assert!(names.contains(&"u1".to_owned()) && reader.client(clients + 1).is_none(), "{names:?}");
    let burst = recorded("burstgpt/BurstGPT_1_head.csv").unwrap().canonicalize().unwrap();
    let trace = Program::new(["trace", burst.to_str().unwrap(), "--format", "json"]).ended();
    assert!(trace.stdout.contains("\"failed_rows\": 17,"), "{}", trace.stdout);
    assert!(
        trace.stdout.contains("17 rows (4.25%) failed, in bursts (minutes vary 1.51 times as by chance)"),
        "{}",
        trace.stdout
    );
}
