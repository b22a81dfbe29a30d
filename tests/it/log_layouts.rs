//! Small logs in layouts of which no recorded one is at hand: what is a request in them, when it came and what it weighs.

use crate::traces::{Scratch, rows};
use ratecast::traffic::replay::{Only, Replay, RowOrder, StampedAt, TimeUnit, TraceFormat, describe};
use ratecast::units::{SimDuration, Tokens};

/// A request: milliseconds after the first, input, cached input, output.
type Request = (u64, Option<u32>, Option<u32>, Option<u32>);

fn requests(text: &str, spec: &Replay) -> Vec<Request> {
    let file = Scratch::new("small.log", text.as_bytes());
    let found = rows(&file.0, spec).unwrap_or_else(|error| panic!("{error}; {}", error.help));
    let count = |tokens: Option<Tokens>| tokens.map(Tokens::get);
    let request = |row: &_| {
        let ratecast::traffic::replay::TraceRow { at, input, cached, output, .. } = *row;
        (at.as_nanos() / 1_000_000, count(input), count(cached), count(output))
    };
    found.iter().map(request).collect()
}

fn format(text: &str) -> TraceFormat {
    describe(&Scratch::new("small.log", text.as_bytes()).0, &Replay::default()).unwrap().detected.format
}

fn auto(text: &str) -> (TraceFormat, Vec<Request>) {
    (format(text), requests(text, &Replay::default()))
}

#[test]
fn codex_sessions_count_each_call_once() {
    let count = |second: u32, total: u32, input: u32, cached: u32, output: u32| {
        format!(
            r#"{{"timestamp":"2025-11-16T18:15:{second}.000Z","type":"event_msg","payload":{{"type":"token_count","info":{{"total_token_usage":{{"total_tokens":{total}}},"last_token_usage":{{"input_tokens":{input},"cached_input_tokens":{cached},"output_tokens":{output}}}}},"rate_limits":{{}}}}}}"#
        )
    };
    let meta = r#"{"timestamp":"2025-11-16T18:15:10.000Z","type":"session_meta","payload":{"id":"x"}}"#;
    let limits =
        r#"{"timestamp":"2025-11-16T18:15:11.000Z","type":"event_msg","payload":{"type":"token_count","info":null}}"#;
    let lines =
        [meta.into(), limits.into(), count(20, 60, 50, 0, 10), count(21, 60, 50, 0, 10), count(30, 190, 100, 50, 30)];
    let (format, found) = auto(&lines.join("\n"));
    assert_eq!(format, TraceFormat::Codex);
    assert_eq!(found, [(0, Some(50), Some(0), Some(10)), (10_000, Some(100), Some(50), Some(30))]);
}

#[test]
fn langfuse_keeps_generations_and_looks_into_cells() {
    let csv = "id,trace_id,type,start_time,usage_details\n\
        1,a,SPAN,2025-11-16 18:15:46.000000,\n\
        2,a,GENERATION,2025-11-16 18:15:47.500000,\"{\"\"input\"\":374,\"\"output\"\":44}\"\n\
        3,a,GENERATION,2025-11-16 18:15:46.500000,\n";
    let (format, found) = auto(csv);
    assert_eq!(format, TraceFormat::Langfuse);
    assert_eq!(found, [(0, None, None, None), (1_000, Some(374), None, Some(44))]);
    let json = r#"[{"id":"1","traceId":"a","type":"GENERATION","startTime":"2025-11-16T18:15:46Z","usageDetails":{"input":5,"output":6}}]"#;
    assert_eq!(auto(json), (TraceFormat::Langfuse, vec![(0, Some(5), None, Some(6))]));
}

#[test]
fn caches_of_gateways_keep_requests_from_the_provider() {
    let text = "request_id,startTime,prompt_tokens,completion_tokens,cache_hit\n\
        a,2025-11-16 18:15:46.100,1,2,True\nb,2025-11-16 18:15:46.200,3,4,None\nc,2025-11-16 18:15:46.300,5,6,\n";
    assert_eq!(auto(text), (TraceFormat::LiteLlm, vec![(0, Some(3), None, Some(4)), (100, Some(5), None, Some(6))]));
}

