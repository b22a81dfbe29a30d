//! Logs of every layout with random damage: each is read, or refused in words that fit a terminal.

use crate::traces::{Scratch, Seed, Xorshift, mutate};
use ratecast::traffic::replay::{Replay, Spread, TraceError, TraceReader, TraceRow};
use ratecast::units::SimDuration;

const LOGS: [&str; 12] = [
    "{\"timestamp\":\"2023-11-16T18:15:46Z\",\"usage\":{\"prompt_tokens\":374,\"completion_tokens\":44}}\n\
     {\"timestamp\":\"2023-11-16T18:15:45.5+01:00\",\"usage\":{\"prompt_tokens\":null,\"completion_tokens\":\"7\"}}\n",
    "[{\"ts\": 1700158546680, \"input_tokens\": 5}, {\"ts\": 1700158546681, \"input_tokens\": 6, \"x\": [\"a\\\"b\", {}]}]\n",
    "{\"result\": [{\"created_at\": \"2023-11-16T18:18:14.870Z\", \"provider\": \"x\", \"cached\": false, \"tokens_in\": 91, \"tokens_out\": 24},\n \
     {\"created_at\": \"2023-11-16T18:18:14.676Z\", \"provider\": \"x\", \"cached\": true, \"tokens_in\": 1, \"tokens_out\": 2}], \"page\": {\"n\": 1}}",
    "{\"resourceSpans\": [{\"scopeSpans\": [{\"spans\": [{\"startTimeUnixNano\": \"1700158546680590000\", \"attributes\": [\
     {\"key\": \"gen_ai.operation.name\", \"value\": {\"stringValue\": \"chat\"}}, \
     {\"key\": \"gen_ai.usage.prompt_tokens\", \"value\": {\"intValue\": \"374\"}}]}]}]}]}\n",
    "{\"type\":\"assistant\",\"timestamp\":\"2023-11-16T18:15:46.681Z\",\"requestId\":\"r\",\"message\":{\"id\":\"m\",\"usage\":\
     {\"input_tokens\":76,\"cache_read_input_tokens\":261,\"output_tokens\":1}}}\n\
     {\"type\":\"assistant\",\"timestamp\":\"2023-11-16T18:15:47.681Z\",\"requestId\":\"r\",\"message\":{\"id\":\"m\",\"usage\":\
     {\"input_tokens\":76,\"cache_read_input_tokens\":261,\"output_tokens\":44}}}\n",
    "{\"data\":{\"result\":[{\"metric\":{\"__name__\":\"x_total\"},\"values\":[[1700158440,\"0\"],[1700158500,\"21\"],[1700158560,\"7\"]]}]}}",
    "start_time,end_time,num_model_requests,input_tokens,output_tokens\n1700158500,1700158560,21.0,11737.0,1826.0\n\
     1700158560,1700158620,,,\n1700158620,1700158680,3,7,8\n",
    "timestamp,value\n2023-11-16 18:15:00,21.0\n2023-11-16 18:16:00,2.0\n2023-11-16 18:18:00,5\n",
    "203.0.113.0 - - [16/Nov/2023:18:15:46 +0000] \"POST /v1 HTTP/1.1\" 200 220 \"-\" \"x\"\n\
     ::1 - - [16/Nov/2023:19:15:45 +0100] \"GET \\\" HTTP/1.1\" 200 - \"-\" \"y\"\n",
    "metric_name,timestamp,metric_value,check\nhttp_reqs,1700158547,1.000000,\nvus,1700158547,1,\nhttp_reqs,1700158546,1,\n",
    "Date;Input Tokens;Output Tokens\n16/11/2023 18:15:46.680590;374;44\n16/11/2023 6:15 PM;1396;109\n",
    "1700158546680590000,200,1311854000,1496,220,,e30=,llm,0,POST,https://x,\n\
     1700158546680580000,200,1311854000,1496,220,,e30=,llm,1,POST,https://x,\n",
];

/// The rows up to the end, to what is wrong, or to the ten thousandth: a count may have become a large one.
fn read(file: &Scratch, spec: &Replay) -> Result<Vec<TraceRow>, TraceError> {
    let (mut reader, mut rows) = (TraceReader::open(&file.0, spec)?, Vec::new());
    while rows.len() < 10_000 && reader.read(&mut rows, 64)? > 0 {}
    let shown = reader.detected().to_string();
    assert!(!shown.chars().any(|c| c.is_control() && c != '\n'), "{shown}");
    Ok(rows)
}

#[test]
fn damaged_logs_of_every_layout_are_read_or_refused() {
    let specs = [
        Replay::default(),
        Replay {
            spread: Spread::Random,
            tokens_per_request: Some(1_000),
            period: Some(SimDuration::from_secs(60)),
            ..Replay::default()
        },
    ];
    let (mut fine, mut broken) = (0, 0);
    for seed in 1..=6_000u64 {
        let guard = Seed(seed);
        let mut random = Xorshift(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut log = LOGS[random.below(LOGS.len())].as_bytes().to_vec();
        mutate(&mut log, &mut random);
        let file = Scratch::new("mutated.log", &log);
        let spec = &specs[random.below(specs.len())];
        match read(&file, spec) {
            Ok(rows) => {
                assert!(!rows.is_empty() && rows.iter().map(|row| row.at).is_sorted());
                assert!(rows.iter().all(|row| row.cached <= row.input.or(row.cached)));
                fine += 1;
            }
            Err(error) => {
                let text = format!("{error}; {}", error.help);
                assert!(!text.chars().any(char::is_control) && text.len() < 1_500, "{text}");
                assert!(!error.message.is_empty() && !error.help.is_empty());
                broken += 1;
            }
        }
        drop(guard);
    }
    // Both must happen, or the damage is of no use.
    assert!(fine > 1_000 && broken > 1_000, "{fine} fine, {broken} broken");
}
