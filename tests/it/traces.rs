//! Logs as people have them: whole, broken, hostile and recorded.

use ratecast::traffic::replay::{
    Replay, RowOrder, TimeUnit, TraceError, TraceErrorKind, TraceFormat, TraceReader, TraceRow, describe,
};
use ratecast::units::{SimTime, Tokens};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// A file of this test, deleted when it is dropped.
pub struct Scratch(pub PathBuf);

impl Scratch {
    pub fn new(name: &str, bytes: &[u8]) -> Self {
        static FILES: AtomicU64 = AtomicU64::new(0);
        let (process, file) = (std::process::id(), FILES.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(format!("ratecast-traces-{process}-{file}-{name}"));
        fs::write(&path, bytes).unwrap();
        Scratch(path)
    }

    /// A file of `length` bytes that are all NUL, save those at the start.
    fn sparse(name: &str, start: &str, length: u64) -> Self {
        let scratch = Scratch::new(name, start.as_bytes());
        File::options().write(true).open(&scratch.0).unwrap().set_len(length).unwrap();
        scratch
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// Azure's layout with its rows as they stand.
pub fn azure_layout() -> Replay {
    Replay { format: TraceFormat::AzureLlm, order: RowOrder::File, ..Replay::default() }
}

pub fn csv(time: &str, unit: Option<TimeUnit>, input: &str, output: &str) -> Replay {
    let name = |name: &str| (!name.is_empty()).then(|| name.to_owned());
    Replay {
        format: TraceFormat::Csv,
        time_column: name(time),
        time_unit: unit,
        input_column: name(input),
        output_column: name(output),
        order: RowOrder::File,
        ..Replay::default()
    }
}

/// The rows up to the end of the log, or up to what is wrong with it.
fn play(path: &Path, spec: &Replay) -> (Vec<TraceRow>, Option<TraceError>) {
    let mut rows = Vec::new();
    let mut reader = match TraceReader::open(path, spec) {
        Ok(reader) => reader,
        Err(error) => return (rows, Some(error)),
    };
    loop {
        match reader.read(&mut rows, 256) {
            Ok(0) => return (rows, None),
            Ok(_) => {}
            Err(error) => return (rows, Some(error)),
        }
    }
}

pub fn rows(path: &Path, spec: &Replay) -> Result<Vec<TraceRow>, TraceError> {
    let (rows, error) = play(path, spec);
    error.map_or(Ok(rows), Err)
}

/// The whole complaint about `path`, which it calls `name`.
pub fn complaint(path: &Path, spec: &Replay, name: &str) -> String {
    match describe(path, spec) {
        Ok(summary) => format!("{} rows", summary.rows),
        Err(error) => format!("{error}; {}", error.help).replace(&path.display().to_string(), name),
    }
}

/// A name, the bytes of a log, what is wrong with it (after the name of the file), and the remedy.
type Broken = (&'static str, Vec<u8>, &'static str, &'static str);

const STAMP: &str = "write stamps as `2023-11-16 18:15:46.6805900`, in UTC or with a zone such as `+09:00`";
const COUNT: &str = "write a whole number from 0 to 4294967295 without separators, or leave the cell blank";
const GROUPS: &str = r#"say what groups the digits: `thousands = "."`, `","` or `"none"`"#;
const COLUMNS: &str = r#"set `format = "csv"` and name the columns, as in `time-column = "created_at"`"#;

const HEADER: &str = "TIMESTAMP,ContextTokens,GeneratedTokens\r\n";

pub fn azure(rows: &str) -> Vec<u8> {
    format!("{HEADER}{rows}").into_bytes()
}

#[test]
fn broken_azure_logs_say_what_is_wrong_and_where() {
    let long = |text: &str, times: usize| azure(&text.repeat(times));
    let cases: Vec<Broken> = vec![
        ("empty", vec![], "the file is empty", "write a header and at least one row"),
        ("only a mark", b"\xef\xbb\xbf".to_vec(), "the file is empty", "write a header and at least one row"),
        ("only line ends", b"\r\n\n\r\n".to_vec(), "the file is empty", "write a header and at least one row"),
        ("header only", azure(""), "there is a header but no row", "write at least one row below the header"),
        (
            "header without line end",
            HEADER.trim_end().into(),
            "there is a header but no row",
            "write at least one row below the header",
        ),
        (
            "no header",
            b"2023-11-16 18:15:46,1,2\n".to_vec(),
            "line 1: the header is `2023-11-16 18:15:46`, `1`, `2`, not `TIMESTAMP`, `ContextTokens`, `GeneratedTokens`",
            COLUMNS,
        ),
        (
            "other header",
            b"TIMESTAMP,NumImages,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46,0,1,2\n".to_vec(),
            "line 1: the header is `TIMESTAMP`, `NumImages`, `ContextTokens`, `GeneratedTokens`, not `TIMESTAMP`, `ContextTokens`, `GeneratedTokens`",
            COLUMNS,
        ),
        (
            "case of the header",
            b"timestamp,contexttokens,generatedtokens\n".to_vec(),
            "line 1: the header is `timestamp`, `contexttokens`, `generatedtokens`, not `TIMESTAMP`, `ContextTokens`, `GeneratedTokens`",
            COLUMNS,
        ),
        (
            "semicolons",
            b"TIMESTAMP;ContextTokens;GeneratedTokens\n2023-11-16 18:15:46;1.374;2\n".to_vec(),
            "line 2, column `ContextTokens`: `1.374` is not a token count",
            GROUPS,
        ),
        (
            "tabs",
            b"TIMESTAMP\tContextTokens\tGeneratedTokens\n".to_vec(),
            "there is a header but no row",
            "write at least one row below the header",
        ),
        ("UTF-16", b"\xff\xfeT\0I\0M\0E\0".to_vec(), "line 1: the file is UTF-16", "save the file as CSV in UTF-8"),
        (
            "UTF-16 without mark",
            b"T\0I\0M\0E\0,\0a\0,\0b\0".to_vec(),
            "line 1: there is a NUL byte",
            "the file is damaged or not UTF-8: save it anew, as CSV in UTF-8",
        ),
        (
            "Latin-1 header",
            b"TIMESTAMP,Tok\xe9ns,GeneratedTokens\n".to_vec(),
            r#"line 1: `Tok\xe9ns` is not UTF-8"#,
            "save the file as CSV in UTF-8",
        ),
        (
            "cut off",
            azure("2023-11-16 18:15:46.68,1,2\r\n2023-11-16 18:15:50.9951690,39"),
            "line 3: found 2 fields instead of 3: `2023-11-16 18:15:50.9951690,39`",
            "complete the row or delete it: the file may have been cut off here",
        ),
        (
            "cut off in the stamp",
            azure("2023-11-16 18:15:46.68,1,2\r\n2023-11-16 18:1"),
            "line 3: found 1 field instead of 3: `2023-11-16 18:1`",
            "complete the row or delete it: the file may have been cut off here",
        ),
        (
            "a field too many",
            azure("2023-11-16 18:15:46,1,374,2\r\n"),
            "line 2: found 4 fields instead of 3: `2023-11-16 18:15:46,1,374,2`",
            "quote text that has a comma in it, and write counts without commas",
        ),
        (
            "token text",
            azure("2023-11-16 18:15:46,abc,2\r\n"),
            "line 2, column `ContextTokens`: `abc` is not a token count",
            COUNT,
        ),
        (
            "thousands",
            azure("2023-11-16 18:15:46,\"1,374\",2\r\n"),
            "line 2, column `ContextTokens`: `1,374` is not a token count",
            GROUPS,
        ),
        (
            "locale decimals",
            azure("2023-11-16 18:15:46,1.374,2\r\n"),
            "line 2, column `ContextTokens`: `1.374` is not a token count",
            GROUPS,
        ),
        (
            "exponent",
            azure("2023-11-16 18:15:46,1e3,2\r\n"),
            "line 2, column `ContextTokens`: `1e3` is not a token count",
            COUNT,
        ),
        (
            "infinite tokens",
            azure("2023-11-16 18:15:46,1,inf\r\n"),
            "line 2, column `GeneratedTokens`: `inf` is not a token count",
            COUNT,
        ),
        (
            "negative tokens",
            azure("2023-11-16 18:15:46,1,-2\r\n"),
            "line 2, column `GeneratedTokens`: `-2` is not a token count: it is negative",
            COUNT,
        ),
        (
            "too many tokens",
            azure("2023-11-16 18:15:46,4294967296,2\r\n"),
            "line 2, column `ContextTokens`: `4294967296` is not a token count: it is too large",
            COUNT,
        ),
        (
            "far too many tokens",
            azure("2023-11-16 18:15:46,99999999999999999999999,2\r\n"),
            "line 2, column `ContextTokens`: `99999999999999999999999` is not a token count: it is too large",
            COUNT,
        ),
        (
            "month 13",
            azure("2023-13-01 00:00:00,1,2\r\n"),
            "line 2, column `TIMESTAMP`: `2023-13-01 00:00:00` is not a time: there is no month 13",
            STAMP,
        ),
        (
            "February 30",
            azure("2024-02-30 00:00:00,1,2\r\n"),
            "line 2, column `TIMESTAMP`: `2024-02-30 00:00:00` is not a time: 2024-02 has no day 30",
            STAMP,
        ),
        (
            "hour 24",
            azure("2024-02-29 24:00:00,1,2\r\n"),
            "line 2, column `TIMESTAMP`: `2024-02-29 24:00:00` is not a time: there is no hour 24",
            STAMP,
        ),
        (
            "year 1969",
            azure("1969-12-31 23:59:59,1,2\r\n"),
            "line 2, column `TIMESTAMP`: `1969-12-31 23:59:59` is not a time: it is outside the years 1970 to 2200",
            STAMP,
        ),
        (
            "year 9999",
            azure("9999-12-31 23:59:59,1,2\r\n"),
            "line 2, column `TIMESTAMP`: `9999-12-31 23:59:59` is not a time: it is outside the years 1970 to 2200",
            STAMP,
        ),
        (
            "ten digits of fraction",
            azure("2023-11-16 18:15:46.0123456789,1,2\r\n"),
            "line 2, column `TIMESTAMP`: `2023-11-16 18:15:46.0123456789` is not a time: of its 10 digits of fraction at most 9 can be read",
            STAMP,
        ),
        ("date only", azure("2023-11-16,1,2\r\n"), "line 2, column `TIMESTAMP`: `2023-11-16` is not a time", STAMP),
        (
            "slashes",
            azure("16/11/2023 18:15:46,1,2\r\n"),
            "line 2, column `TIMESTAMP`: `16/11/2023 18:15:46` is not a time",
            STAMP,
        ),
        (
            "unknown zone",
            azure("2023-11-16 18:15:46 PST,1,2\r\n"),
            "line 2, column `TIMESTAMP`: `2023-11-16 18:15:46 PST` is of a zone called `PST`, which says too little",
            "which place's clocks are `PST`? write its `zone = \"America/Los_Angeles\"` or `\"Asia/Manila\"`",
        ),
        (
            "blank stamp",
            azure(",1,2\r\n"),
            "line 2, column `TIMESTAMP`: the time is missing",
            "write a time in every row, or delete this one",
        ),
        ("NaN stamp", azure("NaN,1,2\r\n"), "line 2, column `TIMESTAMP`: `NaN` is not a time", STAMP),
        (
            "Unix stamp",
            azure("1700158546680,1,2\r\n"),
            "line 2, column `TIMESTAMP`: `1700158546680` is a time without a unit",
            r#"set `format = "csv"`, `time-column` and, say, `time-unit = "ms"`"#,
        ),
        (
            "backwards",
            azure("2023-11-16 18:15:46.6805900,1,2\r\n2023-11-16 18:15:46.68,1,2\r\n"),
            "line 3, column `TIMESTAMP`: time runs backwards: `2023-11-16T18:15:46.68Z` is 590us before `2023-11-16T18:15:46.68059Z` in the row above",
            "sort the rows by time; rows of one instant may stay as they are",
        ),
        (
            "backwards by zone",
            azure("2023-11-16 18:15:46Z,1,2\r\n2023-11-16 18:15:46Z,1,2\r\n2023-11-16 18:15:47+09:00,1,2\r\n"),
            "line 4, column `TIMESTAMP`: time runs backwards: `2023-11-16T09:15:47Z` is 32399s before `2023-11-16T18:15:46Z` in the row above",
            "sort the rows by time; rows of one instant may stay as they are",
        ),
        (
            "a century and a day",
            azure("2000-01-01 00:00:00,1,2\r\n2100-01-02 00:00:00,1,2\r\n"),
            "line 3, column `TIMESTAMP`: `2100-01-02T00:00:00Z` would play more than 100 years after the first row, `2000-01-01T00:00:00Z`",
            "check `time-unit` and `speed`, or cut the log",
        ),
        (
            "Latin-1 cell",
            [HEADER.as_bytes(), b"2023-11-16 18:15:46,caf\xe9,2\r\n"].concat(),
            r#"line 2, column `ContextTokens`: `caf\xe9` is not UTF-8"#,
            "save the file as CSV in UTF-8",
        ),
        (
            "NUL in a cell",
            azure("2023-11-16 18:15:46,3\x004,2\r\n"),
            "line 2, column `ContextTokens`: there is a NUL byte",
            "the file is damaged or not UTF-8: save it anew, as CSV in UTF-8",
        ),
        (
            "NUL at the end",
            azure(&format!("2023-11-16 18:15:46,1,2\r\n{}", "\0".repeat(512))),
            "line 3: there is a NUL byte",
            "the file is damaged or not UTF-8: save it anew, as CSV in UTF-8",
        ),
        (
            "escapes",
            azure("2023-11-16 18:15:46,\x1b[2J\u{202e}7,2\r\n"),
            r#"line 2, column `ContextTokens`: `\u{1b}[2J\u{202e}7` is not a token count"#,
            COUNT,
        ),
        (
            "long cell",
            azure(&format!("2023-11-16 18:15:46,{},2\r\n", "9x".repeat(300))),
            "line 2, column `ContextTokens`: `9x9x9x9x9x9x9x9x9x9x9x9x9x9x9x9x9x9x9x9x…` is not a token count",
            COUNT,
        ),
        (
            "open quote",
            azure("2023-11-16 18:15:46,1,2\r\n2023-11-16 18:15:47,\"1,2\r\n2023-11-16 18:15:48,1,2\r\n"),
            "line 3: a quote in the record from byte 66 on is not closed before the end of the file",
            r#"close the field with `"`, and write a quote inside it as `""`"#,
        ),
        (
            "quote over lines",
            azure("2023-11-16 18:15:46,\"1,2\r\n2023-11-16 18:15:47,1\",2,3\r\n"),
            r#"line 2: found 4 fields instead of 3: `2023-11-16 18:15:46,1,2\u{d}\u{a}2023-11-16 18:1…`"#,
            r#"look for a quote `"` that is not closed: the record goes over several lines"#,
        ),
        (
            "quote over lines, few",
            azure("2023-11-16 18:15:46,\"1,2\r\n2023-11-16 18:15:47,1\"\r\n"),
            r#"line 2: found 2 fields instead of 3: `2023-11-16 18:15:46,1,2\u{d}\u{a}2023-11-16 18:1…`"#,
            r#"look for a quote `"` that is not closed: the record goes over several lines"#,
        ),
        (
            "open quote over 16 MiB",
            azure(&format!("\r\n\"{}", "2023-11-16 18:15:46,1,2\r\n".repeat(700_000))),
            "line 3: a quote in the record from byte 43 on is not closed within 16 MiB",
            r#"close the field with `"`, and write a quote inside it as `""`"#,
        ),
        (
            "long line",
            long("7", 17_000_000),
            "line 2: the line, from byte 41 on, is longer than 16 MiB",
            "end every record with a line end, and leave out long columns such as prompts",
        ),
        (
            "65 fields",
            long("7,", 64),
            "line 2: the record from byte 41 on has more than 64 fields",
            "leave out the columns that are not needed",
        ),
        (
            "many fields",
            long(",", 70_000),
            "line 2: the record from byte 41 on has more than 64 fields",
            "leave out the columns that are not needed",
        ),
    ];
    check(&cases, &azure_layout());
}

#[test]
fn broken_csv_logs_say_what_is_wrong_and_where() {
    let log = |rows: &str| format!("ts,input_tokens,output_tokens\n{rows}").into_bytes();
    let cases: Vec<Broken> = vec![
        (
            "unknown column",
            b"ts,input_token,output\n1,2,3\n".to_vec(),
            "line 1: there is no column `input_tokens`; the header has `ts`, `input_token`, `output`",
            "did you mean `input_token`? mend `input-column`",
        ),
        (
            "far from any column",
            b"a,b\n1,2\n".to_vec(),
            "line 1: there is no column `ts`; the header has `a`, `b`",
            "set `time-column` to a name in the header",
        ),
        (
            "semicolons",
            b"ts;input_tokens;output_tokens\n1,5;2;3\n".to_vec(),
            "line 2, column `ts`: `1,5` is not a number of milliseconds",
            "write plain numbers, or leave `time-unit` out where stamps are dates",
        ),
        (
            "twice",
            b"ts,ts,input_tokens,output_tokens\n1,2,3,4\n".to_vec(),
            "line 1: two columns are called `ts`",
            "give every column its own name",
        ),
        (
            "65 columns",
            format!("ts,input_tokens,output_tokens{}\n", ",x".repeat(62)).into_bytes(),
            "line 1: the record from byte 0 on has more than 64 fields",
            "leave out the columns that are not needed",
        ),
        (
            "date",
            log("2023-11-16 18:15:46,1,2\n"),
            "line 2, column `ts`: `2023-11-16 18:15:46` is not a number of milliseconds",
            "write plain numbers, or leave `time-unit` out where stamps are dates",
        ),
        (
            "nanoseconds",
            log("1700158546680590000,1,2\n"),
            "line 2, column `ts`: `1700158546680590000` milliseconds after 1970 is past the year 2200",
            r#"is it `time-unit = "ns"`?"#,
        ),
        (
            "overflow",
            log("99999999999999999999999999,1,2\n"),
            "line 2, column `ts`: `99999999999999999999999999` milliseconds after 1970 is past the year 2200",
            "write a smaller number",
        ),
        (
            "negative",
            log("-1,1,2\n"),
            "line 2, column `ts`: `-1` is not a number of milliseconds from 0",
            "count from an earlier zero, so that no stamp is negative",
        ),
        (
            "spreadsheet",
            log("1.70016E+12,1,2\n"),
            "line 2, column `ts`: `1.70016E+12` is not a number of milliseconds in plain digits",
            "write all digits: a spreadsheet that shows `1.7E+12` has dropped some",
        ),
        (
            "NaN",
            log("NaN,1,2\n"),
            "line 2, column `ts`: `NaN` is not a number of milliseconds",
            "write plain numbers, or leave `time-unit` out where stamps are dates",
        ),
        (
            "blank",
            log(",1,2\n"),
            "line 2, column `ts`: the time is missing",
            "write a time in every row, or delete this one",
        ),
        (
            "comma for a point",
            log("\"1700158546,68\",1,2\n"),
            "line 2, column `ts`: `1700158546,68` is not a number of milliseconds",
            "write plain numbers, or leave `time-unit` out where stamps are dates",
        ),
        (
            "backwards",
            log("1700158546681.25,1,2\n1700158546680,1,2\n"),
            "line 3, column `ts`: time runs backwards: `1700158546680` is 1.25ms before `1700158546681.25` in the row above",
            "sort the rows by time; rows of one instant may stay as they are",
        ),
        (
            "a century",
            log("0,1,2\n3155760000001,1,2\n"),
            "line 3, column `ts`: `3155760000001` would play more than 100 years after the first row, `0`",
            "check `time-unit` and `speed`, or cut the log",
        ),
    ];
    check(&cases, &csv("ts", Some(TimeUnit::Millis), "input_tokens", "output_tokens"));
}

fn check(cases: &[Broken], spec: &Replay) {
    let mut wrong = String::new();
    for (name, bytes, message, help) in cases {
        let file = Scratch::new("broken.csv", bytes);
        let found = complaint(&file.0, spec, "log.csv");
        let place = if message.starts_with("line ") { ", " } else { ": " };
        let expected = format!("`log.csv`{place}{message}; {help}");
        if found != expected {
            wrong.push_str(&format!("{name}:\n  found    {found}\n  expected {expected}\n"));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn files_that_cannot_be_read_are_errors_of_the_world() {
    let refuse = |path: &Path, expected: &str| {
        let error = describe(path, &Replay::default()).unwrap_err();
        assert_eq!(error.kind, TraceErrorKind::Io);
        assert_eq!(format!("{error}; {}", error.help).replace(&path.display().to_string(), "log.csv"), expected);
    };
    refuse(Path::new("no-such-folder/log.csv"), "`log.csv`: there is no such file; check the path");
    refuse(&std::env::temp_dir(), "`log.csv`: this is a directory; write the path of a regular file");
    let escapes = describe(Path::new("no\u{202e}such\nfile"), &Replay::default()).unwrap_err().to_string();
    assert_eq!(escapes, r"`no\u{202e}such\u{a}file`: there is no such file");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let not_regular = "`log.csv`: this is a pipe, a device or a socket; write the path of a regular file";
        refuse(Path::new("/dev/zero"), not_regular);
        let fifo = Scratch::new("fifo", b"");
        fs::remove_file(&fifo.0).unwrap();
        if std::process::Command::new("mkfifo").arg(&fifo.0).status().is_ok_and(|status| status.success()) {
            refuse(&fifo.0, not_regular);
        }
        let secret = Scratch::new("secret.csv", &azure("2023-11-16 18:15:46,1,2\n"));
        fs::set_permissions(&secret.0, fs::Permissions::from_mode(0o000)).unwrap();
        // Root may read everything.
        if File::open(&secret.0).is_err() {
            refuse(&secret.0, "`log.csv`: you may not read this file; ask for permission to read it, or copy it");
        }
    }
}

#[test]
fn a_spec_that_fails_its_check_opens_nothing() {
    let file = Scratch::new("good.csv", &azure("2023-11-16 18:15:46,1,2\n"));
    let spec = Replay { speed: 0.0, ..Replay::default() };
    let found = complaint(&file.0, &spec, "log.csv");
    assert_eq!(
        found,
        "`log.csv`: the speed `0.0` is outside 0.000001 to 1000000; write `2` to play the log twice as fast"
    );
}

fn row(nanos: u64, input: impl Into<Option<u32>>, output: impl Into<Option<u32>>) -> TraceRow {
    let at = SimTime::from_nanos(nanos);
    TraceRow {
        at,
        input: input.into().map(Tokens::new),
        cached: None,
        output: output.into().map(Tokens::new),
        client: None,
        key: None,
        failed: false,
    }
}

#[test]
fn the_same_log_in_many_spellings() {
    let expected = [row(0, 374, 44), row(4_314_579_000, 396, 109), row(4_314_579_000, 879, 55)];
    let rows_of = |text: &str, spec: &Replay| rows(&Scratch::new("good.csv", text.as_bytes()).0, spec);
    let plain = "TIMESTAMP,ContextTokens,GeneratedTokens\n\
        2023-11-16 18:15:46.6805900,374,44\n\
        2023-11-16 18:15:50.9951690,396,109\n\
        2023-11-16 18:15:50.9951690,879,55\n";
    for text in [
        plain.to_owned(),
        plain.replace('\n', "\r\n"),
        plain.replace('\n', "\n\n"),
        plain.trim_end().to_owned(),
        format!("\u{feff}{plain}\n\n"),
        plain.replace(" 18", "T18"),
        plain.replace("0,", "0Z,"),
        plain.replace("0,", "0+00:00,"),
        plain.replace("00,", "+00:00,").replace("90,", "9,"),
        plain.replace("11-16 18", "11-17 03").replace("0,", "0+09:00,"),
        plain.replace("18:15:50", "14:45:50").replace("18:15:46", "14:45:46").replace("0,", "0-0330,"),
        plain.replace("2023", "\"2023").replace("0,", "0\","),
        plain
            .replace("0,", "0 , ")
            .replace('\n', "  \n")
            .replace("ContextTokens,GeneratedTokens  ", "ContextTokens,GeneratedTokens"),
        plain.replace("4\n", "4.0\n"),
    ] {
        assert_eq!(rows_of(&text, &Replay::default()).as_deref(), Ok(&expected[..]), "{text}");
    }
    let numbers =
        "id,out,when,in\na,44,1700158546.68059,374\nb,109,1700158550.995169,396\n\"c,\",55,1700158550.995169,879";
    let spec = csv("when", Some(TimeUnit::Seconds), "in", "out");
    assert_eq!(rows_of(numbers, &spec).as_deref(), Ok(&expected[..]));
    let no_counts = expected.map(|row| TraceRow { input: None, output: None, ..row });
    assert_eq!(rows_of(numbers, &csv("when", Some(TimeUnit::Seconds), "", "")).as_deref(), Ok(&no_counts[..]));
}

#[test]
fn missing_counts_are_not_zeros() {
    let file = Scratch::new(
        "missing.csv",
        &azure("2023-11-16 18:15:46,,-\n2023-11-16 18:15:47,null,NaN\n2023-11-16 18:15:47,None,0\n"),
    );
    let expected = [row(0, None, None), row(1_000_000_000, None, None), row(1_000_000_000, None, 0)];
    assert_eq!(rows(&file.0, &Replay::default()).as_deref(), Ok(&expected[..]));
    let summary = describe(&file.0, &Replay::default()).unwrap();
    assert_eq!((summary.rows, summary.rows_without_tokens), (3, 3));
    assert_eq!((summary.input.mean(), summary.output.mean()), (None, Some(0.0)));
}

#[test]
fn blocks_end_where_asked_and_errors_stay() {
    let good = "2023-11-16 18:15:46,1,2\n".repeat(5);
    let file = Scratch::new("blocks.csv", &azure(&format!("{good}2023-11-16 18:15:46,x,2\n{good}")));
    let mut reader = TraceReader::open(&file.0, &Replay::default()).unwrap();
    let mut rows = Vec::new();
    assert_eq!(reader.read(&mut rows, 0), Ok(0));
    assert_eq!(reader.read(&mut rows, 2), Ok(2));
    assert_eq!(reader.read(&mut rows, 2), Ok(2));
    let error = reader.read(&mut rows, 2).unwrap_err();
    assert_eq!((rows.len(), error.line, error.column.as_deref()), (5, Some(7), Some("ContextTokens")));
    assert_eq!(reader.read(&mut rows, 2), Err(error));
    assert_eq!(rows.len(), 5);
}

#[test]
fn speed_scales_every_arrival() {
    let file = Scratch::new(
        "speed.csv",
        &azure("2023-11-16 18:15:46,1,2\n2023-11-16 18:15:46.0000003,1,2\n2023-11-16 19:15:46,1,2\n"),
    );
    for (speed, first_gap, span) in
        [(1.0, 300, 3_600_000_000_000), (2.0, 150, 1_800_000_000_000), (0.7, 429, 5_142_857_142_857)]
    {
        let found = rows(&file.0, &Replay { speed, ..Replay::default() }).unwrap();
        assert_eq!(found, [row(0, 1, 2), row(first_gap, 1, 2), row(span, 1, 2)]);
    }
    let slow = Replay { speed: 1e-6, ..Replay::default() };
    assert!(
        describe(&file.0, &slow).unwrap_err().message.ends_with("years after the first row, `2023-11-16T18:15:46Z`")
    );
}

/// Marsaglia's xorshift64*; its state is never zero.
pub struct Xorshift(pub u64);

impl Xorshift {
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % bound
    }
}

/// Says which seed a panic came from.
pub struct Seed(pub u64);

impl Drop for Seed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("failed with seed {}", self.0);
        }
    }
}

pub fn mutate(log: &mut Vec<u8>, random: &mut Xorshift) {
    const TELLING: &[u8] = b"\0\n\r\",;.:-+ TZz09eN\xef\xff\x80\t'{}[]\\";
    for _ in 0..=random.below(2) {
        // The header is a small part of a log, and a log with a broken one is not read any further.
        let start = if random.below(16) == 0 { 0 } else { HEADER.len() };
        let at = start + random.below(log.len() - start);
        let end = at + random.below(log.len() - at).min(40);
        match random.below(8) {
            0 => log[at] ^= 1 << random.below(8),
            1 => log[at] = TELLING[random.below(TELLING.len())],
            2 => log.insert(at, TELLING[random.below(TELLING.len())]),
            3 => drop(log.drain(at..end)),
            4 => {
                let copy = log[at..end].to_vec();
                let to = random.below(log.len());
                log.splice(to..to, copy);
            }
            5 => log.truncate(at.max(HEADER.len() + 1)),
            _ => log.iter_mut().skip(at).find(|byte| byte.is_ascii_digit()).into_iter().for_each(|byte| *byte = b'9'),
        }
    }
}

#[test]
fn mutated_logs_never_panic_and_both_ways_of_reading_agree() {
    let good = azure(
        "2023-11-16 18:15:46.6805900,374,44\r\n2023-11-16 18:15:50.9951690,396,109\r\n2023-11-16 18:15:51.2224670,879,55\r\n\
         2023-11-16 18:15:51.3910170,91,16\r\n2023-11-16 18:15:52.5733450+00:00,91,16\r\n2023-11-16T18:16:52Z,381,84\r\n\
         \"2023-11-16 18:16:53\",1313,142\r\n2023-11-17 03:17:00.5+09:00,\"388\",-\r\n2023-11-16 18:18:00,,84.0\r\n",
    );
    let ordered = csv("TIMESTAMP", None, "ContextTokens", "GeneratedTokens");
    // With its columns the other way round a log is never read the quick way, row by row from the buffer.
    let swapped = csv("TIMESTAMP", None, "GeneratedTokens", "ContextTokens");
    let (mut fine, mut broken) = (0, 0);
    for seed in 1..=20_000 {
        let guard = Seed(seed);
        let mut random = Xorshift(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut log = good.clone();
        mutate(&mut log, &mut random);
        let file = Scratch::new("mutated.csv", &log);
        let ((found, error), (other, other_error)) = (play(&file.0, &ordered), play(&file.0, &swapped));
        let swap = |row: &TraceRow| TraceRow { input: row.output, output: row.input, ..*row };
        assert_eq!(found, other.iter().map(swap).collect::<Vec<_>>());
        assert!(found.iter().map(|row| row.at).is_sorted());
        match (error, other_error) {
            (None, None) => fine += 1,
            (Some(error), Some(other)) => {
                assert_eq!((error.kind, error.line), (other.kind, other.line));
                let text = format!("{error}{}", error.help);
                assert!(!text.chars().any(char::is_control) && text.len() < 1_000, "{text}");
                broken += 1;
            }
            (error, other) => panic!("{error:?} is not {other:?}"),
        }
        drop(guard);
    }
    // Both must happen, or the mutations are of no use.
    assert!(fine > 1_000 && broken > 1_000, "{fine} fine, {broken} broken");
}

/// A hostile or large log must cost neither memory nor time; memory is a matter of a process, so each has its own.
#[cfg(target_os = "linux")]
#[test]
fn memory_stays_small_whatever_the_log_holds() {
    const CHILD: &str = "RATECAST_TEST_LOG";
    if let Some(path) = std::env::var_os(CHILD) {
        let found = complaint(Path::new(&path), &azure_layout(), "log.csv");
        let status = fs::read_to_string("/proc/self/status").unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        println!("<{found}|{}>", peak.trim().trim_end_matches(" kB"));
        return;
    }
    let row = "2023-11-16 18:15:46,1,2\n";
    let cases = [
        (
            Scratch::sparse("quote.csv", &format!("{HEADER}{row}\""), 200 << 20),
            "`log.csv`, line 3: a quote in the record from byte 65 on is not closed within 16 MiB; \
             close the field with `\"`, and write a quote inside it as `\"\"`",
        ),
        (
            Scratch::sparse("line.csv", &format!("{HEADER}{row}"), 1 << 30),
            "`log.csv`, line 3: there is a NUL byte; \
             the file is damaged or not UTF-8: save it anew, as CSV in UTF-8",
        ),
        (Scratch::new("rows.csv", &azure(&row.repeat(2_000_000))), "2000000 rows"),
    ];
    for (file, expected) in &cases {
        let start = std::time::Instant::now();
        let child = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "traces::memory_stays_small_whatever_the_log_holds", "--nocapture"])
            .env(CHILD, &file.0)
            .output()
            .unwrap();
        let output = String::from_utf8(child.stdout).unwrap();
        let (_, answer) = output.split_once('<').unwrap();
        let (found, peak) = answer.split_once('>').unwrap().0.split_once('|').unwrap();
        assert_eq!(found, *expected);
        assert!(peak.parse::<u64>().unwrap() < 64 * 1024, "{peak} KiB for {expected}");
        assert!(start.elapsed().as_secs() < 10, "{:?} for {expected}", start.elapsed());
    }
}

/// A file of recorded traffic that is not part of this repository; `None`, and a word about it, where it is absent.
pub fn recorded(name: &str) -> Option<PathBuf> {
    let root = std::env::var_os("RATECAST_DATA").map_or_else(|| PathBuf::from("../shared/data"), PathBuf::from);
    let path = root.join(name);
    if path.is_file() {
        return Some(path);
    }
    println!("skipped: {} is absent", path.display());
    None
}

#[test]
fn the_recorded_hour() {
    let Some(path) = recorded("azure-llm-2023/AzureLLMInferenceTrace_conv.csv") else { return };
    let summary = describe(&path, &Replay::default()).unwrap();
    assert_eq!(summary.rows, 19_366);
    assert_eq!(summary.rows_without_tokens, 0);
    assert_eq!(summary.span.as_secs_f64().round(), 3_502.0);
    assert_eq!(summary.input.mean().unwrap().round(), 1_155.0);
    assert_eq!((summary.output.mean().unwrap() * 10.0).round(), 2_111.0);
    assert_eq!((summary.input.max, summary.output.max), (Tokens::new(14_050), Tokens::new(1_000)));
    // The same hour, published once more with its zero at the first row and in microseconds.
    let Some(again) = recorded("vidur/splitwise_conv.csv") else { return };
    let spec = csv("arrived_at", Some(TimeUnit::Seconds), "num_prefill_tokens", "num_decode_tokens");
    let (found, again) = (rows(&path, &Replay::default()).unwrap(), rows(&again, &spec).unwrap());
    assert_eq!(found.len(), again.len());
    for (row, other) in found.iter().zip(&again) {
        assert!(row.at.as_nanos().abs_diff(other.at.as_nanos()) <= 1_000, "{row:?} {other:?}");
        assert_eq!((row.input, row.output), (other.input, other.output));
    }
}

/// What every dress of the recorded stretch must give, from its first row on.
pub fn undressed(path: &Path) -> Vec<TraceRow> {
    rows(path, &csv("arrival_unix_us", Some(TimeUnit::Micros), "input_tokens", "output_tokens")).unwrap()
}

#[test]
fn dresses_of_one_stretch_agree() {
    let Some(expected) = recorded("dresses/expected.csv") else { return };
    let expected = undressed(&expected);
    let date = |input, output| csv("timestamp", None, input, output);
    let numbers = |time, unit, input, output| csv(time, Some(unit), input, output);
    let cases = [
        ("epoch_ns.csv", 0, numbers("time", TimeUnit::Nanos, "input", "output")),
        ("epoch_ms.csv", 1_000_000, numbers("ts", TimeUnit::Millis, "input_tokens", "output_tokens")),
        ("epoch_s_float.csv", 1_000, numbers("timestamp", TimeUnit::Seconds, "prompt_tokens", "completion_tokens")),
        ("tz_plus0900.csv", 0, csv("time", None, "input_tokens", "output_tokens")),
        ("azure_lmm2025.csv", 1_000_000, csv("TIMESTAMP", None, "ContextTokens", "GeneratedTokens")),
        ("burstgpt3.csv", 1_000_000_000, numbers("Timestamp", TimeUnit::Seconds, "Request tokens", "Response tokens")),
        ("missing_tokens.csv", 0, date("input_tokens", "output_tokens")),
    ];
    for (name, tolerance, spec) in cases {
        let Some(path) = recorded(&format!("dresses/{name}")) else { return };
        let found = rows(&path, &spec).unwrap();
        assert_eq!(found.len(), expected.len(), "{name}");
        for (found, expected) in found.iter().zip(&expected) {
            // Twice the tolerance of a stamp, because the first one may be off too.
            assert!(
                found.at.as_nanos().abs_diff(expected.at.as_nanos()) <= tolerance,
                "{name}: {found:?} {expected:?}"
            );
            assert!(found.input.is_none_or(|count| Some(count) == expected.input), "{name}: {found:?} {expected:?}");
            assert!(found.output.is_none_or(|count| Some(count) == expected.output), "{name}: {found:?} {expected:?}");
        }
        let missing = (
            found.iter().filter(|row| row.input.is_none()).count(),
            found.iter().filter(|row| row.output.is_none()).count(),
        );
        assert_eq!(missing, if name == "missing_tokens.csv" { (55, 47) } else { (0, 0) }, "{name}");
    }
}

#[test]
fn a_dress_with_mixed_fractions_is_read_where_it_is_in_order() {
    let (Some(path), Some(expected)) = (recorded("dresses/azure2024.csv"), recorded("dresses/expected.csv")) else {
        return;
    };
    // Every 50th row has lost its fraction, and with it up to a second, so that it may lie before the row above.
    let error = describe(&path, &azure_layout()).unwrap_err();
    assert_eq!(
        (error.line, error.message.as_str()),
        (
            Some(102),
            "time runs backwards: `2023-11-16T18:16:29Z` is 365.813ms before `2023-11-16T18:16:29.365813Z` in the row above"
        )
    );
    let text = fs::read_to_string(&path).unwrap();
    let whole: Vec<&str> = text.lines().filter(|line| line.contains('.') || line.starts_with("TIMESTAMP")).collect();
    let found = rows(&Scratch::new("azure2024.csv", whole.join("\n").as_bytes()).0, &Replay::default()).unwrap();
    let expected: Vec<_> =
        undressed(&expected).into_iter().enumerate().filter(|(at, _)| at % 50 != 0).map(|(_, row)| row).collect();
    assert_eq!(found.len(), expected.len());
    for (found, row) in found.iter().zip(&expected) {
        let gap = (row.at - expected[0].at).as_nanos();
        assert!(found.at.as_nanos().abs_diff(gap) <= 2_000, "{found:?} {row:?}");
        assert_eq!((found.input, found.output), (row.input, row.output));
    }
}

#[test]
fn dresses_that_cannot_be_read_are_refused() {
    let cases = [
        (
            "bom_crlf_semicolon.csv",
            csv("Date", None, "Input Tokens", "Output Tokens"),
            "`log.csv`, line 2, column `Date`: `16/11/2023 18:15:46.680590` is not a time; write stamps as \
             `2023-11-16 18:15:46.6805900`, in UTC or with a zone such as `+09:00`",
        ),
        (
            "vegeta.csv",
            csv("time", Some(TimeUnit::Nanos), "", ""),
            "`log.csv`, line 1: there is no column `time`; the header has `1700158546680590000`, `200`, `1311854000`, \
             `1496`, `220`, ``, `e30=`, `llm`, `0`, `POST`, `https://llm.example.com/v1/chat/completi…`, ``; \
             set `time-column` to a name in the header",
        ),
    ];
    for (name, spec, expected) in cases {
        let Some(path) = recorded(&format!("dresses/{name}")) else { return };
        assert_eq!(complaint(&path, &spec, "log.csv"), expected);
    }
    let Some(path) = recorded("dresses/shuffled.csv") else { return };
    let first = fs::read_to_string(&path).unwrap().lines().next().unwrap().to_owned();
    let names: Vec<&str> = first.split(',').collect();
    let error = describe(&path, &csv(names[0], None, names[1], names[2])).unwrap_err();
    assert!(error.message.starts_with("time runs backwards: "), "{error}");
}