#[test]
fn days_of_anthropic_console_exports_are_spread() {
    let header = "usage_date_utc,model_version,api_key,workspace,usage_type,usage_input_tokens_no_cache,\
        usage_input_tokens_cache_write_5m,usage_input_tokens_cache_write_1h,usage_input_tokens_cache_read,usage_output_tokens,web_search_count";
    let text =
        format!("{header}\n2026-03-22,m,k,w,standard,100,10,0,90,200,0\n2026-03-23,m,k,w,standard,0,0,0,0,100,0\n");
    let spec = Replay { tokens_per_request: Some(200), ..Replay::default() };
    let day = 86_400_000;
    assert_eq!(
        requests(&text, &spec),
        [
            (0, Some(100), Some(45), Some(100)),
            (day / 2, Some(100), Some(45), Some(100)),
            (day, Some(0), Some(0), Some(100))
        ]
    );
}

#[test]
fn counts_of_cloudwatch_come_as_json_too() {
    let text = r#"{"Label":"Invocations","Datapoints":[{"Timestamp":"2025-11-16T18:16:00+00:00","Sum":1.0,"Unit":"Count"},{"Timestamp":"2025-11-16T18:15:00+00:00","Sum":2.0,"Unit":"Count"}]}"#;
    let none = |at| (at, None, None, None);
    assert_eq!(auto(text), (TraceFormat::CloudWatch, vec![none(0), none(30_000), none(60_000)]));
    let single = r#"{"Datapoints":[{"Timestamp":"2025-11-16T18:16:00Z","Sum":4.0}]}"#;
    let spec = Replay { period: Some(SimDuration::from_secs(4)), ..Replay::default() };
    assert_eq!(requests(single, &spec), [none(0), none(1_000), none(2_000), none(3_000)]);
}

