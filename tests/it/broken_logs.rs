//! Broken logs in every layout, each with its complaint: the file, the place in it, what is wrong and what to do about it.

use crate::golden;
use crate::traces::{Scratch, complaint, csv};
use flate2::Compression;
use flate2::write::GzEncoder;
use ratecast::traffic::replay::{Replay, StampedAt, TimeUnit, TraceFormat};
use std::io::Write;
use std::path::Path;

/// A name, how the log is read, and its bytes.
type Case = (&'static str, Replay, Vec<u8>);

fn auto() -> Replay {
    Replay::default()
}

fn of(format: TraceFormat) -> Replay {
    Replay { format, ..Replay::default() }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

const GOOD: &str = r#"{"timestamp":"2023-11-16T18:15:46Z","input_tokens":374,"output_tokens":44}"#;

/// A good object, then `text`.
fn json(text: &str) -> Vec<u8> {
    format!("{GOOD}\n{text}").into_bytes()
}

/// A good object, then one whose three values are as stated.
fn object(time: &str, input: &str, output: &str) -> Vec<u8> {
    json(&format!("{{\"timestamp\":{time},\"input_tokens\":{input},\"output_tokens\":{output}}}\n"))
}

const TIME: &str = "\"2023-11-16T18:15:47Z\"";

fn json_cases() -> Vec<Case> {
    let deep = |times: usize| "[".repeat(times);
    vec![
        ("cut off in an object", auto(), json(r#"{"timestamp":"2023-11-16T18:15:47Z","input_tokens":3"#)),
        ("cut off in a text", auto(), json(r#"{"timestamp":"2023-11-16T18"#)),
        ("comma at the end", auto(), json("{\"timestamp\":\"2023-11-16T18:15:47Z\",\"input_tokens\":3,}\n")),
        ("single quotes", auto(), json("{'timestamp':'2023-11-16T18:15:47Z'}\n")),
        ("key without quotes", auto(), json("{timestamp:\"2023-11-16T18:15:47Z\"}\n")),
        ("colon missing", auto(), json("{\"timestamp\" \"2023-11-16T18:15:47Z\"}\n")),
        ("NaN", auto(), object(TIME, "NaN", "1")),
        ("text for tokens", auto(), object(TIME, "\"abc\"", "1")),
        ("negative tokens", auto(), object(TIME, "1", "-2")),
        ("too many tokens", auto(), object(TIME, "4294967296", "1")),
        ("half a token", auto(), object(TIME, "1.5", "1")),
        ("exponent", auto(), object(TIME, "1e3", "1")),
        ("huge exponent", auto(), object(TIME, "1e400", "1")),
        ("four hundred digits", auto(), object(TIME, &"9".repeat(400), "1")),
        ("object for tokens", auto(), object(TIME, "{\"total\":1}", "1")),
        ("list for tokens", auto(), object(TIME, "[1,2]", "1")),
        ("true for tokens", auto(), object(TIME, "true", "1")),
        ("key twice", auto(), json(&GOOD.replace("\"output", "\"input_tokens\":5,\"output"))),
        ("time twice", auto(), json(&GOOD.replace("\"input", "\"timestamp\":5,\"input"))),
        ("time missing", auto(), json("{\"input_tokens\":374}\n")),
        ("time null", auto(), object("null", "1", "1")),
        ("time false", auto(), object("false", "1", "1")),
        ("time as a number", auto(), object("1700158546", "1", "1")),
        ("time in other words", auto(), object("\"yesterday\"", "1", "1")),
        ("escapes in a time", auto(), object(r#""\u001b[2J\u202e""#, "1", "1")),
        ("a number", auto(), json("42\n")),
        ("a list of numbers", auto(), b"[1, 2, 3]".to_vec()),
        ("text behind", auto(), json("that is all\n")),
        ("NUL behind", auto(), json(&"\0".repeat(512))),
        ("NUL in a text", auto(), json("{\"timestamp\":\"2023\0-11\"}\n")),
        ("Latin-1 in a text", auto(), [GOOD.as_bytes(), b"\n{\"timestamp\":\"caf\xe9\"}\n"].concat()),
        ("a hundred thousand lists", auto(), deep(100_000).into_bytes()),
        ("a hundred thousand lists behind", auto(), json(&deep(100_000))),
        ("a hundred thousand lists for tokens", auto(), object(TIME, &(deep(100_000) + &"]".repeat(100_000)), "1")),
        ("a hundred thousand lists under another key", auto(), {
            let nested = deep(100_000) + &"]".repeat(100_000);
            json(&GOOD.replace("\"input", &format!("\"x\":{nested},\"input")))
        }),
        ("empty list", auto(), b"[]".to_vec()),
        ("empty object", auto(), b"{}".to_vec()),
        ("no comma in a list", auto(), format!("[{GOOD} {GOOD}]").into_bytes()),
        ("two commas in a list", auto(), format!("[{GOOD},,{GOOD}]").into_bytes()),
        ("list not closed", auto(), format!("[{GOOD},").into_bytes()),
        ("envelope not closed", auto(), format!("{{\"data\":[{GOOD}]").into_bytes()),
        ("closed twice", auto(), format!("{GOOD}}}\n").into_bytes()),
        ("UTF-16", auto(), b"\xff\xfe{\0}\0".to_vec()),
        ("an error of an API", auto(), b"{\"error\":{\"message\":\"no key\",\"type\":\"invalid\"}}".to_vec()),
    ]
}

fn questions() -> Vec<Case> {
    let lines = |lines: &[&str]| (lines.join("\n") + "\n").into_bytes();
    vec![
        ("relative numbers", auto(), lines(&["timestamp,input_length,output_length", "0,1,2", "27482,1,2"])),
        ("relative numbers in JSON", auto(), lines(&["{\"timestamp\":0,\"input_length\":1,\"output_length\":2}"])),
        ("name against size", auto(), lines(&["timestamp_ms,input_tokens", "1700158546,1"])),
        ("two clocks", auto(), lines(&["ts,input_tokens", "1700158546,1", "1700158547123,2"])),
        ("a later small number", auto(), {
            let rows = "1700158546,1\n".repeat(400);
            format!("ts,input_tokens\n{rows}17,1\n").into_bytes()
        }),
        (
            "two times",
            auto(),
            lines(&["created_at,start_time,input_tokens", "2023-11-16 18:15:46,2023-11-16 18:15:47,1"]),
        ),
        ("two inputs", auto(), lines(&["timestamp,input_tokens,prompt_tokens", "2023-11-16 18:15:46,1,2"])),
        ("no time", auto(), lines(&["num_prefill_tokens,num_decode_tokens", "1,2"])),
        ("no header", auto(), lines(&["1700158546,1,2", "1700158547,1,2"])),
        ("day or month", auto(), lines(&["date,input_tokens", "03/04/2025 10:00:00,1", "12/05/2025 10:00:00,1"])),
        ("day and month", auto(), lines(&["date,input_tokens", "13/04/2025 10:00:00,1", "04/13/2025 10:00:00,1"])),
        ("month behind the settled", auto(), {
            let rows = "13/04/2025 10:00:00,1\n".repeat(400);
            format!("date,input_tokens\n{rows}04/13/2025 10:00:00,1\n").into_bytes()
        }),
        ("thousands or not", auto(), lines(&["timestamp;input_tokens", "2023-11-16 18:15:46;374.000"])),
        ("a misspelt key", csv("usage.at", Some(TimeUnit::Seconds), "", ""), lines(&["{\"usage\":{\"when\":1}}"])),
        ("a key near by", csv("create_at", Some(TimeUnit::Seconds), "", ""), lines(&["{\"created_at\":1}"])),
        ("sessions", auto(), lines(&["session,t_s,input_tokens,output_tokens", "a,0,1,2"])),
    ]
}

fn layouts() -> Vec<Case> {
    let lines = |lines: &[&str]| (lines.join("\n") + "\n").into_bytes();
    let openai = "start_time,end_time,num_model_requests,input_tokens,output_tokens";
    let prometheus = |name: &str, values: &str| {
        let metric = if name.is_empty() { String::new() } else { format!("\"__name__\":\"{name}\"") };
        format!("{{\"data\":{{\"result\":[{{\"metric\":{{{metric}}},\"values\":[{values}]}}]}}}}").into_bytes()
    };
    let combined = "::1 - - [17/May/2015:10:05:03 +0000] \"GET / HTTP/1.1\" 200 5 \"-\" \"-\"";
    let completion = Replay {
        stamped_at: Some(StampedAt::Completion),
        duration_column: Some("took".into()),
        ..csv("at", Some(TimeUnit::Seconds), "", "")
    };
    vec![
        (
            "no answer of an agent",
            auto(),
            lines(&[r#"{"timestamp":"2023-11-16T18:15:46Z","sessionId":"a","parentUuid":"b","type":"user"}"#]),
        ),
        (
            "no count of tokens",
            auto(),
            lines(&[r#"{"timestamp":"2023-11-16T18:15:46Z","type":"event_msg","payload":{"type":"message"}}"#]),
        ),
        ("a table by the name of JSON", of(TraceFormat::Mooncake), lines(&["timestamp,input_length", "1,2"])),
        ("another table by name", of(TraceFormat::LiteLlm), lines(&["a,b", "1,2"])),
        ("a table by the name of an access log", of(TraceFormat::AccessLog), lines(&["a,b", "1,2"])),
        ("JSON by the name of a table", of(TraceFormat::Vidur), lines(&["{\"arrived_at\":1}"])),
        (
            "attributes that are none",
            auto(),
            lines(&[
                r#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"startTimeUnixNano":"1700158546680590000","attributes":[5]}]}]}]}"#,
            ]),
        ),
        (
            "no span of a model",
            auto(),
            lines(&[
                r#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"startTimeUnixNano":"1700158546680590000","attributes":[]}]}]}]}"#,
            ]),
        ),
        ("a series without a name", auto(), prometheus("", "[1700158440,\"0\"],[1700158500,\"5\"]")),
        ("a gauge", auto(), prometheus("vllm:num_requests_running", "[1700158440,\"0\"],[1700158500,\"5\"]")),
        ("a series that steps back", auto(), prometheus("x_total", "[1700158440,\"0\"],[1700158380,\"5\"]")),
        ("a series of text", auto(), prometheus("x_total", "[1700158440,\"0\"],[1700158500,\"five\"]")),
        ("a counter that stands still", auto(), prometheus("x_total", "[1700158440,\"3\"],[1700158500,\"3\"]")),
        (
            "tokens without requests",
            auto(),
            prometheus("vllm:prompt_tokens_total", "[1700158440,\"0\"],[1700158500,\"5\"]"),
        ),
        ("a period that ends before it begins", auto(), lines(&[openai, "1700158500,1700158440,1,2,3"])),
        ("too many requests", auto(), lines(&[openai, "1700158440,1700158500,9000000000000,2,3"])),
        ("too many tokens in a request", auto(), lines(&[openai, "1700158440,1700158500,1,9000000000000,3"])),
        (
            "a unit that is fixed",
            Replay { time_unit: Some(TimeUnit::Seconds), ..auto() },
            lines(&["arrived_at,num_prefill_tokens,num_decode_tokens", "1,2,3"]),
        ),
        (
            "a century, out of order",
            auto(),
            lines(&["timestamp,input_tokens", "2111-01-01 00:00:00,1", "2001-01-01 00:00:00,1"]),
        ),
        ("a count of text", auto(), lines(&[openai, "1700158440,1700158500,many,2,3"])),
        ("an empty export", auto(), lines(&[openai, "1700158440,1700158500,,,"])),
        ("one period", auto(), lines(&["timestamp,value", "2023-11-16 18:15:00,21.0"])),
        ("half a request", auto(), lines(&["timestamp,value", "2023-11-16 18:15:00,21.5", "2023-11-16 18:16:00,1"])),
        ("a negative count", auto(), lines(&["timestamp,value", "2023-11-16 18:15:00,-1", "2023-11-16 18:16:00,1"])),
        (
            "costs",
            auto(),
            lines(&["start_time,end_time,start_time_iso,end_time_iso,amount_value,amount_currency", "1,2,3,4,5,usd"]),
        ),
        ("a line of an access log that is cut off", auto(), lines(&[combined, "::1 - -"])),
        ("a month that is none", auto(), lines(&[combined, &combined.replace("May", "Mai")])),
        ("the 31st of June", auto(), lines(&[combined, &combined.replace("17/May", "31/Jun")])),
        ("NUL behind an access log", auto(), format!("{combined}\n{}", "\0".repeat(64)).into_bytes()),
        ("a long line of an access log", auto(), format!("{combined}\n{}", "x".repeat(2 << 20)).into_bytes()),
        (
            "k6 without requests",
            auto(),
            lines(&["metric_name,timestamp,metric_value", "vus,1700158546,1", "vus,1700158547,1"]),
        ),
        ("a duration in words", completion.clone(), lines(&["at,took", "10,long"])),
        ("a duration of a million years", completion, lines(&["at,took", "10,99999999999999999"])),
        (
            "JSON in a cell that is none",
            auto(),
            lines(&["type,start_time,trace_id,usage_details", "GENERATION,2023-11-16 18:15:46,a,\"{\"\"input\"\":\""]),
        ),
        ("a Zip archive", auto(), b"PK\x03\x04rest".to_vec()),
        ("Parquet", auto(), b"PAR1rest".to_vec()),
        ("xz", auto(), b"\xfd7zXZ\0rest".to_vec()),
        ("bzip2", auto(), b"BZh91AY".to_vec()),
        ("SQLite", auto(), b"SQLite format 3\0".to_vec()),
        ("a tar archive in gzip", auto(), {
            let mut tar = vec![0; 1_024];
            tar[..7].copy_from_slice(b"log.csv");
            tar[257..262].copy_from_slice(b"ustar");
            gzip(&tar)
        }),
    ]
}

#[test]
fn every_broken_log_has_its_complaint() {
    let mut text = String::new();
    let (mut count, mut fine) = (0, 0);
    for (title, cases) in [("json", json_cases()), ("questions", questions()), ("layouts", layouts())] {
        for (name, spec, bytes) in cases {
            let file = Scratch::new("broken.log", &bytes);
            let found = complaint(&file.0, &spec, "log");
            assert!(!found.chars().any(char::is_control) && found.len() < 1_000, "{name}: {found}");
            text.push_str(&format!("{title}: {name}\n  {}\n", found.replace("; ", ";\n  ")));
            count += 1;
            fine += u32::from(found.ends_with(" rows"));
        }
    }
    // One of them is odd and not wrong.
    assert!(count > 90 && fine == 1, "{count} logs, {fine} fine");
    golden::same(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/broken-logs.txt"), &text);
}
