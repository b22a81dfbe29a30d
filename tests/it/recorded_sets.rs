//! Every recorded set has the figures that are known of it, told from its content alone, or asks what it leaves open.

use crate::traces::{Scratch, complaint, recorded, rows};
use ratecast::traffic::replay::{Container, Packing, Replay, TimeUnit, TraceFormat, describe};
use ratecast::units::SimDuration;
use std::fs;

/// A file, its format, rows, span in seconds, and the means of input and output in tenths of a token.
type Set = (&'static str, TraceFormat, u64, u64, Option<(f64, f64)>);

#[test]
fn sets_of_requests_have_their_figures() {
    let sets: [Set; 9] = [
        (
            "azure-llm-2023/AzureLLMInferenceTrace_conv.csv",
            TraceFormat::AzureLlm,
            19_366,
            3_502,
            Some((11_547.0, 2_111.0)),
        ),
        ("vidur/splitwise_conv.csv", TraceFormat::Vidur, 19_366, 3_502, Some((11_547.0, 2_111.0))),
        ("burstgpt/BurstGPT_1_head.csv", TraceFormat::BurstGpt, 400, 37_269, Some((5_205.0, 2_765.0))),
        ("mooncake/conversation_trace.jsonl", TraceFormat::Mooncake, 12_031, 3_537, Some((120_350.0, 3_426.0))),
        ("elastic-apache/apache_logs", TraceFormat::AccessLog, 10_000, 298_859, None),
        ("elastic-apache/apache_logs.gz", TraceFormat::AccessLog, 10_000, 298_859, None),
        ("azure-functions-2021/Azure2021_200.csv", TraceFormat::AzureFunctions, 199, 1_200, None),
        ("vllm-bench/rtx4090_llama31_8b_requests.jsonl", TraceFormat::VllmBench, 300, 29, Some((8_575.0, 6_525.0))),
        ("dresses/azure_conv_two_members.csv.gz", TraceFormat::AzureLlm, 19_366, 3_502, Some((11_547.0, 2_111.0))),
    ];
    for (name, format, rows, span, means) in sets {
        let Some(path) = recorded(name) else { return };
        let summary = describe(&path, &Replay::default()).unwrap_or_else(|error| panic!("{error}; {}", error.help));
        assert_eq!(summary.detected.format, format, "{name}");
        assert_eq!((summary.rows, summary.span.as_secs_f64().round() as u64), (rows, span), "{name}");
        assert_eq!(summary.input.mean().is_some(), means.is_some(), "{name}");
        let (Some((input, output)), Some(found_input), Some(found_output)) =
            (means, summary.input.mean(), summary.output.mean())
        else {
            assert!(summary.detected.assumptions.iter().all(|text| !text.contains("no column")), "{name}");
            continue;
        };
        // The published figures have four digits.
        assert!((found_input * 10.0 - input).abs() <= input * 5e-4, "{name}: {found_input}");
        assert!((found_output * 10.0 - output).abs() <= output * 5e-4, "{name}: {found_output}");
    }
}

#[test]
fn what_is_odd_about_a_set_is_counted() {
    let detected = |name: &str| Some(describe(&recorded(name)?, &Replay::default()).unwrap().detected);
    let Some(apache) = detected("elastic-apache/apache_logs.gz") else { return };
    assert_eq!((apache.container, apache.packing), (Container::AccessLog, Packing::Gzip));
    assert_eq!((apache.steps_back, apache.ties), (4_915, 5_638));
    assert_eq!(apache.smallest_step, Some(SimDuration::from_secs(1)));
    let Some(mooncake) = detected("mooncake/conversation_trace.jsonl") else { return };
    assert_eq!((mooncake.steps_back, mooncake.ties), (0, 10_851));
    assert_eq!(mooncake.smallest_step, Some(SimDuration::from_nanos(2_997_000_000)));
    assert_eq!((mooncake.unit, mooncake.is_absolute), (Some(TimeUnit::Millis), false));
    let Some(functions) = detected("azure-functions-2021/Azure2021_200.csv") else { return };
    assert!(functions.is_completion && functions.without_duration == 0 && functions.steps_back == 0, "{functions}");
    let Some(azure) = detected("azure-llm-2023/AzureLLMInferenceTrace_conv.csv") else { return };
    assert_eq!((azure.ties, azure.smallest_step.map(SimDuration::as_nanos)), (0, Some(2_000)));
}

#[test]
fn counts_per_period_add_up() {
    let Some(path) = recorded("nab-cloudwatch/elb_request_count_8c0756.csv") else { return };
    let summary = describe(&path, &Replay::default()).unwrap();
    let detected = &summary.detected;
    assert_eq!((detected.format, detected.records), (TraceFormat::CloudWatch, 4_032));
    // 61.71 requests in each of 4,040 periods, of which eight are absent.
    assert_eq!((summary.rows as f64 / 4_040.0 * 100.0).round(), 6_171.0);
    let days = summary.span.as_secs_f64() / 86_400.0;
    assert!((13.9..14.1).contains(&days), "{days}");
}

#[test]
fn sessions_of_agents_ask_when_they_start() {
    let Some(path) = recorded("agentic/agentic_requests_even.csv") else { return };
    assert_eq!(
        complaint(&path, &Replay::default(), "log.csv"),
        "`log.csv`, line 2, column `t_s`: each session has its own zero, and nothing says when sessions start; \
         say how far apart, as in `session-every = \"10min\"`"
    );
    let spec = Replay { session_every: Some(SimDuration::from_secs(600)), ..Replay::default() };
    let summary = describe(&path, &spec).unwrap();
    assert_eq!((summary.rows, summary.detected.format), (24_108, TraceFormat::Agentic));
    assert_eq!(summary.input.mean().unwrap().round(), 127_762.0);
    assert_eq!(summary.output.mean().unwrap().round(), 437.0);
    let cached = summary.cached.total as f64 / summary.input.total as f64;
    assert_eq!((cached * 1_000.0).round(), 964.0);
    // The last of 360 sessions starts after 359 steps.
    assert!(summary.span >= SimDuration::from_secs(359 * 600), "{}", summary.span);
}

#[test]
fn a_session_in_json_is_one_of_its_requests() {
    for (name, subagents) in [("agentic/trace_0184.json", false), ("agentic/trace_0274.json", true)] {
        let Some(path) = recorded(name) else { return };
        let summary = describe(&path, &Replay::default()).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!((summary.detected.format, summary.detected.container), (TraceFormat::Agentic, Container::Json));
        assert!(summary.rows > 3 && summary.rows_without_tokens == 0, "{name}: {summary:?}");
        assert!(summary.detected.skipped.is_empty(), "{name}: {:?}", summary.detected.skipped);
        if subagents {
            // As its own totals have it: 3,877,829 and 30,015 of the agent, the rest of its three sub-agents.
            assert_eq!((summary.input.total, summary.output.total), (5_990_912, 48_868));
        }
    }
}

#[test]
fn sets_that_are_no_logs_say_so() {
    for (name, expected) in [
        (
            "servegen/deepseek-r1/chunk-0-trace.csv",
            "`log.csv`, line 1: this is a profile of rates per window, not a log of requests; \
             make traffic of its figures, as in `arrivals.gamma = { rate = \"8/s\", cv = 1.4 }`",
        ),
        (
            "azure-llm-2024/hourly_profile_digitized.csv",
            "`log.csv`, line 1: no column is known to hold the time; \
             there are `service`, `hour_start_utc`, `requests_per_minute`; \
             name it, as in `time-column = \"created_at\"`: a file without times is no log of requests",
        ),
    ] {
        let Some(path) = recorded(name) else { return };
        assert_eq!(complaint(&path, &Replay::default(), "log.csv"), expected);
    }
}

#[test]
fn sub_agents_ask_within_the_session_of_their_parent() {
    let request = |t: &str, tokens: u32| format!(r#"{{"t":{t},"type":"n","in":{tokens},"out":1}}"#);
    let agent =
        |t: &str, inner: &[String]| format!(r#"{{"t":{t},"type":"subagent","requests":[{}]}}"#, inner.join(","));
    let file =
        |all: &[String]| Scratch::new("session.json", format!(r#"{{"requests":[{}]}}"#, all.join(",")).as_bytes());
    let told = |log: &Scratch| {
        let rows = rows(&log.0, &Replay::default()).unwrap();
        rows.iter().map(|row| (row.at.as_nanos() / 100_000_000, row.input.unwrap().get())).collect::<Vec<_>>()
    };
    // From the start of the sub-agent, and within it of another; or from that of the session.
    let deep = agent("1.5", &[request("0", 4)]);
    let relative = [request("2", 1), agent("3", &[request("0.5", 2), deep, request("2.5", 5)]), request("5", 3)];
    let absolute = [request("2", 1), agent("3", &[request("3.5", 2), request("5.5", 5)]), request("5", 3)];
    assert_eq!(told(&file(&relative)), [(0, 1), (15, 2), (25, 4), (30, 3), (35, 5)]);
    assert_eq!(told(&file(&absolute)), [(0, 1), (15, 2), (30, 3), (35, 5)]);
    let complaint = |inner: &str| {
        let broken = format!(r#"{{"t":1,"type":"subagent","requests":{inner}}}"#);
        complaint(&file(&[request("0", 1), broken]).0, &Replay::default(), "log.csv")
    };
    for (inner, expected) in [
        ("7", "is not a list of requests"),
        (r#"[{"type":"n"}]"#, "the time is missing"),
        (&format!("{}[]{}", r#"[{"t":0,"requests":"#.repeat(12), "}]".repeat(12)), "more than 8 deep"),
    ] {
        assert!(complaint(inner).contains(expected), "{inner}: {}", complaint(inner));
    }
}

#[test]
fn records_that_cloudwatch_wraps_are_those_inside() {
    let Some(path) = recorded("dresses/bedrock_invocations.jsonl") else { return };
    let lines = fs::read_to_string(&path).unwrap();
    let expected = rows(&path, &Replay::default()).unwrap();
    let text = |line: &str| serde_json::to_string(line).unwrap();
    let wrap = |wrap: &dyn Fn(&str) -> String, between: &str| lines.lines().map(wrap).collect::<Vec<_>>().join(between);
    let csv = wrap(&|line| format!("1700158546680,\"{}\"", line.replace('"', "\"\"")), "\n");
    let event = |line: &str| format!(r#"{{"timestamp":1700158546680,"message":{},"eventId":"7"}}"#, text(line));
    let insight = |line: &str| format!(r#"{{"@timestamp":"2023-11-16 18:15:46.680","@message":{line}}}"#);
    for wrapped in [
        format!("timestamp,message\n{csv}\n"),
        format!("@timestamp,@message\n{csv}\n"),
        wrap(&event, "\n"),
        format!(r#"{{"searchedLogStreams":[],"events":[{}]}}"#, wrap(&event, ",")),
        format!("[{}]", wrap(&insight, ",")),
    ] {
        let log = Scratch::new("wrapped", wrapped.as_bytes());
        let start = &wrapped[..60];
        assert_eq!(
            describe(&log.0, &Replay::default()).unwrap().detected.format.word(),
            "bedrock-cloudwatch",
            "{start}"
        );
        assert!(rows(&log.0, &Replay::default()).unwrap() == expected, "{start}");
    }
    // A table of other messages is none of it.
    let other = Scratch::new("other", b"timestamp,message\n1700158546680,\"{\"\"a\"\":1}\"\n");
    assert_eq!(describe(&other.0, &Replay::default()).unwrap().detected.format, TraceFormat::Table);
}