#[test]
fn counters_are_differenced_reset_and_added_up() {
    let series = |name: &str, model: &str, values: &str| {
        format!(r#"{{"metric":{{"__name__":"{name}","model":"{model}"}},"values":[{values}]}}"#)
    };
    let all = [
        series("vllm:request_success_total", "a", r#"[1700158440,"5"],[1700158500,"6"],[1700158560,"2"]"#),
        series("vllm:request_success_total", "b", r#"[1700158440,"0"],[1700158500,"1"]"#),
        series("vllm:prompt_tokens_total", "a", r#"[1700158440,"0"],[1700158500,"30"],[1700158560,"35"]"#),
        series("vllm:generation_tokens_total", "a", r#"[1700158440,"0"],[1700158500,"4"],[1700158560,"4"]"#),
    ];
    let text = format!(r#"{{"status":"success","data":{{"resultType":"matrix","result":[{}]}}}}"#, all.join(","));
    let (format, found) = auto(&text);
    assert_eq!(format, TraceFormat::Prometheus);
    let first = |at| (at, Some(15), None, Some(2));
    assert_eq!(found, [first(0), first(30_000), (60_000, Some(2), None, Some(0)), (90_000, Some(3), None, Some(0))]);
}

#[test]
fn tokens_of_a_period_without_requests_are_carried() {
    let text = "start_time,end_time,num_model_requests,input_tokens,output_tokens\n\
        1700158440,1700158500,0,0,7\n1700158500,1700158560,1,5,1\n1700158560,1700158620,0,0,2\n";
    assert_eq!(auto(text), (TraceFormat::OpenAiUsage, vec![(0, Some(5), None, Some(10))]));
}

#[test]
fn an_archive_is_known_by_its_creator_too() {
    let answer = "x".repeat(400_000);
    let entry = |second: u32| {
        format!(
            r#"{{"response":{{"content":{{"text":"{answer}"}}}},"startedDateTime":"2025-11-16T18:15:{second}.5+01:00"}}"#
        )
    };
    let head = r#"{"log":{"version":"1.2","creator":{"name":"x","version":"1"},"entries":["#;
    let text = format!("{head}{},{}]}}}}", entry(10), entry(12));
    let none = |at| (at, None, None, None);
    assert_eq!(auto(&text), (TraceFormat::Har, vec![none(0), none(2_000)]));
}

#[test]
fn a_table_of_ones_own_is_read_by_the_names_in_it() {
    for text in [
        "sep=;\r\ncreated_at;prompt_tokens;completion_tokens\r\n2025-11-16 18:15:46;374;44\r\n2025-11-16 18:15:47;;\r\n",
        "\u{feff}sep=,\ntimestamp,input,output\n2025-11-16 18:15:46,374,44\n2025-11-16 18:15:47,,\n",
        "Created At;Prompt Tokens;Completion Tokens\n2025-11-16 18:15:46;374;44\n2025-11-16 18:15:47;-;\n",
        "createdAt\tinput\toutput\n2025-11-16T19:15:46+01:00\t374\t44\n2025-11-16T18:15:47Z\tnull\tNaN\n",
        "arrival_s,prompt,in,out\n10,\"a,\nb\",374,44\n11,c,,\n",
        "date,input_tokens,output_tokens\n16/11/2025 18:15:46,374,44\n16/11/2025 18:15:47,,\n",
        "date,input_tokens,output_tokens\n11/16/2025 6:15:46 PM,374,44\n11/16/2025 6:15:47 PM,,\n",
        "@timestamp,gen_ai.usage.input_tokens,gen_ai.usage.output_tokens\n\"2025-11-16 18:15:46,5\",374,44\n\"2025-11-16 18:15:47,5\",,\n",
        "{\"ts\":1763316946,\"usage\":{\"prompt_tokens\":374,\"completion_tokens\":44}}\n{\"ts\":1763316947}\n",
        "{\"requests\":[{\"timestamp_ms\":5,\"input_tokens\":374,\"output_tokens\":44},{\"timestamp_ms\":1005}]}",
        "{\"items\":[{\"at\":{\"created_at\":\"2025-11-16T18:15:46Z\"},\"usage.prompt_tokens\":374,\"usage.completion_tokens\":\"44\"},\
         {\"at\":{\"created_at\":\"2025-11-16T18:15:47Z\"}}],\"next\":null}",
    ] {
        let expected = vec![(0, Some(374), None, Some(44)), (1_000, None, None, None)];
        assert_eq!(auto(text), (TraceFormat::Table, expected), "{text}");
        let reversed: Vec<&str> = text.lines().collect();
        assert!(reversed.len() == 1 || text.contains("\"a,\n") || auto(&swapped(&reversed)).1.len() == 2, "{text}");
    }
}

/// The lines with the last two the other way round.
fn swapped(lines: &[&str]) -> String {
    let mut lines = lines.to_vec();
    let last = lines.len() - 1;
    lines.swap(last - 1, last);
    lines.join("\n")
}

#[test]
fn caches_count_as_their_names_say() {
    let openai = "timestamp,prompt_tokens,cached_tokens,completion_tokens\n2025-11-16 18:15:46,374,300,44\n";
    assert_eq!(auto(openai).1, [(0, Some(374), Some(300), Some(44))]);
    let anthropic = "{\"timestamp\":\"2025-11-16T18:15:46Z\",\"usage\":{\"input_tokens\":10,\"cache_creation_input_tokens\":64,\
        \"cache_read_input_tokens\":300,\"output_tokens\":44}}\n";
    assert_eq!(auto(anthropic).1, [(0, Some(374), Some(300), Some(44))]);
}

#[test]
fn columns_by_hand_settle_what_names_leave_open() {
    let text = "{\"log\":{\"rows\":[{\"end\":70.5,\"took\":500,\"n\":{\"in\":374,\"hit\":400,\"out\":44}},{\"end\":71,\"took\":2000,\"n\":{\"in\":1,\"out\":2}}]}}";
    let name = |name: &str| Some(name.to_owned());
    for (format, prefix) in [(TraceFormat::Csv, ""), (TraceFormat::Auto, "log.rows."), (TraceFormat::Table, "")] {
        let spec = Replay {
            format,
            time_column: name(&format!("{prefix}end")),
            time_unit: Some(TimeUnit::Seconds),
            duration_column: name(&format!("{prefix}took")),
            stamped_at: Some(StampedAt::Completion),
            input_column: name("n.in"),
            cached_column: name("n.hit"),
            output_column: name("n.out"),
            ..Replay::default()
        };
        // The second began first, and no more than all of an input can come from a cache.
        let expected = [(0, Some(1), None, Some(2)), (1_000, Some(374), Some(374), Some(44))];
        assert_eq!(requests(text, &spec), expected, "{format:?} {prefix}");
    }
}

#[test]
fn the_order_of_the_file_can_be_insisted_on() {
    let text = "timestamp,input_tokens\n2025-11-16 18:15:47,1\n2025-11-16 18:15:46,2\n2025-11-16 18:15:46,3\n";
    let found = requests(text, &Replay::default());
    assert_eq!(found.iter().map(|request| request.1).collect::<Vec<_>>(), [Some(2), Some(3), Some(1)]);
    let file = Scratch::new("small.log", text.as_bytes());
    let error = describe(&file.0, &Replay { order: RowOrder::File, ..Replay::default() }).unwrap_err();
    assert!(error.line == Some(3) && error.message.starts_with("time runs backwards: "), "{error}");
}

#[test]
fn prompts_in_cells_may_be_long() {
    for long in [70_000, 300_000, 5_000_000] {
        let prompt = "Hello, \"\"world\"\".\n".repeat(long / 18);
        let row = |second: u32| format!("2025-11-16 18:15:{second},374,44,\"{prompt}\",x\n");
        let text = format!("startTime,prompt_tokens,completion_tokens,messages,model\n{}{}", row(10), row(11));
        let expected = vec![(0, Some(374), None, Some(44)), (1_000, Some(374), None, Some(44))];
        assert_eq!(auto(&text), (TraceFormat::Table, expected), "{long}");
    }
    let file = Scratch::new("small.log", "x".repeat(300_000).as_bytes());
    let error = describe(&file.0, &Replay::default()).unwrap_err();
    assert!(error.message == "the first line is longer than 256 KiB" && error.line == Some(1), "{error}");
}

#[test]
fn rows_of_one_path_or_value_can_be_read_alone() {
    let web = |second: u32, target: &str| format!("::1 - - [17/May/2015:10:05:{second} +0000] \"{target}\" 200 5\n");
    let access = [web(10, "GET / HTTP/1.1"), web(11, "POST /v1/chat HTTP/1.1"), web(14, "POST /v1/chat?x=1 HTTP/1.1")];
    let nginx = "{\"msec\":1763316946,\"request_time\":0,\"request_uri\":\"/v1/chat\"}\n\
        {\"msec\":1763316947,\"request_time\":0,\"request_uri\":\"/health\"}\n\
        {\"msec\":1763316949,\"request_time\":0,\"request_uri\":\"/v1/chat?a\"}\n";
    let entry = |second: u32, url: &str| {
        format!(r#"{{"startedDateTime":"2025-11-16T18:15:{second}Z","request":{{"url":"https://x.org{url}"}}}}"#)
    };
    let entries = [entry(10, "/v1/chat"), entry(11, "/"), entry(13, "/v1/chat#x")].join(",");
    let archive = format!(r#"{{"log":{{"version":"1.2","creator":{{"name":"x"}},"entries":[{entries}]}}}}"#);
    let table = "timestamp,path,model\n2025-11-16 18:15:10,/v1/chat,gpt-4o\n2025-11-16 18:15:11,/v2,gpt-4o\n\
        2025-11-16 18:15:13,/v1/chat,gpt-4o-mini\n";
    let found = |text: &str, spec: &Replay| {
        let file = Scratch::new("small.log", text.as_bytes());
        let detected = describe(&file.0, spec).unwrap_or_else(|error| panic!("{error}; {}", error.help)).detected;
        (requests(text, spec).iter().map(|request| request.0).collect::<Vec<_>>(), detected.skipped)
    };
    for path in ["/v1/chat", "/v1*"] {
        let spec = Replay { only_path: Some(path.into()), ..Replay::default() };
        let others = vec![(format!("on another path than `{path}`"), 1)];
        for text in [&access.concat(), nginx, &archive, table] {
            assert_eq!(found(text, &spec), (vec![0, 3_000], others.clone()), "{path}: {text}");
        }
    }
    let only = |column: &str, value: &str| {
        let only = Only { column: column.into(), value: value.into() };
        Replay { only: Some(only), ..Replay::default() }
    };
    let others = |value: &str| vec![(format!("with another `model` than `{value}`"), 1)];
    assert_eq!(found(table, &only("model", "gpt-4o")), (vec![0, 1_000], others("gpt-4o")));
    assert_eq!(found(table, &only("model", "gpt-4o-*")).0, [0]);
    assert_eq!(found(&access.concat(), &only("status", "200")).0, [0, 1_000, 4_000]);
    let fails = |text: &str, spec: &Replay| {
        let error = describe(&Scratch::new("small.log", text.as_bytes()).0, spec).unwrap_err();
        format!("{}; {}", error.message, error.help)
    };
    assert!(fails(table, &only("modle", "x")).ends_with("; did you mean `model`? mend `only.column`"));
    assert!(fails(&access.concat(), &only("stat", "x")).ends_with("; did you mean `status`? mend `only.column`"));
    assert_eq!(
        fails(table, &only("model", "x")),
        "read as `table`, none of its 3 records is a request: 3 are with another `model` than `x`; \
         check that this is the right file, or state its `format`"
    );
    let by_path = Replay { only_path: Some("/v1".into()), ..Replay::default() };
    assert!(fails("timestamp,model\n2025-11-16 18:15:10,a\n", &by_path).starts_with("`only-path` is stated"));
}

#[test]
fn classic_load_balancers_stamp_arrivals() {
    let line = |second: u32, target: &str, times: &str| {
        format!(
            "2015-05-13T23:39:{second}.945958Z my-loadbalancer 192.168.131.39:2817 10.0.0.1:80 {times} 200 200 0 29 \
             \"{target}\" \"curl/7.38.0\" - -\n"
        )
    };
    let lines = [
        line(44, "GET http://www.example.com:80/ HTTP/1.1", "0.000073 0.001048 0.000057"),
        line(43, "POST http://www.example.com:80/v1/chat HTTP/1.1", "-1 -1 -1"),
    ];
    let none = |at| (at, None, None, None);
    assert_eq!(auto(&lines.concat()), (TraceFormat::Elb, vec![none(0), none(1_000)]));
    // Without the dash and the cipher, as logs were written before listeners could be secure.
    let old = lines.concat().replace(" \"curl/7.38.0\" - -", "");
    assert_eq!(auto(&old).0, TraceFormat::Elb);
    let spec = Replay { only_path: Some("/v1/chat".into()), ..Replay::default() };
    assert_eq!(requests(&lines.concat(), &spec), [none(0)]);
}

#[test]
fn lines_are_counted_behind_the_word_on_the_separator() {
    let file = Scratch::new("small.log", b"sep=;\ncreated_at;input_tokens\n2025-11-16 18:15:46;x\n");
    assert_eq!(describe(&file.0, &Replay::default()).unwrap_err().line, Some(3));
}

#[test]
fn samples_of_jmeter_need_no_header() {
    let row = |millis: u32, label: &str| {
        format!(
            "1763316946{millis},52,{label},200,OK,Group 1-1,text,true,,615,119,1,1,https://x.org/v1/chat?a=b,51,0,30\n"
        )
    };
    let none = |at| (at, None, None, None);
    let text = [row(100, "chat"), row(350, "\"chat, long\"")].concat();
    assert_eq!(auto(&text), (TraceFormat::JMeter, vec![none(0), none(250)]));
    let spec = Replay { only_path: Some("/v1/chat".into()), ..Replay::default() };
    assert_eq!(requests(&text, &spec), [none(0), none(250)]);
    // With other columns than by default nobody knows which is which.
    let fewer = text.replace(",30\n", "\n");
    let error = describe(&Scratch::new("small.log", fewer.as_bytes()).0, &Replay::default()).unwrap_err();
    assert!(error.message.starts_with("the file has no header"), "{error}");
}
